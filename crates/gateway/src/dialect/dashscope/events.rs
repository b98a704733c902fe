//! Answers as streams.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::json::{Fields, Json, Object, Wrong};
use super::super::kept::Kept;
use super::super::reply::{Piece, Usage};
use super::super::stream::{Calls, Finished, Reading, Writing, choice_number};
use super::super::{Facts, openai};
use super::{Shape, content, usage, usage_of};

/// Reads events of a stream that was asked to be incremental.
#[derive(Debug, Default)]
pub(in super::super) struct EventReader {
    calls: Calls,
    /// Several answers tell each what it used itself.
    outputs: BTreeMap<u32, u64>,
    has_finished: bool,
}

impl Reading for EventReader {
    fn read<'a>(
        &mut self,
        name: &str,
        text: &'a str,
        facts: &Facts<'_>,
        pieces: &mut Vec<Piece<'a>>,
    ) -> Result<(), Wrong> {
        let fields = Fields::read(text).ok_or_else(|| Wrong::new("", "is no JSON object"))?;
        let code = fields.text("code")?.filter(|code| !code.is_empty());
        let Some(output) = fields.object("output")?.filter(|_| name != "error") else {
            if name == "error" || code.is_some() {
                let message = fields.text("message")?.unwrap_or_default();
                pieces.push(Piece::Failed { status: None, code, message });
            }
            return Ok(());
        };
        let choices = output.objects("choices")?;
        let mut last = 0;
        for choice in &choices {
            let number = choice_number(choice)?;
            last = number;
            if let Some(message) = choice.object("message")? {
                let logprobs = choice.raw("logprobs");
                openai::delta_of(&message, number, logprobs, &mut self.calls, facts, pieces)?;
            }
            self.finish(choice, number, pieces)?;
        }
        if choices.is_empty() {
            let text = output.text("text")?.filter(|text| !text.is_empty());
            pieces.extend(text.map(|text| Piece::Text { choice: 0, text, logprobs: None }));
            self.finish(&output, 0, pieces)?;
        }
        if let Some(told) = fields.object("usage")? {
            let told = usage_of(&told);
            self.outputs.insert(last, told.output);
            let output = self.outputs.values().fold(0, |sum: u64, output| sum.saturating_add(*output));
            pieces.push(Piece::Usage(Usage { output, ..told }));
        }
        Ok(())
    }

    fn has_finished(&self) -> bool {
        self.has_finished
    }
}

impl EventReader {
    fn finish(&mut self, of: &Fields<'_>, choice: u32, pieces: &mut Vec<Piece<'_>>) -> Result<(), Wrong> {
        if let Some(finish) = of.text("finish_reason")?.and_then(|word| openai::finish_of(&word)) {
            self.has_finished = true;
            pieces.push(Piece::Finish { choice, finish, stopped_by: None });
        }
        Ok(())
    }
}

/// Writes events.
#[derive(Debug)]
pub(in super::super) struct EventWriter {
    shape: Shape,
    /// What was said, for a client that wants all of it in every event.
    kept: Kept,
    /// Choices that said something since the last event.
    moved: Vec<u32>,
    finished: Finished,
    told: Usage,
    events: u64,
}

impl EventWriter {
    pub(in super::super) fn new(shape: Shape) -> Self {
        Self {
            shape,
            kept: Kept::default(),
            moved: Vec::new(),
            finished: Finished::default(),
            told: Usage::default(),
            events: 0,
        }
    }

    fn event(&mut self, choice: u32, message: Said<'_>, finish: &str, facts: &Facts<'_>, out: &mut Vec<u8>) {
        let output = if self.shape.is_text {
            Object::new().with("text", message.text).with("finish_reason", finish)
        } else {
            let said = Object::new()
                .with("role", "assistant")
                .with("content", content(message.text, self.shape))
                .with_some("reasoning_content", Some(message.thought).filter(|thought| !thought.is_empty()))
                .with_some(
                    "reasoning_signature",
                    Some(message.signature).filter(|signature| !signature.is_empty()),
                )
                .with_any("tool_calls", message.calls);
            let choice = Object::new()
                .with("index", choice)
                .with("message", said)
                .with("finish_reason", finish)
                .with_some("logprobs", message.logprobs);
            Object::new().with("choices", vec![choice.into()])
        };
        let body = Object::new()
            .with("output", output)
            .with("usage", usage(self.told))
            .with("request_id", facts.request_id);
        self.events += 1;
        out.extend_from_slice(
            format!("id:{}\nevent:result\n:HTTP_STATUS/200\ndata:", self.events).as_bytes(),
        );
        body.write_line(out);
        out.extend_from_slice(b"\n\n");
    }

    /// All that a choice has said.
    fn whole(&mut self, choice: u32, finish: &str, facts: &Facts<'_>, out: &mut Vec<u8>) {
        let kept = std::mem::take(&mut self.kept);
        if let Some(all) = kept.of(choice) {
            let calls = all.calls.iter().enumerate().map(|(index, kept)| {
                call(index, Json::from(&kept.id), Json::from(&kept.name), Json::from(&kept.arguments))
            });
            let said = Said {
                text: &all.text,
                thought: &all.thought,
                signature: &all.signature,
                calls: calls.collect(),
                logprobs: None,
            };
            self.event(choice, said, finish, facts, out);
        } else {
            self.event(choice, Said::default(), finish, facts, out);
        }
        self.kept = kept;
    }
}

/// What one event says.
#[derive(Default)]
struct Said<'a> {
    text: &'a str,
    thought: &'a str,
    signature: &'a str,
    calls: Vec<Json<'a>>,
    logprobs: Option<&'a RawValue>,
}

fn call<'a>(index: usize, id: Json<'a>, name: Json<'a>, arguments: Json<'a>) -> Json<'a> {
    let function = Object::new().with("name", name).with("arguments", arguments);
    Object::new()
        .with("index", index)
        .with("id", id)
        .with("type", "function")
        .with("function", function)
        .into()
}

impl Writing for EventWriter {
    fn write(&mut self, piece: &Piece<'_>, facts: &Facts<'_>, out: &mut Vec<u8>) -> Result<(), Wrong> {
        if !self.shape.is_incremental {
            self.kept.add(piece)?;
        }
        let said = match piece {
            Piece::Text { text, logprobs, .. } => Said { text, logprobs: *logprobs, ..Said::default() },
            Piece::Thought { text, .. } => Said { thought: text, ..Said::default() },
            Piece::Signature { text, .. } => Said { signature: text, ..Said::default() },
            Piece::Call { call: index, id, name, .. } => {
                let calls = vec![call(*index as usize, id.into(), name.into(), "".into())];
                Said { calls, ..Said::default() }
            }
            Piece::Arguments { call: index, text, .. } => {
                let calls = vec![call(*index as usize, "".into(), "".into(), text.into())];
                Said { calls, ..Said::default() }
            }
            Piece::Finish { choice, finish, .. } => {
                self.finished.note(*choice, *finish, None);
                return Ok(());
            }
            Piece::Usage(told) => {
                self.told = *told;
                return Ok(());
            }
            Piece::Failed { .. } => return Ok(()),
        };
        // A text alone shows neither thoughts nor calls.
        if self.shape.is_text && !matches!(piece, Piece::Text { .. }) {
            return Ok(());
        }
        let choice = piece.choice();
        if self.shape.is_incremental {
            self.event(choice, said, "null", facts, out);
        } else if !self.moved.contains(&choice) {
            self.moved.push(choice);
        }
        Ok(())
    }

    /// Everything so far is said once for all pieces that came together, or a long answer in small pieces would grow with
    /// their number.
    fn flush(&mut self, facts: &Facts<'_>, out: &mut Vec<u8>) {
        for choice in std::mem::take(&mut self.moved) {
            self.whole(choice, "null", facts, out);
        }
    }

    fn finish(&mut self, told: Usage, facts: &Facts<'_>, out: &mut Vec<u8>) {
        self.told = told;
        self.moved.clear();
        for (choice, finish, _) in self.finished.take() {
            let word = openai::finish_word(finish);
            if self.shape.is_incremental {
                self.event(choice, Said::default(), word, facts, out);
            } else {
                self.whole(choice, word, facts, out);
            }
        }
    }

    fn events(&self) -> u64 {
        self.events
    }
}
