//! The question for records of the answerer's stream (W10, W15). The answer is an envelope.

use super::{
    WireError,
    strict::{self, Integer, ensure},
};
use crate::model::limits;
use serde::Deserialize;

const OBJECT: &str = "pull";

/// Which records are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pull {
    /// The number of the epoch of the answerer's stream.
    pub epoch_n: u64,
    /// The first record.
    pub from_seq: u64,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PullV1 {
    epoch_n: Integer,
    from_seq: Integer,
}
