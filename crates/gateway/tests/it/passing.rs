//! Calls through an OpenAI-compatible upstream: what it sees, what comes back.

use std::time::{Duration, Instant};

use bailey_domain::model::Dialect;
use bailey_testkit::Answer;
use serde_json::{Value, json};

use super::client::Call;
use super::crude::Crude;
use super::world::{UPSTREAM_SECRET, World, chat, until};

const KEY: &str = "sk-passing";

fn world() -> World {
    let world = World::start();
    world.key(KEY);
    world
}

#[tokio::test]
async fn the_upstream_sees_the_request_and_its_own_credential() {
    let world = world();
    let body = r#"{ "unknown" : [1.50, {"model":"chat"}], "model":"chat","messages":[{"role":"user","content":"h\u00e9"}] }"#;
    let call = Call::post("/compatible-mode/v1/chat/completions", body)
        .key(KEY)
        .with("x-client", "secret of the client");
    let answer = call.send(world.address).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["choices"][0]["message"]["content"], "echo: hé");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_ne!(answer.header("x-request-id"), Some("fake-upstream"));
    let seen = &world.first.requests()[0];
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(seen.body, body.replace(r#""model":"chat","#, r#""model":"org/real","#));
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {UPSTREAM_SECRET}").as_str()));
    assert_eq!(seen.header("host"), Some(world.first.address().to_string().as_str()));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert!(!format!("{:?}", seen.headers).contains(KEY) && seen.header("x-client").is_none());
    let usage = world.usage().await;
    assert_eq!((usage.input_tokens, usage.output_tokens, &*usage.model), (1, 2, "chat"));
}

#[tokio::test]
async fn embeddings_pass() {
    let world = world();
    let body = json!({"model": "embedding", "input": ["a b", "c"], "dimensions": 4});
    let answer = world.post("/v1/embeddings", KEY, &body).send(world.address).await;
    assert_eq!(answer.json()["data"].as_array().unwrap().len(), 2);
    let seen = &world.first.requests()[0];
    assert_eq!(seen.path(), "/v1/embeddings");
    assert_eq!(seen.json()["model"], "org/embedding");
    assert_eq!(seen.json()["dimensions"], 4);
    assert_eq!(world.usage().await.input_tokens, 3);
}

#[tokio::test]
async fn a_stream_passes_as_it_comes() {
    let world = world();
    let held = world.first.hold_next();
    let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["x-accel-buffering"], "no");
    assert_eq!(world.first.requests()[0].json()["stream_options"], json!({"include_usage": true}));
    for text in ["one", "two", "three"] {
        // Each piece is read before the next is sent: nothing waits for more.
        held.send(text);
        let piece = stream.next().await.unwrap().unwrap();
        assert!(piece.contains(text) && piece.ends_with("\n\n"), "{piece}");
    }
    world.no_more_records();
    held.finish();
    let rest = stream.rest().await;
    assert!(rest.ends_with("data: [DONE]\n\n"), "{rest}");
    assert!(!rest.contains("prompt_tokens"), "the client did not ask for usage: {rest}");
    let usage = world.usage().await;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.status), (1, 1, 200));
}

#[tokio::test]
async fn usage_that_is_asked_for_passes_byte_for_byte() {
    let world = world();
    let mut body = chat("chat", "x");
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    world.first.answer_next(Answer::Stream { chunks: 3, every: Duration::ZERO });
    let rest = world.post("/v1/chat/completions", KEY, &body).stream(world.address).await.rest().await;
    assert_eq!(rest.matches("\"prompt_tokens\":1").count(), 1, "{rest}");
    assert_eq!(rest.matches("data: ").count(), 3 + 3, "{rest}");
    assert_eq!(world.usage().await.output_tokens, 3);
}

#[tokio::test]
async fn the_time_between_chunks_is_the_upstreams() {
    let world = world();
    let every = Duration::from_millis(40);
    world.first.answer_next(Answer::Stream { chunks: 5, every });
    let begun = Instant::now();
    let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    let mut first = None;
    while stream.next().await.is_some() {
        first.get_or_insert(begun.elapsed());
    }
    let (first, all) = (first.unwrap(), begun.elapsed());
    assert!(all >= every * 5, "{all:?}");
    assert!(first + every * 3 <= all, "the first chunk came after {first:?} of {all:?}");
}

#[tokio::test]
async fn connections_are_used_again() {
    let world = world();
    for round in 1..=5 {
        assert_eq!(world.chat(KEY, "chat", "x").send(world.address).await.status, 200);
        world.chat_stream(KEY, "chat", "x").stream(world.address).await.rest().await;
        assert_eq!((world.first.request_count(), world.first.connections()), (2 * round, 1));
    }
}

#[tokio::test]
async fn a_connection_that_died_idle_is_replaced() {
    let world = world();
    let closes = Crude::closes_after_one().await;
    world.apply(vec![world.provider("first", Dialect::OpenAi, &closes.base_url(), true)]);
    for _ in 0..5 {
        let answer = world.chat(KEY, "chat", "x").send(world.address).await;
        assert_eq!((answer.status.as_u16(), answer.json()["ok"].clone()), (200, Value::Bool(true)));
    }
}

#[tokio::test]
async fn the_second_route_serves_when_the_first_does_not() {
    let world = world();
    for status in [500, 502, 503, 429, 401, 403, 302] {
        world.first.answer_next(Answer::error(status, "secret_detail", "first is not well"));
        let answer = world.chat(KEY, "pair", "x").send(world.address).await;
        assert_eq!(answer.status, 200, "{status}");
        assert_eq!(world.second.requests().last().unwrap().json()["model"], "pair-b");
    }
    // Nobody listens there any more.
    world.apply(vec![world.provider("first", Dialect::OpenAi, "http://127.0.0.1:1/v1", true)]);
    assert_eq!(world.chat(KEY, "pair", "x").send(world.address).await.status, 200);
    assert_eq!(world.second.request_count(), 8);
    for _ in 0..8 {
        assert_eq!(world.usage().await.status, 200);
    }
    world.no_more_records();
}

#[tokio::test]
async fn an_upstreams_own_credential_trouble_is_not_the_callers() {
    let world = world();
    for status in [401, 403, 407] {
        world.first.answer_next(Answer::error(status, "invalid_api_key", "upstream-secret-detail"));
        let answer = world.chat(KEY, "chat", "x").send(world.address).await;
        assert_eq!(answer.error(), (503, "ModelUnavailable".to_owned(), Some("upstream_unavailable")));
        assert!(!String::from_utf8_lossy(&answer.body).contains("upstream-secret-detail"));
        let refused = world.refused().await;
        assert_eq!(refused.decision.reason.unwrap().name(), "upstream_unavailable");
        assert_eq!(Some(refused.decision.request_id.as_str()), answer.header("x-request-id"));
    }
    world.no_more_records();
}

#[tokio::test]
async fn what_is_wrong_with_a_request_passes() {
    let world = world();
    world.first.answer_next(Answer::error(400, "context_length_exceeded", "too long"));
    let answer = world.chat(KEY, "pair", "x").send(world.address).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["code"], "context_length_exceeded");
    assert_eq!(world.second.request_count(), 0);
    let usage = world.usage().await;
    assert_eq!((usage.status, usage.input_tokens), (400, 0));
    // Words of another shape do not pass, the status does.
    let body = json!({"detail": "not found"});
    world.first.answer_next(Answer::Status { status: 404, headers: Vec::new(), body });
    let answer = world.chat(KEY, "pair", "x").send(world.address).await;
    assert_eq!(answer.error(), (404, "upstream_error".to_owned(), None));
}

#[tokio::test]
async fn a_client_that_leaves_takes_the_upstream_call_with_it() {
    let world = world();
    let held = world.first.hold_next();
    let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    held.send("one");
    stream.next().await.unwrap().unwrap();
    drop(stream);
    held.send("two");
    tokio::time::timeout(Duration::from_secs(5), held.abandoned()).await.expect("the upstream is told");
    assert_eq!(world.usage().await.status, 200);
    // Before the answer's head, too.
    world.first.answer_next(Answer::Silent);
    let call = tokio::spawn(world.chat(KEY, "chat", "x").send(world.address));
    world.first.requests_reach(2).await;
    call.abort();
    assert_eq!(world.usage().await.status, 499);
    until("both connections are closed", || world.first.open_connections() == 0).await;
    until("nothing is in flight", || world.directory.census().flights == 0).await;
    world.no_more_records();
}
