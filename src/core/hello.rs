//! Greeting and being greeted (W8 to W10).

use super::{
    command::{Answer, Greeting},
    contacts,
    draft::Draft,
    grants, links, permit, recovery,
    state::{Link, State},
    users,
};
use crate::model::{
    Code, Digest, Domain, EpochId, Millis, Reject,
    journal::Entry,
    limits,
    link::{EndedEpoch, InStream, OutStream, Peer, RecordPlace, Streams, Term},
    record::{Epoch, Hello, InPosition, OutPosition},
};

/// We are about to greet: mints an epoch if one is due, and says where the streams stand.
///
/// # Errors
/// `UNKNOWN_PEER`.
pub fn greet(draft: &mut Draft<'_>, peer: &Domain) -> Result<Answer, Reject> {
    links::settle_term(draft, peer);
    let link = links::find(&draft.state, peer)?;
    if let Some(term) = term_to_mint(&draft.state, &link, draft) {
        let epoch = Epoch { n: link.streams.last_out() + 1, id: EpochId(draft.random_16()) };
        let out = Some(OutStream::begun(epoch, term));
        draft.put_streams(peer, Streams { out, ..link.streams.clone() });
        users::tell_all_profiles(draft, peer);
        contacts::accept_again(draft, peer);
    }
    let link = links::find(&draft.state, peer)?;
    Ok(Answer::Greeting(Box::new(greeting(&link))))
}

/// Takes a hello: card, grant and positions, in this order, because each decides how the next is read.
///
/// # Errors
/// `PROOF` when it is not for this link; the refusals of the card and of the grant.
pub fn hear(draft: &mut Draft<'_>, peer: &Domain, hello: Hello) -> Result<Answer, Reject> {
    links::settle_term(draft, peer);
    let link = links::find(&draft.state, peer)?;
    check_addressed(draft, &link, &hello)?;
    check_run(&link, &hello)?;
    let before = greeting(&link);
    let was_open = links::is_open(&draft.state, &link, draft.now);
    if let refused @ Answer::Refused(_) = links::hear_card(draft, peer, hello.card.clone())? {
        return Ok(refused);
    }
    if let Some(grant) = hello.grant.clone()
        && let refused @ Answer::Refused(_) = grants::hear(draft, peer, grant)?
    {
        return Ok(refused);
    }
    note_contact(draft, peer, &hello);
    learn_fate(draft, peer, &hello);
    if may_weigh(draft, peer) && recovery::weigh(draft, peer, &hello) {
        return Ok(Answer::Heard { again: false });
    }
    if let Err(found) = reconcile(draft, peer, &hello) {
        return links::quarantine(draft, peer, found.code, found.detail, Vec::new());
    }
    links::announce_open(draft, peer, was_open);
    let link = links::find(&draft.state, peer)?;
    let again = is_news(&before, &greeting(&link)) || term_to_mint(&draft.state, &link, draft).is_some();
    Ok(Answer::Heard { again })
}

/// What the peer holds is compared while both grants are active, and nothing keeps the link.
fn may_weigh(draft: &Draft<'_>, peer: &Domain) -> bool {
    let link = draft.state.links.get(peer);
    link.is_some_and(|link| permit::term(link, draft.now).is_some() && may_agree(&draft.state, link))
}

fn check_addressed(draft: &Draft<'_>, link: &Link, hello: &Hello) -> Result<(), Reject> {
    let fits =
        hello.link == link.peer.link && hello.origin == link.peer.domain && hello.destination == draft.state.org.domain;
    if fits { Ok(()) } else { Err(Reject::new(Code::Proof, "the hello is not for this link")) }
}

/// A run that another one has followed is over. If it speaks, two daemons run on copies of one database, and the one
/// that began last is heard (F26).
fn check_run(link: &Link, hello: &Hello) -> Result<(), Reject> {
    let Some((_, earlier)) = link.peer.runs.split_last() else { return Ok(()) };
    if hello.run.is_some_and(|run| earlier.contains(&run)) {
        return Err(Reject::new(Code::Fenced, "a later run of the same organization's daemon has spoken"));
    }
    Ok(())
}

/// The term for which an epoch of ours is still to be minted. Not before the rooms of the last one are cleaned up:
/// what is made in a new term must not be taken for a remainder of the old one (P18).
fn term_to_mint(state: &State, link: &Link, draft: &Draft<'_>) -> Option<Term> {
    may_agree(state, link)
        .then(|| permit::term(link, draft.now))
        .flatten()
        .filter(|_| link.streams.out.is_none() && link.streams.recovery.is_none())
}

fn may_agree(state: &State, link: &Link) -> bool {
    link.peer.quarantine.is_none() && link.peer.cleanup.is_none() && !state.unconfirmed
}

fn greeting(link: &Link) -> Greeting {
    let Streams { inn, ended_in, .. } = &link.streams;
    Greeting {
        grant: link.peer.ours.clone(),
        seen_serial: link.peer.theirs.as_ref().map_or(0, |signed| signed.grant.serial),
        outgoing: link.streams.told().map(|out| OutPosition {
            epoch: out.epoch,
            term: (out.term.ours, out.term.theirs),
            next_seq: out.next_seq,
            head: out.head,
        }),
        incoming: inn.as_ref().map(|inn| InPosition {
            epoch: inn.epoch,
            cursor: inn.cursor,
            head: inn.head,
            backed_up: inn.backed_up,
        }),
        follows: link.streams.follows(),
        through: link.streams.through(),
        ended: ended_in.map(|(epoch, cursor, head)| InPosition { epoch, cursor, head, backed_up: 0 }),
    }
}

/// Whether the peer learns something from another greeting of ours. Mere progress of the streams is no news.
fn is_news(before: &Greeting, after: &Greeting) -> bool {
    let epochs = |greeting: &Greeting| {
        let outgoing = greeting.outgoing.map(|position| position.epoch);
        let [incoming, ended] = [greeting.incoming, greeting.ended].map(|it| it.map(|position| position.epoch));
        (greeting.seen_serial, outgoing, incoming, ended)
    };
    epochs(before) != epochs(after)
}

fn note_contact(draft: &mut Draft<'_>, peer: &Domain, hello: &Hello) {
    let Ok(link) = links::find(&draft.state, peer) else { return };
    draft.put_streams(peer, Streams { last_contact: Some(draft.now), ..link.streams.clone() });
    let same_rules = link.peer.files == hello.files;
    let same_run = hello.run.is_none_or(|run| link.peer.runs.last() == Some(&run));
    let same = link.peer.features == hello.features && link.peer.seen_card == hello.seen_card && same_rules && same_run;
    if link.peer.instance != Some(hello.instance) || !same {
        if link.peer.instance.is_some_and(|known| known != hello.instance) {
            let detail = format!("the peer speaks from another database: {}", hello.instance);
            links::note(draft, format!("peer:{peer}"), "link.instance_changed", peer, (None, detail));
        }
        if link.peer.features != hello.features {
            draft.journal(Entry::Link { peer: peer.clone() });
        }
        let (instance, features) = (Some(hello.instance), hello.features.clone());
        let (files, seen_card) = (hello.files.clone(), hello.seen_card);
        let mut runs = link.peer.runs.clone();
        runs.extend(hello.run.filter(|_| !same_run));
        runs.drain(..runs.len().saturating_sub(limits::RUNS_MAX));
        draft.put_peer(Peer { instance, runs, seen_card, features, files, ..Peer::clone(&link.peer) });
    }
}

/// What the peer says of our ended epochs settles what was in flight when they ended (F22).
fn learn_fate(draft: &mut Draft<'_>, peer: &Domain, hello: &Hello) {
    let Ok(link) = links::find(&draft.state, peer) else { return };
    let mut streams = link.streams.clone();
    if let Some(held) = &hello.incoming {
        follow(&mut streams, held);
    }
    for told in [hello.ended, hello.incoming].into_iter().flatten() {
        raise(&mut streams, told.epoch, told.cursor);
    }
    // Without a restore there is no epoch of ours that only the peer knows of, or knows to have ended.
    if let Some(told) = hello.ended.filter(|_| streams.recovery.is_some()) {
        if let Some(out) = streams.out.as_mut().filter(|out| out.epoch == told.epoch) {
            out.acked = told.cursor.min(out.next_seq - 1).max(out.acked);
        }
        recovery::learn_ended(&mut streams, &told, permit::term(&link, draft.now));
    }
    if streams != link.streams {
        draft.put_streams(peer, streams);
    }
}

/// The peer has taken up a stream that followed: those before it have ended. After a restore the same number may have
/// been given to another than the one that is known here.
fn follow(streams: &mut Streams, held: &InPosition) {
    let recovers = streams.recovery.is_some();
    let is_it = |out: &OutStream| out.epoch == held.epoch || recovers && out.epoch.n == held.epoch.n;
    let Some(at) = streams.following.iter().position(is_it) else { return };
    let before: Vec<OutStream> = streams.out.into_iter().chain(streams.following.drain(..at)).collect();
    before.into_iter().for_each(|out| streams.end_epoch(out));
    streams.out = Some(OutStream { epoch: held.epoch, ..streams.following.remove(0) });
    streams.held = held.cursor;
}

/// Notes that an ended epoch arrived further than we knew. What was never sent cannot have arrived.
pub(super) fn raise(streams: &mut Streams, epoch: Epoch, cursor: u64) {
    if let Some(ended) = streams.ended.iter_mut().find(|ended| ended.epoch == epoch && cursor < ended.next_seq) {
        ended.acked = ended.acked.max(cursor);
    }
}

/// Brings both streams into agreement, as far as the present term goes. An error is a contradiction.
fn reconcile(draft: &mut Draft<'_>, peer: &Domain, hello: &Hello) -> Result<(), Reject> {
    let link = links::find(&draft.state, peer)?;
    let Some(term) = permit::term(&link, draft.now).filter(|_| may_agree(&draft.state, &link)) else { return Ok(()) };
    let mut streams = link.streams.clone();
    if let Some(theirs) = hello.outgoing {
        hear_outgoing(&mut streams, (&theirs, &hello.follows), term, draft.now)?;
    }
    turn_back(&mut streams, hello.incoming.as_ref(), term);
    hear_incoming(&mut streams, hello.incoming.as_ref())?;
    if streams.restarts.len() > link.streams.restarts.len() {
        let detail = "the partner has lost its stream and begun it anew; what came before stands".to_owned();
        links::note(draft, format!("peer:{peer}"), "link.peer_restarted", peer, (None, detail));
    }
    let at = streams.inn.as_ref().map(InStream::place);
    if streams != link.streams {
        draft.put_streams(peer, streams);
    }
    // The last that was to come again may be an epoch without a record.
    at.into_iter().for_each(|at| recovery::advance(draft, peer, at));
    Ok(())
}

/// Their stream as they see it, against ours of it. A hello can be older than what was received since it was written:
/// positions that lie behind are no contradiction, only two contents for one position are.
fn hear_outgoing(
    streams: &mut Streams,
    (theirs, follows): (&OutPosition, &[RecordPlace]),
    term: Term,
    now: Millis,
) -> Result<(), Reject> {
    let is_present = Term { ours: theirs.term.1, theirs: theirs.term.0 } == term;
    let Some(inn) = &streams.inn else {
        let last = streams.ended_in.map_or(0, |(epoch, ..)| epoch.n);
        let lacks_any = follows.iter().any(|(n, seq)| *n > last && *seq > 0);
        let is_next = is_present && theirs.epoch.n > last && !lacks_any;
        streams.inn = is_next.then(|| adopted(theirs.epoch, term));
        return Ok(());
    };
    if theirs.epoch.n > inn.epoch.n && is_present {
        return if lacks_any(inn, follows) { Ok(()) } else { begin_again(streams, theirs.epoch, term, now) };
    }
    if theirs.epoch.n == inn.epoch.n && theirs.epoch.id != inn.epoch.id {
        // One who has lost it begins it anew before hearing from us, and sends nothing in it.
        let is_lost = theirs.next_seq == 1;
        let detail = format!("the peer has begun epoch {} twice", inn.epoch.n);
        return if is_lost { Ok(()) } else { Err(Reject::new(Code::Fork, detail)) };
    }
    if theirs.epoch == inn.epoch && theirs.next_seq == inn.cursor + 1 && theirs.head != inn.head {
        return Err(Reject::new(Code::Fork, format!("the peer's records up to {} are not those we have", inn.cursor)));
    }
    Ok(())
}

/// Whether we lack records of epochs that the peer can send again. Our hello asks for them, by its position.
fn lacks_any(inn: &InStream, follows: &[RecordPlace]) -> bool {
    let Some(at) = follows.iter().position(|(n, _)| *n == inn.epoch.n) else { return false };
    follows[at].1 > inn.cursor || follows[at + 1..].iter().any(|(_, last)| *last > 0)
}

/// The peer has lost its stream and begins the next epoch: what it sent so far stands. Not too often (A15).
fn begin_again(streams: &mut Streams, epoch: Epoch, term: Term, now: Millis) -> Result<(), Reject> {
    let Some(inn) = &streams.inn else { return Ok(()) };
    if epoch.n - inn.epoch.n > limits::EPOCHS_LOST_MAX {
        let detail = format!("the peer has begun epoch {} after epoch {}", epoch.n, inn.epoch.n);
        return Err(Reject::new(Code::Epoch, detail));
    }
    streams.restarts.retain(|at| now.since(*at) < limits::RESTART_WINDOW_MS);
    if streams.restarts.len() >= limits::RESTARTS_PER_DAY_MAX {
        let detail =
            format!("the peer has begun its stream anew more than {} times a day", limits::RESTARTS_PER_DAY_MAX);
        return Err(Reject::new(Code::Epoch, detail));
    }
    streams.restarts.push(now);
    streams.ended_in = Some((inn.epoch, inn.cursor, inn.head));
    streams.inn = Some(adopted(epoch, term));
    // What a restore has lost here may reach into the new epoch; otherwise nothing of it comes any more.
    streams.replay = streams.replay.take().filter(|replay| replay.end.0 >= epoch.n);
    Ok(())
}

fn adopted(epoch: Epoch, term: Term) -> InStream {
    InStream { epoch, term, cursor: 0, head: Digest::ZERO, rejects: Vec::new(), backed_up: 0, voids: Vec::new() }
}

/// The peer was put back to an epoch of ours that has ended since, or to before the first of the term: what it has lost is
/// sent again, and then what followed (W10).
fn turn_back(streams: &mut Streams, theirs: Option<&InPosition>, term: Term) {
    let first_kept = streams.first_kept(term);
    let first_lost = match theirs {
        None => Some(first_kept),
        Some(held) => streams.ended.iter().position(|ended| ended.epoch == held.epoch).map(|at| {
            let has_all = held.cursor + 1 >= streams.ended[at].next_seq;
            at + usize::from(has_all)
        }),
    };
    let Some(first_lost) = first_lost.filter(|at| (first_kept..streams.ended.len()).contains(at)) else { return };
    if streams.out.is_none() {
        return;
    }
    let again = streams.ended.drain(first_lost..).filter_map(|EndedEpoch { epoch, acked, next_seq, tail }| {
        let (_, head) = tail?;
        let confirmed = theirs.is_some_and(|held| held.epoch == epoch);
        Some(OutStream { next_seq, head, acked, confirmed, ..OutStream::begun(epoch, term) })
    });
    let mut again: Vec<OutStream> = again.collect();
    again.extend(streams.outgoing());
    (streams.out, streams.held) = (Some(again.remove(0)), 0);
    streams.following = again;
}

/// Our stream as they received it. Their cursor may lie behind what they acknowledged: then they lost their tail, and
/// the sender sends it again (W10).
fn hear_incoming(streams: &mut Streams, theirs: Option<&InPosition>) -> Result<(), Reject> {
    let Some(out) = &mut streams.out else { return Ok(()) };
    let Some(theirs) = theirs.filter(|held| held.epoch.n >= out.epoch.n) else {
        streams.held = 0;
        return Ok(());
    };
    if theirs.epoch != out.epoch {
        let detail = format!("the peer knows epoch {} of our stream, which we never began", theirs.epoch.n);
        return Err(Reject::new(Code::Epoch, detail));
    }
    if theirs.cursor >= out.next_seq {
        let detail =
            format!("the peer claims record {} of our stream, and we sent {}", theirs.cursor, out.next_seq - 1);
        return Err(Reject::new(Code::Chain, detail));
    }
    if theirs.cursor + 1 == out.next_seq && theirs.head != out.head {
        let detail = format!("the peer's copy of our records up to {} is not what we sent", theirs.cursor);
        return Err(Reject::new(Code::Fork, detail));
    }
    out.confirmed = true;
    streams.held = theirs.cursor;
    Ok(())
}
