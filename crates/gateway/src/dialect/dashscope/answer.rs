//! Whole answers.

use super::super::json::{Fields, Json, Object, Wrong};
use super::super::reply::{Choice, Reply, Said};
use super::super::{Facts, openai};
use super::{Shape, content, usage, usage_of};

/// Reads an answer.
pub(in super::super) fn read<'a>(fields: &Fields<'a>, facts: &Facts<'_>) -> Result<Reply<'a>, Wrong> {
    let output = fields.object("output")?.ok_or_else(|| Wrong::new("output", "is missing"))?;
    let choices = output.objects("choices")?;
    let mut choices: Vec<_> =
        choices.iter().map(|choice| openai::choice_of(choice, facts)).collect::<Result<_, _>>()?;
    if choices.is_empty() {
        let text = output.text("text")?.ok_or_else(|| Wrong::new("choices", "is missing"))?;
        let finish = output.text("finish_reason")?.and_then(|word| openai::finish_of(&word));
        let said = vec![Said::Text(text)];
        choices.push(Choice { said, finish: finish.unwrap_or_default(), stopped_by: None, logprobs: None });
    }
    let usage = fields.object("usage")?.map(|usage| usage_of(&usage)).unwrap_or_default();
    Ok(Reply { choices, usage })
}

/// Writes an answer.
pub(in super::super) fn write(reply: &Reply<'_>, shape: Shape, facts: &Facts<'_>) -> Vec<u8> {
    let texts: Vec<String> = reply.choices.iter().map(|choice| choice.text().unwrap_or_default()).collect();
    let output = if shape.is_text {
        let finish = reply.choices.first().map(|choice| choice.finish).unwrap_or_default();
        Object::new()
            .with("text", texts.first().map_or("", String::as_str))
            .with("finish_reason", openai::finish_word(finish))
    } else {
        let choices = reply.choices.iter().zip(&texts).enumerate().map(|(index, (choice, text))| {
            Object::new()
                .with("index", index)
                .with("message", openai::written_message(choice, content(text, shape)))
                .with("finish_reason", openai::finish_word(choice.finish))
                .with_some("logprobs", choice.logprobs)
                .into()
        });
        Object::new().with("choices", Json::List(choices.collect()))
    };
    Object::new()
        .with("output", output)
        .with("usage", usage(reply.usage))
        .with("request_id", facts.request_id)
        .bytes()
}
