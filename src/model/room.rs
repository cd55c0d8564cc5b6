//! Rooms: internal, direct and external groups (P7, P12 to P18).

use super::{
    Address, Code, Digest, Domain, Millis, RoomId,
    event::Role,
    file::Photo,
    text::{Description, DisplayName, RoomName},
    tool::Rules,
};
use serde::{Deserialize, Serialize};

/// What kind of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoomKind {
    /// People of one org.
    Internal,
    /// Two people of two orgs.
    Direct,
    /// Several people of two orgs.
    Group,
}

/// What new members see (P17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum History {
    /// From their arrival on.
    Arrival,
    /// Everything that the room's copy in their org holds.
    All,
}

/// What a room is, without its members and timeline: one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomInfo {
    /// Its id.
    pub id: RoomId,
    /// Its kind.
    pub kind: RoomKind,
    /// The org that orders its events.
    pub host: Domain,
    /// The other org; none for internal rooms.
    pub partner: Option<Domain>,
    /// Name; none for direct rooms.
    pub name: Option<RoomName>,
    /// Description.
    pub description: Description,
    /// What new members see.
    pub history: History,
    /// Which tools are on, and who may call all.
    pub rules: Rules,
    /// Its photo.
    pub photo: Option<Photo>,
    /// On the follower: the photo that a master of ours has asked the host for; its bytes are here.
    pub photo_asked: Option<Photo>,
    /// Who made it.
    pub created_by: Address,
    /// When, by the host's clock.
    pub created_at: Millis,
    /// On the host: the epoch of our stream in which the partner was last sent the room's whole state.
    /// It is sent again before the first event of another epoch.
    pub synced_epoch: Option<u64>,
    /// On the host: whether the partner org holds members or invitations, and is sent events.
    pub partner_present: bool,
    /// Set when the partner contradicted itself: nothing more is taken (A19).
    pub frozen: Option<Code>,
    /// On the follower: queued submissions, `[first unsettled, next)` of the room's pending log.
    pub pending: PendingRange,
    /// On the follower: submissions that will never have a place, for their authors to see.
    pub unplaced: Vec<Unplaced>,
    /// Counts joins, so that standing in the room survives equal clocks.
    pub joins: u64,
}

/// A range of the pending log, end excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRange {
    /// First.
    pub from: u64,
    /// One past the last.
    pub to: u64,
}

/// Submissions that were refused or did not cross.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unplaced {
    /// Which, in the pending log.
    pub range: PendingRange,
    /// The refusal; none when the link closed before they crossed.
    pub code: Option<Code>,
}

/// One member: one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Plain or master.
    pub role: Role,
    /// First index that is visible to this member (P17).
    pub visible_from: u64,
    /// Standing: the how-many-th join of the room.
    pub joined: u64,
    /// When, by the host's clock.
    pub joined_at: Millis,
}

/// Somebody who was a member, so that a master can add them again in one step (P18).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerMember {
    /// Role at the end.
    pub role: Role,
    /// When it ended.
    pub ended_at: Millis,
    /// Why: none when a master removed them, else the rule that excluded them.
    pub cause: Option<Code>,
}

/// Somebody of the partner org who is asked in and whose daemon has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Who asked.
    pub by: Address,
    /// When.
    pub at: Millis,
}

/// A room's whole state as the host tells it to the follower: for a new room, a re-add, or a new epoch (W18).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomImage {
    /// Which room.
    pub id: RoomId,
    /// Direct or group.
    pub kind: RoomKind,
    /// Name; none for direct rooms.
    pub name: Option<RoomName>,
    /// Description.
    pub description: Description,
    /// What new members see.
    pub history: History,
    /// Which tools are on, and who may call all.
    pub rules: Rules,
    /// Its photo.
    pub photo: Option<Photo>,
    /// Who made it.
    pub created_by: Address,
    /// When.
    pub created_at: Millis,
    /// The members, in the order of their standing.
    pub members: Vec<MemberImage>,
    /// The index that the next event will have.
    pub next_index: u64,
    /// The chain head of the timeline before that event.
    pub head: Digest,
}

/// A member in a [`RoomImage`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberImage {
    /// Who.
    pub user: Address,
    /// What they are called; only for people of the host org.
    pub name: Option<DisplayName>,
    /// Plain or master.
    pub role: Role,
    /// First visible index.
    pub visible_from: u64,
}
