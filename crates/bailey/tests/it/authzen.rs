//! OpenID AuthZEN about an account: the same decisions as Explain's, searches that find exactly what questions allow, and
//! nothing of another account.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::{Account, Answer, Call, Control, Credential, Database, Installation, id_of, run};

/// Two accounts with the same names of everything.
struct Ground {
    control: Control,
    here: Tenant,
    there: Tenant,
}

struct Tenant {
    account: Account,
    manager: Credential,
    alice: Credential,
    alice_id: String,
    workspace: String,
    key_id: String,
}

async fn tenant(control: &Control, account: Account) -> Tenant {
    let root = account.root.clone();
    control.demo_models(&root, &["qwen-plus", "qwen-max"]).await;
    let manager = control.user(&root, "manager").await;
    control.attach(&root, "AliyunBailianFullAccess", "manager").await;
    let made = control.done(&root, "CreateUser", json!({ "UserName": "alice" })).await;
    let alice = control.access_key(&root, "alice").await;
    control.known(&root, "alice").await;
    control.attach(&root, "AliyunBailianDataFullAccess", "alice").await;
    control.user(&root, "stranger").await;
    let workspace = control.workspace(&root, "Research").await;
    control.grant(&root, &workspace, "qwen-plus", true).await;
    control.seat(&root, &workspace, "alice", &["api-key", "prompts"]).await;
    let (key_id, _) = control.api_key(&alice, &workspace).await;
    Tenant { account, manager, alice, alice_id: id_of(&made, "/User/UserId"), workspace, key_id }
}

impl Ground {
    async fn new(installation: &Installation, here: Account, there: Account) -> Self {
        let control = installation.control();
        let (here, there) = (tenant(&control, here).await, tenant(&control, there).await);
        Self { control, here, there }
    }

    async fn ask(&self, who: &Credential, path: &str, body: &Value) -> Answer {
        self.control.send(who, Call::post(&format!("/access/v1/{path}"), body)).await
    }

    async fn decision(&self, who: &Credential, body: &Value) -> bool {
        let answer = self.ask(who, "evaluation", body).await;
        let told = answer.json();
        assert_eq!((answer.status, told.as_object().unwrap().len()), (200, 1), "{body}: {told}");
        told["decision"].as_bool().unwrap_or_else(|| panic!("{told}"))
    }

    /// All results of a search, in pages of this size.
    async fn found(&self, who: &Credential, path: &str, body: &Value, limit: u32) -> Vec<Value> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let mut body = body.clone();
            body["page"] = json!({ "limit": limit });
            if !token.is_empty() {
                body["page"]["token"] = json!(token);
            }
            let answer = self.ask(who, &format!("search/{path}"), &body).await;
            assert_eq!(answer.status, 200, "{body}: {}", answer.json());
            let told = answer.json();
            let page = told["results"].as_array().unwrap();
            assert!(page.len() <= limit as usize, "{told}");
            all.extend(page.iter().cloned());
            token = told["page"]["next_token"].as_str().unwrap().to_owned();
            if token.is_empty() {
                return all;
            }
        }
    }
}

fn question(subject: (&str, &str), action: &str, resource: (&str, &str), workspace: Option<&str>) -> Value {
    let mut body = json!({
        "subject": { "type": subject.0, "id": subject.1 }, "action": { "name": action },
        "resource": { "type": resource.0, "id": resource.1 },
    });
    if let Some(workspace) = workspace {
        body["resource"]["properties"] = json!({ "workspace_id": workspace });
    }
    body
}

fn with_ground(database: Database, test: impl AsyncFnOnce(Ground)) {
    let mut installation = Installation::new(database);
    let (here, there) = (installation.found(&[]), installation.found(&["--additional"]));
    installation.start();
    run(async { test(Ground::new(&installation, here, there).await).await });
}

#[test]
fn the_four_kinds_are_decided_on_sqlite() {
    with_ground(Database::Sqlite, decisions);
}

#[test]
fn the_four_kinds_are_decided_on_postgres() {
    with_ground(Database::Postgres, decisions);
}

async fn decisions(ground: Ground) {
    let Tenant { account, alice_id, workspace, key_id, .. } = &ground.here;
    let root = &account.root;
    let (here, home) = (Some(workspace.as_str()), Some(account.default_workspace.as_str()));
    let (alice, key) = (("user", "alice"), ("api_key", key_id.as_str()));
    let own = format!("acs:sfm:*:{}:workspace/{workspace}/index/1", account.id);
    let others = format!("acs:sfm:*:{}:workspace/{workspace}/index/1", ground.there.account.id);
    let user = |name: &str| format!("acs:ram:*:{}:user/{name}", account.id);
    // Written from the rules, by their numbers.
    let expected = [
        (question(("user", "root"), "model:call", ("model", "qwen-max"), home), true, "1"),
        (question(key, "model:call", ("model", "qwen-plus"), None), true, "2"),
        (question(key, "model:call", ("model", "qwen-plus"), here), true, "2"),
        (
            question(key, "model:call", ("model", "qwen-plus"), home),
            false,
            "2: another workspace than the key's",
        ),
        (question(key, "model:call", ("model", "qwen-max"), None), false, "2: no grant"),
        (question(key, "model:call", ("model", "nothing"), None), false, "2: no model"),
        (question(alice, "model:call", ("model", "qwen-plus"), here), false, "3: the playground is a page"),
        (question(alice, "page:read", ("page", "prompts"), here), true, "3"),
        (question(alice, "page:read", ("page", "applications"), here), true, "3: all feature pages"),
        (question(alice, "page:operate", ("page", "applications"), here), false, "3"),
        (question(alice, "page:operate", ("page", "prompts"), here), true, "3"),
        (question(alice, "page:read", ("page", "api-key"), here), true, "3: holds it"),
        (
            question(alice, "page:read", ("page", "permission-management"), here),
            false,
            "3: sees it not at all",
        ),
        (question(alice, "page:read", ("page", "prompts"), home), false, "3: no member there"),
        (question(alice, "page:read", ("page", "prompts"), None), false, "3: nowhere"),
        (question(alice, "sfm:CreateIndex", ("workspace", workspace), None), true, "4"),
        (question(alice, "sfm:CreateIndex", ("api", "*"), here), true, "4"),
        (question(alice, "sfm:CreateIndex", ("api", "*"), home), false, "4: no member there"),
        (question(alice, "sfm:CreateIndex", ("api", &own), None), true, "4: the name says where"),
        (
            question(("user", "root"), "sfm:CreateIndex", ("api", &others), None),
            false,
            "another account's name",
        ),
        (question(alice, "sfm:CreateIndex", ("model", "qwen-plus"), here), false, "does not fit"),
        (question(alice, "manage:*", ("management", "*"), None), false, "5"),
        (question(("user", "manager"), "manage:*", ("management", "*"), None), true, "5"),
        (question(("user", "manager"), "manage:*", ("management", &account.id), None), true, "5"),
        (
            question(("user", "manager"), "manage:*", ("management", &ground.there.account.id), None),
            false,
            "abroad",
        ),
        (question(("user", "manager"), "manage:CreateWorkspace", ("management", "*"), None), true, "5"),
        (
            question(("user", "manager"), "sfm:CreateIndex", ("workspace", workspace), None),
            false,
            "5: no access to a workspace",
        ),
        (question(alice, "ram:BindMFADevice", ("api", &user("alice")), None), true, "5: for oneself"),
        (question(alice, "ram:BindMFADevice", ("api", &user("ALICE")), None), true, "5: in whatever case"),
        (question(alice, "ram:BindMFADevice", ("api", &user("manager")), None), false, "5: for others"),
        (question(key, "page:read", ("page", "prompts"), here), false, "6"),
        (question(key, "sfm:CreateIndex", ("workspace", workspace), None), false, "6"),
        (question(("robot", "alice"), "page:read", ("page", "prompts"), here), false, "no such type"),
        (
            question(("user", "no name at all!"), "page:read", ("page", "prompts"), here),
            false,
            "no such name",
        ),
        (question(("user", alice_id), "page:operate", ("page", "prompts"), here), true, "by id"),
    ];
    for (body, decision, rule) in &expected {
        assert_eq!(ground.decision(root, body).await, *decision, "rule {rule}: {body}");
    }
    // The same all at once, and what is wrong with one question is that question's no.
    let mut items: Vec<_> = expected.iter().map(|(body, ..)| body.clone()).collect();
    items.push(json!({ "subject": { "type": "user", "id": "root" }, "context": { "sourceIp": "nowhere" } }));
    let batch = ground.ask(root, "evaluations", &json!({ "evaluations": items })).await.json();
    let told: Vec<_> =
        batch["evaluations"].as_array().unwrap().iter().map(|item| item["decision"] == true).collect();
    let mut wanted: Vec<_> = expected.iter().map(|(_, decision, _)| *decision).collect();
    wanted.push(false);
    assert_eq!(told, wanted);
    revocation_is_seen(&ground).await;
    outsiders(&ground).await;
    explanations(&ground).await;
}

/// A decision is the directory's present one.
async fn revocation_is_seen(ground: &Ground) {
    let Tenant { account, workspace, key_id, .. } = &ground.here;
    let body = question(("api_key", key_id), "model:call", ("model", "qwen-plus"), None);
    for granted in [false, true] {
        ground.control.grant(&account.root, workspace, "qwen-plus", granted).await;
        assert_eq!(ground.decision(&account.root, &body).await, granted);
    }
}

/// Whoever may ask cannot tell foreign from absent, and whoever may not is refused, for a batch as a whole.
async fn outsiders(ground: &Ground) {
    let (here, there) = (&ground.here, &ground.there);
    let asked = |subject: (&str, &str), workspace: &str| {
        question(subject, "sfm:CreateIndex", ("workspace", workspace), None)
    };
    for who in [&here.account.root, &here.manager] {
        for (foreign, absent) in [
            (
                asked(("user", &there.alice_id), &there.workspace),
                asked(("user", "100000000000000001"), "llm-0123456789abcdef"),
            ),
            (asked(("user", "root"), &there.workspace), asked(("user", "root"), "llm-0123456789abcdef")),
            (asked(("user", "root"), &there.workspace), asked(("user", "root"), "no workspace")),
            (
                asked(("api_key", &there.key_id), &there.workspace),
                asked(("api_key", "1234567890"), "llm-0123456789abcdef"),
            ),
        ] {
            let mut answers = Vec::new();
            for body in [&foreign, &absent] {
                let explained = json!({ "context": { "explain": false } });
                let mut body = body.clone();
                body["context"] = explained["context"].clone();
                let answer = ground.ask(who, "evaluation", &body).await;
                answers.push((answer.status, answer.body));
            }
            assert_eq!(answers[0], (200, r#"{"decision":false}"#.into()), "{foreign}");
            assert_eq!(answers[0], answers[1], "{foreign}");
        }
    }
    let about_others = asked(("user", "manager"), &here.workspace);
    let about_oneself = asked(("user", "alice"), &here.workspace);
    assert_eq!(ground.ask(&here.alice, "evaluation", &about_others).await.status, 403);
    assert!(ground.decision(&here.alice, &about_oneself).await);
    let mut refused = Vec::new();
    for item in [
        about_others.clone(),
        asked(("user", &there.alice_id), &here.workspace),
        asked(("user", "nobody"), &here.workspace),
    ] {
        let batch = json!({ "evaluations": [about_oneself.clone(), item] });
        let answer = ground.ask(&here.alice, "evaluations", &batch).await;
        assert_eq!(answer.status, 403, "{}", answer.json());
        assert!(answer.json().get("evaluations").is_none());
        refused.push(answer.code());
    }
    assert_eq!(refused, ["NoPermission"; 3]);
}

/// More than yes or no is told to whoever asks for it and may explain.
async fn explanations(ground: &Ground) {
    let here = &ground.here;
    let mut body =
        question(("user", "alice"), "page:operate", ("page", "applications"), Some(&here.workspace));
    body["context"] = json!({ "explain": true });
    let told = ground.ask(&here.account.root, "evaluation", &body).await.json();
    assert_eq!(told["decision"], false);
    assert_eq!(
        (&told["context"]["reason_code"], &told["context"]["permission_kind"]),
        (&json!("page_missing"), &json!("page"))
    );
    let failed = told["context"]["determining"].as_array().unwrap().last().unwrap();
    assert_eq!((&failed["check"], &failed["result"]), (&json!("page"), &json!("fail")));
    assert!(
        told["context"]["revision"].as_u64().unwrap() > 0
            && told["context"]["diagnostic"].as_str().unwrap().len() > 50
    );
    // Whom a policy keeps from explaining it answers plainly.
    let document =
        r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"modelstudio:Explain","Resource":"*"}]}"#;
    let (root, policy) = (&here.account.root, json!({ "PolicyName": "mute", "PolicyDocument": document }));
    ground.control.done(root, "CreatePolicy", policy).await;
    let attach = json!({ "PolicyType": "Custom", "PolicyName": "mute", "UserName": "alice" });
    ground.control.done(root, "AttachPolicyToUser", attach).await;
    assert_eq!(ground.ask(&here.alice, "evaluation", &body).await.json(), json!({ "decision": false }));
    body["context"]["explain"] = json!("yes");
    assert_eq!(ground.ask(root, "evaluation", &body).await.status, 400);
}

#[test]
fn a_network_policy_keeps_out_an_enforcement_point_whose_credential_is_good() {
    with_ground(Database::Sqlite, async |ground| {
        let Tenant { account, alice, workspace, .. } = &ground.here;
        let elsewhere = json!({ "Status": "Active", "Statements": [{ "Type": "ClassicWhiteList", "IPList": ["10.0.0.1"] }] });
        let policy = json!({
            "UserPrincipalName": "alice", "UserAccessKeyId": alice.access_key(),
            "AccessKeyPolicy": elsewhere.to_string(),
        });
        ground.control.done(&account.root, "SetAccessKeyPolicy", policy).await;
        let asked = question(("user", "alice"), "sfm:CreateIndex", ("workspace", workspace), None);
        let told =
            |answer: Answer| (answer.status, answer.code(), answer.headers.contains_key("www-authenticate"));
        let refused = (403, "Forbidden.AccessKeyPolicy".to_owned(), false);
        assert_eq!(told(ground.ask(alice, "evaluation", &asked).await), refused);
        let wrong = Credential::basic(alice.access_key(), "wrong");
        let refused = (401, "SignatureDoesNotMatch".to_owned(), true);
        assert_eq!(told(ground.ask(&wrong, "evaluation", &asked).await), refused);
    });
}

#[test]
fn searches_find_exactly_what_questions_allow_on_sqlite() {
    with_ground(Database::Sqlite, searches);
}

#[test]
fn searches_find_exactly_what_questions_allow_on_postgres() {
    with_ground(Database::Postgres, searches);
}

async fn searches(ground: Ground) {
    let here = &ground.here;
    let (root, workspace) = (&here.account.root, here.workspace.as_str());
    let ids = |results: &[Value]| -> BTreeSet<String> {
        results
            .iter()
            .map(|result| result["id"].as_str().or(result["name"].as_str()).unwrap().to_owned())
            .collect()
    };
    let set = |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    // Subjects: every user and key of the account, and none of another.
    for limit in [1, 100] {
        let may = question(("user", "ignored"), "sfm:CreateIndex", ("workspace", workspace), None);
        assert_eq!(ids(&ground.found(root, "subject", &may, limit).await), set(&["root", &here.alice_id]));
        let keys = question(("api_key", ""), "model:call", ("model", "qwen-plus"), None);
        let keys = json!({ "subject": { "type": "api_key" }, "action": keys["action"], "resource": keys["resource"] });
        assert_eq!(ids(&ground.found(root, "subject", &keys, limit).await), set(&[&here.key_id]));
        let keys = question(("api_key", ""), "model:call", ("model", "qwen-max"), None);
        assert!(ground.found(root, "subject", &keys, limit).await.is_empty());
    }
    // Resources and actions: what is found is what each question allows, no more and no less.
    let alice = ("user", "alice");
    let where_alice = question(alice, "sfm:CreateIndex", ("workspace", ""), None);
    assert_eq!(ids(&ground.found(root, "resource", &where_alice, 1).await), set(&[workspace]));
    let everywhere = question(("user", "root"), "sfm:CreateIndex", ("workspace", ""), None);
    let own = set(&[workspace, &here.account.default_workspace]);
    assert_eq!(ids(&ground.found(root, "resource", &everywhere, 1).await), own);
    let models = question(("api_key", &here.key_id), "model:call", ("model", ""), None);
    assert_eq!(ids(&ground.found(root, "resource", &models, 1).await), set(&["qwen-plus"]));
    for (action, kind) in [("page:read", "page"), ("page:operate", "page")] {
        let search = question(alice, action, (kind, ""), Some(workspace));
        let found = ids(&ground.found(root, "resource", &search, 3).await);
        for entry in bailey_domain::page::PAGES {
            let body = question(alice, action, (kind, entry.name), Some(workspace));
            assert_eq!(ground.decision(root, &body).await, found.contains(entry.name), "{body}");
        }
    }
    for (kind, id, place) in
        [("workspace", workspace, None), ("management", "*", None), ("page", "prompts", Some(workspace))]
    {
        for subject in ["alice", "manager"] {
            let search = question(("user", subject), "", (kind, id), place);
            let found = ids(&ground.found(root, "action", &search, 7).await);
            let known = bailey_domain::operations::FEATURE_ACTIONS.iter().copied();
            for action in known.chain([
                "page:read",
                "page:operate",
                "manage:*",
                "modelstudio:CreateWorkspace",
                "modelstudio:AddMember",
            ]) {
                let body = question(("user", subject), action, (kind, id), place);
                let offered = match kind {
                    "page" => action.starts_with("page:"),
                    "management" => action.starts_with("manage:") || action == "modelstudio:CreateWorkspace",
                    _ => action.starts_with("sfm:") || action == "modelstudio:AddMember",
                };
                if offered {
                    assert_eq!(ground.decision(root, &body).await, found.contains(action), "{body}");
                } else {
                    assert!(!found.contains(action), "{body}");
                }
            }
        }
    }
    // About oneself anybody may search, about others not, and nobody but root and management for subjects.
    assert_eq!(ids(&ground.found(&here.alice, "resource", &where_alice, 9).await), set(&[workspace]));
    for (path, body) in [("resource", &everywhere), ("subject", &where_alice)] {
        let mut body = body.clone();
        body["resource"]["id"] = json!(workspace);
        assert_eq!(ground.ask(&here.alice, &format!("search/{path}"), &body).await.status, 403, "{path}");
    }
    // Another account's token leads nowhere.
    let mut page = everywhere.clone();
    page["page"] = json!({ "limit": 1 });
    let token = ground.ask(root, "search/resource", &page).await.json()["page"]["next_token"].clone();
    page["page"]["token"] = token;
    assert_eq!(ground.ask(root, "search/resource", &page).await.status, 200);
    assert_eq!(ground.ask(&ground.there.account.root, "search/resource", &page).await.status, 400);
    assert_eq!(ground.ask(&here.manager, "search/resource", &page).await.status, 200);
    assert_eq!(
        ground.found(&ground.there.manager, "subject", &where_alice_in(&here.workspace), 9).await,
        Vec::<Value>::new()
    );
}

fn where_alice_in(workspace: &str) -> Value {
    question(("user", ""), "sfm:CreateIndex", ("workspace", workspace), None)
}
