//! Budgets: what calls may cost is reserved at every level, what they cost is settled, and a month is a month.

use bailey_domain::budget::{Budget, BudgetLevel, Month};
use bailey_domain::change::{Change, KeyFacts, LimitLevel};
use bailey_domain::directory::{Admitted, Call, Crossing, Denied};
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::{Capability, Price};
use bailey_domain::tokens::{Expected, Tokens};
use bailey_domain::{Principal, Reason};

use crate::house::{HOME, House, MODEL, NOW, OTHER_MODEL, model, model_name, put};

/// A micro-unit for each token.
fn priced(house: &House) {
    for account in [house.one.id, house.two.id] {
        let mut entry = model(MODEL);
        for kind in ["input", "output"] {
            entry.prices.push(Price { kind: kind.to_owned(), micro_per_thousand_tokens: 1000 });
        }
        house.apply(vec![Change::Model { account, model: Box::new(entry) }]);
    }
}

fn budget(house: &House, level: BudgetLevel, amount: u64, notices: &[u8], hard_stop: bool) {
    let budget = Box::new(Budget::new(amount, notices.to_vec(), hard_stop).unwrap());
    let change = Change::Budget { account: house.one.id, level, budget, month_of_ms: NOW, spent_micro: 0 };
    house.apply(vec![change]);
}

fn keys(house: &House) -> [KeyFacts; 3] {
    let member = Principal::User(house.one.people.member);
    let keys = [
        house.key(house.one.inside, member, 1),
        house.key(house.one.inside, Principal::Root, 0),
        house.key(house.two.inside, Principal::Root, 0),
    ];
    house.apply(keys.iter().map(put).collect());
    keys
}

fn last(denied: &Denied) -> String {
    assert_eq!(denied.reason, Reason::Budget);
    denied.decision(String::new()).chain.pop().unwrap().check
}

fn spent(house: &House, level: BudgetLevel) -> (u64, u64) {
    let spending = house.directory.spending(house.one.id, level, NOW).unwrap();
    (spending.spent_micro, spending.reserved_micro)
}

#[test]
fn every_level_reserves_and_settles() {
    let house = House::new();
    priced(&house);
    let keys = keys(&house);
    let (workspace, user) = (house.one.inside, house.one.people.member);
    let levels = [
        BudgetLevel::Account,
        BudgetLevel::Workspace(workspace),
        BudgetLevel::Member(workspace, user),
        BudgetLevel::Key(keys[0].id),
    ];
    for (level, amount) in levels.into_iter().zip([400, 300, 200, 100]) {
        budget(&house, level, amount, &[], true);
    }
    let denied = |key: usize, tokens| last(&house.reserve(&keys[key].hash, tokens).unwrap_err());
    assert_eq!(denied(0, 101), "key-budget");
    assert_eq!(denied(0, 201), "member-budget");
    assert_eq!(denied(1, 301), "workspace-budget");
    assert_eq!(denied(1, 401), "account-budget");
    assert!(house.reserve(&keys[2].hash, 1_000_000).is_ok(), "another account has no budget");
    let mut first = house.reserve(&keys[0].hash, 100).unwrap();
    assert_eq!(levels.map(|level| spent(&house, level)), [(0, 100); 4]);
    assert_eq!((denied(0, 1), denied(1, 201)), ("key-budget".to_owned(), "workspace-budget".to_owned()));
    first.settle(Tokens { input: 20, output: 10 }, NOW);
    first.settle(Tokens { input: 20, output: 10 }, NOW);
    drop(first);
    drop(house.reserve(&keys[0].hash, 70).unwrap());
    assert_eq!(levels.map(|level| spent(&house, level)), [(30, 0); 4]);
    // A key that changes keeps its budget; a budget that changes keeps what was spent; one that is gone refuses nobody.
    house.apply(vec![put(&keys[0])]);
    budget(&house, levels[3], 40, &[], true);
    assert_eq!(denied(0, 11), "key-budget");
    house.apply(levels.iter().map(|&level| Change::BudgetGone { account: house.one.id, level }).collect());
    assert!(house.reserve(&keys[0].hash, 1_000_000).is_ok());
    assert_eq!(house.directory.spending(house.one.id, levels[0], NOW), None);
}

#[test]
fn what_a_budget_refuses_counts_nowhere_and_what_is_free_is_let_through() {
    let house = House::new();
    priced(&house);
    let keys = keys(&house);
    let account = house.one.id;
    let limits = ModelLimits { requests: Some(Rate { amount: 1, period_seconds: 60 }), ..ModelLimits::NONE };
    let level = LimitLevel::Account;
    house.apply(vec![Change::Limits { account, level, model: model_name(MODEL), limits }]);
    budget(&house, BudgetLevel::Account, 10, &[], true);
    let denied = house.reserve(&keys[1].hash, 11).unwrap_err();
    let rest = Month::of(NOW).ends_ms() - NOW;
    assert_eq!(denied.throttled.unwrap().retry_ms, rest.unsigned_abs());
    assert!(house.reserve(&keys[1].hash, 10).is_ok(), "the refused call took no request");
    assert_eq!(house.reserve(&keys[1].hash, 1).unwrap_err().reason, Reason::RateAccount);
    assert_eq!(spent(&house, BudgetLevel::Account), (0, 0), "and one that a limit refuses takes no money");
    house.apply(vec![put(&house.key(house.one.default, Principal::Root, 0))]);
    let default = house.key(house.one.default, Principal::Root, 0);
    house.apply(vec![put(&default)]);
    budget(&house, BudgetLevel::Account, 0, &[], true);
    assert!(house.admit(&default.hash, OTHER_MODEL).is_ok(), "a model without a price costs nothing");
    budget(&house, BudgetLevel::Account, 0, &[], false);
    house.apply(vec![Change::Limits { account, level, model: model_name(MODEL), limits: ModelLimits::NONE }]);
    assert!(house.reserve(&keys[1].hash, 1000).is_ok(), "without a hard stop nothing is refused");
}

/// Five hundred calls at one moment spend what the budget has and no more.
#[test]
fn parallel_calls_cannot_overdraw() {
    let house = House::new();
    priced(&house);
    let keys = keys(&house);
    budget(&house, BudgetLevel::Workspace(house.one.inside), 1000, &[], true);
    let call =
        || -> Vec<Admitted> { (0..125).filter_map(|_| house.reserve(&keys[1].hash, 9).ok()).collect() };
    let admitted: Vec<Admitted> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(call)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(admitted.len(), 111);
    for mut call in admitted {
        call.settle(Tokens { input: 9, output: 0 }, NOW);
    }
    assert_eq!(spent(&house, BudgetLevel::Workspace(house.one.inside)), (999, 0));
    assert_eq!(house.reserve(&keys[1].hash, 2).unwrap_err().reason, Reason::Budget);
    assert!(house.reserve(&keys[1].hash, 1).is_ok());
}

#[test]
fn a_new_month_begins_with_nothing_spent_and_belongs_to_its_own_calls() {
    let house = House::new();
    priced(&house);
    let keys = keys(&house);
    budget(&house, BudgetLevel::Account, 100, &[], true);
    let next = Month::of(NOW).ends_ms();
    let at = |now_ms, tokens| {
        let call = Call { key: Some(keys[1].hash.into()), workspace: None, source: HOME, now_ms };
        let expected = Expected { input_tokens: tokens, output_tokens: Some(0), choices: 1 };
        house.directory.admit(&call, MODEL, Capability::Chat, expected)
    };
    let mut old = at(next - 1, 90).unwrap();
    assert!(at(next - 1, 11).is_err());
    let new = at(next, 100).unwrap();
    // What began in the old month is its expense, and gives the new one nothing back; nor does a clock that steps back.
    old.settle(Tokens { input: 5, output: 0 }, next);
    assert!(at(next, 1).is_err() && at(NOW, 1).is_err());
    drop(new);
    let spending = house.directory.spending(house.one.id, BudgetLevel::Account, next).unwrap();
    assert_eq!((spending.month, spending.spent_micro, spending.reserved_micro), (Month::of(next), 0, 0));
}

#[test]
fn notices_are_given_once_as_they_are_reached() {
    let house = House::new();
    priced(&house);
    let keys = keys(&house);
    budget(&house, BudgetLevel::Account, 100, &[50, 80, 100], false);
    let spend = |tokens| {
        let mut call = house.reserve(&keys[1].hash, tokens).unwrap();
        call.settle(Tokens { input: tokens, output: 0 }, NOW);
        let crossings = house.directory.take_crossings();
        let about = |crossing: &Crossing| {
            (crossing.account, crossing.level, crossing.month)
                == (house.one.id, BudgetLevel::Account, Month::of(NOW))
        };
        assert!(crossings.iter().all(about));
        crossings.iter().map(|crossing| crossing.percent).collect::<Vec<_>>()
    };
    assert_eq!(spend(49), [] as [u8; 0]);
    assert_eq!(spend(1), [50]);
    assert_eq!(spend(10), [] as [u8; 0]);
    assert_eq!(spend(60), [80, 100]);
    assert_eq!(spend(1000), [] as [u8; 0]);
}

#[test]
fn what_is_gone_has_no_budget() {
    let house = House::new();
    let keys = keys(&house);
    let level = BudgetLevel::Key(keys[0].id);
    house.apply(vec![Change::KeyGone { key: keys[0].id }]);
    budget(&house, level, 1, &[], true);
    assert_eq!(house.directory.spending(house.one.id, level, NOW), None);
    budget(&house, BudgetLevel::Key(keys[1].id), 1, &[], true);
    assert_eq!(house.directory.spending(house.two.id, BudgetLevel::Key(keys[1].id), NOW), None);
}

/// Neither limits nor budgets at every level make a call allocate, whether it is settled or dropped.
#[test]
fn admitting_and_settling_allocate_nothing() {
    let house = House::new();
    priced(&house);
    let keys = keys(&house);
    let (account, workspace) = (house.one.id, house.one.inside);
    let rate = |amount| Some(Rate { amount, period_seconds: 60 });
    let limits = ModelLimits { requests: rate(1000), tokens: rate(1_000_000), concurrency: Some(9) };
    for level in [LimitLevel::Account, LimitLevel::Workspace(workspace), LimitLevel::Key(keys[0].id)] {
        house.apply(vec![Change::Limits { account, level, model: model_name(MODEL), limits }]);
    }
    let member = BudgetLevel::Member(workspace, house.one.people.member);
    for level in
        [BudgetLevel::Account, BudgetLevel::Workspace(workspace), member, BudgetLevel::Key(keys[0].id)]
    {
        budget(&house, level, 1_000_000, &[50], true);
    }
    let call = |settle: bool| {
        let mut admitted = house.reserve(&keys[0].hash, 100).unwrap();
        if settle {
            admitted.settle(Tokens { input: 5, output: 5 }, NOW);
        }
    };
    // The first flights make room for those that follow.
    call(true);
    call(false);
    let counted = allocation_counter::measure(|| {
        for settle in [true, false, true, true] {
            call(settle);
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
}
