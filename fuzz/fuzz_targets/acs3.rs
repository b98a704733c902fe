//! See `bailey_fuzz::acs3`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::acs3(data));
