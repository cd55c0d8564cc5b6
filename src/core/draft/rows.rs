//! What is appended to logs: new events, and new records.

use crate::{
    core::command::Ref,
    model::{
        Digest, Domain, Millis, RoomId,
        event::{Regards, Sealed},
    },
};
use std::sync::Arc;

/// Under which number something was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sent {
    /// The epoch's number.
    pub epoch_n: u64,
    /// The record's number.
    pub seq: u64,
}

/// A new event of a timeline.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Which room.
    pub room: RoomId,
    /// Its index.
    pub index: u64,
    /// When it became durable here, by our clock.
    pub at: Millis,
    /// How it went or came: our record, when it is of our org and goes to a partner.
    pub sent: Option<Sent>,
    /// The room's chain head after it.
    pub head: Digest,
    /// What it points at.
    pub regards: Regards,
    /// The event with its exact JSON.
    pub event: Arc<Sealed>,
}

/// A new record of an outbox.
#[derive(Clone, Debug)]
pub struct Queued {
    /// To whom.
    pub peer: Domain,
    /// The epoch's number.
    pub epoch_n: u64,
    /// Its number.
    pub seq: u64,
    /// The chain head after it.
    pub head: Digest,
    /// When.
    pub made_at: Millis,
    /// What it was about.
    pub reference: Ref,
    /// Its exact JSON.
    pub bytes: Arc<[u8]>,
}
