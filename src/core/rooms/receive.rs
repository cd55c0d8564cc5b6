//! A followed room as its host tells it: the whole state, and one event after the other (W14, W17, W18, A17 to A19).

use super::{
    super::{
        acts, contacts,
        draft::Draft,
        permit::check_permission,
        photos,
        state::{Room, State},
    },
    ending::end_member,
    followed_from, freeze,
    joining::{admit_all, direct_orgs},
    shared_rooms,
};
use crate::{
    crypto::digest::{chain, direct_room, sha256},
    model::{
        Address, Code, Domain, RoomId,
        contact::ContactState,
        event::{Content, Event, Role, Sealed, SettingsChange},
        journal::Entry,
        limits,
        notice::NoticeKind,
        room::{Member, MemberImage, PendingRange, RoomImage, RoomInfo, RoomKind},
    },
};

/// Takes the whole state of a room from its host (W18).
///
/// # Errors
/// `AUTHORITY` for a room that the peer does not order or may not start, `THIRD_ORG`, `MALFORMED`, `TOO_LARGE`;
/// `FROZEN` when the state contradicts what we hold.
pub fn receive_state(draft: &mut Draft<'_>, peer: &Domain, image: &RoomImage) -> Result<(), Code> {
    check_image(&draft.state, peer, image)?;
    match draft.state.rooms.get(&image.id).cloned() {
        Some(known) => {
            if known.info.host != *peer || known.info.kind != image.kind {
                return Err(Code::Authority);
            }
            followed_from(&draft.state, peer, image.id)?;
            let same_place = image.next_index == known.next_index;
            if image.next_index < known.next_index || (same_place && image.head != known.head) {
                freeze(draft, image.id, Code::Fork);
                return Err(Code::Frozen);
            }
            let mut info = RoomInfo::clone(&known.info);
            info.name.clone_from(&image.name);
            info.description = image.description.clone();
            info.history = image.history;
            info.rules = image.rules;
            draft.put_room(info);
        }
        None => {
            let asked = check_new(&draft.state, peer, image)?;
            let us = draft.state.org.domain.clone();
            draft.put_room(info_of(peer, &us, image));
            if let Some((ours, theirs)) = asked {
                contacts::settle_added(draft, &ours.local(), theirs);
            }
        }
    }
    photos::set_room(draft, image.id, image.photo, Some(peer));
    draft.skip_to(image.id, image.next_index, image.head);
    take_members(draft, peer, image);
    draft.journal(Entry::Room { room: image.id });
    Ok(())
}

fn check_image(state: &State, peer: &Domain, image: &RoomImage) -> Result<(), Code> {
    if image.members.len() > limits::MEMBERS_MAX {
        return Err(Code::TooLarge);
    }
    if image.members.iter().any(|member| !member.user.is_of(peer) && !state.is_ours(&member.user)) {
        return Err(Code::ThirdOrg);
    }
    match image.kind {
        RoomKind::Internal => Err(Code::Malformed),
        RoomKind::Group if image.name.is_none() || !image.created_by.is_of(peer) => Err(Code::Malformed),
        RoomKind::Group => Ok(()),
        RoomKind::Direct => check_direct(state, peer, image),
    }
}

/// The two people, the id and the host of a direct room follow from each other (P7).
fn check_direct(state: &State, peer: &Domain, image: &RoomImage) -> Result<(), Code> {
    let (one, other) = match image.members.as_slice() {
        [one, other] if state.is_ours(&one.user) => (&one.user, &other.user),
        [one, other] => (&other.user, &one.user),
        _ => return Err(Code::Malformed),
    };
    let right = state.is_ours(one)
        && other.is_of(peer)
        && image.id == direct_room(one, other)
        && direct_orgs(&state.org.domain, peer).0 == *peer;
    if right { Ok(()) } else { Err(Code::Authority) }
}

/// A direct room that is not here is taken only by a user who asked for it: the answer to the add was lost. Returns
/// the two people, ours first.
fn check_new<'i>(
    state: &State,
    peer: &Domain,
    image: &'i RoomImage,
) -> Result<Option<(&'i Address, &'i Address)>, Code> {
    if shared_rooms(state, peer) >= limits::ROOMS_PER_LINK_MAX {
        return Err(Code::TooLarge);
    }
    if image.kind == RoomKind::Group {
        return Ok(None);
    }
    let person = |ours: bool| image.members.iter().map(|member| &member.user).find(|user| state.is_ours(user) == ours);
    let (Some(ours), Some(theirs)) = (person(true), person(false)) else { return Err(Code::Authority) };
    let contact = state.contacts.get(&(ours.local(), theirs.clone()));
    let asked = contact.is_some_and(|contact| contact.state != ContactState::None);
    if asked && state.user_at(ours).is_some() { Ok(Some((ours, theirs))) } else { Err(Code::Authority) }
}

/// The row of a room whose copies begin with this state, without a photo.
pub fn info_of(host: &Domain, partner: &Domain, image: &RoomImage) -> RoomInfo {
    RoomInfo {
        id: image.id,
        kind: image.kind,
        host: host.clone(),
        partner: Some(partner.clone()),
        name: image.name.clone(),
        description: image.description.clone(),
        history: image.history,
        rules: image.rules,
        photo: None,
        photo_asked: None,
        created_by: image.created_by.clone(),
        created_at: image.created_at,
        synced_epoch: None,
        partner_present: true,
        frozen: None,
        pending: PendingRange::default(),
        unplaced: Vec::new(),
        joins: 0,
    }
}

/// The host's people are as the host says. Ours stay members if the host has them too, and become members only by
/// their own daemon's word (A18).
fn take_members(draft: &mut Draft<'_>, peer: &Domain, image: &RoomImage) {
    let Some(room) = draft.state.rooms.get(&image.id).cloned() else { return };
    let named: std::collections::BTreeSet<&Address> = image.members.iter().map(|member| &member.user).collect();
    for gone in room.members.keys().filter(|user| !named.contains(user)) {
        end_member(draft, image.id, gone, None);
    }
    for member in &image.members {
        let known = room.members.get(&member.user);
        if member.user.is_of(peer) {
            take_name(draft, image, member);
        } else if known.is_none() && image.kind == RoomKind::Group {
            if !may_join(&draft.state, &room, &member.user) {
                continue;
            }
            draft.notify(&member.user.local(), NoticeKind::Joined { room: image.id });
        }
        take_member(draft, image, member, known);
    }
}

/// What the host's people are called. Being in a group means being available; a direct room says nothing of it.
fn take_name(draft: &mut Draft<'_>, image: &RoomImage, member: &MemberImage) {
    let Some(name) = member.name.clone() else { return };
    let known = draft.state.profiles.get(&member.user);
    let available = image.kind == RoomKind::Group || known.is_none_or(|known| known.available);
    draft.put_person(&member.user, name, available);
}

fn take_member(draft: &mut Draft<'_>, image: &RoomImage, member: &MemberImage, known: Option<&Member>) {
    let joined = draft.state.rooms.get(&image.id).map_or(0, |room| room.info.joins);
    let taken = match known {
        Some(known) => Member { role: member.role, ..known.clone() },
        None => Member { role: member.role, visible_from: member.visible_from, joined, joined_at: draft.now },
    };
    if known == Some(&taken) {
        return;
    }
    if known.is_none() {
        draft.change_room(image.id, |info| info.joins += 1);
    }
    draft.put_member(image.id, &member.user, taken);
}

/// Whether a user of ours is let in by our own word: asked in and accepted, or added by one of our masters, and still
/// permitted.
fn may_join(state: &State, room: &Room, user: &Address) -> bool {
    room.invited.contains_key(user) && check_permission(state, &user.local()).is_ok()
}

/// Takes the next event of a room from its host.
///
/// # Errors
/// `AUTHORITY` for a room that the peer does not order, and for what the host invents (A18, A19); `FROZEN` when the
/// index is not the next; `SCOPE`, `NOT_MEMBER`, `THIRD_ORG` consume the index.
pub fn receive_event(
    draft: &mut Draft<'_>,
    peer: &Domain,
    id: RoomId,
    index: u64,
    sealed: &Sealed,
) -> Result<(), Code> {
    let next_index = followed_from(&draft.state, peer, id)?.next_index;
    if index != next_index {
        freeze(draft, id, if index > next_index { Code::Gap } else { Code::Fork });
        return Err(Code::Frozen);
    }
    let Event { author, content, .. } = &sealed.event;
    if author.as_ref().is_some_and(|author| !author.is_of(peer)) {
        // Our own people's messages come back as places, never as events.
        freeze(draft, id, Code::Authority);
        return Err(Code::Authority);
    }
    let taken = match (content, author) {
        (Content::Act(_), None) => Err(Code::Malformed),
        (Content::Act(_), Some(author)) => acts::take(draft, peer, id, author, sealed),
        (change, _) => take_change(draft, peer, id, sealed, change),
    };
    // A refusal of content consumes the index, so that what follows still has its place (W13).
    if taken.is_err_and(|code| code != Code::Authority) {
        pass_event(draft, id, sealed);
    }
    taken
}

fn take_change(
    draft: &mut Draft<'_>,
    peer: &Domain,
    id: RoomId,
    sealed: &Sealed,
    change: &Content,
) -> Result<(), Code> {
    let Some(room) = draft.state.rooms.get(&id) else { return Err(Code::Authority) };
    if room.info.kind != RoomKind::Group {
        return Err(Code::Malformed);
    }
    check_change(&draft.state, room, peer, change)?;
    let index = draft.append(id, sealed.clone(), None);
    apply_change(draft, id, (sealed, index), change, Some(peer));
    Ok(())
}

/// What a change of a group means for its copy, once it has its place. `peer` is whose people want it, if not ours.
pub fn apply_change(
    draft: &mut Draft<'_>,
    id: RoomId,
    (sealed, index): (&Sealed, u64),
    change: &Content,
    peer: Option<&Domain>,
) {
    match change {
        Content::Joined { users } => {
            let (coming, gone): (Vec<_>, Vec<_>) = users.iter().cloned().partition(|user| stays(&draft.state, user));
            admit_all(draft, id, &coming, sealed.event.author.as_ref(), index, sealed.event.made_at);
            gone.iter().for_each(|user| draft.put_invitation(id, user, None));
        }
        Content::Removed { users } => users.iter().for_each(|user| end_member(draft, id, user, None)),
        Content::Excluded { users, cause } => users.iter().for_each(|user| end_member(draft, id, user, Some(*cause))),
        Content::Role { user, role } => set_role(draft, id, user, *role),
        Content::Settings(change) => apply_settings(draft, id, change, peer),
        Content::Created { .. } | Content::Act(_) => {}
    }
    draft.journal(Entry::Room { room: id });
}

/// Who accepted and then lost the permission does not come in; the host hears of it and orders the exclusion.
fn stays(state: &State, user: &Address) -> bool {
    !state.is_ours(user) || check_permission(state, &user.local()).is_ok()
}

fn check_change(state: &State, room: &Room, peer: &Domain, change: &Content) -> Result<(), Code> {
    let known_org = |user: &Address| user.is_of(peer) || state.is_ours(user);
    let users: &[Address] = match change {
        Content::Joined { users } | Content::Removed { users } | Content::Excluded { users, .. } => users,
        Content::Role { user, .. } => std::slice::from_ref(user),
        Content::Created { .. } | Content::Act(_) | Content::Settings(_) => &[],
    };
    if !users.iter().all(known_org) {
        return Err(Code::ThirdOrg);
    }
    if !matches!(change, Content::Joined { .. }) {
        return Ok(());
    }
    let accepted = |user: &Address| room.invited.contains_key(user) || room.members.contains_key(user);
    if users.iter().any(|user| state.is_ours(user) && !accepted(user)) {
        return Err(Code::Authority);
    }
    if room.members.len() + users.len() > limits::MEMBERS_MAX { Err(Code::TooLarge) } else { Ok(()) }
}

/// Gives a member a role. Who is no longer here needs none.
pub fn set_role(draft: &mut Draft<'_>, id: RoomId, user: &Address, role: Role) {
    let member = draft.state.rooms.get(&id).and_then(|room| room.members.get(user)).cloned();
    if let Some(member) = member.filter(|member| member.role != role) {
        draft.put_member(id, user, Member { role, ..member });
    }
}

/// Changes what a room is called, looks like, and shows to newcomers. `peer` is whose people want it, if not ours.
pub fn apply_settings(draft: &mut Draft<'_>, id: RoomId, change: &SettingsChange, peer: Option<&Domain>) {
    if let Some(photo) = change.photo {
        photos::set_room(draft, id, photo, peer);
    }
    draft.change_room(id, |info| {
        if let Some(name) = &change.name {
            info.name = Some(name.clone());
        }
        if let Some(description) = &change.description {
            info.description = description.clone();
        }
        if let Some(history) = change.history {
            info.history = history;
        }
        info.rules = info.rules.after(change.rules);
    });
}

/// Leaves a refused event out of the timeline, and keeps its place and its link in the chain.
fn pass_event(draft: &mut Draft<'_>, id: RoomId, sealed: &Sealed) {
    if let Some(room) = draft.state.rooms.get(&id) {
        let (next_index, head) = (room.next_index + 1, chain(room.head, sha256(&sealed.bytes)));
        draft.skip_to(id, next_index, head);
    }
}
