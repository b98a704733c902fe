//! Messages as OpenAI and DashScope write them: the same turns and calls, other parts.

use std::borrow::Cow;
use std::mem;

use super::conversation::{Conversation, Media, Message, Part, Role};
use super::json::{Json, Object};
use super::{Client, dashscope, openai};
use crate::envelope::Invalid;

/// How parts are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// DashScope's parts: named by what they are, without a type.
    pub(super) is_native: bool,
    /// Every content is a list, as DashScope's multimodal models take it.
    pub(super) lists: bool,
    /// Whether marks of caches, thoughts and what only the vendor has are understood.
    pub(super) is_vendors: bool,
}

/// The messages of a request.
pub(super) fn messages<'a>(
    conversation: &'a Conversation<'_>,
    client: &Client,
    style: Style,
) -> Result<Vec<Json<'a>>, Invalid> {
    let mut written = Vec::with_capacity(conversation.messages.len());
    // Results of tools are texts here, so what they show is shown by the user behind the last of them.
    let mut shown: Vec<Json<'a>> = Vec::new();
    let show = |shown: Vec<Json<'a>>| Object::new().with("role", "user").with("content", shown).into();
    for message in &conversation.messages {
        if message.role != Role::Tool {
            if !shown.is_empty() {
                written.push(show(mem::take(&mut shown)));
            }
            written.push(plain(message, client, style)?.into());
            continue;
        }
        for part in &message.parts {
            let Part::Result { id, parts, .. } = part else { continue };
            let mut text = String::new();
            for part in parts {
                match part {
                    Part::Text { text: more, .. } => text.push_str(more),
                    Part::Media(media) => shown.push(media_of(media, client, style)?),
                    _ => {}
                }
            }
            let content = if style.lists {
                Json::List(vec![Object::new().with("text", text).into()])
            } else {
                text.into()
            };
            let result = Object::new().with("role", "tool").with("tool_call_id", id);
            written.push(result.with("content", content).into());
        }
    }
    if !shown.is_empty() {
        written.push(show(shown));
    }
    Ok(written)
}

fn media_of<'a>(media: &'a Media<'_>, client: &Client, style: Style) -> Result<Json<'a>, Invalid> {
    let written =
        if style.is_native { dashscope::media(media) } else { openai::media(media, style.is_vendors) };
    written.map(Json::Object).ok_or_else(|| client.cannot_show(media))
}

fn plain<'a>(message: &'a Message<'_>, client: &Client, style: Style) -> Result<Object<'a>, Invalid> {
    let (mut content, mut calls, mut thought) = (Vec::new(), Vec::new(), String::new());
    let mut only: Option<&Cow<'_, str>> = None;
    for part in &message.parts {
        match part {
            Part::Text { text, cache } => {
                let cache = cache.filter(|_| style.is_vendors);
                only = (content.is_empty() && cache.is_none() && !style.lists).then_some(text);
                let part = if style.is_native { Object::new() } else { Object::new().with("type", "text") };
                content.push(part.with("text", text).with_some("cache_control", cache).into());
            }
            Part::Media(media) => {
                only = None;
                content.push(media_of(media, client, style)?);
            }
            Part::Call { id, name, arguments } => {
                calls.push(openai::call(id, name, arguments.text()).into());
            }
            Part::Thought { text, .. } => thought.push_str(text),
            Part::Result { .. } => {}
        }
    }
    let role = match message.role {
        Role::System => "system",
        Role::Assistant => "assistant",
        Role::User | Role::Tool => "user",
    };
    let content = match only {
        Some(text) => text.into(),
        None if !content.is_empty() || style.lists => Json::List(content),
        None if calls.is_empty() || style.is_native => "".into(),
        None => Json::Null,
    };
    // Servers that think want their thoughts back by this name; OpenAI refuses it.
    let thought = (style.is_vendors && !thought.is_empty()).then_some(thought);
    Ok(Object::new()
        .with("role", role)
        .with_some("name", message.name.as_ref().filter(|_| !style.is_native))
        .with("content", content)
        .with_some("reasoning_content", thought)
        .with_any("tool_calls", calls))
}
