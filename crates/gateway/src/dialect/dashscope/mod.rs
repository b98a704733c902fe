//! DashScope's own generation.

mod answer;
mod events;
mod read;
mod write;

pub(super) use answer::{read as read_answer, write as write_answer};
pub(super) use events::{EventReader, EventWriter};
pub(super) use read::{read, shape};
pub(super) use write::{is_multimodal, media, write};

use super::json::{Fields, Json, Object};
use super::reply::Usage;

/// How a client of DashScope wants its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// As one text (`result_format: text`), not as a message.
    pub(crate) is_text: bool,
    /// Each event of a stream tells what is new, not everything so far.
    pub(crate) is_incremental: bool,
    /// The client called the multimodal path, whose contents are lists.
    pub(crate) is_multimodal: bool,
    /// The answer comes as a stream.
    pub(crate) is_stream: bool,
}

fn usage_of(fields: &Fields<'_>) -> Usage {
    let input = Usage::counted(fields, "input_tokens").unwrap_or(0);
    let output = Usage::counted(fields, "output_tokens").unwrap_or(0);
    let total = Usage::counted(fields, "total_tokens").unwrap_or(0);
    let cached = Usage::detail(fields, "prompt_tokens_details", "cached_tokens");
    let cached = cached.or_else(|| Usage::detail(fields, "input_tokens_details", "cached_tokens"));
    Usage {
        input,
        output: output.max(total.saturating_sub(input)),
        cached: cached.or_else(|| Usage::counted(fields, "cached_tokens")),
        cache_written: Usage::detail(fields, "prompt_tokens_details", "cache_creation_input_tokens"),
        thoughts: Usage::detail(fields, "output_tokens_details", "reasoning_tokens"),
    }
}

fn usage(usage: Usage) -> Object<'static> {
    let prompt = Object::new()
        .with_some("cached_tokens", usage.cached)
        .with_some("cache_creation_input_tokens", usage.cache_written);
    let thoughts = usage.thoughts.map(|tokens| Object::new().with("reasoning_tokens", tokens));
    usage
        .plain()
        .with_some("prompt_tokens_details", (!prompt.is_empty()).then_some(prompt))
        .with_some("output_tokens_details", thoughts)
}

/// A text as the content of a message.
fn content<'a>(text: &'a str, shape: Shape) -> Json<'a> {
    match (shape.is_multimodal, text.is_empty()) {
        (false, _) => text.into(),
        (true, true) => Json::List(Vec::new()),
        (true, false) => Json::List(vec![Object::new().with("text", text).into()]),
    }
}
