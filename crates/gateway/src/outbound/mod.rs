//! Calls to upstreams: whom to dial, the connections that are kept, one request and its answer.

mod address;
mod base_url;
mod body;
mod dial;
mod dialect;
mod document;
mod head;
mod link;
mod probe;
mod target;

pub(crate) use dial::connector;
#[cfg(test)]
pub(crate) use dialect::path;
pub use document::fetch_document;
pub(crate) use head::Head;
pub(crate) use link::{Answering, Failure};
pub use probe::probe;
pub(crate) use target::{Errand, Target, Targets};
