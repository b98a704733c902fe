//! Calls whose client speaks another dialect than their upstream, through the whole gateway. What becomes of each field is
//! told by the golden conversations; here it is that the pieces are put together.

use bailey_domain::Change;
use bailey_domain::model::{Capability, Dialect};
use bailey_testkit::Answer;
use serde_json::{Value, json};

use super::client::Call;
use super::world::{UPSTREAM_SECRET, World, chat};

const KEY: &str = "sk-converting";
const NATIVE_CHAT: &str = "/api/v1/services/aigc/text-generation/generation";
const NATIVE_EMBEDDING: &str = "/api/v1/services/embeddings/text-embedding/text-embedding";
const MESSAGES: &str = "/apps/anthropic/v1/messages";

/// `chat` is at an OpenAI upstream, `native` at one of Model Studio's own, `claude` at one of Anthropic's, all at the first.
fn world() -> World {
    let world = World::start();
    world.key(KEY);
    let base = world.first.base_url();
    let root = base.trim_end_matches("/v1").to_owned();
    world.apply(vec![
        world.provider("native", Dialect::DashScope, &base, true),
        world.provider("anthropic", Dialect::Anthropic, &root, true),
        world.model("native", Capability::Chat, &[("native", "qwen-real")]),
        world.model("claude", Capability::Chat, &[("anthropic", "claude-real")]),
        world.model("native-embedding", Capability::Embedding, &[("native", "vectors")]),
        world.model("claude-embedding", Capability::Embedding, &[("anthropic", "none")]),
    ]);
    let granted = ["native", "claude", "native-embedding", "claude-embedding"];
    world.apply(granted.iter().map(|name| world.grant(name, true)).collect());
    world
}

fn ok(body: &Value) -> Answer {
    Answer::Status { status: 200, headers: Vec::new(), body: body.clone() }
}

fn message(model: &str) -> Value {
    json!({"model": model, "max_tokens": 50, "system": "be brief", "messages": [{"role": "user", "content": "hi"}]})
}

fn native(model: &str) -> Value {
    json!({"model": model, "input": {"messages": [{"role": "user", "content": "hi"}]}, "parameters": {"result_format": "message", "incremental_output": true}})
}

#[tokio::test]
async fn openai_clients_call_anthropic_upstreams() {
    let world = world();
    let said = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-real", "content": [{"type": "text", "text": "ho"}], "stop_reason": "end_turn", "usage": {"input_tokens": 5, "output_tokens": 6, "cache_read_input_tokens": 2}});
    world.first.answer_next(ok(&said));
    let answer = world.chat(KEY, "claude", "hi").send(world.address).await;
    let body = answer.json();
    assert_eq!(answer.status, 200, "{body}");
    assert_eq!(body["choices"][0]["message"]["content"], "ho");
    assert_eq!((body["model"].as_str(), body["object"].as_str()), (Some("claude"), Some("chat.completion")));
    assert_eq!(body["usage"]["completion_tokens"], 6);
    let seen = &world.first.requests()[0];
    assert_eq!((seen.target.as_str(), seen.header("x-api-key")), ("/v1/messages", Some(UPSTREAM_SECRET)));
    assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(seen.json()["model"], "claude-real");
    assert!(seen.json()["max_tokens"].is_u64());
    let usage = world.usage().await;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.status), (7, 6, 200));
}

#[tokio::test]
async fn anthropic_clients_call_openai_upstreams_as_a_stream() {
    let world = world();
    let held = world.first.hold_next();
    let mut body = message("chat");
    body["stream"] = json!(true);
    let mut stream = world.post(MESSAGES, KEY, &body).stream(world.address).await;
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    let seen = world.first.requests()[0].json();
    assert_eq!(seen["messages"][0], json!({"role": "system", "content": "be brief"}));
    assert_eq!(seen["stream_options"], json!({"include_usage": true}));
    held.send("one");
    let piece = stream.next().await.unwrap().unwrap();
    assert!(piece.starts_with("event: message_start\n") && piece.contains("\"text\":\"one\""), "{piece}");
    held.finish();
    let rest = stream.rest().await;
    assert!(rest.contains("\"stop_reason\":\"end_turn\"") && rest.ends_with("\"}\n\n"), "{rest}");
    assert!(rest.contains("event: message_stop\n"), "{rest}");
    let usage = world.usage().await;
    assert_eq!((usage.input_tokens, usage.output_tokens), (1, 1));
}

#[tokio::test]
async fn native_clients_call_openai_upstreams_both_ways() {
    let world = world();
    let answer = world.post(NATIVE_CHAT, KEY, &native("chat")).send(world.address).await.json();
    assert_eq!(answer["output"]["choices"][0]["message"]["content"], "echo: hi", "{answer}");
    assert_eq!(answer["usage"], json!({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}));
    world.usage().await;
    let call = world.post(NATIVE_CHAT, KEY, &native("chat")).with("x-dashscope-sse", "enable");
    let events = call.stream(world.address).await.rest().await;
    assert!(events.starts_with("id:1\nevent:result\n:HTTP_STATUS/200\ndata:{"), "{events}");
    assert!(
        events.contains("\"finish_reason\":\"stop\"") && events.contains("\"total_tokens\":3"),
        "{events}"
    );
    assert_eq!(world.usage().await.output_tokens, 2);
}

#[tokio::test]
async fn responses_are_answered_from_chats() {
    let world = world();
    let body = json!({"model": "chat", "instructions": "be brief", "input": "hi", "max_output_tokens": 9});
    let answer = world.post("/v1/responses", KEY, &body).send(world.address).await.json();
    assert_eq!(answer["output"][0]["content"][0]["text"], "echo: hi", "{answer}");
    assert_eq!((answer["object"].as_str(), answer["status"].as_str()), (Some("response"), Some("completed")));
    let seen = world.first.requests()[0].json();
    assert_eq!(seen["messages"].as_array().unwrap().len(), 2);
    world.usage().await;
    let mut streaming = body.clone();
    streaming["stream"] = json!(true);
    let events = world.post("/v1/responses", KEY, &streaming).stream(world.address).await.rest().await;
    assert!(events.starts_with("event: response.created\n"), "{events}");
    assert!(events.contains("event: response.completed\n"), "{events}");
    world.usage().await;
    for (field, value) in [("previous_response_id", json!("resp_1")), ("background", json!(true))] {
        let mut odd = body.clone();
        odd[field] = value;
        let answer = world.post("/v1/responses", KEY, &odd).send(world.address).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"]["param"].as_str()), (400, Some(field)));
        world.usage().await;
    }
}

#[tokio::test]
async fn embeddings_are_converted_where_the_upstream_has_any() {
    let world = world();
    let said = json!({"output": {"embeddings": [{"text_index": 0, "embedding": [0.5, 1.0]}]}, "usage": {"total_tokens": 3}, "request_id": "theirs"});
    world.first.answer_next(ok(&said));
    let body = json!({"model": "native-embedding", "input": "a", "encoding_format": "float"});
    let answer = world.post("/v1/embeddings", KEY, &body).send(world.address).await.json();
    assert_eq!(answer["data"][0]["embedding"], json!([0.5, 1.0]), "{answer}");
    assert_eq!(world.usage().await.input_tokens, 3);
    let body = json!({"model": "embedding", "input": {"texts": ["a b"]}});
    let answer = world.post(NATIVE_EMBEDDING, KEY, &body).send(world.address).await.json();
    assert_eq!(answer["output"]["embeddings"].as_array().unwrap().len(), 1, "{answer}");
    world.usage().await;
    let body = json!({"model": "claude-embedding", "input": "a"});
    let answer = world.post("/v1/embeddings", KEY, &body).send(world.address).await;
    assert_eq!(answer.error().0, 503);
    world.refused().await;
}

#[tokio::test]
async fn the_demo_speaks_every_dialect() {
    let world = world();
    let hello = "You said: hi (This is the demo provider, no model was called.)";
    let answer = world.post(MESSAGES, KEY, &message("demo-chat")).send(world.address).await.json();
    assert_eq!(answer["content"][0]["text"], hello);
    let anthropic = world.usage().await;
    let answer = world.post(NATIVE_CHAT, KEY, &native("demo-chat")).send(world.address).await.json();
    assert_eq!(answer["output"]["choices"][0]["message"]["content"], hello);
    assert_eq!(world.usage().await.output_tokens, anthropic.output_tokens);
    let mut body = message("demo-chat");
    body["stream"] = json!(true);
    let events = world.post(MESSAGES, KEY, &body).stream(world.address).await.rest().await;
    assert!(events.contains("\"type\":\"text_delta\"") && events.contains("message_stop"), "{events}");
    assert_eq!(world.usage().await.output_tokens, anthropic.output_tokens);
    let body = json!({"model": "demo-embedding", "input": {"texts": ["a", "b"]}});
    let answer = world.post(NATIVE_EMBEDDING, KEY, &body).send(world.address).await.json();
    assert_eq!(answer["output"]["embeddings"].as_array().unwrap().len(), 2);
    world.usage().await;
}

#[tokio::test]
async fn a_converted_stream_is_cut_in_the_clients_words() {
    for (path, body, said) in [
        (
            MESSAGES,
            message("chat"),
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"authentication_error\"",
        ),
        (
            NATIVE_CHAT,
            native("chat"),
            "event:error\nstatus:401\n:HTTP_STATUS/401\ndata:{\"code\":\"InvalidApiKey\"",
        ),
        (
            "/v1/responses",
            json!({"model": "chat", "input": "hi"}),
            "event: error\ndata: {\"type\":\"error\",\"code\":\"invalid_api_key\"",
        ),
        (
            MESSAGES,
            {
                let mut slow = message("demo-chat");
                slow["messages"][0]["content"] = json!("[slow]");
                slow
            },
            "event: error\n",
        ),
    ] {
        let world = world();
        let held = world.first.hold_next();
        let mut body = body;
        body["stream"] = json!(true);
        let call = world.post(path, KEY, &body).with("x-dashscope-sse", "enable");
        let mut stream = call.stream(world.address).await;
        held.send("one");
        stream.next().await.unwrap().unwrap();
        world.apply(vec![Change::MemberGone { workspace: world.workspace, user: world.alice }]);
        let rest = stream.rest().await;
        assert!(rest.contains(said) && rest.ends_with("}\n\n"), "{rest}");
        world.refused().await;
        assert!(world.usage().await.cut);
    }
}

#[tokio::test]
async fn an_upstream_that_is_wrong_is_told_in_the_clients_words() {
    let world = world();
    let theirs =
        json!({"type": "error", "error": {"type": "invalid_request_error", "message": "too many images"}});
    world.first.answer_next(Answer::Status { status: 400, headers: Vec::new(), body: theirs });
    let answer = world.chat(KEY, "claude", "hi").send(world.address).await;
    assert_eq!(answer.error(), (400, "invalid_request_error".to_owned(), None));
    assert_eq!(answer.json()["error"]["message"], "too many images");
    world.usage().await;
    // What is no answer of its dialect is no answer.
    world.first.answer_next(ok(&json!({"hello": "world"})));
    let answer = world.chat(KEY, "claude", "hi").send(world.address).await;
    assert_eq!(answer.error().0, 503);
    world.refused().await;
    // A stream that ends within its answer ends with an error.
    world.first.answer_next(Answer::Cut { chunks: 1 });
    let mut body = message("chat");
    body["stream"] = json!(true);
    let rest = world.post(MESSAGES, KEY, &body).stream(world.address).await.rest().await;
    assert!(rest.ends_with("}\n\n") && rest.contains("\"type\":\"overloaded_error\""), "{rest}");
    world.refused().await;
    world.usage().await;
}

#[tokio::test]
async fn what_the_upstream_cannot_be_told_is_refused_by_name() {
    let world = world();
    let mut body = chat("claude", "hi");
    body["n"] = json!(2);
    let answer = world.post("/v1/chat/completions", KEY, &body).send(world.address).await;
    assert_eq!((answer.status.as_u16(), answer.json()["error"]["param"].as_str()), (400, Some("n")));
    world.usage().await;
    assert_eq!(world.first.request_count(), 0);
    // Where another route can be told, it is.
    world.apply(vec![world.model(
        "claude",
        Capability::Chat,
        &[("anthropic", "claude-real"), ("first", "gpt")],
    )]);
    let answer = world.post("/v1/chat/completions", KEY, &body).send(world.address).await;
    assert_eq!((answer.status.as_u16(), world.first.requests()[0].path()), (200, "/v1/chat/completions"));
    world.usage().await;
    let answer = Call::get("/v1/models").key(KEY).send(world.address).await;
    assert_eq!(answer.status, 200);
}
