//! What holds of conversions, tried with many.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;

use bailey_domain::model::{Capability, Dialect};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::reply::{Finish, Piece, Usage};
use super::sse::Events;
use super::stream::{Reading, Writing};
use super::{Client, Conversion, Facts, Shape, Upstream, anthropic, dashscope, laws, openai, request};

const FACTS: Facts<'_> =
    Facts { request_id: "r", created: 1, model: "m", tells_usage: true, is_base64: false };

const SHAPE: Shape = Shape { is_text: false, is_incremental: true, is_multimodal: false, is_stream: true };

/// A dialect whose client's stream can be read as an upstream's.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    OpenAi,
    DashScope,
    Anthropic,
}

impl Side {
    fn dialect(self) -> Dialect {
        match self {
            Self::OpenAi => Dialect::OpenAi,
            Self::DashScope => Dialect::DashScope,
            Self::Anthropic => Dialect::Anthropic,
        }
    }

    fn client(self) -> Client {
        match self {
            Self::OpenAi => Client::OpenAi,
            Self::DashScope => Client::DashScope(SHAPE),
            Self::Anthropic => Client::Anthropic,
        }
    }

    fn writer(self) -> Box<dyn Writing> {
        match self {
            Self::OpenAi => Box::new(openai::ChunkWriter::default()),
            Self::DashScope => Box::new(dashscope::EventWriter::new(SHAPE)),
            Self::Anthropic => Box::new(anthropic::EventWriter::default()),
        }
    }

    fn reader(self) -> Box<dyn Reading> {
        match self {
            Self::OpenAi => Box::new(openai::ChunkReader::default()),
            Self::DashScope => Box::new(dashscope::EventReader::default()),
            Self::Anthropic => Box::new(anthropic::EventReader::default()),
        }
    }
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::OpenAi), Just(Side::DashScope), Just(Side::Anthropic)]
}

/// What an answer says, one thing after the other.
#[derive(Clone, Debug, PartialEq)]
enum Saying {
    Text(Vec<String>),
    Thought(Vec<String>),
    Call(String, Vec<String>),
}

fn saying() -> impl Strategy<Value = Saying> {
    let pieces = || prop::collection::vec("[a-z \"\\\\\n\u{e9}\u{1f600}\u{0}]{1,6}", 1..4);
    prop_oneof![
        pieces().prop_map(Saying::Text),
        pieces().prop_map(Saying::Thought),
        ("[a-z]{1,8}", pieces()).prop_map(|(name, pieces)| Saying::Call(name, pieces)),
    ]
}

/// Things of one kind that follow each other are one thing.
fn merged(sayings: Vec<Saying>) -> Vec<Saying> {
    let mut all: Vec<Saying> = Vec::new();
    for saying in sayings {
        match (all.last_mut(), saying) {
            (Some(Saying::Text(last)), Saying::Text(more))
            | (Some(Saying::Thought(last)), Saying::Thought(more)) => {
                last.extend(more);
            }
            (_, saying) => all.push(saying),
        }
    }
    all
}

fn joined(sayings: Vec<Saying>) -> Vec<Saying> {
    let join = |pieces: Vec<String>| vec![pieces.concat()];
    let joined = sayings.into_iter().map(|saying| match saying {
        Saying::Text(pieces) => Saying::Text(join(pieces)),
        Saying::Thought(pieces) => Saying::Thought(join(pieces)),
        Saying::Call(name, pieces) => Saying::Call(name, join(pieces)),
    });
    joined.collect()
}

/// The stream of a dialect that says this.
fn written(side: Side, sayings: &[Saying], usage: Usage) -> Vec<u8> {
    let (mut writer, mut out, mut calls) = (side.writer(), Vec::new(), 0);
    let mut write = |piece| writer.write(&piece, &FACTS, &mut out).unwrap();
    for saying in sayings {
        match saying {
            Saying::Text(pieces) => {
                for text in pieces {
                    write(Piece::Text { choice: 0, text: text.into(), logprobs: None });
                }
            }
            Saying::Thought(pieces) => {
                for text in pieces {
                    write(Piece::Thought { choice: 0, text: text.into() });
                }
            }
            Saying::Call(name, pieces) => {
                let id = format!("id-{calls}");
                write(Piece::Call { choice: 0, call: calls, id: id.into(), name: name.into() });
                for text in pieces {
                    write(Piece::Arguments { choice: 0, call: calls, text: text.into() });
                }
                calls += 1;
            }
        }
    }
    write(Piece::Finish { choice: 0, finish: Finish::Calls, stopped_by: None });
    writer.finish(usage, &FACTS, &mut out);
    out
}

/// What a stream of a dialect says.
fn told(side: Side, stream: &[u8]) -> (Vec<Saying>, Option<Finish>, Usage) {
    let (mut reader, mut events) = (side.reader(), Events::default());
    let (mut sayings, mut finish, mut usage) = (Vec::new(), None, Usage::default());
    for event in events.pass(stream).unwrap() {
        let mut pieces = Vec::new();
        reader.read("", str::from_utf8(&event.data).unwrap(), &FACTS, &mut pieces).unwrap();
        for piece in pieces {
            let own = |text: Cow<'_, str>| vec![text.into_owned()];
            match piece {
                Piece::Text { text, .. } => sayings.push(Saying::Text(own(text))),
                Piece::Thought { text, .. } => sayings.push(Saying::Thought(own(text))),
                Piece::Call { name, .. } => sayings.push(Saying::Call(name.into_owned(), Vec::new())),
                Piece::Arguments { text, .. } => match sayings.last_mut() {
                    Some(Saying::Call(_, pieces)) => pieces.push(text.into_owned()),
                    other => panic!("arguments after {other:?}"),
                },
                Piece::Finish { finish: end, .. } => finish = Some(end),
                Piece::Usage(used) => usage = used,
                Piece::Signature { .. } | Piece::Failed { .. } => panic!("nobody said {piece:?}"),
            }
        }
    }
    assert!(reader.has_finished());
    (joined(merged(sayings)), finish, usage)
}

fn cut(stream: &[u8], cuts: &[usize]) -> Vec<Vec<u8>> {
    let mut cuts: Vec<usize> =
        cuts.iter().map(|cut| cut % (stream.len() + 1)).chain([0, stream.len()]).collect();
    cuts.sort_unstable();
    cuts.windows(2).map(|ends| stream[ends[0]..ends[1]].to_vec()).collect()
}

fn number() -> impl Strategy<Value = Value> {
    (0u32..=100).prop_map(|hundredths| json!(f64::from(hundredths) / 100.0))
}

/// A conversation of OpenAI, in the form that conversions give it, so that it can be compared.
fn conversation() -> impl Strategy<Value = Vec<Value>> {
    let text = || "[a-z\u{e9}\" ]{1,9}";
    let user = (text(), any::<bool>()).prop_map(|(text, shows)| {
        let picture = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
        let content = if shows { json!([{"type": "text", "text": text}, picture]) } else { json!(text) };
        json!({"role": "user", "content": content})
    });
    let answer = (text(), prop::collection::vec(text(), 0..3)).prop_map(|(text, results)| {
        let mut messages = vec![json!({"role": "assistant", "content": text})];
        for (number, result) in results.into_iter().enumerate() {
            let call = json!({"id": format!("c{number}"), "type": "function", "function": {"name": "f", "arguments": "{\"z\":1.50,\"a\":[]}"}});
            let calls = messages[0]["tool_calls"].as_array().cloned().unwrap_or_default();
            messages[0]["tool_calls"] = [calls, vec![call]].concat().into();
            messages.push(json!({"role": "tool", "tool_call_id": format!("c{number}"), "content": result}));
        }
        messages
    });
    (prop::option::of(text()), prop::collection::vec((user.clone(), answer), 0..3), user).prop_map(
        |(system, turns, last)| {
            let system = system.map(|text| json!({"role": "system", "content": text}));
            let turns = turns.into_iter().flat_map(|(user, answer)| [vec![user], answer].concat());
            system.into_iter().chain(turns).chain([last]).collect()
        },
    )
}

type Choices = (bool, Option<bool>, u8, Option<Value>, Option<Value>, Option<u64>, Vec<String>);

/// What every dialect knows.
fn known_to_all(messages: &[Value], choices: Choices) -> Value {
    let (stream, parallel, choice, temperature, top_p, max_tokens, stop) = choices;
    let schema = json!({"type": "object", "properties": {"z": {"type": "number"}, "a": {}}});
    let mut body = json!({"model": "their", "messages": messages});
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    put(
        "tools",
        Some(
            json!([{"type": "function", "function": {"name": "f", "description": "d", "parameters": schema, "strict": true}}, {"type": "function", "function": {"name": "g", "parameters": {"type": "object"}}}]),
        ),
    );
    let named = json!({"type": "function", "function": {"name": "f"}});
    put(
        "tool_choice",
        Some([json!("auto"), json!("none"), json!("required"), named][choice as usize % 4].clone()),
    );
    // Anthropic says it with a choice that is not to call none.
    put(
        "parallel_tool_calls",
        parallel.filter(|is_parallel| !is_parallel && choice % 4 != 1).map(Value::from),
    );
    put("temperature", temperature);
    put("top_p", top_p);
    put("max_tokens", Some(json!(max_tokens.unwrap_or(5))));
    put("stop", (!stop.is_empty()).then(|| json!(stop)));
    if choice > 127 {
        let schema = json!({"name": "answer", "schema": schema, "strict": true});
        put("response_format", Some(json!({"type": "json_schema", "json_schema": schema})));
    }
    if stream {
        put("stream", Some(json!(true)));
        put("stream_options", Some(json!({"include_usage": true})));
    }
    body
}

fn sent(client: &Client, to: Dialect, body: &[u8]) -> Vec<u8> {
    let upstream = Upstream { dialect: to, model: "their", max_output_tokens: None };
    request(client, Capability::Chat, body, &upstream).unwrap().body.to_vec()
}

fn there_and_back(body: &Value, side: Side) -> Value {
    let there = sent(&Client::OpenAi, side.dialect(), body.to_string().as_bytes());
    let is_stream = body["stream"] == true;
    let client = match side {
        Side::DashScope => Client::DashScope(Shape { is_stream, ..SHAPE }),
        other => other.client(),
    };
    serde_json::from_slice(&sent(&client, Dialect::OpenAi, &there)).unwrap()
}

proptest! {
    /// However a stream is cut into pieces, everything arrives in the other dialect.
    #[test]
    fn what_is_said_survives_any_cutting(
        from in side(), to in side(), sayings in prop::collection::vec(saying(), 0..5), cuts in prop::collection::vec(any::<usize>(), 0..12),
        (input, output, cached, thoughts) in (100u64..1000, 10u64..1000, prop::option::of(1u64..100), prop::option::of(0u64..10)),
    ) {
        prop_assume!(from != to);
        let sayings = merged(sayings);
        let usage = Usage { input, output, cached, cache_written: None, thoughts };
        let stream = written(from, &sayings, usage);
        let mut conversion = Conversion::new(from.dialect(), to.client(), FACTS);
        let mut given = Vec::new();
        for piece in cut(&stream, &cuts) {
            given.extend_from_slice(&conversion.pass(&piece).unwrap());
        }
        given.extend_from_slice(&conversion.finish().unwrap());
        prop_assert_eq!(told(to, &given), (joined(sayings), Some(Finish::Calls), usage));
        prop_assert_eq!(conversion.tokens(), Some(usage.tokens()));
    }

    /// A client that wants everything so far in every event, and one of responses, have everything at the end.
    #[test]
    fn what_is_said_is_said_again_at_the_end(sayings in prop::collection::vec(saying(), 0..5), cuts in prop::collection::vec(any::<usize>(), 0..12)) {
        let sayings = merged(sayings);
        let stream = written(Side::OpenAi, &sayings, Usage::default());
        let last = |client: Client| {
            let mut conversion = Conversion::new(Dialect::OpenAi, client, FACTS);
            let mut events = Events::default();
            let mut last = None;
            for piece in cut(&stream, &cuts) {
                last = events.pass(&conversion.pass(&piece).unwrap()).unwrap().pop().or(last);
            }
            last = events.pass(&conversion.finish().unwrap()).unwrap().pop().or(last);
            serde_json::from_slice::<Value>(&last.unwrap().data).unwrap()
        };
        let texts = |wanted: fn(&Saying) -> Option<&Vec<String>>| sayings.iter().filter_map(wanted).map(|pieces| pieces.concat()).collect::<Vec<_>>();
        let said = texts(|saying| if let Saying::Text(pieces) = saying { Some(pieces) } else { None });
        let arguments = texts(|saying| if let Saying::Call(_, pieces) = saying { Some(pieces) } else { None });
        let whole = last(Client::DashScope(Shape { is_incremental: false, ..SHAPE }));
        let message = &whole["output"]["choices"][0]["message"];
        prop_assert_eq!(message["content"].as_str().unwrap(), said.concat());
        let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
        prop_assert_eq!(calls.iter().map(|call| call["function"]["arguments"].as_str().unwrap()).collect::<Vec<_>>(), arguments.clone());
        let whole = last(Client::responses(b"{}"));
        prop_assert_eq!(&whole["type"], "response.completed");
        let output = whole["response"]["output"].as_array().unwrap();
        prop_assert_eq!(output.len(), sayings.len());
        prop_assert_eq!(output.iter().filter_map(|item| item["content"][0]["text"].as_str().filter(|_| item["type"] == "message")).collect::<Vec<_>>(), said);
        prop_assert_eq!(output.iter().filter_map(|item| item["arguments"].as_str()).collect::<Vec<_>>(), arguments);
    }

    /// From OpenAI to another dialect and back, everything that the other knows is as it was.
    #[test]
    fn what_another_dialect_knows_comes_back(
        messages in conversation(),
        choices in (any::<bool>(), any::<Option<bool>>(), any::<u8>(), prop::option::of(number()), prop::option::of(number()), prop::option::of(1u64..99), prop::collection::vec("[a-z]{1,3}", 0..3)),
        (seed, n, logprobs) in (any::<Option<i32>>(), prop::option::of(1u64..4), prop::option::of(Just(true))),
    ) {
        let body = known_to_all(&messages, choices);
        prop_assert_eq!(there_and_back(&body, Side::Anthropic), body.clone());
        let mut body = body;
        for (name, value) in [("seed", seed.map(Value::from)), ("n", n.map(Value::from)), ("logprobs", logprobs.map(Value::from)), ("presence_penalty", logprobs.map(|_| json!(0.5)))] {
            if let Some(value) = value {
                body[name] = value;
            }
        }
        prop_assert_eq!(there_and_back(&body, Side::DashScope), body);
    }

    #[test]
    fn any_bytes_are_converted_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), length in 1usize..40) {
        laws::bodies(&bytes);
        laws::streams(&bytes, length);
    }
}

/// The golden files, with any few bytes of them changed: nearly right is where mistakes are.
#[test]
fn broken_golden_files_are_converted_or_refused() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"));
    let files =
        fs::read_dir(folder).unwrap().flat_map(|subject| fs::read_dir(subject.unwrap().path()).unwrap());
    let mut seen = 0;
    for file in files.map(|file| file.unwrap().path()) {
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if ending == "md" {
            continue;
        }
        let whole = fs::read(&file).unwrap();
        let mut state = 1u64;
        for _ in 0..12 {
            let mut bytes = whole.clone();
            for _ in 0..2 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(state >> 33).unwrap() % bytes.len();
                match state & 3 {
                    0 => bytes[at] = b"\"{}[],:0\n\\"[at % 10],
                    1 => drop(bytes.drain(at..(at + 9).min(bytes.len()))),
                    2 => bytes.truncate(at + 1),
                    _ => bytes.splice(at..at, *b"null").for_each(drop),
                }
            }
            if ending == "txt" {
                laws::streams(&bytes, 1 + bytes.len() % 50);
            } else {
                laws::bodies(&bytes);
            }
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen}");
}
