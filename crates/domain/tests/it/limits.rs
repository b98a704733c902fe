//! Rule 10: the account limit sums over all workspaces, a workspace limit caps within it, a key limit within that.

use bailey_domain::change::{Change, LimitLevel};
use bailey_domain::directory::Call;
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::Capability;
use bailey_domain::secret::KeyHash;
use bailey_domain::{AccountId, Principal, Reason};

use crate::house::{HOME, House, INFERENCE, MODEL, NOW, OTHER_MODEL, granted, model_name, put};

const fn requests(amount: u64) -> ModelLimits {
    ModelLimits { requests: Some(Rate { amount, period_seconds: 60 }), tokens: None }
}

const fn tokens(amount: u64) -> ModelLimits {
    ModelLimits { requests: None, tokens: Some(Rate { amount, period_seconds: 60 }) }
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
    let standing = house.admit(&keys[0].hash, MODEL).unwrap_err().standing.unwrap();
    assert_eq!((standing.limit, standing.remaining), (1, 0));
    assert!(standing.reset_ms > 59_000 && standing.reset_ms < 63_000, "{}", standing.reset_ms);
    let at = |now_ms| {
        let call = Call { key: Some(keys[0].hash.into()), workspace: None, source: HOME, now_ms };
        house.directory.admit(&call, MODEL, Capability::Chat).is_ok()
    };
    let reset = i64::try_from(standing.reset_ms).unwrap();
    assert!(!at(NOW + reset - 1) && at(NOW + reset) && !at(NOW + reset));
}

#[test]
fn tokens_count_when_they_are_known() {
    let house = House::new();
    let keys = keys(&house);
    house.apply(vec![
        limit(house.one.id, LimitLevel::Account, tokens(100)),
        limit(house.one.id, LimitLevel::Workspace(house.one.inside), tokens(50)),
        limit(house.one.id, LimitLevel::Key(keys[0].id), tokens(20)),
    ]);
    let first = house.admit(&keys[0].hash, MODEL).unwrap();
    let second = house.admit(&keys[1].hash, MODEL).unwrap();
    house.directory.settle(&first, 19, NOW);
    assert_eq!(house.refusal(&keys[0].hash, MODEL), None);
    house.directory.settle(&first, 1, NOW);
    assert_eq!(house.refusal(&keys[0].hash, MODEL), Some(Reason::TokensKey));
    house.directory.settle(&second, 30, NOW);
    assert_eq!(house.refusal(&keys[1].hash, MODEL), Some(Reason::TokensWorkspace));
    assert_eq!(house.refusal(&keys[2].hash, MODEL), None);
    let third = house.admit(&keys[2].hash, MODEL).unwrap();
    // More than was left is counted whole: what was used was used.
    house.directory.settle(&third, u64::MAX, NOW);
    assert_eq!(house.refusal(&keys[2].hash, MODEL), Some(Reason::TokensAccount));
    assert_eq!(house.refusal(&keys[3].hash, MODEL), None);
    // A call whose key is gone meanwhile is settled nowhere, and that is no fault.
    house.apply(vec![Change::KeyGone { key: keys[0].id }]);
    house.directory.settle(&first, 5, NOW);
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
