//! Keys and the seats that they were made under; numbers that are never given twice.

use bailey_domain::change::{Change, KeyFacts, PolicyType, PreviousValue};
use bailey_domain::name::UserName;
use bailey_domain::operations::{CreateWorkspace, ListMembers};
use bailey_domain::scope::WholeAccount;
use bailey_domain::secret::KeyHash;
use bailey_domain::{Pages, Principal, Reason, UserId};

use crate::house::{House, INFERENCE, MODEL, NOW, attached, document, granted, model, policy_name, put};

#[test]
fn a_key_lives_exactly_as_long_as_its_seat() {
    let house = House::new();
    let (workspace, user) = (house.one.inside, house.one.people.member);
    let seat = |epoch| Change::Member { workspace, user, pages: Pages::NONE, epoch };
    let key = house.members_key();
    house.apply(vec![Change::MemberGone { workspace, user }]);
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::OwnerNotMember));
    // Another seat, even in the same workspace, does not revive it; the old epoch would, which is why none comes twice.
    house.apply(vec![seat(9)]);
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::OwnerNotMember));
    let new = KeyFacts { epoch: 9, ..house.key(workspace, Principal::User(user), 9) };
    house.apply(vec![put(&new)]);
    assert_eq!(house.refusal(&new.hash, MODEL), None);
    // `restoreKeys` moves the key to the new seat.
    house.apply(vec![put(&KeyFacts { epoch: 9, ..key.clone() })]);
    assert_eq!(house.refusal(&key.hash, MODEL), None);
    // A key whose creation lost the race with the removal never lives.
    house.apply(vec![
        Change::MemberGone { workspace, user },
        put(&house.key(workspace, Principal::User(user), 9)),
    ]);
    let late = house.key(workspace, Principal::User(user), 9);
    house.apply(vec![put(&late), seat(12)]);
    assert_eq!(house.refusal(&late.hash, MODEL), Some(Reason::OwnerNotMember));
}

#[test]
fn roots_keys_need_no_seat() {
    let house = House::new();
    let key = house.key(house.one.inside, Principal::Root, 0);
    house.apply(vec![put(&key)]);
    assert_eq!(house.refusal(&key.hash, MODEL), None);
}

/// Deleted and created again, even under the same id, somebody has nothing of what the old one had.
#[test]
fn a_user_that_comes_back_gets_nothing() {
    let house = House::new();
    let (account, workspace, user) = (house.one.id, house.one.inside, house.one.people.member);
    let key = house.members_key();
    house.apply(vec![attached(account, user, PolicyType::System, "AliyunBailianFullAccess")]);
    assert_eq!(house.may::<CreateWorkspace>(&house.user(user), WholeAccount), Ok(()));
    let name = UserName::parse("name", "user-1").unwrap();
    // Without the removals that come first in the feed too: nothing may depend on them.
    for removals in [vec![Change::MemberGone { workspace, user }], Vec::new()] {
        house.apply(removals.into_iter().chain([Change::UserGone { user }]).collect());
        assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::OwnerDeleted));
        house.apply(vec![Change::User { account, user, name: name.clone() }]);
        let caller = house.user(user);
        assert_eq!(house.may::<CreateWorkspace>(&caller, WholeAccount), Err(Reason::ImplicitDeny));
        assert_eq!(house.may::<ListMembers>(&caller, workspace), Err(Reason::WorkspaceAccessDenied));
        assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::OwnerDeleted));
        house.apply(vec![Change::Member { workspace, user, pages: Pages::all(), epoch: 1 }]);
        assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::OwnerDeleted));
    }
}

#[test]
fn a_workspace_that_comes_back_is_empty() {
    let house = House::new();
    let (account, workspace, user) = (house.one.id, house.one.inside, house.one.people.member);
    let key = house.members_key();
    house.apply(vec![Change::WorkspaceGone { workspace }]);
    assert!(house.refusal(&key.hash, MODEL).is_some());
    house.apply(vec![Change::Workspace { account, workspace, is_default: false, open: true }]);
    assert!(house.refusal(&key.hash, MODEL).is_some());
    assert_eq!(house.directory.pages(workspace, user), None);
    let fresh = house.key(workspace, Principal::Root, 0);
    house.apply(vec![put(&fresh), Change::Workspace { account, workspace, is_default: false, open: false }]);
    assert_eq!(house.refusal(&fresh.hash, MODEL), Some(Reason::ModelNotGranted));
}

#[test]
fn a_model_that_comes_back_is_granted_to_nobody() {
    let house = House::new();
    let (account, key) = (house.one.id, house.members_key());
    house.apply(vec![Change::ModelGone { account, model: model(MODEL).model }]);
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::ModelUnknown));
    house.apply(vec![Change::Model { account, model: Box::new(model(MODEL)) }]);
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::ModelNotGranted));
    house.apply(vec![granted(account, house.one.inside, MODEL, INFERENCE)]);
    assert_eq!(house.refusal(&key.hash, MODEL), None);
    // Changing a model is not another model.
    house.apply(vec![Change::Model { account, model: Box::new(model(MODEL)) }]);
    assert_eq!(house.refusal(&key.hash, MODEL), None);
}

#[test]
fn a_policy_that_comes_back_is_attached_to_nobody() {
    let house = House::new();
    let (account, user) = (house.one.id, house.one.people.nobody);
    let policy = |action| Change::Policy {
        version: 1,
        account,
        name: policy_name("Mine"),
        document: document("Allow", action),
    };
    house.apply(vec![policy("modelstudio:*"), attached(account, user, PolicyType::Custom, "MINE")]);
    let caller = house.user(user);
    assert_eq!(house.may::<CreateWorkspace>(&caller, WholeAccount), Ok(()));
    // A new default version counts for everybody who has the policy.
    house.apply(vec![policy("sfm:*")]);
    assert_eq!(house.may::<CreateWorkspace>(&caller, WholeAccount), Err(Reason::ImplicitDeny));
    house.apply(vec![policy("modelstudio:*")]);
    house.apply(vec![Change::PolicyGone { account, name: policy_name("mine") }]);
    assert_eq!(house.may::<CreateWorkspace>(&caller, WholeAccount), Err(Reason::ImplicitDeny));
    house.apply(vec![policy("modelstudio:*")]);
    assert_eq!(house.may::<CreateWorkspace>(&caller, WholeAccount), Err(Reason::ImplicitDeny));
}

#[test]
fn a_reset_key_has_one_value() {
    let house = House::new();
    let key = house.members_key();
    let reset = KeyFacts { hash: house.hash(), ..key.clone() };
    house.apply(vec![put(&reset)]);
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::KeyUnknown));
    assert_eq!(house.refusal(&reset.hash, MODEL), None);
    house.apply(vec![Change::KeyGone { key: key.id }]);
    assert_eq!(house.refusal(&reset.hash, MODEL), Some(Reason::KeyUnknown));
    // Its number is not given again, nor does deleting it twice matter.
    house.apply(vec![Change::KeyGone { key: key.id }, put(&key)]);
    assert_eq!(house.refusal(&key.hash, MODEL), None);
    assert_eq!(house.refusal(&reset.hash, MODEL), Some(Reason::KeyUnknown));
}

#[test]
fn a_value_before_counts_until_its_end_and_no_longer_than_the_key() {
    let house = House::new();
    let key = house.members_key();
    let rotated = |ends_at_ms| {
        let previous = Some(PreviousValue { hash: key.hash, ends_at_ms });
        KeyFacts { hash: KeyHash::from_bytes([9; 32]), previous, ..key.clone() }
    };
    let new = rotated(NOW + 1_000);
    let old = house.admit(&key.hash, MODEL).unwrap();
    assert_eq!(house.apply(vec![put(&new)]).cut, 0, "calls of the old value go on");
    let admit = |hash: &KeyHash| house.admit(hash, MODEL);
    let (again, late) = (admit(&key.hash).unwrap(), admit(&new.hash).unwrap());
    assert_eq!((again.key, late.key), (key.id, key.id));
    let reset = KeyFacts { expires_at_ms: Some(NOW + 500), ..new.clone() };
    house.apply(vec![put(&reset), put(&new)]);
    assert_eq!(house.directory.cut_expired(NOW + 999), 0);
    assert_eq!(house.directory.cut_expired(NOW + 1_000), 2);
    assert_eq!(old.flight().cut_reason(), Some(Reason::KeyExpired));
    assert_eq!(late.flight().cut_reason(), None);
    // It dies with the key, and with the next value, whatever its own end.
    let other = admit(&key.hash).unwrap();
    for (change, reason) in [
        (KeyFacts { disabled: true, ..new.clone() }, Some(Reason::KeyDisabled)),
        (KeyFacts { previous: None, ..new.clone() }, Some(Reason::KeyUnknown)),
        (rotated(NOW), Some(Reason::KeyExpired)),
        (new.clone(), None),
    ] {
        house.apply(vec![put(&change)]);
        assert_eq!(house.refusal(&key.hash, MODEL), reason);
    }
    assert_eq!(other.flight().cut_reason(), Some(Reason::KeyDisabled));
    house.apply(vec![Change::KeyGone { key: key.id }]);
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::KeyUnknown));
}

#[test]
fn seats_are_counted_once() {
    use bailey_domain::operations::ListModels;
    let house = House::new();
    let (user, caller) = (house.one.people.nobody, house.user(house.one.people.nobody));
    let seat = |workspace, pages| Change::Member { workspace, user, pages, epoch: 5 };
    assert_eq!(house.may::<ListModels>(&caller, WholeAccount), Err(Reason::ImplicitDeny));
    // Setting the pages of a seat twice is one seat still.
    house.apply(vec![
        seat(house.one.inside, Pages::NONE),
        seat(house.one.inside, Pages::all()),
        seat(house.one.beside, Pages::NONE),
    ]);
    let gone = |workspace| Change::MemberGone { workspace, user };
    house.apply(vec![gone(house.one.inside)]);
    assert_eq!(house.may::<ListModels>(&caller, WholeAccount), Ok(()));
    house.apply(vec![gone(house.one.beside), gone(house.one.beside)]);
    assert_eq!(house.may::<ListModels>(&caller, WholeAccount), Err(Reason::ImplicitDeny));
}

/// What is gone leaves nothing behind that the tables would trip over when they grow.
#[test]
fn tables_grow_over_what_is_gone() {
    let house = House::new();
    let new_key = || house.key(house.one.inside, Principal::Root, 0);
    for _ in 0..300 {
        let key = new_key();
        let reset = KeyFacts { hash: house.hash(), ..key.clone() };
        house.apply(vec![put(&key), put(&reset), Change::KeyGone { key: key.id }]);
    }
    let user =
        |id| Change::User { account: house.one.id, user: id, name: UserName::parse("name", "x").unwrap() };
    for _ in 0..300 {
        let id = UserId::random(&house.entropy);
        house.apply(vec![user(id), Change::UserGone { user: id }]);
    }
    // Some twenty in each of the 1,024 shards, which all grow several times.
    let keys: Vec<_> = (0..20_000).map(|_| new_key()).collect();
    house.apply(keys.iter().map(put).collect());
    house.apply((0..20_000).map(|_| user(UserId::random(&house.entropy))).collect());
    assert!(keys.iter().all(|key| house.refusal(&key.hash, MODEL).is_none()));
    assert_eq!(house.directory.census().keys, 20_000);
}
