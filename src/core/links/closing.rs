//! The end of a term: at once for the filter, step by step for the rooms (P26, P18, F23).

use super::{find, note, tell_all, was_told};
use crate::{
    core::{command::Answer, contacts, draft::Draft, permit, rooms, state::State},
    model::{
        Code, Domain, Millis, Reject, RoomId,
        journal::Entry,
        limits,
        link::{Cleanup, Peer, Recovery, Streams},
        notice::NoticeKind,
    },
};
use std::{ops::Bound, sync::Arc};

/// Time has passed: grants end, and clean-ups go on by one step.
///
/// # Errors
/// None.
pub fn tick(draft: &mut Draft<'_>) -> Result<Answer, Reject> {
    let peers: Vec<Domain> = draft.state.links.keys().cloned().collect();
    for peer in &peers {
        settle_term(draft, peer);
        clean_up(draft, peer);
    }
    Ok(Answer::done())
}

/// Whether a tick would change anything now: a grant has ended, or a clean-up is under way.
#[must_use]
pub fn is_due(state: &State, now: Millis) -> bool {
    state.links.values().any(|link| link.peer.cleanup.is_some() || has_ended(link, now))
}

/// Closes the link if its streams belong to a term that is over. To be called after every change of a grant and
/// before anything that takes the present term for granted; says whether it closed.
pub fn settle_term(draft: &mut Draft<'_>, peer: &Domain) -> bool {
    let Some(link) = draft.state.links.get(peer).cloned() else { return false };
    let ended = has_ended(&link, draft.now);
    if ended {
        close(draft, peer, permit::closing_cause(&link, draft.now));
    }
    ended
}

fn has_ended(link: &crate::core::state::Link, now: Millis) -> bool {
    let term = permit::term(link, now);
    let out = link.streams.out.map(|out| out.term);
    let inn = link.streams.inn.as_ref().map(|inn| inn.term);
    [out, inn].into_iter().flatten().any(|of| Some(of) != term)
}

/// Everything that has to be so at once. The rooms follow in [`clean_up`]; until then the absence of a stream in a
/// present term keeps everything from them.
fn close(draft: &mut Draft<'_>, peer: &Domain, cause: Code) {
    let Ok(link) = find(&draft.state, peer) else { return };
    if was_told(&draft.state, &link) {
        tell_all(draft, &NoticeKind::Ended { peer: peer.clone(), code: cause });
    }
    draft.put_streams(peer, ended(&link.streams));
    draft.put_peer(Peer { cleanup: Some(Cleanup { cause, done: None }), ..Peer::clone(&link.peer) });
    note(draft, "system".to_owned(), "link.closed", peer, (Some(cause), String::new()));
    draft.journal(Entry::Link { peer: peer.clone() });
    contacts::end_link(draft, peer, cause);
}

/// Ends the epoch of our stream, if there is one, and those that were to follow.
pub fn end_outgoing(streams: &mut Streams) {
    let following = std::mem::take(&mut streams.following);
    for out in streams.out.take().into_iter().chain(following) {
        streams.end_epoch(out);
    }
}

/// Streams after the end of their term: positions are remembered, nothing is present.
pub(super) fn ended(streams: &Streams) -> Streams {
    let mut streams = streams.clone();
    end_outgoing(&mut streams);
    if let Some(inn) = streams.inn.take() {
        streams.ended_in = Some((inn.epoch, inn.cursor, inn.head));
    }
    streams.replay = None;
    // What the peer holds is asked anew, once there is another term.
    streams.recovery = streams.recovery.map(|recovery| Recovery { held: None, ..recovery });
    streams
}

/// One step: some rooms, in the order of their ids, from where the last step ended.
fn clean_up(draft: &mut Draft<'_>, peer: &Domain) {
    let Ok(link) = find(&draft.state, peer) else { return };
    let Some(Cleanup { cause, done }) = link.peer.cleanup else { return };
    let rooms = next_rooms(&draft.state, peer, done);
    for room in &rooms {
        rooms::end_link_in_room(draft, *room, peer, cause);
    }
    let unfinished = rooms.len() == limits::CLEANUP_ROOMS_PER_STEP;
    let cleanup = unfinished.then(|| Cleanup { cause, done: rooms.last().copied() });
    draft.put_peer(Peer { cleanup, ..Peer::clone(&link.peer) });
    if !unfinished {
        draft.journal(Entry::Link { peer: peer.clone() });
    }
}

fn next_rooms(state: &State, peer: &Domain, done: Option<RoomId>) -> Vec<RoomId> {
    let from = done.map_or(Bound::Unbounded, Bound::Excluded);
    let shared = |(id, room): (&RoomId, &Arc<crate::core::state::Room>)| {
        (room.other(&state.org.domain) == Some(peer)).then_some(*id)
    };
    state.rooms.range((from, Bound::Unbounded)).filter_map(shared).take(limits::CLEANUP_ROOMS_PER_STEP).collect()
}
