//! What stands above policies, as clients see it: permission boundaries and control policies.

use serde_json::{Value, json};

use crate::world::{Answer, Database, Installation, run};

const LISTS: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:List*","Resource":"*"}]}"#;
const NO_USERS: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
    {"Effect":"Deny","Action":"ram:ListUsers","Resource":"*"}]}"#;

#[track_caller]
fn refused_by(answer: &Answer, policy_type: &str, denial: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (403, "NoPermission"), "{}", answer.json());
    let detail = &answer.json()["AccessDeniedDetail"];
    assert_eq!(
        (detail["PolicyType"].as_str(), detail["NoPermissionType"].as_str()),
        (Some(policy_type), Some(denial)),
        "{detail}"
    );
}

#[track_caller]
fn failed(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{}", answer.json());
}

fn boundary(kind: &str, name: &str, policy_type: &str, policy: &str) -> Value {
    json!({ "type": kind, "name": name, "policyType": policy_type, "policyName": policy })
}

#[test]
fn a_boundary_caps_a_user_from_the_answer_on() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let (control, root) = (installation.control(), &account.root);
        let ram = control.user(root, "ram").await;
        let alice = control.user(root, "alice").await;
        for user in ["ram", "alice"] {
            control.attach(root, "AliyunRAMFullAccess", user).await;
        }
        for (policy, document) in [("lists", LISTS), ("no-users", NO_USERS)] {
            control.policy(root, policy, document).await;
        }
        let of_alice = json!({ "type": "user", "name": "alice" });
        failed(
            &control.call(root, "GetPermissionBoundary", of_alice.clone()).await,
            404,
            "EntityNotExist.PermissionBoundary",
        );
        let answer =
            control.done(&ram, "PutPermissionBoundary", boundary("user", "alice", "Custom", "lists")).await;
        assert_eq!(answer["confirmedNodes"], 1, "{answer}");
        refused_by(
            &control.call(&alice, "GetUser", json!({ "UserName": "alice" })).await,
            "PermissionBoundary",
            "ImplicitDeny",
        );
        control.done(&alice, "ListUsers", json!({})).await;
        // Her key goes on, what it may do has shrunk; and she gives nobody more, nor takes it off herself.
        let attach =
            json!({ "PolicyType": "System", "PolicyName": "AliyunRAMFullAccess", "UserName": "alice" });
        refused_by(
            &control.call(&alice, "AttachPolicyToUser", attach).await,
            "PermissionBoundary",
            "ImplicitDeny",
        );
        control.done(root, "PutPermissionBoundary", boundary("user", "alice", "Custom", "no-users")).await;
        refused_by(&control.call(&alice, "ListUsers", json!({})).await, "PermissionBoundary", "ExplicitDeny");
        for (operation, parameters) in [
            ("DeletePermissionBoundary", of_alice.clone()),
            ("PutPermissionBoundary", boundary("user", "alice", "System", "AdministratorAccess")),
            ("DeletePermissionBoundary", json!({ "type": "user", "name": "ram" })),
        ] {
            failed(&control.call(&alice, operation, parameters).await, 403, "NoPermission");
        }
        let own = boundary("user", "ram", "System", "AdministratorAccess");
        failed(&control.call(&ram, "PutPermissionBoundary", own).await, 403, "NoPermission");
        // The policy itself is no way around it, and does not go while it is in use.
        let wider = json!({ "PolicyName": "no-users", "PolicyDocument": LISTS, "SetAsDefault": true });
        failed(&control.call(&alice, "CreatePolicyVersion", wider.clone()).await, 403, "NoPermission");
        let delete = json!({ "PolicyName": "no-users", "CascadingDelete": true });
        failed(
            &control.call(root, "DeletePolicy", delete.clone()).await,
            409,
            "DeleteConflict.Policy.PermissionBoundary",
        );
        control.done(&ram, "CreatePolicyVersion", wider).await;
        control.done(&alice, "ListUsers", json!({})).await;
        let shown = control.done(&ram, "GetPermissionBoundary", of_alice.clone()).await;
        assert_eq!(
            (&shown["boundary"]["policyName"], &shown["boundary"]["defaultVersion"]),
            (&json!("no-users"), &json!(2))
        );
        control.done(&ram, "DeletePermissionBoundary", of_alice.clone()).await;
        control.done(&alice, "GetUser", json!({ "UserName": "alice" })).await;
        control.done(root, "DeletePolicy", delete).await;
        failed(
            &control.call(&ram, "DeletePermissionBoundary", of_alice).await,
            404,
            "EntityNotExist.PermissionBoundary",
        );
        for (parameters, code) in [
            (boundary("group", "g", "Custom", "lists"), "InvalidParameter.type"),
            (boundary("user", "alice", "Own", "lists"), "InvalidParameter.policyType"),
        ] {
            failed(&control.call(root, "PutPermissionBoundary", parameters).await, 400, code);
        }
        // A boundary goes with its user: one of the same name has none.
        control.done(&ram, "PutPermissionBoundary", boundary("user", "alice", "Custom", "lists")).await;
        let detach =
            json!({ "PolicyType": "System", "PolicyName": "AliyunRAMFullAccess", "UserName": "alice" });
        control.done(root, "DetachPolicyFromUser", detach).await;
        let key = json!({ "UserName": "alice", "UserAccessKeyId": alice.access_key() });
        control.done(root, "DeleteAccessKey", key).await;
        control.done(root, "DeleteUser", json!({ "UserName": "alice" })).await;
        control.done(root, "DeletePolicy", json!({ "PolicyName": "lists" })).await;
    });
}

#[test]
fn control_policies_bind_all_but_root_from_the_answer_on() {
    let (installation, account) = Installation::started(Database::Postgres);
    run(async {
        let (control, root) = (installation.control(), &account.root);
        let ram = control.user(root, "ram").await;
        control.attach(root, "AliyunRAMFullAccess", "ram").await;
        control.policy(root, "no-users", NO_USERS).await;
        let named = |kind: &str, policy: &str| json!({ "policyType": kind, "policyName": policy });
        let (custom, system) = (named("Custom", "no-users"), named("System", "AliyunBailianFullAccess"));
        for operation in ["AttachControlPolicy", "DetachControlPolicy"] {
            failed(&control.call(&ram, operation, custom.clone()).await, 403, "NoPermission");
        }
        control.done(&ram, "ListUsers", json!({})).await;
        control.done(root, "AttachControlPolicy", custom.clone()).await;
        refused_by(&control.call(&ram, "ListUsers", json!({})).await, "ControlPolicy", "ExplicitDeny");
        control.done(&ram, "ListGroups", json!({})).await;
        control.done(root, "ListUsers", json!({})).await;
        failed(
            &control.call(root, "AttachControlPolicy", custom.clone()).await,
            409,
            "EntityAlreadyExists.ControlPolicy",
        );
        // Nobody but root rewrites it, and it does not go while it is attached.
        let without = json!({ "PolicyName": "no-users", "PolicyDocument": LISTS, "SetAsDefault": true });
        failed(&control.call(&ram, "CreatePolicyVersion", without).await, 403, "NoPermission");
        failed(
            &control.call(root, "DeletePolicy", json!({ "PolicyName": "no-users" })).await,
            409,
            "DeleteConflict.Policy.ControlPolicy",
        );
        control.done(root, "AttachControlPolicy", system.clone()).await;
        control.done(root, "DetachControlPolicy", custom.clone()).await;
        let listed = control.done(root, "ListControlPolicies", json!({})).await;
        assert_eq!(listed["controlPolicies"].as_array().map(Vec::len), Some(1), "{listed}");
        assert_eq!(listed["controlPolicies"][0]["policyName"], "AliyunBailianFullAccess");
        assert!(!listed["controlPolicies"][0]["description"].as_str().unwrap_or_default().is_empty());
        let refused = control.call(&ram, "ListUsers", json!({})).await;
        refused_by(&refused, "ControlPolicy", "ImplicitDeny");
        control.done(root, "DetachControlPolicy", system).await;
        control.done(&ram, "ListUsers", json!({})).await;
        for (policy, code) in
            [("none", "EntityNotExist.Policy"), ("no-users", "EntityNotExist.ControlPolicy")]
        {
            failed(&control.call(root, "DetachControlPolicy", named("Custom", policy)).await, 404, code);
        }
        control.done(root, "DeletePolicy", json!({ "PolicyName": "no-users" })).await;
    });
}
