//! Whole requests, as official clients write them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod changed;
mod parameters;
mod robustness;
mod signature;
mod signature_v1;
mod signer;
