//! What the operations of permission boundaries and control policies are asked.

use serde_json::json;

use super::{Asked, Outcome, Stage};

/// Control policies bind everybody of the account, the rest of the matrix included.
const EVERYTHING: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

impl Stage {
    /// `None` for all other operations.
    pub(super) async fn guard(
        &mut self,
        operation: &str,
        thing: &'static str,
        outcome: Outcome,
    ) -> Option<Asked> {
        let (control, root) = (self.control.clone(), self.here.root.clone());
        let done = outcome == Outcome::Done;
        let everything = json!({ "policyType": "System", "policyName": "AdministratorAccess" });
        Some(match operation {
            "ListControlPolicies" => Asked::new(json!({}), &json!({}), &[]),
            "AttachControlPolicy" | "DetachControlPolicy" => {
                let mut policy = Self::name("policy", thing);
                if done {
                    policy = self.passing("policy");
                    control.policy(&root, &policy, EVERYTHING).await;
                }
                let asked = json!({ "policyType": "Custom", "policyName": policy });
                if done && operation == "DetachControlPolicy" {
                    control.done(&root, "AttachControlPolicy", asked.clone()).await;
                }
                Asked::new(asked, &json!({}), &[&policy])
            }
            "PutPermissionBoundary" | "DeletePermissionBoundary" | "GetPermissionBoundary" => {
                let mut user = Self::name("lasting", thing);
                if done {
                    user = self.passing("user");
                    control.done(&root, "CreateUser", json!({ "UserName": user })).await;
                }
                let of = json!({ "type": "user", "name": user });
                if operation == "PutPermissionBoundary" {
                    return Some(Asked::new(of, &everything, &[&user]));
                }
                if done {
                    let mut put = of.clone();
                    put["policyType"] = json!("System");
                    put["policyName"] = json!("AdministratorAccess");
                    control.done(&root, "PutPermissionBoundary", put).await;
                }
                Asked::new(of, &json!({}), &[&user])
            }
            _ => return None,
        })
    }
}
