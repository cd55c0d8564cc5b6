//! What the journal says of each commit: the one order from which live feeds are pulled.

use super::{Address, Code, Domain, EventId, LocalPart, RoomId, contact::ContactState};
use serde::{Deserialize, Serialize};

/// One thing that happened, at one position of the journal. Small: content is read from where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// A room's timeline grew by `[from, to)`. For the members who may see it.
    Events {
        /// Which room.
        room: RoomId,
        /// First new index.
        from: u64,
        /// One past the last.
        to: u64,
    },
    /// A submission is queued. For its author.
    Pending {
        /// Which room.
        room: RoomId,
        /// Its number in the room's pending log.
        p: u64,
        /// Its author.
        user: LocalPart,
    },
    /// A submission will not get a place. For its author.
    Unplaced {
        /// Which room.
        room: RoomId,
        /// Its number in the room's pending log.
        p: u64,
        /// The refusal; none when the link closed before it crossed.
        code: Option<Code>,
    },
    /// The partner durably holds our org's events of the room up to this index. For the room's members.
    Delivered {
        /// Which room.
        room: RoomId,
        /// The last such index.
        through: u64,
    },
    /// The partner refused one of our org's events. For the room's members.
    Refused {
        /// Which room.
        room: RoomId,
        /// Which event.
        index: u64,
        /// Why.
        code: Code,
    },
    /// Files of an event are elsewhere than before. For the members who may see it.
    File {
        /// Which room.
        room: RoomId,
        /// Which event.
        index: u64,
    },
    /// A room's settings, members or state changed, or one came in. For its members.
    Room {
        /// Which.
        room: RoomId,
    },
    /// A user is no longer a member. For that user.
    RoomLeft {
        /// Which.
        room: RoomId,
        /// Who.
        user: LocalPart,
    },
    /// A contact changed. For its owner.
    Contact {
        /// Whose.
        user: LocalPart,
        /// Which.
        address: Address,
    },
    /// A notice was written. For its user.
    Notice {
        /// Whose.
        user: LocalPart,
        /// Its number in the user's notice log.
        n: u64,
    },
    /// A link's state changed. For everybody.
    Link {
        /// With whom.
        peer: Domain,
    },
    /// A person of a partner org is called differently. For everybody who has them as contact or shares a room.
    Profile {
        /// Who.
        address: Address,
    },
    /// A user's own account changed. For that user.
    Me {
        /// Who.
        user: LocalPart,
    },
    /// A user read a room up to somewhere. For that user's other sessions.
    Read {
        /// Who.
        user: LocalPart,
        /// Which room.
        room: RoomId,
        /// The last read index.
        index: u64,
    },
    /// The outcome of a request with an idempotency key. For nobody: read at start.
    Done {
        /// Digest of caller and key, shortened.
        key: [u8; 16],
        /// Digest of the request, shortened: the same key with another request is refused.
        request: [u8; 8],
        /// What was answered.
        outcome: Outcome,
        /// When, milliseconds since 1970.
        at: u64,
    },
}

/// What a command brought about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was done; there is nothing more to say.
    Done,
    /// A message is durable here.
    Posted {
        /// Which room.
        room: RoomId,
        /// Its id.
        id: EventId,
        /// Where it stands.
        place: Place,
    },
    /// A room was made or changed.
    Room(RoomId),
    /// A contact add is in this state.
    Contact(ContactState),
    /// A grant stands under this serial.
    Serial(u64),
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In the room's timeline.
    Index(u64),
    /// Among the room's queued submissions.
    Pending(u64),
}
