//! Revisions come in order, each once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use bailey_domain::change::Change;
use bailey_domain::directory::Applied;
use bailey_domain::operations::ListMembers;
use bailey_domain::{Error, Principal, Reason, WorkspaceId};

use crate::house::{House, MODEL, put};

#[test]
fn a_revision_before_its_predecessor_is_refused_and_changes_nothing() {
    let house = House::new();
    let key = house.members_key();
    let revision = house.directory.revision();
    let off = || vec![Change::KeyGone { key: key.id }];
    let error = house.directory.apply(revision + 2, off()).unwrap_err();
    assert!(matches!(error, Error::Internal(_)));
    assert_eq!((house.directory.revision(), house.refusal(&key.hash, MODEL)), (revision, None));
    house.directory.apply(revision + 1, off()).unwrap();
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::KeyUnknown));
}

/// A revision that comes a second time, from the feed after the local commit or the other way round, is old news.
#[test]
fn a_revision_that_is_here_already_changes_nothing() {
    let house = House::new();
    let key = house.members_key();
    let revision = house.directory.revision();
    let admitted = house.admit(&key.hash, MODEL).unwrap();
    for old in [0, 1, revision] {
        let applied = house.directory.apply(old, vec![Change::KeyGone { key: key.id }]).unwrap();
        assert_eq!(applied, Applied::default());
    }
    assert_eq!((house.directory.revision(), house.refusal(&key.hash, MODEL)), (revision, None));
    assert_eq!(admitted.flight().cut_reason(), None);
}

#[test]
fn a_refusal_names_the_revision_it_was_decided_at() {
    let house = House::new();
    let hash = house.hash();
    for _ in 0..3 {
        house.apply(Vec::new());
        let denied = house.admit(&hash, MODEL).unwrap_err();
        assert_eq!(denied.decision(String::new()).revision, house.directory.revision());
    }
}

/// Whoever reads while changes come sees the state before or after a revision, never one in between.
#[test]
fn a_revision_is_seen_as_a_whole() {
    let house = House::new();
    let keys =
        [house.key(house.one.inside, Principal::Root, 0), house.key(house.one.inside, Principal::Root, 0)];
    house.apply(keys.iter().map(put).collect());
    let done = AtomicBool::new(false);
    let started = Barrier::new(2);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            started.wait();
            while !done.load(Ordering::SeqCst) {
                // One call of the census reads both counts under one lock: keys come and go in pairs.
                assert_eq!(house.directory.census().keys % 2, 0);
            }
        });
        started.wait();
        for _ in 0..500 {
            house.apply(keys.iter().map(|key| Change::KeyGone { key: key.id }).collect());
            house.apply(keys.iter().map(put).collect());
        }
        done.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
}

/// A revision that cannot be brought in leaves a state that nobody may rely on: everything is refused, what is in
/// flight too, until the process is started again.
#[test]
fn a_revision_that_does_not_fit_ends_all_decisions() {
    let house = House::new();
    let key = house.members_key();
    let other_key = house.members_key();
    let admitted = [&key, &other_key].map(|key| house.admit(&key.hash, MODEL).unwrap());
    let nowhere =
        Change::MemberGone { workspace: WorkspaceId::random(&house.entropy), user: house.one.people.member };
    let revision = house.directory.revision();
    // The first change is good and the second cannot be: the whole revision is in doubt.
    house.directory.apply(revision + 1, vec![Change::KeyGone { key: key.id }, nowhere]).unwrap_err();
    assert_eq!(house.directory.revision(), revision);
    assert_eq!(house.refusal(&other_key.hash, MODEL), Some(Reason::NotConfirmed));
    let other = house.caller(&house.two, Principal::Root);
    assert_eq!(house.may::<ListMembers>(&other, house.two.inside), Err(Reason::NotConfirmed));
    let cut = admitted.map(|admitted| admitted.flight().cut_reason());
    assert_eq!(cut, [Some(Reason::KeyUnknown), Some(Reason::NotConfirmed)]);
}
