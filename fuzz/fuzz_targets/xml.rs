//! See `bailey_fuzz::xml`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::xml(data));
