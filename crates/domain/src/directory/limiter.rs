//! Limits that count: of one model at one level, and the places that a call in flight holds in them.
//!
//! A call holds its places until it is settled or dropped, whatever becomes of its key, workspace or limits
//! meanwhile. All that one level counts of a model is behind one lock.

use std::sync::Arc;

#[cfg(test)]
use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(test))]
use std::sync::{Mutex, MutexGuard};

use super::state::Table;
use crate::limit::{ModelLimits, Reserved, Standing, Window};
use crate::reason::Reason;

/// How long somebody waits who came when all places were taken: nobody knows when one will be free.
const ANOTHER_PLACE_MS: u64 = 1000;

/// Limits by the model's number.
pub(crate) type Limiters = Table<u32, Arc<Limiter>>;

/// The limits of one model at one level, with what counts against them.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: Option<Window>,
    tokens: Option<Window>,
    concurrency: Option<u32>,
    /// Counted whether it is limited or not, so that a limit that comes later is exact.
    in_flight: u32,
    /// The life of the last token window: a limit that is taken away and set again begins another.
    life: u32,
}

/// What a limit that refuses is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Requests,
    Tokens,
    Places,
}

/// Why a level refuses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reasons {
    pub(super) requests: Reason,
    pub(super) tokens: Reason,
}

impl Reasons {
    pub(super) fn of(self, full: Full) -> Reason {
        match full {
            Full::Requests => self.requests,
            Full::Tokens => self.tokens,
            Full::Places => Reason::Concurrency,
        }
    }
}

/// How full the limits were that a refused call met, and when it is worth coming back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttled {
    /// Milliseconds until the limit that refused has room again.
    pub retry_ms: u64,
    /// The limit on requests that leaves least.
    pub requests: Option<Standing>,
    /// The limit on tokens that leaves least.
    pub tokens: Option<Standing>,
}

impl Throttled {
    /// Takes the limits of one level in, where they leave less than those of other levels.
    fn see(&mut self, limiter: &Limiter, now_ms: i64, expected: Option<u64>) {
        let mut counts = limiter.lock();
        let least = |best: &mut Option<Standing>, window: Option<&mut Window>, weight: Option<u64>| {
            let Some(window) = window else { return };
            let standing = window.standing(now_ms, weight.map_or(1, |weight| window.claim(weight)));
            if best
                .is_none_or(|best| (standing.remaining, best.reset_ms) < (best.remaining, standing.reset_ms))
            {
                *best = Some(standing);
            }
        };
        least(&mut self.requests, counts.requests.as_mut(), None);
        least(&mut self.tokens, counts.tokens.as_mut(), expected);
    }
}

/// What a call is about to take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Taking {
    /// A request, the tokens that it may use, and a place among the calls in flight.
    Call(u64),
    /// A request of somebody else's gateway, which says neither what it will use nor when it ends.
    Request,
}

impl Taking {
    fn tokens(self) -> Option<u64> {
        match self {
            Self::Call(tokens) => Some(tokens),
            Self::Request => None,
        }
    }
}

impl Counts {
    fn check(&mut self, now_ms: i64, taking: Taking) -> Result<(), (Full, u64)> {
        if self.concurrency.is_some_and(|most| self.in_flight >= most) {
            return Err((Full::Places, ANOTHER_PLACE_MS));
        }
        if let Some(window) = &mut self.requests {
            window.check(now_ms, 1).map_err(|standing| (Full::Requests, standing.reset_ms))?;
        }
        if let Some(window) = &mut self.tokens {
            let weight = taking.tokens().map_or(1, |tokens| window.claim(tokens));
            window.check(now_ms, weight).map_err(|standing| (Full::Tokens, standing.reset_ms))?;
        }
        Ok(())
    }

    fn take(&mut self, now_ms: i64, taking: Taking) -> Option<Reserved> {
        if let Some(window) = &mut self.requests {
            window.add(now_ms, 1);
        }
        let tokens = taking.tokens()?;
        self.in_flight += 1;
        let window = self.tokens.as_mut()?;
        let weight = window.claim(tokens);
        window.reserve(now_ms, weight)
    }

    fn leave(&mut self, now_ms: i64, reserved: Option<Reserved>, used: u64) {
        self.in_flight -= 1;
        if let Some(window) = &mut self.tokens {
            window.settle(now_ms, reserved, used);
        }
    }
}

/// How full the limits of one model at one level are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Their values.
    pub limits: ModelLimits,
    /// The requests.
    pub requests: Option<Standing>,
    /// The tokens, those that calls in flight have reserved included.
    pub tokens: Option<Standing>,
    /// Calls in flight.
    pub in_flight: u32,
}

impl Limiter {
    /// How full it is; `None` where nothing is limited.
    pub(super) fn level(&self, now_ms: i64) -> Option<Level> {
        let limits = self.limits();
        let mut counts = self.lock();
        let mut standing = |window: fn(&mut Counts) -> &mut Option<Window>| {
            window(&mut counts).as_mut().map(|window| window.standing(now_ms, 0))
        };
        let (requests, tokens) =
            (standing(|counts| &mut counts.requests), standing(|counts| &mut counts.tokens));
        let in_flight = counts.in_flight;
        (!limits.is_empty()).then_some(Level { limits, requests, tokens, in_flight })
    }

    /// A level that has not counted anything.
    pub(crate) fn new(limits: ModelLimits) -> Self {
        let limiter = Self::default();
        limiter.set(limits);
        limiter
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().expect("the arithmetic does not panic")
    }

    /// The values, without the counts.
    pub(crate) fn limits(&self) -> ModelLimits {
        let counts = self.lock();
        let rate = |window: &Option<Window>| window.as_ref().map(Window::rate);
        ModelLimits {
            requests: rate(&counts.requests),
            tokens: rate(&counts.tokens),
            concurrency: counts.concurrency,
        }
    }

    /// Takes new values and keeps running counts.
    pub(crate) fn set(&self, limits: ModelLimits) {
        let mut guard = self.lock();
        let counts = &mut *guard;
        let next = counts.life.wrapping_add(1);
        for (window, rate) in [(&mut counts.requests, limits.requests), (&mut counts.tokens, limits.tokens)] {
            match (window.as_mut(), rate) {
                (_, None) => *window = None,
                (Some(running), Some(rate)) => running.set_rate(rate),
                (None, Some(rate)) => *window = Some(Window::of_life(rate, next)),
            }
        }
        counts.life = counts.tokens.as_ref().map_or(counts.life, Window::life);
        counts.concurrency = limits.concurrency;
    }
}

/// How many levels have limits: the account, the workspace, the key.
pub(super) const LEVELS: usize = 3;

/// The limits that count for a call, from the widest to the narrowest.
pub(super) type Levels<'a> = [Option<&'a Arc<Limiter>>; LEVELS];

/// A refusal by the limits: at which level, by what, and how full they were.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) level: usize,
    pub(super) full: Full,
    pub(super) throttled: Throttled,
}

/// Takes a call from every limit, or from none. All levels are locked, widest first, while they are looked at, so
/// that concurrent calls cannot each see room for one. What is refused takes nothing.
pub(super) fn take(levels: Levels<'_>, now_ms: i64, taking: Taking) -> Result<Held, Refused> {
    let mut open: [Option<MutexGuard<'_, Counts>>; LEVELS] = [const { None }; LEVELS];
    for (level, limiter) in levels.into_iter().enumerate() {
        let Some(limiter) = limiter else { continue };
        let mut counts = limiter.lock();
        if let Err((full, retry_ms)) = counts.check(now_ms, taking) {
            drop(counts);
            drop(open);
            let mut throttled = Throttled { retry_ms, ..Throttled::default() };
            for limiter in levels.into_iter().flatten() {
                throttled.see(limiter, now_ms, taking.tokens());
            }
            return Err(Refused { level, full, throttled });
        }
        open[level] = Some(counts);
    }
    let mut held = Held::default();
    for ((counts, limiter), place) in open.iter_mut().zip(levels).zip(&mut held.0) {
        let (Some(counts), Some(limiter)) = (counts, limiter) else { continue };
        let reserved = counts.take(now_ms, taking);
        if matches!(taking, Taking::Call(_)) {
            *place = Some(Place { limiter: Arc::clone(limiter), reserved });
        }
    }
    Ok(held)
}

#[derive(Debug)]
struct Place {
    limiter: Arc<Limiter>,
    reserved: Option<Reserved>,
}

/// The places of a call in flight. Dropped, it gives back all that it reserved.
#[derive(Debug, Default)]
pub(super) struct Held([Option<Place>; LEVELS]);

impl Held {
    /// The call is over and used so much.
    pub(super) fn settle(&mut self, now_ms: i64, used: u64) {
        for place in self.0.iter_mut().filter_map(Option::take) {
            place.limiter.lock().leave(now_ms, place.reserved, used);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A window that is told of no time stands still.
        self.settle(i64::MIN, 0);
    }
}

#[cfg(test)]
#[path = "limiter_tests.rs"]
mod tests;
