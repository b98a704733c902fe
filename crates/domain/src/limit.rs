//! Limits over a rolling window: the arithmetic, without a clock.
//!
//! A window counts in 64 slots, each 1/63 of the period. A slot is forgotten when the last event in it has left
//! the period, so over any rolling period never one more than the limit is admitted, and under steady overload at
//! least 62/63 of the limit is. Memory does not grow with the limit.

use serde::{Deserialize, Serialize};

/// So much per so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many requests or tokens. Zero refuses all.
    pub amount: u64,
    /// The period in seconds, at least one.
    pub period_seconds: u32,
}

/// The limits of one model at one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelLimits {
    /// Requests per period.
    pub requests: Option<Rate>,
    /// Tokens per period, input and output together.
    pub tokens: Option<Rate>,
}

impl ModelLimits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.requests.is_none() && self.tokens.is_none()
    }
}

const SLOTS: usize = 64;

/// How full a window is, for response headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The limit.
    pub limit: u64,
    /// What may still come now.
    pub remaining: u64,
    /// Milliseconds until something, or enough for what was refused, is free again.
    pub reset_ms: u64,
}

/// What came within one slot.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    count: u64,
    /// When the last of it came: the slot is forgotten one period later.
    latest_ms: i64,
}

/// Counts what came within the last period.
#[derive(Clone, Debug)]
pub struct Window {
    rate: Rate,
    slots: [Slot; SLOTS],
    /// The number of the oldest slot that may hold something, counted from the epoch.
    oldest: i64,
    /// The latest time seen. A clock that steps back counts as standing still.
    now_ms: i64,
    total: u64,
}

impl Window {
    /// An empty window.
    pub fn new(rate: Rate) -> Self {
        Self { rate, slots: [Slot::default(); SLOTS], oldest: i64::MIN, now_ms: i64::MIN, total: 0 }
    }

    /// The rate it keeps.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Changes the amount and keeps the count; another period starts an empty window, since slots of another
    /// width cannot be compared.
    pub fn set_rate(&mut self, rate: Rate) {
        if rate.period_seconds == self.rate.period_seconds {
            self.rate = rate;
        } else {
            *self = Self::new(rate);
        }
    }

    fn period_ms(&self) -> i64 {
        i64::from(self.rate.period_seconds.max(1)) * 1000
    }

    /// 63 slots are never shorter than the period, so the 64th is free again when its number comes round.
    fn slot_of(&self, at_ms: i64) -> i64 {
        at_ms.div_euclid(self.period_ms() / (SLOTS as i64 - 1) + 1)
    }

    fn position(slot: i64) -> usize {
        usize::try_from(slot.rem_euclid(SLOTS as i64)).expect("below 64")
    }

    /// Forgets what has left the period.
    fn advance(&mut self, now_ms: i64) {
        self.now_ms = self.now_ms.max(now_ms);
        let newest = self.slot_of(self.now_ms);
        self.oldest = self.oldest.max(newest - (SLOTS as i64 - 1) - 1);
        while self.oldest <= newest {
            let slot = &mut self.slots[Self::position(self.oldest)];
            if slot.count > 0
                && slot.latest_ms > self.now_ms - i64::from(self.rate.period_seconds.max(1)) * 1000
            {
                break;
            }
            self.total -= slot.count;
            *slot = Slot::default();
            self.oldest += 1;
        }
    }

    /// Whether `weight` more fits now; if not, when it will.
    pub fn check(&mut self, now_ms: i64, weight: u64) -> Result<(), Standing> {
        self.advance(now_ms);
        if self.total.saturating_add(weight) <= self.rate.amount {
            Ok(())
        } else {
            Err(self.standing(now_ms, weight))
        }
    }

    /// Counts `weight`, whether it fits or not: what was used was used.
    pub fn add(&mut self, now_ms: i64, weight: u64) {
        self.advance(now_ms);
        let newest = self.slot_of(self.now_ms);
        self.oldest = self.oldest.min(newest);
        let counted = weight.min(u64::MAX - self.total);
        let slot = &mut self.slots[Self::position(newest)];
        slot.count += counted;
        slot.latest_ms = self.now_ms;
        self.total += counted;
    }

    /// How full it is, and when `weight` will fit.
    pub fn standing(&mut self, now_ms: i64, weight: u64) -> Standing {
        self.advance(now_ms);
        let mut over = self.total.saturating_add(weight).saturating_sub(self.rate.amount);
        let mut reset_ms = 0;
        for slot in self.oldest..=self.slot_of(self.now_ms) {
            if over == 0 {
                break;
            }
            let Slot { count, latest_ms } = self.slots[Self::position(slot)];
            if count > 0 {
                over = over.saturating_sub(count);
                reset_ms = u64::try_from(latest_ms + self.period_ms() - now_ms).unwrap_or(1).max(1);
            }
        }
        if over > 0 {
            // What never fits is worth asking again when all is free, or a period from now.
            reset_ms = reset_ms.max(self.period_ms().unsigned_abs());
        }
        Standing { limit: self.rate.amount, remaining: self.rate.amount.saturating_sub(self.total), reset_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a log of every admitted event.
        #[test]
        fn never_one_more_than_the_limit_over_any_rolling_period(
            limit in 0u64..40, period in 1u32..120, gaps in prop::collection::vec(0i64..4000, 1..400),
        ) {
            let mut window = Window::new(Rate { amount: limit, period_seconds: period });
            let mut now = 1_795_478_400_000;
            let mut admitted: Vec<i64> = Vec::new();
            for gap in gaps {
                now += gap;
                match window.check(now, 1) {
                    Ok(()) => { window.add(now, 1); admitted.push(now); }
                    Err(standing) if limit > 0 => {
                        // What the refusal promises holds: at that moment it fits.
                        let mut later = window.clone();
                        prop_assert!(later.check(now + i64::try_from(standing.reset_ms).unwrap(), 1).is_ok());
                    }
                    Err(_) => {}
                }
                let from = now - i64::from(period) * 1000;
                let within = admitted.iter().filter(|at| **at > from).count() as u64;
                prop_assert!(within <= limit, "{within} > {limit}");
            }
        }
    }

    #[test]
    fn steady_overload_gets_at_least_97_percent() {
        let mut window = Window::new(Rate { amount: 6000, period_seconds: 60 });
        let mut admitted = 0_u64;
        let periods = 20;
        for step in 0..periods * 60_000 {
            let now = 1_795_478_400_000 + step;
            if window.check(now, 1).is_ok() {
                window.add(now, 1);
                admitted += 1;
            }
        }
        let share = admitted as f64 / (6000.0 * periods as f64);
        assert!(share >= 0.97, "admitted share {share}");
    }

    #[test]
    fn a_clock_that_steps_back_frees_nothing() {
        let mut window = Window::new(Rate { amount: 1, period_seconds: 10 });
        window.add(1_000_000, 1);
        assert!(window.check(900_000, 1).is_err());
    }

    #[test]
    fn extreme_weights_do_not_overflow_or_give_credit() {
        let mut window = Window::new(Rate { amount: 100, period_seconds: 1 });
        window.add(1000, u64::MAX);
        window.add(1000, u64::MAX);
        assert!(window.check(1500, 1).is_err());
        assert!(window.check(10_000, 100).is_ok());
    }
}
