//! Operations over a database of their own.

// `cfg(test)` lets helpers beside the tests unwrap too (`allow-unwrap-in-tests` in clippy.toml looks for it).
#[cfg(test)]
mod attempts;
#[cfg(test)]
mod callers;
#[cfg(test)]
mod credential_report;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod world;
