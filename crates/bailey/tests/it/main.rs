//! The built binary as a whole: who may do what, what a revocation promises, what a crash leaves, what one account
//! sees of another.

// `cfg(test)` lets the helpers beside the tests unwrap too (`allow-unwrap-in-tests` in clippy.toml looks for it).
#[cfg(test)]
mod access;
#[cfg(test)]
mod authzen;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod forward;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod revocation;
mod starting;
#[cfg(test)]
mod transport;
#[cfg(test)]
mod upstreams;
#[cfg(test)]
mod what_if;
#[cfg(test)]
mod world;
