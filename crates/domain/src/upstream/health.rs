//! What is known about one upstream: its breaker, what is under way there, what it answered and how it failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use super::ahead;
use super::breaker::{Breaker, Rules, Turn};

/// How an upstream failed: a closed set, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection, or nothing that is HTTP.
    Unreachable,
    /// A connection that took the request, and no answer in time.
    Silent,
    /// It asked to be left alone for a time (429).
    Throttled,
    /// It does not accept our credential, or not for this (401, 403, 407).
    Refused,
    /// A status of its own trouble, 5xx for the most part.
    Status,
    /// Its answer broke off.
    Broke,
    /// Its answer stopped moving.
    Stalled,
}

impl Fault {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Unreachable,
        Self::Silent,
        Self::Throttled,
        Self::Refused,
        Self::Status,
        Self::Broke,
        Self::Stalled,
    ];

    /// The name in metrics and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Silent => "silent",
            Self::Throttled => "throttled",
            Self::Refused => "refused",
            Self::Status => "status",
            Self::Broke => "broke",
            Self::Stalled => "stalled",
        }
    }
}

/// Counts of an upstream. They outlive changes of its provider.
#[derive(Debug, Default)]
struct Tally {
    in_flight: AtomicU32,
    answered: AtomicU64,
    first_byte_micros: AtomicU64,
    failures: [AtomicU64; Fault::ALL.len()],
    /// The moment of the last failure in milliseconds, times 8, and which kind it was; zero before the first.
    last: AtomicI64,
}

/// The health of one upstream, as all threads of a node see it.
#[derive(Debug, Default)]
pub struct Health {
    breaker: Breaker,
    tally: Arc<Tally>,
}

/// What the breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls go through.
    Closed,
    /// The next call is the probe, or the probe is under way.
    HalfOpen,
    /// No call goes through.
    Open,
}

impl State {
    /// The name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}

/// The health of an upstream at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the breaker does.
    pub state: State,
    /// In how many milliseconds an open breaker lets a probe through.
    pub opens_in_ms: i64,
    /// Calls that are under way.
    pub in_flight: u32,
    /// Calls whose answer began.
    pub answered: u64,
    /// The time from calls to their answers' beginnings, summed, in microseconds.
    pub first_byte_micros: u64,
    /// Failures by kind, in the order of [`Fault::ALL`].
    pub failures: [u64; Fault::ALL.len()],
    /// The last failure, and when it was in milliseconds since the epoch.
    pub last_failure: Option<(Fault, i64)>,
}

/// How long somebody waits for a place at an upstream that has none free.
const WHILE_FULL_MS: i64 = 1000;

impl Health {
    /// The health of a provider that has been changed. The counts go on; whether it can be reached is to be found out
    /// anew, for that may be what was mended.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self { breaker: Breaker::default(), tally: Arc::clone(&self.tally) }
    }

    /// Lets a call through to the upstream, which takes `most` at a time. Whoever is let through calls [`Self::left`]
    /// in the end.
    ///
    /// # Errors
    /// In how many milliseconds to ask again, when it is full or its breaker open.
    pub fn begin(&self, most: Option<u32>, now_ms: i64) -> Result<Turn, i64> {
        let before = self.tally.in_flight.fetch_add(1, Ordering::Relaxed);
        let turn = if most.is_some_and(|most| before >= most) {
            Err(WHILE_FULL_MS)
        } else {
            self.breaker.begin(now_ms)
        };
        if turn.is_err() {
            self.tally.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
        turn
    }

    /// In how many milliseconds a call is let through; 0 for at once.
    pub fn wait_ms(&self, most: Option<u32>, now_ms: i64) -> i64 {
        let is_full = most.is_some_and(|most| self.tally.in_flight.load(Ordering::Relaxed) >= most);
        self.breaker.wait_ms(now_ms).max(if is_full { WHILE_FULL_MS } else { 0 })
    }

    /// The upstream's answer began. That is what a probe is to find out.
    pub fn answered(&self, turn: Turn, after_micros: u64) {
        self.tally.answered.fetch_add(1, Ordering::Relaxed);
        self.tally.first_byte_micros.fetch_add(after_micros, Ordering::Relaxed);
        if turn == Turn::Probe {
            self.breaker.close();
        }
    }

    /// The answer ended as it should.
    pub fn succeeded(&self, now_ms: i64, rules: &Rules) {
        self.breaker.succeeded(now_ms, rules);
    }

    /// The call failed. Says whether that opened the breaker.
    pub fn failed(&self, turn: Turn, fault: Fault, now_ms: i64, rules: &Rules) -> bool {
        self.note(fault, now_ms);
        self.breaker.failed(turn, now_ms, rules)
    }

    /// The upstream declined this call in a way that says nothing of the next one, as when it names the time to ask for
    /// the same model again ([`Rest`]). For a probe that is an answer.
    pub fn declined(&self, turn: Turn, fault: Fault, now_ms: i64) {
        self.note(fault, now_ms);
        if turn == Turn::Probe {
            self.breaker.close();
        }
    }

    /// The call is over. `turn` is [`Turn::Probe`] only if it has had no result.
    pub fn left(&self, turn: Turn) {
        self.tally.in_flight.fetch_sub(1, Ordering::Relaxed);
        if turn == Turn::Probe {
            self.breaker.release();
        }
    }

    fn note(&self, fault: Fault, now_ms: i64) {
        self.tally.failures[fault as usize].fetch_add(1, Ordering::Relaxed);
        self.tally.last.store(now_ms.saturating_mul(8) | fault as i64, Ordering::Relaxed);
    }

    /// How the upstream does now.
    pub fn reading(&self, now_ms: i64) -> Reading {
        let opens_in_ms = self.breaker.wait_ms(now_ms);
        let last = self.tally.last.load(Ordering::Relaxed);
        let kind = usize::try_from(last & 7).ok().and_then(|kind| Fault::ALL.get(kind));
        Reading {
            state: match () {
                () if self.breaker.is_closed() => State::Closed,
                () if self.breaker.is_before_probe(now_ms) => State::Open,
                () => State::HalfOpen,
            },
            opens_in_ms,
            in_flight: self.tally.in_flight.load(Ordering::Relaxed),
            answered: self.tally.answered.load(Ordering::Relaxed),
            first_byte_micros: self.tally.first_byte_micros.load(Ordering::Relaxed),
            failures: self.tally.failures.each_ref().map(|count| count.load(Ordering::Relaxed)),
            last_failure: kind.filter(|_| last != 0).map(|kind| (*kind, last >> 3)),
        }
    }
}

/// For how long one route is left alone, because its upstream asked for that.
#[derive(Debug, Default)]
pub struct Rest(AtomicI64);

impl Rest {
    /// Leaves the route alone for so long, but not longer than `rules` allow.
    pub fn rest(&self, for_ms: u64, now_ms: i64, rules: &Rules) {
        let length = for_ms.min(u64::from(rules.longest_ms));
        self.0.store(now_ms.saturating_add(i64::try_from(length).unwrap_or(i64::MAX)), Ordering::Relaxed);
    }

    /// In how many milliseconds it may be taken; 0 for at once.
    pub fn wait_ms(&self, now_ms: i64) -> i64 {
        ahead(self.0.load(Ordering::Relaxed), now_ms).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_478_400_000;

    #[test]
    fn places_are_given_back() {
        let health = Health::default();
        let turns: Vec<_> = (0..3).map(|_| health.begin(Some(2), NOW)).collect();
        assert_eq!(turns, [Ok(Turn::Ordinary), Ok(Turn::Ordinary), Err(WHILE_FULL_MS)]);
        assert_eq!((health.reading(NOW).in_flight, health.wait_ms(Some(2), NOW)), (2, WHILE_FULL_MS));
        assert_eq!(health.wait_ms(Some(3), NOW), 0);
        health.left(Turn::Ordinary);
        assert_eq!(
            (health.begin(Some(2), NOW), health.begin(None, NOW)),
            (Ok(Turn::Ordinary), Ok(Turn::Ordinary))
        );
        assert_eq!(health.begin(Some(0), NOW), Err(WHILE_FULL_MS));
    }

    #[test]
    fn the_state_can_be_read_with_what_led_to_it() {
        let (health, rules) = (Health::default(), Rules { failures: 2, ..Rules::default() });
        assert_eq!(health.reading(NOW).last_failure, None);
        for (fault, opens) in [(Fault::Unreachable, false), (Fault::Stalled, true)] {
            assert_eq!(health.begin(None, NOW), Ok(Turn::Ordinary));
            assert_eq!(health.failed(Turn::Ordinary, fault, NOW + 7, &rules), opens);
            health.left(Turn::Ordinary);
        }
        let read = health.reading(NOW + 7);
        assert_eq!((read.state, read.opens_in_ms, read.in_flight), (State::Open, 5000, 0));
        assert_eq!(
            (read.failures, read.last_failure),
            ([1, 0, 0, 0, 0, 0, 1], Some((Fault::Stalled, NOW + 7)))
        );
        let later = NOW + 5007;
        assert_eq!(health.reading(later).state, State::HalfOpen);
        assert_eq!(health.begin(None, later), Ok(Turn::Probe));
        assert_eq!(health.reading(later).state, State::HalfOpen);
        health.answered(Turn::Probe, 1500);
        health.left(Turn::Ordinary);
        let read = health.reading(later);
        assert_eq!(
            (read.state, read.answered, read.first_byte_micros, read.in_flight),
            (State::Closed, 1, 1500, 0)
        );
    }

    #[test]
    fn a_changed_provider_keeps_its_counts_and_gets_another_chance() {
        let (health, rules) = (Health::default(), Rules { failures: 1, ..Rules::default() });
        assert_eq!(health.begin(Some(1), NOW), Ok(Turn::Ordinary));
        assert!(health.failed(Turn::Ordinary, Fault::Refused, NOW, &rules));
        let renewed = health.renewed();
        assert_eq!((health.reading(NOW).state, renewed.reading(NOW).state), (State::Open, State::Closed));
        assert_eq!(renewed.begin(Some(1), NOW), Err(WHILE_FULL_MS), "the call before is still there");
        health.left(Turn::Ordinary);
        assert_eq!(renewed.begin(Some(1), NOW), Ok(Turn::Ordinary));
        assert_eq!(renewed.reading(NOW).failures.iter().sum::<u64>(), 1);
    }

    #[test]
    fn a_route_rests_as_long_as_it_asks_within_a_bound() {
        let (rest, rules) = (Rest::default(), Rules::default());
        assert_eq!(rest.wait_ms(NOW), 0);
        rest.rest(7000, NOW, &rules);
        assert_eq!((rest.wait_ms(NOW), rest.wait_ms(NOW + 6999), rest.wait_ms(NOW + 7000)), (7000, 1, 0));
        rest.rest(u64::MAX, NOW, &rules);
        assert_eq!(rest.wait_ms(NOW), 60_000);
    }

    #[test]
    fn threads_get_no_more_places_than_there_are_and_one_probe() {
        use std::sync::atomic::AtomicUsize;
        let (health, rules) = (Health::default(), Rules { failures: 1, ..Rules::default() });
        let (inside, most, served) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            for _ in 0..5000 {
                if let Ok(turn) = health.begin(Some(2), NOW) {
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    served.fetch_add(1, Ordering::SeqCst);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    health.left(turn);
                }
            }
        };
        std::thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(work))));
        let (most, served) = (most.load(Ordering::SeqCst), served.load(Ordering::SeqCst));
        assert!((1..=2).contains(&most) && served > 0, "{most} of {served}");
        assert_eq!(health.reading(NOW).in_flight, 0);

        health.failed(Turn::Ordinary, Fault::Status, NOW, &rules);
        let probes = AtomicUsize::new(0);
        let ask = || {
            for _ in 0..1000 {
                if health.begin(None, NOW + 5000).is_ok() {
                    probes.fetch_add(1, Ordering::SeqCst);
                }
            }
        };
        std::thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(ask))));
        assert_eq!(probes.into_inner(), 1);
    }

    #[test]
    fn what_is_declined_is_counted_and_closes_what_it_probed() {
        let (health, rules) = (Health::default(), Rules { failures: 1, ..Rules::default() });
        for _ in 0..3 {
            health.declined(Turn::Ordinary, Fault::Throttled, NOW);
        }
        assert_eq!((health.reading(NOW).state, health.reading(NOW).failures[2]), (State::Closed, 3));
        health.failed(Turn::Ordinary, Fault::Status, NOW, &rules);
        let later = NOW + 5000;
        assert_eq!(health.begin(None, later), Ok(Turn::Probe));
        health.declined(Turn::Probe, Fault::Throttled, later);
        assert_eq!(health.begin(None, later), Ok(Turn::Ordinary));
    }

    #[test]
    fn kinds_stand_where_their_numbers_say() {
        for (place, fault) in Fault::ALL.iter().enumerate() {
            assert_eq!(*fault as usize, place, "{}", fault.name());
        }
    }
}
