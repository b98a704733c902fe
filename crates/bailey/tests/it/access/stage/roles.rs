//! What the operations of RAM roles are asked.

use serde_json::{Value, json};

use super::{Asked, HELD, Outcome, Stage, changes};
use crate::world::trust;

/// A trust policy that names nobody of an account, so that either account may create a role with it.
const TRUST: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["ecs.aliyuncs.com"]}}]}"#;

impl Stage {
    pub(super) async fn role(&mut self, operation: &str, thing: &'static str, outcome: Outcome) -> Asked {
        let (mut role, here) = (Self::name("role", thing), self.here.id.clone());
        let done = outcome == Outcome::Done;
        if operation.contains("ServiceLinked") {
            let asked = if operation == "DeleteServiceLinkedRole" { "RoleName" } else { "ServiceName" };
            return Asked::new(json!({ asked: "AliyunServiceRoleForEcs" }), &json!({}), &[]);
        }
        if changes(operation) && done {
            role = self.passing("role");
            self.passing_role(operation, &role).await;
        }
        let on_role = |further: Value| Asked::new(json!({ "RoleName": role }), &further, &[&role]);
        match operation {
            "ListRoles" => Asked::new(json!({}), &json!({}), &[]),
            "CreateRole" => {
                let name = if done { role.as_str() } else { "never" };
                Asked::new(json!({ "RoleName": name }), &json!({ "AssumeRolePolicyDocument": TRUST }), &[])
            }
            "TagResources" | "UntagResources" | "ListTagResources" => {
                let further = match operation {
                    "TagResources" => json!({ "Tag": [{ "Key": "stage", "Value": "matrix" }] }),
                    "UntagResources" => json!({ "TagKeys": ["team"] }),
                    _ => json!({}),
                };
                let of = json!({ "ResourceType": "role", "ResourceNames": [role] });
                Asked::new(of, &further, &[&role])
            }
            "UpdateRole" => on_role(json!({ "NewDescription": "changed" })),
            "AttachPolicyToRole" if !done => {
                on_role(json!({ "PolicyType": "System", "PolicyName": "AdministratorAccess" }))
            }
            "AttachPolicyToRole" | "DetachPolicyFromRole" => {
                on_role(json!({ "PolicyType": "System", "PolicyName": HELD }))
            }
            "AssumeRole" => {
                let arn = format!("acs:ram::{here}:role/{role}");
                Asked::new(json!({ "RoleArn": arn, "RoleSessionName": "matrix" }), &json!({}), &[])
            }
            "GetRole" | "DeleteRole" | "ListPoliciesForRole" => on_role(json!({})),
            _ => panic!("the stage does not know {operation}"),
        }
    }

    /// A passing role for what changes it.
    async fn passing_role(&self, operation: &str, role: &str) {
        let (control, root) = (&self.control, &self.here.root);
        if operation != "CreateRole" {
            let document = trust(&self.here.id);
            let new = json!({ "RoleName": role, "AssumeRolePolicyDocument": document });
            control.done(root, "CreateRole", new).await;
        }
        if operation == "DetachPolicyFromRole" {
            let held = json!({ "PolicyType": "System", "PolicyName": HELD, "RoleName": role });
            control.done(root, "AttachPolicyToRole", held).await;
        }
    }
}
