//! What stands in a room's timeline.

mod act;
mod calendar;
mod folder;
mod note;

pub use act::{Act, Edit, ItemKind, Message, React, Recall};
pub use calendar::{Calendar, DateBody};
pub use folder::Folder;
pub use note::{Note, NoteBody};

use super::{
    Address, Code, EventId, Millis,
    file::Photo,
    room::History,
    text::{Description, RoomName},
    tool::RulesChange,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One entry of a room's timeline, before the host gave it an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Chosen by the author's daemon.
    pub id: EventId,
    /// Who caused it; none when a rule did (automatic exclusion, succession).
    pub author: Option<Address>,
    /// When, by the clock of the author's daemon. For display, never for order.
    pub made_at: Millis,
    /// What happened.
    pub content: Content,
}

/// What happened in a room: an act of one of its members, or a change of the room itself. The kinds of a later version
/// arrive as new variants here or of [`Act`], and in `wire::event`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Somebody did something in the room. The follower submits it, and the host orders it (W17).
    Act(Act),
    /// The room was made.
    Created {
        /// Its first name.
        name: RoomName,
    },
    /// People came in.
    Joined {
        /// Who.
        users: Vec<Address>,
    },
    /// A master removed somebody (P14).
    Removed {
        /// Who.
        users: Vec<Address>,
    },
    /// Somebody lost the permission or the link (P15).
    Excluded {
        /// Who.
        users: Vec<Address>,
        /// Which rule: `NOT_PERMITTED`, `CLOSED_BY_US` or `CLOSED_BY_THEM`.
        cause: Code,
    },
    /// Somebody became a master, or ceased to be one (P13).
    Role {
        /// Who.
        user: Address,
        /// Master from now on, or plain member.
        role: Role,
    },
    /// Name, description or history rule changed; what is none stayed.
    Settings(SettingsChange),
}

/// What a member may do in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Reads and writes.
    Member,
    /// Also manages members and settings.
    Master,
}

/// Changed settings of a room; none stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// New name.
    pub name: Option<RoomName>,
    /// New description.
    pub description: Option<Description>,
    /// What members added later see (P17).
    pub history: Option<History>,
    /// Tools and who may call all (P19).
    pub rules: RulesChange,
    /// New photo, or none from now on.
    pub photo: Option<Option<Photo>>,
}

/// An event with its exact JSON: the bytes that are signed, stored, and shown (`docs/adr/0004`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// What the bytes say.
    pub event: Event,
    /// The event's JSON object.
    pub bytes: Arc<[u8]>,
}

/// What an event points at in its own room. Stands beside its bytes, so that nobody has to parse them for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Regards {
    /// Nothing.
    #[default]
    Nothing,
    /// The message that it answers.
    Reply(u64),
    /// The item that it changes: whoever may not see the one does not see the other (P17).
    Item(u64),
    /// The item that it adds something to, which is news of its own: a comment, a version. Hidden with it too.
    Under(u64),
}

impl Regards {
    /// The item that goes before it: whoever may not see that does not see the event.
    #[must_use]
    pub fn item(self) -> Option<u64> {
        match self {
            Self::Item(index) | Self::Under(index) => Some(index),
            Self::Nothing | Self::Reply(_) => None,
        }
    }
}

impl Content {
    /// The act; none when the room itself changed.
    #[must_use]
    pub fn act(&self) -> Option<&Act> {
        match self {
            Self::Act(act) => Some(act),
            _ => None,
        }
    }

    /// What it points at.
    #[must_use]
    pub fn regards(&self) -> Regards {
        self.act().map_or(Regards::Nothing, Act::regards)
    }
}
