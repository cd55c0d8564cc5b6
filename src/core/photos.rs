//! Photos of people and rooms: small pictures whose bytes stand with the files and cross like them (P12, W19, A20).
//!
//! A row names the bytes of a photo as an event would name a file; in the place of the room stands the room of the photo,
//! or an id that follows from the person.

use super::{
    command::Answer,
    draft::Draft,
    features::{Feature, offers},
    files::{self, PENDING_FROM},
    keeping, permit, rooms,
    state::{Room, State},
    users,
};
use crate::{
    crypto::digest::person_id,
    model::{
        Address, Digest, Domain, LocalPart, Millis, Reject, RoomId, audit::AuditNote, file::Photo, grant::Scope,
        journal::Entry, limits, room::RoomKind, user::User,
    },
};

/// Where rows of files name the photo of a room or person: no event gets this index.
pub const PHOTO_AT: u64 = PENDING_FROM - 1;
/// Where they name a photo that a master of ours has asked the host of the room for.
const ASKED_AT: u64 = PENDING_FROM - 2;

/// Whether a row of files at this index names a photo, and no event.
#[must_use]
pub fn is_photo(at: u64) -> bool {
    (ASKED_AT..=PHOTO_AT).contains(&at)
}

/// A user sets their own photo, or takes it away. Partners who may see the user are told.
///
/// # Errors
/// `NOT_FOUND`.
pub fn set_own(draft: &mut Draft<'_>, user: &LocalPart, photo: Option<Photo>) -> Result<Answer, Reject> {
    let known = users::find(draft, user)?;
    if known.photo == photo {
        return Ok(Answer::done());
    }
    let address = draft.state.address(user);
    name(draft, person_id(&address), PHOTO_AT, (known.photo, photo));
    draft.put_user(User { photo, ..User::clone(&known) });
    users::tell_changed(draft, user);
    draft.audit(AuditNote {
        actor: address.to_string(),
        action: "user.photo_changed",
        subject: user.to_string(),
        code: None,
        detail: if photo.is_some() { "set" } else { "taken away" }.to_owned(),
    });
    draft.journal(Entry::Me { user: user.clone() });
    Ok(Answer::done())
}

/// Rows for the photo after, and none for the one before.
fn name(draft: &mut Draft<'_>, owner: RoomId, at: u64, (before, after): (Option<Photo>, Option<Photo>)) {
    if before == after {
        return;
    }
    if let Some(before) = before {
        draft.put_file_use(before.digest, owner, at, false);
        if keeping::is_kept(&draft.state, owner) {
            files::keep_back(draft, owner, at, before.digest);
        }
    }
    if let Some(after) = after {
        draft.put_file_use(after.digest, owner, at, true);
    }
}

/// The same for a photo whose bytes the peer has.
fn await_from(draft: &mut Draft<'_>, peer: &Domain, owner: RoomId, (before, after): (Option<Photo>, Option<Photo>)) {
    let key = |photo: Photo| (peer.clone(), photo.digest, owner, PHOTO_AT);
    name(draft, owner, PHOTO_AT, (before, after));
    if let Some(before) = before.filter(|before| Some(*before) != after) {
        draft.put_awaited(key(before), None);
    }
    if let Some(after) = after.filter(|after| Some(*after) != before) {
        draft.put_awaited(key(after), Some(after.bytes));
    }
}

/// A person of the peer's has this photo now. What would fill our disk is left out (A26).
pub fn take_of_person(draft: &mut Draft<'_>, peer: &Domain, user: &Address, photo: Option<Photo>) -> Option<Photo> {
    let before = draft.state.profiles.get(user).and_then(|known| known.photo);
    let photo = photo.filter(|photo| Some(*photo) == before || files::takes_bytes(draft, peer, photo.bytes));
    await_from(draft, peer, person_id(user), (before, photo));
    photo
}

/// A room has this photo now. Its bytes are here when people of ours have set it; else the peer has them.
pub fn set_room(draft: &mut Draft<'_>, id: RoomId, photo: Option<Photo>, peer: Option<&Domain>) {
    let Some(room) = draft.state.rooms.get(&id).cloned() else { return };
    let (before, asked) = (room.info.photo, room.info.photo_asked);
    let is_ours = asked.is_some() && asked == photo;
    match peer.filter(|_| !is_ours && before != photo) {
        Some(peer) => {
            let photo = photo.filter(|photo| files::takes_bytes(draft, peer, photo.bytes));
            await_from(draft, peer, id, (before, photo));
            draft.change_room(id, |info| info.photo = photo);
        }
        None => {
            name(draft, id, PHOTO_AT, (before, photo));
            draft.change_room(id, |info| info.photo = photo);
        }
    }
    if is_ours {
        ask(draft, id, None);
    }
}

/// A master of ours asks the host for this photo: its bytes are kept for the host to fetch.
pub fn ask(draft: &mut Draft<'_>, id: RoomId, photo: Option<Photo>) {
    let Some(before) = draft.state.rooms.get(&id).map(|room| room.info.photo_asked) else { return };
    name(draft, id, ASKED_AT, (before, photo));
    draft.change_room(id, |info| info.photo_asked = photo);
}

/// The bytes of a photo have come.
pub fn arrived(draft: &mut Draft<'_>, owner: RoomId) {
    if draft.state.rooms.contains_key(&owner) {
        draft.journal(Entry::Room { room: owner });
        return;
    }
    let mut people = draft.state.profiles.iter().filter(|(_, profile)| profile.photo.is_some());
    if let Some((address, _)) = people.find(|(address, _)| person_id(address) == owner) {
        let address = address.clone();
        draft.journal(Entry::Profile { address });
    }
}

/// The photo of a person, if its bytes are here.
#[must_use]
pub fn of_person(state: &State, person: &Address) -> Option<Photo> {
    if let Some(user) = state.user_at(person) {
        return user.photo;
    }
    let photo = state.profiles.get(person)?.photo?;
    let key = (person.domain(), photo.digest, person_id(person), PHOTO_AT);
    (!state.awaited.contains_key(&key)).then_some(photo)
}

/// The photo of a room, if its bytes are here.
#[must_use]
pub fn of_room(state: &State, room: &Room) -> Option<Photo> {
    room.info.photo.filter(|photo| !files::is_awaited(state, room, photo.digest, PHOTO_AT))
}

/// Whether one of our users may see a person's photo: a colleague's, a contact's, or that of somebody in a room of theirs.
#[must_use]
pub fn seen_by(state: &State, user: &LocalPart, person: &Address) -> bool {
    let in_room = |id: &RoomId| {
        let room = rooms::member_of(state, user, *id);
        room.is_ok_and(|room| rooms::present_members(state, room).any(|(member, _)| member == person))
    };
    state.is_ours(person)
        || state.contacts.contains_key(&(user.clone(), person.clone()))
        || state.rooms_of.get(user).is_some_and(|rooms| rooms.iter().any(in_room))
}

/// Whether a peer may read the bytes of a photo now: link and scope are open, and it is of a room that we share, or of a
/// person of ours whom it knows (A20).
#[must_use]
pub fn may_fetch(state: &State, peer: &Domain, (owner, digest): (RoomId, Digest), now: Millis) -> bool {
    if permit::authorize(state, peer, Scope::Files, now).is_err() {
        return false;
    }
    let is_it = |photo: Option<Photo>| photo.is_some_and(|photo| photo.digest == digest);
    if let Some(room) = state.rooms.get(&owner) {
        let shared = room.info.kind != RoomKind::Internal && room.other(&state.org.domain) == Some(peer);
        let present = room.info.host == *peer || room.members_of(peer).next().is_some();
        return shared && present && (is_it(of_room(state, room)) || is_it(room.info.photo_asked));
    }
    let mut people = state.users.values().filter(|user| is_it(user.photo));
    let person = people.find(|user| person_id(&state.address(&user.local)) == owner);
    person.is_some_and(|user| user.is_permitted(state.policy) && users::is_known_to(state, &user.local, peer))
}

/// What a peer is told of a person's photo: nothing when it does not know photos.
#[must_use]
pub fn told(state: &State, user: &User, peer: &Domain) -> Option<Photo> {
    let link = state.links.get(peer)?;
    user.photo.filter(|photo| photo.bytes <= limits::PHOTO_BYTES_MAX && offers(link, Feature::Photos))
}
