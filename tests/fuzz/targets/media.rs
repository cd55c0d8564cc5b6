//! Feeds libFuzzer's bytes to `testing::fuzz::media`. The daemon shields itself from decoders that panic, so a panic alone
//! is no finding here: only one that gets out is.
#![no_main]

use std::{panic, sync::Once};

static QUIET: Once = Once::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    QUIET.call_once(|| panic::set_hook(Box::new(|_| {})));
    handclasp::testing::fuzz::media(bytes);
});
