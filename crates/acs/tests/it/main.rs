//! Whole requests, as official clients write them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod parameters;
mod signature;
mod signer;
