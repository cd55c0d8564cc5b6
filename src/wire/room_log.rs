//! The question for a part of a room's timeline, and its answer (W15).

use super::{
    WireError,
    strict::{self, Integer},
};
use crate::model::{RoomId, limits};
use serde::Deserialize;
use std::io::Write as _;

const OBJECT: &str = "room log";

/// Which events are asked for: `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomLog {
    /// Which room.
    pub room: RoomId,
    /// The first index.
    pub from: u64,
    /// One past the last.
    pub to: u64,
}

/// Reads a question.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<RoomLog, WireError> {
    let parsed: RoomLogV1 = strict::parse(OBJECT, bytes, limits::QUESTION_BODY_BYTES_MAX)?;
    Ok(RoomLog { room: parsed.room, from: parsed.from.0, to: parsed.to.0 })
}

/// Writes an answer: events as their bytes, from an index on.
pub fn encode<'a>(room: RoomId, from: u64, events: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * 1024);
    write!(bytes, "{{\"room\":\"{room}\",\"from\":{from},\"events\":[").expect("writing to memory");
    for (place, event) in events.enumerate() {
        if place > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(event);
    }
    bytes.extend_from_slice(b"]}");
    bytes
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomLogV1 {
    room: RoomId,
    from: Integer,
    to: Integer,
}
