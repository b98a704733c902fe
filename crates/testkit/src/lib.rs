//! What the tests of every crate share. Development only: no shipped crate depends on it (`cargo xtask tidy` checks).
//!
//! - [`PostgresCluster`]: a throw-away PostgreSQL on a Unix socket in a temporary directory.
//! - `Upstream`: an OpenAI-compatible model server that says exactly what a test scripts (feature `upstream`, on by default).
//! - [`Launch`] and [`Server`]: the `bailey` binary as a child process that cannot outlive the test.
//! - [`Nginx`]: a real reverse proxy.
//! - [`TemporaryDirectory`]: a directory that goes when its owner goes.
//!
//! Whatever this crate starts ends with the process that started it, also when that process is killed.

mod nginx;
mod postgres;
mod process;
mod spawn;
mod temporary;
#[cfg(feature = "upstream")]
mod upstream;

pub use nginx::{Nginx, free_address, program};
pub use postgres::{Durability, PostgresCluster, SHARED_CLUSTER_VARIABLE};
pub use process::{Addresses, Launch, Server};
pub use temporary::TemporaryDirectory;
#[cfg(feature = "upstream")]
pub use upstream::{Answer, HeldStream, Recorded, Upstream};
