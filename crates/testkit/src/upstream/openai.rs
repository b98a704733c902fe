//! The wire format of OpenAI-compatible servers, as far as a fake needs it.
//!
//! Shapes after the public OpenAI API reference (chat completions, embeddings, models). Ids and times are constants, so that answers can be compared.

use bytes::Bytes;
use serde_json::{Value, json};

use super::recorded::Recorded;

/// Length of each embedding.
const DIMENSIONS: usize = 8;
const CREATED: u64 = 1_700_000_000;
const DONE: &str = "data: [DONE]\n\n";

/// Whether the request asks for a stream.
pub(super) fn wants_stream(request: &Recorded) -> bool {
    request.json()["stream"] == json!(true)
}

/// The answer's text for a chat: the last message again.
pub(super) fn reply_to(request: &Recorded) -> String {
    let body = request.json();
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let last = messages.last().map(|message| &message["content"]);
    match last {
        Some(Value::String(text)) => format!("echo: {text}"),
        Some(other) => format!("echo: {other}"),
        None => "echo".to_owned(),
    }
}

/// The same count for prompts and answers: words.
fn tokens(text: &str) -> usize {
    text.split_whitespace().count()
}

fn prompt_tokens(request: &Recorded) -> usize {
    let body = request.json();
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    messages.iter().filter_map(|message| message["content"].as_str()).map(tokens).sum()
}

fn usage(prompt: usize, completion: usize) -> Value {
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}

/// A whole chat completion that says `text`.
pub(super) fn completion(request: &Recorded, text: &str) -> Value {
    json!({
        "id": "chatcmpl-fake",
        "object": "chat.completion",
        "created": CREATED,
        "model": request.json()["model"],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": usage(prompt_tokens(request), tokens(text)),
    })
}

fn event(choices: &Value, usage: &Value) -> String {
    let chunk = json!({
        "id": "chatcmpl-fake",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": "fake",
        "choices": choices,
        "usage": usage,
    });
    format!("data: {chunk}\n\n")
}

/// One streamed piece of text.
pub(super) fn content_event(text: &str) -> Bytes {
    let choices =
        json!([{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": null}]);
    event(&choices, &Value::Null).into()
}

/// What ends a stream: finish reason, usage, the end mark.
pub(super) fn closing_events(prompt: usize, completion: usize) -> Bytes {
    let last = event(&json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]), &Value::Null);
    let counted = event(&json!([]), &usage(prompt, completion));
    format!("{last}{counted}{DONE}").into()
}

/// A whole stream that says `text` word by word.
pub(super) fn stream_of(request: &Recorded, text: &str) -> Vec<Bytes> {
    let words = text.split_inclusive(' ').map(content_event);
    words.chain([closing_events(prompt_tokens(request), tokens(text))]).collect()
}

/// One vector per input, the same for the same text.
pub(super) fn embeddings(request: &Recorded) -> Value {
    let body = request.json();
    let inputs = match &body["input"] {
        Value::Array(texts) => texts.clone(),
        text => vec![text.clone()],
    };
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"object": "embedding", "index": index, "embedding": vector_of(&text.to_string())}))
        .collect();
    let prompt: usize = inputs.iter().filter_map(Value::as_str).map(tokens).sum();
    json!({
        "object": "list",
        "data": data,
        "model": body["model"],
        "usage": {"prompt_tokens": prompt, "total_tokens": prompt},
    })
}

fn vector_of(text: &str) -> Vec<f64> {
    let mut vector = vec![0.0; DIMENSIONS];
    for (position, byte) in text.bytes().enumerate() {
        vector[position % DIMENSIONS] += f64::from(byte) / 256.0;
    }
    vector
}

/// The models that the fake claims to have.
pub(super) fn models() -> Value {
    let model = |id: &str| json!({"id": id, "object": "model", "created": CREATED, "owned_by": "fake"});
    json!({"object": "list", "data": [model("fake-chat"), model("fake-embedding")]})
}
