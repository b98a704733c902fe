//! Whole answers.

use super::super::Facts;
use super::super::json::{Json, Object};
use super::super::reply::{Finish, Reply, Said, Usage};
use super::Echo;

/// Writes an answer. There is only one choice, since more cannot be asked for.
pub(in super::super) fn write(reply: &Reply<'_>, echo: &Echo, facts: &Facts<'_>) -> Vec<u8> {
    let choice = reply.choices.first();
    let said = choice.map_or(&[][..], |choice| &choice.said);
    let finish = choice.map(|choice| choice.finish).unwrap_or_default();
    response(said, State::Ended(finish, reply.usage), echo, facts).bytes()
}

/// How far a response is.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Begun,
    Ended(Finish, Usage),
}

/// Whether an answer or a part of it is whole.
pub(super) fn status(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Calls => "completed",
        Finish::Length | Finish::Filtered => "incomplete",
    }
}

/// A response.
pub(super) fn response<'a>(
    said: &'a [Said<'_>],
    state: State,
    echo: &'a Echo,
    facts: &Facts<'a>,
) -> Object<'a> {
    let or = |name, default: Json<'a>| echo.get(name).map_or(default, Json::Raw);
    let format = || Object::new().with("format", Object::new().with("type", "text"));
    let (status, finish, told) = match state {
        State::Begun => ("in_progress", Finish::Stop, Json::Null),
        State::Ended(finish, told) => (status(finish), finish, usage(told).into()),
    };
    let reason = match finish {
        Finish::Length => Some("max_output_tokens"),
        Finish::Filtered => Some("content_filter"),
        Finish::Stop | Finish::Calls => None,
    };
    let last = said.len();
    let output = said.iter().enumerate().map(|(index, said)| {
        let status = if index + 1 == last { status } else { "completed" };
        item(said, index, status, facts).into()
    });
    Object::new()
        .with("id", format!("resp_{}", facts.request_id))
        .with("object", "response")
        .with("created_at", facts.created)
        .with("status", status)
        .with("background", false)
        .with("error", Json::Null)
        .with(
            "incomplete_details",
            reason.map_or(Json::Null, |reason| Object::new().with("reason", reason).into()),
        )
        .with("instructions", or("instructions", Json::Null))
        .with("max_output_tokens", or("max_output_tokens", Json::Null))
        .with("metadata", or("metadata", Object::new().into()))
        .with("model", facts.model)
        .with("output", output.collect::<Vec<_>>())
        .with("parallel_tool_calls", or("parallel_tool_calls", true.into()))
        .with("previous_response_id", Json::Null)
        .with("reasoning", or("reasoning", Json::Null))
        .with("store", false)
        .with("temperature", or("temperature", Json::Null))
        .with("text", or("text", format().into()))
        .with("tool_choice", or("tool_choice", "auto".into()))
        .with("tools", or("tools", Vec::new().into()))
        .with("top_p", or("top_p", Json::Null))
        .with("truncation", "disabled")
        .with("usage", told)
        .with("user", or("user", Json::Null))
}

/// The id of an item.
pub(super) fn item_id(said: &Said<'_>, index: usize, facts: &Facts<'_>) -> String {
    let kind = match said {
        Said::Text(_) => "msg",
        Said::Thought { .. } => "rs",
        Said::Call { .. } => "fc",
    };
    format!("{kind}_{}_{index}", facts.request_id)
}

/// An item of the output.
pub(super) fn item<'a>(
    said: &'a Said<'_>,
    index: usize,
    status: &'static str,
    facts: &Facts<'_>,
) -> Object<'a> {
    let object = Object::new().with("id", item_id(said, index, facts));
    match said {
        Said::Text(text) => object
            .with("type", "message")
            .with("status", status)
            .with("role", "assistant")
            .with("content", vec![text_part(text).into()]),
        Said::Thought { text, signature } => object
            .with("type", "reasoning")
            .with("status", status)
            .with("summary", Vec::new())
            .with("content", vec![thought_part(text).into()])
            .with_some("encrypted_content", signature.as_ref()),
        Said::Call { id, name, arguments } => object
            .with("type", "function_call")
            .with("status", status)
            .with("call_id", id)
            .with("name", name)
            .with("arguments", arguments),
    }
}

/// A part of a message.
pub(super) fn text_part(text: &str) -> Object<'_> {
    Object::new()
        .with("type", "output_text")
        .with("text", text)
        .with("annotations", Vec::new())
        .with("logprobs", Vec::new())
}

/// A part of what was thought.
pub(super) fn thought_part(text: &str) -> Object<'_> {
    Object::new().with("type", "reasoning_text").with("text", text)
}

fn usage(usage: Usage) -> Object<'static> {
    let input = Object::new()
        .with("cached_tokens", usage.cached.unwrap_or(0))
        .with("cache_write_tokens", usage.cache_written.unwrap_or(0));
    let output = Object::new().with("reasoning_tokens", usage.thoughts.unwrap_or(0));
    usage.plain().with("input_tokens_details", input).with("output_tokens_details", output)
}
