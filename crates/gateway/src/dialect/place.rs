//! Where a call goes, and what its answer says that is not known there.

use bailey_domain::model::Dialect;
use bytes::Bytes;

use crate::paths::Operation;

/// Where a call goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upstream<'a> {
    /// What is spoken there.
    pub(crate) dialect: Dialect,
    /// What the model is called there.
    pub(crate) model: &'a str,
    /// The most that the catalogue says the model answers, for a dialect that must be told a number.
    pub(crate) max_output_tokens: Option<u64>,
}

/// A request for an upstream.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) body: Bytes,
    pub(crate) operation: Operation,
    /// DashScope is told by a header (`X-DashScope-SSE: enable`), the others by the body.
    pub(crate) is_stream: bool,
}

/// What an answer says that the upstream does not know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// Our id of the call.
    pub(crate) request_id: &'a str,
    /// Seconds since 1970.
    pub(crate) created: u64,
    /// The model as it was called.
    pub(crate) model: &'a str,
    /// Whether the client asked for the usage of an OpenAI stream.
    pub(crate) tells_usage: bool,
    /// Whether the client asked for vectors in base64 ([`super::wants_base64`]).
    pub(crate) is_base64: bool,
}

/// The same, owned by a stream.
#[derive(Debug)]
pub(super) struct OwnFacts {
    request_id: Box<str>,
    created: u64,
    model: Box<str>,
    tells_usage: bool,
}

impl OwnFacts {
    pub(super) fn lent(&self) -> Facts<'_> {
        Facts {
            request_id: &self.request_id,
            created: self.created,
            model: &self.model,
            tells_usage: self.tells_usage,
            is_base64: false,
        }
    }
}

impl From<Facts<'_>> for OwnFacts {
    fn from(facts: Facts<'_>) -> Self {
        Self {
            request_id: facts.request_id.into(),
            created: facts.created,
            model: facts.model.into(),
            tells_usage: facts.tells_usage,
        }
    }
}
