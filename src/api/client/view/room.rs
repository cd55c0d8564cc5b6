//! Rooms and members as a member sees them.

use super::{name_of, org_name, photo_of, why_not};
use crate::{
    api::client::dto,
    core::{
        files, photos, rooms,
        state::{Room, State},
        tools::{self, Whose},
    },
    model::{
        Address, LocalPart, Millis,
        event::Role,
        room::{self, History, RoomKind},
        tool::{Callers, Tool},
    },
};

/// What a room's timeline says beside its state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// When the last event that one may see became durable here, see [`last_visible`].
    pub last_event_at: Option<Millis>,
    /// Unread events that nobody reads: reactions and the like, see [`unread_range`].
    pub quiet: u64,
}

/// A room.
pub fn room(state: &State, user: &LocalPart, room: &Room, now: Millis, seen: Seen) -> dto::Room {
    let info = &room.info;
    let own = state.address(user);
    let refused = rooms::writable(state, room, user, now).err();
    let other = room.other(&state.org.domain).filter(|_| info.kind != RoomKind::Internal);
    let read = state.marks.get(&(user.clone(), info.id)).copied().unwrap_or(0);
    dto::Room {
        id: info.id.to_string(),
        kind: kind_word(info.kind).to_owned(),
        external: info.kind != RoomKind::Internal,
        host: info.host.to_string(),
        partner: other.map(ToString::to_string),
        partner_name: other.and_then(|domain| org_name(state, domain)),
        name: info.name.as_ref().map(ToString::to_string),
        description: info.description.to_string(),
        photo: photos::of_room(state, room).map(|photo| photo.digest.to_string()),
        history: history_word(info.history).to_owned(),
        tools: Tool::ALL.into_iter().map(|tool| tool_of(state, room, tool)).collect(),
        callers: callers_word(info.rules.callers).to_owned(),
        file_limit: file_limit(state, room),
        files_off: files::may_send(state, user, room, now).err().map(why_not),
        created_by: info.created_by.to_string(),
        created_at: info.created_at.0,
        visible_from: rooms::visible_range(state, user, room).0,
        next_index: room.next_index,
        read_index: read.checked_sub(1),
        unread: unread(state, user, room).saturating_sub(seen.quiet),
        frozen: info.frozen.map(|code| code.as_str().to_owned()),
        writable: refused.is_none(),
        why_not: refused.map(why_not),
        you: room.members.get(&own).map(|member| dto::You { role: role_word(member.role).to_owned() }),
        members_count: count(rooms::present_members(state, room)),
        last_event_at: seen.last_event_at.map(|at| at.0),
        with: rooms::direct_partner(state, room).map(ToString::to_string),
    }
}

fn tool_of(state: &State, room: &Room, tool: Tool) -> dto::RoomTool {
    let off_by = tools::off_by(state, room, tool).map(whose_word);
    dto::RoomTool { tool: tool.as_str().to_owned(), on: off_by.is_none(), off_by }
}

fn whose_word(whose: Whose) -> String {
    match whose {
        Whose::Masters => "masters".to_owned(),
        Whose::Org(org) => org.to_string(),
    }
}

fn file_limit(state: &State, room: &Room) -> dto::FileLimit {
    let (bytes_max, by) = files::size_limit(state, room);
    dto::FileLimit { bytes_max, by: whose_word(by) }
}

fn callers_word(callers: Callers) -> &'static str {
    match callers {
        Callers::Members => "members",
        Callers::Masters => "masters",
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.fold(0, |count, _| count + 1)
}

/// The first index that is visible and not read, and the one past the last.
pub fn unread_range(state: &State, user: &LocalPart, room: &Room) -> (u64, u64) {
    let (from, to) = rooms::visible_range(state, user, room);
    (from.max(state.marks.get(&(user.clone(), room.info.id)).copied().unwrap_or(0)), to)
}

/// Visible events that are not read.
fn unread(state: &State, user: &LocalPart, room: &Room) -> u64 {
    let (from, to) = unread_range(state, user, room);
    let hidden = rooms::hidden_ranges(state, user, room);
    let hidden: u64 = hidden.iter().map(|(start, end)| (*end).min(to).saturating_sub((*start).max(from))).sum();
    to.saturating_sub(from).saturating_sub(hidden)
}

/// The index of the last event that the user may see; none when there is none.
pub fn last_visible(state: &State, user: &LocalPart, room: &Room) -> Option<u64> {
    let (from, to) = rooms::visible_range(state, user, room);
    let mut end = to;
    for (start, hidden_end) in rooms::hidden_ranges(state, user, room).iter().rev() {
        if end <= *hidden_end && *start < end {
            end = *start;
        }
    }
    (end > from).then(|| end - 1)
}

/// A member.
pub fn member(state: &State, address: &Address, member: &room::Member) -> dto::Member {
    let external = !state.is_ours(address);
    dto::Member {
        address: address.to_string(),
        name: name_of(state, address),
        photo: photo_of(state, address),
        external,
        org_name: external.then(|| org_name(state, &address.domain())).flatten(),
        role: role_word(member.role).to_owned(),
        joined_at: member.joined_at.0,
    }
}

/// Somebody who was a member.
pub fn former(state: &State, address: &Address, former: &room::FormerMember) -> dto::FormerMember {
    dto::FormerMember {
        address: address.to_string(),
        name: name_of(state, address),
        external: !state.is_ours(address),
        role: role_word(former.role).to_owned(),
        ended_at: former.ended_at.0,
        cause: former.cause.map(|code| code.as_str().to_owned()),
    }
}

/// The word for a role.
fn role_word(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Master => "master",
    }
}

fn kind_word(kind: RoomKind) -> &'static str {
    match kind {
        RoomKind::Internal => "internal",
        RoomKind::Direct => "direct",
        RoomKind::Group => "group",
    }
}

fn history_word(history: History) -> &'static str {
    match history {
        History::Arrival => "arrival",
        History::All => "all",
    }
}
