//! What crosses a link: records, the envelope around them, the ack, and the hello (W6, W8, W11).

use super::{
    Address, Code, Digest, Domain, EpochId, InstanceId, LinkId, Millis, RoomId, RunId,
    event::{Role, Sealed, SettingsChange},
    file::{FilePolicy, Photo},
    grant::SignedGrant,
    limits,
    link::RecordPlace,
    org::SignedCard,
    room::RoomImage,
    text::DisplayName,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One epoch of a stream: its number and its random id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// Grows by one with each epoch, from 1.
    pub n: u64,
    /// Random.
    pub id: EpochId,
}

/// A record as it arrived: its number, its exact bytes, and what they say.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its number in the epoch, from 1.
    pub seq: u64,
    /// When it was made, by the sender's clock.
    pub made_at: Millis,
    /// SHA-256 of its exact bytes.
    pub digest: Digest,
    /// What it says, or why its content is refused (W13).
    pub body: Result<RecordBody, Code>,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordBody {
    /// One of the sender's users adds one of ours to their contacts (P6).
    ContactAdd {
        /// The sender's user.
        from: Address,
        /// What they are called.
        name: DisplayName,
        /// Our user.
        to: Address,
    },
    /// The sender accepts a contact add: its user can be reached, the direct room exists.
    ContactAccepted {
        /// The sender's user, who was added.
        from: Address,
        /// What they are called.
        name: DisplayName,
        /// Our user, who added them.
        to: Address,
    },
    /// One of the sender's users is called differently, or can or cannot be reached any more (P9, P15).
    Profile {
        /// Who.
        user: Address,
        /// What they are called.
        name: DisplayName,
        /// Whether their org permits them to be reached.
        available: bool,
        /// Their photo. Feature `photos`.
        photo: Option<Photo>,
    },
    /// Host to follower: the whole state of a room (W18).
    RoomState(Box<RoomImage>),
    /// Host to follower: users of the follower are asked in.
    RoomInvite {
        /// Which room.
        room: RoomId,
        /// Which master asks.
        by: Address,
        /// Who is asked in.
        users: Vec<Address>,
    },
    /// Follower to host: the answer to an invitation.
    RoomAnswer {
        /// Which room.
        room: RoomId,
        /// Who comes, and what they are called.
        accepted: Vec<(Address, DisplayName)>,
        /// Who cannot.
        declined: Vec<Address>,
    },
    /// Host to follower: the next event of the room.
    RoomEvent {
        /// Which room.
        room: RoomId,
        /// Its dense index.
        index: u64,
        /// The event.
        event: Sealed,
    },
    /// Follower to host: an event of one of the follower's users, to be ordered.
    RoomSubmit {
        /// Which room.
        room: RoomId,
        /// The event.
        event: Sealed,
    },
    /// Host to follower: submissions have their places, from `index` on, in the order of their numbers (W17).
    RoomPlaced {
        /// Which room.
        room: RoomId,
        /// The index of the first.
        index: u64,
        /// The number of the epoch in which they were submitted; the present one when none.
        epoch_n: Option<u64>,
        /// The numbers of the submit records, as runs `[from, to]`; those of other rooms or types in between do not count.
        submits: Vec<(u64, u64)>,
    },
    /// Follower to host: one of the follower's masters asks for a change (P13).
    RoomAsk {
        /// Which room.
        room: RoomId,
        /// Which master.
        by: Address,
        /// What.
        ask: Ask,
    },
    /// Either way: the bytes of a recalled event's files are removed here (P20).
    FilesErased {
        /// Which room.
        room: RoomId,
        /// Which event was recalled.
        index: u64,
    },
    /// Holds the number of a record that the peer could not take in form, and its place in the chain (W13).
    Void {
        /// The digest of the record that it stands for.
        digest: Digest,
    },
}

/// What a master of the follower asks the host to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Add people. Those of the follower come with what they are called.
    Add {
        /// Who.
        users: Vec<(Address, Option<DisplayName>)>,
    },
    /// Remove people.
    Remove {
        /// Who.
        users: Vec<Address>,
    },
    /// Change a role.
    Role {
        /// Whose.
        user: Address,
        /// To what.
        role: Role,
    },
    /// Change settings.
    Settings(SettingsChange),
}

/// A proven, parsed envelope.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The link it names.
    pub link: LinkId,
    /// Its origin, which must be the org of the TLS identity.
    pub origin: Domain,
    /// Its destination, which must be us.
    pub destination: Domain,
    /// The epoch of the origin's stream.
    pub epoch: Epoch,
    /// The number of its first record.
    pub from_seq: u64,
    /// The chain head before its first record.
    pub prev: Digest,
    /// The serials of the grants it travels under: the origin's and the destination's.
    pub grants: (u64, u64),
    /// The origin has durably settled all acks up to this number: rejects up to it need not be repeated.
    pub settled: u64,
    /// When it was sealed.
    pub sent_at: Millis,
    /// 1 to 512 consecutive records.
    pub records: Vec<Record>,
}

/// How much a receiver takes: records, and bytes of records. Either at 0 stops the sender (W11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// Records.
    pub records: u64,
    /// Bytes of records. One record may always go, however long, while there is any credit.
    pub bytes: u64,
}

impl Credit {
    /// The most that is ever given.
    pub const FULL: Self = Self { records: limits::CREDIT_RECORDS_MAX, bytes: limits::CREDIT_BYTES_MAX };
    /// The most while our own people are being served.
    pub const SHARED: Self = Self { records: limits::CREDIT_SHARED_RECORDS, bytes: limits::CREDIT_SHARED_BYTES };
    /// Nothing.
    pub const NONE: Self = Self { records: 0, bytes: 0 };

    /// Whether nothing may be sent.
    #[must_use]
    pub fn is_spent(self) -> bool {
        self.records == 0 || self.bytes == 0
    }

    /// What both allow.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { records: self.records.min(other.records), bytes: self.bytes.min(other.bytes) }
    }
}

/// The receiver's signed word on how far it durably is (W11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The link.
    pub link: LinkId,
    /// Who acknowledges.
    pub origin: Domain,
    /// Whom.
    pub destination: Domain,
    /// The epoch of the acknowledged stream.
    pub epoch: Epoch,
    /// The last record that is durably applied or refused.
    pub cursor: u64,
    /// The chain head after it.
    pub head: Digest,
    /// Refused records that the sender has not settled yet: number and code.
    pub rejects: Vec<(u64, Code)>,
    /// How much may be sent before the next ack.
    pub credit: Credit,
    /// When.
    pub sent_at: Millis,
}

/// Where a stream stands for its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutPosition {
    /// The epoch.
    pub epoch: Epoch,
    /// The term it belongs to, as the sender sees it: its own `since`, then the receiver's.
    pub term: (u64, u64),
    /// The number that the next record will have.
    pub next_seq: u64,
    /// The chain head before it.
    pub head: Digest,
}

/// Where a stream stands for its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InPosition {
    /// The epoch.
    pub epoch: Epoch,
    /// The last durably applied record.
    pub cursor: u64,
    /// The chain head after it.
    pub head: Digest,
    /// The last record that is in a verified backup (W10).
    pub backed_up: u64,
}

/// Handshake, heartbeat and anti-entropy in one (W8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The link.
    pub link: LinkId,
    /// Who speaks.
    pub origin: Domain,
    /// To whom.
    pub destination: Domain,
    /// When, by the speaker's clock.
    pub sent_at: Millis,
    /// The speaker's database.
    pub instance: InstanceId,
    /// The run of the speaker's daemon; none for a listener that does not offer `runs`.
    pub run: Option<RunId>,
    /// The speaker's card.
    pub card: SignedCard,
    /// The speaker's grant for the listener; none if never given.
    pub grant: Option<SignedGrant>,
    /// The version of the listener's card that the speaker holds.
    pub seen_card: u64,
    /// The highest serial of the listener's grant that the speaker holds; 0 for none.
    pub seen_serial: u64,
    /// The stream from speaker to listener.
    pub outgoing: Option<OutPosition>,
    /// The stream from listener to speaker.
    pub incoming: Option<InPosition>,
    /// The epochs before that one that the speaker can send again, oldest first: the last record of each, 0 in one
    /// without any. Empty for a listener that does not offer `epochs`.
    pub follows: Vec<RecordPlace>,
    /// The speaker's last record, when it is in an epoch that follows that one. None as above.
    pub through: Option<RecordPlace>,
    /// The final position of the stream from listener to speaker in the epoch before: the fate of what was in flight.
    pub ended: Option<InPosition>,
    /// Features that the speaker's daemon knows.
    pub features: Vec<String>,
    /// The largest envelope that the speaker takes: records, bytes.
    pub envelope_max: (u64, u64),
    /// What files the speaker's org takes; none for a listener that does not offer `files`.
    pub files: Option<FilePolicy>,
}

/// A received envelope as evidence: payload and signature, enough to prove it to anybody (P29).
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The exact payload.
    pub payload: Arc<[u8]>,
    /// The signing key's id.
    pub key: super::id::PublicKey,
    /// The signature.
    pub signature: [u8; 64],
}
