//! Writing requests.

use super::super::conversation::{Conversation, Media, MediaKind, Message, Part, ToolChoice};
use super::super::json::{Json, Object};
use super::super::messages::{Style, messages};
use super::super::{Client, openai, thinking};
use crate::envelope::Invalid;

/// Whether a call goes to the multimodal path: something is shown, or the model takes no other calls, which its name tells.
pub(in super::super) fn is_multimodal(conversation: &Conversation<'_>, model: &str) -> bool {
    let shows = |part: &Part<'_>| matches!(part, Part::Media(_));
    let shows = |message: &Message<'_>| {
        message.parts.iter().any(|part| match part {
            Part::Result { parts, .. } => parts.iter().any(shows),
            part => shows(part),
        })
    };
    conversation.messages.iter().any(shows) || sees(model)
}

/// Models that the vendor serves on the multimodal path only: those that see or hear, and since 3.5 the ones for everything.
fn sees(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let named = |word: &str| name.split('-').any(|part| part == word);
    let generation = name.strip_prefix("qwen3.").and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
    let is_for_everything = generation.is_some_and(|minor| minor >= 5) && !named("max") && !named("coder");
    ["vl", "omni", "ocr"].into_iter().any(named) || name.starts_with("qvq") || is_for_everything
}

/// The body of a generation.
pub(in super::super) fn write(
    conversation: &Conversation<'_>,
    client: &Client,
    model: &str,
) -> Result<Vec<u8>, Invalid> {
    let sampling = &conversation.sampling;
    let style = Style { is_native: true, lists: is_multimodal(conversation, model), is_vendors: true };
    let stop: Vec<Json<'_>> = sampling.stop.iter().map(Into::into).collect();
    let thinks = conversation.thinking.as_ref();
    let parameters = Object::new()
        .with("result_format", "message")
        .with_some("incremental_output", conversation.stream.then_some(true))
        .with_any("tools", conversation.tools.iter().map(|tool| openai::function_tool(tool).into()).collect())
        .with_some("tool_choice", tool_choice(conversation))
        .with_some("parallel_tool_calls", conversation.parallel_tool_calls)
        .with_some("response_format", conversation.format.as_ref().map(openai::response_format))
        .with_some("temperature", sampling.temperature)
        .with_some("top_p", sampling.top_p)
        .with_some("top_k", sampling.top_k)
        .with_some("max_tokens", sampling.max_tokens)
        .with_any("stop", stop)
        .with_some("seed", sampling.seed)
        .with_some("n", sampling.answers)
        .with_some("presence_penalty", sampling.presence_penalty)
        .with_some("repetition_penalty", sampling.repetition_penalty)
        .with_some("logprobs", sampling.logprobs)
        .with_some("top_logprobs", sampling.top_logprobs)
        .with_some("enable_thinking", thinks.map(thinking::is_on))
        .with_some(
            "thinking_budget",
            thinks.filter(|thinks| thinking::is_on(thinks)).and_then(thinking::budget),
        )
        .with_some("enable_search", conversation.search.is_on)
        .with_some("search_options", conversation.search.options);
    let input = Object::new().with("messages", messages(conversation, client, style)?);
    Ok(Object::new().with("model", model).with("input", input).with("parameters", parameters).bytes())
}

/// Here a model cannot be told to call any tool, but it can be told which, and of one tool that is the same.
fn tool_choice<'a>(conversation: &'a Conversation<'_>) -> Option<Json<'a>> {
    match (&conversation.tool_choice, &*conversation.tools) {
        (Some(ToolChoice::Required), [only]) => {
            let function = Object::new().with("name", &only.name);
            Some(Object::new().with("type", "function").with("function", function).into())
        }
        (choice, _) => choice.as_ref().map(openai::tool_choice),
    }
}

/// What DashScope can show.
pub(in super::super) fn media<'a>(media: &'a Media<'_>) -> Option<Object<'a>> {
    let name = match media.kind {
        MediaKind::Image => "image",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::File => return None,
    };
    let place = match &media.source {
        super::super::conversation::Source::Frames(frames) => Json::Raw(frames),
        source => source.url()?.into(),
    };
    Some(Object::new().with(name, place).with_some("cache_control", media.cache))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_that_see_are_known_by_their_names() {
        for sees_it in [
            "qwen3-vl-plus",
            "qwen-vl-max",
            "qwen2.5-vl-7b-instruct",
            "qwen3-omni-flash",
            "qvq-max",
            "qwen3.5-plus",
            "qwen3.7-plus",
            "org/qwen-vl-ocr",
        ] {
            assert!(sees(sees_it), "{sees_it}");
        }
        for blind in [
            "qwen-plus",
            "qwen3-max",
            "qwen2.5-7b-instruct",
            "qwen3-coder-plus",
            "qwen3.7-max",
            "qwen3.-",
            "deepseek-v3",
        ] {
            assert!(!sees(blind), "{blind}");
        }
    }
}
