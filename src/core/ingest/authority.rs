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

/// Whether the peer's org may cause this effect at all. What its single people may is asked by the subject's own file.
///
/// # Errors
/// `AUTHORITY`, `THIRD_ORG`; `NOT_FOUND` for rooms that the peer has no part in, whether they exist or not.
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
        RecordBody::RoomEvent { room, event, .. } => {
            follow(state, peer, *room)?;
            may_order(state, peer, &event.event)
        }
        RecordBody::RoomPlaced { room, .. } => follow(state, peer, *room).map(drop),
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
        RecordBody::Void => Ok(()),
    }
}

/// The scope that a record needs in both grants. Those without one end or confirm something, or keep it going: what
/// was ordered before a scope went has to reach its place, and exclusions always get through (P15).
#[must_use]
pub fn scope_of(body: &RecordBody) -> Option<Scope> {
    match body {
        RecordBody::ContactAdd { .. } | RecordBody::ContactAccepted { .. } => Some(Scope::Contacts),
        RecordBody::RoomState(image) if image.kind == RoomKind::Group => Some(Scope::Rooms),
        RecordBody::RoomInvite { .. } | RecordBody::RoomAnswer { .. } | RecordBody::RoomAsk { .. } => {
            Some(Scope::Rooms)
        }
        RecordBody::RoomEvent { event, .. } | RecordBody::RoomSubmit { event, .. } => match event.event.content {
            Content::Message(_) => Some(Scope::Messages),
            _ => None,
        },
        RecordBody::Profile { .. } | RecordBody::RoomState(_) | RecordBody::RoomPlaced { .. } | RecordBody::Void => {
            None
        }
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

/// A room of ours and this peer's: any other one does not exist for it (A20).
fn shared<'s>(state: &'s State, peer: &Domain, room: RoomId) -> Result<&'s Room, Code> {
    let room = state.rooms.get(&room).ok_or(Code::NotFound)?;
    if room.other(&state.org.domain) == Some(peer) { Ok(room) } else { Err(Code::NotFound) }
}

fn follow<'s>(state: &'s State, peer: &Domain, room: RoomId) -> Result<&'s Room, Code> {
    shared(state, peer, room).and_then(|room| if room.info.host == *peer { Ok(room) } else { Err(Code::Authority) })
}

fn host<'s>(state: &'s State, peer: &Domain, room: RoomId) -> Result<&'s Room, Code> {
    let own = &state.org.domain;
    shared(state, peer, room).and_then(|room| if room.is_hosted_by(own) { Ok(room) } else { Err(Code::Authority) })
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

/// The host orders everything. Messages of our people it has from us, and gives back by number, so that it can never
/// put words into their mouth; a change that one of our masters asked for carries their name (A19).
fn may_order(state: &State, peer: &Domain, event: &Event) -> Result<(), Code> {
    either(state, peer, &event.author)?;
    match &event.content {
        Content::Message(_) => theirs(peer, [event.author.as_ref().ok_or(Code::Malformed)?]),
        Content::Joined { users } | Content::Removed { users } | Content::Excluded { users, .. } => {
            either(state, peer, users)
        }
        Content::Role { user, .. } => either(state, peer, [user]),
        Content::Created { .. } | Content::Settings(_) => Ok(()),
    }
}

/// The follower speaks for its own people, and only speaks (A16).
fn may_submit(peer: &Domain, event: &Event) -> Result<(), Code> {
    match (&event.content, &event.author) {
        (Content::Message(_), Some(author)) => theirs(peer, [author]),
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
