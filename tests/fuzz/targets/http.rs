//! Feeds libFuzzer's bytes to `testing::fuzz::http`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(handclasp::testing::fuzz::http(bytes)));
