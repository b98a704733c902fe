//! The circuit breaker of one upstream: closed, open for a time, then open to one probe.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

use super::ahead;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// So many failures in a row open it; 0 never does.
    pub failures: u32,
    /// This share of the calls of a window, in percent, opens it when it failed; 0 never does.
    pub failure_percent: u32,
    /// Fewer calls in a window say nothing about a share.
    pub least_calls: u32,
    /// The length of a window.
    pub window_ms: u32,
    /// How long it is open at first. Each probe that fails doubles it.
    pub open_ms: u32,
    /// How long it is open at most; also the longest that an upstream's `Retry-After` is heeded.
    pub longest_ms: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            failures: 5,
            failure_percent: 50,
            least_calls: 20,
            window_ms: 10_000,
            open_ms: 5_000,
            longest_ms: 60_000,
        }
    }
}

/// As what a call was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The breaker was closed.
    Ordinary,
    /// It was open for long enough: this one call finds out. Whoever has this turn must give it back, see
    /// [`super::Health::left`].
    Probe,
}

/// How long somebody waits for a probe that is under way: nobody knows when it ends.
const WHILE_PROBED_MS: i64 = 1000;

/// The breaker of one upstream.
#[derive(Debug, Default)]
pub struct Breaker {
    /// Until when no call goes through; zero when it is closed.
    until_ms: AtomicI64,
    /// Whether the one probe is under way.
    is_probed: AtomicBool,
    /// How often it has opened since it was closed last.
    openings: AtomicU32,
    /// Failures since the last success.
    row: AtomicU32,
    /// The window that counts: its number (32 bits), calls (16), failures (16).
    window: AtomicU64,
}

impl Breaker {
    /// Lets a call through, or says in how many milliseconds to ask again.
    ///
    /// # Errors
    /// That time, when it is open.
    pub(super) fn begin(&self, now_ms: i64) -> Result<Turn, i64> {
        let until = self.until_ms.load(Ordering::Acquire);
        if until == 0 {
            return Ok(Turn::Ordinary);
        }
        if let Some(left) = ahead(until, now_ms) {
            return Err(left);
        }
        if self.is_probed.swap(true, Ordering::AcqRel) { Err(WHILE_PROBED_MS) } else { Ok(Turn::Probe) }
    }

    /// What [`Self::begin`] would say, without taking the probe.
    pub(super) fn wait_ms(&self, now_ms: i64) -> i64 {
        match self.until_ms.load(Ordering::Acquire) {
            0 => 0,
            until => {
                ahead(until, now_ms).unwrap_or_else(|| if self.is_probed() { WHILE_PROBED_MS } else { 0 })
            }
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.until_ms.load(Ordering::Acquire) == 0
    }

    /// Whether it is open, and no probe may be made yet.
    pub(super) fn is_before_probe(&self, now_ms: i64) -> bool {
        ahead(self.until_ms.load(Ordering::Acquire), now_ms).is_some()
    }

    fn is_probed(&self) -> bool {
        self.is_probed.load(Ordering::Acquire)
    }

    /// The probe was answered.
    pub(super) fn close(&self) {
        self.openings.store(0, Ordering::Relaxed);
        self.row.store(0, Ordering::Relaxed);
        self.window.store(0, Ordering::Relaxed);
        self.until_ms.store(0, Ordering::Release);
        self.release();
    }

    /// The probe ended without a result; the next call is one.
    pub(super) fn release(&self) {
        self.is_probed.store(false, Ordering::Release);
    }

    /// A call was served.
    pub(super) fn succeeded(&self, now_ms: i64, rules: &Rules) {
        // Mostly there is nothing to write, and the line stays with every core.
        if self.row.load(Ordering::Relaxed) != 0 {
            self.row.store(0, Ordering::Relaxed);
        }
        self.count(now_ms, rules, 0);
    }

    /// A call failed. Says whether that opened the breaker.
    pub(super) fn failed(&self, turn: Turn, now_ms: i64, rules: &Rules) -> bool {
        if turn == Turn::Probe {
            self.until_ms.store(self.opens_until(now_ms, rules), Ordering::Release);
            self.release();
            return true;
        }
        let row = self.row.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let (calls, failures) = self.count(now_ms, rules, 1);
        let is_row = rules.failures > 0 && row >= rules.failures;
        let is_share = rules.failure_percent > 0
            && calls >= rules.least_calls
            && failures * 100 >= calls * rules.failure_percent;
        // Calls from before it opened say nothing new.
        if !(is_row || is_share) || !self.is_closed() {
            return false;
        }
        let until = self.opens_until(now_ms, rules);
        self.until_ms.compare_exchange(0, until, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    fn opens_until(&self, now_ms: i64, rules: &Rules) -> i64 {
        let before = self.openings.fetch_add(1, Ordering::Relaxed);
        let length = u64::from(rules.open_ms.max(1)) << before.min(20);
        let length = length.min(u64::from(rules.longest_ms.max(1)));
        now_ms.saturating_add(i64::try_from(length).unwrap_or(i64::MAX)).max(1)
    }

    /// Counts a call and gives calls and failures of the window so far.
    fn count(&self, now_ms: i64, rules: &Rules, failed: u64) -> (u32, u32) {
        let number = now_ms.div_euclid(i64::from(rules.window_ms.max(1))).cast_unsigned() & 0xFFFF_FFFF;
        let next = |old: u64| {
            let (mut calls, mut failures) = ((old >> 16) & 0xFFFF, old & 0xFFFF);
            if old >> 32 != number {
                (calls, failures) = (0, 0);
            } else if calls == 0xFFFF {
                // The share stays.
                (calls, failures) = (calls / 2, failures / 2);
            }
            number << 32 | (calls + 1) << 16 | (failures + failed)
        };
        let old = self
            .window
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |old| Some(next(old)))
            .unwrap_or_else(|old| old);
        let new = next(old);
        ((new >> 16 & 0xFFFF) as u32, (new & 0xFFFF) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_478_400_000;

    fn rules() -> Rules {
        Rules { failures: 3, open_ms: 1000, longest_ms: 3000, ..Rules::default() }
    }

    fn opened() -> Breaker {
        let breaker = Breaker::default();
        let opens: Vec<_> = (0..3).map(|_| breaker.failed(Turn::Ordinary, NOW, &rules())).collect();
        assert_eq!(opens, [false, false, true]);
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_success_between_does_not_count() {
        let breaker = Breaker::default();
        for _ in 0..5 {
            assert!(!breaker.failed(Turn::Ordinary, NOW, &rules()));
            assert!(!breaker.failed(Turn::Ordinary, NOW, &rules()));
            breaker.succeeded(NOW, &rules());
            assert_eq!(breaker.begin(NOW), Ok(Turn::Ordinary));
        }
        let breaker = opened();
        assert_eq!(breaker.begin(NOW), Err(1000));
        assert_eq!(breaker.begin(NOW + 999), Err(1));
        assert_eq!(breaker.wait_ms(NOW + 999), 1);
    }

    #[test]
    fn one_probe_decides() {
        let breaker = opened();
        assert_eq!(breaker.begin(NOW + 1000), Ok(Turn::Probe));
        assert_eq!(breaker.begin(NOW + 1000), Err(WHILE_PROBED_MS), "one at a time");
        breaker.release();
        assert_eq!(breaker.begin(NOW + 1001), Ok(Turn::Probe), "one that ended without a result is followed");
        breaker.close();
        assert_eq!(
            (breaker.begin(NOW + 1001), breaker.begin(NOW + 1001)),
            (Ok(Turn::Ordinary), Ok(Turn::Ordinary))
        );
        assert!(!breaker.failed(Turn::Ordinary, NOW + 1001, &rules()), "what was before is forgotten");
    }

    #[test]
    fn probes_that_fail_double_the_time_up_to_a_bound() {
        let breaker = opened();
        let mut now = NOW + 1000;
        for length in [2000, 3000, 3000] {
            assert_eq!(breaker.begin(now), Ok(Turn::Probe));
            assert!(breaker.failed(Turn::Probe, now, &rules()));
            assert_eq!(breaker.begin(now), Err(length));
            now += length;
        }
        assert_eq!(breaker.begin(now), Ok(Turn::Probe));
        breaker.close();
        for _ in 0..3 {
            breaker.failed(Turn::Ordinary, now, &rules());
        }
        assert_eq!(breaker.begin(now), Err(1000), "it begins anew");
    }

    #[test]
    fn a_share_of_failures_opens_it_within_one_window_only() {
        let rules =
            Rules { failures: 0, failure_percent: 50, least_calls: 10, window_ms: 1000, ..Rules::default() };
        let breaker = Breaker::default();
        for _ in 0..4 {
            breaker.succeeded(NOW, &rules);
            assert!(!breaker.failed(Turn::Ordinary, NOW, &rules));
        }
        // Another window: the eight calls before are forgotten.
        for _ in 0..4 {
            breaker.succeeded(NOW + 1000, &rules);
            assert!(!breaker.failed(Turn::Ordinary, NOW + 1000, &rules));
        }
        breaker.succeeded(NOW + 1500, &rules);
        assert!(breaker.failed(Turn::Ordinary, NOW + 1999, &rules), "five of ten");
    }

    #[test]
    fn zeros_switch_it_off_and_a_full_window_keeps_its_share() {
        let rules = Rules { failures: 0, failure_percent: 0, ..Rules::default() };
        let breaker = Breaker::default();
        for _ in 0..200_000_u32 {
            assert!(!breaker.failed(Turn::Ordinary, NOW, &rules));
        }
        let (calls, failures) = breaker.count(NOW, &rules, 1);
        assert!(calls == failures && calls > 0x7FFF, "{calls} {failures}");
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_keep_it_open() {
        let breaker = opened();
        assert_eq!(breaker.begin(NOW - 2 * super::super::FURTHEST_MS), Ok(Turn::Probe));
    }
}
