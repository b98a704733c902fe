//! A call whose client speaks another dialect than its upstream: its request, its answer and its errors, converted.

use bailey_domain::model::Dialect;
use bytes::Bytes;
use http::StatusCode;

use crate::call::Ask;
use crate::dialect::{self, Client, Conversion, Facts, Outgoing, Unreadable, Upstream};
use crate::envelope::Invalid;
use crate::meter::Arrival;
use crate::paths::Operation;
use crate::surface::Surface;
use crate::tokens::Tokens;

/// What turns the one dialect into the other, for one call.
#[derive(Debug)]
pub(crate) struct Translation {
    upstream: Dialect,
    client: Client,
    arrival: Arrival,
    operation: Operation,
    model: Box<str>,
    tells_usage: bool,
    is_base64: bool,
}

impl Translation {
    /// `None` where both speak the same, so that every byte passes.
    pub(crate) fn between(ask: &Ask<'_>, arrival: Arrival, upstream: Dialect) -> Option<Self> {
        let surface = arrival.reply.surface;
        // The demo speaks as OpenAI does. OpenAI's responses are answered from chats, which every provider has.
        let same = surface.dialect() == upstream || (surface, upstream) == (Surface::OpenAi, Dialect::Demo);
        if same && ask.operation != Operation::Responses {
            return None;
        }
        let is_multimodal = ask.operation == Operation::MultimodalChat;
        let client = match surface {
            Surface::OpenAi if ask.operation == Operation::Responses => Client::responses(ask.body),
            Surface::OpenAi => Client::OpenAi,
            Surface::DashScope => Client::dash_scope(ask.body, is_multimodal, ask.envelope.stream),
            Surface::Anthropic => Client::Anthropic,
        };
        Some(Self {
            upstream,
            client,
            arrival,
            operation: ask.operation,
            model: (*ask.envelope.model).into(),
            tells_usage: ask.envelope.wants_usage,
            is_base64: ask.operation == Operation::Embedding && dialect::wants_base64(ask.body),
        })
    }

    /// Whether the upstream's dialect has anything like the operation.
    pub(crate) fn is_possible(&self) -> bool {
        match self.operation {
            Operation::Chat | Operation::MultimodalChat | Operation::Responses => true,
            Operation::Embedding => self.upstream != Dialect::Anthropic,
            Operation::MultimodalEmbedding | Operation::Rerank => false,
        }
    }

    /// The request as the upstream takes it.
    pub(crate) fn request(
        &self,
        body: &Bytes,
        model: &str,
        max_output_tokens: Option<u64>,
    ) -> Result<Outgoing, Invalid> {
        let upstream = Upstream { dialect: self.upstream, model, max_output_tokens };
        dialect::request(&self.client, self.operation.needs(), body, &upstream)
    }

    /// The whole answer as the client takes it.
    pub(crate) fn answer(&self, body: &[u8]) -> Result<(Bytes, Tokens), Unreadable> {
        dialect::answer(self.upstream, &self.client, self.operation.needs(), body, &self.facts())
    }

    /// An upstream's error as the client takes it.
    pub(crate) fn error(&self, status: StatusCode, body: &[u8]) -> Vec<u8> {
        let reply = self.arrival.reply;
        dialect::error(self.upstream, status.as_u16(), body).body(reply.surface, reply.id.as_str())
    }

    /// What the events of an answer go through.
    pub(crate) fn stream(self) -> Box<Conversion> {
        Box::new(Conversion::new(self.upstream, self.client.clone(), self.facts()))
    }

    fn facts(&self) -> Facts<'_> {
        Facts {
            request_id: self.arrival.reply.id.as_str(),
            created: u64::try_from(self.arrival.at_ms / 1000).unwrap_or(0),
            model: &self.model,
            tells_usage: self.tells_usage,
            is_base64: self.is_base64,
        }
    }
}
