//! After a restore (W10): a sender takes its own signed records back from the peer that kept them, applies to itself what
//! they told, and goes on in a new epoch, so that no number ever carries two contents.
//!
//! The peer's own stream is sent again by the peer. What in it had its effect already is passed over, because the
//! effect was among the records that were taken back.

mod kept;
mod replay;
mod told;

pub use kept::{Kept, KeptRecord, Submit};
pub use replay::{Replayed, advance, replayed};

use super::{command::Answer, contacts, draft::Draft, links, permit, rooms, state::Link};
use crate::{
    crypto::digest::chain,
    model::{
        Code, Digest, Domain, EpochId, Reject, RoomId,
        audit::AuditNote,
        journal::Entry,
        limits,
        link::{EndedEpoch, InStream, OutStream, RecordPlace, Recovery, Replay, Streams, Term},
        record::{Epoch, Hello, InPosition},
    },
};

/// The database was put in place of one that was lost: before anything else happens on a link, its peer is asked what it
/// holds of ours.
///
/// # Errors
/// None.
pub fn restored(draft: &mut Draft<'_>) -> Result<Answer, Reject> {
    draft.put_restored(false);
    let links: Vec<_> = draft.state.links.values().cloned().collect();
    for link in links.iter().filter(|link| has_spoken(&link.streams)) {
        let recovery = Some(Recovery {
            since: draft.now,
            held: None,
            theirs: RecordPlace::default(),
            placed: RecordPlace::default(),
        });
        draft.put_streams(&link.peer.domain, Streams { recovery, ..link.streams.clone() });
        draft.journal(Entry::Link { peer: link.peer.domain.clone() });
    }
    draft.audit(AuditNote {
        actor: "system".to_owned(),
        action: "store.restored",
        subject: "database".to_owned(),
        code: None,
        detail: "partners are asked what they hold of ours".to_owned(),
    });
    Ok(Answer::done())
}

fn has_spoken(streams: &Streams) -> bool {
    streams.out.is_some() || streams.inn.is_some() || !streams.ended.is_empty() || streams.ended_in.is_some()
}

/// Holds what the peer says it has of our stream against what we have. True when it has more: then nothing else of the
/// hello counts until that is taken back.
pub fn weigh(draft: &mut Draft<'_>, peer: &Domain, hello: &Hello) -> bool {
    let Ok(link) = links::find(&draft.state, peer) else { return false };
    let ahead = hello.incoming.filter(|held| is_ahead(&link.streams, held));
    if let Some(held) = ahead {
        begin(draft, &link, held, hello);
    } else if link.streams.recovery.is_some() {
        note(draft, peer, "system", "link.recovered", "nothing of ours was lost".to_owned());
        let streams = go_on_in_new(draft, &link.streams);
        finish(draft, peer, &streams);
    }
    ahead.is_some()
}

/// The peer may have lost the same as we did, and then nobody knows which numbers were used: what is queued from now on
/// waits in an epoch of its own until the peer has what was queued before.
fn go_on_in_new(draft: &mut Draft<'_>, streams: &Streams) -> Streams {
    let mut streams = streams.clone();
    if let Some(OutStream { term, .. }) = streams.written() {
        let epoch = Epoch { n: streams.last_out() + 1, id: EpochId(draft.random_16()) };
        streams.following.push(OutStream::begun(epoch, term));
    }
    streams
}

fn is_ahead(streams: &Streams, held: &InPosition) -> bool {
    match streams.out {
        Some(out) if out.epoch == held.epoch => held.cursor >= out.next_seq,
        // Begun a second time, and nothing of it queued yet.
        Some(out) if out.epoch.n == held.epoch.n => !out.confirmed && out.next_seq == 1,
        Some(out) if out.next_seq > 1 && !out.confirmed => false,
        _ => held.epoch.n > streams.last_out() && held.epoch.n - streams.last_out() <= limits::EPOCHS_LOST_MAX,
    }
}

fn begin(draft: &mut Draft<'_>, link: &Link, held: InPosition, hello: &Hello) {
    let peer = &link.peer.domain;
    let mut streams = link.streams.clone();
    if streams.out.is_some_and(|out| out.epoch.n == held.epoch.n && out.epoch != held.epoch) {
        streams.out = None;
    }
    let named = hello.outgoing.map_or(RecordPlace::default(), |theirs| (theirs.epoch.n, theirs.next_seq - 1));
    let theirs = hello.through.map_or(named, |through| through.max(named));
    let known = streams.recovery;
    // A backup that was made amid a replay has decisions of ours on records of the peer that are still to come again.
    let amid = streams.replay.as_ref().map_or(RecordPlace::default(), |replay| replay.placed);
    streams.recovery = Some(Recovery {
        since: known.map_or(draft.now, |known| known.since),
        held: Some(held),
        theirs: known.map_or(theirs, |known| known.theirs.max(theirs)),
        placed: known.map_or(amid, |known| known.placed.max(amid)),
    });
    if known.is_none_or(|known| known.held.is_none()) {
        let detail = format!("the partner holds records up to {} of epoch {}", held.cursor, held.epoch.n);
        note(draft, peer, "system", "link.recovering", detail);
        draft.journal(Entry::Link { peer: peer.clone() });
    }
    draft.put_streams(peer, streams);
}

/// The peer knows of an epoch of ours that has ended and that a restore has lost: its number is not used again.
/// Where nothing of it arrived, it counts as an empty one of the present term.
pub fn learn_ended(streams: &mut Streams, told: &InPosition, term: Option<Term>) {
    let last = streams.last_out();
    if streams.out.is_none() && told.epoch.n > last && told.epoch.n - last <= limits::EPOCHS_LOST_MAX {
        let (acked, next_seq) = (told.cursor, told.cursor + 1);
        let tail = term.filter(|_| told.cursor == 0).map(|term| (term, Digest::ZERO));
        streams.ended.push(EndedEpoch { epoch: told.epoch, acked, next_seq, tail });
    }
}

/// Takes records of ours back that the peer has kept, proven by our own signature, and does what they told.
///
/// # Errors
/// `UNKNOWN_PEER`. Records that do not go on where ours end are answered with [`Answer::Refused`], because the
/// quarantine is kept.
pub fn take_back(draft: &mut Draft<'_>, peer: &Domain, kept: &Kept) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    let Some((mut recovery, held)) = link.streams.recovery.and_then(|it| Some((it, it.held?))) else {
        return Ok(Answer::done());
    };
    let mut streams = link.streams.clone();
    let Some(out) = go_on(&mut streams, kept, permit::term(&link, draft.now)) else {
        return renumbered(draft, peer, kept.epoch);
    };
    draft.put_streams(peer, streams);
    let known = kept.records.iter().take_while(|kept| kept.record.seq < out.next_seq);
    let (count, head) = known.fold((0, kept.prev), |(count, head), kept| (count + 1, chain(head, kept.record.digest)));
    if head != out.head || kept.records.get(count).is_some_and(|kept| kept.record.seq != out.next_seq) {
        return renumbered(draft, peer, kept.epoch);
    }
    draft.begin_told();
    for record in &kept.records[count..] {
        recovery.placed = recovery.placed.max(told::apply(
            draft,
            peer,
            (kept.epoch.n, &record.record),
            (recovery.theirs.0, &kept.submits),
        ));
        draft.put_back(peer, &record.record, record.bytes.clone());
    }
    draft.end_told();
    let link = links::find(&draft.state, peer)?;
    draft.put_streams(peer, Streams { recovery: Some(recovery), ..link.streams.clone() });
    complete(draft, peer, &held)
}

/// The outgoing stream that these records belong to: the present one, or a later one that begins with them.
fn go_on(streams: &mut Streams, kept: &Kept, term: Option<Term>) -> Option<OutStream> {
    if let Some(out) = streams.out.filter(|out| out.epoch.n == kept.epoch.n) {
        return (out.epoch == kept.epoch && kept.records.first()?.record.seq <= out.next_seq).then_some(out);
    }
    if kept.epoch.n <= streams.last_out() || kept.prev != Digest::ZERO {
        return None;
    }
    links::end_outgoing(streams);
    let out = OutStream { confirmed: true, ..OutStream::begun(kept.epoch, term?) };
    streams.out = Some(out);
    Some(out)
}

/// Records were numbered anew between the restore and the first contact.
fn renumbered(draft: &mut Draft<'_>, peer: &Domain, epoch: Epoch) -> Result<Answer, Reject> {
    let detail = format!(
        "our database was put back to an earlier state, and went on under numbers of epoch {} that {peer} holds with \
         another content, signed by us; to go on without what was lost: handclasp peer recover {peer} --accept-loss",
        epoch.n
    );
    links::quarantine(draft, peer, Code::Fork, detail, Vec::new())
}

/// Ends the recovery if everything that the peer holds is back.
fn complete(draft: &mut Draft<'_>, peer: &Domain, held: &InPosition) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    let Some(out) = link.streams.out.filter(|out| out.epoch.n >= held.epoch.n) else { return Ok(Answer::done()) };
    if out.next_seq <= held.cursor {
        return Ok(Answer::done());
    }
    if out.next_seq == held.cursor + 1 && out.head != held.head {
        let detail = format!("{peer} claims another head of our stream than the records give that we signed");
        return links::quarantine(draft, peer, Code::Fork, detail, Vec::new());
    }
    let detail = format!("records up to {} of epoch {} are back; a new epoch follows", out.next_seq - 1, out.epoch.n);
    note(draft, peer, "system", "link.recovered", detail);
    finish(draft, peer, &begin_anew(draft, &link));
    Ok(Answer::done())
}

/// The streams of a link on which all is back: ours has ended, and what the peer sends now it has sent before.
fn begin_anew(draft: &Draft<'_>, link: &Link) -> Streams {
    let mut streams = link.streams.clone();
    let epoch_n = streams.last_out();
    links::end_outgoing(&mut streams);
    streams.replay = link.streams.recovery.map(|recovery| Replay {
        epoch_n,
        placed: recovery.placed,
        end: recovery.theirs,
        waiting: waiting_rooms(draft, &link.peer.domain),
    });
    streams
}

fn finish(draft: &mut Draft<'_>, peer: &Domain, streams: &Streams) {
    draft.put_streams(peer, Streams { recovery: None, ..streams.clone() });
    draft.journal(Entry::Link { peer: peer.clone() });
    // It may be that the peer has nothing to send again.
    advance(draft, peer, streams.inn.as_ref().map_or(RecordPlace::default(), InStream::place));
}

/// Rooms of the peer with submissions of ours that wait, and the number after the last.
fn waiting_rooms(draft: &Draft<'_>, peer: &Domain) -> Vec<(RoomId, u64)> {
    let waits = |room: &&std::sync::Arc<super::state::Room>| {
        room.info.host == *peer && room.info.pending.from < room.info.pending.to
    };
    draft.state.rooms.values().filter(waits).map(|room| (room.info.id, room.info.pending.to)).collect()
}

/// The peer claims to hold more of our stream than we have, and cannot show our signature for it (A15).
///
/// # Errors
/// `UNKNOWN_PEER`; else the answer is [`Answer::Refused`], because the quarantine is kept.
pub fn unshown(draft: &mut Draft<'_>, peer: &Domain) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    let Some(held) = link.streams.recovery.and_then(|recovery| recovery.held) else { return Ok(Answer::done()) };
    if held.cursor == 0 {
        // An epoch of ours in which it has received nothing; of those before it we have all.
        let mut streams = begin_anew(draft, &link);
        learn_ended(&mut streams, &held, permit::term(&link, draft.now));
        finish(draft, peer, &streams);
        return Ok(Answer::done());
    }
    let detail = format!(
        "{peer} claims to hold our record {} of epoch {} and cannot show our signature for it: it is wrong, or our \
         database was put back to before what partners keep. To go on without: handclasp peer recover {peer} --accept-loss",
        held.cursor, held.epoch.n
    );
    links::quarantine(draft, peer, Code::Chain, detail, Vec::new())
}

/// An admin goes on without what was lost: our stream begins anew, and rooms that we host and whose copy at the partner
/// goes further, or otherwise, freeze on both sides when the next event comes to them (F16, F18).
///
/// # Errors
/// `UNKNOWN_PEER`, `CONFLICT` when nothing of the link is lost.
pub fn accept_loss(draft: &mut Draft<'_>, actor: &str, peer: &Domain) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    if link.streams.recovery.is_none() && link.peer.quarantine.is_none() {
        return Err(Reject::new(Code::Conflict, format!("nothing of the link with {peer} is missing or in doubt")));
    }
    let mut streams = link.streams.clone();
    let held = streams.recovery.take().and_then(|recovery| recovery.held);
    let lost = held.map_or_else(String::new, |held| {
        format!("; the partner claims records up to {} of epoch {}", held.cursor, held.epoch.n)
    });
    end_stream(draft, peer, &mut streams);
    if let Some(held) = held {
        learn_ended(&mut streams, &held, None);
    }
    draft.put_streams(peer, streams);
    if link.peer.quarantine.is_some() {
        links::lift(draft, actor, peer)?;
    }
    note(draft, peer, &format!("admin:{actor}"), "link.loss_accepted", format!("our stream begins anew{lost}"));
    draft.journal(Entry::Link { peer: peer.clone() });
    Ok(Answer::done())
}

/// The peer was put back to before what our outbox still holds: our stream begins anew, with the whole state of rooms.
///
/// # Errors
/// `UNKNOWN_PEER`.
pub fn tail_gone(draft: &mut Draft<'_>, peer: &Domain, epoch: EpochId) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    if link.streams.out.is_none_or(|out| out.epoch.id != epoch) {
        return Ok(Answer::done());
    }
    let mut streams = link.streams.clone();
    end_stream(draft, peer, &mut streams);
    draft.put_streams(peer, streams);
    let detail = "the partner lost records that are no longer kept here; our stream begins anew".to_owned();
    note(draft, peer, "system", "link.loss_declared", detail);
    draft.journal(Entry::Link { peer: peer.clone() });
    Ok(Answer::done())
}

/// What waited in the stream does not cross any more, and nothing of before is sent again.
fn end_stream(draft: &mut Draft<'_>, peer: &Domain, streams: &mut Streams) {
    links::end_outgoing(streams);
    streams.ended.iter_mut().for_each(|ended| ended.tail = None);
    for (room, to) in waiting_rooms(draft, peer) {
        rooms::give_up_waiting(draft, room, to);
    }
    contacts::end_link(draft, peer, Code::Recovering);
}

fn note(draft: &mut Draft<'_>, peer: &Domain, actor: &str, action: &'static str, detail: String) {
    let (actor, subject) = (actor.to_owned(), peer.to_string());
    draft.audit(AuditNote { actor, action, subject, code: None, detail });
}
