//! Coming into a room: direct rooms, joins, what newcomers see (P6, P7, P17).

use super::{
    super::{draft::Draft, users},
    order::order,
    shared_rooms,
};
use crate::{
    crypto::digest::direct_room,
    model::{
        Address, Code, Domain, Millis, RoomId,
        event::{Content, Role},
        journal::Entry,
        limits,
        notice::NoticeKind,
        room::{History, Member, PendingRange, RoomInfo, RoomKind},
        text::Description,
        tool::Rules,
    },
};

/// The direct room of one of our users and a partner's person, made if it is not there (P6, P7).
///
/// # Errors
/// `UNAVAILABLE` when its id is taken by another room, or the link has too many rooms.
pub fn open_direct(draft: &mut Draft<'_>, ours: &Address, theirs: &Address, by: &Address) -> Result<RoomId, Code> {
    let id = direct_room(ours, theirs);
    let peer = theirs.domain();
    if let Some(room) = draft.state.rooms.get(&id) {
        let right = room.info.kind == RoomKind::Direct && room.members.contains_key(ours);
        return if right { Ok(id) } else { Err(Code::Unavailable) };
    }
    if shared_rooms(&draft.state, &peer) >= limits::ROOMS_PER_LINK_MAX {
        return Err(Code::Unavailable);
    }
    let (host, partner) = direct_orgs(&draft.state.org.domain, &peer);
    draft.put_room(RoomInfo {
        id,
        kind: RoomKind::Direct,
        host,
        partner: Some(partner),
        name: None,
        description: Description::default(),
        history: History::All,
        rules: Rules::default(),
        photo: None,
        photo_asked: None,
        created_by: by.clone(),
        created_at: draft.now,
        synced_epoch: None,
        partner_present: true,
        frozen: None,
        pending: PendingRange::default(),
        unplaced: Vec::new(),
        joins: 0,
    });
    for person in [ours, theirs] {
        admit(draft, id, person, 0, draft.now);
    }
    draft.journal(Entry::Room { room: id });
    Ok(id)
}

/// Host and partner of a direct room: the domain that sorts first is the host (P7).
pub fn direct_orgs(one: &Domain, other: &Domain) -> (Domain, Domain) {
    if one <= other { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) }
}

/// Lets people into a room that we host, or an internal one: one event, and what they see by the room's rule (P17).
pub fn join(draft: &mut Draft<'_>, id: RoomId, users: Vec<Address>, by: Option<&Address>) {
    if users.is_empty() {
        return;
    }
    let sealed = draft.seal(by.cloned(), Content::Joined { users: users.clone() });
    let index = order(draft, id, sealed);
    admit_all(draft, id, &users, by, index, draft.now);
}

/// Makes people members as of the event at `index`, and tells ours.
pub fn admit_all(
    draft: &mut Draft<'_>,
    id: RoomId,
    users: &[Address],
    by: Option<&Address>,
    index: u64,
    joined_at: Millis,
) {
    let history = draft.state.rooms.get(&id).map_or(History::Arrival, |room| room.info.history);
    let partner =
        draft.state.rooms.get(&id).filter(|room| room.info.kind != RoomKind::Internal && room.info.partner_present);
    let partner = partner.and_then(|room| room.other(&draft.state.org.domain)).cloned();
    let visible_from = if history == History::All { 0 } else { index };
    for user in users {
        admit(draft, id, user, visible_from, joined_at);
        if let Some(peer) = partner.as_ref().filter(|_| draft.state.is_ours(user)) {
            users::tell_photo(draft, &user.local(), peer);
        }
        if draft.state.is_ours(user) && Some(user) != by {
            draft.notify(&user.local(), NoticeKind::Joined { room: id });
        }
    }
    draft.journal(Entry::Room { room: id });
}

fn admit(draft: &mut Draft<'_>, id: RoomId, user: &Address, visible_from: u64, joined_at: Millis) {
    let joined = draft.state.rooms.get(&id).map_or(0, |room| room.info.joins);
    draft.change_room(id, |info| info.joins += 1);
    draft.put_member(id, user, Member { role: Role::Member, visible_from, joined, joined_at });
}
