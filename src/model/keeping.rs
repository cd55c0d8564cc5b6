//! What an org keeps and for how long: retention, legal holds, reported cases, erased people (P30).

use super::{Address, LocalPart, Millis, RoomId, room::RoomKind, text::Reason};
use serde::{Deserialize, Serialize};

/// How long timelines are kept, by kind of room: one row. None keeps for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Internal rooms, days.
    pub internal_days: Option<u32>,
    /// Direct rooms, days.
    pub direct_days: Option<u32>,
    /// External groups, days.
    pub group_days: Option<u32>,
}

impl Retention {
    /// How long the events of such a room are kept, milliseconds; none for ever.
    #[must_use]
    pub fn kept_ms(self, kind: RoomKind) -> Option<u64> {
        let days = match kind {
            RoomKind::Internal => self.internal_days,
            RoomKind::Direct => self.direct_days,
            RoomKind::Group => self.group_days,
        };
        days.map(|days| u64::from(days) * DAY_MS)
    }

    /// Whether everything is kept for ever.
    #[must_use]
    pub fn is_endless(self) -> bool {
        self == Self::default()
    }
}

const DAY_MS: u64 = 24 * 3_600_000;

/// What a legal hold is on. Nothing of it is deleted or erased while the hold stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// One of our users, and every room in which they are or were a member.
    User(LocalPart),
    /// A room.
    Room(RoomId),
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Room(room) => room.fmt(f),
        }
    }
}

/// A legal hold: one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which admin set it.
    pub by: String,
    /// When.
    pub at: Millis,
    /// Why.
    pub reason: Reason,
}

/// What a user reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// A message.
    Message {
        /// Where.
        room: RoomId,
        /// Which.
        index: u64,
    },
    /// A whole room.
    Room(RoomId),
    /// A person, of whichever org.
    Person(Address),
}

impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Message { room, index } => write!(f, "{room}/{index}"),
            Self::Room(room) => room.fmt(f),
            Self::Person(person) => person.fmt(f),
        }
    }
}

/// A report as the admins of the reporter's own org see it: one row. Nobody else is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Dense number from 1.
    pub n: u64,
    /// When it was reported.
    pub at: Millis,
    /// By whom.
    pub by: LocalPart,
    /// What.
    pub about: About,
    /// Why, in the reporter's words.
    pub reason: Reason,
    /// Set when an admin has dealt with it.
    pub closed: Option<Closed>,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// By which admin.
    pub by: String,
    /// When.
    pub at: Millis,
    /// What was done.
    pub note: Reason,
}

/// What proves a reported message: one row beside the case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The event as it stands in the timeline, byte for byte.
    pub event: Option<std::sync::Arc<str>>,
    /// The partner's signed envelope that carried it, as the DSSE document; none for people of our own org, and for what
    /// arrived longer ago than envelopes are kept.
    pub envelope: Option<std::sync::Arc<str>>,
}

/// What happens to the texts of a person who is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Texts {
    /// They stay for those who were in the conversation.
    Keep,
    /// They are replaced by their digests.
    Remove,
}

/// The erasure of one of our users: one row, for as long as the org exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Which admin asked.
    pub by: String,
    /// When.
    pub at: Millis,
    /// What happens to what the person wrote.
    pub texts: Texts,
    /// Events whose texts are gone.
    pub events: u64,
    /// Where the work goes on: the room and the index in it; none when it is done.
    pub next: Option<(RoomId, u64)>,
}

/// What a signed document of a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaperKind {
    /// The peer's card, by its version.
    Card,
    /// Our grant for the peer, by its serial.
    Ours,
    /// The peer's grant for us, by its serial.
    Theirs,
}

impl PaperKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Card, Self::Ours, Self::Theirs];
}
