//! The question for a piece of a file (W19); the answer is its bytes.

use super::{
    WireError,
    strict::{self, Integer},
};
use crate::model::{Digest, RoomId, limits};
use serde::{Deserialize, Serialize};

const OBJECT: &str = "piece of a file";

/// Asks for up to [`limits::FILE_CHUNK_BYTES`] of a file, from a place on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// A room in which an event names the file.
    pub room: RoomId,
    /// The file.
    pub digest: Digest,
    /// Where the piece begins, bytes.
    pub from: u64,
}

/// Reads a question.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<Piece, WireError> {
    let PieceV1 { room, digest, from } = strict::parse(OBJECT, bytes, limits::QUESTION_BODY_BYTES_MAX)?;
    Ok(Piece { room, digest, from: from.0 })
}

/// Writes a question.
#[must_use]
pub fn encode(piece: Piece) -> Vec<u8> {
    strict::write(&PieceV1 { room: piece.room, digest: piece.digest, from: Integer(piece.from) })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PieceV1 {
    room: RoomId,
    digest: Digest,
    from: Integer,
}
