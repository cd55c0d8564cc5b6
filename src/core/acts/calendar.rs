//! Dates and attendance: what is asked of each act, and what it changes (P19).

use super::items::{Actor, change, check_author_or_master, check_room_for_more, everybody, item_of, tell};
use crate::{
    core::{draft::Draft, facts::ItemFact, state::Room},
    model::{
        Address, Code, RoomId,
        event::{Calendar, ItemKind},
        item::Trace,
        limits,
        notice::NoticeKind,
    },
};

/// What both sides ask.
///
/// # Errors
/// The code of the refusal.
pub(super) fn validate(draft: &Draft<'_>, room: &Room, actor: Actor<'_>, calendar: &Calendar) -> Result<(), Code> {
    let Some(target) = calendar.target() else { return Ok(()) };
    let fact = item_of(draft, room, actor, target, &[ItemKind::Date])?;
    match calendar {
        Calendar::Posted(_) | Calendar::Answered { .. } => Ok(()),
        Calendar::Changed { .. } => {
            check_author_or_master(fact, actor)?;
            check_room_for_more(fact.item.edits.len(), limits::EDITS_PER_ITEM_MAX)
        }
        Calendar::Cancelled { .. } => check_author_or_master(fact, actor),
    }
}

/// Whether the act would change nothing, so that no event is due.
pub(super) fn is_done(draft: &Draft<'_>, id: RoomId, author: &Address, calendar: &Calendar) -> bool {
    let Calendar::Answered { target, answer } = calendar else { return false };
    let same = |fact: &ItemFact| fact.item.answers.iter().any(|(trace, known)| trace.by == *author && known == answer);
    draft.item(id, *target).is_some_and(same)
}

/// What the act changes, and who is told.
pub(super) fn apply(draft: &mut Draft<'_>, id: RoomId, calendar: &Calendar, trace: &Trace) {
    match calendar {
        Calendar::Posted(_) => {
            draft.list(id, ItemKind::Date, trace.index);
            tell_all(draft, id, trace, trace.index);
        }
        Calendar::Changed { target, .. } => {
            change(draft, id, *target, |item| item.edits.push(trace.index));
            tell_all(draft, id, trace, *target);
        }
        Calendar::Cancelled { target } => {
            change(draft, id, *target, |item| item.cancelled = Some(trace.clone()));
            tell_all(draft, id, trace, *target);
        }
        Calendar::Answered { target, answer } => change(draft, id, *target, |item| item.answer(trace.clone(), *answer)),
    }
}

fn tell_all(draft: &mut Draft<'_>, id: RoomId, trace: &Trace, index: u64) {
    let members = everybody(draft, id);
    tell(draft, trace, &members, &NoticeKind::Date { room: id, index });
}
