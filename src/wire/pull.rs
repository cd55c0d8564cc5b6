//! The question for records of one stream, as an envelope (W10, W15): `pull` asks for the answerer's own, `kept` for the
//! asker's, which the answerer has kept.

use super::{
    WireError,
    strict::{self, Integer, ensure},
};
use crate::model::limits;
use serde::{Deserialize, Serialize};

const OBJECT: &str = "pull";

/// Which records are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pull {
    /// The number of the stream's epoch.
    pub epoch_n: u64,
    /// The first record.
    pub from_seq: u64,
}

/// Writes a question.
#[must_use]
pub fn encode(pull: Pull) -> Vec<u8> {
    strict::write(&PullV1 { epoch_n: Integer(pull.epoch_n), from_seq: Integer(pull.from_seq) })
}

/// Reads a question.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<Pull, WireError> {
    let parsed: PullV1 = strict::parse(OBJECT, bytes, limits::QUESTION_BODY_BYTES_MAX)?;
    ensure(parsed.from_seq.0 >= 1, OBJECT, "from_seq", "starts at 1")?;
    Ok(Pull { epoch_n: parsed.epoch_n.0, from_seq: parsed.from_seq.0 })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PullV1 {
    epoch_n: Integer,
    from_seq: Integer,
}
