//! Whole answers.

use super::super::json::{Fields, Json, Object, Wrong};
use super::super::reply::{Choice, Reply, Said};
use super::super::{Facts, call_id};
use super::{call, finish_of, finish_word, text_of, usage, usage_of};

/// Reads an answer.
pub(in super::super) fn read<'a>(fields: &Fields<'a>, facts: &Facts<'_>) -> Result<Reply<'a>, Wrong> {
    let choices = fields.objects("choices")?;
    if choices.is_empty() {
        return Err(Wrong::new("choices", "is empty"));
    }
    let choices = choices.iter().map(|choice| choice_of(choice, facts)).collect::<Result<_, _>>()?;
    let usage = fields.object("usage")?.map(|usage| usage_of(&usage)).unwrap_or_default();
    Ok(Reply { choices, usage })
}

/// A choice with its `message`; DashScope's are the same but for texts that are lists.
pub(in super::super) fn choice_of<'a>(choice: &Fields<'a>, facts: &Facts<'_>) -> Result<Choice<'a>, Wrong> {
    let message = choice.object("message")?.ok_or_else(|| Wrong::new("message", "is missing"))?;
    let mut said = Vec::new();
    if let Some(text) = message.text("reasoning_content")?.filter(|text| !text.is_empty()) {
        said.push(Said::Thought { text, signature: message.text("reasoning_signature")? });
    }
    if let Some(text) = text_of(&message)?.filter(|text| !text.is_empty()) {
        said.push(Said::Text(text));
    }
    if let Some(refusal) = message.text("refusal")?.filter(|text| !text.is_empty()) {
        said.push(Said::Text(refusal));
    }
    for (number, call) in message.objects("tool_calls")?.iter().enumerate() {
        let function = call.object("function")?.ok_or_else(|| Wrong::new("function", "is missing"))?;
        let id = call.text("id")?.filter(|id| !id.is_empty());
        said.push(Said::Call {
            id: id.unwrap_or_else(|| call_id(facts, number).into()),
            name: function.needed_text("name")?,
            arguments: function.text("arguments")?.unwrap_or_default(),
        });
    }
    let finish = choice.text("finish_reason")?.and_then(|word| finish_of(&word)).unwrap_or_default();
    Ok(Choice { said, finish, stopped_by: None, logprobs: choice.raw("logprobs") })
}

/// Writes an answer.
pub(in super::super) fn write(reply: &Reply<'_>, facts: &Facts<'_>) -> Vec<u8> {
    let choices = reply.choices.iter().enumerate().map(|(index, choice)| {
        Object::new()
            .with("index", index)
            .with("message", message(choice, choice.text().map_or(Json::Null, Json::from)))
            .with("logprobs", choice.logprobs.map_or(Json::Null, Json::Raw))
            .with("finish_reason", finish_word(choice.finish))
            .into()
    });
    Object::new()
        .with("id", format!("chatcmpl-{}", facts.request_id))
        .with("object", "chat.completion")
        .with("created", facts.created)
        .with("model", facts.model)
        .with("choices", choices.collect::<Vec<_>>())
        .with("usage", usage(reply.usage))
        .bytes()
}

/// The message of a choice.
pub(in super::super) fn message<'a>(choice: &'a Choice<'_>, content: Json<'a>) -> Object<'a> {
    let calls = choice.said.iter().filter_map(|said| match said {
        Said::Call { id, name, arguments } => Some(call(id, name, arguments).into()),
        _ => None,
    });
    Object::new()
        .with("role", "assistant")
        .with("content", content)
        .with_some("reasoning_content", choice.thought())
        .with_some("reasoning_signature", choice.signature())
        .with_any("tool_calls", calls.collect())
}
