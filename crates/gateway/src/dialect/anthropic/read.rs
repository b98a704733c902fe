//! Reading requests.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::super::conversation::{
    Arguments, Conversation, Format, Media, MediaKind, Message, Part, Role, Sampling, Source, Thinking, Tool,
    ToolChoice,
};
use super::super::json::{self, Fields, Wrong};
use super::super::{field, refused};
use crate::answer::shown;
use crate::envelope::Invalid;

/// Fields that no other dialect can say and that change what the answer is.
const REFUSED: [&str; 2] = ["container", "mcp_servers"];

/// Reads the body of a message.
pub(in super::super) fn read<'a>(fields: &Fields<'a>) -> Result<Conversation<'a>, Invalid> {
    refused(fields, &REFUSED)?;
    let mut messages = Vec::new();
    if let Some(system) = fields.raw("system") {
        let parts = content(system, "system").map_err(|wrong| Invalid::field("system", wrong))?;
        messages.push(Message { role: Role::System, name: None, parts });
    }
    for message in field("messages", fields.objects("messages"))? {
        read_message(&message, &mut messages).map_err(|wrong| Invalid::field("messages", wrong))?;
    }
    let tools = field("tools", fields.objects("tools"))?;
    let tools = tools.iter().map(tool).collect::<Result<_, _>>();
    let (tool_choice, parallel_tool_calls) = choice_of_tool(fields)?;
    let metadata = field("metadata", fields.object("metadata"))?;
    let user = metadata.map_or(Ok(None), |metadata| metadata.text("user_id"));
    let output = field("output_config", fields.object("output_config"))?;
    Ok(Conversation {
        messages,
        tools: tools.map_err(|wrong| Invalid::field("tools", wrong))?,
        tool_choice,
        parallel_tool_calls,
        format: format(output.as_ref()).map_err(|wrong| Invalid::field("output_config", wrong))?,
        sampling: sampling(fields)?,
        thinking: thinking(fields, output.as_ref())?,
        user: user.map_err(|wrong| Invalid::field("metadata", wrong))?,
        stream: field("stream", fields.flag("stream"))?.unwrap_or(false),
        ..Conversation::default()
    })
}

fn sampling<'a>(fields: &Fields<'a>) -> Result<Sampling<'a>, Invalid> {
    let stop = field("stop_sequences", fields.list("stop_sequences"))?;
    let stop: Option<Vec<_>> = stop.into_iter().map(json::text).collect();
    Ok(Sampling {
        temperature: field("temperature", fields.number("temperature"))?,
        top_p: field("top_p", fields.number("top_p"))?,
        top_k: field("top_k", fields.number("top_k"))?,
        max_tokens: field("max_tokens", fields.whole("max_tokens"))?,
        stop: stop.ok_or_else(|| Invalid::field("stop_sequences", "must be an array of texts"))?,
        ..Sampling::default()
    })
}

fn thinking<'a>(fields: &Fields<'a>, output: Option<&Fields<'a>>) -> Result<Option<Thinking<'a>>, Invalid> {
    let effort = field("output_config", output.map_or(Ok(None), |output| output.text("effort")))?;
    let Some(config) = field("thinking", fields.object("thinking"))? else {
        return Ok(effort.map(|effort| Thinking { effort: Some(effort), ..Thinking::default() }));
    };
    let wrong = |wrong| Invalid::field("thinking", wrong);
    let budget = config.whole("budget_tokens").map_err(wrong)?;
    match &*config.needed_text("type").map_err(wrong)? {
        "disabled" => Ok(Some(Thinking { is_on: Some(false), ..Thinking::default() })),
        "enabled" | "adaptive" | "between_tools" => Ok(Some(Thinking { is_on: Some(true), budget, effort })),
        _ => Err(Invalid::field(
            "thinking",
            "has a `type` that is none of `enabled`, `adaptive` and `disabled`",
        )),
    }
}

fn format<'a>(output: Option<&Fields<'a>>) -> Result<Option<Format<'a>>, Wrong> {
    let Some(format) = output.map_or(Ok(None), |output| output.object("format"))? else { return Ok(None) };
    if format.needed_text("type")? != "json_schema" {
        return Err(Wrong::new("format", "must be of the type `json_schema`"));
    }
    let schema = format.raw("schema").ok_or_else(|| Wrong::new("schema", "is missing"))?;
    // A schema that is promised to be kept is strict in the words of the others.
    Ok(Some(Format::Schema { name: None, description: None, schema, strict: Some(true) }))
}

type Choosing<'a> = (Option<ToolChoice<'a>>, Option<bool>);

fn choice_of_tool<'a>(fields: &Fields<'a>) -> Result<Choosing<'a>, Invalid> {
    let Some(choice) = field("tool_choice", fields.object("tool_choice"))? else { return Ok((None, None)) };
    let read = || {
        let tool_choice = match &*choice.needed_text("type")? {
            "auto" => ToolChoice::Auto,
            "any" => ToolChoice::Required,
            "none" => ToolChoice::None,
            "tool" => ToolChoice::Named(choice.needed_text("name")?),
            _ => return Err(Wrong::new("type", "must be `auto`, `any`, `tool` or `none`")),
        };
        Ok((Some(tool_choice), choice.flag("disable_parallel_tool_use")?.map(|is_off| !is_off)))
    };
    read().map_err(|wrong| Invalid::field("tool_choice", wrong))
}

fn tool<'a>(fields: &Fields<'a>) -> Result<Tool<'a>, Wrong> {
    if let Some(kind) = fields.text("type")?.filter(|kind| kind != "custom") {
        let why =
            format!("is `{}`: the model's provider knows only tools with an `input_schema`", shown(&kind));
        return Err(Wrong::new("type", why));
    }
    Ok(Tool {
        name: fields.needed_text("name")?,
        description: fields.text("description")?,
        parameters: fields.raw("input_schema"),
        strict: fields.flag("strict")?,
        cache: fields.raw("cache_control"),
    })
}

/// A message of the user may hold results of tools, which are messages of their own elsewhere.
fn read_message<'a>(fields: &Fields<'a>, messages: &mut Vec<Message<'a>>) -> Result<(), Wrong> {
    let role = match &*fields.needed_text("role")? {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" => Role::System,
        _ => return Err(Wrong::new("role", "must be `user` or `assistant`")),
    };
    let raw = fields.raw("content").ok_or_else(|| Wrong::new("content", "is missing"))?;
    let (results, rest): (Vec<_>, Vec<_>) =
        content(raw, "content")?.into_iter().partition(|part| matches!(part, Part::Result { .. }));
    let is_result_only = rest.is_empty() && !results.is_empty();
    messages.extend(results.into_iter().map(|part| Message {
        role: Role::Tool,
        name: None,
        parts: vec![part],
    }));
    if !is_result_only {
        messages.push(Message { role, name: None, parts: rest });
    }
    Ok(())
}

fn content<'a>(raw: &'a RawValue, name: &'static str) -> Result<Vec<Part<'a>>, Wrong> {
    if let Some(text) = json::text(raw) {
        return Ok(vec![Part::Text { text, cache: None }]);
    }
    let list = json::list(raw).ok_or_else(|| Wrong::new(name, "must be a text or an array of blocks"))?;
    let mut parts = Vec::with_capacity(list.len());
    for raw in list {
        let fields = json::object(raw).ok_or_else(|| Wrong::new(name, "must hold blocks"))?;
        parts.extend(block(&fields)?);
    }
    Ok(parts)
}

/// A block; nothing for what only Anthropic can read.
fn block<'a>(fields: &Fields<'a>) -> Result<Option<Part<'a>>, Wrong> {
    let cache = fields.raw("cache_control");
    let kind = fields.needed_text("type")?;
    Ok(Some(match &*kind {
        "text" => Part::Text { text: fields.needed_text("text")?, cache },
        "thinking" => {
            let signature = fields.text("signature")?.filter(|signature| !signature.is_empty());
            Part::Thought { text: fields.needed_text("thinking")?, signature }
        }
        "redacted_thinking" => return Ok(None),
        "tool_use" => {
            let input = fields.raw("input").filter(|input| input.get().starts_with('{'));
            Part::Call {
                id: fields.needed_text("id")?,
                name: fields.needed_text("name")?,
                arguments: Arguments::Object(input.ok_or_else(|| Wrong::new("input", "must be an object"))?),
            }
        }
        "tool_result" => {
            let said = fields.raw("content");
            // One level, so that nothing a caller sends makes this go deeper.
            let parts = said.map_or(Ok(Vec::new()), |said| content_of_result(said))?;
            let is_error = fields.flag("is_error")?.unwrap_or(false);
            Part::Result { id: fields.needed_text("tool_use_id")?, parts, is_error, cache }
        }
        "image" => Part::Media(Media { cache, ..media(fields, MediaKind::Image)? }),
        "document" => {
            let source = source_of(fields)?;
            // A document that is plain text is said as text.
            if source.needed_text("type")? == "text" {
                return Ok(Some(Part::Text { text: source.needed_text("data")?, cache }));
            }
            Part::Media(Media { cache, name: fields.text("title")?, ..media(fields, MediaKind::File)? })
        }
        _ => {
            let why = format!("has a block that cannot be passed on: `{}`", shown(&kind));
            return Err(Wrong::new("content", why));
        }
    }))
}

fn content_of_result(raw: &RawValue) -> Result<Vec<Part<'_>>, Wrong> {
    if let Some(text) = json::text(raw) {
        return Ok(vec![Part::Text { text, cache: None }]);
    }
    let wrong = || Wrong::new("content", "of a `tool_result` must be a text or an array of blocks");
    let mut parts = Vec::new();
    for raw in json::list(raw).ok_or_else(wrong)? {
        let fields = json::object(raw).ok_or_else(wrong)?;
        if fields.text("type")?.as_deref() == Some("tool_result") {
            return Err(wrong());
        }
        parts.extend(block(&fields)?);
    }
    Ok(parts)
}

fn source_of<'a>(fields: &Fields<'a>) -> Result<Fields<'a>, Wrong> {
    fields.object("source")?.ok_or_else(|| Wrong::new("source", "is missing"))
}

fn media<'a>(fields: &Fields<'a>, kind: MediaKind) -> Result<Media<'a>, Wrong> {
    let place = source_of(fields)?;
    let source = match &*place.needed_text("type")? {
        "url" => Source::Url(place.needed_text("url")?),
        "base64" => {
            Source::Data { media_type: place.needed_text("media_type")?, data: place.needed_text("data")? }
        }
        _ => {
            return Err(Wrong::new(
                "source",
                "must be of the type `url` or `base64`: no files are kept here",
            ));
        }
    };
    Ok(Media { kind, source, detail: None::<Cow<'_, str>>, name: None, cache: None })
}
