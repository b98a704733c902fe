//! Policies that count for the things of one workspace, over the wire: where they count, what is told of them, and who
//! hands them out.

use serde_json::{Value, json};

use crate::world::{Account, Answer, Call, Control, Credential, Database, Installation, run, trust};

const RENAME: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"modelstudio:RenameWorkspace","Resource":"*"}]}"#;

struct Ground {
    control: Control,
    root: Credential,
    alice: Credential,
    here: String,
    there: String,
}

/// Alice has a seat in both workspaces and no policy.
async fn ground(installation: &Installation, account: &Account) -> Ground {
    let (control, root) = (installation.control(), account.root.clone());
    let alice = control.user(&root, "alice").await;
    control.known(&root, "alice").await;
    let [here, there] = [control.workspace(&root, "Here").await, control.workspace(&root, "There").await];
    for workspace in [&here, &there] {
        control.seat(&root, workspace, "alice", &[]).await;
    }
    control.policy(&root, "renames", RENAME).await;
    control.policy(&root, "renames-not", &RENAME.replace("Allow", "Deny")).await;
    Ground { control, root, alice, here, there }
}

fn attachment(policy: &str, holder: (&str, &str), workspace: Option<&str>) -> Value {
    let mut parameters = json!({ "PolicyType": "Custom", "PolicyName": policy });
    parameters[holder.0] = json!(holder.1);
    if let Some(workspace) = workspace {
        parameters["ResourceGroupId"] = json!(workspace);
    }
    parameters
}

const ALICE: (&str, &str) = ("UserName", "alice");

impl Ground {
    async fn rename(&self, who: &Credential, workspace: &str) -> Answer {
        let new = json!({ "workspaceId": workspace, "workspaceName": format!("N {}", &workspace[4..]) });
        self.control.call(who, "RenameWorkspace", new).await
    }

    async fn renames(&self, who: &Credential) -> (u16, u16) {
        (self.rename(who, &self.here).await.status, self.rename(who, &self.there).await.status)
    }

    async fn attach(&self, policy: &str, holder: (&str, &str), workspace: Option<&str>) {
        let operation = operation("AttachPolicyTo", holder);
        self.control.done(&self.root, &operation, attachment(policy, holder, workspace)).await;
    }

    async fn detach(&self, policy: &str, holder: (&str, &str), workspace: Option<&str>) -> (u16, String) {
        let parameters = attachment(policy, holder, workspace);
        let answer = self.control.call(&self.root, &operation("DetachPolicyFrom", holder), parameters).await;
        (answer.status, if answer.status == 200 { String::new() } else { answer.code() })
    }

    /// What root reads in the encoded message of a refusal.
    async fn decoded(&self, refused: &Answer) -> Value {
        let detail = refused.json()["accessDeniedDetail"].clone();
        let message = json!({ "EncodedDiagnosticMessage": detail["EncodedDiagnosticMessage"] });
        let told = self.control.done(&self.root, "DecodeDiagnosticMessage", message).await;
        told["DecodedDiagnosticMessage"].clone()
    }
}

fn operation(verb: &str, (field, _): (&str, &str)) -> String {
    format!("{verb}{}", field.trim_end_matches("Name"))
}

#[test]
fn users_groups_and_roles_have_policies_for_one_workspace() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let ground = ground(&installation, &account).await;
        let (control, root, here) = (&ground.control, &ground.root, ground.here.as_str());
        assert_eq!(ground.renames(&ground.alice).await, (403, 403));
        for holder in [ALICE, ("GroupName", "team")] {
            if holder != ALICE {
                control.done(root, "CreateGroup", json!({ "GroupName": "team" })).await;
                control.join(root, "team", "alice").await;
            }
            ground.attach("renames", holder, Some(here)).await;
            assert_eq!(ground.renames(&ground.alice).await, (200, 403), "{holder:?}");
            // Of an attachment for one workspace the account knows nothing, nor another workspace.
            let absent = format!("EntityNotExist.{}.Policy", holder.0.trim_end_matches("Name"));
            assert_eq!(ground.detach("renames", holder, None).await, (404, absent.clone()));
            assert_eq!(ground.detach("renames", holder, Some(&ground.there)).await, (404, absent));
            assert_eq!(ground.detach("renames", holder, Some(here)).await.0, 200);
            assert_eq!(ground.renames(&ground.alice).await, (403, 403));
        }
        let role = json!({ "RoleName": "operator", "AssumeRolePolicyDocument": trust(&account.id) });
        control.done(root, "CreateRole", role).await;
        ground.attach("renames", ("RoleName", "operator"), Some(here)).await;
        for (workspace, outcome) in [(here, "allow"), (ground.there.as_str(), "deny")] {
            let subject = json!({ "type": "role", "id": "operator" });
            let asked = json!({ "subject": subject, "action": "modelstudio:RenameWorkspace", "workspaceId": workspace });
            let told = control.done(root, "Explain", asked).await;
            assert_eq!(told["decision"]["outcome"], outcome, "{told}");
        }
        // A policy that counts for one workspace keeps policy and role from being deleted, and goes with the workspace.
        let delete = control.call(root, "DeletePolicy", json!({ "PolicyName": "renames" })).await;
        assert_eq!((delete.status, delete.code().as_str()), (409, "DeleteConflict.Policy.Role"));
        let delete = control.call(root, "DeleteRole", json!({ "RoleName": "operator" })).await;
        assert_eq!((delete.status, delete.code().as_str()), (409, "DeleteConflict.Role.Policy"));
        control.done(root, "DeleteWorkspace", json!({ "workspaceId": here })).await;
        control.done(root, "DeletePolicy", json!({ "PolicyName": "renames" })).await;
        control.done(root, "DeleteRole", json!({ "RoleName": "operator" })).await;
    });
}

#[test]
fn a_deny_of_either_scope_refuses_and_says_which() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let ground = ground(&installation, &account).await;
        let here = ground.here.as_str();
        let kinds = |answer: &Answer| {
            let detail = answer.json()["accessDeniedDetail"].clone();
            let text = |name: &str| detail[name].as_str().unwrap().to_owned();
            (answer.code(), text("NoPermissionType"), text("PolicyType"))
        };
        let told = |no: &str, level: &str| {
            let policies = format!("{level}LevelIdentityBasedPolicy");
            ("NoPermission".to_owned(), no.to_owned(), policies)
        };
        assert_eq!(kinds(&ground.rename(&ground.alice, here).await), told("ImplicitDeny", "Account"));
        ground.attach("renames", ALICE, None).await;
        ground.attach("renames-not", ALICE, Some(here)).await;
        assert_eq!(ground.renames(&ground.alice).await, (403, 200));
        let refused = ground.rename(&ground.alice, here).await;
        assert_eq!(kinds(&refused), told("ExplicitDeny", "ResourceGroup"));
        let decoded = ground.decoded(&refused).await;
        assert_eq!(decoded["NoPermissionPolicyType"], "ResourceGroupLevelIdentityBasedPolicy");
        let matched = |name: &str| {
            let policies = decoded["MatchedPolicies"].as_array().unwrap();
            let policy = policies.iter().find(|policy| policy["PolicyIdentifier"] == name).unwrap();
            (policy["PolicyType"].clone(), policy["AttachedScope"].clone())
        };
        assert_eq!(
            matched("renames-not"),
            (json!("ResourceGroupLevelIdentityBasedPolicy"), json!(here)),
            "{decoded}"
        );
        assert_eq!(matched("renames"), (json!("AccountLevelIdentityBasedPolicy"), json!("Account")));
        let change = decoded["SmallestChange"].as_str().unwrap();
        assert!(change.contains(&format!("policy `renames-not` for workspace `{here}`")), "{change}");
        // The other way round.
        for (policy, workspace) in [("renames", None), ("renames-not", Some(here))] {
            assert_eq!(ground.detach(policy, ALICE, workspace).await.0, 200);
        }
        ground.attach("renames-not", ALICE, None).await;
        ground.attach("renames", ALICE, Some(here)).await;
        assert_eq!(kinds(&ground.rename(&ground.alice, here).await), told("ExplicitDeny", "Account"));
        // Both lists say for what each counts.
        let listed =
            ground.control.done(&ground.root, "ListPoliciesForUser", json!({ "UserName": "alice" })).await;
        let shown = |policy: &Value| (policy["PolicyName"].clone(), policy["ResourceGroupId"].clone());
        let mut shown: Vec<_> = listed["Policies"]["Policy"].as_array().unwrap().iter().map(shown).collect();
        shown.sort_by_key(|(name, _)| name.to_string());
        assert_eq!(shown, [(json!("renames"), json!(here)), (json!("renames-not"), Value::Null)]);
        let of = json!({ "PolicyType": "Custom", "PolicyName": "renames" });
        let entities = ground.control.done(&ground.root, "ListEntitiesForPolicy", of).await;
        assert_eq!(entities["Users"]["User"][0]["ResourceGroupId"], here);
        assert_eq!(entities["Users"]["User"].as_array().map(Vec::len), Some(1));
    });
}

/// A workspace of another account, one that is not there, one of no shape and none: all are answered alike, before and after
/// the caller may attach, and to whoever does not see a workspace that there is.
#[test]
fn only_workspaces_that_the_caller_sees_are_resource_groups() {
    let (installation, account, other) = Installation::shared(Database::Sqlite);
    run(async {
        let ground = ground(&installation, &account).await;
        let control = &ground.control;
        let foreign = control.workspace(&other.root, "Away").await;
        let clerk = control.user(&ground.root, "clerk").await;
        let own = RENAME.replace(
            "\"modelstudio:RenameWorkspace\"",
            "[\"ram:AttachPolicyToUser\",\"ram:DetachPolicyFromUser\"]",
        );
        let own = own.replace("\"*\"", &format!("\"acs:ram:*:{}:*\"", account.id));
        control.policy(&ground.root, "clerks", &own).await;
        control.attach_custom(&ground.root, "clerks", "clerk").await;
        let refused = async |who: &Credential, operation: &str, workspace: &str| {
            let answer = control.call(who, operation, attachment("clerks", ALICE, Some(workspace))).await;
            let body = answer.json();
            (answer.status, answer.code(), body["Message"].as_str().unwrap().to_owned())
        };
        let absent =
            (404, "EntityNotExist.ResourceGroup".to_owned(), "The resource group does not exist.".to_owned());
        for operation in ["AttachPolicyToUser", "DetachPolicyFromUser"] {
            for workspace in [foreign.as_str(), "llm-0123456789abcdef", "rg-acfmx2yy3p6example", ""] {
                for who in [&ground.root, &clerk] {
                    assert_eq!(refused(who, operation, workspace).await, absent, "{operation} {workspace}");
                }
            }
            assert_eq!(refused(&clerk, operation, &ground.here).await, absent);
        }
        control.attach_custom(&clerk, "clerks", "alice").await;
        // Once the clerk is a member, it is a place to attach for.
        control.known(&ground.root, "clerk").await;
        control.seat(&ground.root, &ground.here, "clerk", &[]).await;
        let parameters = attachment("clerks", ALICE, Some(&ground.here));
        control.done(&clerk, "AttachPolicyToUser", parameters.clone()).await;
        control.done(&clerk, "DetachPolicyFromUser", parameters).await;
    });
}

/// Rule 9, per workspace.
#[test]
fn a_clerk_hands_out_for_a_workspace_what_the_clerk_holds_there() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let ground = ground(&installation, &account).await;
        let (control, here) = (&ground.control, ground.here.as_str());
        let clerks = RENAME.replace("modelstudio:RenameWorkspace", "ram:*Polic*User");
        control.policy(&ground.root, "clerks", &clerks).await;
        ground.attach("clerks", ALICE, None).await;
        control.done(&ground.root, "CreateUser", json!({ "UserName": "friend" })).await;
        let friend = ("UserName", "friend");
        let give = async |policy: &str, workspace: Option<&str>| {
            let answer = control
                .call(&ground.alice, "AttachPolicyToUser", attachment(policy, friend, workspace))
                .await;
            if answer.status == 200 { String::new() } else { answer.code() }
        };
        assert_eq!(give("renames", Some(here)).await, "NoPermission");
        ground.attach("renames", ALICE, Some(here)).await;
        assert_eq!(give("renames", Some(&ground.there)).await, "NoPermission");
        assert_eq!(give("renames", None).await, "NoPermission");
        assert_eq!(give("renames", Some(here)).await, "");
        // A Deny for one workspace is given by anybody and lifted by who administers RAM.
        assert_eq!(give("renames-not", Some(here)).await, "");
        let lift = attachment("renames-not", friend, Some(here));
        let answer = control.call(&ground.alice, "DetachPolicyFromUser", lift.clone()).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "NoPermission"));
        control.attach(&ground.root, "AliyunRAMFullAccess", "alice").await;
        control.done(&ground.alice, "DetachPolicyFromUser", lift).await;
    });
}

/// What is asked about it agrees with what happens.
#[test]
fn what_is_asked_beforehand_agrees() {
    let (installation, account) = Installation::started(Database::Sqlite);
    run(async {
        let ground = ground(&installation, &account).await;
        let (control, root, here) = (&ground.control, &ground.root, ground.here.as_str());
        let subject = json!({ "type": "user", "id": "alice" });
        let asked = |workspace: &str| json!({ "subject": subject, "action": "modelstudio:RenameWorkspace", "workspaceId": workspace });
        let who_can = async |workspace: Option<&str>| {
            let mut body = json!({ "action": "modelstudio:RenameWorkspace" });
            if let Some(workspace) = workspace {
                body["workspaceId"] = json!(workspace);
            }
            let found = control.done(root, "WhoCan", body).await;
            let arn = |able: &Value| able["arn"].as_str().unwrap().ends_with("user/alice");
            found["principals"].as_array().unwrap().iter().any(arn)
        };
        let change = |kind: &str, policy: &str, workspace: Option<&str>| {
            let mut change =
                json!({ "type": kind, "policyName": policy, "to": { "type": "user", "name": "alice" } });
            if let Some(workspace) = workspace {
                change["workspaceId"] = json!(workspace);
            }
            change
        };
        let simulated = async |change: Value| {
            let body = json!({ "changes": [change], "requests": [asked(here), asked(&ground.there)] });
            let answer = control.call(root, "SimulateAccess", body).await;
            if answer.status != 200 {
                return vec![answer.code()];
            }
            let results = answer.json()["results"].clone();
            results.as_array().unwrap().iter().map(|one| one["change"].as_str().unwrap().to_owned()).collect()
        };
        assert!(!who_can(Some(here)).await);
        assert_eq!(simulated(change("attach", "renames", Some(here))).await, ["gains", "same"]);
        assert_eq!(simulated(change("attach", "renames", None)).await, ["gains", "gains"]);
        assert_eq!(simulated(change("attach", "renames", Some("llm-0"))).await, ["EntityNotExist.Workspace"]);
        ground.attach("renames", ALICE, Some(here)).await;
        assert!(who_can(Some(here)).await && !who_can(Some(&ground.there)).await && !who_can(None).await);
        assert_eq!(simulated(change("detach", "renames", Some(here))).await, ["loses", "same"]);
        assert_eq!(simulated(change("detach", "renames", None)).await, ["EntityNotExist.User.Policy"]);
        assert_eq!(simulated(change("attach", "renames-not", Some(here))).await, ["loses", "same"]);
        for (workspace, outcome) in [(here, "allow"), (ground.there.as_str(), "deny")] {
            let told = control.done(root, "Explain", asked(workspace)).await;
            assert_eq!(told["decision"]["outcome"], outcome, "{told}");
        }
        let found = async |path: &str, resource: &str, field: &str| {
            let body = json!({
                "subject": subject, "action": { "name": "modelstudio:RenameWorkspace" },
                "resource": { "type": "workspace", "id": resource },
            });
            let answer = control.send(root, Call::post(&format!("/access/v1/search/{path}"), &body)).await;
            let results = answer.json()["results"].clone();
            let found = results.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned());
            found.collect::<Vec<_>>()
        };
        assert_eq!(found("resource", "", "id").await, [here]);
        // A member may do some things in both; the policy is what is more here.
        let mut actions = found("action", here, "name").await;
        let elsewhere = found("action", &ground.there, "name").await;
        actions.retain(|action| !elsewhere.contains(action));
        assert_eq!(actions, ["modelstudio:RenameWorkspace"]);
        let access = json!({ "workspaceId": here, "userName": "alice" });
        let access = control.done(root, "GetEffectiveAccess", access).await;
        let management = access["access"]["management"].as_array().unwrap();
        let from = json!([{ "name": "modelstudio:RenameWorkspace", "from": "RAM policy `renames` for this workspace" }]);
        assert_eq!(json!(management), from);
    });
}
