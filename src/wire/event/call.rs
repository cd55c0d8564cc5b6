//! What a call left behind.

use super::{
    super::{
        WireError,
        strict::{Integer, ensure},
        words::words,
    },
    OBJECT, headed, people,
};
use crate::model::{
    Address, CallId,
    call::{CallEntry, Medium, Outcome},
    event::Event,
    limits,
};
use serde::{Deserialize, Serialize};

words!(
    /// By voice or by video.
    MediumV1 for Medium { Voice = "voice", Video = "video", }
);
words!(
    /// How a call ended.
    OutcomeV1 for Outcome {
        Answered = "answered",
        Missed = "missed",
        Declined = "declined",
        Busy = "busy",
        Cancelled = "cancelled",
    }
);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallV1 {
    call: CallId,
    medium: MediumV1,
    started_at: Integer,
    outcome: OutcomeV1,
    length_ms: Integer,
    #[serde(default, deserialize_with = "super::super::strict::present", skip_serializing_if = "Option::is_none")]
    joined: Option<Vec<Address>>,
}

pub(super) fn write(event: &Event, entry: &CallEntry) -> Vec<u8> {
    let CallEntry { call, medium, started_at, outcome, length_ms, joined } = entry;
    let joined = (!joined.is_empty()).then(|| joined.clone());
    let fields = CallV1 {
        call: *call,
        medium: (*medium).into(),
        started_at: (*started_at).into(),
        outcome: (*outcome).into(),
        length_ms: Integer(*length_ms),
        joined,
    };
    headed(event, "call", fields)
}

impl CallV1 {
    pub(super) fn into_entry(self) -> Result<CallEntry, WireError> {
        let outcome = self.outcome.into();
        let talked = outcome == Outcome::Answered || self.length_ms.0 == 0;
        ensure(talked && self.length_ms.0 <= limits::CALL_MS_MAX, OBJECT, "length_ms", "does not fit the outcome")?;
        let joined = people("joined", self.joined, limits::CALL_LEGS_MAX, "must be 1 to 64 people")?;
        ensure(joined.is_sorted_by(|a, b| a < b), OBJECT, "joined", "must be sorted, each once")?;
        Ok(CallEntry {
            call: self.call,
            medium: self.medium.into(),
            started_at: self.started_at.into(),
            outcome,
            length_ms: self.length_ms.0,
            joined,
        })
    }
}
