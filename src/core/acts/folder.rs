//! The folder: what is asked of each act, and what it changes (P19).
//!
//! Its tree is the host's: the follower may lack what never crossed, so it asks only who may do what, and that no entry
//! comes to be inside itself.

use super::items::{Actor, change, check_author_or_master, check_room_for_more, seen_of};
use crate::{
    core::{command::Answer, draft::Draft, facts::ItemFact, files, state::Room},
    model::{
        Code, Reject, RoomId,
        event::{Act, Folder, ItemKind},
        file::FileRef,
        item::{Deleted, Trace},
        limits,
    },
};

const DAY_MS: u64 = 24 * 3_600_000;

/// What the author's own side adds: how long what is deleted can be brought back there.
pub(super) fn prepare(draft: &Draft<'_>, folder: &mut Folder) {
    if let Folder::Deleted { kept_days, .. } = folder {
        *kept_days = draft.state.file_policy.folder_kept_days;
    }
}

/// What all sides ask: entries of the right kind that the author sees, who may delete and bring back, and a tree.
///
/// # Errors
/// `NO_SUCH_ITEM`, `NOT_AUTHOR`, `INVALID` for an entry inside itself, `TOO_LARGE`.
pub(super) fn check(draft: &Draft<'_>, room: &Room, actor: Actor<'_>, folder: &Folder) -> Result<(), Code> {
    let entry = |index| seen_of(draft, room, actor, index, &[ItemKind::Entry]);
    if let Some(inside) = folder.inside() {
        require(is_subfolder(entry(inside)?), Code::NoSuchItem)?;
        check_tree(draft, room.info.id, inside, folder.target())?;
    }
    let Some(fact) = folder.target().map(entry).transpose()? else { return Ok(()) };
    match folder {
        Folder::Version { .. } => {
            require(!is_subfolder(fact), Code::NoSuchItem)?;
            check_room_for_more(fact.item.entry.versions.len(), limits::VERSIONS_PER_ENTRY_MAX)
        }
        Folder::Renamed { .. } => check_room_for_more(fact.item.edits.len(), limits::EDITS_PER_ITEM_MAX),
        Folder::Deleted { .. } => check_author_or_master(fact, actor),
        Folder::Restored { .. } if is_deleter(fact, actor) => Ok(()),
        Folder::Restored { .. } => check_author_or_master(fact, actor),
        Folder::Made { .. } | Folder::Added { .. } | Folder::Moved { .. } => Ok(()),
    }
}

/// What the author's side and the host ask beside: that what it is about stands, or can still be brought back.
///
/// # Errors
/// `RECALLED`, `NOT_EMPTY`, `TOO_LATE`.
pub(super) fn check_standing(draft: &Draft<'_>, room: &Room, folder: &Folder) -> Result<(), Code> {
    let fact = |index: u64| draft.item(room.info.id, index).ok_or(Code::NoSuchItem);
    if let Some(inside) = folder.inside() {
        require(stands(fact(inside)?), Code::Recalled)?;
    }
    let Some(fact) = folder.target().map(fact).transpose()? else { return Ok(()) };
    match (folder, &fact.item.entry.deleted) {
        (Folder::Restored { .. }, Some(deleted)) => {
            require(!deleted.is_final && draft.now < deleted.until, Code::TooLate)
        }
        (Folder::Restored { .. }, None) => require(stands(fact), Code::Recalled),
        _ if !stands(fact) => Err(Code::Recalled),
        (Folder::Deleted { .. }, _) => require(fact.item.entry.holds == 0, Code::NotEmpty),
        _ => Ok(()),
    }
}

fn require(holds: bool, code: Code) -> Result<(), Code> {
    if holds { Ok(()) } else { Err(code) }
}

fn stands(fact: &ItemFact) -> bool {
    fact.item.recalled.is_none() && fact.item.entry.deleted.is_none()
}

fn is_subfolder(fact: &ItemFact) -> bool {
    matches!(fact.event.content.act(), Some(Act::Folder(Folder::Made { .. })))
}

/// What one has deleted one may bring back.
fn is_deleter(fact: &ItemFact, (author, _): Actor<'_>) -> bool {
    fact.item.entry.deleted.as_ref().is_some_and(|deleted| deleted.trace.by == *author)
}

/// From a subfolder up to the top: not through the entry that is to be put there, and not too deep.
fn check_tree(draft: &Draft<'_>, id: RoomId, inside: u64, entry: Option<u64>) -> Result<(), Code> {
    let mut place = Some(inside);
    for _ in 0..limits::FOLDER_DEPTH_MAX {
        let Some(index) = place else { return Ok(()) };
        require(Some(index) != entry, Code::Invalid)?;
        // What is not here never crossed: then the tree is not known further up.
        let Some(fact) = draft.item(id, index) else { return Ok(()) };
        place = fact.place();
    }
    if place.is_some() { Err(Code::TooLarge) } else { Ok(()) }
}

/// Whether the act would change nothing, so that no event is due.
pub(super) fn is_done(draft: &Draft<'_>, id: RoomId, folder: &Folder) -> bool {
    let Some(fact) = folder.target().and_then(|target| draft.item(id, target)) else { return false };
    match folder {
        Folder::Moved { inside, .. } => fact.place() == *inside,
        Folder::Restored { .. } => stands(fact),
        _ => false,
    }
}

/// What the act changes.
pub(super) fn apply(draft: &mut Draft<'_>, id: RoomId, folder: &Folder, trace: &Trace) {
    match folder {
        Folder::Made { inside, .. } | Folder::Added { inside, .. } => {
            draft.list(id, ItemKind::Entry, trace.index);
            hold(draft, id, *inside, 1);
        }
        Folder::Version { target, .. } => change(draft, id, *target, |item| item.entry.versions.push(trace.index)),
        Folder::Renamed { target, .. } => change(draft, id, *target, |item| item.edits.push(trace.index)),
        Folder::Moved { target, inside } => shift(draft, id, *target, (trace.clone(), *inside)),
        Folder::Deleted { target, kept_days } => delete(draft, id, *target, trace, *kept_days),
        Folder::Restored { target } => restore(draft, id, *target, trace),
    }
}

/// Counts what stands in a subfolder.
fn hold(draft: &mut Draft<'_>, id: RoomId, inside: Option<u64>, by: i64) {
    if let Some(index) = inside {
        change(draft, id, index, |item| item.entry.holds = item.entry.holds.saturating_add_signed(by));
    }
}

fn shift(draft: &mut Draft<'_>, id: RoomId, target: u64, moved: (Trace, Option<u64>)) {
    let Some(fact) = draft.item(id, target) else { return };
    let (from, counts) = (fact.place(), stands(fact));
    if counts {
        hold(draft, id, from, -1);
        hold(draft, id, moved.1, 1);
    }
    change(draft, id, target, |item| item.entry.moved = Some(moved));
}

fn delete(draft: &mut Draft<'_>, id: RoomId, target: u64, trace: &Trace, kept_days: u64) {
    let Some(fact) = draft.item(id, target).filter(|fact| stands(fact)) else { return };
    hold(draft, id, fact.place(), -1);
    let until = draft.now.plus(kept_days * DAY_MS);
    let deleted = Deleted { trace: trace.clone(), until, is_final: false };
    change(draft, id, target, |item| item.entry.deleted = Some(deleted));
    draft.put_trash(id, target, None, Some(until));
}

/// Back to where it was, or to the top when that subfolder is gone. Bytes that were given up here already are fetched
/// from the partner, who brought it back and has them.
fn restore(draft: &mut Draft<'_>, id: RoomId, target: u64, trace: &Trace) {
    let Some(fact) = draft.item(id, target).cloned() else { return };
    let Some(deleted) = &fact.item.entry.deleted else { return };
    let place = fact.place().filter(|index| draft.item(id, *index).is_none_or(stands));
    change(draft, id, target, |item| {
        item.entry.deleted = None;
        item.recalled = None;
        if place != fact.place() {
            item.entry.moved = Some((trace.clone(), None));
        }
    });
    hold(draft, id, place, 1);
    if deleted.is_final {
        contents(draft, id, target).iter().for_each(|(index, file)| files::await_again(draft, id, *index, file));
    } else {
        draft.put_trash(id, target, Some(deleted.until), None);
    }
}

/// The content of an entry and of its versions, each with the event that names it.
fn contents(draft: &Draft<'_>, id: RoomId, target: u64) -> Vec<(u64, FileRef)> {
    let versions = draft.item(id, target).map(|fact| fact.item.entry.versions.clone()).unwrap_or_default();
    let named = std::iter::once(target).chain(versions).filter_map(|index| {
        let fact = draft.item(id, index)?;
        Some((index, files::named_by(&fact.event).first()?.clone()))
    });
    named.collect()
}

/// Gives up what was deleted, once it cannot be brought back any more. Doing it again changes nothing.
///
/// # Errors
/// None: what is not due is left as it is.
pub fn give_up(draft: &mut Draft<'_>, id: RoomId, target: u64) -> Result<Answer, Reject> {
    let done = Ok(Answer::done());
    let deleted = draft.item(id, target).and_then(|fact| fact.item.entry.deleted.clone());
    let Some(deleted) = deleted.filter(|deleted| !deleted.is_final && deleted.until <= draft.now) else { return done };
    draft.put_trash(id, target, Some(deleted.until), None);
    for (index, file) in contents(draft, id, target) {
        files::give_up(draft, id, index, &file);
    }
    change(draft, id, target, |item| {
        item.recalled = Some(deleted.trace.clone());
        item.entry.deleted = Some(Deleted { is_final: true, ..deleted });
    });
    done
}
