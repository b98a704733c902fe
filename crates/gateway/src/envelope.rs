//! The few fields of a request's body that the gateway must know, and edits that leave every other byte as it came.

use std::borrow::Cow;
use std::ops::Range;

use bailey_domain::tokens::{Expected, of_bytes};
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::paths::Operation;
use crate::surface::Surface;
use crate::tokens::count;

/// Why a body is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// The field, for `error.param`.
    pub(crate) param: Option<&'static str>,
    /// What people read.
    pub(crate) message: String,
}

impl Invalid {
    pub(crate) fn field(param: &'static str, why: impl std::fmt::Display) -> Self {
        Self { param: Some(param), message: format!("`{param}` {why}") }
    }
}

/// What the gateway reads of a body. Places are byte ranges in the body.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    /// The model that is asked for.
    pub(crate) model: Cow<'a, str>,
    /// Whether the answer shall come as a stream.
    pub(crate) stream: bool,
    /// Whether the client itself asks for the usage of a stream.
    pub(crate) wants_usage: bool,
    /// What it may use, as far as it says.
    pub(crate) expected: Expected,
    model_at: Range<usize>,
    usage: UsagePlace,
}

/// What has to change for a stream to tell its usage.
#[derive(Debug)]
enum UsagePlace {
    /// Nothing.
    Told,
    /// This goes right behind the brace at the place before.
    Insert(usize, &'static str),
    /// This goes instead.
    Replace(Range<usize>, &'static str),
}

#[derive(Deserialize)]
#[serde(expecting = "a JSON object")]
struct Wire<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    model: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    stream: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    stream_options: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    input: Option<&'a RawValue>,
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    max_output_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    parameters: Option<&'a RawValue>,
}

/// The fields in which a request of the native shape says how long its answer may be.
#[derive(Default, Deserialize)]
struct Parameters<'a> {
    #[serde(borrow)]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
}

/// The `input` of a native body.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct NativeInput<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    prompt: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    texts: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    contents: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    query: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    documents: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct StreamOptions<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    include_usage: Option<&'a RawValue>,
}

/// A field with `null` is there, at a place, unlike one that is missing.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn place(whole: &str, part: &RawValue) -> Range<usize> {
    let from = part.get().as_ptr() as usize - whole.as_ptr() as usize;
    from..from + part.get().len()
}

/// A number that a field holds. What is none is the upstream's to refuse.
fn number(raw: Option<&RawValue>) -> Option<u64> {
    raw.filter(|raw| raw.get().starts_with(|first: char| first.is_ascii_digit())).map(|raw| count(Some(raw)))
}

impl Wire<'_> {
    /// What the request may use. Where it names two, the larger counts.
    fn expected(&self, bytes: usize, operation: Operation) -> Expected {
        let native = self.parameters.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let native: Parameters<'_> = native.unwrap_or_default();
        let named = [self.max_tokens, self.max_completion_tokens, self.max_output_tokens, native.max_tokens];
        let output_tokens = match operation {
            Operation::Chat | Operation::MultimodalChat | Operation::Responses => {
                named.into_iter().filter_map(number).max()
            }
            Operation::Embedding | Operation::MultimodalEmbedding | Operation::Rerank => Some(0),
        };
        let choices = [self.n, native.n].into_iter().filter_map(number).max().unwrap_or(1);
        Expected { input_tokens: of_bytes(bytes), output_tokens, choices }
    }
}

impl<'a> Envelope<'a> {
    /// Reads a body. `asks_for_events`: a header asks for a stream, as native clients do.
    pub(crate) fn read(
        body: &'a [u8],
        surface: Surface,
        operation: Operation,
        asks_for_events: bool,
    ) -> Result<Self, Invalid> {
        let whole = |message: String| Invalid { param: None, message };
        let text = std::str::from_utf8(body).map_err(|error| {
            whole(format!("the body is not UTF-8 from byte {} on; send JSON in UTF-8", error.valid_up_to()))
        })?;
        // serde would take an array as an object without names.
        let Some(brace) =
            text.find(|character: char| !character.is_ascii_whitespace()).filter(|&at| body[at] == b'{')
        else {
            let what = if text.trim().is_empty() { "is empty" } else { "is not a JSON object" };
            return Err(whole(format!("the body {what}; send a JSON object, such as {{\"model\":\"…\"}}")));
        };
        let wire: Wire<'a> = serde_json::from_str(text)
            .map_err(|error| whole(format!("the body is not the JSON that is due: {error}")))?;
        let (model, model_at) = model(text, wire.model)?;
        let expected = wire.expected(body.len(), operation);
        if surface == Surface::DashScope {
            native(&wire, operation)?;
            let usage = UsagePlace::Told;
            return Ok(Self { model, stream: asks_for_events, wants_usage: true, expected, model_at, usage });
        }
        match operation {
            Operation::Embedding | Operation::Responses => input(wire.input)?,
            _ => messages("messages", wire.messages)?,
        }
        let stream = match wire.stream.map(RawValue::get) {
            None | Some("null" | "false") => false,
            Some("true") => true,
            Some(_) => return Err(Invalid::field("stream", "must be `true` or `false`")),
        };
        if operation == Operation::Responses {
            let usage = UsagePlace::Told;
            return Ok(Self { model, stream, wants_usage: true, expected, model_at, usage });
        }
        if surface == Surface::Anthropic {
            if wire.max_tokens.is_none_or(|value| !value.get().bytes().all(|byte| byte.is_ascii_digit())) {
                return Err(Invalid::field("max_tokens", "must be there, and a whole number"));
            }
            return Ok(Self {
                model,
                stream,
                wants_usage: true,
                expected,
                model_at,
                usage: UsagePlace::Told,
            });
        }
        let (wants_usage, usage) = usage_place(text, brace, wire.stream_options)?;
        Ok(Self { model, stream, wants_usage, expected, model_at, usage })
    }

    /// The body for an upstream: the model's name there in place of ours, and a stream that tells its usage.
    pub(crate) fn body_for(&self, body: &Bytes, upstream_model: &str) -> Bytes {
        let quoted;
        let mut edits: [Option<(Range<usize>, &str)>; 2] = [None, None];
        if self.model != upstream_model {
            // A model's name holds nothing that JSON escapes (`bailey_domain::name::ModelName`).
            quoted = format!("\"{upstream_model}\"");
            edits[0] = Some((self.model_at.clone(), &quoted));
        }
        if self.stream {
            edits[1] = match &self.usage {
                UsagePlace::Told => None,
                UsagePlace::Insert(at, text) => Some((*at..*at, *text)),
                UsagePlace::Replace(range, text) => Some((range.clone(), *text)),
            };
        }
        edits.sort_by_key(|edit| edit.as_ref().map(|(range, _)| range.start));
        let edits = edits.iter().flatten();
        if edits.clone().next().is_none() {
            return body.clone();
        }
        let mut edited = Vec::with_capacity(body.len() + 192);
        let mut done = 0;
        for (range, text) in edits {
            edited.extend_from_slice(&body[done..range.start]);
            edited.extend_from_slice(text.as_bytes());
            done = range.end;
        }
        edited.extend_from_slice(&body[done..]);
        edited.into()
    }
}

fn model<'a>(text: &'a str, raw: Option<&'a RawValue>) -> Result<(Cow<'a, str>, Range<usize>), Invalid> {
    let raw = raw.ok_or_else(|| Invalid::field("model", "is missing; name a model from GET /models"))?;
    let quoted = raw.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else { return Err(Invalid::field("model", "must be a string")) };
    let name = if quoted.contains('\\') {
        let unescaped: String = serde_json::from_str(raw.get())
            .map_err(|_| Invalid::field("model", "holds an escape that is no character"))?;
        Cow::Owned(unescaped)
    } else {
        Cow::Borrowed(quoted)
    };
    if name.is_empty() {
        return Err(Invalid::field("model", "is empty; name a model from GET /models"));
    }
    Ok((name, place(text, raw)))
}

fn is_empty_array(raw: &str) -> bool {
    raw.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with(']'))
}

fn messages(name: &'static str, raw: Option<&RawValue>) -> Result<(), Invalid> {
    match raw.map(RawValue::get) {
        None => Err(Invalid::field(name, "is missing; send at least one message")),
        Some(raw) if is_empty_array(raw) => Err(Invalid::field(name, "is empty; send at least one message")),
        Some(raw) if raw.starts_with('[') => Ok(()),
        Some(_) => Err(Invalid::field(name, "must be an array of messages")),
    }
}

/// What a native body holds beside the model.
fn native(wire: &Wire<'_>, operation: Operation) -> Result<(), Invalid> {
    if wire.parameters.is_some_and(|raw| raw.get() != "null" && !raw.get().starts_with('{')) {
        return Err(Invalid::field("parameters", "must be an object"));
    }
    let raw = wire.input.ok_or_else(|| Invalid::field("input", "is missing"))?;
    if !raw.get().starts_with('{') {
        return Err(Invalid::field("input", "must be an object"));
    }
    let input: NativeInput<'_> = serde_json::from_str(raw.get())
        .map_err(|error| Invalid::field("input", format_args!("cannot be read: {error}")))?;
    let some = |name, raw: Option<&RawValue>| match raw.map(RawValue::get) {
        None | Some("null" | "\"\"") => Err(Invalid::field(name, "is missing")),
        Some(raw) if is_empty_array(raw) => Err(Invalid::field(name, "is empty")),
        Some(_) => Ok(()),
    };
    match operation {
        Operation::Chat if input.messages.is_none() => match input.prompt.map(RawValue::get) {
            None => Err(Invalid::field("input.messages", "is missing; send at least one message")),
            Some(raw) if raw.starts_with('"') => Ok(()),
            Some(_) => Err(Invalid::field("input.prompt", "must be a string")),
        },
        Operation::Chat | Operation::MultimodalChat | Operation::Responses => {
            messages("input.messages", input.messages)
        }
        Operation::Embedding => some("input.texts", input.texts),
        Operation::MultimodalEmbedding => some("input.contents", input.contents),
        Operation::Rerank => {
            some("input.query", input.query)?;
            some("input.documents", input.documents)
        }
    }
}

fn input(raw: Option<&RawValue>) -> Result<(), Invalid> {
    match raw.map(RawValue::get) {
        None => Err(Invalid::field("input", "is missing; send a text or an array of texts")),
        Some(raw) if raw == "\"\"" || is_empty_array(raw) => {
            Err(Invalid::field("input", "is empty; send at least one text"))
        }
        Some(raw) if raw.starts_with(['"', '[']) => Ok(()),
        Some(_) => Err(Invalid::field("input", "must be a text or an array")),
    }
}

fn usage_place(text: &str, brace: usize, options: Option<&RawValue>) -> Result<(bool, UsagePlace), Invalid> {
    const WHOLE: &str = "{\"include_usage\":true}";
    let Some(raw) = options else {
        // There is a model behind the brace, hence the comma.
        return Ok((false, UsagePlace::Insert(brace + 1, "\"stream_options\":{\"include_usage\":true},")));
    };
    let range = place(text, raw);
    if raw.get() == "null" {
        return Ok((false, UsagePlace::Replace(range, WHOLE)));
    }
    let wrong = |what: &str| Invalid::field("stream_options", what);
    let Some(inside) = raw.get().strip_prefix('{') else { return Err(wrong("must be an object")) };
    if inside.trim_start().starts_with('}') {
        return Ok((false, UsagePlace::Replace(range, WHOLE)));
    }
    let known: StreamOptions<'_> =
        serde_json::from_str(raw.get()).map_err(|error| wrong(&format!("cannot be read: {error}")))?;
    match known.include_usage.map(|value| (value.get(), place(text, value))) {
        None => Ok((false, UsagePlace::Insert(range.start + 1, "\"include_usage\":true,"))),
        Some(("true", _)) => Ok((true, UsagePlace::Told)),
        Some(("false" | "null", range)) => Ok((false, UsagePlace::Replace(range, "true"))),
        Some(_) => Err(wrong("holds an `include_usage` that is neither `true` nor `false`")),
    }
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
