//! Reading requests.

use std::borrow::Cow;

use super::super::conversation::{Conversation, Media, MediaKind, Message, Part, Role, Search, Source};
use super::super::json::{self, Fields, Wrong};
use super::super::{field, openai};
use super::Shape;
use crate::envelope::Invalid;

/// How the answer is wanted, as far as it can be read; what is wrong is told by [`read`].
pub(in super::super) fn shape(fields: &Fields<'_>, is_multimodal: bool, is_stream: bool) -> Shape {
    let parameters = fields.object("parameters").ok().flatten();
    let said = |name: &str| parameters.as_ref().and_then(|parameters| parameters.text(name).ok().flatten());
    let has_tools = parameters.as_ref().is_some_and(|parameters| parameters.raw("tools").is_some());
    let is_message = said("result_format").as_deref() == Some("message");
    let is_incremental =
        parameters.as_ref().and_then(|parameters| parameters.flag("incremental_output").ok());
    Shape {
        is_text: !is_multimodal && !is_message && !has_tools,
        is_incremental: is_incremental.flatten().unwrap_or(false),
        is_multimodal,
        is_stream,
    }
}

/// Reads the body of a generation.
pub(in super::super) fn read<'a>(fields: &Fields<'a>, shape: Shape) -> Result<Conversation<'a>, Invalid> {
    let none = Fields::read("{}").expect("this is an object");
    let input = field("input", fields.object("input"))?;
    let input = input.ok_or_else(|| Invalid::field("input", "is missing; send `messages` in it"))?;
    let parameters = field("parameters", fields.object("parameters"))?.unwrap_or(none);
    if let Some(format) = field("result_format", parameters.text("result_format"))?
        && format != "message"
        && format != "text"
    {
        return Err(Invalid::field("result_format", "must be `message` or `text`"));
    }
    field("incremental_output", parameters.flag("incremental_output"))?;
    let tools = field("tools", parameters.objects("tools"))?;
    let tools = tools.iter().map(|tool| openai::function(tool, "function")).collect::<Result<_, _>>();
    Ok(Conversation {
        messages: messages(&input)?,
        tools: tools.map_err(|wrong| Invalid::field("tools", wrong))?,
        tool_choice: field("tool_choice", openai::choice_of_tool(&parameters))?,
        parallel_tool_calls: field("parallel_tool_calls", parameters.flag("parallel_tool_calls"))?,
        format: openai::format(&parameters)?,
        sampling: openai::sampling(&parameters)?,
        thinking: openai::thinking_words(&parameters)?,
        search: Search {
            is_on: field("enable_search", parameters.flag("enable_search"))?,
            options: parameters.raw("search_options"),
        },
        user: None,
        stream: shape.is_stream,
        is_vendors: true,
    })
}

fn messages<'a>(input: &Fields<'a>) -> Result<Vec<Message<'a>>, Invalid> {
    let mut messages = Vec::new();
    // The oldest form: pairs of what was said, and a prompt.
    for turn in field("history", input.objects("history"))? {
        for (role, name) in [(Role::User, "user"), (Role::Assistant, "bot")] {
            let text = turn.text(name).map_err(|wrong| Invalid::field("history", wrong))?;
            messages.extend(text.map(|text| said(role, text)));
        }
    }
    for message in field("messages", input.objects("messages"))? {
        let message = openai::message(&message, part);
        messages.push(message.map_err(|wrong| Invalid::field("messages", wrong))?);
    }
    if let Some(prompt) = field("prompt", input.text("prompt"))? {
        messages.push(said(Role::User, prompt));
    }
    if messages.is_empty() {
        return Err(Invalid::field("messages", "is missing; send at least one message in `input`"));
    }
    name_calls(&mut messages)?;
    Ok(messages)
}

fn said(role: Role, text: Cow<'_, str>) -> Message<'_> {
    Message { role, name: None, parts: vec![Part::Text { text, cache: None }] }
}

/// Calls and results may come without ids here, in which case results follow in the order of the calls.
fn name_calls(messages: &mut [Message<'_>]) -> Result<(), Invalid> {
    let mut open: Vec<String> = Vec::new();
    for (turn, message) in messages.iter_mut().enumerate() {
        if message.role != Role::Tool {
            open.clear();
        }
        for part in &mut message.parts {
            match part {
                Part::Call { id, .. } => {
                    if id.is_empty() {
                        *id = format!("call_{turn}_{}", open.len()).into();
                    }
                    open.push(id.clone().into_owned());
                }
                Part::Result { id, .. } if id.is_empty() => {
                    if open.is_empty() {
                        let why =
                            "holds the result of a tool that was not called; name the call by `tool_call_id`";
                        return Err(Invalid::field("messages", why));
                    }
                    *id = open.remove(0).into();
                }
                Part::Result { id, .. } => open.retain(|known| *known != **id),
                _ => {}
            }
        }
    }
    Ok(())
}

/// A part is named by what it is; with a type, it is OpenAI's.
fn part<'a>(fields: &Fields<'a>) -> Result<Part<'a>, Wrong> {
    if fields.raw("type").is_some() {
        return openai::part(fields);
    }
    let cache = fields.raw("cache_control");
    if let Some(text) = fields.text("text")? {
        return Ok(Part::Text { text, cache });
    }
    for (name, kind) in [
        ("image", MediaKind::Image),
        ("audio", MediaKind::Audio),
        ("video", MediaKind::Video),
        ("file", MediaKind::File),
    ] {
        let Some(raw) = fields.raw(name) else { continue };
        let source = match json::text(raw) {
            Some(url) => Source::of(url),
            None if kind == MediaKind::Video && json::list(raw).is_some() => Source::Frames(raw),
            None => return Err(Wrong::new(name, "must be a URL")),
        };
        return Ok(Part::Media(Media { kind, source, detail: None, name: None, cache }));
    }
    Err(Wrong::new("content", "must hold parts with `text`, `image`, `audio` or `video`"))
}
