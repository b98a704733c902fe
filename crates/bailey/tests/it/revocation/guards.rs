//! Switches above the policies that a person holds: boundaries and control policies.

use serde_json::json;

use super::ground::Prepared;
use super::switches::{Armed, LISTS, NO_PERMISSION, Promise, Switch, calls};

/// A person whose policies allow everything, and what is to stand above them.
pub(super) async fn arm(switch: Switch, ground: &mut Prepared) -> Armed {
    let (control, root, name) = (ground.control.clone(), ground.account.root.clone(), ground.name());
    let credential = control.user(&root, &name).await;
    control.attach(&root, "AliyunBailianFullAccess", &name).await;
    let policy = format!("guard-{name}");
    let mut guard = json!({ "policyType": "Custom", "policyName": policy });
    let operation = if switch == Switch::PutPermissionBoundary {
        control.policy(&root, &policy, &LISTS.replace("List*", "Get*")).await;
        guard["type"] = json!("user");
        guard["name"] = json!(name);
        "PutPermissionBoundary"
    } else {
        // Those of earlier rounds hold for everybody, so each names whom it stands above.
        let condition = json!({ "StringEquals": { "acs:PrincipalARN": format!("acs:ram::{}:user/{name}", ground.account.id) } });
        let allow = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        let deny = json!({ "Effect": "Deny", "Action": "modelstudio:List*", "Resource": "*", "Condition": condition });
        control
            .policy(&root, &policy, &json!({ "Version": "1", "Statement": [allow, deny] }).to_string())
            .await;
        "AttachControlPolicy"
    };
    Armed {
        operation,
        parameters: guard,
        make: calls(ground, credential, ("ListProviders", json!({}))),
        refused: NO_PERMISSION,
        promise: Promise::Plain,
    }
}
