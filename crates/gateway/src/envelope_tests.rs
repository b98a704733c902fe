//! Reading and editing of bodies.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn read(body: &[u8], operation: Operation) -> Result<Envelope<'_>, Invalid> {
    Envelope::read(body, Surface::OpenAi, operation, false)
}

fn edited(body: &str, upstream_model: &str) -> String {
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let envelope = read(&bytes, Operation::Chat).unwrap();
    String::from_utf8(envelope.body_for(&bytes, upstream_model).to_vec()).unwrap()
}

fn refused(body: &[u8]) -> Invalid {
    read(body, Operation::Chat).unwrap_err()
}

#[test]
fn only_the_named_bytes_change() {
    let body = r#" { "x" : [1, 2.50e1],"model" : "a" ,"messages":[{"role":"user","content":"\u00e9 \"model\":\"a\""}], "stream":false } "#;
    assert_eq!(edited(body, "a"), body);
    assert_eq!(edited(body, "org/b"), body.replace(r#": "a" ,"#, r#": "org/b" ,"#));
}

#[test]
fn a_stream_is_made_to_tell_its_usage() {
    for (options, becomes) in [
        (r#""stream_options":null,"#, r#""stream_options":{"include_usage":true},"#),
        (r#""stream_options":{ },"#, r#""stream_options":{"include_usage":true},"#),
        (r#""stream_options":{"y":1},"#, r#""stream_options":{"include_usage":true,"y":1},"#),
        (
            r#""stream_options":{"include_usage":false,"y":1},"#,
            r#""stream_options":{"include_usage":true,"y":1},"#,
        ),
        (r#""stream_options":{"include_usage":true},"#, r#""stream_options":{"include_usage":true},"#),
    ] {
        let body = |options: &str| format!(r#"{{{options}"model":"m","stream":true,"messages":[1]}}"#);
        assert_eq!(edited(&body(options), "m"), body(becomes));
        let whole = body(options).replace(r#""stream":true"#, r#""stream":false"#);
        assert_eq!(edited(&whole, "m"), whole, "no stream, no change");
    }
    assert_eq!(
        edited(r#"{"model":"m","stream":true,"messages":[1]}"#, "n"),
        r#"{"stream_options":{"include_usage":true},"model":"n","stream":true,"messages":[1]}"#
    );
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    for (body, param, part) in [
        (&b""[..], None, "empty"),
        (b"  ", None, "empty"),
        (b"[\"m\",true]", None, "not a JSON object"),
        (b"\xef\xbb\xbf{}", None, "not a JSON object"),
        (b"{\"model\":\"m\",\n \"messages\":[}", None, "line 2 column"),
        (b"{\"model\":\"m\"} x", None, "line 1 column"),
        (b"{\"model\":\"m\xff\"}", None, "not UTF-8 from byte 11"),
        (b"{\"model\":\"m\",\"mod\\u0065l\":\"n\",\"messages\":[1]}", None, "duplicate field `model`"),
        (b"{\"messages\":[1]}", Some("model"), "missing"),
        (b"{\"messages\":[1],\"model\":null}", Some("model"), "string"),
        (b"{\"messages\":[1],\"model\":7}", Some("model"), "string"),
        (b"{\"messages\":[1],\"model\":\"\"}", Some("model"), "empty"),
        (b"{\"messages\":[1],\"model\":\"\\ud800\"}", Some("model"), "escape"),
        (b"{\"model\":\"m\"}", Some("messages"), "missing"),
        (b"{\"model\":\"m\",\"messages\":[ ]}", Some("messages"), "empty"),
        (b"{\"model\":\"m\",\"messages\":\"hi\"}", Some("messages"), "array"),
        (b"{\"model\":\"m\",\"messages\":[1],\"stream\":\"true\"}", Some("stream"), "must be"),
        (b"{\"model\":\"m\",\"messages\":[1],\"stream_options\":[]}", Some("stream_options"), "object"),
        (
            b"{\"model\":\"m\",\"messages\":[1],\"stream_options\":{\"include_usage\":1}}",
            Some("stream_options"),
            "neither",
        ),
    ] {
        let invalid = refused(body);
        assert_eq!(invalid.param, param, "{invalid:?}");
        assert!(invalid.message.contains(part), "{invalid:?} lacks {part}");
    }
    let embedding = |body: &str| read(body.as_bytes(), Operation::Embedding).map(drop);
    embedding(r#"{"model":"m","input":[[1,2]]}"#).unwrap();
    assert_eq!(embedding(r#"{"model":"m","input":""}"#).unwrap_err().param, Some("input"));
    assert_eq!(embedding(r#"{"model":"m","input":4}"#).unwrap_err().param, Some("input"));
    assert_eq!(embedding(r#"{"model":"m","messages":[1]}"#).unwrap_err().param, Some("input"));
}

#[test]
fn a_deeply_nested_body_does_not_exhaust_the_stack() {
    let deep = format!(r#"{{"model":"m","messages":{}1{},"x":1}}"#, "[".repeat(200_000), "]".repeat(200_000));
    read(deep.as_bytes(), Operation::Chat).unwrap();
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Against the plain way: parse, change, compare as values.
    #[test]
    fn an_edit_is_what_parsing_and_writing_would_give(
        extra in prop::collection::hash_map("[a-z\\PC]{1,6}", json_value(), 0..4), name in "[^\"]{1,8}", options in prop::option::of(json_value()),
        stream in any::<bool>(), pretty in any::<bool>(),
    ) {
        let mut whole = json!({"messages": [{"role": "user", "content": "x"}]});
        for (field, value) in extra {
            whole[field] = value;
        }
        whole["model"] = json!(name);
        whole["stream"] = json!(stream);
        if let Some(options) = options {
            whole["stream_options"] = options;
        }
        let text = if pretty { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) }.unwrap();
        let body = Bytes::from(text);
        let Ok(envelope) = read(&body, Operation::Chat) else { return Ok(()) };
        prop_assert_eq!(&*envelope.model, name.as_str());
        let given: Value = serde_json::from_slice(&envelope.body_for(&body, "other")).unwrap();
        whole["model"] = json!("other");
        if stream {
            if !whole["stream_options"].is_object() {
                whole["stream_options"] = json!({});
            }
            whole["stream_options"]["include_usage"] = json!(true);
        }
        prop_assert_eq!(given, whole);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, Operation::Chat);
    }
}

#[test]
fn a_native_body_holds_what_its_operation_needs() {
    let native = |operation, body: Value| {
        let body = body.to_string();
        let found = Envelope::read(body.as_bytes(), Surface::DashScope, operation, true);
        found.map(|envelope| envelope.stream).map_err(|invalid| invalid.param.unwrap_or("none"))
    };
    let with = |input: Value| json!({"model": "m", "input": input});
    for (operation, input, expected) in [
        (Operation::Chat, json!({"messages": [1]}), Ok(true)),
        (Operation::Chat, json!({"prompt": "hi"}), Ok(true)),
        (Operation::Chat, json!({"prompt": 1}), Err("input.prompt")),
        (Operation::Chat, json!({"messages": []}), Err("input.messages")),
        (Operation::Chat, json!({}), Err("input.messages")),
        (Operation::Chat, json!([]), Err("input")),
        (Operation::MultimodalChat, json!({"prompt": "hi"}), Err("input.messages")),
        (Operation::Embedding, json!({"texts": ["a"]}), Ok(true)),
        (Operation::Embedding, json!({"texts": []}), Err("input.texts")),
        (Operation::MultimodalEmbedding, json!({"contents": [{"text": "a"}]}), Ok(true)),
        (Operation::MultimodalEmbedding, json!({"texts": ["a"]}), Err("input.contents")),
        (Operation::Rerank, json!({"query": "q", "documents": ["d"]}), Ok(true)),
        (Operation::Rerank, json!({"query": "", "documents": ["d"]}), Err("input.query")),
        (Operation::Rerank, json!({"query": "q"}), Err("input.documents")),
    ] {
        assert_eq!(native(operation, with(input.clone())), expected, "{operation:?} {input}");
    }
    assert_eq!(native(Operation::Chat, json!({"model": "m"})), Err("input"));
    let odd = json!({"model": "m", "input": {"prompt": "hi"}, "parameters": []});
    assert_eq!(native(Operation::Chat, odd), Err("parameters"));
}

#[test]
fn a_message_to_an_anthropic_model_bounds_its_answer() {
    let read = |body: &'static str| {
        let found = Envelope::read(body.as_bytes(), Surface::Anthropic, Operation::Chat, true);
        found.map(|envelope| envelope.stream).map_err(|invalid| invalid.param)
    };
    assert_eq!(read(r#"{"model":"m","max_tokens":5,"messages":[1]}"#), Ok(false));
    assert_eq!(read(r#"{"model":"m","max_tokens":5,"messages":[1],"stream":true}"#), Ok(true));
    for without in ["", r#""max_tokens":"5","#, r#""max_tokens":-5,"#, r#""max_tokens":null,"#] {
        let body = format!(r#"{{{without}"model":"m","messages":[1]}}"#).leak();
        assert_eq!(read(body), Err(Some("max_tokens")), "{without}");
    }
}

#[test]
fn what_a_request_may_use_is_read_where_each_dialect_says_it() {
    let expected = |fields: &str, does: Operation| {
        let body = format!(r#"{{"model":"m","messages":[1],"input":[1]{fields}}}"#);
        let expected = read(body.as_bytes(), does).unwrap().expected;
        assert_eq!(expected.input_tokens, u64::try_from(body.len()).unwrap().div_ceil(3));
        (expected.output_tokens, expected.choices)
    };
    for (fields, said) in [
        ("", (None, 1)),
        (r#","max_tokens":7"#, (Some(7), 1)),
        (r#","max_completion_tokens":9,"max_tokens":7"#, (Some(9), 1)),
        (r#","parameters":{"max_tokens":5,"n":2,"seed":1}"#, (Some(5), 2)),
        (r#","n":3,"max_tokens":0"#, (Some(0), 3)),
        (r#","max_tokens":null,"n":null"#, (None, 1)),
        (r#","max_tokens":-7,"n":-1"#, (None, 1)),
        (r#","max_tokens":"7","n":[],"parameters":[]"#, (None, 1)),
        (r#","max_tokens":1e300"#, (Some(100_000_000), 1)),
    ] {
        assert_eq!(expected(fields, Operation::Chat), said, "{fields}");
    }
    assert_eq!(expected(r#","max_tokens":7"#, Operation::Embedding), (Some(0), 1));
}
