//! Rule 9: nobody hands out more than they hold. The cases about page permissions stand in `expected.txt`; here is a
//! clerk who may attach policies, write them and make access keys, and holds nothing else.

use serde_json::{Value, json};

use crate::world::{Answer, Database, Installation, run, trust};

const CLERK: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:AttachPolicyToUser",
    "ram:AttachPolicyToGroup","ram:AddUserToGroup","ram:CreateGroup","ram:CreateAccessKey","ram:CreatePolicy","ram:CreatePolicyVersion","ram:SetDefaultPolicyVersion"],"Resource":"*"}]}"#;
const LESS: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:CreatePolicy","Resource":"*"}]}"#;
const MORE: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

#[track_caller]
fn refused(answer: &Answer, action: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (403, "NoPermission"), "{action}: {}", answer.json());
    assert_eq!(answer.json()["AccessDeniedDetail"]["AuthAction"], action);
}

fn attach(policy_type: &str, policy: &str, user: &str) -> Value {
    json!({ "PolicyType": policy_type, "PolicyName": policy, "UserName": user })
}

#[test]
fn a_clerk_hands_out_what_the_clerk_holds_and_no_more() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let (control, root) = (installation.control(), &account.root);
        let clerk = control.user(root, "clerk").await;
        control.done(root, "CreateUser", json!({ "UserName": "friend" })).await;
        for (policy, document) in [("clerks", CLERK), ("more", MORE)] {
            control.policy(root, policy, document).await;
        }
        control.attach_custom(root, "clerks", "clerk").await;
        for user in ["clerk", "friend"] {
            for (kind, policy) in
                [("System", "AliyunBailianFullAccess"), ("System", "AliyunRAMFullAccess"), ("Custom", "more")]
            {
                let answer = control.call(&clerk, "AttachPolicyToUser", attach(kind, policy, user)).await;
                refused(&answer, "ram:AttachPolicyToUser");
            }
        }
        control.attach_custom(&clerk, "clerks", "friend").await;
        let of_friend = control.call(&clerk, "CreateAccessKey", json!({ "UserName": "friend" })).await;
        refused(&of_friend, "ram:CreateAccessKey");
        control.done(&clerk, "CreateAccessKey", json!({ "UserName": "clerk" })).await;
        // The policy that the clerk holds by is made no wider, neither at once nor in two steps.
        let version = |document: &str, set: bool| json!({ "PolicyName": "clerks", "PolicyDocument": document, "SetAsDefault": set });
        refused(
            &control.call(&clerk, "CreatePolicyVersion", version(MORE, true)).await,
            "ram:CreatePolicyVersion",
        );
        control.done(root, "CreatePolicyVersion", version(MORE, false)).await;
        let wider = json!({ "PolicyName": "clerks", "VersionId": "v2" });
        refused(&control.call(&clerk, "SetDefaultPolicyVersion", wider).await, "ram:SetDefaultPolicyVersion");
        assert_eq!(
            control.call(&clerk, "ListUsers", json!({})).await.status,
            403,
            "nothing has become wider"
        );
        control.done(&clerk, "CreatePolicyVersion", version(LESS, true)).await;
        let answer = control.call(&clerk, "AttachPolicyToUser", attach("Custom", "clerks", "friend")).await;
        refused(&answer, "ram:AttachPolicyToUser");
    });
}

/// A group is no way around it, from either end: neither is a policy put on one's own group, nor oneself into another.
#[test]
fn a_clerk_gets_nothing_more_by_way_of_groups() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let (control, root) = (installation.control(), &account.root);
        let clerk = control.user(root, "clerk").await;
        control.done(root, "CreateUser", json!({ "UserName": "friend" })).await;
        control.policy(root, "clerks", CLERK).await;
        control.attach_custom(root, "clerks", "clerk").await;
        for group in ["managers", "clerks"] {
            control.done(root, "CreateGroup", json!({ "GroupName": group })).await;
        }
        let to_group = |kind: &str, policy: &str, group: &str| json!({ "PolicyType": kind, "PolicyName": policy, "GroupName": group });
        let bailian = "AliyunBailianFullAccess";
        control.done(root, "AttachPolicyToGroup", to_group("System", bailian, "managers")).await;
        for user in ["clerk", "friend"] {
            let answer = control
                .call(&clerk, "AddUserToGroup", json!({ "GroupName": "managers", "UserName": user }))
                .await;
            refused(&answer, "ram:AddUserToGroup");
        }
        let answer = control.call(&clerk, "AttachPolicyToGroup", to_group("System", bailian, "clerks")).await;
        refused(&answer, "ram:AttachPolicyToGroup");
        let members = control.done(root, "ListUsersForGroup", json!({ "GroupName": "managers" })).await;
        assert_eq!(members["Users"]["User"], json!([]));
        // What the clerk holds goes through, in either order.
        control.done(&clerk, "AttachPolicyToGroup", to_group("Custom", "clerks", "clerks")).await;
        control.join(&clerk, "clerks", "friend").await;
        control.done(&clerk, "CreateGroup", json!({ "GroupName": "empty" })).await;
        control.join(&clerk, "empty", "clerk").await;
        refused(
            &control.call(&clerk, "AttachPolicyToGroup", to_group("System", bailian, "empty")).await,
            "ram:AttachPolicyToGroup",
        );
        // A policy that is on a group only is made no wider either.
        control.policy(root, "less", LESS).await;
        control.done(&clerk, "AttachPolicyToGroup", to_group("Custom", "less", "empty")).await;
        let wider = json!({ "PolicyName": "less", "PolicyDocument": MORE, "SetAsDefault": true });
        refused(&control.call(&clerk, "CreatePolicyVersion", wider).await, "ram:CreatePolicyVersion");
        assert_eq!(control.call(&clerk, "ListUsers", json!({})).await.status, 403);
    });
}

/// Whoever may change one user may not put that user into any group, nor the other way round: both must be allowed.
#[test]
fn joining_needs_the_user_and_the_group() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let (control, root) = (installation.control(), &account.root);
        let clerk = control.user(root, "clerk").await;
        for name in ["one", "two"] {
            control.done(root, "CreateUser", json!({ "UserName": name })).await;
            control.done(root, "CreateGroup", json!({ "GroupName": name })).await;
        }
        let statement = json!({
            "Effect": "Allow", "Action": ["ram:AddUserToGroup", "ram:RemoveUserFromGroup"],
            "Resource": [format!("acs:ram:*:{}:user/one", account.id), format!("acs:ram:*:{}:group/one", account.id)],
        });
        let document = json!({ "Version": "1", "Statement": [statement] }).to_string();
        control.policy(root, "ones", &document).await;
        control.attach_custom(root, "ones", "clerk").await;
        let pair = |user: &str, group: &str| json!({ "UserName": user, "GroupName": group });
        for operation in ["AddUserToGroup", "RemoveUserFromGroup"] {
            for (user, group) in [("one", "two"), ("two", "one"), ("two", "two")] {
                let answer = control.call(&clerk, operation, pair(user, group)).await;
                refused(&answer, &format!("ram:{operation}"));
            }
            control.done(&clerk, operation, pair("one", "one")).await;
        }
    });
}

/// Policies go by names, so nobody gets or gives another one who does not administer RAM; all else of a user may change.
#[test]
fn a_clerk_renames_nobody() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let (control, root) = (installation.control(), &account.root);
        let (clerk, ram) = (control.user(root, "clerk").await, control.user(root, "ram").await);
        control.user(root, "friend").await;
        control.done(root, "CreateGroup", json!({ "GroupName": "team" })).await;
        control.attach(root, "AliyunRAMFullAccess", "ram").await;
        const UPDATER: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:Update*","ram:Get*"],"Resource":"*"}]}"#;
        // Who is called so may do everything.
        let owner = format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{
                "StringEquals":{{"acs:PrincipalARN":"acs:ram::{}:user/owner"}}}}}}]}}"#,
            account.id
        );
        for (name, document) in [("updater", UPDATER), ("owner", &owner)] {
            control.policy(root, name, document).await;
            control.attach_custom(root, name, "clerk").await;
        }
        let renames =
            |who: &str, new: &str| json!({ "UserName": who, "NewUserName": new, "NewComments": new });
        let group = |new: &str| json!({ "GroupName": "team", "NewGroupName": new, "NewComments": new });
        for (who, new) in [("clerk", "owner"), ("friend", "owner"), ("friend", "FRIEND"), ("clerk", "Clerk")]
        {
            refused(&control.call(&clerk, "UpdateUser", renames(who, new)).await, "ram:UpdateUser");
        }
        for new in ["owners", "Team"] {
            refused(&control.call(&clerk, "UpdateGroup", group(new)).await, "ram:UpdateGroup");
        }
        let read = control.done(&clerk, "GetUser", json!({ "UserName": "friend" })).await;
        assert_eq!(read["User"]["UserName"], "friend");
        assert!(!read["User"]["Comments"].as_str().unwrap_or_default().contains("owner"));
        // The name that it has may be sent along.
        for (operation, parameters) in
            [("UpdateUser", renames("FRIEND", "friend")), ("UpdateGroup", group("team"))]
        {
            control.done(&clerk, operation, parameters).await;
        }
        let absent = control.call(&clerk, "UpdateUser", renames("nobody", "somebody")).await;
        assert_eq!((absent.status, absent.code().as_str()), (404, "EntityNotExist.User"));
        control.done(&ram, "UpdateUser", renames("friend", "colleague")).await;
        control.done(&ram, "UpdateGroup", group("crew")).await;
        control.done(root, "UpdateUser", renames("ram", "RAM")).await;
        assert_eq!(control.call(&clerk, "ListUsers", json!({})).await.status, 403);
    });
}

/// Nor does a clerk lift what is denied to the clerk or anybody: not by detaching, by leaving, or by another version.
#[test]
fn a_clerk_lifts_no_deny() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let (control, root) = (installation.control(), &account.root);
        let clerk = control.user(root, "clerk").await;
        let ram = control.user(root, "ram").await;
        control.attach(root, "AliyunRAMFullAccess", "ram").await;
        control.done(root, "CreateGroup", json!({ "GroupName": "kept-out" })).await;
        let role = json!({ "RoleName": "operator", "AssumeRolePolicyDocument": trust(&account.id) });
        control.done(root, "CreateRole", role).await;
        const LIFTER: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:Detach*","ram:RemoveUserFromGroup",
            "ram:CreatePolicyVersion","ram:SetDefaultPolicyVersion","ram:List*"],"Resource":"*"}]}"#;
        const BOTH: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:ListUsers","Resource":"*"},
            {"Effect":"Deny","Action":"ram:ListUsers","Resource":"*"}]}"#;
        const ALLOW: &str =
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:ListUsers","Resource":"*"}]}"#;
        for (policy, document) in [("lifter", LIFTER), ("both", BOTH)] {
            control.policy(root, policy, document).await;
        }
        let both =
            |what: &str, name: &str| json!({ "PolicyType": "Custom", "PolicyName": "both", what: name });
        control.attach_custom(root, "lifter", "clerk").await;
        control.attach_custom(root, "both", "clerk").await;
        control.done(root, "AttachPolicyToGroup", both("GroupName", "kept-out")).await;
        control.done(root, "AttachPolicyToRole", both("RoleName", "operator")).await;
        control.join(root, "kept-out", "clerk").await;
        let version = |text: &str, set: bool| json!({ "PolicyName": "both", "PolicyDocument": text, "SetAsDefault": set });
        control.done(root, "CreatePolicyVersion", version(ALLOW, false)).await;
        let attempts = [
            ("DetachPolicyFromUser", both("UserName", "clerk")),
            ("DetachPolicyFromGroup", both("GroupName", "kept-out")),
            ("DetachPolicyFromRole", both("RoleName", "operator")),
            ("RemoveUserFromGroup", json!({ "GroupName": "kept-out", "UserName": "clerk" })),
            ("CreatePolicyVersion", version(ALLOW, true)),
            ("SetDefaultPolicyVersion", json!({ "PolicyName": "both", "VersionId": "v2" })),
        ];
        for (operation, parameters) in &attempts {
            let answer = control.call(&clerk, operation, parameters.clone()).await;
            refused(&answer, &format!("ram:{operation}"));
        }
        assert_eq!(control.call(&clerk, "ListUsers", json!({})).await.status, 403);
        let held = control.done(root, "ListPoliciesForUser", json!({ "UserName": "clerk" })).await;
        assert_eq!(held["Policies"]["Policy"].as_array().map(Vec::len), Some(2));
        // Whoever administers RAM does all of it.
        for (operation, parameters) in attempts {
            control.done(&ram, operation, parameters).await;
        }
    });
}
