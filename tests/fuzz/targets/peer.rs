//! Feeds libFuzzer's bytes to `testing::fuzz::peer`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| drop(handclasp::testing::fuzz::peer(bytes)));
