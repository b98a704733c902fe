//! Answers as streams.

use super::super::Facts;
use super::super::json::{Fields, Json, Object, Wrong};
use super::super::reply::{Piece, Usage};
use super::super::stream::{Calls, Finished, Reading, Writing, named};
use super::{Told, finish_of, finish_word, usage};

/// Reads events.
#[derive(Debug, Default)]
pub(in super::super) struct EventReader {
    calls: Calls,
    told: Told,
    has_finished: bool,
}

impl Reading for EventReader {
    fn read<'a>(
        &mut self,
        _: &str,
        text: &'a str,
        _: &Facts<'_>,
        pieces: &mut Vec<Piece<'a>>,
    ) -> Result<(), Wrong> {
        let fields = Fields::read(text).ok_or_else(|| Wrong::new("", "is no JSON object"))?;
        match &*fields.needed_text("type")? {
            "message_start" => {
                let message = fields.object("message")?;
                self.tell(message.and_then(|message| message.object("usage").ok().flatten()), pieces);
            }
            "content_block_start" => self.begin(&fields, pieces)?,
            "content_block_delta" => self.delta(&fields, pieces)?,
            "message_delta" => {
                self.tell(fields.object("usage")?, pieces);
                let delta = fields.object("delta")?.ok_or_else(|| Wrong::new("delta", "is missing"))?;
                if let Some(word) = delta.text("stop_reason")? {
                    self.has_finished = true;
                    let (finish, stopped_by) = (finish_of(&word), delta.text("stop_sequence")?);
                    pieces.push(Piece::Finish { choice: 0, finish, stopped_by });
                }
            }
            "message_stop" => self.has_finished = true,
            "error" => {
                let error = fields.object("error")?.ok_or_else(|| Wrong::new("error", "is missing"))?;
                let message = error.text("message")?.unwrap_or_default();
                pieces.push(Piece::Failed { status: None, code: error.text("type")?, message });
            }
            // `ping`, the ends of blocks, and what will be invented.
            _ => {}
        }
        Ok(())
    }

    fn has_finished(&self) -> bool {
        self.has_finished
    }
}

impl EventReader {
    fn tell(&mut self, told: Option<Fields<'_>>, pieces: &mut Vec<Piece<'_>>) {
        if let Some(told) = told {
            self.told.add(&told);
            pieces.push(Piece::Usage(self.told.usage()));
        }
    }

    fn begin<'a>(&mut self, fields: &Fields<'a>, pieces: &mut Vec<Piece<'a>>) -> Result<(), Wrong> {
        let block = fields.object("content_block")?;
        let block = block.ok_or_else(|| Wrong::new("content_block", "is missing"))?;
        match &*block.needed_text("type")? {
            "tool_use" => {
                let id = block.needed_text("id")?;
                let (call, _) = self.calls.number(0, index(fields)?, Some(&id))?;
                pieces.push(Piece::Call { choice: 0, call, id, name: block.needed_text("name")? });
            }
            // Some servers begin a block with its first words.
            "text" => {
                let text = block.text("text")?.filter(|text| !text.is_empty());
                pieces.extend(text.map(|text| Piece::Text { choice: 0, text, logprobs: None }));
            }
            "thinking" => {
                let text = block.text("thinking")?.filter(|text| !text.is_empty());
                pieces.extend(text.map(|text| Piece::Thought { choice: 0, text }));
            }
            _ => {}
        }
        Ok(())
    }

    fn delta<'a>(&mut self, fields: &Fields<'a>, pieces: &mut Vec<Piece<'a>>) -> Result<(), Wrong> {
        let delta = fields.object("delta")?.ok_or_else(|| Wrong::new("delta", "is missing"))?;
        match &*delta.needed_text("type")? {
            "text_delta" => {
                let text = delta.needed_text("text")?;
                pieces.push(Piece::Text { choice: 0, text, logprobs: None });
            }
            "thinking_delta" => {
                pieces.push(Piece::Thought { choice: 0, text: delta.needed_text("thinking")? });
            }
            "signature_delta" => {
                pieces.push(Piece::Signature { choice: 0, text: delta.needed_text("signature")? });
            }
            "input_json_delta" => {
                // Of the provider's own tools too, which began no call.
                if let Some(call) = self.calls.known(0, index(fields)?) {
                    let text = delta.text("partial_json")?.filter(|text| !text.is_empty());
                    pieces.extend(text.map(|text| Piece::Arguments { choice: 0, call, text }));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn index(fields: &Fields<'_>) -> Result<u64, Wrong> {
    fields.whole("index")?.ok_or_else(|| Wrong::new("index", "is missing"))
}

/// Writes events.
#[derive(Debug, Default)]
pub(in super::super) struct EventWriter {
    has_begun: bool,
    /// The block that is open.
    open: Option<Block>,
    blocks: u32,
    has_calls: bool,
    finished: Finished,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    Text,
    Thought,
    Call(u32),
}

impl EventWriter {
    fn start(&mut self, facts: &Facts<'_>, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        // What was used is known at the end.
        let message = Object::new()
            .with("id", format!("msg_{}", facts.request_id))
            .with("type", "message")
            .with("role", "assistant")
            .with("model", facts.model)
            .with("content", Vec::new())
            .with("stop_reason", Json::Null)
            .with("stop_sequence", Json::Null)
            .with("usage", usage(Usage::default()));
        event("message_start", |event| event.with("message", message), out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            event("content_block_stop", |event| event.with("index", self.blocks), out);
            self.blocks += 1;
        }
    }

    fn open(&mut self, block: Block, content: Object<'_>, out: &mut Vec<u8>) {
        if self.open == Some(block) {
            return;
        }
        self.close(out);
        self.open = Some(block);
        let index = self.blocks;
        event("content_block_start", |event| event.with("index", index).with("content_block", content), out);
    }

    fn delta(&self, delta: Object<'_>, out: &mut Vec<u8>) {
        event("content_block_delta", |event| event.with("index", self.blocks).with("delta", delta), out);
    }
}

fn event<'a>(name: &'static str, with: impl FnOnce(Object<'a>) -> Object<'a>, out: &mut Vec<u8>) {
    named(name, &with(Object::new().with("type", name)), out);
}

impl Writing for EventWriter {
    fn write(&mut self, piece: &Piece<'_>, facts: &Facts<'_>, out: &mut Vec<u8>) -> Result<(), Wrong> {
        match piece {
            Piece::Text { choice: 0, text, .. } => {
                self.start(facts, out);
                self.open(Block::Text, Object::new().with("type", "text").with("text", ""), out);
                self.delta(Object::new().with("type", "text_delta").with("text", text), out);
            }
            Piece::Thought { choice: 0, text } => {
                self.start(facts, out);
                let thinking =
                    Object::new().with("type", "thinking").with("thinking", "").with("signature", "");
                self.open(Block::Thought, thinking, out);
                self.delta(Object::new().with("type", "thinking_delta").with("thinking", text), out);
            }
            Piece::Signature { choice: 0, text } if self.open == Some(Block::Thought) => {
                self.delta(Object::new().with("type", "signature_delta").with("signature", text), out);
            }
            Piece::Call { choice: 0, call, id, name } => {
                self.start(facts, out);
                self.has_calls = true;
                let block = Object::new().with("type", "tool_use").with("id", id).with("name", name);
                self.open(Block::Call(*call), block.with("input", Object::new()), out);
            }
            Piece::Arguments { choice: 0, call, text } => {
                if self.open != Some(Block::Call(*call)) {
                    return Err(Wrong::new("tool_calls", "goes on with a call after another began"));
                }
                self.delta(Object::new().with("type", "input_json_delta").with("partial_json", text), out);
            }
            Piece::Finish { choice: 0, finish, stopped_by } => {
                self.finished.note(0, *finish, stopped_by.as_deref());
            }
            // Other choices were not asked for, and the rest is for others to write.
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, told: Usage, facts: &Facts<'_>, out: &mut Vec<u8>) {
        self.start(facts, out);
        self.close(out);
        let (_, finish, stopped_by) = self.finished.take().pop().unwrap_or_default();
        let stopped_by = stopped_by.as_deref();
        let delta = Object::new()
            .with("stop_reason", finish_word(finish.of_calls(self.has_calls), stopped_by))
            .with("stop_sequence", stopped_by.map_or(Json::Null, Json::from));
        event("message_delta", |event| event.with("delta", delta).with("usage", usage(told)), out);
        event("message_stop", |event| event, out);
    }
}
