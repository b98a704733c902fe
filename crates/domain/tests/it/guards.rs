//! What stands above policies: permission boundaries and control policies.

use std::sync::Arc;

use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::id::{RoleId, SessionKeyId};
use bailey_domain::name::RoleName;
use bailey_domain::operations::{
    AttachControlPolicy, AttachPolicyToUser, CreateAccessKey, DetachPolicyFromUser, GetSettings, ListUsers,
    PutPermissionBoundary, UpdateSettings,
};
use bailey_domain::role::Taker;
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::{Caller, Principal, Reason, UserId};

use crate::house::{House, NOW, attached, document, policy_name, session_claims};

const SYSTEM: PolicyType = PolicyType::System;
const CUSTOM: PolicyType = PolicyType::Custom;

fn boundary(house: &House, of: impl Into<Attachee>, policy_type: PolicyType, name: &str) {
    let policy = policy_name(name);
    house.apply(vec![Change::Boundary { account: house.one.id, of: of.into(), policy_type, policy }]);
}

fn control(house: &House, policy_type: PolicyType, name: &str) {
    let policy = policy_name(name);
    house.apply(vec![Change::ControlPolicy { account: house.one.id, policy_type, policy }]);
}

fn custom(house: &House, name: &str, effect: &str, action: &str) {
    let (account, name) = (house.one.id, policy_name(name));
    let document = document(effect, action);
    house.apply(vec![Change::Policy { version: 1, account, name, document }]);
}

fn list_users(house: &House, caller: &Caller) -> Result<(), Reason> {
    house.may::<ListUsers>(caller, RamScope::user(house.one.id, "*"))
}

/// The layer that a refusal names, the check that failed, and the policy in its subject.
fn refusal(house: &House, caller: &Caller) -> (&'static str, String, String) {
    let refusal = house.directory.authorize::<ListUsers>(caller, RamScope::user(house.one.id, "*"));
    let refusal = refusal.unwrap_err();
    let decision = refusal.decision(&house.directory);
    let failed = decision.chain.iter().rev().find(|link| link.result == "fail").unwrap();
    (refusal.policy_type(), failed.check.clone(), failed.subject.clone())
}

fn may_guard(house: &House, caller: &Caller, bounded: &[Attachee], controls: bool) -> Result<(), Reason> {
    let scope = RamScope::user(house.one.id, "user-0");
    let may = house.directory.may_change_guards::<PutPermissionBoundary>(caller, &scope, bounded, controls);
    may.map_err(|refusal| refusal.reason)
}

#[test]
fn a_boundary_caps_and_gives_nothing() {
    let house = House::new();
    let people = &house.one.people;
    let ram = house.user(people.ram);
    assert_eq!(list_users(&house, &ram), Ok(()));
    boundary(&house, people.ram, SYSTEM, "AliyunBailianFullAccess");
    assert_eq!(list_users(&house, &ram), Err(Reason::ImplicitDeny));
    let (layer, check, subject) = refusal(&house, &ram);
    assert_eq!((layer, &*check, &*subject), ("PermissionBoundary", "boundary", "ram:ListUsers"));
    // It gives nothing of what it would allow.
    assert_eq!(house.may::<GetSettings>(&ram, WholeAccount), Err(Reason::ImplicitDeny));
    // Another one takes its place; a Deny in it is a Deny, and is named.
    custom(&house, "no-lists", "Deny", "ram:List*");
    boundary(&house, people.ram, CUSTOM, "no-lists");
    assert_eq!(list_users(&house, &ram), Err(Reason::ExplicitDeny));
    let (layer, check, subject) = refusal(&house, &ram);
    assert_eq!((layer, &*check), ("PermissionBoundary", "explicit-deny"));
    assert!(subject.ends_with("policy `no-lists`"), "{subject}");
    boundary(&house, people.ram, SYSTEM, "AdministratorAccess");
    assert_eq!(list_users(&house, &ram), Ok(()));
    assert_eq!(list_users(&house, &house.user(people.nobody)), Err(Reason::ImplicitDeny));
    house.apply(vec![Change::BoundaryGone { of: people.ram.into() }]);
    assert_eq!(list_users(&house, &ram), Ok(()));
}

#[test]
fn explanations_and_effective_access_know_the_boundary() {
    let house = House::new();
    let manager = house.one.people.management;
    let create = |user: UserId| house.ask(Principal::User(user), "modelstudio:CreateWorkspace", None);
    assert_eq!(create(manager).reason, None);
    boundary(&house, manager, SYSTEM, "AliyunRAMFullAccess");
    let told = create(manager);
    assert_eq!(told.reason, Some(Reason::ImplicitDeny));
    let failed = told.chain.iter().find(|link| link.check == "boundary").unwrap();
    assert!(failed.fix.as_deref().unwrap().contains("DeletePermissionBoundary"), "{failed:?}");
    assert_eq!(create(house.one.people.management_inside).reason, None, "another one has none");
}

#[test]
fn control_policies_bind_everybody_of_the_account_but_root() {
    let house = House::new();
    let people = &house.one.people;
    let (root, ram) = (house.caller(&house.one, Principal::Root), house.user(people.ram));
    let elsewhere = house.caller(&house.two, Principal::User(house.two.people.ram));
    control(&house, SYSTEM, "AliyunBailianFullAccess");
    assert_eq!(list_users(&house, &ram), Err(Reason::ImplicitDeny));
    let (layer, check, _) = refusal(&house, &ram);
    assert_eq!((layer, &*check), ("ControlPolicy", "control-policy"));
    assert_eq!(list_users(&house, &root), Ok(()));
    assert_eq!(house.may::<UpdateSettings>(&root, WholeAccount), Ok(()));
    assert_eq!(house.may::<ListUsers>(&elsewhere, RamScope::user(house.two.id, "*")), Ok(()));
    // One more that allows does, and a Deny of any is final whatever the others say.
    control(&house, SYSTEM, "AliyunRAMFullAccess");
    assert_eq!(list_users(&house, &ram), Ok(()));
    assert_eq!(
        house.may::<GetSettings>(&ram, WholeAccount),
        Err(Reason::ImplicitDeny),
        "none gives anything"
    );
    custom(&house, "no-lists", "Deny", "ram:List*");
    control(&house, CUSTOM, "no-lists");
    assert_eq!(list_users(&house, &ram), Err(Reason::ExplicitDeny));
    let (layer, check, subject) = refusal(&house, &ram);
    assert_eq!((layer, &*check), ("ControlPolicy", "explicit-deny"));
    assert!(subject.ends_with("policy `no-lists`"), "{subject}");
    // It stands before a boundary, which is asked no more.
    boundary(&house, people.ram, SYSTEM, "AliyunBailianFullAccess");
    assert_eq!(refusal(&house, &ram).0, "ControlPolicy");
    house.apply(vec![Change::BoundaryGone { of: people.ram.into() }]);
    for (policy_type, name) in
        [(CUSTOM, "no-lists"), (SYSTEM, "AliyunRAMFullAccess"), (SYSTEM, "AliyunBailianFullAccess")]
    {
        let policy = policy_name(name);
        house.apply(vec![Change::ControlPolicyGone { account: house.one.id, policy_type, policy }]);
    }
    // None attached is not the same as none that allows.
    assert_eq!(list_users(&house, &ram), Ok(()));
}

#[test]
fn what_narrows_the_giver_narrows_what_is_handed_out() {
    let house = House::new();
    let people = &house.one.people;
    let scope = RamScope::user(house.one.id, "user-0");
    let may_attach = |caller: &Caller, name: &str| {
        let name = policy_name(name);
        house.directory.may_attach_policy::<AttachPolicyToUser>(caller, &scope, SYSTEM, &name, None).is_ok()
    };
    let manager = house.user(people.management);
    let (all, part) = ("AliyunBailianFullAccess", "AliyunBailianReadOnlyAccess");
    assert!(may_attach(&manager, all) && may_attach(&manager, part));
    boundary(&house, people.management, SYSTEM, part);
    assert!(!may_attach(&manager, all) && may_attach(&manager, part));
    house.apply(vec![Change::BoundaryGone { of: people.management.into() }]);
    control(&house, SYSTEM, part);
    assert!(!may_attach(&manager, all) && may_attach(&manager, part));
    assert!(may_attach(&house.caller(&house.one, Principal::Root), all), "root is bound by none");
    // Where control policies leave all of RAM, it is administered as before.
    control(&house, SYSTEM, "AliyunRAMFullAccess");
    assert!(may_attach(&house.user(people.ram), "AdministratorAccess"));
}

/// Or they would give it all to somebody who has no boundary, and act as them.
#[test]
fn whoever_has_a_boundary_does_not_administer_ram() {
    let house = House::new();
    let people = &house.one.people;
    let ram = house.user(people.ram);
    let scope = RamScope::user(house.one.id, "user-0");
    custom(&house, "deny", "Deny", "sfm:*");
    let powers = |caller: &Caller| {
        let directory = &house.directory;
        let other = Principal::User(people.member);
        [
            directory
                .may_attach_policy::<AttachPolicyToUser>(
                    caller,
                    &scope,
                    SYSTEM,
                    &policy_name("AdministratorAccess"),
                    None,
                )
                .is_ok(),
            directory
                .may_detach_policy::<DetachPolicyFromUser>(caller, &scope, CUSTOM, &policy_name("deny"))
                .is_ok(),
            directory.may_make_credential::<CreateAccessKey>(caller, &scope, other).is_ok(),
            may_guard(&house, caller, &[people.member.into()], false).is_ok(),
        ]
    };
    assert_eq!(powers(&ram), [true; 4]);
    boundary(&house, people.ram, SYSTEM, "AdministratorAccess");
    assert_eq!(powers(&ram), [false; 4]);
    assert_eq!(list_users(&house, &ram), Ok(()), "what it may do itself is not touched");
    let own =
        house.directory.may_make_credential::<CreateAccessKey>(&ram, &scope, Principal::User(people.ram));
    assert!(own.is_ok());
}

#[test]
fn boundaries_are_set_by_who_administers_ram_and_never_on_oneself() {
    let house = House::new();
    let people = &house.one.people;
    let (root, ram) = (house.caller(&house.one, Principal::Root), house.user(people.ram));
    let refused = Err(Reason::HandOut);
    let (other, own) = (Attachee::User(people.member), Attachee::User(people.ram));
    assert_eq!(may_guard(&house, &root, &[other, own], true), Ok(()));
    assert_eq!(may_guard(&house, &ram, &[other], false), Ok(()));
    assert_eq!(may_guard(&house, &ram, &[own], false), refused);
    assert_eq!(may_guard(&house, &ram, &[other, own], false), refused, "one policy caps both");
    assert_eq!(may_guard(&house, &ram, &[], true), refused, "a control policy is root's alone");
    assert_eq!(may_guard(&house, &house.user(people.management), &[other], false), refused);
    let scope = || RamScope::policy(house.one.id, "any");
    assert_eq!(house.may::<AttachControlPolicy>(&root, scope()), Ok(()));
    assert_eq!(house.may::<AttachControlPolicy>(&ram, scope()), Err(Reason::RootOnly));
}

/// Neither is a role that one has taken a way to one's own boundary.
#[test]
fn a_session_sets_no_boundary_on_its_role_or_its_taker() {
    let house = House::new();
    let (account, taker) = (house.one.id, house.one.people.nobody);
    let role = RoleId::random(&house.entropy);
    let trust = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":["acs:ram::{account}:root"]}}}}]}}"#
    );
    let name = RoleName::parse("RoleName", "keeper").unwrap();
    house.apply(vec![
        Change::Role { account, role, name, trust },
        Change::Attached {
            account,
            to: role.into(),
            policy_type: SYSTEM,
            policy: policy_name("AliyunRAMFullAccess"),
            workspace: None,
        },
        attached(account, taker, SYSTEM, "AliyunSTSAssumeRoleAccess"),
    ]);
    let claims = session_claims(account, role, Taker::User { user: taker, access_key: None });
    let key = SessionKeyId::random(&house.entropy);
    let session = house.directory.open_session(key, claims.clone(), NOW).unwrap();
    let caller =
        Caller { role_session: Some(Arc::new(session)), ..house.caller(&house.one, Principal::Role(role)) };
    let member = Attachee::User(house.one.people.member);
    assert_eq!(may_guard(&house, &caller, &[member], false), Ok(()));
    for own in [Attachee::Role(role), Attachee::User(taker)] {
        assert_eq!(may_guard(&house, &caller, &[own], false), Err(Reason::HandOut), "{own:?}");
    }
    // The role's boundary binds the session from now on, and the taker's may end it.
    assert_eq!(list_users(&house, &caller), Ok(()));
    boundary(&house, role, SYSTEM, "AliyunBailianFullAccess");
    assert_eq!(list_users(&house, &caller), Err(Reason::ImplicitDeny));
    house.apply(vec![Change::BoundaryGone { of: role.into() }]);
    boundary(&house, taker, SYSTEM, "AliyunRAMReadOnlyAccess");
    let key = SessionKeyId::random(&house.entropy);
    assert!(
        house.directory.open_session(key, claims, NOW).is_err(),
        "the boundary does not let it take roles"
    );
}
