//! What an upstream's dialect asks of a request beside its body: paths, the carrier of the credential, headers.

use bailey_domain::Secret;
use bailey_domain::model::Dialect;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::paths::Operation;

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const DEFAULT_VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// What a client's header says to the upstream, where both speak the same dialect. Everything else ends at the gateway: its
/// credential, its workspace, and whatever a proxy put in.
const PASSED_ON_DASHSCOPE: [HeaderName; 3] = [
    HeaderName::from_static("x-dashscope-datainspection"),
    HeaderName::from_static("x-dashscope-ossresourceresolve"),
    HeaderName::from_static("x-dashscope-plugin"),
];
const PASSED_ON_ANTHROPIC: [HeaderName; 2] = [ANTHROPIC_VERSION, HeaderName::from_static("anthropic-beta")];

/// Where an operation is under the base URL; `None` where the dialect has none of it.
pub(crate) fn path(dialect: Dialect, operation: Operation) -> Option<&'static str> {
    Some(match (dialect, operation) {
        (Dialect::OpenAi, Operation::Chat) => "/chat/completions",
        (Dialect::OpenAi, Operation::Embedding) => "/embeddings",
        (Dialect::DashScope, Operation::Chat) => "/services/aigc/text-generation/generation",
        (Dialect::DashScope, Operation::MultimodalChat) => "/services/aigc/multimodal-generation/generation",
        (Dialect::DashScope, Operation::Embedding) => "/services/embeddings/text-embedding/text-embedding",
        (Dialect::DashScope, Operation::MultimodalEmbedding) => {
            "/services/embeddings/multimodal-embedding/multimodal-embedding"
        }
        (Dialect::DashScope, Operation::Rerank) => "/services/rerank/text-rerank/text-rerank",
        (Dialect::Anthropic, Operation::Chat) => "/v1/messages",
        _ => return None,
    })
}

/// Where the list of models is under the base URL.
pub(super) fn models_path(dialect: Dialect) -> &'static str {
    if dialect == Dialect::Anthropic { "/v1/models" } else { "/models" }
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
        headers.insert(ANTHROPIC_VERSION, DEFAULT_VERSION);
    }
}

/// Writes what one request says of itself. `client`: the headers of the client, if it speaks the same dialect.
pub(super) fn write_lines(dialect: Dialect, stream: bool, client: Option<&HeaderMap>, head: &mut Vec<u8>) {
    head.extend_from_slice(match dialect {
        Dialect::DashScope if stream => b"accept: text/event-stream\r\nx-dashscope-sse: enable\r\n",
        _ => b"accept: */*\r\n",
    });
    let passed_on: &[HeaderName] = match dialect {
        Dialect::DashScope => &PASSED_ON_DASHSCOPE,
        Dialect::Anthropic => &PASSED_ON_ANTHROPIC,
        Dialect::OpenAi | Dialect::Demo => &[],
    };
    let said = |name: &HeaderName| client.and_then(|client| client.get(name));
    for name in passed_on {
        if let Some(value) = said(name) {
            write_line(name, value, head);
        }
    }
    if dialect == Dialect::Anthropic && said(&ANTHROPIC_VERSION).is_none() {
        write_line(&ANTHROPIC_VERSION, &DEFAULT_VERSION, head);
    }
}

/// Writes one line. A value holds no line end (`http::HeaderValue`).
pub(super) fn write_line(name: &HeaderName, value: &HeaderValue, head: &mut Vec<u8>) {
    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        head.extend_from_slice(part);
    }
}
