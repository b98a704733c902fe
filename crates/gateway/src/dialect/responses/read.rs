//! Reading requests.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde_json::value::RawValue;

use super::super::conversation::{
    Arguments, Conversation, Format, Media, MediaKind, Message, Part, Role, Sampling, Source, Thinking,
};
use super::super::json::{self, Fields, Wrong};
use super::super::{field, openai, refused};
use crate::answer::shown;
use crate::envelope::Invalid;

/// What needs something that was kept, or a prompt that is not here.
const REFUSED: [&str; 3] = ["previous_response_id", "conversation", "prompt"];

/// What an answer says again of its request.
const SAID_AGAIN: [&str; 11] = [
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "reasoning",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "user",
];

/// The fields of a request that its answer repeats.
#[derive(Clone, Default)]
pub(crate) struct Echo(Arc<Vec<(&'static str, Box<RawValue>)>>);

/// Without what the client said.
impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Echo {
    pub(in super::super) fn of(fields: &Fields<'_>) -> Self {
        let said = SAID_AGAIN.into_iter().filter_map(|name| Some((name, fields.raw(name)?.to_owned())));
        Self(Arc::new(said.collect()))
    }

    /// A field, if the request had it.
    pub(super) fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, raw)| &**raw)
    }
}

/// Reads the body of a response.
pub(in super::super) fn read<'a>(fields: &Fields<'a>) -> Result<Conversation<'a>, Invalid> {
    refused(fields, &REFUSED)?;
    for name in ["store", "background"] {
        if field(name, fields.flag(name))? == Some(true) {
            return Err(Invalid::field(name, "must be `false`: no answers are kept here"));
        }
    }
    include(fields)?;
    let mut messages = Vec::new();
    if let Some(text) = field("instructions", fields.text("instructions"))? {
        messages.push(Message {
            role: Role::System,
            name: None,
            parts: vec![Part::Text { text, cache: None }],
        });
    }
    input(fields, &mut messages).map_err(|wrong| Invalid::field("input", wrong))?;
    let tools = field("tools", fields.objects("tools"))?;
    let tools = tools.iter().map(|tool| openai::function(tool, "")).collect::<Result<_, _>>();
    let user = field("user", fields.text("user"))?;
    Ok(Conversation {
        messages,
        tools: tools.map_err(|wrong| Invalid::field("tools", wrong))?,
        tool_choice: field("tool_choice", openai::choice_of_tool(fields))?,
        parallel_tool_calls: field("parallel_tool_calls", fields.flag("parallel_tool_calls"))?,
        format: format(fields).map_err(|wrong| Invalid::field("text", wrong))?,
        sampling: Sampling {
            temperature: field("temperature", fields.number("temperature"))?,
            top_p: field("top_p", fields.number("top_p"))?,
            max_tokens: field("max_output_tokens", fields.whole("max_output_tokens"))?,
            ..Sampling::default()
        },
        thinking: thinking(fields).map_err(|wrong| Invalid::field("reasoning", wrong))?,
        user: user.or(field("safety_identifier", fields.text("safety_identifier"))?),
        stream: field("stream", fields.flag("stream"))?.unwrap_or(false),
        ..Conversation::default()
    })
}

/// Thoughts are given back with what proves them, always; nothing else can be included.
fn include(fields: &Fields<'_>) -> Result<(), Invalid> {
    for raw in field("include", fields.list("include"))? {
        if json::text(raw).as_deref() != Some("reasoning.encrypted_content") {
            return Err(Invalid::field("include", "can hold `reasoning.encrypted_content` only"));
        }
    }
    Ok(())
}

fn format<'a>(fields: &Fields<'a>) -> Result<Option<Format<'a>>, Wrong> {
    let Some(text) = fields.object("text")? else { return Ok(None) };
    let Some(format) = text.object("format")? else { return Ok(None) };
    openai::schema_format(&format, false)
}

fn thinking<'a>(fields: &Fields<'a>) -> Result<Option<Thinking<'a>>, Wrong> {
    let Some(reasoning) = fields.object("reasoning")? else { return Ok(None) };
    let effort = reasoning.text("effort")?;
    Ok(effort.map(|effort| Thinking { effort: Some(effort), ..Thinking::default() }))
}

fn input<'a>(fields: &Fields<'a>, messages: &mut Vec<Message<'a>>) -> Result<(), Wrong> {
    let Some(raw) = fields.raw("input") else { return Ok(()) };
    if let Some(text) = json::text(raw) {
        say(Role::User, vec![Part::Text { text, cache: None }], messages);
        return Ok(());
    }
    let wrong = || Wrong::new("", "must be a text or an array of items");
    for raw in json::list(raw).ok_or_else(wrong)? {
        item(&json::object(raw).ok_or_else(wrong)?, messages)?;
    }
    Ok(())
}

/// What the assistant thinks, says and calls is several items here and one message elsewhere.
fn say<'a>(role: Role, parts: Vec<Part<'a>>, messages: &mut Vec<Message<'a>>) {
    match messages.last_mut() {
        Some(last) if role == Role::Assistant && last.role == role => last.parts.extend(parts),
        _ => messages.push(Message { role, name: None, parts }),
    }
}

fn item<'a>(fields: &Fields<'a>, messages: &mut Vec<Message<'a>>) -> Result<(), Wrong> {
    let kind = fields.text("type")?.unwrap_or("message".into());
    match &*kind {
        "message" => {
            let role = match &*fields.needed_text("role")? {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                "system" | "developer" => Role::System,
                _ => return Err(Wrong::new("role", "must be `user`, `assistant`, `system` or `developer`")),
            };
            let raw = fields.raw("content").ok_or_else(|| Wrong::new("content", "is missing"))?;
            say(role, content(raw)?, messages);
        }
        "function_call" => {
            let call = Part::Call {
                id: fields.needed_text("call_id")?,
                name: fields.needed_text("name")?,
                arguments: Arguments::Text(fields.needed_text("arguments")?),
            };
            say(Role::Assistant, vec![call], messages);
        }
        "function_call_output" => {
            let raw = fields.raw("output").ok_or_else(|| Wrong::new("output", "is missing"))?;
            let (id, parts) = (fields.needed_text("call_id")?, content(raw)?);
            say(Role::Tool, vec![Part::Result { id, parts, is_error: false, cache: None }], messages);
        }
        "reasoning" => {
            let mut text = String::new();
            for part in fields.objects("content")?.iter().chain(&fields.objects("summary")?) {
                text.push_str(&part.text("text")?.unwrap_or_default());
            }
            let signature = fields.text("encrypted_content")?;
            say(Role::Assistant, vec![Part::Thought { text: text.into(), signature }], messages);
        }
        _ => {
            let why =
                format!("is `{}`, an item that cannot be passed on to the model's provider", shown(&kind));
            return Err(Wrong::new("type", why));
        }
    }
    Ok(())
}

fn content(raw: &RawValue) -> Result<Vec<Part<'_>>, Wrong> {
    if let Some(text) = json::text(raw) {
        return Ok(vec![Part::Text { text, cache: None }]);
    }
    let wrong = || Wrong::new("content", "must be a text or an array of parts");
    json::list(raw)
        .ok_or_else(wrong)?
        .into_iter()
        .map(|raw| part(&json::object(raw).ok_or_else(wrong)?))
        .collect()
}

fn part<'a>(fields: &Fields<'a>) -> Result<Part<'a>, Wrong> {
    let kind = fields.needed_text("type")?;
    let text = |name| Ok(Part::Text { text: fields.needed_text(name)?, cache: None });
    let media = |kind, url: Cow<'a, str>, detail, name| {
        Part::Media(Media { kind, source: Source::of(url), detail, name, cache: None })
    };
    let no_files = |name: &str| Wrong::new(name, "is missing: no files are kept here");
    match &*kind {
        "input_text" | "output_text" | "text" => text("text"),
        "refusal" => text("refusal"),
        "input_image" => {
            let url = fields.text("image_url")?.ok_or_else(|| no_files("image_url"))?;
            Ok(media(MediaKind::Image, url, fields.text("detail")?, None))
        }
        "input_file" => {
            let url = fields.text("file_data")?.or(fields.text("file_url")?);
            let url = url.ok_or_else(|| no_files("file_data"))?;
            Ok(media(MediaKind::File, url, None, fields.text("filename")?))
        }
        _ => {
            Err(Wrong::new("content", format!("has a part of a type that is not known: `{}`", shown(&kind))))
        }
    }
}
