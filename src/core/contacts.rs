//! Contacts and blocks (P6 to P10).

use super::{
    command::{Answer, BlockSwitch, Ref},
    draft::Draft,
    permit::{authorize, check_permission},
    photos, rooms,
    state::{Quota, Room, State},
    users,
};
use crate::{
    crypto::digest::direct_room,
    model::{
        Address, Code, Domain, LocalPart, Millis, Reject,
        contact::{Contact, ContactState, Overlay},
        grant::Scope,
        limits,
        notice::NoticeKind,
        record::RecordBody,
        room::RoomKind,
        text::DisplayName,
        user::Profile,
    },
};
use std::sync::Arc;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Adds an external person by exact address (P6). Asking again while asked, or when added, changes nothing.
///
/// # Errors
/// The first condition that fails on our side. The partner's answer comes later, and is one for all its reasons (P8).
pub fn add(draft: &mut Draft<'_>, user: &LocalPart, address: &Address) -> Result<Answer, Reject> {
    if draft.state.is_ours(address) {
        return Err(Reject::field("address", "is of your own organization; only external people are added"));
    }
    check_permission(&draft.state, user)?;
    let known = find(&draft.state, user, address);
    if known.blocked {
        return Err(Reject::new(Code::Blocked, format!("you have blocked {address}; unblock them first")));
    }
    if matches!(known.state, ContactState::Added | ContactState::Pending) {
        return Ok(Answer::contact(known.state));
    }
    let peer = address.domain();
    authorize(&draft.state, &peer, Scope::Contacts, draft.now)?;
    rooms::check_outbox(&draft.state, &peer)?;
    count_own_add(draft, user, &peer)?;
    draft.put_contact(user, address, Some(Contact { state: ContactState::Pending, asked_at: draft.now, ..known }));
    let from = draft.state.address(user);
    let name = draft.state.name_of(&from).cloned();
    let name = name.ok_or_else(|| Reject::new(Code::NotFound, format!("no user {user} here")))?;
    let body = RecordBody::ContactAdd { from, name, to: address.clone() };
    draft.send(&peer, &body, Ref::Contact(user.clone(), address.clone()));
    Ok(Answer::contact(ContactState::Pending))
}

/// One of ours had asked before a restore: the answer comes again (W10).
pub fn ask_again(draft: &mut Draft<'_>, from: &Address, to: &Address, asked_at: Millis) {
    let Some(user) = draft.state.user_at(from).map(|user| user.local.clone()) else { return };
    let known = find(&draft.state, &user, to);
    if known.state != ContactState::Added {
        draft.put_contact(&user, to, Some(Contact { state: ContactState::Pending, asked_at, ..known }));
    }
}

/// The user's entry for somebody; an empty one when there is none.
fn find(state: &State, user: &LocalPart, address: &Address) -> Contact {
    let known = state.contacts.get(&(user.clone(), address.clone()));
    known.map_or_else(
        || Contact {
            state: ContactState::None,
            asked_at: Millis(0),
            overlay: Overlay::default(),
            blocked: false,
            hidden: Vec::new(),
        },
        |contact| Contact::clone(contact),
    )
}

fn count_own_add(draft: &mut Draft<'_>, user: &LocalPart, peer: &Domain) -> Result<(), Reject> {
    let by_user = draft.state.adds_by_user.get(user).copied().unwrap_or_default();
    let by_link = draft.state.adds_by_link.get(&(peer.clone(), false)).copied().unwrap_or_default();
    let by_user = count(by_user, draft.now, HOUR_MS, limits::CONTACT_ADDS_PER_USER_PER_HOUR_MAX);
    let by_link = count(by_link, draft.now, DAY_MS, limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX);
    let refuse = |limit, detail: String| Reject::limit(Code::RateLimited, limit, detail);
    let by_user = by_user.ok_or_else(|| {
        refuse(
            "contact_adds",
            format!("at most {} contacts can be added in an hour", limits::CONTACT_ADDS_PER_USER_PER_HOUR_MAX),
        )
    })?;
    let by_link = by_link.ok_or_else(|| {
        refuse(
            "contact_adds_per_link",
            format!(
                "your organization adds at most {} contacts of {peer} in a day",
                limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX
            ),
        )
    })?;
    draft.put_user_quota(user, by_user);
    draft.put_link_quota(peer, false, by_link);
    Ok(())
}

/// The count after one more, or none when the window is full. A clock that stepped back begins a new window.
fn count(quota: Quota, now: Millis, window_ms: u64, max: u32) -> Option<Quota> {
    let over = now < quota.since || now.since(quota.since) >= window_ms;
    let quota = if over { Quota { since: now, count: 0 } } else { quota };
    (quota.count < max).then(|| Quota { count: quota.count + 1, ..quota })
}

/// Removes a contact. The direct room stays; so does a block.
///
/// # Errors
/// `NOT_FOUND` when there is none.
pub fn remove(draft: &mut Draft<'_>, user: &LocalPart, address: &Address) -> Result<Answer, Reject> {
    let known = find(&draft.state, user, address);
    if known.state == ContactState::None {
        return Err(not_found(address));
    }
    let kept = known.blocked || !known.hidden.is_empty();
    let kept = kept.then(|| Contact { state: ContactState::None, overlay: Overlay::default(), ..known });
    draft.put_contact(user, address, kept);
    Ok(Answer::done())
}

fn not_found(address: &Address) -> Reject {
    Reject::new(Code::NotFound, format!("{address} is not in your contacts"))
}

/// Changes one's own notes on a contact; they stay here (P9).
///
/// # Errors
/// `NOT_FOUND` when there is no such contact.
pub fn edit(draft: &mut Draft<'_>, user: &LocalPart, address: &Address, overlay: Overlay) -> Result<Answer, Reject> {
    let known = find(&draft.state, user, address);
    if known.state == ContactState::None {
        return Err(not_found(address));
    }
    draft.put_contact(user, address, Some(Contact { overlay, ..known }));
    Ok(Answer::done())
}

/// Blocks or unblocks an external person (P10). What they write in the direct room meanwhile stays hidden.
///
/// # Errors
/// `INVALID` for somebody of the own org.
pub fn block(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    address: &Address,
    switch: BlockSwitch,
) -> Result<Answer, Reject> {
    if draft.state.is_ours(address) {
        return Err(Reject::field("address", "is of your own organization; only external people are blocked"));
    }
    let mut contact = find(&draft.state, user, address);
    if contact.blocked == (switch == BlockSwitch::On) {
        return Ok(Answer::done());
    }
    let id = direct_room(&draft.state.address(user), address);
    let next_index = draft.state.rooms.get(&id).map_or(0, |room| room.next_index);
    match switch {
        BlockSwitch::On => hide_from(&mut contact.hidden, next_index),
        BlockSwitch::Off => hide_until(&mut contact.hidden, next_index),
    }
    contact.blocked = switch == BlockSwitch::On;
    let kept = contact.state != ContactState::None || contact.blocked || !contact.hidden.is_empty();
    draft.put_contact(user, address, kept.then_some(contact));
    Ok(Answer::done())
}

fn hide_from(hidden: &mut Vec<(u64, u64)>, index: u64) {
    match hidden.last_mut() {
        Some(last) if last.1 == index => last.1 = u64::MAX,
        _ => hidden.push((index, u64::MAX)),
    }
}

fn hide_until(hidden: &mut Vec<(u64, u64)>, index: u64) {
    if let Some(last) = hidden.last_mut() {
        last.1 = index;
    }
    hidden.retain(|(from, to)| from < to);
}

/// A partner's person adds one of ours: the direct room is there at once, and the answer goes back (P6).
///
/// # Errors
/// `AUTHORITY` when the people are not of these two orgs, `RATE_LIMITED`, and `UNAVAILABLE` for every other reason (P8).
pub fn receive_add(
    draft: &mut Draft<'_>,
    peer: &Domain,
    from: &Address,
    name: &DisplayName,
    to: &Address,
) -> Result<(), Code> {
    if !from.is_of(peer) || !draft.state.is_ours(to) {
        return Err(Code::Authority);
    }
    let quota = draft.state.adds_by_link.get(&(peer.clone(), true)).copied().unwrap_or_default();
    let quota = count(quota, draft.now, DAY_MS, limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX).ok_or(Code::RateLimited)?;
    draft.put_link_quota(peer, true, quota);
    let own_name = reachable_name(&draft.state, to, from).ok_or(Code::Unavailable)?;
    authorize(&draft.state, peer, Scope::Contacts, draft.now).map_err(|_| Code::Unavailable)?;
    let fresh = !draft.state.rooms.contains_key(&direct_room(to, from));
    let room = rooms::open_direct(draft, to, from, from)?;
    draft.put_person(from, name.clone(), true);
    if fresh {
        draft.notify(&to.local(), NoticeKind::DirectRoom { user: from.clone(), room });
    }
    accept(draft, peer, to, own_name, from);
    users::tell_photo(draft, &to.local(), peer);
    Ok(())
}

/// A link has opened again: the answers to adds whose room is still empty may have been lost with the epoch before, and
/// a room that is only here would take nothing.
pub fn accept_again(draft: &mut Draft<'_>, peer: &Domain) {
    let empty = |room: &&Arc<Room>| {
        room.info.kind == RoomKind::Direct && room.next_index == 0 && room.info.created_by.is_of(peer)
    };
    let rooms: Vec<Arc<Room>> = draft.state.rooms.values().filter(empty).cloned().collect();
    for room in rooms {
        let Some(to) = room.members.keys().find(|user| draft.state.is_ours(user)) else { continue };
        if let Some(own_name) = reachable_name(&draft.state, to, &room.info.created_by) {
            accept(draft, peer, to, own_name, &room.info.created_by);
        }
    }
}

/// What our user is called, if this partner's person may reach them.
fn reachable_name(state: &State, to: &Address, from: &Address) -> Option<DisplayName> {
    let local = to.local();
    let reachable = check_permission(state, &local).is_ok() && !rooms::blocks(state, &local, from);
    state.name_of(to).filter(|_| reachable).cloned()
}

fn accept(draft: &mut Draft<'_>, peer: &Domain, to: &Address, own_name: DisplayName, from: &Address) {
    let body = RecordBody::ContactAccepted { from: to.clone(), name: own_name, to: from.clone() };
    draft.send(peer, &body, Ref::None);
}

/// The partner accepted an add of one of ours: the contact is saved, and the direct room is there (P6).
///
/// # Errors
/// `AUTHORITY` when nobody of ours asked, or the people are not of these two orgs.
pub fn receive_accepted(
    draft: &mut Draft<'_>,
    peer: &Domain,
    from: &Address,
    name: &DisplayName,
    to: &Address,
) -> Result<(), Code> {
    if !from.is_of(peer) || !draft.state.is_ours(to) {
        return Err(Code::Authority);
    }
    let local = to.local();
    let contact = find(&draft.state, &local, from);
    if contact.state == ContactState::None {
        // Removed since, with the room left; or never asked for.
        let known = draft.state.rooms.contains_key(&direct_room(to, from));
        return if known { Ok(()) } else { Err(Code::Authority) };
    }
    rooms::open_direct(draft, to, from, to)?;
    draft.put_person(from, name.clone(), true);
    users::tell_photo(draft, &local, peer);
    settle_added(draft, &local, from);
    Ok(())
}

/// An add of our user has come through.
pub fn settle_added(draft: &mut Draft<'_>, user: &LocalPart, address: &Address) {
    let contact = find(&draft.state, user, address);
    if contact.state != ContactState::Added {
        draft.put_contact(user, address, Some(Contact { state: ContactState::Added, ..contact }));
        draft.notify(user, NoticeKind::ContactAdded { user: address.clone() });
    }
}

/// One of the partner's people is called differently, or can or cannot be reached any more (P9). Who cannot is
/// excluded from the groups that we host (P15). Of people whom we do not know nothing is kept.
///
/// # Errors
/// `AUTHORITY` for people who are not of the peer.
pub fn receive_profile(draft: &mut Draft<'_>, peer: &Domain, profile: &Profile) -> Result<(), Code> {
    if !profile.user.is_of(peer) {
        return Err(Code::Authority);
    }
    let known = draft.state.profiles.get(&profile.user).cloned();
    if known.is_none() && !is_in_shared_room(&draft.state, peer, &profile.user) {
        return Ok(());
    }
    let photo = photos::take_of_person(draft, peer, &profile.user, profile.photo);
    draft.put_profile(Profile { photo, ..profile.clone() });
    if known.is_none_or(|known| known.available) && !profile.available {
        rooms::exclude_user(draft, &profile.user, Code::NotPermitted);
    }
    Ok(())
}

fn is_in_shared_room(state: &State, peer: &Domain, user: &Address) -> bool {
    let mut shared = state.rooms.values().filter(|room| room.other(&state.org.domain) == Some(peer));
    shared.any(|room| room.members.contains_key(user))
}

/// The partner refused an add of one of ours (P8).
pub fn settle_refused(draft: &mut Draft<'_>, user: &LocalPart, address: &Address, code: Code) {
    end_add(draft, user, address, ContactState::Unavailable, code);
}

/// The link with a peer has ended: adds that wait for an answer will get none (P18).
pub fn end_link(draft: &mut Draft<'_>, peer: &Domain, cause: Code) {
    let waiting = |(key, contact): &(&(LocalPart, Address), &Arc<Contact>)| {
        contact.state == ContactState::Pending && key.1.is_of(peer)
    };
    let keys: Vec<_> = draft.state.contacts.iter().filter(waiting).map(|(key, _)| key.clone()).collect();
    for (user, address) in keys {
        end_add(draft, &user, &address, ContactState::Undelivered, cause);
    }
}

fn end_add(draft: &mut Draft<'_>, user: &LocalPart, address: &Address, state: ContactState, code: Code) {
    let known = find(&draft.state, user, address);
    if known.state == ContactState::Pending {
        draft.put_contact(user, address, Some(Contact { state, ..known }));
        draft.notify(user, NoticeKind::ContactUnavailable { user: address.clone(), code });
    }
}
