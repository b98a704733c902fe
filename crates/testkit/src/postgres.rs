//! A PostgreSQL that exists for one test run: a fresh cluster on a Unix socket in a temporary directory, no TCP.
//!
//! Store tests run on both databases; this is the second one. `cargo xtask ci` starts one cluster for the whole run and passes its address in
//! [`SHARED_CLUSTER_VARIABLE`], because under nextest every test is a process of its own. Without the variable a process starts its own.
//!
//! The server is a child of a small shell that holds the reading end of a pipe. When the writing end closes, by drop or by the death of this
//! process, the shell stops the server and removes the directory. A static is never dropped, so a handle alone would not do.

mod cluster;
mod programs;

pub use cluster::{Durability, PostgresCluster, SHARED_CLUSTER_VARIABLE};
