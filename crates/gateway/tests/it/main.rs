//! The gateway behind a real listener, with a real directory, real clients and fake upstreams.

#[cfg(test)]
#[expect(unreachable_pub, reason = "the fuzz targets are another crate")]
#[path = "../../../../fuzz/src/authorization.rs"]
mod authorization;
// `cfg(test)` lets the helpers beside the tests unwrap too (`allow-unwrap-in-tests` in clippy.toml looks for it).
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod client;
#[cfg(test)]
mod converting;
#[cfg(test)]
mod crude;
#[cfg(test)]
mod cutting;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod exactness;
#[cfg(test)]
mod fuzzed;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod malformed;
#[cfg(test)]
mod metering;
#[cfg(test)]
mod outbound;
#[cfg(test)]
mod passing;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod surfaces;
#[cfg(test)]
mod temporary_keys;
#[cfg(test)]
mod world;
