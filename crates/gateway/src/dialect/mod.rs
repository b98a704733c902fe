//! Conversions between the dialects of model calls, for a call whose client speaks one and whose provider another.
//!
//! ```text
//! client's request ── read ── Conversation ── write ── upstream's request
//! client's answer ─── write ── Reply | Piece… ── read ── upstream's answer, whole | as a stream
//! ```
//! Pure: bytes in, bytes out; ids and times are handed in. Every dialect has a folder with a reader and a writer for each of
//! request, answer and stream, and knows nothing of the others, but that DashScope and OpenAI's responses take the words that they
//! share with OpenAI's chats from there. What passes from where to where is written in `docs/dialects.md`; a field that the other side cannot say is dropped or refused by name, as the table there says.

mod anthropic;
mod client;
mod conversation;
mod dashscope;
mod embeddings;
mod errors;
#[cfg(test)]
mod golden;
mod json;
mod kept;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod laws;
mod messages;
mod openai;
mod place;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod refusals;
mod reply;
mod responses;
mod sse;
mod stream;
mod thinking;
mod written;

use bailey_domain::model::{Capability, Dialect};
use bytes::Bytes;

pub(crate) use self::client::Client;
pub(crate) use self::dashscope::Shape;
use self::json::{Fields, Wrong};
use self::place::OwnFacts;
pub(crate) use self::place::{Facts, Outgoing, Upstream};
pub(crate) use self::stream::Conversion;
use self::stream::{Reading, Writing};
use crate::envelope::Invalid;
use crate::paths::Operation;
use crate::surface::Fault;
use crate::tokens::Tokens;

/// An upstream's answer that is not what its dialect says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(String);

impl Unreadable {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    fn in_event(wrong: &Wrong) -> Self {
        Self(format!("an event {wrong}"))
    }
}

impl std::error::Error for Unreadable {}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The field of a request that was read, or how it is wrong.
fn field<T>(name: &'static str, read: Result<T, Wrong>) -> Result<T, Invalid> {
    read.map_err(|wrong| Invalid::field(name, wrong.why()))
}

/// Refuses fields that no other dialect can say.
fn refused(fields: &Fields<'_>, names: &[&'static str]) -> Result<(), Invalid> {
    match names.iter().find(|name| fields.raw(name).is_some()) {
        Some(name) => Err(Invalid::field(name, "cannot be passed on to the model's provider; leave it out")),
        None => Ok(()),
    }
}

/// An id for a call that its upstream gave none.
fn call_id(facts: &Facts<'_>, number: usize) -> String {
    format!("call_{}_{number}", facts.request_id)
}

fn fields_of(body: &[u8]) -> Option<Fields<'_>> {
    Fields::read(str::from_utf8(body).ok()?)
}

/// Whether a request for embeddings wants its vectors in base64.
pub(crate) fn wants_base64(body: &[u8]) -> bool {
    fields_of(body).is_some_and(|fields| embeddings::wants_base64(&fields))
}

/// Turns a client's request into one for an upstream of another dialect.
///
/// # Errors
/// The field of the client that is wrong, or that the upstream's dialect cannot say.
pub(crate) fn request(
    client: &Client,
    does: Capability,
    body: &[u8],
    upstream: &Upstream<'_>,
) -> Result<Outgoing, Invalid> {
    let no_object = || Invalid { param: None, message: "the body is not a JSON object".to_owned() };
    let fields = fields_of(body).ok_or_else(no_object)?;
    if does == Capability::Embedding {
        let body = embeddings::request(client, &fields, upstream.dialect, upstream.model)?;
        return Ok(Outgoing { body: body.into(), operation: Operation::Embedding, is_stream: false });
    }
    let conversation = match client {
        Client::OpenAi => openai::read(&fields)?,
        Client::Responses(_) => responses::read(&fields)?,
        Client::DashScope(shape) => dashscope::read(&fields, *shape)?,
        Client::Anthropic => anthropic::read(&fields)?,
    };
    if conversation.messages.is_empty() {
        return Err(Invalid::field(client.messages_field(), "is empty; send at least one message"));
    }
    let model = upstream.model;
    let (body, operation) = match upstream.dialect {
        Dialect::OpenAi | Dialect::Demo => (openai::write(&conversation, client, model)?, Operation::Chat),
        Dialect::DashScope => {
            let is_multimodal = dashscope::is_multimodal(&conversation, model);
            let operation = if is_multimodal { Operation::MultimodalChat } else { Operation::Chat };
            (dashscope::write(&conversation, client, model)?, operation)
        }
        Dialect::Anthropic => (anthropic::write(&conversation, client, upstream)?, Operation::Chat),
    };
    Ok(Outgoing { body: body.into(), operation, is_stream: conversation.stream })
}

/// Turns an upstream's whole answer into the client's.
///
/// # Errors
/// The answer is not what its dialect says.
pub(crate) fn answer(
    from: Dialect,
    client: &Client,
    does: Capability,
    body: &[u8],
    facts: &Facts<'_>,
) -> Result<(Bytes, Tokens), Unreadable> {
    let fields = fields_of(body).ok_or_else(|| Unreadable::new("the answer is not a JSON object"))?;
    let unreadable = |wrong: Wrong| Unreadable(format!("the answer {wrong}"));
    if does == Capability::Embedding {
        let (body, usage) = embeddings::answer(from, client, &fields, facts).map_err(unreadable)?;
        return Ok((body.into(), usage.tokens()));
    }
    let reply = match from {
        Dialect::OpenAi | Dialect::Demo => openai::read_answer(&fields, facts),
        Dialect::DashScope => dashscope::read_answer(&fields, facts),
        Dialect::Anthropic => anthropic::read_answer(&fields),
    };
    let reply = reply.map_err(unreadable)?;
    let written = match client {
        Client::OpenAi => openai::write_answer(&reply, facts),
        Client::Responses(echo) => responses::write_answer(&reply, echo, facts),
        Client::DashScope(shape) => dashscope::write_answer(&reply, *shape, facts),
        Client::Anthropic => anthropic::write_answer(&reply, facts),
    };
    Ok((written.into(), reply.usage.tokens()))
}

/// Reads an upstream's error, to be said in the client's words.
pub(crate) fn error(from: Dialect, status: u16, body: &[u8]) -> Fault<'static> {
    errors::read(from, status, body)
}

impl Conversion {
    /// A stream from one dialect to another.
    pub(crate) fn new(from: Dialect, client: Client, facts: Facts<'_>) -> Self {
        let reader: Box<dyn Reading> = match from {
            Dialect::OpenAi | Dialect::Demo => Box::new(openai::ChunkReader::default()),
            Dialect::DashScope => Box::new(dashscope::EventReader::default()),
            Dialect::Anthropic => Box::new(anthropic::EventReader::default()),
        };
        let writer: Box<dyn Writing> = match &client {
            Client::OpenAi => Box::new(openai::ChunkWriter::default()),
            Client::Responses(echo) => Box::new(responses::EventWriter::new(echo.clone())),
            Client::DashScope(shape) => Box::new(dashscope::EventWriter::new(*shape)),
            Client::Anthropic => Box::new(anthropic::EventWriter::default()),
        };
        Self::of(reader, writer, client, facts.into())
    }
}
