//! The harness tested as its users use it: a real cluster, a real process, real connections.

// `cfg(test)` lets the helpers beside the tests unwrap too (`allow-unwrap-in-tests` in clippy.toml looks for it).
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod process;
#[cfg(test)]
mod upstream;
