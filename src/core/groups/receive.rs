//! Invitations, their answers, and what the partner's masters ask for (P13, W14, A16 to A18).

use super::{
    super::{
        command::Ref,
        draft::Draft,
        permit::check_permission,
        rooms,
        state::{Room, State},
    },
    check_master, check_role, no_leaving, order_role, order_settings,
};
use crate::{
    crypto::digest::direct_room,
    model::{
        Address, Code, Domain, RoomId,
        event::Role,
        journal::Entry,
        limits,
        record::{Ask, RecordBody},
        room::{Invitation, RoomKind},
        text::DisplayName,
    },
};

/// The host asks some of our people in: our daemon answers for them. Why somebody cannot come is not told (P8).
///
/// # Errors
/// `AUTHORITY` when the room or the people are not for this host to ask about; `NOT_MASTER`; `TOO_LARGE`.
pub fn receive_invite(
    draft: &mut Draft<'_>,
    peer: &Domain,
    id: RoomId,
    by: &Address,
    users: &[Address],
) -> Result<(), Code> {
    let room = rooms::followed_from(&draft.state, peer, id)?.clone();
    let strangers = users.iter().any(|user| !draft.state.is_ours(user));
    if room.info.kind != RoomKind::Group || !by.is_of(peer) || strangers {
        return Err(Code::Authority);
    }
    check_master(&room, by).map_err(|reject| reject.code)?;
    if users.len() > limits::MEMBERS_PER_ADD_MAX {
        return Err(Code::TooLarge);
    }
    let (mut accepted, mut declined) = (Vec::new(), Vec::new());
    for user in users {
        match draft.state.user_at(user).filter(|_| may_be_added(&draft.state, &room, user, by)) {
            Some(known) => accepted.push((user.clone(), known.name.clone())),
            None => declined.push(user.clone()),
        }
    }
    for (user, _) in &accepted {
        draft.put_invitation(id, user, Some(Invitation { by: by.clone(), at: draft.now }));
    }
    draft.send(peer, &RecordBody::RoomAnswer { room: id, accepted, declined }, Ref::None);
    Ok(())
}

/// Whether a partner's master may bring in our user: permitted, acquainted or here before, not blocking them.
fn may_be_added(state: &State, room: &Room, user: &Address, by: &Address) -> bool {
    let local = user.local();
    let acquainted = state.rooms.contains_key(&direct_room(user, by)) || room.former.contains_key(user);
    check_permission(state, &local).is_ok() && acquainted && !rooms::blocks(state, &local, by)
}

/// The partner's daemon answers an invitation: who accepted comes in by one event.
///
/// # Errors
/// `AUTHORITY` for a room that we do not host with this peer, or people who are not of it.
pub fn receive_answer(
    draft: &mut Draft<'_>,
    peer: &Domain,
    id: RoomId,
    accepted: &[(Address, DisplayName)],
    declined: &[Address],
) -> Result<(), Code> {
    let room = rooms::hosted_for(&draft.state, peer, id)?.clone();
    if !accepted.iter().map(|(user, _)| user).chain(declined).all(|user| user.is_of(peer)) {
        return Err(Code::Authority);
    }
    // Who is no longer asked in was taken back by a master meanwhile.
    let mut coming = Vec::new();
    for (user, name) in accepted.iter().filter(|(user, _)| room.invited.contains_key(user)) {
        if !coming.contains(user) {
            coming.push(user.clone());
            draft.put_person(user, name.clone(), true);
        }
    }
    let by = coming.first().and_then(|user| room.invited.get(user)).map(|invitation| invitation.by.clone());
    rooms::join(draft, id, coming, by.as_ref());
    for user in declined {
        rooms::take_back(draft, id, user);
    }
    rooms::end_presence_if_empty(draft, id);
    draft.journal(Entry::Room { room: id });
    Ok(())
}

/// The partner refused an invitation record of `by` as a whole: nobody of it comes.
pub fn settle_invite_refused(draft: &mut Draft<'_>, id: RoomId, by: &Address) {
    let Some(room) = draft.state.rooms.get(&id).cloned() else { return };
    for (user, _) in room.invited.iter().filter(|(_, invitation)| invitation.by == *by) {
        rooms::take_back(draft, id, user);
    }
    rooms::end_presence_if_empty(draft, id);
    draft.journal(Entry::Room { room: id });
}

/// A master of the partner asks for a change in a room that we host: the same conditions as for our own masters.
///
/// # Errors
/// `AUTHORITY`, `NOT_MEMBER`, `NOT_MASTER`, and the conditions of what is asked for. People of ours who cannot come are
/// `UNAVAILABLE`, whatever the cause (P8).
pub fn receive_ask(draft: &mut Draft<'_>, peer: &Domain, id: RoomId, by: &Address, ask: &Ask) -> Result<(), Code> {
    let room = rooms::hosted_for(&draft.state, peer, id)?.clone();
    if room.info.kind != RoomKind::Group || !by.is_of(peer) {
        return Err(Code::Authority);
    }
    check_master(&room, by).map_err(|reject| reject.code)?;
    // What the partner's masters ask for is ordered without an author: an event never speaks for another org's people.
    match ask {
        Ask::Add { users } => receive_add(draft, &room, by, users),
        Ask::Remove { users } => receive_remove(draft, &room, by, users),
        Ask::Role { user, role } => receive_role(draft, &room, user, *role),
        Ask::Settings(change) => {
            order_settings(draft, id, None, change.clone());
            Ok(())
        }
    }
}

fn receive_add(
    draft: &mut Draft<'_>,
    room: &Room,
    by: &Address,
    users: &[(Address, Option<DisplayName>)],
) -> Result<(), Code> {
    if users.len() > limits::MEMBERS_PER_ADD_MAX || room.members.len() + users.len() > limits::MEMBERS_MAX {
        return Err(Code::TooLarge);
    }
    let mut coming = Vec::new();
    for (user, _) in users {
        if draft.state.is_ours(user) {
            if !may_be_added(&draft.state, room, user, by) {
                return Err(Code::Unavailable);
            }
        } else if user.domain_str() != by.domain_str() {
            return Err(Code::ThirdOrg);
        }
        if !room.members.contains_key(user) && !coming.contains(user) {
            coming.push(user.clone());
        }
    }
    for (user, name) in users.iter().filter(|(user, _)| user.domain_str() == by.domain_str()) {
        if let Some(name) = name.clone() {
            draft.put_person(user, name, true);
        }
    }
    rooms::join(draft, room.info.id, coming, None);
    Ok(())
}

fn receive_remove(draft: &mut Draft<'_>, room: &Room, by: &Address, users: &[Address]) -> Result<(), Code> {
    if users.contains(by) {
        return Err(no_leaving().code);
    }
    let mut leaving: Vec<Address> = users.iter().filter(|user| room.members.contains_key(*user)).cloned().collect();
    leaving.sort();
    leaving.dedup();
    if leaving.len() > limits::MEMBERS_PER_ADD_MAX {
        return Err(Code::TooLarge);
    }
    if !leaving.is_empty() {
        rooms::end_memberships(draft, room.info.id, leaving, None, None);
    }
    Ok(())
}

fn receive_role(draft: &mut Draft<'_>, room: &Room, user: &Address, role: Role) -> Result<(), Code> {
    check_role(room, user, role).map_err(|reject| reject.code)?;
    order_role(draft, room, None, user, role);
    Ok(())
}
