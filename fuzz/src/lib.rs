//! What the fuzz targets do with their bytes.

mod entries;

pub use entries::{condition, pattern, policy, trust};
