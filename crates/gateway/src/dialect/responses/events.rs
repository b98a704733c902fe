//! Answers as streams. The end says everything again, so what was said is kept.

use std::borrow::Cow;

use super::super::Facts;
use super::super::json::{Object, Wrong};
use super::super::kept::MOST;
use super::super::reply::{Finish, Piece, Said, Usage};
use super::super::stream::{Writing, named};
use super::Echo;
use super::answer::{State, item, item_id, response, status, text_part, thought_part};

/// Writes events.
#[derive(Debug)]
pub(in super::super) struct EventWriter {
    echo: Echo,
    has_begun: bool,
    /// What was said; the last of it is open.
    said: Vec<Said<'static>>,
    /// Which call is open.
    call: Option<u32>,
    length: usize,
    finish: Finish,
    events: u64,
}

impl EventWriter {
    pub(in super::super) fn new(echo: Echo) -> Self {
        Self {
            echo,
            has_begun: false,
            said: Vec::new(),
            call: None,
            length: 0,
            finish: Finish::Stop,
            events: 0,
        }
    }

    fn begin(&mut self, facts: &Facts<'_>, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let echo = self.echo.clone();
        for name in ["response.created", "response.in_progress"] {
            let begun = response(&[], State::Begun, &echo, facts);
            self.event(name, Object::new().with("response", begun), out);
        }
    }

    fn event(&mut self, name: &'static str, rest: Object<'_>, out: &mut Vec<u8>) {
        let event = Object::new().with("type", name).with("sequence_number", self.events);
        named(name, &event.and(rest), out);
        self.events += 1;
    }

    /// An event of the open item.
    fn item_event(&mut self, name: &'static str, rest: Object<'_>, facts: &Facts<'_>, out: &mut Vec<u8>) {
        let Some(said) = self.said.last() else { return };
        let index = self.said.len() - 1;
        let place = Object::new().with("item_id", item_id(said, index, facts)).with("output_index", index);
        self.event(name, place.and(rest), out);
    }

    fn start(&mut self, said: Said<'static>, facts: &Facts<'_>, out: &mut Vec<u8>) -> Result<(), Wrong> {
        self.begin(facts, out);
        self.close("completed", facts, out);
        let index = self.said.len();
        // Parts are added one after the other, so an item begins without.
        let added = Object::new().with("id", item_id(&said, index, facts));
        let (added, part) = match &said {
            Said::Text(_) => (
                added
                    .with("type", "message")
                    .with("status", "in_progress")
                    .with("role", "assistant")
                    .with("content", Vec::new()),
                Some(text_part("")),
            ),
            Said::Thought { .. } => (
                added
                    .with("type", "reasoning")
                    .with("status", "in_progress")
                    .with("summary", Vec::new())
                    .with("content", Vec::new()),
                Some(thought_part("")),
            ),
            call @ Said::Call { .. } => (item(call, index, "in_progress", facts), None),
        };
        let added = Object::new().with("output_index", index).with("item", added);
        self.event("response.output_item.added", added, out);
        self.said.push(said);
        if let Some(part) = part {
            let part = Object::new().with("content_index", 0u64).with("part", part);
            self.item_event("response.content_part.added", part, facts, out);
        }
        self.keep(0)
    }

    /// Ends the open item.
    fn close(&mut self, status: &'static str, facts: &Facts<'_>, out: &mut Vec<u8>) {
        self.call = None;
        let Some(said) = self.said.pop() else { return };
        let index = self.said.len();
        let place =
            || Object::new().with("item_id", item_id(&said, index, facts)).with("output_index", index);
        match &said {
            Said::Text(text) => {
                let done =
                    place().with("content_index", 0u64).with("text", text).with("logprobs", Vec::new());
                self.event("response.output_text.done", done, out);
                let part = place().with("content_index", 0u64).with("part", text_part(text));
                self.event("response.content_part.done", part, out);
            }
            Said::Thought { text, .. } => {
                let done = place().with("content_index", 0u64).with("text", text);
                self.event("response.reasoning_text.done", done, out);
                let part = place().with("content_index", 0u64).with("part", thought_part(text));
                self.event("response.content_part.done", part, out);
            }
            Said::Call { name, arguments, .. } => {
                let done = place().with("name", name).with("arguments", arguments);
                self.event("response.function_call_arguments.done", done, out);
            }
        }
        let done = item(&said, index, status, facts);
        let done = Object::new().with("output_index", index).with("item", done);
        self.event("response.output_item.done", done, out);
        self.said.push(said);
    }

    fn keep(&mut self, more: usize) -> Result<(), Wrong> {
        self.length += more;
        if self.length > MOST { Err(Wrong::new("", "makes the answer too long")) } else { Ok(()) }
    }
}

fn add(to: &mut Cow<'static, str>, text: &str) {
    to.to_mut().push_str(text);
}

impl Writing for EventWriter {
    fn write(&mut self, piece: &Piece<'_>, facts: &Facts<'_>, out: &mut Vec<u8>) -> Result<(), Wrong> {
        match piece {
            Piece::Text { choice: 0, text, .. } => {
                if !matches!(self.said.last(), Some(Said::Text(_))) {
                    self.start(Said::Text("".into()), facts, out)?;
                }
                self.keep(text.len())?;
                if let Some(Said::Text(all)) = self.said.last_mut() {
                    add(all, text);
                }
                let delta = Object::new().with("content_index", 0u64).with("delta", text);
                let delta = delta.with("logprobs", Vec::new());
                self.item_event("response.output_text.delta", delta, facts, out);
            }
            Piece::Thought { choice: 0, text } => {
                if !matches!(self.said.last(), Some(Said::Thought { .. })) {
                    self.start(Said::Thought { text: "".into(), signature: None }, facts, out)?;
                }
                self.keep(text.len())?;
                if let Some(Said::Thought { text: all, .. }) = self.said.last_mut() {
                    add(all, text);
                }
                let delta = Object::new().with("content_index", 0u64).with("delta", text);
                self.item_event("response.reasoning_text.delta", delta, facts, out);
            }
            Piece::Signature { choice: 0, text } => {
                self.keep(text.len())?;
                if let Some(Said::Thought { signature, .. }) = self.said.last_mut() {
                    add(signature.get_or_insert_with(|| "".into()), text);
                }
            }
            Piece::Call { choice: 0, call, id, name } => {
                let (id, name) = (id.clone().into_owned(), name.clone().into_owned());
                let length = id.len() + name.len();
                let said = Said::Call { id: id.into(), name: name.into(), arguments: "".into() };
                self.start(said, facts, out)?;
                self.call = Some(*call);
                self.keep(length)?;
            }
            Piece::Arguments { choice: 0, call, text } => {
                let Some(Said::Call { arguments, .. }) =
                    self.said.last_mut().filter(|_| self.call == Some(*call))
                else {
                    return Err(Wrong::new("tool_calls", "goes on with a call after another began"));
                };
                add(arguments, text);
                self.keep(text.len())?;
                let delta = Object::new().with("delta", text);
                self.item_event("response.function_call_arguments.delta", delta, facts, out);
            }
            Piece::Finish { choice: 0, finish, .. } => self.finish = *finish,
            // Other choices were not asked for, and the rest is for others to write.
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, told: Usage, facts: &Facts<'_>, out: &mut Vec<u8>) {
        self.begin(facts, out);
        self.close(status(self.finish), facts, out);
        let name = match status(self.finish) {
            "incomplete" => "response.incomplete",
            _ => "response.completed",
        };
        let (echo, said) = (self.echo.clone(), std::mem::take(&mut self.said));
        let whole = response(&said, State::Ended(self.finish, told), &echo, facts);
        self.event(name, Object::new().with("response", whole), out);
    }

    fn events(&self) -> u64 {
        self.events
    }
}
