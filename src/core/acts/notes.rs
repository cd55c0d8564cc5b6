//! Notes and their comments: what is asked of each act, and what it changes (P19).

use super::items::{
    Actor, change, check_author, check_author_or_master, check_room_for_more, everybody, item_of, tell,
};
use crate::{
    core::{draft::Draft, state::Room},
    model::{
        Address, Code, RoomId,
        event::{ItemKind, Note},
        item::Trace,
        limits,
        notice::NoticeKind,
    },
};

/// What both sides ask.
///
/// # Errors
/// The code of the refusal.
pub(super) fn validate(draft: &Draft<'_>, room: &Room, actor: Actor<'_>, note: &Note) -> Result<(), Code> {
    let note_at = |index| item_of(draft, room, actor, index, &[ItemKind::Note]);
    match note {
        Note::Posted(_) => Ok(()),
        Note::Edited { target, .. } => {
            let fact = note_at(*target)?;
            check_author(fact, actor)?;
            check_room_for_more(fact.item.edits.len(), limits::EDITS_PER_ITEM_MAX)
        }
        Note::Deleted { target } => {
            let fact = item_of(draft, room, actor, *target, &[ItemKind::Note, ItemKind::Comment])?;
            check_author_or_master(fact, actor)
        }
        Note::Pinned { target, .. } => note_at(*target).map(drop),
        Note::Commented { target, .. } => {
            check_room_for_more(note_at(*target)?.item.comments.len(), limits::COMMENTS_PER_NOTE_MAX)
        }
    }
}

/// Whether the act would change nothing, so that no event is due.
pub(super) fn is_done(draft: &Draft<'_>, id: RoomId, note: &Note) -> bool {
    match note {
        Note::Pinned { target, on } => draft.item(id, *target).is_some_and(|fact| fact.item.pinned.is_some() == *on),
        _ => false,
    }
}

/// What the act changes, and who is told.
pub(super) fn apply(draft: &mut Draft<'_>, id: RoomId, note: &Note, trace: &Trace) {
    match note {
        Note::Posted(_) => {
            draft.list(id, ItemKind::Note, trace.index);
            let members = everybody(draft, id);
            tell(draft, trace, &members, &NoticeKind::Note { room: id, index: trace.index });
        }
        Note::Edited { target, .. } => change(draft, id, *target, |item| item.edits.push(trace.index)),
        Note::Deleted { target } => change(draft, id, *target, |item| {
            item.recalled = Some(trace.clone());
            item.pinned = None;
            item.reactions.clear();
        }),
        Note::Pinned { target, on } => {
            change(draft, id, *target, |item| item.pinned = on.then(|| trace.clone()));
        }
        Note::Commented { target, .. } => {
            change(draft, id, *target, |item| item.comments.push(trace.index));
            let author: Vec<Address> =
                draft.item(id, *target).and_then(|fact| fact.event.author.clone()).into_iter().collect();
            tell(draft, trace, &author, &NoticeKind::Comment { room: id, index: *target });
        }
    }
}
