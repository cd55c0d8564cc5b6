//! The authority table: which org may cause which effect on which object (W14, A16 to A19).

use crate::{
    core::state::{Room, State},
    crypto::digest::direct_room,
    model::{
        Address, Code, Domain, RoomId,
        event::{Content, Event},
        grant::Scope,
        record::{Ask, RecordBody},
        room::{RoomImage, RoomKind},
    },
};
use std::sync::Arc;

/// Whether the peer's org may cause this effect at all. What its single people may is asked by the subject's own file.
///
/// # Errors
/// `THIRD_ORG`, and `AUTHORITY` for everything else, also for rooms that the peer has no part in, whether they exist or
/// not (A20).
pub fn authority(state: &State, peer: &Domain, body: &RecordBody) -> Result<(), Code> {
    match body {
        RecordBody::ContactAdd { from, to, .. } | RecordBody::ContactAccepted { from, to, .. } => {
            theirs(peer, [from])?;
            ours(state, [to])
        }
        RecordBody::Profile { user, .. } => theirs(peer, [user]),
        RecordBody::RoomState(image) => may_describe(state, peer, image),
        RecordBody::RoomInvite { room, by, users } => {
            group(follow(state, peer, *room)?)?;
            either(state, peer, [by])?;
            ours(state, users)
        }
        // What an event itself may say, `rooms::receive_event` asks: a refused one keeps its index, or freezes the room.
        RecordBody::RoomEvent { room, .. } | RecordBody::RoomPlaced { room, .. } => {
            follow(state, peer, *room).map(drop)
        }
        RecordBody::RoomAnswer { room, accepted, declined } => {
            group(host(state, peer, *room)?)?;
            theirs(peer, accepted.iter().map(|(user, _)| user))?;
            theirs(peer, declined)
        }
        RecordBody::RoomSubmit { room, event } => {
            host(state, peer, *room)?;
            may_submit(peer, &event.event)
        }
        RecordBody::RoomAsk { room, by, ask } => {
            group(host(state, peer, *room)?)?;
            theirs(peer, [by])?;
            may_ask(state, peer, ask)
        }
        RecordBody::FilesErased { room, .. } => {
            host(state, peer, *room).or_else(|_| follow(state, peer, *room)).map(drop)
        }
        RecordBody::Void { .. } => Ok(()),
    }
}

/// The scope that a record needs in both grants. Exclusions and places always get through (P15, P21), and an event's
/// scope is asked where a refused one keeps its index, in `rooms::receive_event`.
#[must_use]
pub fn scope_of(body: &RecordBody) -> Option<Scope> {
    match body {
        RecordBody::ContactAdd { .. } | RecordBody::ContactAccepted { .. } => Some(Scope::Contacts),
        RecordBody::RoomState(image) if image.kind == RoomKind::Group => Some(Scope::Rooms),
        RecordBody::RoomInvite { .. } | RecordBody::RoomAnswer { .. } | RecordBody::RoomAsk { .. } => {
            Some(Scope::Rooms)
        }
        RecordBody::RoomSubmit { .. } => Some(Scope::Messages),
        RecordBody::Profile { .. }
        | RecordBody::RoomState(_)
        | RecordBody::RoomEvent { .. }
        | RecordBody::RoomPlaced { .. }
        | RecordBody::FilesErased { .. }
        | RecordBody::Void { .. } => None,
    }
}

fn theirs<'a>(peer: &Domain, users: impl IntoIterator<Item = &'a Address>) -> Result<(), Code> {
    if users.into_iter().all(|user| user.is_of(peer)) { Ok(()) } else { Err(Code::Authority) }
}

fn ours<'a>(state: &State, users: impl IntoIterator<Item = &'a Address>) -> Result<(), Code> {
    if users.into_iter().all(|user| state.is_ours(user)) { Ok(()) } else { Err(Code::Authority) }
}

fn either<'a>(state: &State, peer: &Domain, users: impl IntoIterator<Item = &'a Address>) -> Result<(), Code> {
    let known = |user: &Address| user.is_of(peer) || state.is_ours(user);
    if users.into_iter().all(known) { Ok(()) } else { Err(Code::ThirdOrg) }
}

/// A room that the peer orders and that we follow.
fn follow<'s>(state: &'s State, peer: &Domain, room: RoomId) -> Result<&'s Room, Code> {
    let us = Some(&state.org.domain);
    let fits = |room: &&Arc<Room>| room.info.host == *peer && room.info.partner.as_ref() == us;
    state.rooms.get(&room).filter(fits).map(Arc::as_ref).ok_or(Code::Authority)
}

/// A room that we order and that the peer follows.
fn host<'s>(state: &'s State, peer: &Domain, room: RoomId) -> Result<&'s Room, Code> {
    let fits = |room: &&Arc<Room>| room.is_hosted_by(&state.org.domain) && room.info.partner.as_ref() == Some(peer);
    state.rooms.get(&room).filter(fits).map(Arc::as_ref).ok_or(Code::Authority)
}

fn group(room: &Room) -> Result<(), Code> {
    if room.info.kind == RoomKind::Group { Ok(()) } else { Err(Code::Authority) }
}

/// The state of a room comes from its host. A room that we know keeps its host, its partner and its kind (A17).
fn may_describe(state: &State, peer: &Domain, image: &RoomImage) -> Result<(), Code> {
    if let Some(room) = state.rooms.get(&image.id) {
        let info = &room.info;
        let partner_is_us = info.partner.as_ref() == Some(&state.org.domain);
        if info.host != *peer || !partner_is_us || info.kind != image.kind {
            return Err(Code::Authority);
        }
    }
    either(state, peer, image.members.iter().map(|member| &member.user))?;
    either(state, peer, [&image.created_by])?;
    match image.kind {
        RoomKind::Internal => Err(Code::Authority),
        // Under such an id two people's direct room could never be made (P7).
        RoomKind::Group if image.id.is_direct() => Err(Code::Authority),
        RoomKind::Group => Ok(()),
        RoomKind::Direct => may_describe_direct(state, peer, image),
    }
}

/// A direct room is hosted by the org whose domain sorts first, and its id says whose it is (P7).
fn may_describe_direct(state: &State, peer: &Domain, image: &RoomImage) -> Result<(), Code> {
    let [one, other] = image.members.as_slice() else { return Err(Code::Malformed) };
    let both_orgs = state.is_ours(&one.user) != state.is_ours(&other.user);
    let id_fits = image.id == direct_room(&one.user, &other.user);
    if *peer < state.org.domain && both_orgs && id_fits { Ok(()) } else { Err(Code::Authority) }
}

/// The follower acts for its own people, and changes nothing else (A16).
fn may_submit(peer: &Domain, event: &Event) -> Result<(), Code> {
    match (&event.content, &event.author) {
        (Content::Act(_), Some(author)) => theirs(peer, [author]),
        _ => Err(Code::Authority),
    }
}

/// A master of the follower may ask for anything in the room, but for nobody of a third org (P12).
fn may_ask(state: &State, peer: &Domain, ask: &Ask) -> Result<(), Code> {
    match ask {
        Ask::Add { users } => either(state, peer, users.iter().map(|(user, _)| user)),
        Ask::Remove { users } => either(state, peer, users),
        Ask::Role { user, .. } => either(state, peer, [user]),
        Ask::Settings(_) => Ok(()),
    }
}
