//! Messages: posting, submitting to a host, and getting a place (P20, P21, P23, W13, W17).

use super::{
    command::{Answer, PendingFact, Ref},
    draft::{Draft, Sent},
    permit::{check_permission, scopes},
    rooms,
    state::{Room, State},
};
use crate::{
    model::{
        Address, Code, Domain, EventId, LocalPart, Reject, RoomId,
        event::{Content, Event, Message, Sealed},
        grant::Scope,
        journal::Place,
        limits,
        notice::NoticeKind,
        record::RecordBody,
        room::{PendingRange, RoomKind},
    },
    wire,
};

/// One of our users says something. In a room that the partner hosts it is queued until the host has placed it.
///
/// # Errors
/// The first condition that fails.
pub fn post(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    id: RoomId,
    event: EventId,
    mut message: Message,
) -> Result<Answer, Reject> {
    let room = rooms::member_of(&draft.state, user, id)?.clone();
    rooms::writable(&draft.state, &room, user, draft.now)?;
    let author = draft.state.address(user);
    check_mentions(&room, &mut message)?;
    validate_message(&room, &author, &message).map_err(refusal)?;
    let mentioned = if message.mentions.is_empty() { None } else { Some(message.clone()) };
    let content = Content::Message(message);
    let sealed = wire::event::seal(Event { id: event, author: Some(author.clone()), made_at: draft.now, content });
    if sealed.bytes.len() > limits::EVENT_BYTES_MAX {
        return Err(refusal(Code::TooLarge));
    }
    if !room.is_hosted_by(&draft.state.org.domain) {
        return submit(draft, user, &room, sealed);
    }
    let index = rooms::order(draft, id, sealed);
    if let Some(message) = mentioned {
        notify_mentions(draft, id, &author, &message, index);
    }
    Ok(Answer::posted(id, event, Place::Index(index)))
}

fn submit(draft: &mut Draft<'_>, user: &LocalPart, room: &Room, sealed: Sealed) -> Result<Answer, Reject> {
    let (id, p) = (room.info.id, room.info.pending.to);
    let (event, bytes) = (sealed.event.id, sealed.bytes.clone());
    let body = RecordBody::RoomSubmit { room: id, event: sealed };
    let sent = draft.send(&room.info.host, &body, Ref::Pending(id, p, user.clone()));
    let sent = sent.ok_or_else(|| Reject::new(Code::Opening, "the daemons have yet to greet each other; try again"))?;
    draft.pend(id, user, bytes, sent);
    Ok(Answer::posted(id, event, Place::Pending(p)))
}

/// Whom a message calls by name: members, each once.
fn check_mentions(room: &Room, message: &mut Message) -> Result<(), Reject> {
    if let Some(stranger) = message.mentions.iter().find(|user| !room.members.contains_key(*user)) {
        return Err(Reject::field("mentions", format!("names {stranger}, who is not a member of this room")));
    }
    if message.mentions.len() > 1 {
        message.mentions.sort();
        message.mentions.dedup();
    }
    Ok(())
}

/// What both sides ask of a message before it gets a place (W13): a local user's before it is queued, and the
/// partner's before it is ordered. What passed once passes later: who was removed meanwhile may still be mentioned.
///
/// # Errors
/// `NOT_MEMBER`, `NO_SUCH_MESSAGE`, `TOO_LARGE`.
pub fn validate_message(room: &Room, author: &Address, message: &Message) -> Result<(), Code> {
    let member = room.members.get(author).ok_or(Code::NotMember)?;
    if message.reply_to.is_some_and(|index| index < member.visible_from || index >= room.next_index) {
        return Err(Code::NoSuchMessage);
    }
    if message.mentions.len() > limits::MENTIONS_MAX {
        return Err(Code::TooLarge);
    }
    let known = |user: &Address| room.members.contains_key(user) || room.former.contains_key(user);
    if message.mentions.iter().all(known) { Ok(()) } else { Err(Code::NotMember) }
}

fn refusal(code: Code) -> Reject {
    let (field, detail) = match code {
        Code::NoSuchMessage => (Some("reply_to"), "the message that you answer is not visible to you".to_owned()),
        Code::TooLarge => (None, format!("a message mentions at most {} people", limits::MENTIONS_MAX)),
        _ => (None, "only members write in this room".to_owned()),
    };
    let limit = (code == Code::TooLarge).then_some("message_mentions");
    Reject { field, limit, ..Reject::new(code, detail) }
}

/// Tells those of our users who are called by name and may see it.
pub fn notify_mentions(draft: &mut Draft<'_>, id: RoomId, author: &Address, message: &Message, index: u64) {
    for user in &message.mentions {
        let state = &draft.state;
        let present = state.rooms.get(&id).is_some_and(|room| room.members.contains_key(user));
        if user != author && present && state.is_ours(user) && !rooms::blocks(state, &user.local(), author) {
            draft.notify(&user.local(), NoticeKind::Mentioned { room: id, index });
        }
    }
}

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
    let room = rooms::hosted_for(&draft.state, peer, id)?;
    let author = sealed.event.author.as_ref().filter(|author| author.is_of(peer)).ok_or(Code::Authority)?;
    let Content::Message(message) = &sealed.event.content else { return Err(Code::Authority) };
    let link = draft.state.links.get(peer).ok_or(Code::UnknownPeer)?;
    if !scopes(link, draft.now).holds(Scope::Messages) {
        return Err(Code::Scope);
    }
    validate_message(room, author, message)?;
    if room.info.kind == RoomKind::Direct {
        check_direct(&draft.state, room)?;
    }
    // The follower needs the state from before this event, then it gets the place.
    rooms::sync(draft, id);
    let index = draft.append(id, sealed.bytes.clone(), None);
    notify_mentions(draft, id, author, message, index);
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
    for row in placed.chunk_by(|one, next| one.room == next.room && one.index + 1 == next.index) {
        let mut submits: Vec<(u64, u64)> = Vec::new();
        for run in row {
            match submits.last_mut() {
                Some(last) if last.1 + 1 == run.seq => last.1 = run.seq,
                _ => submits.push((run.seq, run.seq)),
            }
        }
        let body = RecordBody::RoomPlaced { room: row[0].room, index: row[0].index, submits };
        draft.send(peer, &body, Ref::None);
    }
}

/// The host says where submissions of ours stand: they move from the queue to the timeline.
///
/// # Errors
/// `AUTHORITY` for a room that the peer does not order, `FROZEN` when the index is not the next or a submission is not
/// one that waits (A19), `MALFORMED` when it names none of ours.
pub fn receive_placed(
    draft: &mut Draft<'_>,
    peer: &Domain,
    id: RoomId,
    index: u64,
    submits: &[(u64, u64)],
    facts: &[PendingFact],
) -> Result<(), Code> {
    let room = rooms::followed_from(&draft.state, peer, id)?;
    let (next_index, pending) = (room.next_index, room.info.pending);
    let placed =
        |fact: &&PendingFact| fact.room == id && submits.iter().any(|(from, to)| (*from..=*to).contains(&fact.seq));
    let facts: Vec<&PendingFact> = facts.iter().filter(placed).collect();
    let (Some(first), Some(last)) = (facts.first(), facts.last()) else { return Err(Code::Malformed) };
    let in_order = facts.is_sorted_by_key(|fact| fact.p) && first.p >= pending.from && last.p < pending.to;
    if index != next_index || !in_order {
        rooms::freeze(draft, id, if index > next_index { Code::Gap } else { Code::Fork });
        return Err(Code::Frozen);
    }
    let before = last.p + 1;
    let mut expected = pending.from;
    for fact in facts {
        rooms::pass_over(draft, id, PendingRange { from: expected, to: fact.p });
        place(draft, id, fact);
        expected = fact.p + 1;
    }
    rooms::settle_pending(draft, id, before);
    Ok(())
}

/// Moves one submission of ours to the next index. In a group it may call colleagues of the author by name.
fn place(draft: &mut Draft<'_>, id: RoomId, fact: &PendingFact) {
    let sent = Sent { epoch_n: fact.epoch_n, seq: fact.seq };
    let index = draft.append(id, fact.bytes.clone(), Some(sent));
    let group = draft.state.rooms.get(&id).is_some_and(|room| room.info.kind == RoomKind::Group);
    if let Some(Event { content: Content::Message(message), .. }) =
        group.then(|| wire::event::open(&fact.bytes).ok()).flatten().map(|sealed| sealed.event)
    {
        let author = draft.state.address(&fact.author);
        notify_mentions(draft, id, &author, &message, index);
    }
}
