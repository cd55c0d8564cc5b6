//! What is kept and what goes: retention, legal holds, reports, and the erasure of a person (P10, P30).

mod erasing;
mod reporting;
#[cfg(test)]
mod tests;

pub use erasing::{rooms_of, without_words};
pub use reporting::report;

use super::{
    command::Answer,
    draft::Draft,
    files,
    state::{Delivery, Room, State},
};
use crate::{
    crypto::digest::person_id,
    model::{
        Code, Digest, LocalPart, Reject, RoomId,
        audit::AuditNote,
        file,
        item::Item,
        keeping::{Case, Erasure, Held, Hold, Retention, Texts},
        limits,
        text::Reason,
    },
};
use imbl::OrdMap;
use std::sync::Arc;

/// The part of the state that says what is kept.
#[derive(Clone, Debug, Default)]
pub struct Keeping {
    /// How long timelines are kept.
    pub retention: Retention,
    /// Legal holds.
    pub holds: OrdMap<Held, Hold>,
    /// Reported cases, by number.
    pub cases: OrdMap<u64, Arc<Case>>,
    /// People who were erased, and how far that is.
    pub erasures: OrdMap<LocalPart, Erasure>,
}

/// What an admin can ask for.
#[derive(Debug)]
pub enum KeepOp {
    /// Set how long timelines are kept.
    SetRetention(Retention),
    /// Hold a user or a room, or say why anew.
    Hold(Held, Reason),
    /// Release a hold.
    Release(Held),
    /// Erase one of our users.
    Erase(LocalPart, Texts),
    /// Close a case.
    CloseCase(u64, Reason),
}

impl KeepOp {
    /// What the command is about, for the audit log.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::SetRetention(_) => "retention".to_owned(),
            Self::Hold(held, _) | Self::Release(held) => held.to_string(),
            Self::Erase(user, _) => user.to_string(),
            Self::CloseCase(n, _) => format!("case {n}"),
        }
    }
}

/// What the writer found in the store.
#[derive(Debug)]
pub enum KeepFact {
    /// The events of a room before this index are older than they are kept, and wait for nobody.
    Old {
        /// Which room.
        room: RoomId,
        /// The first index that stays.
        before: u64,
        /// How many events go.
        events: u64,
        /// The files that they name, by index.
        files: Vec<(u64, Digest)>,
        /// Subfolders that stay, as they are without what goes.
        subfolders: Vec<(u64, Item)>,
    },
    /// The next part of an erasure was looked through.
    Written {
        /// Who is erased.
        user: LocalPart,
        /// Which room.
        room: RoomId,
        /// What of it the person wrote.
        indices: Vec<u64>,
        /// The files that it names, by index.
        files: Vec<(u64, Digest)>,
        /// Where the work goes on; none at its end.
        next: Option<(RoomId, u64)>,
    },
}

/// Decides what an admin asks for.
///
/// # Errors
/// `INVALID`, `NOT_FOUND`, `CONFLICT`, `ON_HOLD`, `TOO_LARGE`.
pub fn decide(draft: &mut Draft<'_>, actor: &str, op: KeepOp) -> Result<Answer, Reject> {
    match op {
        KeepOp::SetRetention(retention) => set_retention(draft, actor, retention),
        KeepOp::Hold(held, reason) => hold(draft, actor, held, reason),
        KeepOp::Release(held) => release(draft, actor, held),
        KeepOp::Erase(user, texts) => erasing::begin(draft, actor, &user, texts),
        KeepOp::CloseCase(n, note) => reporting::close(draft, actor, n, note),
    }
}

fn set_retention(draft: &mut Draft<'_>, actor: &str, retention: Retention) -> Result<Answer, Reject> {
    let fields = [
        ("internal_days", retention.internal_days),
        ("direct_days", retention.direct_days),
        ("group_days", retention.group_days),
    ];
    let range = limits::RETENTION_DAYS_MIN..=limits::RETENTION_DAYS_MAX;
    if let Some((field, _)) = fields.iter().find(|(_, days)| days.is_some_and(|days| !range.contains(&days))) {
        return Err(Reject::field(field, format!("must be {} to {}, or absent", range.start(), range.end())));
    }
    draft.put_retention(retention);
    let words = fields.map(|(name, days)| days.map_or_else(|| format!("{name} none"), |days| format!("{name} {days}")));
    audit(draft, format!("admin:{actor}"), "retention.changed", "retention".to_owned(), words.join(", "));
    Ok(Answer::done())
}

fn hold(draft: &mut Draft<'_>, actor: &str, held: Held, reason: Reason) -> Result<Answer, Reject> {
    let known = match &held {
        Held::User(user) => draft.state.users.contains_key(user),
        Held::Room(room) => draft.state.rooms.contains_key(room),
    };
    if !known {
        return Err(Reject::new(Code::NotFound, format!("there is no {held} here")));
    }
    let holds = &draft.state.keeping.holds;
    if holds.len() >= limits::HOLDS_MAX && !holds.contains_key(&held) {
        return Err(Reject::new(Code::TooLarge, format!("at most {} holds can stand at once", limits::HOLDS_MAX)));
    }
    let at = draft.now;
    draft.put_hold(held.clone(), Some(Hold { by: actor.to_owned(), at, reason: reason.clone() }));
    audit(draft, format!("admin:{actor}"), "hold.set", held.to_string(), reason.to_string());
    Ok(Answer::done())
}

fn release(draft: &mut Draft<'_>, actor: &str, held: Held) -> Result<Answer, Reject> {
    if !draft.state.keeping.holds.contains_key(&held) {
        return Err(Reject::new(Code::NotFound, format!("{held} is not on hold")));
    }
    draft.put_hold(held.clone(), None);
    audit(draft, format!("admin:{actor}"), "hold.released", held.to_string(), String::new());
    Ok(Answer::done())
}

/// Whether nothing of the room may be deleted: it is on hold, or somebody who is or was in it.
#[must_use]
pub fn is_held(state: &State, room: &Room) -> bool {
    let holds = &state.keeping.holds;
    if holds.is_empty() {
        return false;
    }
    let people = room.members.keys().chain(room.former.keys()).filter(|user| state.is_ours(user));
    holds.contains_key(&Held::Room(room.info.id))
        || people.map(|user| Held::User(user.local())).any(|held| holds.contains_key(&held))
}

/// Whether nothing that belongs to this id may be deleted: a room on hold, or the id of a person of ours who is.
#[must_use]
pub fn is_kept(state: &State, id: RoomId) -> bool {
    let is_it = |held: &Held| matches!(held, Held::User(user) if person_id(&state.address(user)) == id);
    match state.rooms.get(&id) {
        Some(room) => is_held(state, room),
        None => state.keeping.holds.keys().any(is_it),
    }
}

/// Whether a hold keeps the bytes of a file that was taken back or replaced: nobody sees it any more, and the bytes stay
/// until the hold ends. With a place, only of what stood there.
#[must_use]
pub fn keeps_file(state: &State, digest: Digest, place: Option<(RoomId, u64)>) -> bool {
    let is_it = |erasure: &file::Erasure| !erasure.done && erasure.digests.contains(&digest);
    let mut erasures =
        state.erasures.iter().filter(|(of, erasure)| place.is_none_or(|place| place == **of) && is_it(erasure));
    !state.keeping.holds.is_empty() && erasures.any(|((id, _), _)| is_kept(state, *id))
}

/// Whether an event of the room still waits for the partner, so that it must not go.
#[must_use]
pub fn is_waiting(state: &State, room: &Room, sent: Option<super::draft::Sent>) -> bool {
    let peer = room.other(&state.org.domain);
    let waits =
        |(peer, sent): (_, super::draft::Sent)| state.delivery(peer, sent.epoch_n, sent.seq) == Delivery::Queued;
    peer.zip(sent).is_some_and(waits)
}

/// Deletes what the writer found to be too old, and erases what an erased person wrote. What is held by now stays.
///
/// # Errors
/// None.
pub fn apply(draft: &mut Draft<'_>, facts: Vec<KeepFact>) -> Result<Answer, Reject> {
    let (mut rooms, mut deleted) = (0_u64, 0_u64);
    for fact in facts {
        match fact {
            KeepFact::Old { room, before, events, files, subfolders } => {
                if may_trim(&draft.state, room, before) {
                    draft.trim(room, before);
                    files::forget_named(draft, room, &files);
                    subfolders.into_iter().for_each(|(index, item)| draft.put_item(room, index, item));
                    (rooms, deleted) = (rooms + 1, deleted + events);
                }
            }
            KeepFact::Written { user, room, indices, files, next } => {
                erasing::go_on(draft, &user, (room, indices), &files, next);
            }
        }
    }
    if rooms > 0 {
        let detail = format!("{deleted} events of {rooms} rooms");
        audit(draft, "system".to_owned(), "retention.applied", "rooms".to_owned(), detail);
    }
    Ok(Answer::done())
}

fn may_trim(state: &State, id: RoomId, before: u64) -> bool {
    let Some(room) = state.rooms.get(&id) else { return false };
    let limited = state.keeping.retention.kept_ms(room.info.kind).is_some();
    limited && !is_held(state, room) && room.begins < before && before <= room.next_index
}

fn audit(draft: &mut Draft<'_>, actor: String, action: &'static str, subject: String, detail: String) {
    draft.audit(AuditNote { actor, action, subject, code: None, detail });
}
