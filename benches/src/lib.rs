//! What the benchmarks share: an installation of a given size, questions about it, the least that could answer them
//! (plain hash maps), other engines, and ways to measure.

pub mod cedar;
pub mod changes;
pub mod connection;
pub mod database;
pub mod edits;
pub mod floor;
pub mod gateway;
pub mod iam;
pub mod measure;
pub mod memory;
pub mod nginx;
pub mod peer;
pub mod policies;
pub mod population;
pub mod questions;
pub mod random;
pub mod rego;
pub mod sides;
pub mod streams;
