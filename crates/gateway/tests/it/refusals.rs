//! Every reason of the gateway, on the wire. The expectations are written from the specification's table, not from the code's.

use bailey_domain::access::Principal;
use bailey_domain::change::LimitLevel;
use bailey_domain::key_auth::{KeyAuth, everywhere, parse_network};
use bailey_domain::{Change, Reason};
use serde_json::json;

use super::client::{Answer, Call};
use super::world::{World, chat};

const KEY: &str = "sk-refusals";

/// Checks the answer against its row of the table, and that the decision can be explained under the answer's id.
async fn refused(world: &World, answer: &Answer, reason: &str, status: u16, code: &str) {
    let told = (status != 401).then_some(reason);
    assert_eq!(answer.error(), (status, code.to_owned(), told), "{:?}", answer.json());
    let r#type = if matches!(status, 401 | 404) { "invalid_request_error" } else { code };
    assert_eq!(answer.json()["error"]["type"], r#type);
    let record = world.refused().await;
    assert_eq!(record.decision.reason.map(Reason::name), Some(reason));
    assert_eq!(Some(record.decision.request_id.as_str()), answer.header("x-request-id"));
    assert_eq!(record.decision.chain.last().unwrap().result, "fail");
    assert_eq!(record.key.is_some(), !matches!(reason, "key_missing" | "key_unknown"));
    assert_eq!(record.account.is_some(), record.key.is_some());
    world.no_more_records();
}

#[tokio::test]
async fn whoever_has_no_valid_key_learns_nothing_else() {
    let world = World::start();
    world.apply(vec![
        world.key_facts("sk-disabled", |key| key.disabled = true),
        world.key_facts("sk-expired", |key| key.expires_at_ms = Some(world.now_ms())),
        world.key_facts("sk-old-seat", |key| key.epoch = 0),
    ]);
    let body = chat("demo-chat", "x").to_string();
    let bodies = [body.as_str(), "{", r#"{"model":"absent","messages":[1]}"#];
    for (key, reason) in [
        (None, "key_missing"),
        (Some("sk-unknown"), "key_unknown"),
        (Some("sk-disabled"), "key_disabled"),
        (Some("sk-expired"), "key_expired"),
        (Some("sk-old-seat"), "owner_not_member"),
    ] {
        for body in bodies {
            let mut call = Call::post("/v1/chat/completions", body.to_owned())
                .with("x-dashscope-workspace", "llm-other");
            if let Some(key) = key {
                call = call.key(key);
            }
            let answer = call.send(world.address).await;
            refused(&world, &answer, reason, 401, "invalid_api_key").await;
            let message = if key.is_none() { "No API-key provided." } else { "Incorrect API key provided." };
            assert_eq!(answer.json()["error"]["message"], message);
        }
    }
    world.key("sk-of-alice");
    world.apply(vec![Change::UserGone { user: world.alice }]);
    let answer = world.chat("sk-of-alice", "demo-chat", "x").send(world.address).await;
    refused(&world, &answer, "owner_deleted", 401, "invalid_api_key").await;
}

#[tokio::test]
async fn carriers_that_disagree_are_no_key() {
    let world = World::start();
    world.key(KEY);
    let good = || Call::post("/v1/chat/completions", chat("demo-chat", "x").to_string());
    for carrier in ["x-api-key", "api-key"] {
        assert_eq!(good().with(carrier, KEY).send(world.address).await.status, 200);
        world.usage().await;
        assert_eq!(good().with(carrier, KEY).key(KEY).send(world.address).await.status, 200);
        world.usage().await;
        let answer = good().with(carrier, "sk-other").key(KEY).send(world.address).await;
        refused(&world, &answer, "key_unknown", 401, "invalid_api_key").await;
    }
}

#[tokio::test]
async fn address_workspace_grant_and_scope() {
    let world = World::start();
    world.key(KEY);
    world.apply(vec![
        world.key_facts("sk-elsewhere", |key| {
            let networks = vec![parse_network("accessIps", "10.0.0.0/8").unwrap()];
            key.auth = Some(KeyAuth { access_ips: networks, accessible_models: None });
        }),
        world.key_facts("sk-narrow", |key| {
            key.auth =
                Some(KeyAuth { access_ips: everywhere(), accessible_models: Some(vec!["chat".into()]) });
        }),
    ]);
    for (key, model, reason, code) in [
        ("sk-elsewhere", "demo-chat", "ip_not_allowed", "access_denied"),
        (KEY, "ungranted", "model_not_granted", "Model.AccessDenied"),
        ("sk-narrow", "demo-chat", "model_out_of_key_scope", "Model.AccessDenied"),
    ] {
        let answer = world.chat(key, model, "x").send(world.address).await;
        refused(&world, &answer, reason, 403, code).await;
        let record = world.chat(key, model, "x").send(world.address).await;
        assert!(record.json()["error"]["message"].as_str().unwrap().contains("denied."));
        world.refused().await;
    }
    // Its own workspace may be named, in either spelling; another may not.
    let own = world.workspace.to_string();
    for (name, value) in [
        ("X-DashScope-WorkSpace", own.as_str()),
        ("X-DashScope-Workspace", &own),
        ("x-dashscope-workspace", ""),
    ] {
        assert_eq!(world.chat(KEY, "demo-chat", "x").with(name, value).send(world.address).await.status, 200);
        world.usage().await;
    }
    let other = world.default_workspace.to_string();
    let answer =
        world.chat(KEY, "demo-chat", "x").with("X-DashScope-WorkSpace", &other).send(world.address).await;
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&own) && message.contains(&other), "{message}");
    refused(&world, &answer, "workspace_mismatch", 403, "Workspace.AccessDenied").await;
}

#[tokio::test]
async fn a_host_of_another_workspace_is_refused() {
    let world = World::start();
    world.key(KEY);
    let (own, other) = (world.workspace.to_string(), world.default_workspace.to_string());
    let call = |host: &str| world.chat(KEY, "demo-chat", "x").with("host", host);
    for host in [
        format!("{own}.gw.example.com"),
        format!("{}.GW.EXAMPLE.COM:8080", own.to_uppercase()),
        "gw.example.com".to_owned(),
        format!("{other}.another.example.com"),
    ] {
        assert_eq!(call(&host).send(world.address).await.status, 200, "{host}");
        world.usage().await;
    }
    let here = format!("{own}.gw.example.com");
    let answer = call(&here).with("x-dashscope-workspace", &own).send(world.address).await;
    assert_eq!(answer.status, 200);
    world.usage().await;
    let elsewhere = format!("{other}.gw.example.com:443");
    for (host, header, code, names) in [
        (elsewhere.as_str(), None, "Endpoint.AccessDenied", &other),
        (&elsewhere, Some(&other), "Endpoint.AccessDenied", &other),
        // The header is right, and does not make the host right.
        (&elsewhere, Some(&own), "Endpoint.AccessDenied", &other),
        (&here, Some(&other), "Workspace.AccessDenied", &other),
        ("x.gw.example.com", None, "Endpoint.AccessDenied", &"x".to_owned()),
    ] {
        let mut call = call(host);
        if let Some(header) = header {
            call = call.with("x-dashscope-workspace", header);
        }
        let answer = call.send(world.address).await;
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&own) && message.ends_with(&format!("names `{names}`.")), "{message}");
        refused(&world, &answer, "workspace_mismatch", 403, code).await;
    }
    // Whoever has no valid key is not told which workspace is whose.
    let answer =
        world.chat("sk-unknown", "demo-chat", "x").with("host", &elsewhere).send(world.address).await;
    refused(&world, &answer, "key_unknown", 401, "invalid_api_key").await;
    let native = Call::post("/api/v1/tokens", "").key(KEY).with("host", &elsewhere).send(world.address).await;
    assert_eq!((native.status.as_u16(), &native.json()["code"]), (403, &json!("Endpoint.AccessDenied")));
    let message = native.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("Workspace endpoint access denied. ") && message.contains(&other),
        "{message}"
    );
    assert_eq!(native.header("x-bailey-reason"), Some("workspace_mismatch"));
}

#[tokio::test]
async fn a_model_that_is_not_there_or_does_something_else() {
    let world = World::start();
    world.key(KEY);
    for model in ["absent", "demo-embedding"] {
        let answer = world.chat(KEY, model, "x").send(world.address).await;
        refused(&world, &answer, "model_unknown", 404, "model_not_found").await;
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(message, format!("The model `{model}` does not exist or you do not have access to it."));
    }
}

#[tokio::test]
async fn limits_of_all_levels_refuse_and_say_when_to_come_back() {
    for (requests, tokens) in [(Some(1), None), (None, Some(1))] {
        for level in ["account", "workspace", "key"] {
            let world = World::start();
            let key = world.key(KEY);
            let on = match level {
                "account" => LimitLevel::Account,
                "workspace" => LimitLevel::Workspace(world.workspace),
                _ => LimitLevel::Key(key),
            };
            world.limit(on, "demo-chat", requests, tokens);
            assert_eq!(world.chat(KEY, "demo-chat", "x").send(world.address).await.status, 200);
            world.usage().await;
            let answer = world.chat(KEY, "demo-chat", "x").send(world.address).await;
            let (kind, code) = if requests.is_some() {
                ("rate", "limit_requests")
            } else {
                ("tokens", "insufficient_quota")
            };
            refused(&world, &answer, &format!("{kind}_{level}"), 429, code).await;
            let unit = if requests.is_some() { "requests" } else { "tokens" };
            assert_eq!(answer.header(&format!("x-ratelimit-limit-{unit}")), Some("1"));
            assert_eq!(answer.header(&format!("x-ratelimit-remaining-{unit}")), Some("0"));
            let ms: u64 = answer.header("retry-after-ms").unwrap().parse().unwrap();
            let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
            assert_eq!(seconds, ms.div_ceil(1000));
            assert!(answer.header(&format!("x-ratelimit-reset-{unit}")).unwrap().ends_with('s'));
            // The promise holds.
            world.clock.advance_ms(i64::try_from(ms).unwrap());
            assert_eq!(world.chat(KEY, "demo-chat", "x").send(world.address).await.status, 200);
        }
    }
}

#[tokio::test]
async fn an_upstream_that_is_away_or_not_there() {
    let world = World::start();
    world.key(KEY);
    let answer = world.chat(KEY, "lonely", "x").send(world.address).await;
    refused(&world, &answer, "upstream_unavailable", 503, "ModelUnavailable").await;
}

#[tokio::test]
async fn the_default_workspace_needs_no_grant() {
    let world = World::start();
    world.apply(vec![world.key_facts("sk-root", |key| {
        key.workspace = world.default_workspace;
        key.owner = Principal::Root;
    })]);
    assert_eq!(world.chat("sk-root", "ungranted", "x").send(world.address).await.status, 200);
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let world = World::start();
    world.key(KEY);
    let at = world.address;
    for (path, code) in [
        ("/", "not_found"),
        ("/v1", "not_found"),
        ("/v2/chat/completions", "not_found"),
        ("/v1/chat", "not_found"),
        ("/v1/batches", "not_supported"),
        ("/v1/files/x", "not_supported"),
        ("/compatible-mode/v1/batches", "not_supported"),
        ("/v1/completions", "not_supported"),
    ] {
        let answer = Call::post(path, "{}").key(KEY).send(at).await;
        assert_eq!(answer.error(), (404, code.to_owned(), None), "{path}");
    }
    for (method, path, allowed) in [
        ("GET", "/v1/chat/completions", "POST"),
        ("PUT", "/v1/embeddings", "POST"),
        ("POST", "/v1/models", "GET"),
        ("DELETE", "/v1/models/x", "GET"),
    ] {
        let answer = Call::get(path).method(method).key(KEY).send(at).await;
        assert_eq!(answer.error(), (405, "method_not_allowed".to_owned(), None));
        assert_eq!(answer.header("allow"), Some(allowed));
    }
    world.no_more_records();
    assert_eq!(world.post("/v1/models", KEY, &json!({})).send(at).await.status, 405);
}
