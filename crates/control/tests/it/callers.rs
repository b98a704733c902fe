//! What a caller is told about itself.

use bailey_control::{AccessEntity, AssumeRoleRequest, Resource, RoleText};
use bailey_domain::change::PolicyType;
use bailey_domain::name::{PolicyName, RoleName, RoleSessionName};
use bailey_domain::{Caller, Outcome, Principal};

use crate::logins::{RIGHT, code, name};
use crate::world::{World, root, world};

const WITH_A_CODE: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:ListUsers","Resource":"*",
    "Condition":{"Bool":{"acs:MFAPresent":"true"}}}]}"#;

fn policy(text: &str) -> PolicyName {
    PolicyName::parse("PolicyName", text).unwrap()
}

/// Takes the role and gives who acts in it then.
async fn in_role(world: &World, caller: &Caller) -> Caller {
    let request = AssumeRoleRequest {
        role_arn: format!("acs:ram::{}:role/reader", caller.account),
        session_name: RoleSessionName::parse("RoleSessionName", "work").unwrap(),
        policy: None,
        duration: None,
        external_id: None,
    };
    let taken = world.control.assume_role(caller, request).await.unwrap();
    let presented = world.control.presented_temporary_key(taken.security_token.reveal()).unwrap();
    let session = world.control.open_role_session(presented, caller.now_ms).unwrap();
    Caller { principal: Principal::Role(taken.role.role_id), role_session: Some(session), ..root(world) }
}

#[tokio::test]
async fn a_second_factor_before_a_role_was_taken_counts_in_its_session() {
    let world = world().await;
    let owner = root(&world);
    let trust = format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"RAM":["acs:ram::{}:root"]}}}}]}}"#,
        owner.account
    );
    let role = RoleName::parse("RoleName", "reader").unwrap();
    let text = RoleText { trust_policy: Some(trust), ..RoleText::default() };
    world.control.create_role(&owner, role.clone(), text).await.unwrap();
    world.control.create_policy(&owner, &policy("with-a-code"), "", WITH_A_CODE, &[]).await.unwrap();
    let (custom, system) = (PolicyType::Custom, PolicyType::System);
    world.control.attach_policy_to_role(&owner, custom, &policy("with-a-code"), &role, None).await.unwrap();
    for user in ["alice", "bob"] {
        world.hire(user).await;
        let all = policy("AdministratorAccess");
        world.control.attach_policy_to_user(&owner, system, &all, &name(user), None).await.unwrap();
    }
    let seed = world.bind("alice").await;
    let all = Resource {
        entity: AccessEntity { kind: "management".to_owned(), id: "*".to_owned() },
        workspace: None,
    };
    for (user, code, outcome) in
        [("alice", Some(code(&world, &seed, 1)), Outcome::Allow), ("bob", None, Outcome::Deny)]
    {
        let session = world.sign_in(user, RIGHT, code).await.unwrap();
        let caller = in_role(&world, &world.caller(&session).await.unwrap()).await;
        let decision = world.control.decide_about_caller(&caller, "ram:ListUsers", &all);
        assert_eq!(decision.outcome, outcome, "{user}: {decision:?}");
    }
}
