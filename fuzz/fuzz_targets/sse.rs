//! See `bailey_gateway::fuzzing::sse`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::sse(data));
