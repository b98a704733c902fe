//! What the operations of RAM and STS are asked; those of groups stand beside.

use serde_json::{Value, json};

use super::{Asked, DOCUMENT, HELD, Outcome, Stage};

impl Stage {
    pub(super) async fn ram(&mut self, operation: &str, thing: &'static str, outcome: Outcome) -> Asked {
        if operation.contains("Role") || operation.ends_with("TagResources") || operation == "UntagResources"
        {
            return self.role(operation, thing, outcome).await;
        }
        if operation == "DecodeDiagnosticMessage" {
            let message = self.kept("message", "own");
            return Asked::new(json!({ "EncodedDiagnosticMessage": message }), &json!({}), &[]);
        }
        if operation.contains("Group") {
            return self.group(operation, thing, outcome).await;
        }
        let (user, policy) = (Self::name("lasting", thing), Self::name("policy", thing));
        let on_user = |further: Value| Asked::new(json!({ "UserName": user }), &further, &[&user]);
        let on_policy = |further: Value| Asked::new(json!({ "PolicyName": policy }), &further, &[&policy]);
        if operation.ends_with("PolicyTests") {
            let further = if operation == "PutPolicyTests" { json!({ "tests": [] }) } else { json!({}) };
            return Asked::new(json!({ "policyName": policy }), &further, &[&policy]);
        }
        let typed = json!({ "PolicyType": "Custom" });
        if outcome == Outcome::Done {
            return self.passing_ram(operation).await.unwrap_or_else(|| match operation {
                "GetPolicy" | "ListPolicyVersions" | "ListEntitiesForPolicy" => on_policy(typed),
                "GetPolicyVersion" => on_policy(json!({ "PolicyType": "Custom", "VersionId": "v1" })),
                "UpdatePolicyDescription" => on_policy(json!({ "NewDescription": "changed" })),
                "UpdateUser" => on_user(json!({ "NewComments": "changed" })),
                "GetUser" | "ListAccessKeys" | "ListPoliciesForUser" => on_user(json!({})),
                "ListUsers" | "ListPolicies" | "GetCallerIdentity" => Asked::new(json!({}), &json!({}), &[]),
                _ => panic!("the stage does not know {operation}"),
            });
        }
        match operation {
            "CreateUser" => Asked::new(json!({ "UserName": "never" }), &json!({}), &[]),
            "CreatePolicy" => {
                Asked::new(json!({ "PolicyName": "never" }), &json!({ "PolicyDocument": DOCUMENT }), &[])
            }
            "ListUsers" | "ListPolicies" | "GetCallerIdentity" => Asked::new(json!({}), &json!({}), &[]),
            "UpdateUser" => on_user(json!({ "NewComments": "changed" })),
            "UpdateAccessKey" | "DeleteAccessKey" | "GetAccessKeyLastUsed" => {
                let key = self.kept("access key", thing);
                let mut asked = on_user(json!({ "UserAccessKeyId": key }));
                if operation == "UpdateAccessKey" {
                    asked.parameters["Status"] = json!("Inactive");
                }
                asked.ids.push(key);
                asked
            }
            "AttachPolicyToUser" => {
                on_user(json!({ "PolicyType": "System", "PolicyName": "AdministratorAccess" }))
            }
            "DetachPolicyFromUser" => on_user(json!({ "PolicyType": "System", "PolicyName": HELD })),
            "GetPolicy" | "ListPolicyVersions" | "ListEntitiesForPolicy" => on_policy(typed),
            "GetPolicyVersion" => on_policy(json!({ "PolicyType": "Custom", "VersionId": "v1" })),
            "DeletePolicyVersion" | "SetDefaultPolicyVersion" => on_policy(json!({ "VersionId": "v1" })),
            "UpdatePolicyDescription" => on_policy(json!({ "NewDescription": "changed" })),
            "CreatePolicyVersion" => on_policy(json!({ "PolicyDocument": DOCUMENT, "SetAsDefault": true })),
            "DeletePolicy" => on_policy(json!({})),
            "DeleteUser" | "GetUser" | "CreateAccessKey" | "ListAccessKeys" | "ListPoliciesForUser" => {
                on_user(json!({}))
            }
            _ => panic!("the stage does not know {operation}"),
        }
    }

    /// A passing user or policy for what changes it; `None` for what only reads.
    async fn passing_ram(&mut self, operation: &str) -> Option<Asked> {
        let root = self.here.root.clone();
        let (user, policy) = (self.passing("user"), self.passing("policy"));
        let control = self.control.clone();
        let mut further = json!({});
        match operation {
            "CreateUser" => {}
            "DeleteUser"
            | "CreateAccessKey"
            | "UpdateAccessKey"
            | "DeleteAccessKey"
            | "GetAccessKeyLastUsed"
            | "AttachPolicyToUser"
            | "DetachPolicyFromUser" => {
                control.done(&root, "CreateUser", json!({ "UserName": user })).await;
            }
            "CreatePolicy" => {
                return Some(Asked::new(
                    json!({ "PolicyName": policy }),
                    &json!({ "PolicyDocument": DOCUMENT }),
                    &[],
                ));
            }
            "DeletePolicy" | "CreatePolicyVersion" | "DeletePolicyVersion" | "SetDefaultPolicyVersion" => {
                let parameters = json!({ "PolicyName": policy, "PolicyDocument": DOCUMENT });
                control.done(&root, "CreatePolicy", parameters.clone()).await;
                if operation.ends_with("PolicyVersion") && operation != "CreatePolicyVersion" {
                    control.done(&root, "CreatePolicyVersion", parameters).await;
                    further = json!({ "VersionId": "v2" });
                } else if operation == "CreatePolicyVersion" {
                    further = json!({ "PolicyDocument": DOCUMENT });
                }
                return Some(Asked::new(json!({ "PolicyName": policy }), &further, &[&policy]));
            }
            _ => return None,
        }
        match operation {
            "UpdateAccessKey" | "DeleteAccessKey" | "GetAccessKeyLastUsed" => {
                let key = control.access_key(&root, &user).await;
                further = json!({ "UserAccessKeyId": key.access_key() });
                if operation == "UpdateAccessKey" {
                    further["Status"] = json!("Inactive");
                }
            }
            "AttachPolicyToUser" => {
                further = json!({ "PolicyType": "System", "PolicyName": "AliyunBailianFullAccess" });
            }
            "DetachPolicyFromUser" => {
                control.attach(&root, "AliyunBailianFullAccess", &user).await;
                further = json!({ "PolicyType": "System", "PolicyName": "AliyunBailianFullAccess" });
            }
            _ => {}
        }
        Some(Asked::new(json!({ "UserName": user }), &further, &[&user]))
    }
}
