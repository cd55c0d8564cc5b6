//! What a peer gives back of our own stream (W10). Everything in it is proven.

use crate::model::{
    Digest, RoomId,
    event::Sealed,
    record::{Epoch, Record},
};
use std::sync::Arc;

/// Records of ours that a peer has kept for us, consecutive.
#[derive(Debug)]
pub struct Kept {
    /// Their epoch.
    pub epoch: Epoch,
    /// The chain head before the first.
    pub prev: Digest,
    /// The records.
    pub records: Vec<KeptRecord>,
    /// What the peer's people submitted and these records give a place, in the order of their numbers.
    pub submits: Vec<Submit>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct KeptRecord {
    /// What it says.
    pub record: Record,
    /// Its exact bytes.
    pub bytes: Arc<[u8]>,
}

/// A submission of the peer.
#[derive(Clone, Debug)]
pub struct Submit {
    /// The number of the epoch of the peer's stream.
    pub epoch_n: u64,
    /// The number of its record there.
    pub seq: u64,
    /// To which room.
    pub room: RoomId,
    /// The event.
    pub event: Sealed,
}
