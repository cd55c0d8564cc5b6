//! How submissions get their places: ordered by the host, told to the follower in rows, moved there by the follower (W17).

use crate::{
    core::{
        command::{PendingFact, Ref},
        draft::{Draft, Sent},
        features::{Feature, offers},
        files,
        permit::{check_permission, scopes},
        rooms,
        state::{Room, State},
    },
    model::{
        Code, Domain, RoomId,
        event::{Content, Sealed},
        grant::Scope,
        record::RecordBody,
        room::{PendingRange, RoomKind},
    },
};

/// A submission that has its place; told to its daemon by [`flush_placed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlacedRun {
    /// Which room.
    pub room: RoomId,
    /// Its index.
    pub index: u64,
    /// The number of the submit record.
    pub seq: u64,
}

/// The partner submits an event of one of its users to a room that we host: it gets the next index.
///
/// # Errors
/// `AUTHORITY` for another room, author or kind (A16); `SCOPE`, `NOT_MEMBER`, `UNAVAILABLE`, `NO_SUCH_MESSAGE` …
pub fn receive_submit(
    draft: &mut Draft<'_>,
    peer: &Domain,
    id: RoomId,
    seq: u64,
    sealed: &Sealed,
) -> Result<PlacedRun, Code> {
    let room = rooms::hosted_for(&draft.state, peer, id)?.clone();
    let author = sealed.event.author.as_ref().filter(|author| author.is_of(peer)).ok_or(Code::Authority)?;
    let Content::Act(act) = &sealed.event.content else { return Err(Code::Authority) };
    let link = draft.state.links.get(peer).ok_or(Code::UnknownPeer)?;
    if !scopes(link, draft.now).holds(Scope::Messages) {
        return Err(Code::Scope);
    }
    files::check_taking(&draft.state, link, &room, files::named(act), draft.now)?;
    super::validate(draft, &room, author, act)?;
    if room.info.kind == RoomKind::Direct {
        check_direct(&draft.state, &room)?;
    }
    // The follower needs the state from before this event, then it gets the place.
    rooms::sync(draft, id);
    let index = draft.append(id, sealed.clone(), None);
    super::apply(draft, id, index, sealed);
    Ok(PlacedRun { room: id, index, seq })
}

/// Our person in the direct room must be allowed to be reached (P3, P8).
fn check_direct(state: &State, room: &Room) -> Result<(), Code> {
    let ours = room.members.keys().find(|user| state.is_ours(user)).ok_or(Code::Unavailable)?;
    check_permission(state, &ours.local()).map_err(|_| Code::Unavailable)
}

/// Tells the partner where its submissions stand: one record for each unbroken row of indices of a room. Comes before
/// any further event of these rooms.
pub fn flush_placed(draft: &mut Draft<'_>, peer: &Domain, mut placed: Vec<PlacedRun>) {
    placed.sort_by_key(|run| (run.room, run.index));
    let link = draft.state.links.get(peer).filter(|link| offers(link, Feature::Kept));
    let epoch_n = link.and_then(|link| link.streams.inn.as_ref()).map(|inn| inn.epoch.n);
    for row in placed.chunk_by(|one, next| one.room == next.room && one.index + 1 == next.index) {
        let mut submits: Vec<(u64, u64)> = Vec::new();
        for run in row {
            match submits.last_mut() {
                Some(last) if last.1 + 1 == run.seq => last.1 = run.seq,
                _ => submits.push((run.seq, run.seq)),
            }
        }
        let body = RecordBody::RoomPlaced { room: row[0].room, index: row[0].index, epoch_n, submits };
        draft.send(peer, &body, Ref::None);
    }
}

/// Our submissions that the records of an envelope may place.
#[derive(Clone, Copy, Debug)]
pub struct OwnSubmits<'f> {
    /// The epoch of our stream in whose numbers the host speaks.
    pub epoch_n: u64,
    /// The submissions, by the numbers of their records; of other epochs too.
    pub facts: &'f [PendingFact],
}

/// The host says where submissions of ours stand: they move from the queue to the timeline.
///
/// # Errors
/// `AUTHORITY` for a room that the peer does not order, `FROZEN` when the index is not the next or a submission is not
/// one that waits (A19), `MALFORMED` when it names none of ours.
pub fn receive_placed(
    draft: &mut Draft<'_>,
    peer: &Domain,
    (id, index): (RoomId, u64),
    submits: &[(u64, u64)],
    own: OwnSubmits<'_>,
) -> Result<(), Code> {
    let room = rooms::followed_from(&draft.state, peer, id)?;
    let (next_index, pending) = (room.next_index, room.info.pending);
    let named = |seq: u64| submits.iter().any(|(from, to)| (*from..=*to).contains(&seq));
    let placed = |fact: &&PendingFact| fact.room == id && fact.epoch_n == own.epoch_n && named(fact.seq);
    let facts: Vec<&PendingFact> = own.facts.iter().filter(placed).collect();
    if facts.is_empty() {
        return Err(Code::Malformed);
    }
    let waiting: Vec<u64> = facts.iter().filter_map(|fact| fact.p).collect();
    let in_order = waiting.is_sorted() && waiting.iter().all(|p| (pending.from..pending.to).contains(p));
    if index != next_index || !in_order {
        rooms::freeze(draft, id, if index > next_index { Code::Gap } else { Code::Fork });
        return Err(Code::Frozen);
    }
    let mut expected = pending.from;
    for fact in facts {
        if let Some(p) = fact.p {
            rooms::pass_over(draft, id, PendingRange { from: expected, to: p });
            expected = p + 1;
        }
        place(draft, id, fact);
    }
    rooms::settle_pending(draft, id, expected);
    Ok(())
}

/// Moves one submission of ours to the next index.
fn place(draft: &mut Draft<'_>, id: RoomId, fact: &PendingFact) {
    let sent = Sent { epoch_n: fact.epoch_n, seq: fact.seq };
    let index = draft.append(id, fact.event.clone(), Some(sent));
    let named = files::named_by(&fact.event.event);
    if let Some(p) = fact.p {
        files::end_pending(draft, id, p, named);
    }
    super::apply(draft, id, index, &fact.event);
    if fact.p.is_none() {
        // Taken back after a restore: the partner may have the only copy of the bytes.
        named.iter().for_each(|file| files::await_again(draft, id, index, file));
    }
}
