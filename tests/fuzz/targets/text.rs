//! Feeds libFuzzer's bytes to `testing::fuzz::text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| handclasp::testing::fuzz::text(bytes));
