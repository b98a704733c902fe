//! See `bailey_fuzz::pattern`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::pattern(data));
