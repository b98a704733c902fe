//! See `bailey_gateway::fuzzing::dialect`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::dialect(data));
