//! The arithmetic of windows against a naive log.

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

/// A call in a naive log: when it was admitted, and what counts of it.
#[derive(Clone, Copy, Debug)]
struct Logged {
    at_ms: i64,
    counts: u64,
}

proptest! {
    /// Calls reserve, and are settled in any order, some never, some with more than they reserved.
    #[test]
    fn reserved_and_used_together_never_pass_the_limit_over_any_rolling_period(
        limit in 1u64..400, period in 1u32..120,
        steps in prop::collection::vec((0i64..4000, 1u64..200, any::<u16>(), 0u64..200), 1..400),
    ) {
        let mut window = Window::new(Rate { amount: limit, period_seconds: period });
        let mut now = 1_795_478_400_000;
        let mut log: Vec<Logged> = Vec::new();
        let mut open: Vec<(usize, Option<Reserved>, u64)> = Vec::new();
        for (gap, expected, which, used) in steps {
            now += gap;
            let claim = window.claim(expected);
            match window.check(now, claim) {
                Ok(()) => {
                    open.push((log.len(), window.reserve(now, claim), claim));
                    log.push(Logged { at_ms: now, counts: claim });
                }
                Err(standing) => {
                    let later = now + i64::try_from(standing.reset_ms).unwrap();
                    prop_assert!(window.clone().check(later, claim).is_ok(), "{standing:?}");
                }
            }
            if which % 3 != 0 && !open.is_empty() {
                let (place, reserved, claim) = open.swap_remove(usize::from(which) % open.len());
                let used = used.min(claim);
                window.settle(now, reserved, used);
                log[place].counts = used;
            }
            let from = now - i64::from(period) * 1000;
            let within: u64 = log.iter().filter(|call| call.at_ms > from).map(|call| call.counts).sum();
            prop_assert!(within <= limit, "{within} > {limit}");
            let standing = window.standing(now, 0);
            let counted = limit - standing.remaining;
            // What has just left the period may be counted for one slot more, and nothing that is not in the log.
            let slot = i64::from(period) * 1000 / 63 + 1;
            let almost: u64 = log.iter().filter(|call| call.at_ms > from - slot).map(|call| call.counts).sum();
            prop_assert!((within..=almost).contains(&counted), "{within} {counted} {almost}");
        }
    }
}

#[test]
fn more_than_was_reserved_counts_from_now_and_is_no_credit() {
    let mut window = Window::new(Rate { amount: 100, period_seconds: 60 });
    let reserved = window.reserve(1_000_000, 40);
    window.settle(1_050_000, reserved, 70);
    assert_eq!(window.standing(1_050_000, 0).remaining, 30);
    assert_eq!(window.standing(1_062_000, 0).remaining, 70, "the rest came with the settling");
    let reserved = window.reserve(1_062_000, 40);
    window.settle(1_062_000, reserved, u64::MAX);
    assert!(window.check(1_062_000, 1).is_err());
}

#[test]
fn a_window_that_began_anew_gives_nothing_back_for_its_predecessor() {
    let mut window = Window::new(Rate { amount: 100, period_seconds: 60 });
    let reserved = window.reserve(1_000_000, 40);
    window.set_rate(Rate { amount: 100, period_seconds: 61 });
    window.add(1_000_000, 50);
    window.settle(1_000_000, reserved, 0);
    assert_eq!(window.standing(1_000_000, 0).remaining, 50);
}

#[test]
fn a_claim_is_something_and_never_more_than_the_whole() {
    let window = Window::new(Rate { amount: 100, period_seconds: 60 });
    assert_eq!([0, 1, 100, 101, u64::MAX].map(|expected| window.claim(expected)), [1, 1, 100, 100, 100]);
    let mut none = Window::new(Rate { amount: 0, period_seconds: 60 });
    let claim = none.claim(5);
    assert!(none.check(1_000_000, claim).is_err(), "nothing fits into a limit of nothing");
}
