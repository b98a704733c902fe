//! Each noun on its happy path: what one command writes, another reads.

use serde_json::{Value, json};

use super::shell::Shell;

/// The values of a field in a list of an answer.
fn values(answer: &Value, list: &str, field: &str) -> Vec<String> {
    let rows = answer.pointer(list).and_then(Value::as_array).unwrap_or_else(|| panic!("{list}: {answer}"));
    rows.iter().map(|row| row[field].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn ram_users_access_keys_and_policies() {
    let shell = Shell::root();
    let made = shell.json("ram-user create alice --display-name Alice --email alice@example.com");
    assert_eq!(
        (made["User"]["DisplayName"].as_str(), made["User"]["Email"].as_str()),
        (Some("Alice"), Some("alice@example.com"))
    );
    shell.run("ram-user update alice --new-name alicia --comments moved").ending(0);
    assert_eq!(shell.json("ram-user get alicia")["User"]["Comments"], "moved");
    shell.run("ram-user create bob").ending(0);
    assert_eq!(values(&shell.json("ram-user list"), "/Users/User", "UserName"), ["alicia", "bob"]);
    let limited = shell.run("ram-user list --limit 1").ending(0);
    assert_eq!((limited.output.lines().count(), limited.errors.contains("there is more")), (2, true));

    let created = shell.run("access-key create --user alicia").ending(0);
    assert!(
        created.output.contains("AccessKeySecret") && created.errors.contains("this once"),
        "{created:?}"
    );
    let keys = shell.json("access-key list --user alicia");
    let id = values(&keys, "/AccessKeys/AccessKey", "AccessKeyId").remove(0);
    shell.run(&format!("access-key update {id} --user alicia --status inactive")).ending(0);
    assert_eq!(
        values(&shell.json("access-key list --user alicia"), "/AccessKeys/AccessKey", "Status"),
        ["Inactive"]
    );
    shell.run(&format!("access-key delete {id} --user alicia")).ending(0);
    shell.run(&format!("access-key delete {id} --user alicia")).ending(5);

    let document = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sfm:*","Resource":"*"}]}"#;
    let file = shell.file("policy.json", document);
    shell.run(&format!("policy create Feature --document {file} --description all")).ending(0);
    assert!(shell.run("policy get Feature").ending(0).output.contains("\"Action\": \"sfm:*\""));
    shell.with_input("policy create-version Feature --document - --default", document).ending(0);
    assert_eq!(
        values(&shell.json("policy list-versions Feature"), "/PolicyVersions/PolicyVersion", "VersionId")
            .len(),
        2
    );
    shell.run("policy set-default-version Feature v1").ending(0);
    assert_eq!(shell.json("policy get-version Feature v1")["PolicyVersion"]["IsDefaultVersion"], true);
    shell.run("policy delete-version Feature v2").ending(0);
    shell.run("policy update Feature --description every").ending(0);
    shell.run("policy attach Feature --user alicia").ending(0);
    shell.run("policy attach AliyunBailianReadOnlyAccess --type system --user alicia").ending(0);
    let mut attached = values(&shell.json("policy list --user alicia"), "/Policies/Policy", "PolicyName");
    attached.sort();
    assert_eq!(attached, ["AliyunBailianReadOnlyAccess", "Feature"]);
    assert_eq!(values(&shell.json("policy list-entities Feature"), "/Users/User", "UserName"), ["alicia"]);
    // The same for one workspace: it stands beside the other, and goes by itself.
    let workspace =
        shell.json("workspace create Scoped")["workspace"]["workspaceId"].as_str().unwrap().to_owned();
    let attach = format!("policy attach Feature --user alicia --resource-group {workspace}");
    shell.run(&attach).ending(0);
    shell.run(&attach).ending(6);
    assert!(shell.run("policy list --user alicia").ending(0).output.contains(&workspace));
    assert!(shell.run("policy list-entities Feature").ending(0).output.contains(&workspace));
    shell.run("policy attach Feature --user alicia --resource-group llm-0").ending(5);
    let detach = format!("policy detach Feature --user alicia --resource-group {workspace}");
    shell.run(&detach).ending(0);
    shell.run(&detach).ending(5);
    shell.run(&format!("workspace delete {workspace}")).ending(0);
    shell.run("policy delete Feature").ending(6);
    shell.run("policy detach Feature --user alicia").ending(0);
    assert_eq!(
        values(&shell.json("policy list --type custom"), "/Policies/Policy", "Description"),
        ["every"]
    );
    shell.run("policy delete Feature").ending(0);
    shell.run("ram-user delete bob").ending(0);
    shell.run("ram-user get bob").ending(5);
}

#[test]
fn policies_are_checked_before_they_count() {
    let shell = Shell::root();
    let document = |action: &str| {
        format!(r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
    };
    let good = shell.file("good.json", &document("sfm:List*"));
    let odd = shell.file("odd.json", &document("sfm:ListIndexx"));
    let broken = shell.file("broken.json", r#"{"Version":"2"}"#);
    let tests = r#"[{"name":"reads","action":"sfm:ListIndex","resource":"*","expect":"Allow"},
        {"name":"never deletes","action":"sfm:DeleteIndex","resource":"*","expect":"ImplicitDeny"}]"#;
    let tests = shell.file("tests.json", tests);

    // Without a server.
    assert_eq!(shell.run(&format!("policy lint {good}")).ending(0).output, "no findings\n");
    assert!(shell.run(&format!("policy lint {odd}")).ending(0).output.contains("unknown-action"));
    assert!(shell.run(&format!("policy lint {broken}")).ending(8).output.contains("invalid"));
    assert!(
        shell
            .run(&format!("policy test {tests} --policy {good}"))
            .ending(0)
            .output
            .contains("2 tests, 0 failed")
    );
    let failed = shell.run(&format!("policy test {tests} --policy {odd}")).ending(8);
    assert!(failed.output.contains("`reads` expects Allow and gets ImplicitDeny"), "{failed:?}");
    shell.run(&format!("policy test {good} --policy {good}")).ending(2);

    // A document says itself which language it is in.
    let in_language = |version: &str| {
        let name = format!("language-{version}.json");
        let statement = r#"{"Effect":"Allow","Action":"ram:GetUser","Resource":"acs:ram:*:*:user/${acs:PrincipalTag/team}-*",
            "Condition":{"StringEqualsIfExists":{"acs:SourceVpc":"vpc-1"}}}"#;
        shell.file(&name, &format!(r#"{{"Version":"{version}","Statement":[{statement}]}}"#))
    };
    let (standard, extended) = (in_language("1"), in_language("1-extended"));
    assert_eq!(shell.run(&format!("policy lint {extended}")).ending(0).output, "no findings\n");
    let refused = shell.run(&format!("policy lint {standard}")).ending(8).output;
    assert!(refused.contains("StringEqualsIfExists: is not a condition operator"), "{refused}");
    let of_team = |team: &str, expected: &str| {
        format!(
            r#"{{"name":"{team}","action":"ram:GetUser","resource":"acs:ram:*:1:user/red-1","context":{{"acs:PrincipalTag/team":"{team}"}},"expect":"{expected}"}}"#
        )
    };
    let by_tag = format!("[{},{}]", of_team("red", "Allow"), of_team("blue", "ImplicitDeny"));
    let by_tag = shell.file("by-tag.json", &by_tag);
    let passed = shell.run(&format!("policy test {by_tag} --policy {extended}")).ending(0).output;
    assert!(passed.contains("2 tests, 0 failed"), "{passed}");
    shell.run(&format!("policy create Team --document {extended}")).ending(0);
    let passed = shell.run(&format!("policy put-tests Team --tests {by_tag}")).ending(0).output;
    assert!(passed.contains("2 tests, 0 failed"), "{passed}");

    // On the server: what is only looked at is not there afterwards.
    let looked = shell.run(&format!("policy create Reads --document {odd} --dry-run")).ending(0);
    assert!(looked.output.contains("unknown-action"), "{looked:?}");
    shell.run(&format!("policy create Reads --document {broken} --dry-run")).ending(8);
    shell.run("policy get Reads").ending(5);
    shell.run(&format!("policy create-version Reads --document {good} --dry-run")).ending(5);
    shell.run(&format!("policy create Reads --document {good}")).ending(0);
    shell.run(&format!("policy create-version Reads --document {good} --dry-run --default")).ending(0);
    assert_eq!(
        shell.json("policy list-versions Reads")["PolicyVersions"]["PolicyVersion"].as_array().unwrap().len(),
        1
    );

    // What breaks a stored test does not become the default, whichever way it is tried.
    assert!(
        shell
            .run(&format!("policy put-tests Reads --tests {tests}"))
            .ending(0)
            .output
            .contains("2 tests, 0 failed")
    );
    assert_eq!(shell.json("policy get-tests Reads")["tests"][1]["name"], "never deletes");
    let wide = shell.file("wide.json", &document("sfm:*"));
    let refused = shell.run(&format!("policy create-version Reads --document {wide} --default")).ending(6);
    assert!(
        refused.errors.contains("PolicyTestsFailed") && refused.errors.contains("never deletes"),
        "{refused:?}"
    );
    assert!(!refused.errors.contains("`reads`"), "{refused:?}");
    shell.run(&format!("policy create-version Reads --document {wide}")).ending(0);
    shell.run("policy set-default-version Reads v2").ending(6);
    assert_eq!(shell.json("policy get Reads")["Policy"]["DefaultVersion"], "v1");
    shell.with_input("policy put-tests Reads --tests -", "[]").ending(0);
    shell.run("policy set-default-version Reads v2").ending(0);
    let told = shell.run(&format!("policy put-tests Reads --tests {tests}")).ending(0);
    assert!(told.output.contains("2 tests, 1 failed"), "{told:?}");
    shell.with_input("policy put-tests Reads --tests -", r#"[{"name":"x"}]"#).ending(2);
    shell.run(&format!("policy put-tests Nothing --tests {tests}")).ending(5);
}

#[test]
fn what_if_and_who_can() {
    let shell = Shell::root();
    for user in ["alice", "bob"] {
        shell.run(&format!("ram-user create {user}")).ending(0);
    }
    shell.run("policy attach AliyunBailianFullAccess --type system --user alice").ending(0);
    let able = shell.json("who-can CreateWorkspace");
    assert_eq!(values(&able, "/principals", "type"), ["root", "user"]);
    assert!(able["principals"][1]["arn"].as_str().unwrap().ends_with("user/alice"), "{able}");
    let some = shell.run("who-can CreateWorkspace --limit 1").ending(0);
    assert_eq!((some.output.lines().count(), some.errors.contains("there is more")), (2, true));
    shell.run("who-can").ending(2);
    shell.run("who-can --page prompts").ending(2);

    let attach = |kind: &str, user: &str| {
        let holder = json!({ "type": "user", "name": user });
        json!({ "type": kind, "policyType": "System", "policyName": "AliyunBailianFullAccess", "to": holder })
    };
    let asked = |user: &str| json!({ "subject": { "type": "user", "id": user }, "action": "modelstudio:CreateWorkspace" });
    let both = json!({ "changes": [attach("attach", "bob"), attach("detach", "alice")], "requests": [asked("alice"), asked("bob"), asked("root")] });
    let file = shell.file("changes.json", &both.to_string());
    let told = shell.run(&format!("simulate {file}")).ending(8);
    assert!(told.output.contains("1 gain, 1 lose, 1 stay the same"), "{told:?}");
    let none = json!({ "changes": [attach("attach", "alice")], "requests": [asked("alice")] });
    shell.with_input("simulate -", &none.to_string()).ending(0);
    shell.with_input("simulate -", "[]").ending(2);
    let after = shell.run("explain --subject user:bob --action CreateWorkspace").ending(0);
    assert!(after.output.contains("denied"), "{after:?}");
}

#[test]
fn groups_and_their_policies() {
    let shell = Shell::root();
    for user in ["alice", "bob"] {
        shell.run(&format!("ram-user create {user} --display-name {user}.shown")).ending(0);
    }
    let made = shell.json("group create devs --comments backend");
    assert_eq!(made["Group"]["Comments"], "backend");
    shell.run("group create others").ending(0);
    assert_eq!(values(&shell.json("group list"), "/Groups/Group", "GroupName"), ["devs", "others"]);
    let limited = shell.run("group list --limit 1").ending(0);
    assert_eq!((limited.output.lines().count(), limited.errors.contains("there is more")), (2, true));
    shell.run("group update devs --new-name engineers --comments frontend").ending(0);
    assert_eq!(shell.json("group get engineers")["Group"]["Comments"], "frontend");
    shell.run("group get devs").ending(5);

    shell.run("group add-user engineers alice").ending(0);
    shell.run("group add-user engineers bob").ending(0);
    shell.run("group add-user engineers bob").ending(6);
    assert_eq!(values(&shell.json("group users engineers"), "/Users/User", "UserName"), ["alice", "bob"]);
    assert!(shell.run("group users engineers --limit 1").ending(0).output.contains("alice.shown"));
    assert_eq!(values(&shell.json("group list --user alice"), "/Groups/Group", "GroupName"), ["engineers"]);
    shell.run("policy attach AliyunBailianReadOnlyAccess --type system --group engineers").ending(0);
    assert_eq!(
        values(&shell.json("policy list --group engineers"), "/Policies/Policy", "PolicyName"),
        ["AliyunBailianReadOnlyAccess"]
    );
    let entities = shell.run("policy list-entities AliyunBailianReadOnlyAccess --type system").ending(0);
    assert!(entities.output.contains("group  engineers"), "{entities:?}");
    shell.run("ram-user delete alice").ending(6);
    shell.run("group delete engineers").ending(6);
    shell.run("group remove-user engineers alice").ending(0);
    shell.run("group remove-user engineers alice").ending(5);
    shell.run("group remove-user engineers bob").ending(0);
    shell.run("group delete engineers").ending(6);
    shell.run("policy detach AliyunBailianReadOnlyAccess --type system --group engineers").ending(0);
    shell.run("group delete engineers").ending(0);
    shell.run("ram-user delete alice").ending(0);
}

#[test]
fn workspaces_users_and_members() {
    let shell = Shell::root();
    let workspace = shell.workspace("Research");
    shell.run(&format!("workspace rename {workspace} Labs")).ending(0);
    assert_eq!(
        values(&shell.json("workspace list --name lab"), "/workspaces", "workspaceId"),
        [workspace.as_str()]
    );
    let table = shell.run("workspace list").ending(0).output;
    assert!(
        table.starts_with("ID ") && table.contains("Default Workspace") && table.lines().count() == 3,
        "{table}"
    );

    for name in ["alice", "bob", "carol"] {
        shell.run(&format!("ram-user create {name}")).ending(0);
    }
    shell.run("user add alice --display-name Alice").ending(0);
    let file = shell.file(
        "users.csv",
        &format!(
            "userName,displayName,workspaces\nbob,Bob,{workspace}=prompts|knowledge-base:create\nnobody,,\n"
        ),
    );
    assert!(shell.run(&format!("user add-all {file} --dry-run")).ending(1).output.contains("wouldAdd"));
    assert_eq!(values(&shell.json("user list"), "/users", "userName"), ["alice"], "a dry run does nothing");
    let batch = shell.run(&format!("user add-all {file}")).ending(1);
    assert!(batch.output.contains("added") && batch.output.contains("EntityNotExist.User"), "{batch:?}");
    let stdin = shell.with_input("user add-all - --atomic", r#"[{"userName":"carol"}]"#).ending(0);
    assert!(stdin.output.contains("carol"), "{stdin:?}");

    let pages = values(&shell.json("page list"), "/pages", "page");
    assert!(pages.contains(&"knowledge-base:create".to_owned()));
    shell.run(&format!("member add alice -w {workspace} --page api-key")).ending(0);
    assert_eq!(
        values(&shell.json(&format!("member list -w {workspace}")), "/members", "userName"),
        ["alice", "bob"]
    );
    shell.run(&format!("member set-pages alice -w {workspace} --page administrator")).ending(0);
    assert_eq!(
        shell.json(&format!("member get alice -w {workspace}"))["member"]["pages"],
        json!(["administrator"])
    );
    let access = shell.run(&format!("member access alice -w {workspace}")).ending(0).output;
    assert!(
        access.lines().any(|line| line.starts_with("page") && line.contains("administrator")),
        "{access}"
    );
    shell.run(&format!("member set-pages alice -w {workspace} --no-pages")).ending(0);
    assert_eq!(shell.json(&format!("member get alice -w {workspace}"))["member"]["pages"], json!([]));

    let key = &shell.json(&format!("key create -w {workspace}"))["apiKey"]["apiKeyId"];
    shell.run(&format!("member remove alice -w {workspace}")).ending(0);
    shell.run(&format!("member get alice -w {workspace}")).ending(5);
    let removed = shell.json("user remove bob");
    assert!(removed["revision"].is_u64(), "{removed}");
    shell.run(&format!("key delete {}", key.as_str().unwrap())).ending(0);
    shell.run(&format!("workspace delete {workspace}")).ending(0);
    assert_eq!(shell.json("workspace list")["totalCount"], 1);
}

#[test]
fn providers_models_limits_keys_usage_and_settings() {
    let shell = Shell::root();
    let workspace = shell.workspace("Research");
    shell.run("provider create demo --dialect demo").ending(0);
    shell.run("provider test demo").ending(0);
    let credential = shell.file("key.txt", "sk-upstream-secret\n");
    let base = "--base-url http://127.0.0.1:1/v1 --allow-private";
    let added = shell
        .run(&format!("provider create dead --dialect openai {base} --api-key-file {credential}"))
        .ending(0);
    assert!(!format!("{added:?}").contains("sk-upstream-secret"), "a credential goes in and never out");
    assert_eq!(shell.run("provider test dead").exit, Some(1));
    shell
        .run("provider update dead --allow-private false --max-concurrency 7 --idle-timeout-ms 900")
        .ending(0);
    shell.run("provider update dead --idle-timeout-ms 0 --connect-timeout-ms 250").ending(0);
    assert!(shell.run("provider update demo --max-concurrency 7").exit != Some(0), "built in");
    assert!(shell.run("provider update dead --idle-timeout-ms 86400001").exit != Some(0));
    let providers = shell.json("provider list");
    let dead = providers["providers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|provider| provider["name"] == "dead")
        .unwrap();
    assert_eq!((&dead["allowPrivate"], &dead["hasApiKey"]), (&json!(false), &json!(true)));
    let bounds = ["connectTimeoutMs", "firstByteTimeoutMs", "idleTimeoutMs", "maxConcurrency"];
    assert_eq!(bounds.map(|name| dead[name].as_u64()), [Some(250), None, None, Some(7)], "{dead}");
    assert_eq!((&dead["health"]["state"], &dead["health"]["inFlight"]), (&json!("closed"), &json!(0)));
    shell.run("provider delete dead").ending(0);

    shell.run("model put qwen-plus --name Plus --route demo --capability chat --context-window 1000 --input-price 4").ending(0);
    let model =
        shell.file("model.json", r#"{"name":"Max","routes":[{"provider":"demo","upstreamModel":"other"}]}"#);
    shell.run(&format!("model put qwen-max --file {model}")).ending(0);
    assert_eq!(values(&shell.json("model list"), "/models", "name"), ["Max", "Plus"]);
    assert_eq!(
        values(&shell.json("model list --model qwen-plus --provider demo"), "/models", "model"),
        ["qwen-plus"]
    );
    shell
        .run(&format!("model update-permissions qwen-plus qwen-max -w {workspace} --inference true"))
        .ending(0);
    let granted = |shell: &Shell| {
        values(&shell.json(&format!("model list-permissions -w {workspace} --authorized")), "/list", "model")
    };
    assert_eq!(granted(&shell), ["qwen-max", "qwen-plus"]);
    shell.run("model delete qwen-max").ending(0);
    shell.run(&format!("model update-permissions -w {workspace} --all-models close")).ending(0);
    assert!(granted(&shell).is_empty());

    shell.run("limit update-account qwen-plus --requests 100 --per 60").ending(0);
    shell.run("limit update-account qwen-plus --concurrency 7").ending(0);
    let wide = shell.run(&format!("limit update qwen-plus -w {workspace} --concurrency 8")).ending(2);
    assert!(wide.errors.contains("wider than the account's limit of 7 calls in flight"), "{wide:?}");
    shell.run(&format!("limit update qwen-plus -w {workspace} --requests 5 --per 60")).ending(0);
    let limits = &shell.json(&format!("limit list -w {workspace} --model qwen-plus"))["limits"][0];
    assert_eq!(
        (&limits["workspaceLimit"]["requestLimit"], &limits["modelLimit"]["requestLimit"]),
        (&json!(5), &json!(100))
    );
    assert_eq!(
        (&limits["workspaceLimit"]["concurrencyLimit"], &limits["modelLimit"]["concurrencyLimit"]),
        (&Value::Null, &json!(7))
    );
    shell.run("budget put 5000000 --notice 80 --notice 50 --hard-stop").ending(0);
    shell.run(&format!("budget put 1000000 -w {workspace}")).ending(0);
    let budgets = &shell.json("budget list")["budgets"];
    assert_eq!((&budgets[0]["level"], &budgets[0]["amountMicro"]), (&json!("account"), &json!(5_000_000)));
    assert_eq!((&budgets[0]["notices"], &budgets[0]["spentMicro"]), (&json!([50, 80]), &json!(0)));
    let inside = &shell.json(&format!("budget list -w {workspace}"))["budgets"];
    assert_eq!((inside.as_array().map(Vec::len), &inside[0]["workspaceId"]), (Some(1), &json!(workspace)));
    shell.run("budget put 1 --notice 101").ending(2);
    shell.run("budget put 1 --user alice").ending(2);
    shell.run(&format!("budget delete -w {workspace} --user alice")).ending(5);
    shell.run("budget delete").ending(0);
    assert_eq!(shell.json("budget list")["budgets"].as_array().map(Vec::len), Some(1));
    shell.run(&format!("limit update qwen-plus -w {workspace} --delete")).ending(0);
    assert_eq!(shell.json(&format!("limit list -w {workspace}"))["limits"][0]["workspaceLimit"], Value::Null);

    let created = shell
        .run(&format!("key create -w {workspace} --description ci --model qwen-plus --access-ip 10.0.0.0/8"))
        .ending(0);
    assert!(created.output.contains("sk-") && created.errors.contains("this once"), "{created:?}");
    let keys = shell.json(&format!("key list -w {workspace}"));
    let id = values(&keys, "/apiKeys", "apiKeyId").remove(0);
    assert!(values(&keys, "/apiKeys", "apiKeyValue")[0].starts_with("sk-****"));
    assert_eq!(shell.json("key list")["totalCount"], 1);
    shell.run(&format!("limit update-key {id} qwen-plus --requests 2 --per 60")).ending(0);
    assert_eq!(shell.json(&format!("key get {id}"))["apiKey"]["modelLimits"][0]["requestLimit"], 2);
    shell.run(&format!("key update {id} --description CI --unrestricted")).ending(0);
    shell.run(&format!("key disable {id}")).ending(0);
    let key = &shell.json(&format!("key get {id}"))["apiKey"];
    assert_eq!(
        (&key["disabled"], &key["auth"]["type"], &key["description"]),
        (&json!(1), &json!("All"), &json!("CI"))
    );
    shell.run(&format!("key enable {id}")).ending(0);
    assert_eq!(shell.json(&format!("key get {id}"))["apiKey"]["disabled"], 0);
    shell.run(&format!("key update {id} --expires-at 2020-01-31T00:00:00Z")).ending(2);
    shell.run(&format!("key update {id} --expires-at 2099-01-31T00:00:00Z")).ending(0);
    assert_eq!(shell.json(&format!("key get {id}"))["apiKey"]["expiresAt"], 4_073_500_800_000_i64);
    assert!(shell.run(&format!("key get {id}")).ending(0).output.contains("2099-01-31T00:00:00Z"));
    shell.run(&format!("key update {id} --expires-at never")).ending(0);
    assert!(shell.json(&format!("key get {id}"))["apiKey"]["expiresAt"].is_null());
    assert!(shell.run(&format!("key reset {id} --overlap 60")).ending(0).output.contains("sk-"));
    assert!(shell.json(&format!("key get {id}"))["apiKey"]["previousValueExpiresAt"].is_i64());
    assert!(shell.run(&format!("key reset {id}")).ending(0).output.contains("sk-"));
    assert!(shell.json(&format!("key get {id}"))["apiKey"]["previousValueExpiresAt"].is_null());
    shell.run(&format!("key delete {id}")).ending(0);
    shell.run(&format!("key get {id}")).ending(5);

    for group in ["model", "api-key", "user", "workspace", "hour", "day"] {
        assert!(shell.run(&format!("usage get --group-by {group}")).ending(0).output.contains("REQUESTS"));
    }
    shell.run(&format!("usage get -w {workspace} --from 2026-01-01T00:00:00Z")).ending(0);
    shell.run("settings update delegateMemberRemoval=true quotaUsers=50").ending(0);
    let settings = &shell.json("settings get")["settings"];
    assert_eq!((&settings["delegateMemberRemoval"], &settings["quotaUsers"]), (&json!(true), &json!(50)));
}
