//! The data of live events. `room`, `contact`, `notification` and `me` bear the types of their lists.

use super::{PendingItem, TimelineItem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `hello`: the stream begins after this position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hello {
    /// The position.
    pub position: u64,
}

/// `messages`: a room's timeline grew.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessagesFrame {
    /// Which room.
    pub room: String,
    /// The new events.
    pub items: Vec<TimelineItem>,
}

/// `pending`: a submission of one's own is queued.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PendingFrame {
    /// Which room.
    pub room: String,
    /// The submission.
    pub item: PendingItem,
}

/// `unplaced`: a submission will not get a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unplaced {
    /// Which room.
    pub room: String,
    /// Its number.
    pub pending: u64,
    /// The refusal; absent when the link closed before it crossed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// `delivered`: the partner holds one's organization's events of the room up to this index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivered {
    /// Which room.
    pub room: String,
    /// The last such index.
    pub through: u64,
}

/// `refused`: the partner refused one of one's organization's events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// Which room.
    pub room: String,
    /// Which event.
    pub index: u64,
    /// Why.
    pub code: String,
}

/// `room_left`: one is no longer a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomLeft {
    /// Which room.
    pub room: String,
}

/// `link`: a link's state changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkChanged {
    /// With which organization.
    pub peer: String,
    /// The new state; absent when the partner was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// `profile`: a person of a partner organization is called differently, or can be reached or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileChanged {
    /// Who.
    pub address: String,
    /// What they are called now.
    pub name: String,
    /// Whether their organization permits them to be reached.
    pub available: bool,
    /// The digest of their photo, which changes with it; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
}

/// `read`: one has read a room in another session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomRead {
    /// Which room.
    pub room: String,
    /// The last read index.
    pub index: u64,
}
