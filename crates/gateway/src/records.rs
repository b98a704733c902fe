//! What leaves the gateway beside answers: what was used, and what was refused and why.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bailey_domain::access::Principal;
use bailey_domain::{AccountId, ApiKeyId, Decision, WorkspaceId};

/// How many records were not written, for whatever reason. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Losses(Arc<AtomicU64>);

impl Losses {
    /// So many more are lost.
    pub fn add(&self, records: usize) {
        self.0.fetch_add(records as u64, Ordering::Relaxed);
    }

    /// How many are lost so far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Something to be written down. Records are sent without waiting; those that do not fit are counted by
/// [`crate::Gateway::lost`].
#[derive(Clone, Debug)]
pub enum Record {
    /// An admitted call that has ended.
    Usage(Usage),
    /// A refused or cut call.
    Refused(Refused),
}

/// One admitted call, written exactly once, when it has ended in whatever way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The key's account.
    pub account: AccountId,
    /// The key's workspace.
    pub workspace: WorkspaceId,
    /// The key.
    pub key: ApiKeyId,
    /// The key's owner.
    pub owner: Principal,
    /// The model that was asked for.
    pub model: Arc<str>,
    /// When the call came, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The HTTP status of the answer; 499 when the client left before there was one.
    pub status: u16,
    /// Tokens of input, as the upstream counted them.
    pub input_tokens: u64,
    /// Tokens of output, as the upstream counted them.
    pub output_tokens: u64,
    /// What it cost, in micro-units of the account's currency. Where the upstream did not say what was used, it is what
    /// was counted against the limits.
    pub cost: u64,
    /// From the call to its end, in milliseconds.
    pub duration_ms: u64,
    /// From the call to the first byte of the answer, in milliseconds.
    pub first_byte_ms: Option<u64>,
    /// Whether the call ended because its right ended.
    pub cut: bool,
}

/// One refusal, to be explained when somebody asks.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The key's account, when the key is a known one.
    pub account: Option<AccountId>,
    /// The key's workspace.
    pub workspace: Option<WorkspaceId>,
    /// The key.
    pub key: Option<ApiKeyId>,
    /// When the call came, in milliseconds since the epoch.
    pub at_ms: i64,
    /// The decision with its chain.
    pub decision: Decision,
}
