//! Feeds libFuzzer's bytes to `testing::fuzz::operations`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| handclasp::testing::fuzz::operations(bytes));
