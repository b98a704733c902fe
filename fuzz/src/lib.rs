//! What the fuzz targets do with their bytes.

mod authorization;
mod entries;
#[path = "../../crates/acs/tests/it/signer.rs"]
#[expect(dead_code, reason = "the tests of the wire use the rest")]
mod signer;
#[path = "../../crates/acs/tests/it/well_formed.rs"]
mod well_formed;
mod wire;

pub use authorization::authorization;
pub use bailey_gateway::fuzzing::{dialect, sse};
pub use entries::{condition, pattern, policy, trust};
pub use wire::{acs3, form, v1, xml};
