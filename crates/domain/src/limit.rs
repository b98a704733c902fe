//! Limits over a rolling window: the arithmetic, without a clock.
//!
//! A window counts in 64 slots, each 1/63 of the period. A slot is forgotten when the last event in it has left
//! the period, so over any rolling period never one more than the limit is admitted, and under steady overload at
//! least 62/63 of the limit is. Memory does not grow with the limit.
//!
//! Tokens are counted before anybody knows how many they will be: a call reserves what it may use, at the moment of
//! its admission, and settling takes back from that moment what it did not use.

use std::num::NonZeroU64;

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
    /// Calls in flight at a time. Zero refuses all.
    pub concurrency: Option<u32>,
}

impl ModelLimits {
    /// Nothing is limited.
    pub const NONE: Self = Self { requests: None, tokens: None, concurrency: None };

    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
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

/// Where a reservation is counted, so that settling finds it.
#[derive(Clone, Copy, Debug)]
pub struct Reserved {
    slot: i64,
    /// The life of the window that counted it: one that has begun anew since knows nothing of it.
    life: u32,
    amount: NonZeroU64,
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
    /// How often it has begun anew.
    life: u32,
}

impl Window {
    /// An empty window.
    pub fn new(rate: Rate) -> Self {
        Self { rate, slots: [Slot::default(); SLOTS], oldest: i64::MIN, now_ms: i64::MIN, total: 0, life: 0 }
    }

    /// The same, as one of many that come after each other: what an earlier one reserved is not taken back from this one.
    pub fn of_life(rate: Rate, life: u32) -> Self {
        Self { life, ..Self::new(rate) }
    }

    /// Which of those it is. It is another one when it has begun anew.
    pub fn life(&self) -> u32 {
        self.life
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
            *self = Self::of_life(rate, self.life.wrapping_add(1));
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
        let first = newest - SLOTS as i64;
        // What was passed over in a long silence has left, too, and its place must not be taken for a newer slot's.
        for slot in self.oldest.max(first - SLOTS as i64)..first {
            self.forget(slot);
        }
        self.oldest = self.oldest.max(first);
        while self.oldest <= newest {
            let slot = &self.slots[Self::position(self.oldest)];
            if slot.count > 0 && slot.latest_ms > self.now_ms - self.period_ms() {
                break;
            }
            self.forget(self.oldest);
            self.oldest += 1;
        }
    }

    fn forget(&mut self, slot: i64) {
        let slot = &mut self.slots[Self::position(slot)];
        self.total -= slot.count;
        *slot = Slot::default();
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
        self.reserve(now_ms, weight);
    }

    /// What a call that may use `expected` claims: at least something, and never more than the whole limit, so that
    /// a call which may use more than that waits for an empty window instead of for ever.
    pub fn claim(&self, expected: u64) -> u64 {
        expected.min(self.rate.amount).max(1)
    }

    /// The same as [`Window::add`], to be settled later. `None` when nothing was counted.
    pub fn reserve(&mut self, now_ms: i64, weight: u64) -> Option<Reserved> {
        self.advance(now_ms);
        let newest = self.slot_of(self.now_ms);
        self.oldest = self.oldest.min(newest);
        let counted = weight.min(u64::MAX - self.total);
        let slot = &mut self.slots[Self::position(newest)];
        slot.count += counted;
        slot.latest_ms = self.now_ms;
        self.total += counted;
        Some(Reserved { slot: newest, life: self.life, amount: NonZeroU64::new(counted)? })
    }

    /// Puts what was used in the place of what was reserved. What was not used is taken back from the moment of the
    /// reservation, if that is still within the period; more than was reserved counts from now.
    pub fn settle(&mut self, now_ms: i64, reserved: Option<Reserved>, used: u64) {
        self.advance(now_ms);
        let held = reserved.map_or(0, |reserved| reserved.amount.get());
        if let Some(reserved) = reserved.filter(|reserved| self.counts(reserved)) {
            let slot = &mut self.slots[Self::position(reserved.slot)];
            let unused = held.saturating_sub(used).min(slot.count);
            slot.count -= unused;
            self.total -= unused;
        }
        if used > held {
            self.add(now_ms, used - held);
        }
    }

    /// Whether a reservation has not left the period. A slot that holds one is not empty, so none is passed before.
    fn counts(&self, reserved: &Reserved) -> bool {
        reserved.life == self.life && reserved.slot >= self.oldest
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
#[path = "limit_tests.rs"]
mod tests;
