//! Anthropic's messages.

mod answer;
mod events;
mod read;
mod write;

pub(super) use answer::{read as read_answer, write as write_answer};
pub(super) use events::{EventReader, EventWriter};
pub(super) use read::read;
pub(super) use write::write;

use super::json::{Fields, Object};
use super::reply::{Finish, Usage};

fn finish_word(finish: Finish, stopped_by: Option<&str>) -> &'static str {
    match finish {
        Finish::Stop if stopped_by.is_some() => "stop_sequence",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
        Finish::Filtered => "refusal",
    }
}

fn finish_of(word: &str) -> Finish {
    match word {
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::Calls,
        "refusal" => Finish::Filtered,
        _ => Finish::Stop,
    }
}

/// What is told so far. Fields of a later event replace those of an earlier one.
#[derive(Debug, Default)]
struct Told {
    input: Option<u64>,
    output: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    thoughts: Option<u64>,
}

impl Told {
    fn add(&mut self, fields: &Fields<'_>) {
        let counted = |name| Usage::counted(fields, name);
        self.input = counted("input_tokens").or(self.input);
        self.output = counted("output_tokens").or(self.output);
        self.read = counted("cache_read_input_tokens").or(self.read);
        self.written = counted("cache_creation_input_tokens").or(self.written);
        let thoughts = Usage::detail(fields, "output_tokens_details", "thinking_tokens");
        self.thoughts = thoughts.or(self.thoughts);
    }

    /// Anthropic counts what a cache gave beside the input, the others count it in.
    fn usage(&self) -> Usage {
        let beside = self.read.unwrap_or(0).saturating_add(self.written.unwrap_or(0));
        Usage {
            input: self.input.unwrap_or(0).saturating_add(beside),
            output: self.output.unwrap_or(0),
            cached: self.read.filter(|&tokens| tokens > 0),
            cache_written: self.written.filter(|&tokens| tokens > 0),
            thoughts: self.thoughts,
        }
    }
}

fn usage(usage: Usage) -> Object<'static> {
    let beside = usage.cached.unwrap_or(0).saturating_add(usage.cache_written.unwrap_or(0));
    let thoughts = usage.thoughts.map(|tokens| Object::new().with("thinking_tokens", tokens));
    Object::new()
        .with("input_tokens", usage.input.saturating_sub(beside))
        .with("cache_creation_input_tokens", usage.cache_written.unwrap_or(0))
        .with("cache_read_input_tokens", usage.cached.unwrap_or(0))
        .with("output_tokens", usage.output)
        .with_some("output_tokens_details", thoughts)
}
