//! Where time and randomness come from: always an argument, so that tests choose both.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> i64;
}

/// Gives unpredictable bytes.
pub trait Entropy: Debug + Send + Sync {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);

    /// One number from the whole range.
    fn number(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// A clock and a source of bytes that a test sets by hand: the same seed gives the same bytes.
#[derive(Debug)]
pub struct Fixed {
    now_ms: AtomicI64,
    state: AtomicU64,
}

impl Fixed {
    /// Starts at 2026-11-24T00:00:00Z with this seed.
    pub fn seeded(seed: u64) -> Self {
        Self { now_ms: AtomicI64::new(1_795_478_400_000), state: AtomicU64::new(seed) }
    }

    /// Moves the clock forward.
    pub fn advance_ms(&self, by: i64) {
        self.now_ms.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }
}

impl Entropy for Fixed {
    // SplitMix64 (public domain, Sebastiano Vigna): short, and good enough to tell test identifiers apart.
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.state.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let draw = (z ^ (z >> 31)).to_le_bytes();
            chunk.copy_from_slice(&draw[..chunk.len()]);
        }
    }
}
