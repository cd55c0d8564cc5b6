//! What a call leaves behind: entries in both audit logs, and one in the room's timeline (P25, P28).

use super::book::Turn;
use crate::{
    core::{acts, draft::Draft, state::State},
    model::{
        Address, EventId, Millis, RoomId,
        audit::AuditNote,
        call::{CallEntry, Leg, Medium, Outcome, Why},
        event::Act,
    },
};

/// Something about a call that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallNote {
    /// In which room.
    pub room: RoomId,
    /// Who started it.
    pub starter: Address,
    /// What.
    pub what: Noted,
}

/// What is kept of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// It was started.
    Started(Medium),
    /// A rule put somebody out of it.
    Cut(Address),
    /// It is over. Where its starter is one of ours, the timeline says so.
    Ended(CallEntry),
}

/// What a turn leaves behind.
#[must_use]
pub fn notes(turn: &Turn, now: Millis) -> Vec<CallNote> {
    let call = &turn.call;
    let note = |what| CallNote { room: call.room, starter: call.starter.clone(), what };
    let cut = turn.changed().filter(|(_, leg)| *leg == Leg::Out(Why::Cut));
    let ended = turn.over.map(|outcome| {
        let came = call.came.iter().filter(|who| **who != call.starter).cloned();
        let joined = came.take(crate::model::limits::CALL_LEGS_MAX).collect();
        let length_ms = if outcome == Outcome::Answered { call.length_ms(now) } else { 0 };
        let entry =
            CallEntry { call: call.id, medium: call.medium, started_at: call.started_at, outcome, length_ms, joined };
        Noted::Ended(entry)
    });
    let started = turn.before.is_none().then_some(Noted::Started(call.medium));
    started.into_iter().chain(cut.map(|(who, _)| Noted::Cut(who.clone()))).chain(ended).map(note).collect()
}

/// Keeps it. A room that takes nothing any more, as after a revocation, keeps no entry; the audit log does.
pub fn note(draft: &mut Draft<'_>, CallNote { room, starter, what }: CallNote) {
    let (action, detail) = match &what {
        Noted::Started(medium) => ("call.started", medium.as_str().to_owned()),
        Noted::Cut(who) => ("call.cut", who.to_string()),
        Noted::Ended(entry) => ("call.ended", format!("{}, {} s", entry.outcome.as_str(), entry.length_ms / 1_000)),
    };
    draft.audit(AuditNote { actor: starter.to_string(), action, subject: room.to_string(), code: None, detail });
    if let Noted::Ended(entry) = what
        && is_present(&draft.state, room, &starter)
    {
        // A call has one entry, which has the id of the call.
        let id = EventId(entry.call.0);
        // Why it is refused is the same as for a message, and nobody waits for it.
        let _ = acts::act(draft, &starter.local(), (room, id), Act::Call(entry), &[]);
    }
}

fn is_present(state: &State, room: RoomId, starter: &Address) -> bool {
    state.is_ours(starter) && state.rooms.get(&room).is_some_and(|room| room.members.contains_key(starter))
}
