//! The question where rooms stand, and its answer (W15).

use super::{
    WireError,
    strict::{self, Integer},
};
use crate::{
    crypto::object::Object,
    model::{Digest, RoomId, limits},
};
use serde::{Deserialize, Serialize};

const OBJECT: &str = "room heads";

/// Where a room stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomHead {
    /// Which room.
    pub room: RoomId,
    /// The index of its next event.
    pub next_index: u64,
    /// The chain head before it.
    pub head: Digest,
}

/// Reads a question: the rooms.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<Vec<RoomId>, WireError> {
    let parsed: RoomHeadsV1 = strict::parse(OBJECT, bytes, limits::QUESTION_BODY_BYTES_MAX)?;
    Ok(parsed.rooms)
}

/// Writes an answer.
#[must_use]
pub fn encode(heads: &[RoomHead]) -> Vec<u8> {
    let head =
        |head: &RoomHead| Object(RoomHeadV1 { room: head.room, next_index: Integer(head.next_index), head: head.head });
    strict::write(&RoomHeadsAnswerV1 { rooms: heads.iter().map(head).collect() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoomHeadsV1 {
    rooms: Vec<RoomId>,
}

#[derive(Serialize)]
struct RoomHeadsAnswerV1 {
    rooms: Vec<Object<RoomHeadV1>>,
}

#[derive(Serialize)]
struct RoomHeadV1 {
    room: RoomId,
    next_index: Integer,
    head: Digest,
}
