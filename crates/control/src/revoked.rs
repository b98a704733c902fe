//! What a revoking operation answers: the promise that it has been kept.

use bailey_store::Committed;
use serde::Serialize;

/// The answer of an operation that takes rights away. When it is given, no node accepts what was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Revoked {
    /// The revision that took them away.
    pub revision: u64,
    /// Live API keys that died.
    pub invalidated_api_keys: u64,
    /// Calls in flight that were cut.
    pub closed_streams: u64,
    /// Nodes that serve.
    pub nodes: u32,
    /// Nodes that have applied the revision.
    pub confirmed_nodes: u32,
    /// How long the caller waited for them, in milliseconds.
    pub waited_ms: i64,
}

impl Revoked {
    /// This release runs on one node, which has applied the revision when its commit returns.
    pub(crate) fn of(committed: Committed, invalidated_api_keys: u64, waited_ms: i64) -> Self {
        Self {
            revision: committed.revision,
            invalidated_api_keys,
            closed_streams: committed.applied.cut,
            nodes: 1,
            confirmed_nodes: 1,
            waited_ms,
        }
    }
}
