//! Rooms and their members.

use super::contacts::WhyNotDetail;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A room as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Room {
    /// Its id.
    pub id: String,
    /// `internal`, `direct` or `group`.
    pub kind: String,
    /// Whether people of another organization may be in it: the external marker.
    pub external: bool,
    /// The organization that orders its messages.
    pub host: String,
    /// The other organization; absent for internal rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// The other organization's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_name: Option<String>,
    /// Its name; absent for direct rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its description; may be empty.
    pub description: String,
    /// The digest of its photo, which changes with it; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// What members added later see: `arrival` or `all`.
    pub history: String,
    /// Its tools: `note`, `calendar`, `folder`.
    pub tools: Vec<RoomTool>,
    /// Who may call all members: `members` or `masters`.
    pub callers: String,
    /// The largest file that it takes.
    pub file_limit: FileLimit,
    /// Why one may not send files into it; absent when one may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_off: Option<WhyNotDetail>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: u64,
    /// The index that the next event will have.
    pub next_index: u64,
    /// The first index that you may see: earlier events are from before your time, or are not kept any more.
    pub visible_from: u64,
    /// The last index that one has read; absent when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_index: Option<u64>,
    /// Events that one may see and has not read, without those that only change others: edits, reactions and the like. Up
    /// to 1,000 events; further behind, all count.
    pub unread: u64,
    /// Set when the room takes nothing more: the code of the contradiction, or `ARCHIVE` for a room that was imported to be
    /// read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// Whether one can write into it now.
    pub writable: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<WhyNotDetail>,
    /// One's own membership; null when one is no member.
    pub you: Option<You>,
    /// How many members it has.
    pub members_count: u64,
    /// When its last visible event became durable here; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event_at: Option<u64>,
    /// The other person of a direct room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
}

/// A tool of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomTool {
    /// `note`, `calendar` or `folder`.
    pub tool: String,
    /// Whether it can be used now.
    pub on: bool,
    /// Whose rule keeps it off: `masters`, or the domain of the organization whose admin does not permit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_by: Option<String>,
}

/// The largest file of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileLimit {
    /// Its length, bytes.
    pub bytes_max: u64,
    /// Whose rule it is, the strictest: `masters`, or the domain of the organization whose admin has set it.
    pub by: String,
}

/// Switches tools: what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolSwitches {
    /// Notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<bool>,
    /// The calendar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<bool>,
    /// The folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<bool>,
}

/// One's own membership of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct You {
    /// `member` or `master`.
    pub role: String,
}

/// Makes an internal room, or an external group when somebody of a partner organization is among the members.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoom {
    /// 1 to 100 characters, one line.
    pub name: String,
    /// Up to 300 characters, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What members added later see: `arrival` (default) or `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
    /// Whom to add beside oneself: up to 100 addresses.
    pub members: Vec<String>,
    /// Make another room even if there is one with exactly these members.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new: bool,
}

/// Changes a room: what is absent stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoomChange {
    /// 1 to 100 characters, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Up to 300 characters, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What members added later see: `arrival` or `all`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
    /// Tools that are switched.
    #[serde(default)]
    pub tools: ToolSwitches,
    /// Who may call all members: `members` or `masters`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callers: Option<String>,
    /// The largest file that the room takes, bytes, where both organizations allow more; 0 for no rule of the room's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes_max: Option<u64>,
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Who.
    pub address: String,
    /// What they are called, if known; to be shown with the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The digest of their photo, which changes with it; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// Whether they are of another organization.
    pub external: bool,
    /// Their organization's name; absent for one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_name: Option<String>,
    /// `member` or `master`.
    pub role: String,
    /// Since when.
    pub joined_at: u64,
}

/// Somebody who was a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormerMember {
    /// Who.
    pub address: String,
    /// What they are called, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether they are of another organization.
    pub external: bool,
    /// Role at the end: `member` or `master`.
    pub role: String,
    /// When it ended.
    pub ended_at: u64,
    /// The rule that excluded them; absent when a master removed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// Somebody of the partner organization who is asked in and whose daemon has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Who.
    pub address: String,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: u64,
}

/// Adds people to a room.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMembers {
    /// Whom: up to 100 addresses.
    pub users: Vec<String>,
}

/// Changes what a member may do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// `member` or `master`.
    pub role: String,
}

/// How far a room is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The last index that was read.
    pub index: u64,
}
