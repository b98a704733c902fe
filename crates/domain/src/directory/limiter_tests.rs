//! Every interleaving of a few threads that take, settle, drop and let expire. Under test the locks are shuttle's.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::limit::Rate;

const NOW: i64 = 1_795_478_400_000;

fn limits(requests: Option<u64>, tokens: Option<u64>, concurrency: Option<u32>) -> ModelLimits {
    let rate = |amount| Rate { amount, period_seconds: 60 };
    ModelLimits { requests: requests.map(rate), tokens: tokens.map(rate), concurrency }
}

/// The tokens that are counted now.
fn counted(limiter: &Limiter, now_ms: i64) -> u64 {
    let mut counts = limiter.lock();
    let standing = counts.tokens.as_mut().unwrap().standing(now_ms, 1);
    standing.limit - standing.remaining
}

fn call(levels: &[Arc<Limiter>; LEVELS], now_ms: i64, tokens: u64) -> Result<Held, Refused> {
    take([Some(&levels[0]), Some(&levels[1]), Some(&levels[2])], now_ms, Taking::Call(tokens))
}

fn levels(account: ModelLimits, workspace: ModelLimits, key: ModelLimits) -> [Arc<Limiter>; LEVELS] {
    [account, workspace, key].map(|limits| Arc::new(Limiter::new(limits)))
}

/// All interleavings, exhaustively.
fn every_interleaving(test: impl Fn() + Send + Sync + 'static) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let run = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        test();
    };
    shuttle::check_dfs(run, None);
    let runs = runs.load(Ordering::Relaxed);
    assert!(runs > 2, "{runs} interleavings");
}

#[test]
fn two_calls_for_one_place_get_one_whatever_the_order_of_their_steps() {
    for narrow in 0..LEVELS {
        every_interleaving(move || {
            let mut all = [limits(Some(9), Some(900), Some(9)); LEVELS];
            all[narrow] = limits(Some(1), Some(100), Some(1));
            let all = Arc::new(levels(all[0], all[1], all[2]));
            let calls = [60, 70].map(|tokens| {
                let all = Arc::clone(&all);
                shuttle::thread::spawn(move || call(&all, NOW, tokens))
            });
            let taken = calls.map(|call| call.join().unwrap());
            assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1);
            let refused = taken.iter().find_map(|taken| taken.as_ref().err()).unwrap();
            assert_eq!((refused.level, refused.full), (narrow, Full::Places));
            let held: u64 = if taken[0].is_ok() { 60 } else { 70 };
            assert!(all.iter().all(|limiter| counted(limiter, NOW) == held), "what was refused took nothing");
            drop(taken);
            for limiter in &*all {
                assert_eq!(counted(limiter, NOW), 0, "what was dropped gave all back");
                assert_eq!(limiter.lock().in_flight, 0);
            }
        });
    }
}

#[test]
fn settling_and_taking_and_dropping_at_once_never_passes_the_limit() {
    every_interleaving(|| {
        let all = Arc::new(levels(limits(None, Some(100), None), ModelLimits::NONE, ModelLimits::NONE));
        let mut first = call(&all, NOW, 80).unwrap();
        let settling = shuttle::thread::spawn(move || {
            first.settle(NOW, 30);
            first.settle(NOW, 70);
        });
        let taking = {
            let all = Arc::clone(&all);
            shuttle::thread::spawn(move || {
                let taken = call(&all, NOW, 70);
                assert!(counted(&all[0], NOW) <= 100);
                taken.map(drop).is_ok()
            })
        };
        settling.join().unwrap();
        taking.join().unwrap();
        assert_eq!(counted(&all[0], NOW), 30, "the first word counts, and what was dropped nothing");
    });
}

#[test]
fn a_reservation_that_expires_while_it_is_settled_gives_no_credit() {
    const LATER: i64 = NOW + 70_000;
    every_interleaving(|| {
        let all = Arc::new(levels(limits(None, Some(100), None), ModelLimits::NONE, ModelLimits::NONE));
        let mut old = call(&all, NOW, 90).unwrap();
        let settling = shuttle::thread::spawn(move || old.settle(LATER, 10));
        let taking = {
            let all = Arc::clone(&all);
            shuttle::thread::spawn(move || call(&all, LATER, 100).unwrap())
        };
        let held = taking.join().unwrap();
        settling.join().unwrap();
        assert_eq!(counted(&all[0], LATER), 100, "the new call's reservation is whole");
        assert!(call(&all, LATER, 1).is_err());
        drop(held);
        assert_eq!(counted(&all[0], LATER), 0);
    });
}

#[test]
fn limits_that_change_under_a_call_are_settled_exactly() {
    every_interleaving(|| {
        let all = Arc::new(levels(limits(None, Some(100), None), ModelLimits::NONE, ModelLimits::NONE));
        let mut old = call(&all, NOW, 90).unwrap();
        let changing = {
            let all = Arc::clone(&all);
            shuttle::thread::spawn(move || {
                all[0].set(ModelLimits::NONE);
                all[0].set(limits(None, Some(100), Some(2)));
                call(&all, NOW, 100)
            })
        };
        old.settle(NOW, 90);
        let taken = changing.join().unwrap();
        // Whether it was settled before or after, the old call has nothing to do with the new limit.
        assert!(taken.is_ok());
        assert_eq!(counted(&all[0], NOW), 100);
        drop(taken);
        assert_eq!(counted(&all[0], NOW), 0);
        assert_eq!(all[0].lock().in_flight, 0);
    });
}

#[test]
fn a_refusal_tells_of_the_tightest_limits_of_both_kinds() {
    shuttle::check_dfs(
        || {
            let all = levels(
                limits(Some(10), Some(1000), None),
                limits(Some(5), None, None),
                limits(None, Some(50), Some(1)),
            );
            let held = call(&all, NOW, 40).unwrap();
            let refused = call(&all, NOW, 5).unwrap_err();
            assert_eq!((refused.level, refused.full), (2, Full::Places));
            let Throttled { retry_ms, requests, tokens } = refused.throttled;
            assert_eq!(retry_ms, ANOTHER_PLACE_MS);
            let left =
                |standing: Option<Standing>| standing.map(|standing| (standing.limit, standing.remaining));
            assert_eq!((left(requests), left(tokens)), (Some((5, 4)), Some((50, 10))));
            drop(held);
        },
        None,
    );
}
