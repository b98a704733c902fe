//! What people are told about decisions: as the operations themselves decide, and nothing that would not help.

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::directory::{Asked, Diagnostic};
use bailey_domain::id::{RoleId, SessionKeyId};
use bailey_domain::name::RoleName;
use bailey_domain::operations::{AssumeRole, BindMFADevice, GetUser, ListUsers, Operation};
use bailey_domain::role::{SessionClaims, Taker};
use bailey_domain::scope::{Assumption, RamScope};
use bailey_domain::{Caller, Principal, Reason, UserId};

use crate::house::{House, NOW, attached, document, policy_name, question, session_claims};

const SYSTEM: PolicyType = PolicyType::System;

fn allowed(house: &House, user: UserId, action: &str, resources: &[String]) -> bool {
    let asked = Asked { action: Some(action), resources, ..question(Principal::User(user), None) };
    house.directory.explain(&house.caller(&house.one, Principal::Root), &asked).reason.is_none()
}

fn told<O: Operation>(house: &House, caller: &Caller, scope: O::On) -> Diagnostic {
    let refusal = house.directory.authorize::<O>(caller, scope).unwrap_err();
    house.directory.diagnose(&refusal)
}

#[test]
fn what_people_may_do_for_themselves_is_not_explained_as_allowed_for_others() {
    let house = House::new();
    let (account, member) = (house.one.id, house.one.people.member);
    let own = house.directory.name_of(Principal::User(member));
    let name = own.rsplit('/').next().unwrap();
    let of = |name: &str| format!("acs:ram:*:{account}:user/{name}");
    for (resources, wanted) in [
        (vec![], true),
        (vec![own.clone()], true),
        (vec![of(name)], true),
        (vec![of(&name.to_uppercase())], true),
        (vec![format!("acs:ram::{account}:mfa/device")], true),
        (vec![of("somebody")], false),
        (vec![of("*")], false),
        (vec![of(name), of("somebody")], false),
        (vec![format!("acs:ram:*:{}:user/{name}", house.two.id)], false),
    ] {
        assert_eq!(allowed(&house, member, "ram:BindMFADevice", &resources), wanted, "{resources:?}");
    }
    // As the operation itself decides.
    let scope = |name: &str, subject| RamScope::user(account, name).about(subject);
    assert_eq!(house.may::<BindMFADevice>(&house.user(member), scope(name, Some(member))), Ok(()));
    let others = scope("somebody", Some(house.one.people.nobody));
    assert_eq!(house.may::<BindMFADevice>(&house.user(member), others), Err(Reason::ImplicitDeny));
    // Whom policies allow it may do it for everybody.
    assert!(allowed(&house, house.one.people.ram, "ram:BindMFADevice", &[of("somebody")]));
}

fn role(house: &House, condition: &str) -> (RoleId, Change) {
    let (account, role) = (house.one.id, RoleId::random(&house.entropy));
    let trust = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":["acs:ram::{account}:root"]}}{condition}}}]}}"#
    );
    let name = RoleName::parse("RoleName", "Operator").unwrap();
    (role, Change::Role { account, role, name, trust })
}

#[test]
fn no_change_of_ones_policies_is_told_where_the_trust_policy_alone_refused() {
    let house = House::new();
    let (account, taker) = (house.one.id, house.one.people.nobody);
    let (role, put) = role(&house, r#","Condition":{"StringEquals":{"sts:ExternalId":"second-id"}}"#);
    let given = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*","Condition":{"StringEquals":{"sts:ExternalId":"first-id"}}}]}"#;
    let name = policy_name("with-id");
    house.apply(vec![
        put,
        Change::Policy { version: 1, account, name, document: given.to_owned() },
        attached(account, taker, PolicyType::Custom, "with-id"),
    ]);
    let ask = |external_id: &str| {
        let resource = RamScope::role(account, "operator");
        let scope = Assumption { role: Some(role), external_id: Some(external_id.to_owned()), resource };
        let refusal = house.directory.authorize::<AssumeRole>(&house.user(taker), scope).unwrap_err();
        assert!(!format!("{refusal:?}").contains(external_id), "{refusal:?}");
        let told = house.directory.diagnose(&refusal);
        assert_eq!(told.decision, refusal.decision(&house.directory));
        assert!(!format!("{told:?}").contains(external_id), "{told:?}");
        (refusal.reason, told.change.is_some())
    };
    assert_eq!(ask("first-id"), (Reason::NotTrusted, false));
    // Where the taker's policies refuse, it depends on the id that was given.
    assert_eq!(ask("third-id"), (Reason::ImplicitDeny, true));
}

#[test]
fn no_change_of_a_roles_policies_is_told_where_its_sessions_policy_refused() {
    let house = House::new();
    let (account, taker) = (house.one.id, house.one.people.nobody);
    let (role, put) = role(&house, "");
    let to_role = |name: &str| Change::Attached {
        account,
        to: Attachee::Role(role),
        policy_type: SYSTEM,
        policy: policy_name(name),
        workspace: None,
    };
    house.apply(vec![
        put,
        to_role("AliyunBailianFullAccess"),
        attached(account, taker, SYSTEM, "AliyunSTSAssumeRoleAccess"),
    ]);
    let act = |policy: Option<String>| {
        let by = Taker::User { user: taker, access_key: None };
        let claims = SessionClaims { policy, ..session_claims(account, role, by) };
        let key = SessionKeyId::random(&house.entropy);
        let session = house.directory.open_session(key, claims, NOW).unwrap();
        let caller = house.caller(&house.one, Principal::Role(role));
        Caller { role_session: Some(session.into()), ..caller }
    };
    let users = || RamScope::user(account, "*");
    let narrowed = act(Some(document("Allow", "modelstudio:*")));
    let refused = told::<ListUsers>(&house, &narrowed, users());
    assert_eq!(refused.change, None);
    let failed = refused.decision.chain.iter().rev().find(|link| link.result == "fail").unwrap();
    assert_eq!((&*failed.check, &*failed.subject), ("session-policy", "ram:ListUsers"));
    // The role's own policies are what a whole session is missing.
    let change = told::<ListUsers>(&house, &act(None), users()).change.unwrap();
    assert!(change.starts_with("attach a policy"), "{change}");
    // A session that asks about itself is told the same.
    let asked = Asked { action: Some("ram:GetUser"), ..question(Principal::Role(role), None) };
    let explained = house.directory.explain(&narrowed, &asked);
    assert_eq!(explained.reason, Some(Reason::ImplicitDeny));
    let failed = explained.chain.iter().rev().find(|link| link.result == "fail").unwrap();
    assert_eq!((&*failed.check, &*failed.subject), ("session-policy", GetUser::entry().action));
}
