//! Model calls: every reason for a refusal, in the order of the checks.

use std::net::IpAddr;

use bailey_domain::change::{Change, KeyFacts, LimitLevel};
use bailey_domain::decision::Decision;
use bailey_domain::directory::{Call, Counting, Wanted};
use bailey_domain::key_auth::{KeyAuth, parse_network};
use bailey_domain::limit::{ModelLimits, Rate};
use bailey_domain::model::Capability;
use bailey_domain::tokens::Expected;
use bailey_domain::{Pages, Principal, Reason, UserId};

use crate::house::{HOME, House, INFERENCE, MODEL, NOW, OTHER_MODEL, granted, model, model_name, put};

fn auth(network: &str, models: &[&str]) -> Option<KeyAuth> {
    let access_ips = vec![parse_network("accessIps", network).unwrap()];
    Some(KeyAuth { access_ips, accessible_models: Some(models.iter().map(|name| (*name).into()).collect()) })
}

/// Everything is wrong at first, and is put right from the first check to the last: each time the next one refuses.
#[test]
fn the_checks_come_in_their_order() {
    let house = House::new();
    let (account, workspace, user) = (house.one.id, house.one.beside, house.one.people.nobody);
    let mut key = KeyFacts {
        disabled: true,
        expires_at_ms: Some(NOW),
        auth: auth("198.51.100.0/24", &[OTHER_MODEL]),
        ..house.key(workspace, Principal::User(user), 7)
    };
    let mut call = Call { key: None, workspace: Some("llm-0000000000000000"), source: HOME, now_ms: NOW };
    let named = workspace.to_string();
    let none_left =
        ModelLimits { requests: Some(Rate { amount: 0, period_seconds: 60 }), ..ModelLimits::NONE };
    let limits = |limits| Change::Limits {
        account,
        level: bailey_domain::change::LimitLevel::Account,
        model: model_name("new"),
        limits,
    };

    let refused = |call: &Call<'_>, reason: Reason, checks: &[&str]| {
        let denied = house.directory.admit(call, "new", Capability::Chat, Expected::default()).unwrap_err();
        assert_eq!(denied.reason, reason);
        let decision = denied.decision("request".to_owned());
        let names: Vec<_> = decision.chain.iter().map(|link| link.check.as_str()).collect();
        assert_eq!(names, checks);
        let results: Vec<_> = decision.chain.iter().map(|link| link.result.as_str()).collect();
        let (last, before) = results.split_last().unwrap();
        assert!(*last == "fail" && before.iter().all(|result| *result == "pass"), "{decision:?}");
        assert_eq!((decision.revision, decision.reason), (house.directory.revision(), Some(reason)));
        // Whose key it was is said once the key is known, and whether its holder may learn the reason.
        assert_eq!(denied.known.is_some(), checks.len() > 1);
        assert_eq!(denied.key_is_valid(), reason.face().unwrap().status != 401);
    };

    refused(&call, Reason::KeyMissing, &["key"]);
    let hash = key.hash;
    call.key = Some(hash.into());
    refused(&call, Reason::KeyUnknown, &["key"]);
    house.apply(vec![put(&key)]);
    refused(&call, Reason::KeyDisabled, &["key", "key-enabled"]);
    key.disabled = false;
    house.apply(vec![put(&key)]);
    refused(&call, Reason::KeyExpired, &["key", "key-enabled", "key-expiry"]);
    key.expires_at_ms = Some(NOW + 1);
    house.apply(vec![put(&key)]);
    refused(&call, Reason::OwnerNotMember, &["key", "key-enabled", "key-expiry", "membership"]);
    house.apply(vec![Change::Member { workspace, user, pages: Pages::NONE, epoch: 7 }]);
    let entered = ["key", "key-enabled", "key-expiry", "membership", "named-workspace"];
    refused(&call, Reason::WorkspaceMismatch, &entered);
    call.workspace = Some(&named);
    let with = |more: &[&'static str]| [&entered[..], more].concat();
    refused(&call, Reason::ModelUnknown, &with(&["model"]));
    let mut entry = model("new");
    entry.capabilities = vec![Capability::Embedding];
    house.apply(vec![Change::Model { account, model: Box::new(entry) }]);
    refused(&call, Reason::ModelUnknown, &with(&["model"]));
    house.apply(vec![Change::Model { account, model: Box::new(model("new")) }, limits(none_left)]);
    refused(&call, Reason::ModelNotGranted, &with(&["model", "model-grant"]));
    house.apply(vec![granted(account, workspace, "new", INFERENCE)]);
    refused(&call, Reason::ModelOutOfKeyScope, &with(&["model", "model-grant", "key-scope"]));
    key.auth = auth("198.51.100.0/24", &["new"]);
    house.apply(vec![put(&key)]);
    refused(&call, Reason::IpNotAllowed, &with(&["model", "model-grant", "key-scope", "source-address"]));
    key.auth = auth("192.0.2.0/24", &["new"]);
    house.apply(vec![put(&key)]);
    refused(
        &call,
        Reason::RateAccount,
        &with(&["model", "model-grant", "key-scope", "source-address", "account-limit"]),
    );
    house.apply(vec![limits(ModelLimits::default())]);

    let admitted = house.directory.admit(&call, "new", Capability::Chat, Expected::default()).unwrap();
    assert_eq!((admitted.account, admitted.workspace, admitted.key), (account, workspace, key.id));
    assert_eq!((admitted.owner, &*admitted.model.name), (Principal::User(user), "new"));
    assert_eq!(admitted.model.routes.len(), 1);
    house.apply(vec![Change::MemberGone { workspace, user }, Change::UserGone { user }]);
    refused(&call, Reason::OwnerDeleted, &["key", "key-enabled", "key-expiry", "owner"]);
}

/// `explain_call` decides with the same checks, for those of the account.
#[test]
fn an_explained_call_is_decided_like_a_real_one() {
    let house = House::new();
    let key = KeyFacts { auth: auth("192.0.2.0/24", &[MODEL]), ..house.members_key() };
    house.apply(vec![put(&key)]);
    for name in [MODEL, OTHER_MODEL, "none"] {
        let explained = house.directory.explain_call(house.one.id, key.id, name, &unkeyed(HOME)).unwrap();
        assert_eq!(explained.reason, house.refusal(&key.hash, name), "{name}");
        let answered = Decision { chain: Vec::new(), ..explained };
        let decided = house.directory.decide_call(house.one.id, key.id, name, &unkeyed(HOME), Wanted::Answer);
        assert_eq!(decided, Some(answered), "{name}");
    }
    assert_eq!(house.directory.explain_call(house.two.id, key.id, MODEL, &unkeyed(HOME)), None);
    let none = house.key(house.one.inside, Principal::Root, 0).id;
    assert_eq!(house.directory.explain_call(house.one.id, none, MODEL, &unkeyed(HOME)), None);
    let elsewhere = Call { workspace: Some("llm-0000000000000000"), ..unkeyed(HOME) };
    let explained = house.directory.explain_call(house.one.id, key.id, MODEL, &elsewhere).unwrap();
    assert_eq!(explained.reason, Some(Reason::WorkspaceMismatch));
}

fn unkeyed(source: IpAddr) -> Call<'static> {
    Call { key: None, workspace: None, source, now_ms: NOW }
}

/// A question for somebody else's gateway is decided like an admission, and takes from limits only if told to.
#[test]
fn a_judged_call_is_decided_like_an_admitted_one() {
    let house = House::new();
    let key = KeyFacts { auth: auth("192.0.2.0/24", &[MODEL]), ..house.members_key() };
    house.apply(vec![put(&key)]);
    let call = Call { key: Some(key.hash.into()), ..unkeyed(HOME) };
    for name in [MODEL, OTHER_MODEL, "none"] {
        let judged = house.directory.judge(&call, name, Counting::Nothing);
        assert_eq!(judged.err().map(|denied| denied.reason), house.refusal(&key.hash, name), "{name}");
    }
    let holder = house.directory.judge(&call, MODEL, Counting::Nothing).unwrap();
    assert_eq!((holder.account, holder.key, holder.workspace), (house.one.id, key.id, key.workspace));
    let once = ModelLimits { requests: Some(Rate { amount: 1, period_seconds: 60 }), ..ModelLimits::NONE };
    house.apply(vec![Change::Limits {
        account: house.one.id,
        level: LimitLevel::Account,
        model: model_name(MODEL),
        limits: once,
    }]);
    let judge = |counting| house.directory.judge(&call, MODEL, counting).err().map(|denied| denied.reason);
    assert_eq!([judge(Counting::Nothing), judge(Counting::Nothing)], [None, None]);
    assert_eq!([judge(Counting::Request), judge(Counting::Request)], [None, Some(Reason::RateAccount)]);
    assert_eq!(judge(Counting::Nothing), None);
}

#[test]
fn the_callable_models_are_exactly_those_that_are_admitted() {
    let house = House::new();
    let keys = [
        house.key(house.one.default, Principal::Root, 0),
        KeyFacts {
            auth: auth("192.0.2.0/24", &[OTHER_MODEL]),
            ..house.key(house.one.default, Principal::Root, 0)
        },
        house.members_key(),
        house.key(house.one.beside, Principal::Root, 0),
        house.key(house.two.default, Principal::Root, 0),
    ];
    house.apply(keys.iter().map(put).collect());
    house.apply(vec![Change::Model { account: house.one.id, model: Box::new(model("a-third")) }]);
    for (key, expected) in keys.iter().zip([3, 1, 1, 0, 2]) {
        let call = Call { key: Some(key.hash.into()), workspace: None, source: HOME, now_ms: NOW };
        let callable = house.directory.callable_models(&call).unwrap();
        let names: Vec<_> = callable.iter().map(|entry| &*entry.name).collect();
        assert!(names.is_sorted());
        assert_eq!(names.len(), expected);
        for name in [MODEL, OTHER_MODEL, "a-third"] {
            assert_eq!(names.contains(&name), house.refusal(&key.hash, name).is_none(), "{name}");
        }
    }
    let away = Call {
        key: Some(keys[1].hash.into()),
        workspace: None,
        source: "203.0.113.1".parse().unwrap(),
        now_ms: NOW,
    };
    assert_eq!(house.directory.callable_models(&away).unwrap_err().reason, Reason::IpNotAllowed);
    let unknown = house.hash();
    let call = Call { key: Some(unknown.into()), workspace: None, source: HOME, now_ms: NOW };
    assert_eq!(house.directory.callable_models(&call).unwrap_err().reason, Reason::KeyUnknown);
}

/// A key names its owner by id; one that was never there, or is of nobody, opens nothing.
#[test]
fn a_key_of_somebody_unknown_is_refused() {
    let house = House::new();
    let key = house.key(house.one.inside, Principal::User(UserId::random(&house.entropy)), 1);
    house.apply(vec![put(&key)]);
    assert_eq!(house.refusal(&key.hash, MODEL), Some(Reason::OwnerDeleted));
}
