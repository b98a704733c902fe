//! What an upstream's dialect asks of a request beside its body: paths, the carrier of the credential, headers.

use bailey_domain::Secret;
use bailey_domain::model::Dialect;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::paths::Operation;

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const SSE: HeaderName = HeaderName::from_static("x-dashscope-sse");

/// What a client's header says to the upstream, where both speak the same dialect. Everything else ends at the gateway: its
/// credential, its workspace, and whatever a proxy put in.
const PASSED_ON_DASHSCOPE: [HeaderName; 3] = [
    HeaderName::from_static("x-dashscope-datainspection"),
    HeaderName::from_static("x-dashscope-ossresourceresolve"),
    HeaderName::from_static("x-dashscope-plugin"),
];
const PASSED_ON_ANTHROPIC: [HeaderName; 2] = [ANTHROPIC_VERSION, HeaderName::from_static("anthropic-beta")];

/// Where an operation is under the base URL; `None` where the dialect has none of it.
pub(super) fn path(dialect: Dialect, operation: Operation) -> Option<&'static str> {
    Some(match (dialect, operation) {
        (Dialect::OpenAi, Operation::Chat | Operation::MultimodalChat) => "/chat/completions",
        (Dialect::OpenAi, Operation::Embedding) => "/embeddings",
        (Dialect::DashScope, Operation::Chat) => "/services/aigc/text-generation/generation",
        (Dialect::DashScope, Operation::MultimodalChat) => "/services/aigc/multimodal-generation/generation",
        (Dialect::DashScope, Operation::Embedding) => "/services/embeddings/text-embedding/text-embedding",
        (Dialect::DashScope, Operation::MultimodalEmbedding) => {
            "/services/embeddings/multimodal-embedding/multimodal-embedding"
        }
        (Dialect::DashScope, Operation::Rerank) => "/services/rerank/text-rerank/text-rerank",
        (Dialect::Anthropic, Operation::Chat | Operation::MultimodalChat) => "/messages",
        _ => return None,
    })
}

/// The header that carries the credential. `None` where no header can hold it.
pub(super) fn credential(dialect: Dialect, secret: &Secret<String>) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = match dialect {
        Dialect::Anthropic => (HeaderName::from_static("x-api-key"), HeaderValue::from_str(secret.reveal())),
        _ => {
            let value = Secret::new(format!("Bearer {}", secret.reveal()));
            (AUTHORIZATION, HeaderValue::from_str(value.reveal()))
        }
    };
    let mut value = value.ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

/// What every request of the dialect says.
pub(super) fn constant_headers(dialect: Dialect, headers: &mut HeaderMap) {
    if dialect == Dialect::Anthropic {
        headers.insert(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"));
    }
}

/// What one request says of itself. `client`: the headers of the client, if it speaks the same dialect.
pub(super) fn headers_of_call(
    dialect: Dialect,
    stream: bool,
    client: Option<&HeaderMap>,
    headers: &mut HeaderMap,
) {
    if dialect == Dialect::DashScope && stream {
        headers.insert(SSE, HeaderValue::from_static("enable"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    }
    let passed_on: &[HeaderName] = match dialect {
        Dialect::DashScope => &PASSED_ON_DASHSCOPE,
        Dialect::Anthropic => &PASSED_ON_ANTHROPIC,
        Dialect::OpenAi | Dialect::Demo => &[],
    };
    for name in passed_on {
        if let Some(value) = client.and_then(|client| client.get(name)) {
            headers.insert(name, value.clone());
        }
    }
}
