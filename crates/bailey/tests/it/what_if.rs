//! What if, and who can: answers that agree with what happens when it is done, and nothing that is done by asking.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{Account, Call, Control, Credential, Database, Installation, run, trust};

const CREATOR: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"modelstudio:CreateWorkspace","Resource":"*"}]}"#;
const NOBODY: &str = r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"modelstudio:CreateWorkspace","Resource":"*"}]}"#;
const SAME: [&str; 3] = ["same", "same", "same"];

struct Ground {
    control: Control,
    account: Account,
    alice: Credential,
    workspace: String,
    key_id: String,
    key: String,
}

async fn ground(installation: &Installation, account: Account) -> Ground {
    let (control, root) = (installation.control(), account.root.clone());
    control.demo_models(&root, &["qwen-plus", "qwen-max"]).await;
    let alice = control.user(&root, "alice").await;
    control.user(&root, "bob").await;
    for user in ["alice", "bob"] {
        control.known(&root, user).await;
    }
    for name in ["creators", "spare"] {
        control.policy(&root, name, CREATOR).await;
    }
    control.attach_custom(&root, "creators", "alice").await;
    control.done(&root, "CreateGroup", json!({ "GroupName": "team" })).await;
    control.join(&root, "team", "bob").await;
    let role = json!({ "RoleName": "operator", "AssumeRolePolicyDocument": trust(&account.id) });
    control.done(&root, "CreateRole", role).await;
    let workspace = control.workspace(&root, "Research").await;
    control.grant(&root, &workspace, "qwen-plus", true).await;
    control.seat(&root, &workspace, "alice", &["api-key"]).await;
    let (key_id, key) = control.api_key(&alice, &workspace).await;
    Ground { control, account, alice, workspace, key_id, key }
}

fn creates(user: &str) -> Value {
    json!({ "subject": { "type": "user", "id": user }, "action": "modelstudio:CreateWorkspace" })
}

fn text(name: &str, document: &str) -> Value {
    json!({ "type": "policy", "policyName": name, "document": document })
}

fn attachment(kind: &str, policy: &str, holder: &str, name: &str) -> Value {
    json!({ "type": kind, "policyName": policy, "to": { "type": holder, "name": name } })
}

impl Ground {
    fn member(&self, user: &str, pages: Value) -> Value {
        let mut change = json!({ "type": "member", "workspaceId": self.workspace, "userName": user });
        change["pages"] = pages;
        change
    }

    fn grant(&self, model: &str, inference: bool) -> Value {
        json!({ "type": "grant", "workspaceId": self.workspace, "model": model, "inference": inference })
    }

    async fn changes(&self, changes: &[Value], requests: &Value) -> Vec<String> {
        let body = json!({ "changes": changes, "requests": requests });
        let answer = self.control.done(&self.account.root, "SimulateAccess", body).await;
        let results = answer["results"].as_array().unwrap();
        let told: Vec<String> =
            results.iter().map(|result| result["change"].as_str().unwrap().to_owned()).collect();
        for kind in ["gains", "loses", "same"] {
            let count = told.iter().filter(|change| *change == kind).count();
            assert_eq!(answer["totals"][kind], count, "{answer}");
        }
        told
    }

    async fn refused(&self, body: Value) -> (u16, String) {
        let answer = self.control.call(&self.account.root, "SimulateAccess", body).await;
        (answer.status, answer.code())
    }

    async fn who_can(&self, body: &Value, size: u32) -> BTreeSet<String> {
        let (mut found, mut token) = (BTreeSet::new(), String::new());
        loop {
            let mut body = body.clone();
            body["maxResults"] = json!(size);
            body["nextToken"] = json!(token);
            let answer = self.control.done(&self.account.root, "WhoCan", body).await;
            let page = answer["principals"].as_array().unwrap();
            assert!(page.len() <= size as usize, "{answer}");
            for able in page {
                let (kind, arn) = (able["type"].as_str().unwrap(), able["arn"].as_str().unwrap());
                let name = match kind {
                    "root" => "root".to_owned(),
                    "apiKey" => {
                        format!("key {} of {}", able["id"].as_str().unwrap(), arn.rsplit('/').next().unwrap())
                    }
                    kind => format!("{kind} {}", arn.rsplit('/').next().unwrap()),
                };
                assert!(found.insert(name), "twice: {answer}");
            }
            match answer["nextToken"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return found,
            }
        }
    }
}

#[test]
fn every_kind_of_change_says_who_gains_and_who_loses() {
    let (installation, here, there) = Installation::shared(Database::Sqlite);
    run(async {
        let ground = ground(&installation, here).await;
        let everybody = json!([creates("alice"), creates("bob"), creates("root")]);
        assert_eq!(ground.changes(&[], &everybody).await, SAME);
        for (change, expected) in [
            (attachment("attach", "creators", "group", "team"), ["same", "gains", "same"]),
            (attachment("detach", "creators", "user", "alice"), ["loses", "same", "same"]),
            (attachment("attach", "spare", "user", "alice"), SAME),
            (text("creators", NOBODY), ["loses", "same", "same"]),
        ] {
            assert_eq!(ground.changes(std::slice::from_ref(&change), &everybody).await, expected, "{change}");
        }
        // A new policy counts for whoever it is attached to in the same breath.
        let new = [text("new", CREATOR), attachment("attach", "new", "user", "bob")];
        assert_eq!(ground.changes(&new, &everybody).await, ["same", "gains", "same"]);
        let subject = json!({ "type": "role", "id": "operator" });
        let role = json!([{ "subject": subject, "action": "modelstudio:CreateWorkspace" }]);
        let attach = attachment("attach", "creators", "role", "operator");
        assert_eq!(ground.changes(&[attach], &role).await, ["gains"]);

        // Seats and grants, for people and their keys.
        let key = json!({ "type": "apiKey", "id": ground.key_id });
        let calls = json!([
            { "subject": key, "model": "qwen-plus" },
            { "subject": key, "model": "qwen-max" },
            { "subject": { "type": "user", "id": "bob" }, "page": "api-key", "workspaceId": ground.workspace },
        ]);
        for (change, expected) in [
            (ground.member("alice", Value::Null), ["loses", "same", "same"]),
            (ground.member("alice", json!(["prompts"])), SAME),
            (ground.member("bob", json!(["api-key"])), ["same", "same", "gains"]),
            (ground.grant("qwen-plus", false), ["loses", "same", "same"]),
            (ground.grant("qwen-max", true), ["same", "gains", "same"]),
        ] {
            assert_eq!(ground.changes(std::slice::from_ref(&change), &calls).await, expected, "{change}");
        }
        // A seat that was taken and given again is another one: the keys of the first stay dead.
        let again = [ground.member("alice", Value::Null), ground.member("alice", json!(["api-key"]))];
        assert_eq!(ground.changes(&again, &calls).await, ["loses", "same", "same"]);
        nothing_was_done(&installation, &ground).await;
        what_is_not_there_is_refused(&ground, &installation.control().workspace(&there.root, "Away").await)
            .await;
    });
}

async fn nothing_was_done(installation: &Installation, ground: &Ground) {
    let root = &ground.account.root;
    let listed = ground.control.done(root, "ListPolicies", json!({ "PolicyType": "Custom" })).await;
    assert_eq!(listed["Policies"]["Policy"].as_array().unwrap().len(), 2, "{listed}");
    let mut gateway = installation.gateway();
    assert_eq!(gateway.send(&Call::chat(&ground.key, "qwen-plus", "hello")).await.status, 200);
    assert_eq!(gateway.send(&Call::chat(&ground.key, "qwen-max", "hello")).await.status, 403);
    ground.control.done(&ground.alice, "CreateWorkspace", json!({ "workspaceName": "Mine" })).await;
}

/// What is not there and what is another account's, alike; and what is too much.
async fn what_is_not_there_is_refused(ground: &Ground, foreign: &str) {
    let of = |change: Value| json!({ "changes": [change], "requests": [creates("alice")] });
    for workspace in [foreign, "llm-0123456789abcdef", "nonsense"] {
        for mut change in [ground.member("bob", json!([])), ground.grant("qwen-plus", true)] {
            change["workspaceId"] = json!(workspace);
            assert_eq!(ground.refused(of(change)).await, (404, "EntityNotExist.Workspace".to_owned()));
        }
    }
    for (change, status, code) in [
        (attachment("attach", "none", "user", "bob"), 404, "EntityNotExist.Policy"),
        (attachment("attach", "spare", "user", "none"), 404, "EntityNotExist.User"),
        (attachment("attach", "spare", "group", "none"), 404, "EntityNotExist.Group"),
        (attachment("attach", "spare", "role", "none"), 404, "EntityNotExist.Role"),
        (attachment("detach", "spare", "user", "bob"), 404, "EntityNotExist.User.Policy"),
        (ground.member("bob", Value::Null), 404, "EntityNotExist.Member"),
        (ground.grant("none", true), 404, "EntityNotExist.Model"),
        (text("new", "{}"), 400, "MalformedPolicyDocument"),
        (text("AdministratorAccess", CREATOR), 409, "EntityAlreadyExists.Policy"),
    ] {
        assert_eq!(ground.refused(of(change)).await, (status, code.to_owned()));
    }
    let mut forgotten = ground.member("bob", Value::Null);
    forgotten.as_object_mut().unwrap().remove("pages");
    assert_eq!(ground.refused(of(forgotten)).await.0, 400);
    assert_eq!(ground.refused(json!({ "changes": vec![text("creators", CREATOR); 101] })).await.0, 400);
    let many = json!({ "requests": vec![creates("alice"); 1000], "decisions": { "limit": 1 } });
    assert_eq!(ground.refused(many).await, (400, "InvalidParameter.requests".to_owned()));
    for (kind, code) in [("user", "User"), ("role", "Role"), ("apiKey", "ApiKey")] {
        let subject = json!({ "type": kind, "id": if kind == "apiKey" { "9123456789" } else { "none" } });
        let asked = json!({ "requests": [{ "subject": subject, "model": "qwen-plus" }] });
        assert_eq!(ground.refused(asked).await, (404, format!("EntityNotExist.{code}")));
    }
}

#[test]
fn limits_count_the_calls_that_are_asked_about() {
    let (installation, here, there) = Installation::shared(Database::Sqlite);
    run(async {
        let (ground, other) = (ground(&installation, here).await, ground(&installation, there).await);
        let (control, root) = (&ground.control, &ground.account.root);
        let key = json!({ "type": "apiKey", "id": ground.key_id });
        let calls = json!(vec![json!({ "subject": key, "model": "qwen-plus" }); 3]);
        let limit = |more: Value| {
            let mut change = json!({ "type": "limit", "model": "qwen-plus" });
            change.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            change
        };
        let on = |field: &str, id: &str, requests: u32| limit(json!({ field: id, "requestLimit": requests }));
        let own = |requests| on("workspaceId", &ground.workspace, requests);
        for (change, expected) in [
            (limit(json!({ "requestLimit": 2 })), ["same", "same", "loses"]),
            (own(1), ["same", "loses", "loses"]),
            (on("apiKeyId", &ground.key_id, 0), ["loses"; 3]),
            (limit(json!({ "requestLimit": 9, "usageLimit": 0 })), ["loses"; 3]),
            (limit(json!({ "requestLimit": 9, "usageLimit": 1 })), SAME),
        ] {
            assert_eq!(ground.changes(std::slice::from_ref(&change), &calls).await, expected, "{change}");
        }
        // The order is that of their time; what is a period apart does not meet.
        let at =
            |time: &str| json!({ "subject": key, "model": "qwen-plus", "context": { "currentTime": time } });
        let times =
            json!([at("2026-11-24T00:00:30Z"), at("2026-11-24T00:00:00Z"), at("2026-11-24T00:02:00Z")]);
        assert_eq!(ground.changes(&[own(1)], &times).await, ["loses", "same", "same"]);

        // One a minute for good: what is asked counts beside what was called, not with it.
        let limits = json!([{ "model": "qwen-plus", "requestLimit": 1, "requestLimitPeriod": 60 }]);
        let one = json!({ "workspaceId": ground.workspace, "workspaceLimits": limits });
        control.done(root, "UpdateModelLimits", one).await;
        for (changes, expected) in [
            (vec![], SAME),
            (vec![own(2)], ["same", "gains", "same"]),
            (vec![own(2), own(0)], ["loses", "same", "same"]),
            (
                vec![limit(json!({ "workspaceId": ground.workspace, "operationType": "DELETE" }))],
                ["same", "gains", "gains"],
            ),
        ] {
            assert_eq!(ground.changes(&changes, &calls).await, expected, "{changes:?}");
        }
        let asked = json!({ "changes": [own(2)], "requests": calls });
        let answer = control.done(root, "SimulateAccess", asked).await;
        let last = &answer["results"][2];
        assert_eq!(
            (&last["before"]["reason"], &last["after"]["reason"]),
            (&json!("rate_workspace"), &json!("rate_workspace"))
        );
        let mut gateway = installation.gateway();
        for status in [200, 429] {
            assert_eq!(gateway.send(&Call::chat(&ground.key, "qwen-plus", "hello")).await.status, status);
        }

        let of = |changes: Value| json!({ "changes": changes, "requests": calls });
        for (change, status, code) in [
            (on("workspaceId", &other.workspace, 1), 404, "EntityNotExist.Workspace"),
            (on("apiKeyId", &other.key_id, 1), 404, "EntityNotExist.ApiKey"),
            (on("apiKeyId", "nonsense", 1), 404, "EntityNotExist.ApiKey"),
            (json!({ "type": "limit", "model": "none", "requestLimit": 1 }), 404, "EntityNotExist.Model"),
            (on("workspaceId", &ground.account.default_workspace, 1), 400, "InvalidParameter.workspaceId"),
            (limit(json!({ "usageLimit": 1 })), 400, "InvalidParameter.usageLimit"),
            (
                limit(json!({ "apiKeyId": ground.key_id, "workspaceId": ground.workspace })),
                400,
                "InvalidParameter.changes.1.workspaceId",
            ),
        ] {
            assert_eq!(ground.refused(of(json!([change]))).await, (status, code.to_owned()), "{change}");
        }
        let wider = json!([limit(json!({ "requestLimit": 1 })), own(2)]);
        assert_eq!(ground.refused(of(wider)).await, (400, "InvalidParameter.requestLimit".to_owned()));
    });
}

#[test]
fn earlier_requests_are_asked_again() {
    let (installation, here, there) = Installation::shared(Database::Sqlite);
    run(async {
        let (ground, other) = (ground(&installation, here).await, ground(&installation, there).await);
        let (root, mut gateway) = (&ground.account.root, installation.gateway());
        for one in [&ground, &other] {
            assert_eq!(gateway.send(&Call::chat(&one.key, "qwen-max", "hello")).await.status, 403);
        }
        ground.control.done(&ground.alice, "CreateWorkspace", json!({ "workspaceName": "Mine" })).await;
        let mut body = json!({
            "changes": [ground.grant("qwen-max", true), attachment("detach", "creators", "user", "alice")],
            "decisions": { "limit": 1000 },
        });
        let answer = ground.control.done(root, "SimulateAccess", body.clone()).await;
        let changed: Vec<_> = answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|result| result["change"] != "same")
            .map(|result| (result["change"].as_str().unwrap(), result["replayed"]["what"].as_str().unwrap()))
            .collect();
        assert_eq!(changed, [("gains", "qwen-max"), ("loses", "modelstudio:CreateWorkspace")], "{answer}");
        assert_eq!(answer["results"][0]["replayed"]["who"], ground.key_id.as_str());
        // Users, policies, groups and roles were made too: their records do not say on which resource.
        assert!(answer["totals"]["skipped"].as_u64().unwrap() > 5, "{answer}");
        body["decisions"]["to"] = json!(1);
        let answer = ground.control.done(root, "SimulateAccess", body).await;
        assert_eq!(answer["results"], json!([]));

        // Records are for those who may read records.
        let document = CREATOR.replace("CreateWorkspace", "SimulateAccess");
        let policy = json!({ "PolicyName": "simulators", "PolicyDocument": document });
        ground.control.done(root, "CreatePolicy", policy).await;
        let attach = json!({ "PolicyType": "Custom", "PolicyName": "simulators", "UserName": "alice" });
        ground.control.done(root, "AttachPolicyToUser", attach).await;
        ground.control.done(&ground.alice, "SimulateAccess", json!({ "requests": [creates("bob")] })).await;
        let answer = ground.control.call(&ground.alice, "SimulateAccess", json!({ "decisions": {} })).await;
        assert_eq!((answer.status, answer.code().as_str()), (403, "NoPermission"));
    });
}

#[test]
fn who_can_finds_everybody_once_in_pages_of_any_size() {
    let (installation, here, there) = Installation::shared(Database::Sqlite);
    run(async {
        let (ground, other) = (ground(&installation, here).await, ground(&installation, there).await);
        let root = &ground.account.root;
        let attach = json!({ "PolicyType": "Custom", "PolicyName": "creators", "RoleName": "operator" });
        ground.control.done(root, "AttachPolicyToRole", attach).await;
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let key = format!("key {} of alice", ground.key_id);
        for size in [1, 2, 3, 200] {
            let creators = ground.who_can(&json!({ "action": "modelstudio:CreateWorkspace" }), size).await;
            assert_eq!(creators, set(&["root", "user alice", "role operator"]));
            let page = json!({ "page": "api-key", "workspaceId": ground.workspace });
            assert_eq!(ground.who_can(&page, size).await, set(&["root", "user alice"]));
            assert_eq!(ground.who_can(&json!({ "model": "qwen-plus" }), size).await, set(&[&key]));
            let away = json!({ "page": "api-key", "workspaceId": other.workspace });
            assert_eq!(ground.who_can(&away, size).await, set(&[]));
        }
        for wrong in [
            json!({}),
            json!({ "model": "qwen-plus", "action": "sfm:ListIndex" }),
            json!({ "page": "api-key" }),
            json!({ "page": "nonsense", "workspaceId": ground.workspace }),
            json!({ "model": "qwen-plus", "resource": "*" }),
            json!({ "action": "sfm:ListIndex", "nextToken": "nonsense" }),
        ] {
            assert_eq!(ground.control.call(root, "WhoCan", wrong.clone()).await.status, 400, "{wrong}");
        }
    });
}
