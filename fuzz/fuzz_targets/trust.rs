//! See `bailey_fuzz::trust`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::trust(data));
