//! What the operations of Model Studio are asked.

use serde_json::json;

use super::{Asked, BYSTANDER, Outcome, Stage, USER};
use crate::access::cast::Person;

impl Stage {
    pub(super) async fn key(&mut self, operation: &str, thing: &'static str, outcome: Outcome) -> Asked {
        if operation == "CreateApiKey" {
            let workspace = self.workspace(thing);
            return Asked::new(json!({ "workspaceId": workspace }), &json!({}), &[&workspace]);
        }
        let key = if outcome == Outcome::Done && operation != "GetApiKey" {
            self.control.api_key(&self.here.root, &self.workspace(thing)).await.0
        } else {
            self.kept("key", thing)
        };
        let further =
            if operation == "UpdateApiKey" { json!({ "description": "changed" }) } else { json!({}) };
        Asked::new(json!({ "apiKeyId": key }), &further, &[&key])
    }

    pub(super) async fn in_workspace(
        &mut self,
        operation: &str,
        thing: &'static str,
        caller: &Person,
        outcome: Outcome,
    ) -> Option<Asked> {
        let workspace = self.workspace(thing);
        let root = self.here.root.clone();
        let further = match operation {
            "RenameWorkspace" => json!({ "workspaceName": self.passing("name") }),
            "UpdateModelPermissions" => json!({ "models": [{ "model": "qwen-plus", "inference": true }] }),
            "UpdateModelLimits" => {
                json!({ "workspaceLimits": [{ "model": "qwen-plus", "requestLimit": 100_000, "requestLimitPeriod": 60 }] })
            }
            "DeleteWorkspace"
            | "ListApiKeys"
            | "ListModelPermissions"
            | "ListModelLimits"
            | "ListMembers"
            | "GetWorkspaceUsage"
            | "ListWorkspaceBudgets" => json!({}),
            "PutWorkspaceBudget" => json!({ "amountMicro": 1_000_000_000 }),
            "DeleteWorkspaceBudget" => {
                if outcome == Outcome::Done {
                    let budget = json!({ "workspaceId": workspace, "amountMicro": 1_000_000_000 });
                    self.control.done(&root, "PutWorkspaceBudget", budget).await;
                }
                json!({})
            }
            "AddMember" | "RemoveMember" if outcome == Outcome::Done => {
                let user = self.passing("user");
                self.control.done(&root, "CreateUser", json!({ "UserName": user })).await;
                self.control.known(&root, &user).await;
                if operation == "RemoveMember" {
                    self.control.seat(&root, &workspace, &user, &[]).await;
                }
                json!({ "userName": user })
            }
            "AddMember" => json!({ "userName": USER }),
            "GetMember" | "RemoveMember" => json!({ "userName": BYSTANDER }),
            "GetEffectiveAccess" => {
                json!({ "userName": if thing == "oneself" { caller.name } else { BYSTANDER } })
            }
            "SetMemberPages" => {
                let before: &[&str] = if thing == "take-admin" { &["administrator"] } else { &[] };
                for place in [&self.places.own, &self.places.beside] {
                    let reset = json!({ "workspaceId": place, "userName": BYSTANDER, "pages": before });
                    self.control.done(&root, operation, reset).await;
                }
                let (user, pages): (_, &[&str]) = match thing {
                    "oneself" => (caller.name, &["playground"]),
                    "give-admin" => (BYSTANDER, &["administrator"]),
                    "give-perm" => (BYSTANDER, &["permission-management"]),
                    "give-keys" => (BYSTANDER, &["api-key"]),
                    "take-admin" => (BYSTANDER, &[]),
                    _ => (BYSTANDER, &["playground"]),
                };
                json!({ "userName": user, "pages": pages })
            }
            _ => return None,
        };
        Some(Asked::new(json!({ "workspaceId": workspace }), &further, &[&workspace]))
    }

    pub(super) async fn in_account(
        &mut self,
        operation: &str,
        thing: &'static str,
        caller: &Person,
        outcome: Outcome,
    ) -> Asked {
        let is_done = outcome == Outcome::Done;
        let account = if caller.name == "abroad" { &self.abroad } else { &self.here };
        let (root, control) = (account.root.clone(), self.control.clone());
        let passing = self.passing("passing");
        let user = if is_done { passing.clone() } else { Self::name("lasting", thing) };
        let model = if is_done { passing.clone() } else { Self::name("model", thing) };
        let provider = if is_done { passing.clone() } else { Self::name("provider", thing) };
        let limit = json!({ "model": "qwen-plus", "requestLimit": 100_000, "requestLimitPeriod": 60 });
        match operation {
            "CreateWorkspace" => Asked::new(json!({ "workspaceName": passing }), &json!({}), &[]),
            "PutModel" => {
                Asked::new(json!({ "model": model }), &json!({ "routes": [{ "provider": "demo" }] }), &[])
            }
            "DeleteModel" => {
                if is_done {
                    control.model(&root, &model, "chat", "demo").await;
                }
                Asked::new(json!({ "model": model }), &json!({}), &[&model])
            }
            "PutBudget" => Asked::new(json!({ "amountMicro": 1_000_000_000 }), &json!({}), &[]),
            "DeleteBudget" => {
                if is_done {
                    control.done(&root, "PutBudget", json!({ "amountMicro": 1_000_000_000 })).await;
                }
                Asked::new(json!({}), &json!({}), &[])
            }
            "UpdateAccountModelLimits" => Asked::new(json!({ "modelLimits": [limit] }), &json!({}), &[]),
            "AddUser" | "RemoveUser" | "AddUsers" => {
                if is_done {
                    control.done(&root, "CreateUser", json!({ "UserName": user })).await;
                }
                match operation {
                    "AddUsers" => {
                        let line = json!({ "userName": user, "displayName": "somebody" });
                        Asked::new(json!({ "users": [line] }), &json!({}), &[])
                    }
                    "AddUser" => Asked::new(
                        json!({ "userName": user }),
                        &json!({ "displayName": "somebody" }),
                        &[&user],
                    ),
                    _ => {
                        if is_done {
                            control.known(&root, &user).await;
                        }
                        Asked::new(json!({ "userName": user }), &json!({}), &[&user])
                    }
                }
            }
            "Explain" => {
                let user =
                    if thing == "oneself" { caller.name.to_owned() } else { Self::name("lasting", thing) };
                let subject = json!({ "type": "user", "id": user });
                Asked::new(
                    json!({ "subject": subject }),
                    &json!({ "action": "modelstudio:CreateWorkspace" }),
                    &[&user],
                )
            }
            "EvaluateAccess" | "SearchAccess" => {
                let user =
                    if thing == "oneself" { caller.name.to_owned() } else { Self::name("lasting", thing) };
                let subject = json!({ "type": "user", "id": user });
                let resource = json!({ "type": "management", "id": "*" });
                let action = json!({ "name": "modelstudio:CreateWorkspace" });
                Asked::new(
                    json!({ "subject": subject, "action": action }),
                    &json!({ "resource": resource }),
                    &[&user],
                )
            }
            "WhoCan" => Asked::new(json!({ "action": "modelstudio:CreateWorkspace" }), &json!({}), &[]),
            "SimulateAccess" => {
                let subject = json!({ "type": "user", "id": "root" });
                let request = json!({ "subject": subject, "action": "modelstudio:CreateWorkspace" });
                Asked::new(json!({ "requests": [request] }), &json!({}), &[])
            }
            "GetDecision" => {
                let oneself = thing == "oneself";
                let request =
                    if oneself { caller.refused_request.clone() } else { self.kept("request", thing) };
                Asked::new(json!({ "requestId": request }), &json!({}), &[&request])
            }
            "CreateProvider" => Asked::new(json!({ "name": provider }), &json!({ "dialect": "demo" }), &[]),
            "UpdateProvider" | "DeleteProvider" | "TestProvider" => {
                if is_done {
                    let parameters = json!({ "name": provider, "dialect": "demo" });
                    control.done(&root, "CreateProvider", parameters).await;
                }
                let further =
                    if operation == "UpdateProvider" { json!({ "dialect": "demo" }) } else { json!({}) };
                Asked::new(json!({ "name": provider }), &further, &[&provider])
            }
            "UpdateSettings" => Asked::new(json!({ "quotaPolicyVersions": 5 }), &json!({}), &[]),
            "ListWorkspaces" | "ListAllApiKeys" | "ListModels" | "ListStudioUsers" | "ListPages"
            | "ListAuditRecords" | "VerifyAudit" | "ExportAudit" | "GetUsage" | "ListProviders"
            | "ListBudgets" | "GetSettings" => Asked::new(json!({}), &json!({}), &[]),
            _ => panic!("the stage does not know {operation}"),
        }
    }
}
