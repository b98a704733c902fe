//! The closed list of actions that an installation knows, and sets of them as bits: testing a known action against
//! a compiled statement costs one bit and no work on strings.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::CatalogueError;

/// How many actions a catalogue can hold: six words of bits, so that a statement fits into one cache line.
pub const MAXIMUM_ACTIONS: usize = 64 * WORDS;

const WORDS: usize = 6;

/// An action of a request, such as `ram:CreateUser`. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Action {
    name: Arc<str>,
    index: Option<u16>,
    catalogue: u64,
}

impl Action {
    /// The name: as in the catalogue when it is known there, otherwise as it was asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the catalogue knows it. Unknown actions are evaluated too, only slower.
    pub fn is_known(&self) -> bool {
        self.index.is_some()
    }

    /// Its bit, if it comes from the catalogue with this fingerprint.
    pub(crate) fn index_in(&self, catalogue: u64) -> Option<u16> {
        if self.catalogue == catalogue { self.index } else { None }
    }
}

/// The actions that exist, each with a small index. Names compare without regard to ASCII case.
#[derive(Clone, Debug)]
pub struct ActionCatalogue {
    actions: Vec<Action>,
    /// Positions in `actions`, by name.
    sorted: Vec<u16>,
    fingerprint: u64,
}

impl ActionCatalogue {
    /// Makes a catalogue of names of the form `service:Name`.
    ///
    /// # Errors
    /// When a name is malformed or stands twice, or there are more than [`MAXIMUM_ACTIONS`].
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Self, CatalogueError> {
        let mut actions = Vec::new();
        // Policies compiled with another list must not be read with this one's bits: FNV-1a tells lists apart.
        let mut fingerprint: u64 = 0xcbf2_9ce4_8422_2325;
        for name in names {
            let name = name.as_ref();
            check_name(name)?;
            let index = u16::try_from(actions.len()).map_err(|_| CatalogueError::TooMany)?;
            if usize::from(index) == MAXIMUM_ACTIONS {
                return Err(CatalogueError::TooMany);
            }
            for byte in name.bytes().map(|byte| byte.to_ascii_lowercase()).chain([b'\n']) {
                fingerprint = (fingerprint ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            actions.push(Action { name: name.into(), index: Some(index), catalogue: 0 });
        }
        for action in &mut actions {
            action.catalogue = fingerprint;
        }
        let mut sorted: Vec<u16> = actions.iter().filter_map(|action| action.index).collect();
        let name = |index: &u16| -> &str { &actions[usize::from(*index)].name };
        sorted.sort_by(|left, right| compare(name(left), name(right)));
        if let Some(pair) = sorted.windows(2).find(|pair| name(&pair[0]).eq_ignore_ascii_case(name(&pair[1])))
        {
            return Err(CatalogueError::Duplicate(name(&pair[1]).to_owned()));
        }
        Ok(Self { actions, sorted, fingerprint })
    }

    /// The known action of this name, without allocating.
    pub fn find(&self, name: &str) -> Option<&Action> {
        let at = |index: &u16| &self.actions[usize::from(*index)];
        let found = self.sorted.binary_search_by(|index| compare(&at(index).name, name)).ok()?;
        self.sorted.get(found).map(at)
    }

    /// The action of this name, known or not.
    pub fn resolve(&self, name: &str) -> Action {
        self.find(name).cloned().unwrap_or_else(|| Action {
            name: name.into(),
            index: None,
            catalogue: self.fingerprint,
        })
    }

    /// Every known action, in the order in which the names were given.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.actions.iter()
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The known actions that `chosen` says yes to.
    pub(crate) fn select(&self, chosen: impl Fn(&str) -> bool) -> ActionSet {
        let mut set = ActionSet::default();
        for action in &self.actions {
            if let Some(index) = action.index
                && chosen(&action.name)
            {
                set.insert(index);
            }
        }
        set
    }
}

fn check_name(name: &str) -> Result<(), CatalogueError> {
    let plain = name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*' && byte != b'?');
    match name.split_once(':') {
        Some((service, rest)) if plain && !service.is_empty() && !rest.is_empty() => Ok(()),
        _ => Err(CatalogueError::BadName(name.to_owned())),
    }
}

fn compare(left: &str, right: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(lower).cmp(right.bytes().map(lower))
}

/// A set of known actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActionSet([u64; WORDS]);

impl ActionSet {
    pub(crate) fn insert(&mut self, index: u16) {
        self.0[usize::from(index / 64)] |= 1 << (index % 64);
    }

    pub(crate) fn contains(&self, index: u16) -> bool {
        (self.0[usize::from(index / 64)] >> (index % 64)) & 1 == 1
    }

    /// The known actions in it.
    fn indices(&self) -> impl Iterator<Item = u16> + '_ {
        (0..).take(MAXIMUM_ACTIONS).filter(|index| self.contains(*index))
    }
}

/// What statements of one policy do with each known action, four bits for each, behind the fingerprint of the catalogue
/// that they were numbered by: for most actions all that a decision reads of a policy is one cache line.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Outline {
    catalogue: u64,
    bits: [u8; MAXIMUM_ACTIONS / 2],
}

/// What statements do with one action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sketch(u8);

impl Sketch {
    /// Some Allow applies, whatever the rest of the request.
    pub(crate) const ALLOWS: Self = Self(1);
    /// Some Deny applies, whatever the rest of the request.
    pub(crate) const DENIES: Self = Self(2);
    /// Some Allow might apply.
    pub(crate) const MAY_ALLOW: Self = Self(4);
    /// Some Deny might apply.
    pub(crate) const MAY_DENY: Self = Self(8);

    /// Adds what other statements do.
    #[inline]
    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether there is any of this.
    #[inline]
    pub(crate) fn has(self, what: Self) -> bool {
        self.0 & what.0 != 0
    }

    /// Whether any statement could apply.
    #[inline]
    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Outline {
    /// Of no statements.
    pub(crate) fn new(catalogue: u64) -> Self {
        Self { catalogue, bits: [0; MAXIMUM_ACTIONS / 2] }
    }

    /// The fingerprint of the catalogue.
    #[inline]
    pub(crate) fn catalogue(&self) -> u64 {
        self.catalogue
    }

    /// Adds a statement.
    pub(crate) fn add(&mut self, actions: &ActionSet, does: Sketch) {
        for index in actions.indices() {
            self.bits[usize::from(index / 2)] |= does.0 << (index % 2 * 4);
        }
    }

    /// What the statements do with a known action.
    #[inline]
    pub(crate) fn of(&self, index: u16) -> Sketch {
        Sketch(self.bits[usize::from(index / 2)] >> (index % 2 * 4) & 0xf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_unknown_ones_keep_their_text() {
        let catalogue = ActionCatalogue::new(["ram:CreateUser", "sfm:CreateIndex"]).unwrap();
        let action = catalogue.resolve("RAM:createuser");
        assert_eq!((action.name(), action.is_known()), ("ram:CreateUser", true));
        let other = catalogue.resolve("ecs:RunInstances");
        assert_eq!((other.name(), other.is_known()), ("ecs:RunInstances", false));
        assert!(catalogue.find("ecs:RunInstances").is_none());
        assert_eq!(catalogue.actions().count(), 2);
    }

    #[test]
    fn a_bad_list_is_refused() {
        let new = |names: &[&str]| ActionCatalogue::new(names).map(|_| ()).unwrap_err();
        for name in ["", "ram", "ram:", ":x", "ram:*", "ram:Get?", "ram: x", "ram:ü"] {
            assert_eq!(new(&[name]), CatalogueError::BadName(name.to_owned()));
        }
        assert_eq!(new(&["a:B", "a:C", "A:b"]).to_string(), "action `A:b` stands twice in the catalogue");
        let many: Vec<String> = (0..=MAXIMUM_ACTIONS).map(|number| format!("a:{number}")).collect();
        assert_eq!(ActionCatalogue::new(&many).map(|_| ()).unwrap_err(), CatalogueError::TooMany);
        let full = ActionCatalogue::new(&many[..MAXIMUM_ACTIONS]).unwrap();
        let last = full.resolve(&many[MAXIMUM_ACTIONS - 1]);
        let set = full.select(|name| name == last.name());
        assert!(set.contains(last.index_in(full.fingerprint()).unwrap()));
        assert_eq!(full.actions().filter(|action| set.contains(action.index.unwrap())).count(), 1);
    }

    #[test]
    fn an_action_has_no_bit_in_another_catalogue() {
        let one = ActionCatalogue::new(["a:B", "a:C"]).unwrap();
        let other = ActionCatalogue::new(["a:C", "a:B"]).unwrap();
        assert_eq!(one.resolve("a:B").index_in(one.fingerprint()), Some(0));
        assert_eq!(one.resolve("a:B").index_in(other.fingerprint()), None);
    }
}
