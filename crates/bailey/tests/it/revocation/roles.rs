//! Switches of roles, which end what their sessions may do.

use serde_json::json;

use super::ground::Prepared;
use super::switches::{Armed, NO_PERMISSION, Promise, Switch, calls};
use crate::world::{Credential, id_of, trust};

const ENDED: (u16, &str) = (400, "InvalidSecurityToken.Expired");

/// A session of a new role.
pub(super) async fn arm(switch: Switch, ground: &mut Prepared) -> Armed {
    let (control, root, name) = (ground.control.clone(), ground.account.root.clone(), ground.name());
    let user = control.user(&root, &name).await;
    control.attach(&root, "AliyunSTSAssumeRoleAccess", &name).await;
    let role = format!("role-{name}");
    let made = json!({ "RoleName": role, "AssumeRolePolicyDocument": trust(&ground.account.id) });
    let made = control.done(&root, "CreateRole", made).await;
    let policy = json!({ "PolicyType": "System", "PolicyName": "AliyunBailianFullAccess", "RoleName": role });
    if switch == Switch::DetachPolicyFromRole {
        control.done(&root, "AttachPolicyToRole", policy.clone()).await;
    }
    let take = json!({ "RoleArn": id_of(&made, "/Role/Arn"), "RoleSessionName": "hammer" });
    let session = control.done(&user, "AssumeRole", take).await;
    let part = |name: &str| id_of(&session, &format!("/Credentials/{name}"));
    let credential = Credential::Temporary {
        id: part("AccessKeyId"),
        secret: part("AccessKeySecret"),
        token: part("SecurityToken"),
    };
    let (operation, parameters, called, refused) = match switch {
        Switch::DetachPolicyFromRole => ("DetachPolicyFromRole", policy, "GetSettings", NO_PERMISSION),
        Switch::NarrowTrust => {
            let others = trust(&ground.account.id).replace(":root", ":user/alice");
            let narrow = json!({ "RoleName": role, "NewAssumeRolePolicyDocument": others });
            ("UpdateRole", narrow, "GetCallerIdentity", ENDED)
        }
        _ => ("DeleteRole", json!({ "RoleName": role }), "GetCallerIdentity", ENDED),
    };
    Armed {
        operation,
        parameters,
        make: calls(ground, credential, (called, json!({}))),
        refused,
        promise: Promise::Plain,
    }
}
