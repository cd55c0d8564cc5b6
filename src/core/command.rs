//! Everything that can be asked of the writer, as one closed enum.

pub use super::{
    archives::Archived,
    keeping::{KeepFact, KeepOp},
    recovery::{Kept, KeptRecord, Submit},
};

use super::calls::CallNote;
use crate::model::{
    Address, Code, Digest, Domain, EpochId, EventId, LocalPart, Reject, RoomId,
    contact::{ContactState, Overlay},
    event::{Act, Role, Sealed, SettingsChange},
    file::{FilePolicy, FileSource, Photo},
    grant::{Scopes, SignedGrant},
    journal::{Outcome, Place},
    keeping::{About, Proof},
    link::RecordPlace,
    org::{Card, SignedCard},
    record::{Ack, Envelope, Epoch, Evidence, Hello, InPosition, OutPosition},
    room::History,
    signal::Switches,
    text::{Description, DisplayName, Reason, RoomName},
    time::Millis,
    user::{Policy, Session},
};
use std::sync::Arc;

/// A command to the writer.
#[derive(Debug)]
pub enum Command {
    /// One of our users asks.
    User {
        /// Who.
        user: LocalPart,
        /// What.
        op: UserOp,
    },
    /// An admin asks.
    Admin {
        /// Who, for the audit log.
        actor: String,
        /// What.
        op: AdminOp,
    },
    /// A peer's daemon asks or tells. Everything in it is proven.
    Peer {
        /// Which: from the TLS identity (W3).
        peer: Domain,
        /// What.
        op: PeerOp,
    },
    /// Our own copies of the files of a recalled event are removed, or their author's org can be told so.
    FilesErased(RoomId, u64),
    /// A submission without a place names these files: they are not kept for it any more.
    ReleaseFiles(RoomId, u64, Vec<Digest>),
    /// A deleted entry of a room's folder cannot be brought back any more.
    GiveUp(RoomId, u64),
    /// Something about a call is to be kept: its audit entry, and its place in the timeline.
    Call(CallNote),
    /// The database was put in place of one that was lost.
    Restored,
    /// Time has passed.
    Tick,
    /// What is too old, or of somebody who was erased, as the writer found it in the store.
    Keep(Vec<KeepFact>),
}

/// What a user can ask for.
#[derive(Debug)]
pub enum UserOp {
    /// Add an external person to one's contacts (P6).
    AddContact(Address),
    /// Remove a contact; the direct room stays.
    RemoveContact(Address),
    /// Change one's own notes on a contact (P9).
    EditContact(Address, Overlay),
    /// Block or unblock (P10).
    Block(Address, BlockSwitch),
    /// Make an internal room or an external group (P12).
    CreateRoom {
        /// Its id, chosen by the caller from the randomness seam.
        id: RoomId,
        /// Name.
        name: RoomName,
        /// Description.
        description: Description,
        /// What new members see.
        history: History,
        /// Whom to add beside oneself.
        members: Vec<Address>,
    },
    /// Add people to a group (P13).
    AddMembers(RoomId, Vec<Address>),
    /// Remove people from a group (P13, P14).
    RemoveMember(RoomId, Address),
    /// Name a master, or end the role (P13).
    SetRole(RoomId, Address, Role),
    /// Change name, description or history rule (P17).
    ChangeRoom(RoomId, SettingsChange),
    /// Do something in a room: say something, change or react to what was said (P20).
    Act {
        /// Where.
        room: RoomId,
        /// The id of the event.
        id: EventId,
        /// What.
        act: Act,
    },
    /// The same, naming files.
    Share {
        /// Where.
        room: RoomId,
        /// The id of the event.
        id: EventId,
        /// What.
        act: Act,
        /// Where each of its files is from.
        sources: Vec<FileSource>,
    },
    /// One has read a room up to this index.
    MarkRead(RoomId, u64),
    /// Open a feed of a room's calendar under this digest of its secret.
    OpenFeed(Digest, RoomId),
    /// End all one's feeds of a room's calendar.
    EndFeeds(RoomId),
    /// One has read all notices before this number.
    ReadNotices(u64),
    /// Report something to the admins of one's own org, with what proves it.
    Report {
        /// What.
        about: About,
        /// Why.
        reason: Reason,
        /// The signed original, as the caller found it.
        proof: Proof,
    },
    /// Change one's own name.
    Rename(DisplayName),
    /// Set one's own photo, whose bytes are here, or take it away.
    SetPhoto(Option<Photo>),
    /// Choose which signals one sends and sees (P22).
    SetSignals(Switches),
    /// Replace one's own password by another hash; ends all other sessions.
    SetPassword {
        /// The new hash, PHC form.
        hash: String,
        /// The session that stays.
        keep: Digest,
    },
    /// Sign in, after the password was checked.
    OpenSession(Digest, Session),
    /// Sign out.
    EndSession(Digest),
}

/// Whether a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockSwitch {
    /// From now on.
    On,
    /// No longer.
    Off,
}

/// What an admin can ask for.
#[derive(Debug)]
pub enum AdminOp {
    /// Pin a peer by its card, after the fingerprint was confirmed (W2). A known peer's newer card replaces the old;
    /// another identity key needs the link closed.
    PinPeer(Box<SignedCard>),
    /// Unpin a peer: ends the link first.
    UnpinPeer(Domain),
    /// Put a grant in force (P1). The document was built for `expected_serial + 1` and signed by the caller.
    PutGrant {
        /// For whom.
        peer: Domain,
        /// The serial that the caller saw; another present one is a conflict.
        expected_serial: u64,
        /// The signed grant.
        grant: Box<SignedGrant>,
    },
    /// The same grant for this peer as before, proven by another signing key (W1).
    ProveGrant(Domain, Box<SignedGrant>),
    /// Lift a quarantine.
    LiftQuarantine(Domain),
    /// Go on without what a restore has lost and the partner cannot give back (W10).
    AcceptLoss(Domain),
    /// Confirm that the own grants in the database are what is wanted (D7).
    ConfirmGrants,
    /// Make a user.
    CreateUser {
        /// Name within the org.
        local: LocalPart,
        /// What they are called.
        name: DisplayName,
        /// argon2id hash.
        password: Option<String>,
    },
    /// Change a user; what is none stays.
    ChangeUser {
        /// Who.
        local: LocalPart,
        /// What changes.
        change: UserChange,
    },
    /// Change who may use external messaging (P3).
    SetPolicy(Policy),
    /// Change what files may be sent and taken (P3).
    SetFilePolicy(Box<FilePolicy>),
    /// Issue a token for a user.
    IssueToken(Digest, Session),
    /// End all sessions and tokens of a user.
    EndSessions(LocalPart),
    /// Change what is kept for how long, holds, cases; erase a person (P30).
    Keep(KeepOp),
    /// Take a part of a room of an export as an archive (P30).
    Archive(Box<Archived>),
    /// From now on peers are shown this card (W1).
    ShowCard(Arc<Card>),
    /// A backup was taken and proven: what it holds of these streams need not be sent again (W10).
    BackedUp {
        /// Its name.
        name: String,
        /// For each peer: the epoch of its stream, and the last record of it in the backup.
        positions: Vec<(Domain, Epoch, u64)>,
    },
    /// Something that an admin did outside the store and that has to be in the audit log.
    Note {
        /// What.
        action: &'static str,
        /// To what.
        subject: String,
        /// Further facts.
        detail: String,
    },
}

/// Changes to a user by an admin.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// New display name.
    pub name: Option<DisplayName>,
    /// Activate or deactivate.
    pub active: Option<bool>,
    /// The admin's choice under the policy *chosen members*.
    pub chosen: Option<bool>,
    /// The switch for this user alone.
    pub external: Option<bool>,
    /// Whether they may send files to other organizations.
    pub files: Option<bool>,
    /// New password hash.
    pub password: Option<String>,
}

/// What a peer's daemon can ask or tell.
#[derive(Debug)]
pub enum PeerOp {
    /// We are about to greet: mint an epoch if one is due, and say where the streams stand.
    Greet,
    /// A proven hello.
    Heard(Box<Hello>),
    /// A proven grant document, outside a hello: in a refusal, or by the grants endpoint.
    HeardGrant(Box<SignedGrant>),
    /// A proven card, outside a hello.
    HeardCard(Box<SignedCard>),
    /// A proven envelope. The writer adds the facts that the state does not hold; the caller passes none.
    Ingest(Box<Envelope>, Evidence, Vec<PendingFact>),
    /// A proven ack, with what the acknowledged records were about.
    Settle(Ack, Vec<(u64, Ref)>),
    /// The peer cannot take one of our records in form (W13): a void takes its place.
    Unacceptable {
        /// The epoch it was sent in.
        epoch: Epoch,
        /// Its number.
        seq: u64,
        /// What it was about.
        reference: Ref,
        /// Why.
        code: Code,
    },
    /// The peer broke the protocol in a way that needs an admin.
    Contradiction {
        /// What was found.
        code: Code,
        /// One sentence for the admin.
        detail: String,
        /// Documents that prove it.
        evidence: Vec<std::sync::Arc<str>>,
    },
    /// Records of ours that the peer has kept, proven by our own signature (W10).
    TakeBack(Box<Kept>),
    /// The peer cannot show what it claims to hold of ours.
    Unshown,
    /// The peer needs records of this epoch again that are no longer kept.
    TailGone(EpochId),
    /// A file that the peer announced is here, whole and verified.
    FileArrived(Digest),
    /// The peer gave other bytes than those that it announced.
    FileFault(Digest),
    /// The peer refused us; for the admin to see.
    RefusedUs(String),
}

/// One of our own submissions that waits for its place, as it stands in the pending log of its room.
#[derive(Clone, Debug)]
pub struct PendingFact {
    /// Which room.
    pub room: RoomId,
    /// Its number in the room's pending log; none when that was lost by a restore, and only the record is back.
    pub p: Option<u64>,
    /// The number of the record that submitted it.
    pub seq: u64,
    /// The epoch of that record.
    pub epoch_n: u64,
    /// Who wrote it.
    pub author: LocalPart,
    /// The event.
    pub event: Sealed,
}

/// What a record of ours was about, so that its verdict finds the right place.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Ref {
    /// Nothing that a verdict changes.
    None,
    /// An event of a room that we host.
    Event(RoomId, u64),
    /// A submission to a room that the peer hosts: its number in the pending log, and whose.
    Pending(RoomId, u64, LocalPart),
    /// A contact add: whose, whom.
    Contact(LocalPart, Address),
    /// A master's request to the host.
    Ask(RoomId, LocalPart),
    /// An invitation that a member made.
    Invite(RoomId, Address),
    /// The whole state of a room that we host.
    State(RoomId),
}

/// What the writer answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To users and admins.
    Outcome(Outcome),
    /// To [`PeerOp::Greet`]: what the hello has to say.
    Greeting(Box<Greeting>),
    /// To [`PeerOp::Heard`]: whether our own position changed, so that another hello is due.
    Heard {
        /// Another hello is due.
        again: bool,
    },
    /// To [`PeerOp::Ingest`]: what the ack has to say.
    Applied(Ack),
    /// To a peer that contradicted itself: it is refused, and unlike after a [`Reject`] that is returned as an error,
    /// what was found (the quarantine with its evidence) is kept.
    Refused(Reject),
}

/// The parts of a hello that only the writer knows.
#[derive(Clone, Debug)]
pub struct Greeting {
    /// Our grant for the peer.
    pub grant: Option<SignedGrant>,
    /// The peer's serial that we hold; 0 for none.
    pub seen_serial: u64,
    /// Our stream.
    pub outgoing: Option<OutPosition>,
    /// Their stream.
    pub incoming: Option<InPosition>,
    /// The epochs before that one that we can send again, oldest first: the last record of each.
    pub follows: Vec<RecordPlace>,
    /// Our last record, when it is in a stream that follows that one.
    pub through: Option<RecordPlace>,
    /// Where their stream ended in the epoch before.
    pub ended: Option<InPosition>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

impl Answer {
    /// A message at an index.
    #[must_use]
    pub fn posted(room: RoomId, id: EventId, place: Place) -> Self {
        Self::Outcome(Outcome::Posted { room, id, place })
    }

    /// A contact in a state.
    #[must_use]
    pub fn contact(state: ContactState) -> Self {
        Self::Outcome(Outcome::Contact(state))
    }

    /// Nothing more to say.
    #[must_use]
    pub fn done() -> Self {
        Self::Outcome(Outcome::Done)
    }
}

/// Reason and end of a grant as an admin asks for them, before it is signed.
#[derive(Clone, Debug)]
pub struct GrantRequest {
    /// For whom.
    pub peer: Domain,
    /// Active with these scopes, or revoked when none.
    pub scopes: Option<Scopes>,
    /// End of an active grant.
    pub not_after: Option<Millis>,
    /// Why.
    pub reason: Reason,
    /// The serial that the admin saw.
    pub expected_serial: Option<u64>,
}

impl UserOp {
    /// What the command is about, for the audit log. Never content.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::AddContact(address)
            | Self::RemoveContact(address)
            | Self::EditContact(address, _)
            | Self::Block(address, _) => address.to_string(),
            Self::CreateRoom { id: room, .. }
            | Self::AddMembers(room, _)
            | Self::RemoveMember(room, _)
            | Self::SetRole(room, _, _)
            | Self::ChangeRoom(room, _)
            | Self::OpenFeed(_, room)
            | Self::EndFeeds(room)
            | Self::Act { room, .. }
            | Self::Share { room, .. }
            | Self::MarkRead(room, _) => room.to_string(),
            Self::Report { about, .. } => about.to_string(),
            Self::ReadNotices(_)
            | Self::Rename(_)
            | Self::SetPhoto(_)
            | Self::SetSignals(_)
            | Self::SetPassword { .. }
            | Self::OpenSession(..)
            | Self::EndSession(_) => "account".to_owned(),
        }
    }
}

impl AdminOp {
    /// What the command is about, for the audit log.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::PinPeer(card) => card.card.domain.to_string(),
            Self::UnpinPeer(peer)
            | Self::PutGrant { peer, .. }
            | Self::ProveGrant(peer, _)
            | Self::LiftQuarantine(peer)
            | Self::AcceptLoss(peer) => peer.to_string(),
            Self::ConfirmGrants => "grants".to_owned(),
            Self::CreateUser { local, .. } | Self::ChangeUser { local, .. } | Self::EndSessions(local) => {
                local.to_string()
            }
            Self::IssueToken(_, session) => session.user.to_string(),
            Self::SetPolicy(_) | Self::SetFilePolicy(_) => "policy".to_owned(),
            Self::ShowCard(card) => card.domain.to_string(),
            Self::Keep(op) => op.subject(),
            Self::Archive(part) => part.id.to_string(),
            Self::BackedUp { name, .. } => format!("backup:{name}"),
            Self::Note { subject, .. } => subject.clone(),
        }
    }
}
