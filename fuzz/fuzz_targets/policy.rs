//! See `bailey_fuzz::policy`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::policy(data));
