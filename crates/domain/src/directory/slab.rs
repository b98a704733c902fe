//! Storage of many small records under small numbers, growing without ever copying what it holds.

/// Records per piece. A growing slab allocates one more piece and moves nothing.
const PIECE: usize = 1024;

/// A record's number. Numbers are never given twice, so a number kept after its record went finds nothing:
/// neither a stale seat nor a stale key can come to mean somebody else.
pub(crate) type Slot = u32;

/// Records by number.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    pieces: Vec<Vec<Option<T>>>,
    live: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { pieces: Vec::new(), live: 0 }
    }
}

impl<T> Slab<T> {
    /// Adds a record and gives its number.
    pub(crate) fn insert(&mut self, record: T) -> Slot {
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let full = self.pieces.len() - 1;
        let piece = &mut self.pieces[full];
        piece.push(Some(record));
        self.live += 1;
        Slot::try_from(full * PIECE + piece.len() - 1)
            .expect("four thousand million records do not fit in memory")
    }

    /// The record of this number.
    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        let slot = slot as usize;
        self.pieces.get(slot / PIECE)?.get(slot % PIECE)?.as_ref()
    }

    /// The record of this number, to change it.
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        let slot = slot as usize;
        self.pieces.get_mut(slot / PIECE)?.get_mut(slot % PIECE)?.as_mut()
    }

    /// Takes the record away.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<T> {
        let slot = slot as usize;
        let record = self.pieces.get_mut(slot / PIECE)?.get_mut(slot % PIECE)?.take();
        self.live -= usize::from(record.is_some());
        record
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.live
    }
}

/// A set of numbers, a bit for each, growing like a [`Slab`].
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    pieces: Vec<Box<[u64; PIECE]>>,
}

impl Numbers {
    /// Where a number's bit is: piece, word, bit.
    fn place(number: u32) -> (usize, usize, u64) {
        let number = number as usize;
        (number / 64 / PIECE, number / 64 % PIECE, 1 << (number % 64))
    }

    /// Adds a number.
    pub(crate) fn insert(&mut self, number: u32) {
        let (piece, word, bit) = Self::place(number);
        while self.pieces.len() <= piece {
            self.pieces.push(Box::new([0; PIECE]));
        }
        self.pieces[piece][word] |= bit;
    }

    /// Takes a number out.
    pub(crate) fn remove(&mut self, number: u32) {
        let (piece, word, bit) = Self::place(number);
        if let Some(piece) = self.pieces.get_mut(piece) {
            piece[word] &= !bit;
        }
    }

    /// Whether a number is in.
    #[inline]
    pub(crate) fn contains(&self, number: u32) -> bool {
        let (piece, word, bit) = Self::place(number);
        self.pieces.get(piece).is_some_and(|piece| piece[word] & bit != 0)
    }
}
