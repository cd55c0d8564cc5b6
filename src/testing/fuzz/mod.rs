//! What the fuzzers of `tests/fuzz` call, each with any bytes: nothing may panic, and nothing may be read in two ways.
//! `tests/corpus.rs` calls the same with what they have found interesting.
//!
//! Inputs begin with a letter that picks the part under test, so that a corpus can be read.

mod http;
mod media;
mod operations;
mod peer;
mod rows;
mod text;
mod wire;
mod world;

pub use http::http;
pub use media::media;
pub use operations::operations;
pub use peer::peer;
pub use rows::rows;
pub use text::text;
pub use wire::wire;

/// Separates the parts of an input that has several.
const SEPARATOR: u8 = 0x1e;

fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    bytes.split(|byte| *byte == SEPARATOR).filter_map(|segment| segment.split_first()).map(|(pick, rest)| (*pick, rest))
}

/// Panics when an answer of a listener says that the daemon failed. What is busy (503) or full (507) says so.
fn assert_no_fault(answer: &[u8]) {
    let faults: [&[u8]; 5] = [
        b"HTTP/1.1 500 Internal Server Error\r\n",
        b"HTTP/1.1 501 Not Implemented\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\n",
        b"HTTP/1.1 504 Gateway Timeout\r\n",
        b"HTTP/1.1 508 Loop Detected\r\n",
    ];
    let text = || String::from_utf8_lossy(answer);
    assert!(!faults.iter().any(|fault| answer.windows(fault.len()).any(|part| part == *fault)), "{}", text());
}
