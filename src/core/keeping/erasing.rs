//! The erasure of a person: what is only theirs goes at once, what they wrote room by room. Addresses stay in the chains.

use super::{audit, is_held};
use crate::{
    core::{
        command::{Answer, UserChange},
        draft::Draft,
        files, photos,
        state::State,
        users,
    },
    model::{
        Address, Code, Digest, LocalPart, Reject, RoomId,
        event::{Act, Calendar, Content, DateBody, Edit, Message, Note, NoteBody},
        keeping::{Erasure, Held, Texts},
        user::User,
    },
};

/// What an erased person is called from then on.
const NAME: &str = "Erased person";

/// What stands in place of erased words.
const GONE: &str = "(erased)";

/// The event without what its author wrote in it; none when nothing of it is theirs alone. It stays an event of its kind,
/// so that items and everybody who reads timelines go on as before.
#[must_use]
pub fn without_words(content: &Content) -> Option<Content> {
    let Content::Act(act) = content else { return None };
    let act = match act {
        Act::Message(message) => {
            Act::Message(Message { text: gone(), mentions: Vec::new(), files: Vec::new(), ..message.clone() })
        }
        Act::Edit(edit) => Act::Edit(Edit { text: gone(), mentions: Vec::new(), ..edit.clone() }),
        Act::Note(note) => Act::Note(match note {
            Note::Posted(_) => Note::Posted(blank_note()),
            Note::Edited { target, .. } => Note::Edited { target: *target, body: blank_note() },
            Note::Commented { target, .. } => Note::Commented { target: *target, text: gone() },
            Note::Deleted { .. } | Note::Pinned { .. } => return None,
        }),
        Act::Calendar(calendar) => Act::Calendar(match calendar {
            Calendar::Posted(body) => Calendar::Posted(blank_date(body)),
            Calendar::Changed { target, body } => Calendar::Changed { target: *target, body: blank_date(body) },
            Calendar::Cancelled { .. } | Calendar::Answered { .. } => return None,
        }),
        // What is in the folder is the room's, with its names.
        Act::Recall(_) | Act::React(_) | Act::Folder(_) | Act::Call(_) => return None,
    };
    Some(Content::Act(act))
}

fn blank_note() -> NoteBody {
    NoteBody { title: gone(), text: None, files: Vec::new() }
}

fn blank_date(body: &DateBody) -> DateBody {
    DateBody { title: gone(), text: None, place: None, ..body.clone() }
}

fn gone<T: std::str::FromStr<Err: std::fmt::Debug>>() -> T {
    GONE.parse().expect("a short plain text is valid everywhere")
}

/// Erases one of our users: they leave every external group, partners hear the new name, and their profile, contacts,
/// notes, notices, sessions and password are gone. With [`Texts::Remove`] what they wrote follows.
///
/// # Errors
/// `NOT_FOUND`, `ON_HOLD`, or `CONFLICT` when it was done already.
pub fn begin(draft: &mut Draft<'_>, actor: &str, user: &LocalPart, texts: Texts) -> Result<Answer, Reject> {
    if !draft.state.users.contains_key(user) {
        return Err(Reject::new(Code::NotFound, format!("no user {user} here")));
    }
    if draft.state.keeping.holds.contains_key(&Held::User(user.clone())) {
        return Err(Reject::new(Code::OnHold, format!("{user} is on legal hold; release the hold first")));
    }
    if draft.state.keeping.erasures.get(user).is_some_and(|known| known.texts == texts || texts == Texts::Keep) {
        return Err(Reject::new(Code::Conflict, format!("{user} is erased already")));
    }
    let rooms = rooms_of(&draft.state, user);
    if !draft.state.keeping.erasures.contains_key(user) {
        forget_person(draft, actor, user)?;
    }
    let next = rooms.first().filter(|_| texts == Texts::Remove).map(|room| (*room, 0));
    let erasure = Erasure { by: actor.to_owned(), at: draft.now, texts, events: 0, next };
    draft.put_erased_user(user, erasure);
    let words = match texts {
        Texts::Keep => "texts stay",
        Texts::Remove => "texts go",
    };
    audit(draft, format!("admin:{actor}"), "user.erased", user.to_string(), words.to_owned());
    Ok(Answer::done())
}

fn forget_person(draft: &mut Draft<'_>, actor: &str, user: &LocalPart) -> Result<(), Reject> {
    let name = NAME.parse().map_err(|error| Reject::field("name", error))?;
    let change = UserChange { name: Some(name), active: Some(false), external: Some(false), ..UserChange::default() };
    users::change(draft, actor, user, change)?;
    photos::set_own(draft, user, None)?;
    forget_all(draft, user);
    Ok(())
}

fn forget_all(draft: &mut Draft<'_>, user: &LocalPart) {
    if let Some(known) = draft.state.users.get(user).cloned() {
        draft.put_user(User { password: None, chosen: false, ..User::clone(&known) });
    }
    let own = draft.state.contacts.keys().filter(|(owner, _)| owner == user).map(|(_, address)| address.clone());
    let contacts: Vec<Address> = own.collect();
    for address in contacts {
        draft.put_contact(user, &address, None);
    }
    draft.forget_reading(user);
}

/// The rooms in which a user is or was a member, in the order of ids.
#[must_use]
pub fn rooms_of(state: &State, user: &LocalPart) -> Vec<RoomId> {
    let address = state.address(user);
    let of = |(id, room): (&RoomId, &std::sync::Arc<crate::core::state::Room>)| {
        (room.members.contains_key(&address) || room.former.contains_key(&address)).then_some(*id)
    };
    state.rooms.iter().filter_map(of).collect()
}

/// A part of an erasure was looked through: what the person wrote in a room, and the files that it names. What is on hold
/// stays as it is.
pub fn go_on(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    (room, indices): (RoomId, Vec<u64>),
    named: &[(u64, Digest)],
    next: Option<(RoomId, u64)>,
) {
    let Some(known) = draft.state.keeping.erasures.get(user).cloned() else { return };
    let held = draft.state.rooms.get(&room).is_none_or(|room| is_held(&draft.state, room));
    let events = if held { 0 } else { indices.len() as u64 };
    if events > 0 {
        draft.erase(room, indices);
        files::forget_named(draft, room, named);
    }
    let erasure = Erasure { events: known.events + events, next, ..known };
    if next.is_none() {
        let detail = format!("the texts of {} events", erasure.events);
        audit(draft, "system".to_owned(), "user.texts_erased", user.to_string(), detail);
    }
    draft.put_erased_user(user, erasure);
}
