//! What a user is told beside their rooms: one entry of the user's notice log.

use super::{Address, Code, Domain, Millis, RoomId};
use serde::{Deserialize, Serialize};

/// One notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// When.
    pub at: Millis,
    /// What.
    pub kind: NoticeKind,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeKind {
    /// External messaging with a peer has become possible (P4).
    Available {
        /// With whom.
        peer: Domain,
    },
    /// External messaging with a peer has ended (P4).
    Ended {
        /// With whom.
        peer: Domain,
        /// Why.
        code: Code,
    },
    /// A contact add was answered with yes.
    ContactAdded {
        /// Who.
        user: Address,
    },
    /// A contact add was answered with *unavailable*, or did not cross.
    ContactUnavailable {
        /// Who.
        user: Address,
        /// Why.
        code: Code,
    },
    /// Somebody added us: a direct room is there.
    DirectRoom {
        /// With whom.
        user: Address,
        /// Where.
        room: RoomId,
    },
    /// One is a member of a room now.
    Joined {
        /// Which.
        room: RoomId,
    },
    /// One is no longer a member.
    Removed {
        /// Which.
        room: RoomId,
        /// Why: none when a master did it.
        cause: Option<Code>,
    },
    /// Somebody who was asked in cannot come.
    InvitationDeclined {
        /// Which room.
        room: RoomId,
        /// Who.
        user: Address,
    },
    /// Somebody called one by name.
    Mentioned {
        /// Where.
        room: RoomId,
        /// Which message.
        index: u64,
    },
    /// Somebody posted a note.
    Note {
        /// Where.
        room: RoomId,
        /// Which note.
        index: u64,
    },
    /// Somebody commented on a note of one's own.
    Comment {
        /// Where.
        room: RoomId,
        /// Which note.
        index: u64,
    },
    /// A date was made, changed or called off.
    Date {
        /// Where.
        room: RoomId,
        /// Which date.
        index: u64,
    },
    /// A message or request of one's own was refused by the partner.
    Refused {
        /// Where.
        room: RoomId,
        /// Why.
        code: Code,
    },
    /// A room was frozen after a contradiction.
    Frozen {
        /// Which.
        room: RoomId,
    },
}

impl NoticeKind {
    /// The item that it is about.
    #[must_use]
    pub fn place(&self) -> Option<(RoomId, u64)> {
        match self {
            Self::Mentioned { room, index }
            | Self::Note { room, index }
            | Self::Comment { room, index }
            | Self::Date { room, index } => Some((*room, *index)),
            _ => None,
        }
    }
}
