//! `POST /api/v1/tokens` and what its keys may do.

use bailey_domain::key_auth::{KeyAuth, parse_network};
use bailey_domain::{Change, Reason};
use serde_json::{Value, json};

use super::client::{Answer, Call};
use super::cutting::error_event;
use super::world::{World, until};

const KEY: &str = "sk-parent";
const PATH: &str = "/api/v1/tokens";

async fn asked(world: &World, key: &str, query: &str) -> Answer {
    Call::post(&format!("{PATH}{query}"), "").key(key).send(world.address).await
}

/// A temporary key for so long.
async fn made(world: &World, seconds: u32) -> String {
    let answer = asked(world, KEY, &format!("?expire_in_seconds={seconds}")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()["token"].as_str().unwrap().to_owned()
}

/// The native shape, whole.
fn refused(answer: &Answer, status: u16, code: &str, message: &str) {
    let id = answer.header("x-request-id").unwrap();
    assert_eq!(answer.status, status, "{:?}", answer.json());
    assert_eq!(answer.json(), json!({ "code": code, "message": message, "request_id": id }));
}

#[tokio::test]
async fn a_key_makes_one_that_lasts_as_long_as_it_says() {
    let world = World::start();
    let parent = world.key(KEY);
    for (query, seconds) in [("", 60), ("?expire_in_seconds=1", 1), ("?expire_in_seconds=1800", 1800)] {
        let answer = asked(&world, KEY, query).await;
        let made: Value = answer.json();
        assert_eq!(made.as_object().unwrap().len(), 2, "{made}");
        assert_eq!(made["expires_at"], world.now_ms() / 1000 + seconds);
        let key = made["token"].as_str().unwrap();
        assert_eq!(world.chat(key, "demo-chat", "x").send(world.address).await.status, 200);
        let usage = world.usage().await;
        assert_eq!((usage.key, usage.workspace), (parent, world.workspace), "what it uses is its parent's");
    }
    let key = made(&world, 1).await;
    let models = Call::get("/v1/models").key(&key).send(world.address).await;
    assert_eq!((models.status.as_u16(), models.json()["data"].as_array().unwrap().len()), (200, 6));
    world.clock.advance_ms(1_000);
    for call in [world.chat(&key, "demo-chat", "x"), Call::get("/v1/models").key(&key)] {
        let answer = call.send(world.address).await;
        assert_eq!(answer.error(), (401, "invalid_api_key".to_owned(), None));
        let refused = world.refused().await;
        assert_eq!((refused.decision.reason, refused.key), (Some(Reason::KeyExpired), Some(parent)));
    }
    // A key whose own end is near makes none that promises more.
    world.apply(vec![world.key_facts("sk-short", |key| key.expires_at_ms = Some(world.now_ms() + 5_999))]);
    let answer = asked(&world, "sk-short", "?expire_in_seconds=60").await;
    assert_eq!(answer.json()["expires_at"], world.now_ms() / 1000 + 5);
    world.no_more_records();
}

#[tokio::test]
async fn the_time_is_in_its_bounds() {
    let world = World::start();
    world.key(KEY);
    for query in
        ["?expire_in_seconds=0", "?expire_in_seconds=1801", "?expire_in_seconds=x", "?expire_in_seconds"]
    {
        let answer = asked(&world, KEY, query).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("from 1 to 1800"), "{message}");
        refused(&answer, 400, "InvalidParameter", &message);
        // Whoever has no key is told that, and nothing of the request.
        let answer = asked(&world, "sk-nobodys", query).await;
        refused(&answer, 401, "InvalidApiKey", "Invalid API-key provided.");
        world.refused().await;
    }
    let answer = Call::get(PATH).key(KEY).send(world.address).await;
    refused(&answer, 405, "MethodNotAllowed", "this path takes POST only");
    assert_eq!(answer.header("allow"), Some("POST"));
    world.no_more_records();
}

#[tokio::test]
async fn a_wrong_parent_makes_none() {
    let world = World::start();
    world.key(KEY);
    let temporary = made(&world, 60).await;
    let network = parse_network("accessIps", "192.0.2.0/24").unwrap();
    let elsewhere = KeyAuth { access_ips: vec![network], accessible_models: None };
    world.apply(vec![
        world.key_facts("sk-disabled", |key| key.disabled = true),
        world.key_facts("sk-expired", |key| key.expires_at_ms = Some(world.now_ms())),
        world.key_facts("sk-elsewhere", |key| key.auth = Some(elsewhere)),
    ]);
    let missing = Call::post(PATH, "").send(world.address).await;
    refused(&missing, 401, "InvalidApiKey", "No API-key provided.");
    assert_eq!(world.refused().await.decision.reason, Some(Reason::KeyMissing));
    for (key, reason) in [
        (temporary.as_str(), Reason::KeyUnknown),
        ("sk-unknown", Reason::KeyUnknown),
        ("sk-disabled", Reason::KeyDisabled),
        ("sk-expired", Reason::KeyExpired),
    ] {
        let answer = asked(&world, key, "").await;
        refused(&answer, 401, "InvalidApiKey", "Invalid API-key provided.");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(world.refused().await.decision.reason, Some(reason));
    }
    let answer = asked(&world, "sk-elsewhere", "").await;
    refused(&answer, 403, "AccessDenied", "Access denied. The key may not be used from this address.");
    assert_eq!(answer.header("x-bailey-reason"), Some("ip_not_allowed"));
    world.refused().await;
    let other =
        Call::post(PATH, "").key(KEY).with("x-dashscope-workspace", "llm-other").send(world.address).await;
    let message = format!(
        "Workspace access denied. This key is of the workspace `{}`; the request names `llm-other`.",
        world.workspace
    );
    refused(&other, 403, "Workspace.AccessDenied", &message);
}

/// As with a key whose time is over: what was begun with it ends with it.
#[tokio::test]
async fn a_stream_ends_with_the_key_it_was_opened_with() {
    let world = World::start();
    let parent = world.key(KEY);
    let key = made(&world, 5).await;
    let held = world.first.hold_next();
    let mut stream = world.chat_stream(&key, "chat", "x").stream(world.address).await;
    held.send("one");
    stream.next().await.unwrap().unwrap();
    let mut other = world.chat_stream(KEY, "demo-chat", "[slow]").stream(world.address).await;
    world.clock.advance_ms(4_999);
    assert_eq!(world.directory.cut_expired(world.now_ms()), 0);
    held.send("two");
    assert!(stream.next().await.unwrap().unwrap().contains("two"));
    world.clock.advance_ms(1);
    assert_eq!(world.directory.cut_expired(world.now_ms()), 1);
    held.send("this must not pass");
    let rest = stream.rest().await;
    assert_eq!(error_event(&rest), "invalid_api_key");
    assert!(!rest.contains("must not pass"), "{rest}");
    let refused = world.refused().await;
    assert_eq!((refused.decision.reason, refused.key), (Some(Reason::KeyExpired), Some(parent)));
    let last = refused.decision.chain.last().unwrap();
    assert_eq!((last.check.as_str(), last.result.as_str()), ("key-expiry", "fail"));
    assert!(world.usage().await.cut);
    while !other.next().await.unwrap().unwrap().contains("word-2") {}
    world.apply(vec![Change::KeyGone { key: parent }]);
    other.rest().await;
    until("nothing is in flight", || world.directory.census().flights == 0).await;
}
