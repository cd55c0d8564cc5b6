//! Who may send and who may see signals: the rules of messages, room by room, asked anew for each one (P22, P10, P15).

use super::{
    permit,
    rooms::{member_of, writable},
    state::{Room, State},
};
use crate::model::{
    Address, Domain, LocalPart, Millis, Reject, RoomId,
    grant::Scope,
    room::RoomKind,
    signal::{Presence, Sign, SignKind, Signal, Switches, Typing},
};
use std::collections::BTreeSet;

/// The signals that a user sends and sees: what the user and the org leave on.
#[must_use]
pub fn switches(state: &State, user: &LocalPart) -> Switches {
    let own = state.users.get(user).filter(|user| user.active).map(|user| user.signals);
    let off = Switches { receipts: false, typing: false, presence: false };
    own.map_or(off, |own| own.and(state.policy.signals))
}

/// The room, if one of our users may signal in it: whoever may write there.
///
/// # Errors
/// Why not, as for a message.
pub fn check_sender<'a>(state: &'a State, user: &LocalPart, room: RoomId, now: Millis) -> Result<&'a Room, Reject> {
    let room = member_of(state, user, room)?;
    writable(state, room, user, now)?;
    Ok(room)
}

/// The peer that a signal of one of our users goes to now. None for internal rooms, and wherever a message of theirs
/// would not cross. The word that somebody is gone or ceased to type may still cross when nothing else does.
#[must_use]
pub fn goes_to(state: &State, user: &LocalPart, room: RoomId, sign: Sign, now: Millis) -> Option<Domain> {
    if matches!(sign, Sign::Presence(Presence::Offline) | Sign::Typing(Typing::Off)) {
        let room = state.rooms.get(&room).filter(|room| room.info.kind != RoomKind::Internal)?;
        let peer = room.other(&state.org.domain)?;
        return permit::authorize(state, peer, Scope::Messages, now).is_ok().then(|| peer.clone());
    }
    if !switches(state, user).holds(sign.kind()) {
        return None;
    }
    let room = member_of(state, user, room).ok()?;
    writable(state, room, user, now).ok()??;
    room.other(&state.org.domain).cloned()
}

/// Why a signal is dropped. Nobody is told; each reason is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drop {
    /// About somebody, or in a room, that is not the peer's to speak of.
    Forged,
    /// The link, or the scope, is not open, or the room is frozen.
    Closed,
    /// The person is not in the room, or may not be.
    Stranger,
    /// Our org has switched the kind off.
    Off,
    /// Reads what is not there.
    Impossible,
    /// Our person of a direct room blocks theirs.
    Blocked,
    /// Of a call that is over, not known, or where the person does not stand.
    Stale,
    /// As many calls, or people in one, as there can be.
    Full,
    /// More than may be sent in a second.
    Flood,
}

impl Drop {
    /// Its word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Closed => "closed",
            Self::Stranger => "stranger",
            Self::Off => "off",
            Self::Impossible => "impossible",
            Self::Blocked => "blocked",
            Self::Stale => "stale",
            Self::Full => "full",
            Self::Flood => "flood",
        }
    }
}

/// Whether a signal of a peer is taken: about one of its own people, in a room that both share, while a message of that
/// person would be taken.
///
/// # Errors
/// Why it is dropped.
pub fn admit(state: &State, peer: &Domain, signal: &Signal, now: Millis) -> Result<(), Drop> {
    let room = state.rooms.get(&signal.room).ok_or(Drop::Forged)?;
    let shared = room.info.kind != RoomKind::Internal && room.other(&state.org.domain) == Some(peer);
    if !shared || !signal.user.is_of(peer) {
        return Err(Drop::Forged);
    }
    if room.info.frozen.is_some() || permit::authorize(state, peer, Scope::Messages, now).is_err() {
        return Err(Drop::Closed);
    }
    let available = state.profiles.get(&signal.user).is_none_or(|profile| profile.available);
    if !available || !room.members.contains_key(&signal.user) {
        return Err(Drop::Stranger);
    }
    if !state.policy.signals.holds(signal.sign.kind()) {
        return Err(Drop::Off);
    }
    match signal.sign {
        // Nobody has read what has no place yet. Where the peer hosts the room, our copy may be behind.
        Sign::Read(index) if room.is_hosted_by(&state.org.domain) && index >= room.next_index => Err(Drop::Impossible),
        _ => Ok(()),
    }
}

/// Whether one of our users sees signals of this kind about somebody in a room: both are in it, and a message between
/// them would pass. Who has switched the kind off sees none.
#[must_use]
pub fn sees(state: &State, viewer: &LocalPart, room: &Room, about: &Address, kind: SignKind, now: Millis) -> bool {
    if !switches(state, viewer).holds(kind) || member_of(state, viewer, room.info.id).is_err() {
        return false;
    }
    if !room.members.contains_key(about) || *about == state.address(viewer) {
        return false;
    }
    match state.is_ours(about) {
        true => switches(state, &about.local()).holds(kind),
        false => matches!(writable(state, room, viewer, now), Ok(Some(_))),
    }
}

/// Whether two of our users share a room.
#[must_use]
pub fn share_room(state: &State, one: &LocalPart, other: &LocalPart) -> bool {
    let rooms = |user| state.rooms_of.get(user).into_iter().flatten();
    let theirs = state.rooms_of.get(other);
    rooms(one).any(|room| {
        theirs.is_some_and(|theirs| theirs.contains(room))
            && member_of(state, one, *room).is_ok()
            && member_of(state, other, *room).is_ok()
    })
}

/// The rooms of a user from where a sign crosses, each with its peer.
#[must_use]
pub fn rooms_towards(state: &State, user: &LocalPart, sign: Sign, now: Millis) -> Vec<(RoomId, Domain)> {
    let rooms = state.rooms_of.get(user).into_iter().flatten();
    rooms.filter_map(|room| Some((*room, goes_to(state, user, *room, sign, now)?))).collect()
}

/// How far the members of a room have read it, as one of its members may know: last read index, by address. Read
/// markers of partners come from `theirs`.
#[must_use]
pub fn readers(
    state: &State,
    viewer: &LocalPart,
    room: &Room,
    now: Millis,
    theirs: impl Fn(&Address) -> Option<u64>,
) -> Vec<(Address, u64)> {
    let marker = |about: &Address| match state.is_ours(about) {
        true => state.marks.get(&(about.local(), room.info.id)).and_then(|read| read.checked_sub(1)),
        false => theirs(about).and_then(|index| Some(index.min(room.next_index.checked_sub(1)?))),
    };
    let seen = |about: &&Address| sees(state, viewer, room, about, SignKind::Read, now);
    room.members.keys().filter(seen).filter_map(|about| Some((about.clone(), marker(about)?))).collect()
}

/// Everybody whose presence one of our users may see.
#[must_use]
pub fn acquaintances(state: &State, viewer: &LocalPart) -> BTreeSet<Address> {
    let rooms = state.rooms_of.get(viewer).into_iter().flatten();
    let own = state.address(viewer);
    rooms
        .filter_map(|id| member_of(state, viewer, *id).ok())
        .flat_map(|room| room.members.keys())
        .filter(|address| **address != own)
        .cloned()
        .collect()
}

/// What a user is shown of somebody: the most that was told in a room where the user sees it.
#[must_use]
pub fn presence_seen(
    state: &State,
    viewer: &LocalPart,
    about: &Address,
    told: impl Iterator<Item = (RoomId, Presence)>,
    now: Millis,
) -> Presence {
    let seen = |(id, presence)| {
        let room = state.rooms.get(&id)?;
        sees(state, viewer, room, about, SignKind::Presence, now).then_some(presence)
    };
    told.filter_map(seen).max().unwrap_or_default()
}
