//! Alibaba Cloud wire conventions, for callers that speak them with the official SDKs.
//!
//! - [`credentials`]: which credential a request carries, and whether it is complete and in time.
//! - [`signature`]: the check of `ACS3-HMAC-SHA256` and of `HMAC-SHA1` signatures.
//! - [`nonce`]: each signed request is accepted once.
//! - [`parameters`]: one reader for query, form, JSON and path parameters.
//! - [`answer`]: error bodies in both shapes.
//! - [`xml`]: answers as XML, for clients that ask for it.
//!
//! This crate knows no operation, keeps no keys and does no I/O; time and randomness are arguments.

pub mod answer;
pub mod credentials;
mod encoding;
mod error;
pub mod nonce;
pub mod parameters;
mod secret;
pub mod signature;
pub mod xml;

pub use error::{AuthError, Echo, Place, SecurityTokenFault, ServiceCredentialFault};
pub use secret::Secret;
