//! Each signed request is accepted once.
//!
//! A request may be dated up to [`WINDOW_MS`] ahead of the server, and is then good until as long after that date. So a nonce
//! is remembered for at least twice the window. Nonces live in two generations, the older of which is dropped whole: nothing is
//! scanned and no time is kept per nonce.

use std::collections::HashSet;
use std::fmt;

use parking_lot::Mutex;
use ring::digest;

use crate::AuthError;
use crate::signature::{Verified, WINDOW_MS};

/// How long a nonce is remembered at least, in milliseconds, unless [`NonceCache`] runs full.
pub const REMEMBERED_MS: i64 = 2 * WINDOW_MS;

/// The default capacity of one generation: about 17 MB of table, or 250 signed requests a second.
pub const DEFAULT_CAPACITY: usize = 458_752;

/// Remembers the nonces of the requests that were accepted. One per server; shared between threads.
pub struct NonceCache {
    capacity: usize,
    generations: Mutex<Generations>,
}

struct Generations {
    young: HashSet<[u8; 32]>,
    old: HashSet<[u8; 32]>,
    young_since_ms: i64,
}

impl NonceCache {
    /// Makes an empty cache whose two generations hold `capacity` nonces each (at least one).
    ///
    /// A full generation is retired early, so memory is bounded; only holders of valid keys can fill it.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let generations =
            Generations { young: HashSet::new(), old: HashSet::new(), young_since_ms: i64::MIN };
        Self { capacity: capacity.max(1), generations: Mutex::new(generations) }
    }

    /// Uses up the nonce of a verified request, at `now_ms` (milliseconds since 1970, UTC).
    ///
    /// # Errors
    /// [`AuthError::NonceUsed`] if the same access key used it before. Of two callers at once, one gets it.
    pub fn burn(&self, verified: &Verified, now_ms: i64) -> Result<(), AuthError> {
        let key = key(verified.access_key_id(), verified.nonce());
        let mut generations = self.generations.lock();
        generations.retire(now_ms, self.capacity);
        if generations.old.contains(&key) || !generations.young.insert(key) {
            return Err(AuthError::NonceUsed);
        }
        Ok(())
    }
}

impl Default for NonceCache {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl Generations {
    fn retire(&mut self, now_ms: i64, capacity: usize) {
        let age = now_ms.saturating_sub(self.young_since_ms);
        if age >= 2 * REMEMBERED_MS {
            self.young.clear();
            self.old.clear();
            self.young_since_ms = now_ms;
        } else if age >= REMEMBERED_MS || self.young.len() >= capacity {
            self.old = std::mem::take(&mut self.young);
            self.young_since_ms = now_ms;
        }
    }
}

/// Different (access key, nonce) pairs have different keys: the length keeps `a` + `bc` from `ab` + `c`, and the hash is kept whole.
fn key(access_key_id: &str, nonce: &str) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(&access_key_id.len().to_le_bytes());
    hash.update(access_key_id.as_bytes());
    hash.update(nonce.as_bytes());
    hash.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

impl fmt::Debug for NonceCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NonceCache").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn(cache: &NonceCache, id: &str, nonce: &str, now_ms: i64) -> bool {
        cache.burn(&Verified::for_test(id, nonce), now_ms).is_ok()
    }

    #[test]
    fn a_nonce_is_good_once_per_access_key() {
        let cache = NonceCache::default();
        assert!(burn(&cache, "a", "bc", 0));
        assert!(!burn(&cache, "a", "bc", 1));
        assert!(burn(&cache, "ab", "c", 1), "another key with the same joined text");
        assert_eq!(cache.burn(&Verified::for_test("a", "bc"), 2), Err(AuthError::NonceUsed));
    }

    #[test]
    fn it_is_remembered_as_long_as_its_request_could_be_in_time() {
        for burned_at in [0, 1, REMEMBERED_MS - 1, REMEMBERED_MS, REMEMBERED_MS + 1] {
            let cache = NonceCache::default();
            assert!(burn(&cache, "a", "first", 0));
            assert!(burn(&cache, "a", "n", burned_at));
            for later in [1, WINDOW_MS, REMEMBERED_MS - 1, REMEMBERED_MS] {
                // Other traffic may turn the generations at any time.
                burn(&cache, "other", &format!("{later}"), burned_at + later - 1);
                assert!(!burn(&cache, "a", "n", burned_at + later), "{burned_at} + {later}");
            }
        }
    }

    #[test]
    fn memory_is_bounded() {
        let cache = NonceCache::new(10);
        for index in 0..1000 {
            assert!(burn(&cache, "a", &index.to_string(), 0));
            let generations = cache.generations.lock();
            assert!(generations.young.len() + generations.old.len() <= 20);
        }
        assert!(!burn(&cache, "a", "999", 0), "the newest are still known");
    }

    #[test]
    fn old_nonces_are_dropped_and_a_clock_that_goes_back_forgets_nothing() {
        let cache = NonceCache::default();
        assert!(burn(&cache, "a", "n", 10_000));
        assert!(!burn(&cache, "a", "n", 0));
        assert!(burn(&cache, "a", "n", 10_000 + 2 * REMEMBERED_MS));
    }

    #[test]
    fn of_many_at_once_one_wins() {
        let cache = NonceCache::default();
        let wins: usize = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| usize::from(burn(&cache, "a", "n", 0)))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
    }
}
