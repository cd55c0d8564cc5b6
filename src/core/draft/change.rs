//! What a decision has the store write: one change a row, or one entry of a log.

use super::Keep;
use crate::{
    core::{command::Ref, state::Quota},
    model::{
        Address, Code, Digest, Domain, LocalPart, Millis, RoomId,
        audit::AuditEntry,
        contact::Contact,
        event::{ItemKind, Regards, Sealed},
        file::{Erasure, FilePolicy},
        item::Item,
        journal::Entry,
        link::{Parted, Peer, Streams},
        notice::Notice,
        record::{Epoch, Evidence},
        room::{FormerMember, Invitation, Member, RoomInfo},
        user::{Feed, Policy, Profile, Session, User},
    },
};
use std::sync::Arc;

/// One thing that the store has to write. What is an `Option` is a row that goes when none.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is the row of the model type that it holds")]
pub enum Change {
    Policy(Policy),
    User(Arc<User>),
    Session(Digest, Option<Arc<Session>>),
    Feed(Digest, Option<Arc<Feed>>),
    Peer(Domain, Option<Arc<Peer>>),
    Streams(Domain, Option<Box<Streams>>),
    Parted(Domain, Option<Arc<Parted>>),
    Room(Arc<RoomInfo>),
    Member(RoomId, Address, Option<Member>),
    Former(RoomId, Address, Option<FormerMember>),
    Invitation(RoomId, Address, Option<Invitation>),
    Contact(LocalPart, Address, Option<Arc<Contact>>),
    Profile(Arc<Profile>),
    Mark(LocalPart, RoomId, u64),
    Item(RoomId, u64, Arc<Item>),
    /// An item that a tool of the room lists.
    Listed(RoomId, ItemKind, u64),
    FilePolicy(Arc<FilePolicy>),
    FileQuota(Domain, Millis, u64),
    Awaited((Domain, Digest, RoomId, u64), Option<u64>),
    Erasure(RoomId, u64, Arc<Erasure>),
    /// Until when a deleted entry of the room's folder can be brought back.
    Trash(RoomId, u64, Option<Millis>),
    /// The event at this index of a room names a file, or does so no longer.
    FileUse(Digest, RoomId, u64, bool),
    NoticesRead(LocalPart, u64),
    Refused(Domain, u64, u64, Code),
    UserQuota(LocalPart, Quota),
    LinkQuota(Domain, bool, Quota),
    Unconfirmed(bool),
    Restored(bool),
    /// A timeline grew by one event.
    Append(Appended),
    /// The gap before this index is known: the follower's copy goes on from here (W18).
    Skip {
        room: RoomId,
        next_index: u64,
        head: Digest,
    },
    /// A room's queue of submissions grew by one.
    Pend {
        room: RoomId,
        p: u64,
        sent: Sent,
        author: LocalPart,
        bytes: Arc<[u8]>,
    },
    /// Submissions before this number are settled.
    PendingDone {
        room: RoomId,
        before: u64,
    },
    /// An outbox grew by one record.
    Send(Queued),
    /// An envelope was applied: kept as evidence.
    Received {
        peer: Domain,
        epoch: Epoch,
        from_seq: u64,
        to_seq: u64,
        evidence: Evidence,
    },
    Notice {
        user: LocalPart,
        n: u64,
        notice: Notice,
    },
    Audit(Box<AuditEntry>),
    Keep(Keep),
    Journal(Entry),
}

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
