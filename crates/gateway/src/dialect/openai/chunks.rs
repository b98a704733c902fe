//! Answers as streams.

use super::super::json::{Fields, Json, Object, Wrong};
use super::super::reply::{Finish, Piece, Usage};
use super::super::stream::{Calls, Reading, Writing, data};
use super::super::{Facts, call_id};
use super::{finish_of, finish_word, text_of, usage, usage_of};

/// Reads chunks.
#[derive(Debug, Default)]
pub(in super::super) struct ChunkReader {
    calls: Calls,
    has_finished: bool,
}

impl Reading for ChunkReader {
    fn read<'a>(
        &mut self,
        _: &str,
        text: &'a str,
        facts: &Facts<'_>,
        pieces: &mut Vec<Piece<'a>>,
    ) -> Result<(), Wrong> {
        if text.starts_with("[DONE]") {
            self.has_finished = true;
            return Ok(());
        }
        let fields = Fields::read(text).ok_or_else(|| Wrong::new("", "is no JSON object"))?;
        if let Some(error) = fields.object("error")? {
            let message = error.text("message")?.unwrap_or_default();
            pieces.push(Piece::Failed { status: None, code: error.text("code").ok().flatten(), message });
            return Ok(());
        }
        for choice in fields.objects("choices")? {
            let number = super::super::stream::choice_number(&choice)?;
            let logprobs = choice.raw("logprobs");
            if let Some(delta) = choice.object("delta")? {
                delta_of(&delta, number, logprobs, &mut self.calls, facts, pieces)?;
            }
            if let Some(finish) = choice.text("finish_reason")?.and_then(|word| finish_of(&word)) {
                self.has_finished = true;
                pieces.push(Piece::Finish { choice: number, finish, stopped_by: None });
            }
        }
        if let Some(told) = fields.object("usage")? {
            pieces.push(Piece::Usage(usage_of(&told)));
        }
        Ok(())
    }

    fn has_finished(&self) -> bool {
        self.has_finished
    }
}

/// What a message of a chunk adds. DashScope's incremental ones are the same.
pub(in super::super) fn delta_of<'a>(
    delta: &Fields<'a>,
    choice: u32,
    logprobs: Option<&'a serde_json::value::RawValue>,
    calls: &mut Calls,
    facts: &Facts<'_>,
    pieces: &mut Vec<Piece<'a>>,
) -> Result<(), Wrong> {
    // `reasoning` is how vLLM and others call it.
    let thought = delta.text("reasoning_content")?.or(delta.text("reasoning")?);
    if let Some(text) = thought.filter(|text| !text.is_empty()) {
        pieces.push(Piece::Thought { choice, text });
    }
    if let Some(text) = delta.text("reasoning_signature")? {
        pieces.push(Piece::Signature { choice, text });
    }
    let text = text_of(delta)?.filter(|text| !text.is_empty());
    let text = text.or(delta.text("refusal")?.filter(|text| !text.is_empty()));
    if let Some(text) = text {
        pieces.push(Piece::Text { choice, text, logprobs });
    }
    for (place, call) in delta.objects("tool_calls")?.iter().enumerate() {
        let index = call.whole("index")?.unwrap_or(place as u64);
        let id = call.text("id")?.filter(|id| !id.is_empty());
        let function = call.object("function")?;
        let (number, is_new) = calls.number(choice, index, id.as_deref())?;
        if is_new {
            let name =
                function.as_ref().map_or(Ok(None), |function| function.text("name"))?.unwrap_or_default();
            let id = id.unwrap_or_else(|| call_id(facts, number as usize).into());
            pieces.push(Piece::Call { choice, call: number, id, name });
        }
        let arguments = function.as_ref().map_or(Ok(None), |function| function.text("arguments"))?;
        if let Some(text) = arguments.filter(|text| !text.is_empty()) {
            pieces.push(Piece::Arguments { choice, call: number, text });
        }
    }
    Ok(())
}

/// Writes chunks.
#[derive(Debug, Default)]
pub(in super::super) struct ChunkWriter {
    /// Choices that have begun.
    begun: Vec<u32>,
}

impl ChunkWriter {
    fn chunk(facts: &Facts<'_>, choices: Vec<Json<'_>>, told: Option<Usage>, out: &mut Vec<u8>) {
        let chunk = Object::new()
            .with("id", format!("chatcmpl-{}", facts.request_id))
            .with("object", "chat.completion.chunk")
            .with("created", facts.created)
            .with("model", facts.model)
            .with("choices", choices)
            .with_some("usage", told.map(usage));
        data(&chunk, out);
    }

    fn delta(
        &mut self,
        facts: &Facts<'_>,
        choice: u32,
        delta: Object<'_>,
        (logprobs, finish): (Json<'_>, Option<Finish>),
        out: &mut Vec<u8>,
    ) {
        let written = |delta: Object<'_>, logprobs, finish: Option<Finish>, out: &mut Vec<u8>| {
            let choice = Object::new()
                .with("index", choice)
                .with("delta", delta)
                .with("logprobs", logprobs)
                .with("finish_reason", finish.map_or(Json::Null, |finish| finish_word(finish).into()));
            Self::chunk(facts, vec![choice.into()], None, out);
        };
        if !self.begun.contains(&choice) {
            self.begun.push(choice);
            written(Object::new().with("role", "assistant").with("content", ""), Json::Null, None, out);
        }
        written(delta, logprobs, finish, out);
    }
}

impl Writing for ChunkWriter {
    fn write(&mut self, piece: &Piece<'_>, facts: &Facts<'_>, out: &mut Vec<u8>) -> Result<(), Wrong> {
        let (choice, delta, end) = match piece {
            Piece::Text { choice, text, logprobs } => {
                (choice, Object::new().with("content", text), (logprobs.map_or(Json::Null, Json::Raw), None))
            }
            Piece::Thought { choice, text } => {
                (choice, Object::new().with("reasoning_content", text), (Json::Null, None))
            }
            Piece::Signature { choice, text } => {
                (choice, Object::new().with("reasoning_signature", text), (Json::Null, None))
            }
            Piece::Call { choice, call, id, name } => {
                let function = Object::new().with("name", name).with("arguments", "");
                let begun = Object::new()
                    .with("index", *call)
                    .with("id", id)
                    .with("type", "function")
                    .with("function", function);
                (choice, Object::new().with("tool_calls", vec![begun.into()]), (Json::Null, None))
            }
            Piece::Arguments { choice, call, text } => {
                let more = Object::new()
                    .with("index", *call)
                    .with("function", Object::new().with("arguments", text));
                (choice, Object::new().with("tool_calls", vec![more.into()]), (Json::Null, None))
            }
            Piece::Finish { choice, finish, .. } => (choice, Object::new(), (Json::Null, Some(*finish))),
            Piece::Usage(_) | Piece::Failed { .. } => return Ok(()),
        };
        self.delta(facts, *choice, delta, end, out);
        Ok(())
    }

    fn finish(&mut self, told: Usage, facts: &Facts<'_>, out: &mut Vec<u8>) {
        if facts.tells_usage {
            Self::chunk(facts, Vec::new(), Some(told), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}
