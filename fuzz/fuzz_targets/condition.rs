//! See `bailey_fuzz::condition`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bailey_fuzz::condition(data));
