//! Whole answers.

use super::super::Facts;
use super::super::json::{Fields, Json, Object, Wrong};
use super::super::reply::{Choice, Reply, Said};
use super::write::input_text;
use super::{Told, finish_of, finish_word, usage};

/// Reads an answer.
pub(in super::super) fn read<'a>(fields: &Fields<'a>) -> Result<Reply<'a>, Wrong> {
    let mut said = Vec::new();
    for block in fields.objects("content")? {
        match &*block.needed_text("type")? {
            "text" => said.push(Said::Text(block.needed_text("text")?)),
            "thinking" => {
                let signature = block.text("signature")?.filter(|signature| !signature.is_empty());
                said.push(Said::Thought { text: block.needed_text("thinking")?, signature });
            }
            "tool_use" => said.push(Said::Call {
                id: block.needed_text("id")?,
                name: block.needed_text("name")?,
                arguments: block.raw("input").map_or("{}", |input| input.get()).into(),
            }),
            // What no other dialect has: results of the provider's own tools, and thoughts that nobody can read.
            _ => {}
        }
    }
    let finish = fields.text("stop_reason")?.map(|word| finish_of(&word));
    let finish = finish.ok_or_else(|| Wrong::new("stop_reason", "is missing"))?;
    let mut told = Told::default();
    if let Some(usage) = fields.object("usage")? {
        told.add(&usage);
    }
    let choice = Choice { said, finish, stopped_by: fields.text("stop_sequence")?, logprobs: None };
    Ok(Reply { choices: vec![choice], usage: told.usage() })
}

/// Writes an answer. There is only one choice, since more are not asked for.
pub(in super::super) fn write(reply: &Reply<'_>, facts: &Facts<'_>) -> Vec<u8> {
    let none = Choice::default();
    let choice = reply.choices.first().unwrap_or(&none);
    let stopped_by = choice.stopped_by.as_deref();
    let has_calls = choice.said.iter().any(|said| matches!(said, Said::Call { .. }));
    Object::new()
        .with("id", format!("msg_{}", facts.request_id))
        .with("type", "message")
        .with("role", "assistant")
        .with("model", facts.model)
        .with("content", choice.said.iter().map(block).collect::<Vec<_>>())
        .with("stop_reason", finish_word(choice.finish.of_calls(has_calls), stopped_by))
        .with("stop_sequence", stopped_by.map_or(Json::Null, Json::from))
        .with("usage", usage(reply.usage))
        .bytes()
}

fn block<'a>(said: &'a Said<'_>) -> Json<'a> {
    match said {
        Said::Text(text) => Object::new().with("type", "text").with("text", text),
        Said::Thought { text, signature } => Object::new()
            .with("type", "thinking")
            .with("thinking", text)
            .with("signature", signature.as_deref().unwrap_or_default()),
        Said::Call { id, name, arguments } => Object::new()
            .with("type", "tool_use")
            .with("id", id)
            .with("name", name)
            .with("input", input_text(arguments)),
    }
    .into()
}
