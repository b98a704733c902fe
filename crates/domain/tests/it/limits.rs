//! Rule 10: the account limit sums over all workspaces, a workspace limit caps within it, a key limit within that.

use bailey_domain::change::{Change, LimitLevel};
use bailey_domain::directory::Call;
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::Capability;
use bailey_domain::secret::KeyHash;
use bailey_domain::settings::Settings;
use bailey_domain::tokens::{Expected, Tokens};
use bailey_domain::{AccountId, Principal, Reason};

use crate::house::{HOME, House, INFERENCE, MODEL, NOW, OTHER_MODEL, granted, model_name, put};

const fn requests(amount: u64) -> ModelLimits {
    ModelLimits { requests: Some(Rate { amount, period_seconds: 60 }), ..ModelLimits::NONE }
}

const fn tokens(amount: u64) -> ModelLimits {
    ModelLimits { tokens: Some(Rate { amount, period_seconds: 60 }), ..ModelLimits::NONE }
}

fn limit(account: AccountId, level: LimitLevel, limits: ModelLimits) -> Change {
    Change::Limits { account, level, model: model_name(MODEL), limits }
}

/// Keys of root: two in `inside`, one in `beside`, one in the other account's `inside`.
fn keys(house: &House) -> [bailey_domain::change::KeyFacts; 4] {
    let keys = [house.one.inside, house.one.inside, house.one.beside, house.two.inside];
    let keys = keys.map(|workspace| house.key(workspace, Principal::Root, 0));
    house.apply(keys.iter().map(put).collect());
    house.apply(vec![granted(house.one.id, house.one.beside, MODEL, INFERENCE)]);
    keys
}

/// How many of so many calls at one moment are admitted.
fn admitted(house: &House, hash: &KeyHash, calls: usize) -> usize {
    (0..calls).filter(|_| house.admit(hash, MODEL).is_ok()).count()
}

#[test]
fn the_account_limit_sums_over_its_workspaces() {
    let house = House::new();
    let keys = keys(&house);
    house.apply(vec![limit(house.one.id, LimitLevel::Account, requests(5))]);
    assert_eq!(admitted(&house, &keys[0].hash, 2), 2);
    assert_eq!(admitted(&house, &keys[2].hash, 9), 3);
    for key in &keys[..3] {
        assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::RateAccount));
    }
    assert_eq!(admitted(&house, &keys[3].hash, 9), 9, "another account has limits of its own");
    let default = house.key(house.one.default, Principal::Root, 0);
    house.apply(vec![put(&default)]);
    assert_eq!(house.refusal(&default.hash, OTHER_MODEL), None, "and so has another model");
}

#[test]
fn each_level_caps_within_the_wider_one() {
    let house = House::new();
    let keys = keys(&house);
    let account = house.one.id;
    house.apply(vec![
        limit(account, LimitLevel::Account, requests(10)),
        limit(account, LimitLevel::Workspace(house.one.inside), requests(4)),
        limit(account, LimitLevel::Key(keys[0].id), requests(1)),
    ]);
    assert_eq!(admitted(&house, &keys[0].hash, 5), 1);
    assert_eq!(house.refusal(&keys[0].hash, MODEL), Some(Reason::RateKey));
    assert_eq!(admitted(&house, &keys[1].hash, 9), 3);
    assert_eq!(house.refusal(&keys[1].hash, MODEL), Some(Reason::RateWorkspace));
    // What was refused took nothing: six of the account's ten are left for the other workspace.
    assert_eq!(admitted(&house, &keys[2].hash, 20), 6);
    assert_eq!(house.refusal(&keys[2].hash, MODEL), Some(Reason::RateAccount));
}

#[test]
fn a_refusal_says_when_to_come_back_and_that_is_true() {
    let house = House::new();
    let keys = keys(&house);
    house.apply(vec![limit(house.one.id, LimitLevel::Workspace(house.one.inside), requests(1))]);
    assert!(house.admit(&keys[0].hash, MODEL).is_ok());
    let standing = house.admit(&keys[0].hash, MODEL).unwrap_err().throttled.unwrap().requests.unwrap();
    assert_eq!((standing.limit, standing.remaining), (1, 0));
    assert!(standing.reset_ms > 59_000 && standing.reset_ms < 63_000, "{}", standing.reset_ms);
    let at = |now_ms| {
        let call = Call { key: Some(keys[0].hash.into()), workspace: None, source: HOME, now_ms };
        house.directory.admit(&call, MODEL, Capability::Chat, Expected::default()).is_ok()
    };
    let reset = i64::try_from(standing.reset_ms).unwrap();
    assert!(!at(NOW + reset - 1) && at(NOW + reset) && !at(NOW + reset));
}

/// So many tokens of input.
fn used(input: u64) -> Tokens {
    Tokens { input, output: 0 }
}

#[test]
fn tokens_are_reserved_at_every_level_and_settled() {
    let house = House::new();
    let keys = keys(&house);
    house.apply(vec![
        limit(house.one.id, LimitLevel::Account, tokens(100)),
        limit(house.one.id, LimitLevel::Workspace(house.one.inside), tokens(50)),
        limit(house.one.id, LimitLevel::Key(keys[0].id), tokens(20)),
    ]);
    let refused =
        |key: usize, tokens| house.reserve(&keys[key].hash, tokens).err().map(|denied| denied.reason);
    let mut first = house.reserve(&keys[0].hash, 15).unwrap();
    assert_eq!(refused(0, 6), Some(Reason::TokensKey));
    assert_eq!(refused(1, 36), Some(Reason::TokensWorkspace));
    assert_eq!(refused(2, 86), Some(Reason::TokensAccount));
    assert_eq!([refused(0, 5), refused(1, 35), refused(2, 85), refused(3, 1000)], [None; 4]);
    first.settle(used(12), NOW);
    first.settle(used(1), NOW);
    assert_eq!((refused(0, 9), refused(0, 8)), (Some(Reason::TokensKey), None));
    // What is dropped without a word gave all of it back.
    drop(house.reserve(&keys[1].hash, 38).unwrap());
    assert_eq!((refused(1, 39), refused(1, 38)), (Some(Reason::TokensWorkspace), None));
    // More than was reserved is counted whole: what was used was used.
    let mut third = house.reserve(&keys[2].hash, 10).unwrap();
    third.settle(used(u64::MAX), NOW);
    assert_eq!(refused(2, 1), Some(Reason::TokensAccount));
    assert_eq!(refused(3, 1), None);
}

/// What a key's call used counts for the others, whatever becomes of the key.
#[test]
fn a_call_is_settled_after_its_key_is_gone() {
    let house = House::new();
    let keys = keys(&house);
    house.apply(vec![limit(house.one.id, LimitLevel::Account, tokens(100))]);
    let mut call = house.reserve(&keys[0].hash, 90).unwrap();
    house.apply(vec![Change::KeyGone { key: keys[0].id }]);
    assert_eq!(
        house.reserve(&keys[1].hash, 11).err().map(|denied| denied.reason),
        Some(Reason::TokensAccount)
    );
    call.settle(used(60), NOW);
    assert_eq!(
        house.reserve(&keys[1].hash, 41).err().map(|denied| denied.reason),
        Some(Reason::TokensAccount)
    );
    assert!(house.reserve(&keys[1].hash, 40).is_ok());
}

#[test]
fn a_call_that_may_use_more_than_the_limit_waits_for_an_empty_window() {
    let house = House::new();
    let keys = keys(&house);
    house.apply(vec![limit(house.one.id, LimitLevel::Account, tokens(100))]);
    let mut small = house.reserve(&keys[0].hash, 1).unwrap();
    assert_eq!(
        house.reserve(&keys[0].hash, 1000).err().map(|denied| denied.reason),
        Some(Reason::TokensAccount)
    );
    small.settle(Tokens::default(), NOW);
    let large = house.reserve(&keys[0].hash, 1000).unwrap();
    assert!(house.reserve(&keys[0].hash, 1).is_err());
    drop(large);
    // A call that says nothing may use what the settings say: 4096.
    let unsaid = house.admit(&keys[0].hash, MODEL).unwrap();
    assert_eq!((unsaid.reserved.output, house.reserve(&keys[0].hash, 1).is_err()), (4096, true));
    drop(unsaid);
    let settings = Settings { reserved_output_tokens: 50, ..Settings::default() };
    house.apply(vec![Change::Account { account: house.one.id, settings: Box::new(settings) }]);
    let two = [house.admit(&keys[0].hash, MODEL), house.admit(&keys[1].hash, MODEL)];
    assert!(two.iter().all(Result::is_ok) && house.admit(&keys[0].hash, MODEL).is_err());
}

#[test]
fn calls_at_a_time_are_counted_at_every_level() {
    let house = House::new();
    let keys = keys(&house);
    let at_a_time = |most| ModelLimits { concurrency: Some(most), ..ModelLimits::NONE };
    house.apply(vec![
        limit(house.one.id, LimitLevel::Account, at_a_time(4)),
        limit(house.one.id, LimitLevel::Workspace(house.one.inside), at_a_time(3)),
        limit(house.one.id, LimitLevel::Key(keys[0].id), at_a_time(1)),
    ]);
    let denied = |key: usize| house.admit(&keys[key].hash, MODEL).unwrap_err();
    let first = house.admit(&keys[0].hash, MODEL).unwrap();
    assert_eq!(denied(0).reason, Reason::Concurrency);
    assert_eq!(denied(0).throttled.unwrap().retry_ms, 1000);
    let mut inside = [house.admit(&keys[1].hash, MODEL).unwrap(), house.admit(&keys[1].hash, MODEL).unwrap()];
    let last = |key: usize| denied(key).decision(String::new()).chain.pop().unwrap().check;
    assert_eq!(last(1), "workspace-limit");
    let beside = house.admit(&keys[2].hash, MODEL).unwrap();
    assert_eq!((last(2), last(1)), ("account-limit".to_owned(), "account-limit".to_owned()));
    // A call that is settled has left, and so has one that is dropped; neither leaves twice.
    inside[0].settle(used(1), NOW);
    drop(inside);
    let again = [house.admit(&keys[1].hash, MODEL).unwrap(), house.admit(&keys[1].hash, MODEL).unwrap()];
    assert_eq!(denied(1).reason, Reason::Concurrency);
    // Taken away and set again, the limit still knows who is in flight.
    house.apply(vec![limit(house.one.id, LimitLevel::Account, ModelLimits::NONE)]);
    house.apply(vec![limit(house.one.id, LimitLevel::Account, at_a_time(4))]);
    assert_eq!(last(2), "account-limit");
    drop((first, beside, again));
    house.apply(vec![limit(house.one.id, LimitLevel::Account, at_a_time(0))]);
    assert_eq!(denied(3 - 1).reason, Reason::Concurrency);
}

#[test]
fn a_changed_limit_keeps_its_count() {
    let house = House::new();
    let keys = keys(&house);
    let set = |amount| house.apply(vec![limit(house.one.id, LimitLevel::Account, requests(amount))]);
    set(3);
    assert_eq!(admitted(&house, &keys[0].hash, 9), 3);
    set(5);
    assert_eq!(admitted(&house, &keys[0].hash, 9), 2);
    set(1);
    assert_eq!(admitted(&house, &keys[0].hash, 9), 0);
    house.apply(vec![limit(house.one.id, LimitLevel::Account, ModelLimits::default())]);
    assert_eq!(admitted(&house, &keys[0].hash, 9), 9);
    // A key that changes keeps its limits and their counts.
    house.apply(vec![limit(house.one.id, LimitLevel::Key(keys[1].id), requests(2))]);
    assert_eq!(admitted(&house, &keys[1].hash, 1), 1);
    house.apply(vec![put(&keys[1])]);
    assert_eq!(admitted(&house, &keys[1].hash, 9), 1);
}

/// Eight threads at one moment get exactly what the limit gives, at whichever level it is.
#[test]
fn concurrent_calls_never_get_more_than_the_limit() {
    for level in 0..3 {
        let house = House::new();
        let keys = keys(&house);
        let account = house.one.id;
        let narrow =
            [LimitLevel::Account, LimitLevel::Workspace(house.one.inside), LimitLevel::Key(keys[0].id)]
                [level];
        house.apply(vec![
            limit(account, LimitLevel::Account, requests(100_000)),
            limit(account, LimitLevel::Workspace(house.one.inside), requests(100_000)),
            limit(account, narrow, requests(500)),
        ]);
        let total: usize = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| admitted(&house, &keys[0].hash, 1000))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        assert_eq!(total, 500);
        // None of the wider limits has lost anything to the refused ones.
        if level > 0 {
            house.apply(vec![limit(account, LimitLevel::Account, requests(501))]);
            assert_eq!(admitted(&house, &keys[2].hash, 9), 1);
        }
    }
}
