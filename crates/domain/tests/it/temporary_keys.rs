//! Temporary keys: good for what their parent is good for, as long as it is, and never longer than they say.

use bailey_domain::change::{Change, KeyFacts, PreviousValue};
use bailey_domain::directory::{Admitted, Call, Counting, Denied, Parent};
use bailey_domain::key_auth::{KeyAuth, everywhere, parse_network};
use bailey_domain::model::{Capability, Grant};
use bailey_domain::secret::KeyHasher;
use bailey_domain::temporary_key::PresentedKey;
use bailey_domain::{ApiKeyId, Page, Pages, Principal, Reason};
use proptest::prelude::*;

use crate::house::{HOME, House, MODEL, NOW, OTHER_MODEL, granted, put};

const MINUTE: i64 = 60_000;

fn hasher() -> KeyHasher {
    KeyHasher::new(&[3; 32])
}

fn call(key: PresentedKey, now_ms: i64) -> Call<'static> {
    Call { key: Some(key), workspace: None, source: HOME, now_ms }
}

fn parent(house: &House, key: &KeyFacts) -> Result<Parent, Box<Denied>> {
    house.directory.parent(&call(key.hash.into(), NOW))
}

/// A temporary key of this key for a minute, as its holder has it.
fn made(house: &House, key: &KeyFacts) -> String {
    hasher().temporary(&parent(house, key).unwrap(), NOW + MINUTE, &house.entropy).reveal().clone()
}

fn admit(house: &House, text: &str, now_ms: i64) -> Result<Admitted, Box<Denied>> {
    house.directory.admit(
        &call(hasher().present(text.as_bytes()), now_ms),
        MODEL,
        Capability::Chat,
        bailey_domain::tokens::Expected::default(),
    )
}

fn refusal(house: &House, text: &str, now_ms: i64) -> Option<Reason> {
    admit(house, text, now_ms).err().map(|denied| denied.reason)
}

#[test]
fn it_is_its_parent_until_it_ends() {
    let house = House::new();
    let key = house.members_key();
    let (one, other) = (made(&house, &key), made(&house, &key));
    assert!(one.starts_with("st-") && one.len() < 128 && one != other, "{one} {other}");
    let admitted = admit(&house, &one, NOW + MINUTE - 1).unwrap();
    assert_eq!((admitted.key, admitted.workspace), (key.id, key.workspace));
    assert_eq!(admitted.owner, Principal::User(house.one.people.member));
    let denied = admit(&house, &one, NOW + MINUTE).unwrap_err();
    assert_eq!(denied.reason, Reason::KeyExpired);
    assert_eq!(denied.known.map(|(.., key)| key), Some(key.id));
    // The same on the other ways in.
    let late = call(hasher().present(one.as_bytes()), NOW + MINUTE);
    assert_eq!(house.directory.recognise(&late).unwrap_err().reason, Reason::KeyExpired);
    assert_eq!(house.directory.callable_models(&late).unwrap_err().reason, Reason::KeyExpired);
    let judged = house.directory.judge(&late, MODEL, Counting::Nothing);
    assert_eq!(judged.unwrap_err().reason, Reason::KeyExpired);
    let good = Call { now_ms: NOW, ..late };
    assert_eq!(house.directory.judge(&good, MODEL, Counting::Nothing).unwrap().key, key.id);
    assert_eq!(house.directory.callable_models(&good).unwrap().len(), 1);
}

#[test]
fn a_call_in_flight_ends_with_it() {
    let house = House::new();
    let key = house.members_key();
    let temporary = admit(&house, &made(&house, &key), NOW).unwrap();
    let permanent = house.admit(&key.hash, MODEL).unwrap();
    // What changes of the parent meanwhile leaves the end where it is.
    house.apply(vec![put(&KeyFacts { expires_at_ms: Some(NOW + 2 * MINUTE), ..key.clone() })]);
    assert_eq!(house.directory.cut_expired(NOW + MINUTE - 1), 0);
    assert_eq!(house.directory.cut_expired(NOW + MINUTE), 1);
    assert_eq!(temporary.flight().cut_reason(), Some(Reason::KeyExpired));
    assert_eq!(permanent.flight().cut_reason(), None);
}

/// A way of taking the parent's right away, and what the holder of a temporary key is refused for then.
type Loss = (&'static str, fn(&House, &KeyFacts) -> Change, Reason);

const LOSSES: [Loss; 9] = [
    ("disabled", |_, key| put(&KeyFacts { disabled: true, ..key.clone() }), Reason::KeyDisabled),
    ("reset", |house, key| put(&KeyFacts { hash: house.hash(), ..key.clone() }), Reason::KeyUnknown),
    ("deleted", |_, key| Change::KeyGone { key: key.id }, Reason::KeyUnknown),
    (
        "its owner removed",
        |house, _| Change::MemberGone { workspace: house.one.inside, user: house.one.people.member },
        Reason::OwnerNotMember,
    ),
    (
        "its owner deleted",
        |house, _| Change::UserGone { user: house.one.people.member },
        Reason::OwnerDeleted,
    ),
    (
        "another seat",
        |house, _| {
            let (workspace, user) = (house.one.inside, house.one.people.member);
            Change::Member { workspace, user, pages: Pages::of(&[Page::Administrator]), epoch: 9 }
        },
        Reason::OwnerNotMember,
    ),
    (
        "kept out",
        |_, key| put(&KeyFacts { auth: auth("198.51.100.0/24", MODEL), ..key.clone() }),
        Reason::IpNotAllowed,
    ),
    (
        "narrowed",
        |_, key| put(&KeyFacts { auth: auth("0.0.0.0/0", OTHER_MODEL), ..key.clone() }),
        Reason::ModelOutOfKeyScope,
    ),
    (
        "without a grant",
        |house, _| granted(house.one.id, house.one.inside, MODEL, Grant::default()),
        Reason::ModelNotGranted,
    ),
];

fn auth(network: &str, model: &str) -> Option<KeyAuth> {
    let access_ips = vec![parse_network("accessIps", network).unwrap()];
    Some(KeyAuth { access_ips, accessible_models: Some(vec![model.into()]) })
}

#[test]
fn it_dies_with_its_parent() {
    for (what, loss, reason) in LOSSES {
        let house = House::new();
        let key = house.members_key();
        let temporary = made(&house, &key);
        let admitted = admit(&house, &temporary, NOW).unwrap();
        let change = loss(&house, &key);
        assert_eq!(house.apply(vec![change]).cut, 1, "{what}");
        assert_eq!(admitted.flight().cut_reason(), Some(reason), "{what}");
        assert_eq!(refusal(&house, &temporary, NOW), Some(reason), "{what}");
    }
    // It does not outlive its parent's time, of which it says nothing.
    let house = House::new();
    let key = house.members_key();
    let temporary = made(&house, &key);
    let admitted = admit(&house, &temporary, NOW).unwrap();
    house.apply(vec![put(&KeyFacts { expires_at_ms: Some(NOW + 5), ..key.clone() })]);
    assert_eq!(refusal(&house, &temporary, NOW + 4), None);
    assert_eq!(refusal(&house, &temporary, NOW + 5), Some(Reason::KeyExpired));
    assert_eq!(house.directory.cut_expired(NOW + 5), 1);
    assert_eq!(admitted.flight().cut_reason(), Some(Reason::KeyExpired));
}

/// One that was made with the value before a rotation ends with that value, and makes nothing of the new one.
#[test]
fn it_is_of_the_value_that_it_was_made_with() {
    let house = House::new();
    let key = house.members_key();
    let early = made(&house, &key);
    let previous = Some(PreviousValue { hash: key.hash, ends_at_ms: NOW + 10 });
    let rotated = KeyFacts { hash: house.hash(), previous, ..key.clone() };
    house.apply(vec![put(&rotated)]);
    let late = made(&house, &rotated);
    assert_eq!(parent(&house, &key).unwrap().ends_at_ms(), NOW + 10);
    assert_eq!([&early, &late].map(|text| refusal(&house, text, NOW + 9)), [None, None]);
    assert_eq!([&early, &late].map(|text| refusal(&house, text, NOW + 10)), [Some(Reason::KeyExpired), None]);
}

#[test]
fn only_a_good_permanent_key_makes_one() {
    let house = House::new();
    let key = house.members_key();
    let temporary = hasher().present(made(&house, &key).as_bytes());
    let reason = |key: PresentedKey| house.directory.parent(&call(key, NOW)).unwrap_err().reason;
    assert_eq!(reason(temporary), Reason::KeyUnknown, "a temporary key makes no other");
    assert_eq!(reason(house.hash().into()), Reason::KeyUnknown);
    let missing = Call { key: None, ..call(temporary, NOW) };
    assert_eq!(house.directory.parent(&missing).unwrap_err().reason, Reason::KeyMissing);
    let nowhere = Some(KeyAuth { access_ips: Vec::new(), accessible_models: None });
    for (facts, expected) in [
        (KeyFacts { disabled: true, ..key.clone() }, Reason::KeyDisabled),
        (KeyFacts { expires_at_ms: Some(NOW), ..key.clone() }, Reason::KeyExpired),
        (KeyFacts { auth: nowhere, ..key.clone() }, Reason::IpNotAllowed),
    ] {
        house.apply(vec![put(&facts)]);
        assert_eq!(reason(key.hash.into()), expected);
    }
    let auth = Some(KeyAuth { access_ips: everywhere(), accessible_models: None });
    house.apply(vec![put(&KeyFacts { expires_at_ms: Some(NOW + 7), auth, ..key.clone() })]);
    let parent = parent(&house, &key).unwrap();
    assert_eq!((parent.account, parent.key, parent.ends_at_ms()), (house.one.id, key.id, NOW + 7));
}

/// The MAC covers every bit, and only this installation makes it.
#[test]
fn one_that_was_altered_is_none() {
    let house = House::new();
    let key = house.members_key();
    let good = made(&house, &key);
    assert_eq!(refusal(&house, &good, NOW), None);
    for place in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        assert_eq!(refusal(&house, &altered, NOW), Some(Reason::KeyUnknown), "{place}");
    }
    let cut = &good[..good.len() - 1];
    for text in
        [cut, &format!("{good}A"), &format!("{good}="), &good[3..], "st-", "ST-", &good.to_uppercase()]
    {
        assert_eq!(refusal(&house, text, NOW), Some(Reason::KeyUnknown), "{text}");
    }
    let elsewhere = KeyHasher::new(&[4; 32]).present(good.as_bytes());
    assert!(matches!(elsewhere, PresentedKey::Value(_)), "another installation's");
    // A key of the same handle with another value, as after a restored backup.
    let other = KeyFacts { hash: house.hash(), id: key.id, ..key.clone() };
    house.apply(vec![put(&other)]);
    assert_eq!(refusal(&house, &good, NOW), Some(Reason::KeyUnknown));
    let PresentedKey::Temporary(temporary) = hasher().present(good.as_bytes()) else { panic!() };
    assert_eq!((temporary.parent(), temporary.ends_at_ms()), (key.id, NOW + MINUTE));
    assert!(ApiKeyId::of_number(1).is_none());
}

proptest! {
    /// Whatever is presented is read without a panic, and nothing that was made up is a temporary key.
    #[test]
    fn nothing_made_up_is_one(text in prop_oneof!["st-[A-Za-z0-9_=-]{0,120}", "\\PC{0,40}", "st-[A-Za-z0-9_-]{98}"]) {
        prop_assert!(matches!(hasher().present(text.as_bytes()), PresentedKey::Value(_)));
    }
}
