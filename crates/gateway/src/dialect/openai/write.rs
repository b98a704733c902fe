//! Writing requests.

use super::super::conversation::{Conversation, Format, Media, MediaKind, Source, Tool, ToolChoice};
use super::super::json::{Json, Object};
use super::super::messages::{Style, messages};
use super::super::{Client, thinking};
use crate::envelope::Invalid;

/// The body of a chat completion.
pub(in super::super) fn write(
    conversation: &Conversation<'_>,
    client: &Client,
    model: &str,
) -> Result<Vec<u8>, Invalid> {
    let sampling = &conversation.sampling;
    let most = if wants_completion_tokens(model) { "max_completion_tokens" } else { "max_tokens" };
    let is_vendors = conversation.is_vendors;
    let style = Style { is_native: false, lists: false, is_vendors };
    let stop: Vec<Json<'_>> = sampling.stop.iter().map(Into::into).collect();
    let mut body = Object::new()
        .with("model", model)
        .with("messages", messages(conversation, client, style)?)
        .with_any("tools", conversation.tools.iter().map(|tool| function_tool(tool).into()).collect())
        .with_some("tool_choice", conversation.tool_choice.as_ref().map(tool_choice))
        .with_some("parallel_tool_calls", conversation.parallel_tool_calls)
        .with_some("response_format", conversation.format.as_ref().map(response_format))
        .with_some("temperature", sampling.temperature)
        .with_some("top_p", sampling.top_p)
        .with_some(most, sampling.max_tokens)
        .with_any("stop", stop)
        .with_some("seed", sampling.seed)
        .with_some("n", sampling.answers)
        .with_some("presence_penalty", sampling.presence_penalty)
        .with_some("frequency_penalty", sampling.frequency_penalty)
        .with_some("logprobs", sampling.logprobs)
        .with_some("top_logprobs", sampling.top_logprobs)
        .with_some("user", conversation.user.as_ref());
    if let Some(thinking) = &conversation.thinking {
        if is_vendors {
            body = body
                .with_some("enable_thinking", thinking.is_on)
                .with_some("thinking_budget", thinking.budget);
        } else {
            body = body.with_some("reasoning_effort", thinking::effort(thinking));
        }
    }
    if is_vendors {
        body = body
            .with_some("top_k", sampling.top_k)
            .with_some("repetition_penalty", sampling.repetition_penalty)
            .with_some("enable_search", conversation.search.is_on)
            .with_some("search_options", conversation.search.options);
    }
    if conversation.stream {
        // The meter needs it, whoever asked.
        body = body.with("stream", true).with("stream_options", Object::new().with("include_usage", true));
    }
    Ok(body.bytes())
}

/// OpenAI's reasoning models refuse `max_tokens`; most other servers know only that.
fn wants_completion_tokens(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let mut letters = name.chars();
    name.starts_with("gpt-5")
        || (letters.next() == Some('o') && letters.next().is_some_and(|letter| letter.is_ascii_digit()))
}

/// A tool.
pub(in super::super) fn function_tool<'a>(tool: &'a Tool<'_>) -> Object<'a> {
    let function = Object::new()
        .with("name", &tool.name)
        .with_some("description", tool.description.as_ref())
        .with_some("parameters", tool.parameters)
        .with_some("strict", tool.strict);
    Object::new().with("type", "function").with("function", function)
}

/// Which tool.
pub(in super::super) fn tool_choice<'a>(choice: &'a ToolChoice<'_>) -> Json<'a> {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => {
            Object::new().with("type", "function").with("function", Object::new().with("name", name)).into()
        }
    }
}

/// The format of the answer. A schema must have a name.
pub(in super::super) fn response_format<'a>(format: &'a Format<'_>) -> Object<'a> {
    match format {
        Format::Object => Object::new().with("type", "json_object"),
        Format::Schema { name, description, schema, strict } => {
            let schema = Object::new()
                .with("name", name.as_deref().unwrap_or("answer"))
                .with_some("description", description.as_ref())
                .with("schema", *schema)
                .with_some("strict", *strict);
            Object::new().with("type", "json_schema").with("json_schema", schema)
        }
    }
}

/// A call.
pub(in super::super) fn call<'a>(
    id: impl Into<Json<'a>>,
    name: impl Into<Json<'a>>,
    arguments: impl Into<Json<'a>>,
) -> Object<'a> {
    let function = Object::new().with("name", name).with("arguments", arguments);
    Object::new().with("id", id).with("type", "function").with("function", function)
}

/// What OpenAI and, if they are the vendor's words, its compatible API can show.
pub(in super::super) fn media<'a>(media: &'a Media<'_>, is_vendors: bool) -> Option<Object<'a>> {
    match (media.kind, &media.source) {
        (MediaKind::Image, source) => source.url().map(|url| {
            let place = Object::new().with("url", url).with_some("detail", media.detail.as_ref());
            Object::new().with("type", "image_url").with("image_url", place)
        }),
        (MediaKind::Audio, Source::Data { media_type, data }) => {
            let format = media_type.strip_prefix("audio/").unwrap_or("wav");
            let format = if format == "mpeg" { "mp3" } else { format };
            let audio = Object::new().with("data", data).with("format", format);
            Some(Object::new().with("type", "input_audio").with("input_audio", audio))
        }
        (MediaKind::Audio, Source::Url(url)) if is_vendors => {
            let ending = url.rsplit('.').next().filter(|ending| ending.len() <= 4).unwrap_or("wav");
            let audio = Object::new().with("data", url).with("format", ending);
            Some(Object::new().with("type", "input_audio").with("input_audio", audio))
        }
        (MediaKind::Video, Source::Frames(frames)) if is_vendors => {
            Some(Object::new().with("type", "video").with("video", *frames))
        }
        (MediaKind::Video, source) if is_vendors => source.url().map(|url| {
            Object::new().with("type", "video_url").with("video_url", Object::new().with("url", url))
        }),
        (MediaKind::File, source @ Source::Data { .. }) => source.url().map(|data| {
            let name = media.name.as_deref().unwrap_or("file.pdf");
            let file = Object::new().with("filename", name).with("file_data", data);
            Object::new().with("type", "file").with("file", file)
        }),
        _ => None,
    }
}
