//! The things, the rules and the in-memory state of bailey.
//!
//! Nothing here does I/O, is asynchronous, reads a clock or draws randomness: time and random bytes are
//! arguments. The permission table is [`operations`], the value that proves a permission is [`Permit`], and
//! the state that every decision is made from is the [`directory`].

pub mod access;
pub mod budget;
pub mod change;
pub mod clock;
pub mod decision;
pub mod directory;
pub mod error;
pub mod id;
pub mod key_auth;
pub mod limit;
pub mod login;
pub mod model;
pub mod name;
pub mod network_policy;
pub mod operations;
pub mod page;
pub mod permit;
pub mod reason;
pub mod role;
pub mod rules;
pub mod scope;
pub mod seal;
pub mod secret;
pub mod service_credential;
pub mod settings;
pub mod tag;
pub mod temporary_key;
pub mod tokens;
pub mod totp;
pub mod upstream;

pub use access::{Caller, Principal};
pub use change::Change;
pub use clock::{Clock, Entropy};
pub use decision::{Decision, Outcome};
pub use directory::Directory;
pub use error::Error;
pub use id::{
    AccessKeyId, AccountId, ApiKeyId, GroupId, RequestId, ServiceCredentialId, SessionId, UserId, WorkspaceId,
};
pub use page::{Page, Pages};
pub use permit::Permit;
pub use reason::Reason;
pub use secret::Secret;
