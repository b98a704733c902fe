//! See `bailey_fuzz::form`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::form(data));
