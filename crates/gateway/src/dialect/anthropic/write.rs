//! Writing requests.

use super::super::conversation::{
    Arguments, Conversation, Format, Media, MediaKind, Message, Part, Role, Source, Tool, ToolChoice,
};
use super::super::json::{self, Json, Object};
use super::super::{Client, Upstream, thinking};
use crate::envelope::Invalid;

/// Anthropic wants a number always; this is where the catalogue has none.
const MAX_TOKENS: u64 = 4096;
/// The others go to 2.
const HOTTEST: f64 = 1.0;

/// The body of a message.
pub(in super::super) fn write(
    conversation: &Conversation<'_>,
    client: &Client,
    upstream: &Upstream<'_>,
) -> Result<Vec<u8>, Invalid> {
    unsaid(conversation, client)?;
    let sampling = &conversation.sampling;
    let max_tokens = sampling.max_tokens.or(upstream.max_output_tokens).unwrap_or(MAX_TOKENS).max(1);
    let budget = budget(conversation, max_tokens);
    let system = system(conversation);
    let stop: Vec<Json<'_>> = sampling.stop.iter().map(Into::into).collect();
    let schema = match &conversation.format {
        Some(Format::Schema { schema, .. }) => {
            let format = Object::new().with("type", "json_schema").with("schema", *schema);
            Some(Object::new().with("format", format))
        }
        Some(Format::Object) | None => None,
    };
    let thinks = match budget {
        Some(tokens) => Some(Object::new().with("type", "enabled").with("budget_tokens", tokens)),
        None if conversation.thinking.as_ref().is_some_and(|thinking| thinking.is_on == Some(false)) => {
            Some(Object::new().with("type", "disabled"))
        }
        None => None,
    };
    // Thinking excludes both.
    let temperature = sampling.temperature.filter(|_| budget.is_none());
    let temperature = temperature.map(|number| match number.value() {
        value if value > HOTTEST => Json::Whole(1),
        _ => number.into(),
    });
    Ok(Object::new()
        .with("model", upstream.model)
        .with("max_tokens", max_tokens)
        .with_any("system", system)
        .with("messages", messages(conversation, client)?)
        .with_any("tools", conversation.tools.iter().map(|tool| written_tool(tool).into()).collect())
        .with_some("tool_choice", tool_choice(conversation))
        .with_some("output_config", schema)
        .with_some("thinking", thinks)
        .with_some("temperature", temperature)
        .with_some("top_p", sampling.top_p.filter(|_| budget.is_none()))
        .with_some("top_k", sampling.top_k.filter(|_| budget.is_none()))
        .with_any("stop_sequences", stop)
        .with_some("metadata", conversation.user.as_ref().map(|user| Object::new().with("user_id", user)))
        .with_some("stream", conversation.stream.then_some(true))
        .bytes())
}

/// What Anthropic cannot say and what would change the answer.
fn unsaid(conversation: &Conversation<'_>, client: &Client) -> Result<(), Invalid> {
    let refuse = |field, why| Err(Invalid::field(field, why));
    if conversation.sampling.answers.is_some_and(|answers| answers != 1) {
        return refuse("n", "must be 1: the model's provider gives one answer");
    }
    if conversation.sampling.logprobs == Some(true)
        || conversation.sampling.top_logprobs.is_some_and(|most| most > 0)
    {
        let field = if conversation.sampling.logprobs.is_some() { "logprobs" } else { "top_logprobs" };
        return refuse(field, "cannot be told by the model's provider");
    }
    if matches!(conversation.format, Some(Format::Object)) {
        let why = "cannot be `json_object` with the model's provider; send a `json_schema`";
        return refuse(client.format_field(), why);
    }
    if conversation.search.is_on == Some(true) {
        return refuse("enable_search", "cannot be done by the model's provider");
    }
    Ok(())
}

/// Tokens for thinking. They are part of `max_tokens`, and no tool can be forced meanwhile.
fn budget(conversation: &Conversation<'_>, max_tokens: u64) -> Option<u64> {
    let thinking = conversation.thinking.as_ref().filter(|thinking| thinking::is_on(thinking))?;
    if matches!(conversation.tool_choice, Some(ToolChoice::Required | ToolChoice::Named(_))) {
        return None;
    }
    if calls_without_thought(conversation) {
        return None;
    }
    let wanted = thinking::budget(thinking).unwrap_or(u64::MAX).max(thinking::LEAST_BUDGET);
    // Half is left for the answer where the client named no number.
    let most = if thinking.budget.is_some() { max_tokens - 1 } else { max_tokens / 2 };
    Some(wanted.min(most)).filter(|&tokens| tokens >= thinking::LEAST_BUDGET)
}

/// A turn that called tools goes on with thinking only if it began with thoughts, which clients of other dialects may have lost.
fn calls_without_thought(conversation: &Conversation<'_>) -> bool {
    let turn = conversation.messages.iter().rev().take_while(|message| message.role != Role::User);
    turn.filter(|message| message.role == Role::Assistant).any(|message| {
        let calls = message.parts.iter().any(|part| matches!(part, Part::Call { .. }));
        let thought = |part: &Part<'_>| matches!(part, Part::Thought { signature: Some(_), .. });
        calls && !message.parts.iter().any(thought)
    })
}

fn system<'a>(conversation: &'a Conversation<'_>) -> Vec<Json<'a>> {
    let messages = conversation.messages.iter().filter(|message| message.role == Role::System);
    messages.flat_map(|message| &message.parts).filter_map(text_block).collect()
}

/// Empty texts are refused there.
fn text_block<'a>(part: &'a Part<'_>) -> Option<Json<'a>> {
    let Part::Text { text, cache } = part else { return None };
    let block = Object::new().with("type", "text").with("text", text).with_some("cache_control", *cache);
    (!text.is_empty()).then_some(block.into())
}

/// Results of tools and what the user says after them are one message; nobody speaks twice in a row.
fn messages<'a>(conversation: &'a Conversation<'_>, client: &Client) -> Result<Vec<Json<'a>>, Invalid> {
    let mut turns: Vec<(&'static str, Vec<Json<'a>>)> = Vec::new();
    for message in conversation.messages.iter().filter(|message| message.role != Role::System) {
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let blocks = blocks(message, client)?;
        match turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    if turns.is_empty() {
        return Err(Invalid::field(client.messages_field(), "must hold a message of the user"));
    }
    let turns = turns.into_iter().filter(|(_, blocks)| !blocks.is_empty());
    Ok(turns.map(|(role, blocks)| Object::new().with("role", role).with("content", blocks).into()).collect())
}

fn blocks<'a>(message: &'a Message<'_>, client: &Client) -> Result<Vec<Json<'a>>, Invalid> {
    let mut blocks = Vec::with_capacity(message.parts.len());
    for part in &message.parts {
        match part {
            Part::Text { .. } => blocks.extend(text_block(part)),
            Part::Media(media) => blocks.push(media_block(media, client)?),
            Part::Call { id, name, arguments } => {
                let block = Object::new().with("type", "tool_use").with("id", id).with("name", name);
                blocks.push(block.with("input", input(arguments)).into());
            }
            Part::Result { id, parts, is_error, cache } => {
                let mut content = Vec::with_capacity(parts.len());
                for part in parts {
                    match part {
                        Part::Media(media) => content.push(media_block(media, client)?),
                        part => content.extend(text_block(part)),
                    }
                }
                let block = Object::new()
                    .with("type", "tool_result")
                    .with("tool_use_id", id)
                    .with_any("content", content)
                    .with_some("is_error", is_error.then_some(true))
                    .with_some("cache_control", *cache);
                blocks.push(block.into());
            }
            // Thoughts without the signature of their model are refused there.
            Part::Thought { text, signature: Some(signature) } => {
                let block = Object::new().with("type", "thinking").with("thinking", text);
                blocks.push(block.with("signature", signature).into());
            }
            Part::Thought { signature: None, .. } => {}
        }
    }
    Ok(blocks)
}

/// Arguments must be an object there. Models do write others, and then the text is the one field of it.
pub(super) fn input<'a>(arguments: &'a Arguments<'_>) -> Json<'a> {
    match arguments {
        Arguments::Object(raw) => Json::Raw(raw),
        Arguments::Text(text) => input_text(text),
    }
}

/// The same of a text.
pub(super) fn input_text(text: &str) -> Json<'_> {
    match json::object_text(text) {
        Some(raw) => Json::Raw(raw),
        None if text.trim().is_empty() => Object::new().into(),
        None => Object::new().with("_raw", text).into(),
    }
}

fn media_block<'a>(media: &'a Media<'_>, client: &Client) -> Result<Json<'a>, Invalid> {
    let source = match &media.source {
        Source::Url(url) => Object::new().with("type", "url").with("url", url),
        Source::Data { media_type, data } => {
            Object::new().with("type", "base64").with("media_type", media_type).with("data", data)
        }
        Source::Frames(_) => return Err(client.cannot_show(media)),
    };
    let kind = match media.kind {
        MediaKind::Image => "image",
        MediaKind::File => "document",
        MediaKind::Audio | MediaKind::Video => return Err(client.cannot_show(media)),
    };
    let block = Object::new().with("type", kind).with("source", source);
    let title = media.name.as_ref().filter(|_| media.kind == MediaKind::File);
    Ok(block.with_some("title", title).with_some("cache_control", media.cache).into())
}

fn written_tool<'a>(tool: &'a Tool<'_>) -> Object<'a> {
    let nothing = || Object::new().with("type", "object").with("properties", Object::new());
    let schema = tool.parameters.map_or_else(|| Json::Object(nothing()), Json::Raw);
    Object::new()
        .with("name", &tool.name)
        .with_some("description", tool.description.as_ref())
        .with("input_schema", schema)
        .with_some("strict", tool.strict)
        .with_some("cache_control", tool.cache)
}

fn tool_choice<'a>(conversation: &'a Conversation<'_>) -> Option<Object<'a>> {
    let is_single = (conversation.parallel_tool_calls == Some(false)).then_some(true);
    let choice = match &conversation.tool_choice {
        // Without tools there is nothing to choose.
        _ if conversation.tools.is_empty() => return None,
        None => is_single.map(|_| Object::new().with("type", "auto"))?,
        Some(ToolChoice::Auto) => Object::new().with("type", "auto"),
        Some(ToolChoice::None) => return Some(Object::new().with("type", "none")),
        Some(ToolChoice::Required) => Object::new().with("type", "any"),
        Some(ToolChoice::Named(name)) => Object::new().with("type", "tool").with("name", name),
    };
    Some(choice.with_some("disable_parallel_tool_use", is_single))
}
