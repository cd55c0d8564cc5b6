//! Who may call whom: as for messages, and the scope `calls` (P2, P25).

use crate::{
    core::{
        features::{self, Feature},
        permit,
        rooms::{blocks, direct_partner, member_of, writable},
        signals::Drop,
        state::{Room, State},
    },
    model::{
        Address, Domain, LocalPart, Millis, Reject, RoomId,
        call::{CallSignal, CallWord, Leg},
        grant::Scope,
        room::RoomKind,
    },
};

/// The room and the partner whose people a call there reaches, if one of our users may call in it now.
///
/// # Errors
/// The first condition that fails, with whose admin can change it (P5).
pub fn check_calls<'a>(
    state: &'a State,
    user: &LocalPart,
    room: RoomId,
    now: Millis,
) -> Result<(&'a Room, Option<Domain>), Reject> {
    let room = member_of(state, user, room)?;
    if writable(state, room, user, now)?.is_none() {
        return Ok((room, None));
    }
    let Some(peer) = room.other(&state.org.domain) else { return Ok((room, None)) };
    permit::authorize(state, peer, Scope::Calls, now)?;
    features::check(state, room, Feature::Calls)?;
    Ok((room, Some(peer.clone())))
}

/// The partner to whom word of a call in this room may cross now. Word that somebody is out crosses as long as anything
/// does.
#[must_use]
pub fn reach(state: &State, room: RoomId, now: Millis) -> Option<Domain> {
    let room = state.rooms.get(&room).filter(|room| room.info.kind != RoomKind::Internal)?;
    let peer = room.other(&state.org.domain)?;
    permit::authorize(state, peer, Scope::Calls, now).is_ok().then(|| peer.clone())
}

/// Whether somebody, ours or the partner's, may be in a call in this room now.
#[must_use]
pub fn may_be_in(state: &State, room: RoomId, who: &Address, now: Millis) -> bool {
    if state.is_ours(who) {
        return check_calls(state, &who.local(), room, now).is_ok();
    }
    state.rooms.get(&room).is_some_and(|room| check_partner(state, room, who, now).is_ok())
}

/// Whether a call signal of a peer is taken: of one of its own people, in a room that both share, while that person may
/// call there.
///
/// # Errors
/// Why it is dropped.
pub fn admit(state: &State, peer: &Domain, signal: &CallSignal, now: Millis) -> Result<(), Drop> {
    let room = state.rooms.get(&signal.room).ok_or(Drop::Forged)?;
    let shared = room.info.kind != RoomKind::Internal && room.other(&state.org.domain) == Some(peer);
    if !shared || !signal.user.is_of(peer) {
        return Err(Drop::Forged);
    }
    check_partner(state, room, &signal.user, now)
}

fn check_partner(state: &State, room: &Room, who: &Address, now: Millis) -> Result<(), Drop> {
    let peer = who.domain();
    if room.info.kind == RoomKind::Internal || room.other(&state.org.domain) != Some(&peer) {
        return Err(Drop::Forged);
    }
    let open = |scope| permit::authorize(state, &peer, scope, now).is_ok();
    if room.info.frozen.is_some() || !open(Scope::Messages) || !open(Scope::Calls) {
        return Err(Drop::Closed);
    }
    let available = state.profiles.get(who).is_none_or(|profile| profile.available);
    if !available || !room.members.contains_key(who) {
        return Err(Drop::Stranger);
    }
    if is_blocked(state, room, who) { Err(Drop::Blocked) } else { Ok(()) }
}

/// Whether our person of a direct room blocks the partner's (P10).
fn is_blocked(state: &State, room: &Room, who: &Address) -> bool {
    let ours = room.members.keys().find(|member| state.is_ours(member));
    direct_partner(state, room) == Some(who) && ours.is_some_and(|ours| blocks(state, &ours.local(), who))
}

/// The partner of a room, whether or not anything may cross now.
#[must_use]
pub fn peer_of(state: &State, room: RoomId) -> Option<Domain> {
    let room = state.rooms.get(&room).filter(|room| room.info.kind != RoomKind::Internal)?;
    room.other(&state.org.domain).cloned()
}

/// Whether a signal of one of our people may cross to the peer now. That somebody is out may cross when they may no
/// longer call.
#[must_use]
pub fn may_tell(state: &State, peer: &Domain, signal: &CallSignal, now: Millis) -> bool {
    if matches!(signal.word, CallWord::Leg(Leg::Out(_))) {
        return reach(state, signal.room, now).as_ref() == Some(peer);
    }
    let allowed = check_calls(state, &signal.user.local(), signal.room, now);
    allowed.is_ok_and(|(_, reached)| reached.as_ref() == Some(peer))
}
