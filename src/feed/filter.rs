//! Who may see what: the pure filter that live feeds, resumed feeds and pages share.

use super::FeedItem;
use crate::{
    core::{
        State,
        rooms::{member_of, present_members, visible},
        state::Room,
    },
    model::{Address, LocalPart, RoomId, journal::Entry},
    store::reader::TimelineRow,
};
use std::sync::{Arc, OnceLock};

/// The item as this user sees it: whole, in part, or not at all.
#[must_use]
pub fn visible_to(state: &State, user: &LocalPart, item: &Arc<FeedItem>) -> Option<Arc<FeedItem>> {
    match &item.entry {
        Entry::Events { room, from, to } => events_visible(state, user, *room, *from, *to, item),
        Entry::Pending { user: owner, .. }
        | Entry::Contact { user: owner, .. }
        | Entry::Notice { user: owner, .. }
        | Entry::Me { user: owner }
        | Entry::Read { user: owner, .. }
        | Entry::RoomLeft { user: owner, .. } => (owner == user).then(|| item.clone()),
        Entry::Unplaced { room, .. }
        | Entry::Delivered { room, .. }
        | Entry::Refused { room, .. }
        | Entry::Room { room } => member_of(state, user, *room).ok().map(|_| item.clone()),
        Entry::File { room, index } => {
            let room = member_of(state, user, *room).ok()?;
            visible(state, user, room, *index).then(|| item.clone())
        }
        Entry::Profile { address } => knows(state, user, address).then(|| item.clone()),
        Entry::Link { .. } => Some(item.clone()),
        Entry::Done { .. } => None,
    }
}

fn knows(state: &State, user: &LocalPart, address: &Address) -> bool {
    state.contacts.contains_key(&(user.clone(), address.clone()))
        || state.rooms_of.get(user).is_some_and(|rooms| {
            rooms.iter().filter_map(|id| member_of(state, user, *id).ok()).any(|room| is_present(state, room, address))
        })
}

fn is_present(state: &State, room: &Room, address: &Address) -> bool {
    room.members.contains_key(address) && present_members(state, room).any(|(member, _)| member == address)
}

fn events_visible(
    state: &State,
    user: &LocalPart,
    id: RoomId,
    from: u64,
    to: u64,
    item: &Arc<FeedItem>,
) -> Option<Arc<FeedItem>> {
    let room = member_of(state, user, id).ok()?;
    let visible_from = room.members.get(&state.address(user))?.visible_from;
    let hidden = hidden_from(state, user, room);
    let sees = |index: u64| visible_from <= index && !hidden.iter().any(|(start, end)| (*start..*end).contains(&index));
    // What changes a hidden item is hidden with it (P17).
    let sees_target = |row: &TimelineRow| row.regards.item().is_none_or(sees);
    let whole = visible_from <= from && hidden.iter().all(|(start, end)| *end <= from || to <= *start);
    if whole && item.events.iter().all(sees_target) {
        return Some(item.clone());
    }
    let seen = |row: &&TimelineRow| sees(row.index) && sees_target(row);
    let events: Vec<TimelineRow> = item.events.iter().filter(seen).cloned().collect();
    if events.is_empty() {
        return None;
    }
    Some(Arc::new(FeedItem { position: item.position, entry: item.entry.clone(), events, shared: OnceLock::new() }))
}

/// The ranges of a direct room that were written while this user blocked the other person (P10).
#[must_use]
pub fn hidden_from<'a>(state: &'a State, user: &LocalPart, room: &Room) -> &'a [(u64, u64)] {
    if room.info.kind != crate::model::room::RoomKind::Direct {
        return &[];
    }
    let own = state.address(user);
    let Some(other) = room.members.keys().find(|member| **member != own) else { return &[] };
    state.contacts.get(&(user.clone(), other.clone())).map_or(&[], |contact| contact.hidden.as_slice())
}

#[cfg(test)]
mod tests;
