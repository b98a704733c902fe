//! Calls in flight: cut when the right that they rely on ends, and only then.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, KeyFacts, LimitLevel, PolicyType};
use bailey_domain::key_auth::{KeyAuth, parse_network};
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::Grant;
use bailey_domain::name::UserName;
use bailey_domain::secret::KeyHash;
use bailey_domain::{AccessKeyId, Page, Pages, Principal, Reason, UserId};

use crate::house::{
    House, INFERENCE, MODEL, NOW, OTHER_MODEL, attached, document, granted, model, model_name, policy_name,
    provider, put,
};

fn networks(network: &str, model: &str) -> Option<KeyAuth> {
    let access_ips = vec![parse_network("accessIps", network).unwrap()];
    Some(KeyAuth { access_ips, accessible_models: Some(vec![model.into()]) })
}

/// Admits a call with the member's key, applies the change, and gives why the call was cut.
fn after(change: impl FnOnce(&House, &KeyFacts) -> Vec<Change>) -> Option<Reason> {
    let house = House::new();
    let key = house.members_key();
    let admitted = house.admit(&key.hash, MODEL).unwrap();
    let changes = change(&house, &key);
    let applied = house.apply(changes);
    let reason = admitted.flight().cut_reason();
    assert_eq!(applied.cut, u64::from(reason.is_some()));
    // What is cut is refused from now on too, and what goes on would be admitted again.
    assert_eq!(house.refusal(&key.hash, MODEL), reason);
    reason
}

#[test]
fn a_call_is_cut_when_its_right_ends() {
    let member = |house: &House| (house.one.inside, house.one.people.member);
    assert_eq!(
        after(|house, _| {
            let (workspace, user) = member(house);
            vec![Change::MemberGone { workspace, user }]
        }),
        Some(Reason::OwnerNotMember)
    );
    assert_eq!(
        after(|house, _| {
            let (workspace, user) = member(house);
            vec![
                Change::MemberGone { workspace, user },
                Change::Member { workspace, user, pages: Pages::all(), epoch: 2 },
            ]
        }),
        Some(Reason::OwnerNotMember),
        "removed and added again in one revision"
    );
    assert_eq!(
        after(|_, key| vec![put(&KeyFacts { disabled: true, ..key.clone() })]),
        Some(Reason::KeyDisabled)
    );
    assert_eq!(after(|_, key| vec![Change::KeyGone { key: key.id }]), Some(Reason::KeyUnknown));
    let other = KeyHash::from_bytes([7; 32]);
    assert_eq!(
        after(|_, key| vec![put(&KeyFacts { hash: other, ..key.clone() })]),
        Some(Reason::KeyUnknown),
        "a key with a new value does not carry calls of the old one"
    );
    assert_eq!(
        after(|_, key| vec![put(&KeyFacts { epoch: 9, ..key.clone() })]),
        Some(Reason::OwnerNotMember)
    );
    assert_eq!(
        after(|house, _| vec![Change::UserGone { user: member(house).1 }]),
        Some(Reason::OwnerDeleted)
    );
    assert_eq!(
        after(|house, _| vec![granted(house.one.id, house.one.inside, MODEL, Grant::default())]),
        Some(Reason::ModelNotGranted)
    );
    let deploy = Grant { deploy: true, ..Grant::default() };
    assert_eq!(
        after(|house, _| vec![granted(house.one.id, house.one.inside, MODEL, deploy)]),
        Some(Reason::ModelNotGranted)
    );
    assert_eq!(
        after(|house, _| vec![Change::ModelGone { account: house.one.id, model: model_name(MODEL) }]),
        Some(Reason::ModelUnknown)
    );
    assert_eq!(
        after(|_, key| vec![put(&KeyFacts { auth: networks("198.51.100.0/24", MODEL), ..key.clone() })]),
        Some(Reason::IpNotAllowed)
    );
    assert_eq!(
        after(|_, key| vec![put(&KeyFacts { auth: networks("0.0.0.0/0", OTHER_MODEL), ..key.clone() })]),
        Some(Reason::ModelOutOfKeyScope)
    );
    // The key of a member goes with the seat when the workspace goes; root's key with the workspace itself.
    let gone = after(|house, _| vec![Change::WorkspaceGone { workspace: house.one.inside }]);
    assert!(gone.is_some());
}

#[test]
fn a_call_is_cut_when_its_workspace_closes() {
    let house = House::new();
    let (account, workspace) = (house.one.id, house.one.beside);
    let open = |open| Change::Workspace { account, workspace, is_default: false, open };
    let key = house.key(workspace, Principal::Root, 0);
    house.apply(vec![open(true), put(&key), granted(account, workspace, MODEL, INFERENCE)]);
    let (granted, other) =
        (house.admit(&key.hash, MODEL).unwrap(), house.admit(&key.hash, OTHER_MODEL).unwrap());
    assert_eq!(house.apply(vec![open(false)]).cut, 1);
    assert_eq!(granted.flight().cut_reason(), None, "this one has a grant of its own");
    assert_eq!(other.flight().cut_reason(), Some(Reason::ModelNotGranted));
    assert_eq!(house.apply(vec![Change::WorkspaceGone { workspace }]).cut, 1);
    assert!(granted.flight().cut_reason().is_some());
    assert_eq!(other.flight().cut_reason(), Some(Reason::ModelNotGranted), "the first reason stays");

    let key = house.key(house.one.default, Principal::Root, 0);
    house.apply(vec![put(&key)]);
    let default = house.admit(&key.hash, MODEL).unwrap();
    house.set(|settings| settings.default_workspace_restricted = true);
    assert_eq!(default.flight().cut_reason(), Some(Reason::ModelNotGranted));
}

#[test]
fn a_call_is_not_cut_by_what_does_not_concern_it() {
    let somebody = |house: &House| house.one.people.administrator;
    for (what, change) in unrelated() {
        assert_eq!(after(|house, key| change(house, key, somebody(house))), None, "{what}");
    }
}

type Unrelated = fn(&House, &KeyFacts, UserId) -> Vec<Change>;

fn unrelated() -> Vec<(&'static str, Unrelated)> {
    vec![
        ("nothing", |_, _, _| Vec::new()),
        ("another member goes", |house, _, user| {
            vec![Change::MemberGone { workspace: house.one.inside, user }]
        }),
        ("another user goes", |_, _, user| vec![Change::UserGone { user }]),
        ("a user comes", |house, _, _| {
            let name = UserName::parse("name", "new").unwrap();
            vec![Change::User { account: house.one.id, user: UserId::random(&house.entropy), name }]
        }),
        ("the owner is renamed", |house, _, _| {
            let name = UserName::parse("name", "renamed").unwrap();
            vec![Change::User { account: house.one.id, user: house.one.people.member, name }]
        }),
        ("the owner's pages change", |house, _, _| {
            let (workspace, user) = (house.one.inside, house.one.people.member);
            vec![Change::Member { workspace, user, pages: Pages::of(&[Page::Prompts]), epoch: 1 }]
        }),
        ("another key goes", |house, _, _| {
            let key = house.key(house.one.inside, Principal::Root, 0);
            vec![put(&key), put(&KeyFacts { disabled: true, ..key.clone() }), Change::KeyGone { key: key.id }]
        }),
        ("the key is put again", |_, key, _| vec![put(key)]),
        ("another model is taken back", |house, _, _| {
            vec![granted(house.one.id, house.one.inside, OTHER_MODEL, Grant::default())]
        }),
        ("the model is taken back elsewhere", |house, _, _| {
            vec![
                granted(house.one.id, house.one.beside, MODEL, Grant::default()),
                granted(house.two.id, house.two.inside, MODEL, Grant::default()),
            ]
        }),
        ("another model goes", |house, _, _| {
            vec![Change::ModelGone { account: house.one.id, model: model_name(OTHER_MODEL) }]
        }),
        ("the other account's model goes", |house, _, _| {
            vec![Change::ModelGone { account: house.two.id, model: model_name(MODEL) }]
        }),
        ("the model changes", |house, _, _| {
            vec![Change::Model { account: house.one.id, model: Box::new(model(MODEL)) }]
        }),
        ("another workspace goes", |house, _, _| vec![Change::WorkspaceGone { workspace: house.one.beside }]),
        ("policies change", |house, _, user| {
            let account = house.one.id;
            let policy = Change::Policy {
                version: 1,
                account,
                name: policy_name("deny"),
                document: document("Deny", "*"),
            };
            let member = house.one.people.member;
            let detached = Change::Detached {
                account,
                to: Attachee::User(user),
                policy_type: PolicyType::Custom,
                policy: policy_name("deny"),
                workspace: None,
            };
            vec![
                policy,
                attached(account, member, PolicyType::Custom, "deny"),
                attached(account, user, PolicyType::Custom, "deny"),
                detached,
            ]
        }),
        ("an access key comes and goes", |house, _, user| {
            let access_key = AccessKeyId::random(&house.entropy);
            let owner = Principal::User(user);
            let put = Change::AccessKey {
                account: house.one.id,
                access_key,
                owner,
                active: true,
                sealed_secret: String::new(),
            };
            vec![put, Change::AccessKeyGone { access_key }]
        }),
        ("a provider changes", |house, _, _| {
            vec![Change::Provider {
                account: house.one.id,
                provider: provider(),
                sealed_credential: Some("x".to_owned()),
            }]
        }),
        ("settings change", |house, _, _| {
            vec![Change::Account { account: house.one.id, settings: Box::default() }]
        }),
        ("a wide limit comes", |house, _, _| {
            let limits = ModelLimits {
                requests: Some(Rate { amount: 1000, period_seconds: 60 }),
                ..ModelLimits::NONE
            };
            vec![Change::Limits {
                account: house.one.id,
                level: LimitLevel::Account,
                model: model_name(MODEL),
                limits,
            }]
        }),
    ]
}

/// A limit says how much may begin; what has begun goes on.
#[test]
fn a_limit_cuts_nothing() {
    let house = House::new();
    let key = house.members_key();
    let admitted = house.admit(&key.hash, MODEL).unwrap();
    let limits = ModelLimits { requests: Some(Rate { amount: 0, period_seconds: 60 }), ..ModelLimits::NONE };
    let change = Change::Limits {
        account: house.one.id,
        level: LimitLevel::Account,
        model: model_name(MODEL),
        limits,
    };
    assert_eq!(house.apply(vec![change]).cut, 0);
    assert_eq!(admitted.flight().cut_reason(), None);
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::RateAccount));
}

#[test]
fn a_call_is_cut_when_its_keys_time_is_over_and_not_before() {
    let house = House::new();
    let (key, other) = (house.members_key(), house.members_key());
    let ends = |at_ms: i64| vec![put(&KeyFacts { expires_at_ms: Some(at_ms), ..key.clone() })];
    house.apply(ends(NOW + 1_000));
    let (admitted, beside) =
        (house.admit(&key.hash, MODEL).unwrap(), house.admit(&other.hash, MODEL).unwrap());
    assert_eq!(house.directory.cut_expired(NOW + 999), 0);
    // A later end is as good as an earlier one: what counts is the end that the key has now.
    house.apply(ends(NOW + 2_000));
    assert_eq!(house.directory.cut_expired(NOW + 1_999), 0);
    assert_eq!(admitted.flight().cut_reason(), None);
    house.apply(ends(NOW + 1_500));
    assert_eq!(house.directory.cut_expired(NOW + 1_499), 0);
    assert_eq!(house.directory.cut_expired(NOW + 1_500), 1);
    assert_eq!(admitted.flight().cut_reason(), Some(Reason::KeyExpired));
    assert_eq!(house.directory.cut_expired(NOW + 1_501), 0, "it is cut once");
    assert_eq!(beside.flight().cut_reason(), None);
    // An end that was set back into the past is seen at the next look.
    house.apply(vec![put(&KeyFacts { expires_at_ms: Some(NOW), ..other.clone() })]);
    assert_eq!(house.directory.cut_expired(NOW), 1);
    assert_eq!(house.refusal(&other.hash, MODEL), Some(Reason::KeyExpired));
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn whoever_waits_for_the_cut_is_woken_once() {
    let house = House::new();
    let key = house.members_key();
    let admitted = house.admit(&key.hash, MODEL).unwrap();
    let (woken, replaced) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
    let poll = |woken: &Arc<Woken>| {
        let waker = Waker::from(Arc::clone(woken));
        admitted.flight().poll_cut(&mut Context::from_waker(&waker))
    };
    assert_eq!(poll(&replaced), Poll::Pending);
    assert_eq!(poll(&woken), Poll::Pending);
    house.apply(vec![Change::KeyGone { key: key.id }]);
    house.apply(vec![Change::MemberGone { workspace: house.one.inside, user: house.one.people.member }]);
    assert_eq!((woken.0.load(Ordering::SeqCst), replaced.0.load(Ordering::SeqCst)), (1, 0));
    assert_eq!(poll(&woken), Poll::Ready(Reason::KeyUnknown));
}

#[test]
fn a_call_that_ended_is_not_in_flight() {
    let house = House::new();
    let key = house.members_key();
    let calls: Vec<_> = (0..5).map(|_| house.admit(&key.hash, MODEL).unwrap()).collect();
    assert_eq!(house.directory.census().flights, 5);
    drop(calls);
    assert_eq!(house.directory.census().flights, 0);
    assert_eq!(house.apply(vec![Change::KeyGone { key: key.id }]).cut, 0);
}

/// The promise: once the change is applied, no call that relies on the old right is in flight uncut, and none is
/// admitted. Threads admit as fast as they can while the right is taken and given.
#[test]
fn no_call_slips_through_while_a_right_is_taken() {
    const ROUNDS: usize = 300;
    let house = House::new();
    let key = house.members_key();
    let off = KeyFacts { disabled: true, ..key.clone() };
    // Modulo 3: 0 the key is on or about to be switched off, 1 that was acknowledged, 2 it is being switched on again.
    let phase = AtomicUsize::new(0);
    let hammer = || {
        let (mut admissions, mut last) = (0_u64, 0);
        while last < 3 * ROUNDS {
            let before = phase.load(Ordering::SeqCst);
            let admitted = house.admit(&key.hash, MODEL);
            last = phase.load(Ordering::SeqCst);
            let Ok(admitted) = admitted else { continue };
            admissions += 1;
            assert!(before != last || before % 3 != 1, "admitted after the acknowledgement");
            if before.is_multiple_of(3) && last == before + 1 {
                assert!(admitted.flight().cut_reason().is_some(), "in flight after the acknowledgement");
            }
        }
        admissions
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(hammer)).collect();
        for round in 0..ROUNDS {
            house.apply(vec![put(&off)]);
            phase.store(3 * round + 1, Ordering::SeqCst);
            std::thread::yield_now();
            phase.store(3 * round + 2, Ordering::SeqCst);
            house.apply(vec![put(&key)]);
            phase.store(3 * round + 3, Ordering::SeqCst);
            std::thread::yield_now();
        }
        assert!(workers.into_iter().map(|worker| worker.join().unwrap()).sum::<u64>() > 0);
    });
}
