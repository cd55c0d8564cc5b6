//! What all acts ask of the items that they are about, and how an item changes.

use super::sees;
use crate::{
    core::{draft::Draft, facts::ItemFact, rooms, state::Room},
    model::{
        Address, Code, RoomId,
        event::{ItemKind, Role},
        item::{Item, Trace},
        notice::NoticeKind,
        room::Member,
    },
};

/// Who acts, as the room knows them.
pub(super) type Actor<'a> = (&'a Address, &'a Member);

/// The item, if the actor sees it, it is of one of these kinds, and it was not taken back.
///
/// # Errors
/// `NO_SUCH_ITEM`, `RECALLED`.
pub(super) fn item_of<'d>(
    draft: &'d Draft<'_>,
    room: &Room,
    actor: Actor<'_>,
    index: u64,
    kinds: &[ItemKind],
) -> Result<&'d ItemFact, Code> {
    let fact = seen_of(draft, room, actor, index, kinds)?;
    let ended = fact.item.recalled.is_some() || fact.item.cancelled.is_some();
    if ended { Err(Code::Recalled) } else { Ok(fact) }
}

/// The same, whatever has become of it.
///
/// # Errors
/// `NO_SUCH_ITEM`.
pub(super) fn seen_of<'d>(
    draft: &'d Draft<'_>,
    room: &Room,
    (_, member): Actor<'_>,
    index: u64,
    kinds: &[ItemKind],
) -> Result<&'d ItemFact, Code> {
    let fact = draft.item(room.info.id, index).filter(|_| sees(room, member, index)).ok_or(Code::NoSuchItem)?;
    let kind = fact.event.content.act().and_then(|act| act.makes());
    if kind.is_some_and(|kind| kinds.contains(&kind)) { Ok(fact) } else { Err(Code::NoSuchItem) }
}

/// # Errors
/// `NOT_AUTHOR`.
pub(super) fn check_author(fact: &ItemFact, (author, _): Actor<'_>) -> Result<(), Code> {
    if fact.event.author.as_ref() == Some(author) { Ok(()) } else { Err(Code::NotAuthor) }
}

/// # Errors
/// `NOT_AUTHOR`.
pub(super) fn check_author_or_master(fact: &ItemFact, actor: Actor<'_>) -> Result<(), Code> {
    if actor.1.role == Role::Master { Ok(()) } else { check_author(fact, actor) }
}

/// # Errors
/// `TOO_LARGE` when there are `count_max` already.
pub(super) fn check_room_for_more(count: usize, count_max: usize) -> Result<(), Code> {
    if count < count_max { Ok(()) } else { Err(Code::TooLarge) }
}

/// Changes an item, if it is here.
pub(super) fn change(draft: &mut Draft<'_>, id: RoomId, index: u64, change: impl FnOnce(&mut Item)) {
    let Some(mut item) = draft.item(id, index).map(|fact| fact.item.clone()) else { return };
    change(&mut item);
    draft.put_item(id, index, item);
}

/// Tells those of our users who are meant and may see it, but not who did it, nor who blocks them.
pub(super) fn tell(draft: &mut Draft<'_>, trace: &Trace, users: &[Address], kind: &NoticeKind) {
    let Some((id, index)) = kind.place() else { return };
    for user in users {
        let state = &draft.state;
        let member = state.rooms.get(&id).and_then(|room| Some((room, room.members.get(user)?)));
        let may_see = member.is_some_and(|(room, member)| sees(room, member, index));
        let meant = *user != trace.by && state.is_ours(user) && !rooms::blocks(state, &user.local(), &trace.by);
        if may_see && meant {
            draft.notify(&user.local(), kind.clone());
        }
    }
}

/// All members of a room.
pub(super) fn everybody(draft: &Draft<'_>, id: RoomId) -> Vec<Address> {
    draft.state.rooms.get(&id).map_or_else(Vec::new, |room| room.members.keys().cloned().collect())
}
