//! The demo provider through the front door.

use serde_json::{Value, json};

use super::client::Call;
use super::world::{World, chat};

const KEY: &str = "sk-demo";

fn events(text: &str) -> Vec<Value> {
    let mut lines: Vec<&str> =
        text.split("\n\n").map(|event| event.strip_prefix("data: ").unwrap_or(event)).collect();
    assert_eq!(lines.pop(), Some(""));
    assert_eq!(lines.pop(), Some("[DONE]"));
    lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_chat_is_answered_under_both_roots() {
    let world = World::start();
    world.key(KEY);
    for root in ["/v1", "/compatible-mode/v1"] {
        let call = world.post(&format!("{root}/chat/completions"), KEY, &chat("demo-chat", "good morning"));
        let answer = call.send(world.address).await;
        assert_eq!(answer.status, 200);
        let body = answer.json();
        assert_eq!(body["object"], "chat.completion");
        assert_eq!(body["model"], "demo-chat");
        let text = body["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(text.starts_with("You said: good morning"), "{text}");
        assert_eq!(body["usage"]["prompt_tokens"], 3);
        let usage = world.usage().await;
        assert_eq!(body["usage"]["completion_tokens"], usage.output_tokens);
        assert_eq!((usage.input_tokens, usage.status, usage.cut), (3, 200, false));
    }
}

#[tokio::test]
async fn parts_and_earlier_messages_are_read() {
    let world = World::start();
    world.key(KEY);
    let messages = json!([
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "x"}}]},
        {"role": "assistant", "content": null, "tool_calls": []},
    ]);
    let body = json!({"model": "demo-chat", "messages": messages});
    let answer = world.post("/v1/chat/completions", KEY, &body).send(world.address).await;
    assert!(
        answer.json()["choices"][0]["message"]["content"].as_str().unwrap().starts_with("You said: look")
    );
    for wrong in [json!([{"role": "user", "content": 7}]), json!([{"content": "no role"}]), json!(["text"])] {
        let body = json!({"model": "demo-chat", "messages": wrong});
        let answer = world.post("/v1/chat/completions", KEY, &body).send(world.address).await;
        assert_eq!(answer.error(), (400, "invalid_request_error".to_owned(), None));
        assert_eq!(answer.json()["error"]["param"], "messages");
    }
}

#[tokio::test]
async fn a_stream_says_the_same_word_by_word() {
    let world = World::start();
    world.key(KEY);
    let whole = world.chat(KEY, "demo-chat", "a b c").send(world.address).await.json();
    world.usage().await;
    for wants_usage in [false, true] {
        let mut body = chat("demo-chat", "a b c");
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": wants_usage});
        let mut stream = world.post("/v1/chat/completions", KEY, &body).stream(world.address).await;
        assert_eq!(stream.headers["content-type"], "text/event-stream");
        assert_eq!(stream.headers["cache-control"], "no-cache");
        let mut events = events(&stream.rest().await);
        assert!(events.iter().all(|event| event["object"] == "chat.completion.chunk"));
        if wants_usage {
            let last = events.pop().unwrap();
            assert_eq!(last["choices"], json!([]));
            assert_eq!(last["usage"], whole["usage"]);
        }
        let text: String =
            events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(text, whole["choices"][0]["message"]["content"]);
        assert!(events.len() > 5);
        assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
        assert_eq!(events.last().unwrap()["choices"][0]["finish_reason"], "stop");
        let usage = world.usage().await;
        assert_eq!(usage.output_tokens, whole["usage"]["completion_tokens"]);
        assert_eq!(usage.input_tokens, whole["usage"]["prompt_tokens"]);
    }
}

#[tokio::test]
async fn embeddings_are_answered_and_counted() {
    let world = World::start();
    world.key(KEY);
    let body = json!({"model": "demo-embedding", "input": ["one", "two"], "dimensions": 3});
    let answer = world.post("/v1/embeddings", KEY, &body).send(world.address).await.json();
    assert_eq!(answer["data"].as_array().unwrap().len(), 2);
    assert_eq!(answer["data"][1]["embedding"].as_array().unwrap().len(), 3);
    assert_eq!(world.usage().await.input_tokens, 2);
    let wrong = json!({"model": "demo-embedding", "input": "one", "dimensions": 0});
    let answer = world.post("/v1/embeddings", KEY, &wrong).send(world.address).await;
    assert_eq!(answer.json()["error"]["param"], "dimensions");
    assert_eq!(world.usage().await.status, 400);
}

#[tokio::test]
async fn models_are_exactly_what_the_key_may_call() {
    let world = World::start();
    world.key(KEY);
    world.apply(vec![world.key_facts("sk-narrow", |facts| {
        let everywhere = bailey_domain::key_auth::everywhere();
        facts.auth = Some(bailey_domain::key_auth::KeyAuth {
            access_ips: everywhere,
            accessible_models: Some(vec!["chat".into(), "ungranted".into()]),
        });
    })]);
    let get = async |key: &str, path: &str| Call::get(path).key(key).send(world.address).await;
    let ids = |list: &Value| {
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|model| model["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let list = get(KEY, "/compatible-mode/v1/models").await.json();
    assert_eq!(list["object"], "list");
    assert_eq!(ids(&list), ["chat", "demo-chat", "demo-embedding", "embedding", "lonely", "pair"]);
    assert_eq!(ids(&get("sk-narrow", "/v1/models").await.json()), ["chat"]);
    let one = get(KEY, "/v1/models/demo-chat").await.json();
    assert_eq!((&one["id"], &one["object"]), (&json!("demo-chat"), &json!("model")));
    assert!(one["created"].is_u64() && one["owned_by"].is_string());
    for hidden in ["ungranted", "absent"] {
        let answer = get(KEY, &format!("/v1/models/{hidden}")).await;
        assert_eq!(answer.error(), (404, "model_not_found".to_owned(), None));
    }
    assert_eq!(get("sk-wrong", "/v1/models").await.error(), (401, "invalid_api_key".to_owned(), None));
}
