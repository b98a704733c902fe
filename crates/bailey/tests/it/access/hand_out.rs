//! Rule 9: nobody hands out more than they hold. The cases about page permissions stand in `expected.txt`; here is a
//! clerk who may attach policies, write them and make access keys, and holds nothing else.

use serde_json::{Value, json};

use crate::world::{Answer, Database, Installation, run};

const CLERK: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:AttachPolicyToUser",
    "ram:CreateAccessKey","ram:CreatePolicy","ram:CreatePolicyVersion","ram:SetDefaultPolicyVersion"],"Resource":"*"}]}"#;
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
            control
                .done(root, "CreatePolicy", json!({ "PolicyName": policy, "PolicyDocument": document }))
                .await;
        }
        control.done(root, "AttachPolicyToUser", attach("Custom", "clerks", "clerk")).await;
        for user in ["clerk", "friend"] {
            for (kind, policy) in
                [("System", "AliyunBailianFullAccess"), ("System", "AliyunRAMFullAccess"), ("Custom", "more")]
            {
                let answer = control.call(&clerk, "AttachPolicyToUser", attach(kind, policy, user)).await;
                refused(&answer, "ram:AttachPolicyToUser");
            }
        }
        control.done(&clerk, "AttachPolicyToUser", attach("Custom", "clerks", "friend")).await;
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
