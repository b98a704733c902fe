//! An answer that comes as a stream, from one dialect to another while it arrives.

use bytes::Bytes;

use super::errors;
use super::json::{Fields, Object, Wrong};
use super::reply::{Finish, Piece, Usage};
use super::sse::{Event, Events};
use super::{Client, Facts, OwnFacts, Unreadable};
use crate::surface::Fault;
use crate::tokens::Tokens;

/// Most answers, and most calls of one, that a stream may hold.
const MOST: usize = 128;

/// Reads the events of one dialect. An event may be in several pieces.
pub(super) trait Reading {
    fn read<'a>(
        &mut self,
        name: &str,
        text: &'a str,
        facts: &Facts<'_>,
        pieces: &mut Vec<Piece<'a>>,
    ) -> Result<(), Wrong>;

    /// Whether the answer is complete as far as it came.
    fn has_finished(&self) -> bool;
}

/// Writes the events of one dialect.
pub(super) trait Writing {
    fn write(&mut self, piece: &Piece<'_>, facts: &Facts<'_>, out: &mut Vec<u8>) -> Result<(), Wrong>;

    /// All pieces that came together are written.
    fn flush(&mut self, _: &Facts<'_>, _: &mut Vec<u8>) {}

    /// The answer is complete and used so much.
    fn finish(&mut self, told: Usage, facts: &Facts<'_>, out: &mut Vec<u8>);

    /// Events that the writer numbers are told how many there were.
    fn events(&self) -> u64 {
        0
    }
}

/// An event without a name.
pub(super) fn data(object: &Object<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    object.write_line(out);
    out.extend_from_slice(b"\n\n");
}

/// An event with a name.
pub(super) fn named(name: &str, object: &Object<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
    data(object, out);
}

/// The number of a choice.
pub(super) fn choice_number(choice: &Fields<'_>) -> Result<u32, Wrong> {
    let number = choice.whole("index")?.unwrap_or(0);
    u32::try_from(number)
        .ok()
        .filter(|&number| (number as usize) < MOST)
        .ok_or_else(|| Wrong::new("index", "is too large"))
}

/// Which calls of which choices have begun.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Call>);

#[derive(Debug)]
struct Call {
    choice: u32,
    index: u64,
    number: u32,
    id: Box<str>,
}

impl Calls {
    /// The number of a call, and whether it has just begun. Some servers number all calls 0 and tell them apart by id.
    pub(super) fn number(&mut self, choice: u32, index: u64, id: Option<&str>) -> Result<(u32, bool), Wrong> {
        let begun = self.0.iter().rfind(|call| call.choice == choice && call.index == index);
        if let Some(call) = begun.filter(|call| id.is_none_or(|id| id == &*call.id || call.id.is_empty())) {
            return Ok((call.number, false));
        }
        let number = self.0.iter().filter(|call| call.choice == choice).count();
        let Some(number) = u32::try_from(number).ok().filter(|_| self.0.len() < MOST) else {
            return Err(Wrong::new("tool_calls", "has too many calls"));
        };
        self.0.push(Call { choice, index, number, id: id.unwrap_or_default().into() });
        Ok((number, true))
    }

    /// The number of a call that has begun.
    pub(super) fn known(&self, choice: u32, index: u64) -> Option<u32> {
        let known = self.0.iter().rfind(|call| call.choice == choice && call.index == index);
        known.map(|call| call.number)
    }
}

/// Why each answer of a stream ends, kept until what was used is known too.
#[derive(Debug, Default)]
pub(super) struct Finished(Vec<(u32, Finish, Option<String>)>);

impl Finished {
    pub(super) fn note(&mut self, choice: u32, finish: Finish, stopped_by: Option<&str>) {
        self.0.retain(|(known, ..)| *known != choice);
        self.0.push((choice, finish, stopped_by.map(str::to_owned)));
    }

    pub(super) fn take(&mut self) -> Vec<(u32, Finish, Option<String>)> {
        std::mem::take(&mut self.0)
    }
}

/// The state of one stream.
pub(crate) struct Conversion {
    events: Events,
    reader: Box<dyn Reading>,
    writer: Box<dyn Writing>,
    client: Client,
    facts: OwnFacts,
    usage: Option<Usage>,
    has_failed: bool,
}

impl std::fmt::Debug for Conversion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conversion").field("usage", &self.usage).finish_non_exhaustive()
    }
}

impl Conversion {
    pub(super) fn of(
        reader: Box<dyn Reading>,
        writer: Box<dyn Writing>,
        client: Client,
        facts: OwnFacts,
    ) -> Self {
        Self { events: Events::default(), reader, writer, client, facts, usage: None, has_failed: false }
    }

    /// Takes what came and gives what may pass; empty when that is nothing yet.
    ///
    /// # Errors
    /// The upstream does not speak its dialect. What was given before stands.
    pub(crate) fn pass(&mut self, came: &[u8]) -> Result<Bytes, Unreadable> {
        let mut out = Vec::new();
        let events = self.events.pass(came).map_err(|_| Unreadable::new("an event is too long"))?;
        for event in events {
            self.take(&event, &mut out)?;
        }
        if !self.has_failed {
            self.writer.flush(&self.facts.lent(), &mut out);
        }
        Ok(out.into())
    }

    /// What is left when the stream has ended.
    ///
    /// # Errors
    /// It ended before the answer was complete.
    pub(crate) fn finish(&mut self) -> Result<Bytes, Unreadable> {
        let mut out = Vec::new();
        if let Some(event) = self.events.finish() {
            self.take(&event, &mut out)?;
        }
        if self.has_failed {
            return Ok(out.into());
        }
        if !self.reader.has_finished() {
            return Err(Unreadable::new("the stream ended within the answer"));
        }
        self.writer.finish(self.usage.unwrap_or_default(), &self.facts.lent(), &mut out);
        Ok(out.into())
    }

    fn take(&mut self, event: &Event, out: &mut Vec<u8>) -> Result<(), Unreadable> {
        if self.has_failed {
            return Ok(());
        }
        let facts = self.facts.lent();
        let text = |bytes| str::from_utf8(bytes).map_err(|_| Unreadable::new("an event is not UTF-8"));
        let (name, data) = (text(&event.name)?, text(&event.data)?);
        let mut pieces = Vec::new();
        self.reader.read(name, data, &facts, &mut pieces).map_err(|wrong| Unreadable::in_event(&wrong))?;
        for piece in &pieces {
            match piece {
                Piece::Usage(told) => self.usage = Some(*told),
                Piece::Failed { status, code, message } => {
                    let fault = errors::said(status.or(event.status), code.as_deref(), message);
                    self.writer.flush(&facts, out);
                    let written = self.writer.events();
                    if matches!(self.client, Client::DashScope(_)) {
                        out.extend_from_slice(format!("id:{}\n", written + 1).as_bytes());
                    }
                    out.extend(errors::event(&fault, &self.client, facts.request_id, written));
                    self.has_failed = true;
                    return Ok(());
                }
                _ => {}
            }
            self.writer.write(piece, &facts, out).map_err(|wrong| Unreadable::in_event(&wrong))?;
        }
        Ok(())
    }

    /// What the answer used, as far as it was told.
    pub(crate) fn tokens(&self) -> Option<Tokens> {
        self.usage.map(Usage::tokens)
    }

    /// Whether the upstream gave up with an error, which the client has been told.
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed
    }

    /// An error that the gateway itself ends the stream with, in the client's shape. What passed before ends with an event.
    pub(crate) fn failed(&mut self, fault: &Fault<'_>) -> Bytes {
        self.has_failed = true;
        errors::event(fault, &self.client, self.facts.lent().request_id, self.writer.events()).into()
    }
}

#[cfg(test)]
mod tests {
    use bailey_domain::Reason;
    use bailey_domain::model::Dialect;

    use super::*;
    use crate::surface::{self, fault_of};

    const FACTS: Facts<'_> =
        Facts { request_id: "r", created: 1, model: "m", tells_usage: true, is_base64: false };

    fn openai(client: Client) -> Conversion {
        Conversion::new(Dialect::OpenAi, client, FACTS)
    }

    const TEXT: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";

    #[test]
    fn the_gateways_own_error_follows_what_was_written() {
        let fault = fault_of(surface::Surface::OpenAi, Reason::IpNotAllowed);
        let shape = super::super::Shape {
            is_text: false,
            is_incremental: true,
            is_multimodal: false,
            is_stream: true,
        };
        for (client, expected) in [
            (Client::OpenAi, "data: {\"error\":{"),
            (Client::DashScope(shape), "event:error\nstatus:403\n:HTTP_STATUS/403\ndata:{"),
            (Client::Anthropic, "event: error\ndata: {\"type\":\"error\","),
            (
                Client::responses(b"{}"),
                "event: error\ndata: {\"type\":\"error\",\"code\":\"access_denied\",\"message\":\"Access denied.\",\"param\":null,\"sequence_number\":5}\n\n",
            ),
        ] {
            let mut conversion = openai(client);
            assert!(!conversion.pass(TEXT).unwrap().is_empty());
            let said = String::from_utf8(conversion.failed(&fault).to_vec()).unwrap();
            assert!(said.starts_with(expected) && said.ends_with("}\n\n"), "{said}");
            assert!(conversion.pass(TEXT).unwrap().is_empty(), "nothing follows");
            assert!(conversion.finish().unwrap().is_empty());
        }
    }

    #[test]
    fn a_stream_that_ends_early_is_no_answer() {
        for from in [Dialect::OpenAi, Dialect::DashScope, Dialect::Anthropic] {
            let mut conversion = Conversion::new(from, Client::Anthropic, FACTS);
            assert!(conversion.finish().is_err());
        }
        let mut conversion = openai(Client::Anthropic);
        conversion.pass(TEXT).unwrap();
        assert!(conversion.finish().is_err());
        assert_eq!(conversion.tokens(), None);
    }

    #[test]
    fn a_call_is_a_reason_to_end() {
        let call = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}}]},\"finish_reason\":\"stop\"}]}\n\n";
        let mut conversion = openai(Client::Anthropic);
        conversion.pass(call.as_bytes()).unwrap();
        let end = String::from_utf8(conversion.finish().unwrap().to_vec()).unwrap();
        assert!(end.contains("\"stop_reason\":\"tool_use\""), "{end}");
        let whole = br#"{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"["}}]},"finish_reason":"stop"}]}"#;
        let does = bailey_domain::model::Capability::Chat;
        let (given, _) =
            super::super::answer(Dialect::OpenAi, &Client::Anthropic, does, whole, &FACTS).unwrap();
        let given = String::from_utf8(given.to_vec()).unwrap();
        assert!(given.contains("\"stop_reason\":\"tool_use\""), "{given}");
        assert!(given.contains("\"input\":{\"_raw\":\"[\"}"), "{given}");
    }

    #[test]
    fn what_breaks_the_dialect_or_its_bounds_is_unreadable() {
        let many: String = (0..200)
            .map(|index| {
                format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":{index},\"id\":\"c{index}\",\"function\":{{\"name\":\"f\"}}}}]}}}}]}}\n\n")
            })
            .collect();
        let interleaved = "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\"}},{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"f\"}},{\"index\":0,\"function\":{\"arguments\":\"x\"}}]}}]}\n\n";
        for (stream, why) in [
            (many.as_str(), "too many calls"),
            (interleaved, "after another began"),
            ("data: {\"choices\":[{\"index\":128}]}\n\n", "too large"),
            ("data: nothing\n\n", "no JSON object"),
            ("data: {\"choices\":7}\n\n", "must be an array"),
        ] {
            let error = openai(Client::Anthropic).pass(stream.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
        let error = openai(Client::OpenAi).pass(&vec![b'x'; 2 * 1024 * 1024]).unwrap_err();
        assert_eq!(error.to_string(), "an event is too long");
        // A server that numbers all calls alike is read by their ids.
        let alike = interleaved.replace("\"index\":1", "\"index\":0").replace(
            "{\"index\":0,\"function\":{\"arguments\":\"x\"}}",
            "{\"index\":0,\"id\":\"b\",\"function\":{\"arguments\":\"x\"}}",
        );
        let given = openai(Client::OpenAi).pass(alike.as_bytes()).unwrap();
        let given = String::from_utf8(given.to_vec()).unwrap();
        assert!(given.contains("{\"index\":1,\"function\":{\"arguments\":\"x\"}}"), "{given}");
    }
}
