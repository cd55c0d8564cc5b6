//! What all rooms share: who is in, what is visible, who may write, what is queued (P10, P15, P17, P21).

mod ending;
mod joining;
mod order;
mod receive;

pub use ending::{end_link_in_room, end_member, end_memberships, end_presence_if_empty, exclude_user, take_back};
pub use joining::{join, open_direct};
pub use order::{order, sync};
pub use receive::{apply_change, apply_settings, info_of, receive_event, receive_state, set_role};

use super::{
    command::Answer,
    draft::Draft,
    permit::{self, Permit, authorize, check_permission},
    state::{Link, Room, State},
};
use crate::model::{
    Address, Code, Domain, LocalPart, Millis, Reject, RoomId,
    audit::AuditNote,
    grant::Scope,
    journal::Entry,
    limits,
    notice::NoticeKind,
    room::{Member, PendingRange, RoomInfo, RoomKind, Unplaced},
};
use std::sync::Arc;

/// The room, if the user is a member of it.
///
/// # Errors
/// `NOT_FOUND` for everybody else, so that nothing tells whether the room exists.
pub fn member_of<'a>(state: &'a State, user: &LocalPart, room: RoomId) -> Result<&'a Arc<Room>, Reject> {
    let unknown = || Reject::new(Code::NotFound, "there is no such room among yours");
    let known = state.rooms_of.get(user).is_some_and(|rooms| rooms.contains(&room));
    let room = state.rooms.get(&room).filter(|_| known).ok_or_else(unknown)?;
    let ending = awaits_cleanup(state, room) && !room.is_hosted_by(&state.org.domain);
    if ending { Err(unknown()) } else { Ok(room) }
}

/// Whether a link has closed and its clean-up has yet to reach this group: those whose membership it will end
/// count as gone already (P26).
#[must_use]
pub fn awaits_cleanup(state: &State, room: &Room) -> bool {
    room.info.kind == RoomKind::Group
        && link_of(state, room)
            .and_then(|link| link.peer.cleanup)
            .is_some_and(|cleanup| cleanup.done.is_none_or(|done| room.info.id > done))
}

/// The members as people see them: without those whose membership a clean-up is about to end.
pub fn present_members<'a>(state: &'a State, room: &'a Room) -> impl Iterator<Item = (&'a Address, &'a Member)> {
    let ending = awaits_cleanup(state, room);
    let hosted = room.is_hosted_by(&state.org.domain);
    room.members.iter().filter(move |(address, _)| !ending || (hosted && state.is_ours(address)))
}

/// The first visible index of a user in a room, and the one past the last. Empty for those who are not in it.
#[must_use]
pub fn visible_range(state: &State, user: &LocalPart, room: &Room) -> (u64, u64) {
    match room.members.get(&state.address(user)) {
        Some(member) if member_of(state, user, room.info.id).is_ok() => {
            (member.visible_from.max(room.begins), room.next_index)
        }
        _ => (0, 0),
    }
}

/// The ranges of a direct room that stay hidden from the user, because they were written while a block stood (P10).
#[must_use]
pub fn hidden_ranges<'a>(state: &'a State, user: &LocalPart, room: &Room) -> &'a [(u64, u64)] {
    let partner = direct_partner(state, room);
    let contact = partner.and_then(|partner| state.contacts.get(&(user.clone(), partner.clone())));
    contact.map_or(&[], |contact| contact.hidden.as_slice())
}

/// Whether an index of a room is visible to the user now.
#[must_use]
pub fn visible(state: &State, user: &LocalPart, room: &Room, index: u64) -> bool {
    let (from, to) = visible_range(state, user, room);
    (from..to).contains(&index)
        && !hidden_ranges(state, user, room).iter().any(|(start, end)| (*start..*end).contains(&index))
}

/// The partner's person in a direct room.
#[must_use]
pub fn direct_partner<'a>(state: &State, room: &'a Room) -> Option<&'a Address> {
    let mut people = room.members.keys().filter(|_| room.info.kind == RoomKind::Direct);
    people.find(|address| !state.is_ours(address))
}

/// Whether one of our users blocks this person now (P10).
#[must_use]
pub fn blocks(state: &State, user: &LocalPart, other: &Address) -> bool {
    state.contacts.get(&(user.clone(), other.clone())).is_some_and(|contact| contact.blocked)
}

/// Whether the room takes anything at all.
///
/// # Errors
/// `FROZEN` after a contradiction, `ARCHIVE` for what was imported.
pub fn check_frozen(room: &Room) -> Result<(), Reject> {
    match room.info.frozen {
        None => Ok(()),
        Some(Code::Archive) => {
            Err(Reject::new(Code::Archive, "this room is an archive: it is read, and never written to"))
        }
        Some(_) => {
            Err(Reject::new(Code::Frozen, "this room is frozen after a contradiction; an admin must look at it"))
        }
    }
}

/// Whether the user may write into the room now; with a permit when what is written has to cross a link.
///
/// # Errors
/// The first condition that fails.
pub fn writable(state: &State, room: &Room, user: &LocalPart, now: Millis) -> Result<Option<Permit>, Reject> {
    check_frozen(room)?;
    if room.info.kind == RoomKind::Internal {
        return Ok(None);
    }
    check_permission(state, user)?;
    let Some(peer) = room.other(&state.org.domain).filter(|_| crosses(state, room, now)) else { return Ok(None) };
    let permit = authorize(state, peer, Scope::Messages, now)?;
    if let Some(partner) = direct_partner(state, room) {
        check_reachable(state, user, partner)?;
    }
    check_outbox(state, peer)?;
    Ok(Some(permit))
}

/// Whether what is written here has to cross a link. The host's people go on alone in a group whose link has ended.
pub fn crosses(state: &State, room: &Room, now: Millis) -> bool {
    if room.info.kind != RoomKind::Group || !room.is_hosted_by(&state.org.domain) {
        return true;
    }
    let open = link_of(state, room).is_some_and(|link| permit::term(link, now).is_some());
    room.info.partner_present && open && !awaits_cleanup(state, room)
}

fn check_reachable(state: &State, user: &LocalPart, partner: &Address) -> Result<(), Reject> {
    if blocks(state, user, partner) {
        return Err(Reject::new(Code::Blocked, format!("you have blocked {partner}; unblock them to write")));
    }
    match state.profiles.get(partner) {
        Some(profile) if !profile.available => {
            Err(Reject::new(Code::Unavailable, format!("{partner} cannot be reached now")))
        }
        _ => Ok(()),
    }
}

/// Whether the peer's outbox takes another record of a user.
///
/// # Errors
/// `OUTBOX_FULL` when the partner has been away for too long.
pub fn check_outbox(state: &State, peer: &Domain) -> Result<(), Reject> {
    let waiting = state.links.get(peer).map_or(0, |link| link.streams.unacknowledged());
    if waiting < limits::OUTBOX_RECORDS_MAX {
        return Ok(());
    }
    let detail = format!("too much waits for {peer}, which has been away for long; try later");
    Err(Reject::limit(Code::OutboxFull, "queued_records", detail))
}

/// Notes how far a user has read. Only forward, and never past the end.
///
/// # Errors
/// `NOT_FOUND` when the user is not a member.
pub fn mark_read(draft: &mut Draft<'_>, user: &LocalPart, room: RoomId, index: u64) -> Result<Answer, Reject> {
    let next_index = member_of(&draft.state, user, room)?.next_index;
    let read = index.saturating_add(1).min(next_index);
    let before = draft.state.marks.get(&(user.clone(), room)).copied().unwrap_or(0);
    if read > before {
        draft.put_mark(user, room, read);
        draft.journal(Entry::Read { user: user.clone(), room, index: read - 1 });
    }
    Ok(Answer::done())
}

/// Takes a submission that the host refused out of the queue: it will not get a place (P21).
pub fn unplace(draft: &mut Draft<'_>, room: RoomId, p: u64, code: Code) {
    unplace_range(draft, room, PendingRange { from: p, to: p + 1 }, Some(code));
}

/// The same for several; without a code when the link closed before they crossed. Their authors are told of the last
/// ones; the room's state names all.
pub(super) fn unplace_range(draft: &mut Draft<'_>, room: RoomId, range: PendingRange, code: Option<Code>) {
    let Some(pending) = draft.state.rooms.get(&room).map(|known| known.info.pending) else { return };
    if range.from >= range.to || range.to > pending.to {
        return;
    }
    draft.state.unplaced_times += 1;
    draft.change_room(room, |info| note_unplaced(info, range, code));
    settle_pending(draft, room, pending.from);
    for p in range.from.max(range.to.saturating_sub(UNPLACED_TOLD_MAX))..range.to {
        draft.journal(Entry::Unplaced { room, p, code });
    }
}

/// Submissions of ours before this number wait for a place that will not come any more.
pub fn give_up_waiting(draft: &mut Draft<'_>, room: RoomId, to: u64) {
    let Some(pending) = draft.state.rooms.get(&room).map(|known| known.info.pending) else { return };
    unplace_range(draft, room, PendingRange { from: pending.from, to }, None);
}

/// Notes that no submission before this number waits any more, nor those right behind it that were refused already.
pub(super) fn settle_pending(draft: &mut Draft<'_>, room: RoomId, before: u64) {
    let Some(info) = draft.state.rooms.get(&room).map(|known| known.info.clone()) else { return };
    let mut first_waiting = before.max(info.pending.from);
    for Unplaced { range, .. } in &info.unplaced {
        if (range.from..range.to).contains(&first_waiting) {
            first_waiting = range.to;
        }
    }
    if first_waiting > info.pending.from {
        draft.pending_done(room, first_waiting);
    }
}

/// What the host has passed over, it has refused; the reason comes with the ack, if it is not here already.
pub(super) fn pass_over(draft: &mut Draft<'_>, room: RoomId, range: PendingRange) {
    for p in range.from..range.to {
        let known = draft.state.rooms.get(&room).is_some_and(|known| {
            known.info.unplaced.iter().any(|unplaced| (unplaced.range.from..unplaced.range.to).contains(&p))
        });
        if !known {
            unplace(draft, room, p, Code::RoomClosed);
        }
    }
}

/// Most submissions whose end is told one by one.
const UNPLACED_TOLD_MAX: u64 = 512;

/// A later verdict on a submission replaces an earlier one.
fn note_unplaced(info: &mut RoomInfo, range: PendingRange, code: Option<Code>) {
    let mut ranges = Vec::with_capacity(info.unplaced.len() + 2);
    for known in info.unplaced.drain(..) {
        let before = PendingRange { from: known.range.from, to: known.range.to.min(range.from) };
        let after = PendingRange { from: known.range.from.max(range.to), to: known.range.to };
        ranges.extend(
            [before, after]
                .into_iter()
                .filter(|part| part.from < part.to)
                .map(|range| Unplaced { range, code: known.code }),
        );
    }
    ranges.push(Unplaced { range, code });
    ranges.sort_by_key(|unplaced| unplaced.range.from);
    for next in ranges {
        match info.unplaced.last_mut() {
            Some(last) if last.range.to == next.range.from && last.code == next.code => last.range.to = next.range.to,
            _ => info.unplaced.push(next),
        }
    }
    let excess = info.unplaced.len().saturating_sub(limits::UNPLACED_RANGES_MAX);
    info.unplaced.drain(..excess);
}

/// Takes nothing more for a room whose partner contradicted itself, and reports it (A19).
pub fn freeze(draft: &mut Draft<'_>, room: RoomId, code: Code) {
    let Some(known) = draft.state.rooms.get(&room).cloned() else { return };
    if known.info.frozen.is_some() {
        return;
    }
    draft.change_room(room, |info| info.frozen = Some(code));
    let peer = known.other(&draft.state.org.domain).map_or_else(|| "system".to_owned(), |peer| format!("peer:{peer}"));
    draft.audit(AuditNote {
        actor: peer,
        action: "room.frozen",
        subject: room.to_string(),
        code: Some(code),
        detail: String::new(),
    });
    for user in our_members(&draft.state, &known) {
        draft.notify(&user, NoticeKind::Frozen { room });
    }
    draft.journal(Entry::Room { room });
}

fn our_members(state: &State, room: &Room) -> Vec<LocalPart> {
    room.members_of(&state.org.domain).map(|(address, _)| address.local()).collect()
}

/// The link to the room's other org.
fn link_of<'a>(state: &'a State, room: &Room) -> Option<&'a Arc<Link>> {
    room.other(&state.org.domain).and_then(|peer| state.links.get(peer))
}

/// The room, if this peer orders it and it takes something.
///
/// # Errors
/// `AUTHORITY` for any other room, known or not; `FROZEN` after a contradiction.
pub fn followed_from<'a>(state: &'a State, peer: &Domain, room: RoomId) -> Result<&'a Arc<Room>, Code> {
    let room = state.rooms.get(&room).filter(|room| room.info.host == *peer).ok_or(Code::Authority)?;
    if room.info.frozen.is_some() { Err(Code::Frozen) } else { Ok(room) }
}

/// The room, if we order it, this peer is the partner in it, and it takes something.
///
/// # Errors
/// `AUTHORITY` for any other room, known or not; `FROZEN` after a contradiction.
pub fn hosted_for<'a>(state: &'a State, peer: &Domain, room: RoomId) -> Result<&'a Arc<Room>, Code> {
    let ours = |room: &&Arc<Room>| room.is_hosted_by(&state.org.domain) && room.info.partner.as_ref() == Some(peer);
    let room = state.rooms.get(&room).filter(ours).ok_or(Code::Authority)?;
    if room.info.frozen.is_some() { Err(Code::Frozen) } else { Ok(room) }
}

/// How many rooms we share with a peer; counted when one is to be made.
pub(super) fn shared_rooms(state: &State, peer: &Domain) -> usize {
    state.rooms.values().filter(|room| room.other(&state.org.domain) == Some(peer)).count()
}
