//! The data plane of bailey: model calls in the wire formats of OpenAI, Model Studio and Anthropic, admitted, forwarded,
//! metered and cut.
//!
//! ```text
//! request ─ paths ─ credential ─ envelope ─ Directory::admit ─ route ─┬─ outbound (upstreams) ─┐
//!                   surface: the shape of every answer                └─ demo (no network) ────┴─ stream ─ client
//! ```
//! One [`Gateway`] is shared by all threads; each thread has its own [`Worker`] with its own connections to
//! upstreams, so that threads share nothing while they serve but the directory. What was used and what was refused
//! leaves through a bounded channel of [`Record`]s that is never waited for.
//!
//! The rules of who may call what are `bailey_domain`'s; this crate turns bytes into questions and answers into bytes.

mod answer;
mod call;
mod credential;
mod demo;
mod dialect;
mod envelope;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gateway;
mod meter;
mod models;
mod named_workspace;
mod outbound;
mod pass;
mod paths;
mod query;
mod quotas;
mod records;
mod request_ids;
mod route;
mod stream;
mod surface;
mod temporary_keys;
mod tokens;
mod translation;
mod watch;
mod worker;

pub use gateway::{Gateway, Limits, Parts};
pub use named_workspace::Domain;
pub use outbound::{fetch_document, probe};
pub use records::{Losses, Record, Refused, Usage};
pub use stream::{Stream, StreamError};
pub use worker::{Body, Worker};
