//! Whole requests, as official clients write them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod changed;
mod fuzzed;
mod parameters;
mod robustness;
mod signature;
mod signature_v1;
mod signer;
mod well_formed;
#[expect(unreachable_pub, reason = "the fuzz targets are another crate")]
#[path = "../../../../fuzz/src/wire.rs"]
mod wire;
