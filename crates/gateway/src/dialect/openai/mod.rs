//! OpenAI's chat completions.

mod answer;
mod chunks;
mod read;
mod write;

use std::borrow::Cow;

pub(super) use answer::{choice_of, message as written_message, read as read_answer, write as write_answer};
pub(super) use chunks::{ChunkReader, ChunkWriter, delta_of};
pub(super) use read::{
    choice_of_tool, format, function, message, part, read, sampling, schema_format, thinking_words,
};
pub(super) use write::{call, function_tool, media, response_format, tool_choice, write};

use super::json::{self, Fields, Object, Wrong};
use super::reply::{Finish, Usage};

/// The word for why an answer ends.
pub(super) fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::Calls => "tool_calls",
        Finish::Filtered => "content_filter",
    }
}

/// Why an answer ends. DashScope has the same words, and the text `null` while it goes on.
pub(super) fn finish_of(word: &str) -> Option<Finish> {
    match word {
        "null" | "" => None,
        "length" => Some(Finish::Length),
        "tool_calls" | "function_call" => Some(Finish::Calls),
        "content_filter" => Some(Finish::Filtered),
        _ => Some(Finish::Stop),
    }
}

/// The text of a message: a text, or a list whose parts have texts, as DashScope and some servers write it.
fn text_of<'a>(message: &Fields<'a>) -> Result<Option<Cow<'a, str>>, Wrong> {
    let Some(raw) = message.raw("content") else { return Ok(None) };
    if let Some(text) = json::text(raw) {
        return Ok(Some(text));
    }
    let wrong = || Wrong::new("content", "must be a text or an array of parts");
    let mut all: Option<Cow<'a, str>> = None;
    for part in json::list(raw).ok_or_else(wrong)? {
        let Some(text) = json::object(part).ok_or_else(wrong)?.text("text")? else { continue };
        all = Some(match all {
            None => text,
            Some(before) => Cow::Owned(before.into_owned() + &text),
        });
    }
    Ok(all)
}

fn usage_of(fields: &Fields<'_>) -> Usage {
    let input = Usage::counted(fields, "prompt_tokens").unwrap_or(0);
    let output = Usage::counted(fields, "completion_tokens").unwrap_or(0);
    let total = Usage::counted(fields, "total_tokens").unwrap_or(0);
    Usage {
        input,
        output: output.max(total.saturating_sub(input)),
        cached: Usage::detail(fields, "prompt_tokens_details", "cached_tokens"),
        cache_written: Usage::detail(fields, "prompt_tokens_details", "cache_creation_input_tokens")
            .or_else(|| Usage::detail(fields, "prompt_tokens_details", "cache_write_tokens")),
        thoughts: Usage::detail(fields, "completion_tokens_details", "reasoning_tokens"),
    }
}

fn usage(usage: Usage) -> Object<'static> {
    let prompt = Object::new()
        .with_some("cached_tokens", usage.cached)
        .with_some("cache_write_tokens", usage.cache_written);
    let completion = Object::new().with_some("reasoning_tokens", usage.thoughts);
    Object::new()
        .with("prompt_tokens", usage.input)
        .with("completion_tokens", usage.output)
        .with("total_tokens", usage.total())
        .with_some("prompt_tokens_details", (!prompt.is_empty()).then_some(prompt))
        .with_some("completion_tokens_details", (!completion.is_empty()).then_some(completion))
}
