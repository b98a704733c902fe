//! Reading requests.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::super::conversation::{
    Arguments, Conversation, Format, Media, MediaKind, Message, Part, Role, Sampling, Search, Source,
    Thinking, Tool, ToolChoice,
};
use super::super::json::{self, Fields, Wrong};
use super::super::{field, refused};
use crate::envelope::Invalid;

/// Fields that no other dialect can say and that change what the answer is.
const REFUSED: [&str; 3] = ["functions", "function_call", "audio"];

/// Reads the body of a chat completion.
pub(in super::super) fn read<'a>(fields: &Fields<'a>) -> Result<Conversation<'a>, Invalid> {
    refused(fields, &REFUSED)?;
    let messages = field("messages", fields.objects("messages"))?;
    let messages = messages.iter().map(|fields| message(fields, part)).collect::<Result<_, _>>();
    let tools = field("tools", fields.objects("tools"))?;
    let tools = tools.iter().map(|tool| function(tool, "function")).collect::<Result<_, _>>();
    let user = field("user", fields.text("user"))?;
    Ok(Conversation {
        messages: messages.map_err(|wrong| Invalid::field("messages", wrong))?,
        tools: tools.map_err(|wrong| Invalid::field("tools", wrong))?,
        tool_choice: field("tool_choice", choice_of_tool(fields))?,
        parallel_tool_calls: field("parallel_tool_calls", fields.flag("parallel_tool_calls"))?,
        format: format(fields)?,
        sampling: sampling(fields)?,
        thinking: thinking_words(fields)?,
        search: Search {
            is_on: field("enable_search", fields.flag("enable_search"))?,
            options: fields.raw("search_options"),
        },
        user: user.or(field("safety_identifier", fields.text("safety_identifier"))?),
        stream: field("stream", fields.flag("stream"))?.unwrap_or(false),
        is_vendors: false,
    })
}

/// The fields that OpenAI and DashScope spell alike.
pub(in super::super) fn sampling<'a>(fields: &Fields<'a>) -> Result<Sampling<'a>, Invalid> {
    let max_tokens = field("max_completion_tokens", fields.whole("max_completion_tokens"))?;
    Ok(Sampling {
        temperature: field("temperature", fields.number("temperature"))?,
        top_p: field("top_p", fields.number("top_p"))?,
        top_k: field("top_k", fields.number("top_k"))?,
        max_tokens: max_tokens.or(field("max_tokens", fields.whole("max_tokens"))?),
        stop: field("stop", stop(fields, "stop"))?,
        seed: field("seed", fields.number("seed"))?,
        answers: field("n", fields.whole("n"))?,
        presence_penalty: field("presence_penalty", fields.number("presence_penalty"))?,
        frequency_penalty: field("frequency_penalty", fields.number("frequency_penalty"))?,
        repetition_penalty: field("repetition_penalty", fields.number("repetition_penalty"))?,
        logprobs: field("logprobs", fields.flag("logprobs"))?,
        top_logprobs: field("top_logprobs", fields.whole("top_logprobs"))?,
    })
}

fn stop<'a>(fields: &Fields<'a>, name: &str) -> Result<Vec<Cow<'a, str>>, Wrong> {
    let Some(raw) = fields.raw(name) else { return Ok(Vec::new()) };
    let texts = match json::list(raw) {
        Some(list) => list.into_iter().map(json::text).collect(),
        None => json::text(raw).map(|text| vec![text]),
    };
    texts.ok_or_else(|| Wrong::new(name, "must be a text or an array of texts"))
}

/// `enable_thinking`, `thinking_budget` and `reasoning_effort`.
pub(in super::super) fn thinking_words<'a>(fields: &Fields<'a>) -> Result<Option<Thinking<'a>>, Invalid> {
    let thinking = Thinking {
        is_on: field("enable_thinking", fields.flag("enable_thinking"))?,
        budget: field("thinking_budget", fields.whole("thinking_budget"))?,
        effort: field("reasoning_effort", fields.text("reasoning_effort"))?,
    };
    let is_said = thinking.is_on.is_some() || thinking.budget.is_some() || thinking.effort.is_some();
    Ok(is_said.then_some(thinking))
}

/// `response_format`.
pub(in super::super) fn format<'a>(fields: &Fields<'a>) -> Result<Option<Format<'a>>, Invalid> {
    let Some(format) = field("response_format", fields.object("response_format"))? else { return Ok(None) };
    schema_format(&format, true).map_err(|wrong| Invalid::field("response_format", wrong))
}

/// A format: what it is called is inside of `json_schema`, or beside the type.
pub(in super::super) fn schema_format<'a>(
    format: &Fields<'a>,
    is_nested: bool,
) -> Result<Option<Format<'a>>, Wrong> {
    match &*format.needed_text("type")? {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Object)),
        "json_schema" => {
            let inner = if is_nested {
                &format.object("json_schema")?.ok_or_else(|| Wrong::new("json_schema", "is missing"))?
            } else {
                format
            };
            Ok(Some(Format::Schema {
                name: inner.text("name")?,
                description: inner.text("description")?,
                schema: inner.raw("schema").ok_or_else(|| Wrong::new("schema", "is missing"))?,
                strict: inner.flag("strict")?,
            }))
        }
        _ => Err(Wrong::new("type", "must be `text`, `json_object` or `json_schema`")),
    }
}

/// A tool that is a function, its description inside of `inside`, or beside the type where that is empty.
pub(in super::super) fn function<'a>(tool: &Fields<'a>, inside: &str) -> Result<Tool<'a>, Wrong> {
    if tool.text("type")?.is_some_and(|kind| kind != "function") {
        return Err(Wrong::new("type", "must be `function`: the model's provider knows no other tools"));
    }
    let inner = tool.object(inside)?;
    let described = match &inner {
        Some(inner) => inner,
        None if inside.is_empty() => tool,
        None => return Err(Wrong::new(inside, "is missing")),
    };
    Ok(Tool {
        name: described.needed_text("name")?,
        description: described.text("description")?,
        parameters: described.raw("parameters"),
        strict: described.flag("strict")?,
        cache: tool.raw("cache_control"),
    })
}

/// `tool_choice`, the name of the tool inside of `function` or beside the type.
pub(in super::super) fn choice_of_tool<'a>(fields: &Fields<'a>) -> Result<Option<ToolChoice<'a>>, Wrong> {
    let Some(raw) = fields.raw("tool_choice") else { return Ok(None) };
    let wrong = || Wrong::new("tool_choice", "must be `auto`, `none`, `required` or name a function");
    if let Some(choice) = json::object(raw) {
        let function = choice.object("function")?;
        let name = function.as_ref().unwrap_or(&choice).text("name")?;
        return name.map(|name| Some(ToolChoice::Named(name))).ok_or_else(wrong);
    }
    match json::text(raw).as_deref() {
        Some("auto") => Ok(Some(ToolChoice::Auto)),
        Some("none") => Ok(Some(ToolChoice::None)),
        Some("required") => Ok(Some(ToolChoice::Required)),
        _ => Err(wrong()),
    }
}

/// A message, its parts read by `part`.
pub(in super::super) fn message<'a>(
    fields: &Fields<'a>,
    part: fn(&Fields<'a>) -> Result<Part<'a>, Wrong>,
) -> Result<Message<'a>, Wrong> {
    let role = match &*fields.needed_text("role")? {
        "system" | "developer" => Role::System,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "tool" => Role::Tool,
        _ => return Err(Wrong::new("role", "must be `system`, `user`, `assistant` or `tool`")),
    };
    let mut parts = Vec::new();
    if let Some(text) = fields.text("reasoning_content")?.filter(|text| !text.is_empty()) {
        parts.push(Part::Thought { text, signature: fields.text("reasoning_signature")? });
    }
    let said = fields.raw("content").map_or(Ok(Vec::new()), |raw| content(raw, part))?;
    if role == Role::Tool {
        let (id, cache) = (fields.text("tool_call_id")?.unwrap_or_default(), fields.raw("cache_control"));
        return Ok(Message {
            role,
            name: None,
            parts: vec![Part::Result { id, parts: said, is_error: false, cache }],
        });
    }
    parts.extend(said);
    for call in fields.objects("tool_calls")? {
        let function = call.object("function")?;
        let function = function.ok_or_else(|| Wrong::new("tool_calls", "must be calls of functions"))?;
        parts.push(Part::Call {
            id: call.text("id")?.unwrap_or_default(),
            name: function.needed_text("name")?,
            arguments: Arguments::Text(function.text("arguments")?.unwrap_or_default()),
        });
    }
    Ok(Message { role, name: fields.text("name")?, parts })
}

fn content<'a>(
    raw: &'a RawValue,
    part: fn(&Fields<'a>) -> Result<Part<'a>, Wrong>,
) -> Result<Vec<Part<'a>>, Wrong> {
    if let Some(text) = json::text(raw) {
        return Ok(vec![Part::Text { text, cache: None }]);
    }
    let list = json::list(raw).ok_or_else(|| Wrong::new("content", "must be a text or an array of parts"))?;
    let read = |raw| json::object(raw).ok_or_else(|| Wrong::new("content", "must hold objects"));
    list.into_iter().map(|raw| part(&read(raw)?)).collect()
}

/// A part of a content.
pub(in super::super) fn part<'a>(fields: &Fields<'a>) -> Result<Part<'a>, Wrong> {
    let cache = fields.raw("cache_control");
    let kind = fields.needed_text("type")?;
    let mut media =
        Media { kind: MediaKind::Image, source: Source::Url("".into()), detail: None, name: None, cache };
    match &*kind {
        "text" => return Ok(Part::Text { text: fields.needed_text("text")?, cache }),
        "refusal" => return Ok(Part::Text { text: fields.needed_text("refusal")?, cache }),
        "image_url" => {
            let (url, detail) = place(fields, "image_url")?;
            (media.source, media.detail) = (Source::of(url), detail);
        }
        "video_url" => {
            (media.kind, media.source) = (MediaKind::Video, Source::of(place(fields, "video_url")?.0));
        }
        "video" => {
            let frames = fields.raw("video").ok_or_else(|| Wrong::new("video", "is missing"))?;
            (media.kind, media.source) = (MediaKind::Video, Source::Frames(frames));
        }
        "input_audio" => {
            let audio =
                fields.object("input_audio")?.ok_or_else(|| Wrong::new("input_audio", "is missing"))?;
            let data = audio.needed_text("data")?;
            media.kind = MediaKind::Audio;
            // The vendor's API takes a URL here too.
            media.source = if data.starts_with("data:") || data.starts_with("http") {
                Source::of(data)
            } else {
                let format = audio.text("format")?.unwrap_or("wav".into());
                Source::Data { media_type: format!("audio/{format}").into(), data }
            };
        }
        "file" => {
            let file = fields.object("file")?.ok_or_else(|| Wrong::new("file", "is missing"))?;
            let data = file.text("file_data")?;
            let data =
                data.ok_or_else(|| Wrong::new("file", "must carry `file_data`: no files are kept here"))?;
            (media.kind, media.source, media.name) =
                (MediaKind::File, Source::of(data), file.text("filename")?);
        }
        _ => {
            return Err(Wrong::new(
                "content",
                format!("has a part of a type that is not known: `{}`", crate::answer::shown(&kind)),
            ));
        }
    }
    Ok(Part::Media(media))
}

/// `{"url", "detail"}`, or the URL alone, as the vendor's API takes it too.
fn place<'a>(fields: &Fields<'a>, name: &str) -> Result<(Cow<'a, str>, Option<Cow<'a, str>>), Wrong> {
    if let Some(url) = fields.raw(name).and_then(json::text) {
        return Ok((url, None));
    }
    let place = fields.object(name)?.ok_or_else(|| Wrong::new(name, "is missing"))?;
    Ok((place.needed_text("url")?, place.text("detail")?))
}
