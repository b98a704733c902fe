//! See `bailey_fuzz::v1`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::v1(data));
