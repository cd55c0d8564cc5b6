//! The rooms of an export: dense indices, unbroken chains, and every event of a partner's person under their signature.

use super::{
    evidence::{Broken, ensure, event_of},
    lines::{EventLine, Header, RoomLine},
};
use crate::{
    crypto::digest::{chain, sha256},
    model::{Digest, Domain, Millis, RoomId, limits, record::Record},
    wire,
};
use std::collections::{HashMap, HashSet};

/// Envelopes are kept at least this long; what is younger must be proven.
const PROVEN_MS: u64 = limits::OUTBOX_KEPT_MS_MAX - 24 * 3_600_000;

/// What was read of rooms so far.
#[derive(Default)]
pub struct Timelines {
    room: Option<RoomLine>,
    /// The last event of the present room.
    last: Option<(u64, Digest)>,
    events: HashMap<(RoomId, u64), Digest>,
    /// Events of people of other orgs that no envelope has proven yet: their line and when they came.
    unproven: HashMap<(RoomId, Digest), (u64, u64)>,
    proven: HashSet<(RoomId, Digest)>,
    /// How many rooms, events, withheld or erased events, and gaps there are.
    pub counts: Counts,
}

/// What a transcript holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Rooms.
    pub rooms: u64,
    /// Events.
    pub events: u64,
    /// Events whose content is not in the transcript, only their digest.
    pub withheld: u64,
    /// Places where a followed copy has no event: its host's events that were refused here, or came while nobody was in.
    pub gaps: u64,
    /// Events of partners that a signed envelope in the transcript proves.
    pub proven: u64,
    /// Events of partners whose envelopes are not in the transcript.
    pub unproven: u64,
}

impl Timelines {
    /// The next room. The one before has to be whole.
    pub fn room(&mut self, header: &Header, room: RoomLine) -> Result<(), Broken> {
        self.close(header)?;
        ensure(room.begins <= room.next_index, || format!("room {} begins after its end", room.room))?;
        self.counts.rooms += 1;
        self.last = None;
        self.room = Some(room);
        Ok(())
    }

    /// The present room ends where its line says.
    pub fn close(&mut self, header: &Header) -> Result<(), Broken> {
        let Some(room) = self.room.take() else { return Ok(()) };
        let end = self.last.map_or(room.begins, |(index, _)| index + 1);
        if end != room.next_index {
            return self.gap(header, &room, end, room.next_index);
        }
        let holds = self.last.is_none_or(|(_, head)| head == room.head);
        ensure(holds, || format!("the chain of room {} does not end with the head that is told", room.room))
    }

    fn gap(&mut self, header: &Header, room: &RoomLine, from: u64, to: u64) -> Result<(), Broken> {
        ensure(room.host != header.org, || format!("events {from} to {} of room {} are missing", to - 1, room.room))?;
        self.counts.gaps += 1;
        Ok(())
    }

    /// The next event of the present room.
    pub fn event(&mut self, header: &Header, n: u64, line: &EventLine<'_>) -> Result<(), Broken> {
        let room = self.room.take().filter(|room| room.room == line.room);
        let room = room.ok_or_else(|| "an event stands outside its room".to_owned())?;
        let digest = digest_of(line)?;
        let expected = self.last.map_or(room.begins, |(index, _)| index + 1);
        let in_order = (expected..room.next_index).contains(&line.index);
        ensure(in_order, || format!("event {} of room {} stands where {expected} belongs", line.index, room.room))?;
        if line.index > expected {
            self.gap(header, &room, expected, line.index)?;
        }
        let before = match self.last {
            _ if line.index == 0 => Some(Digest::ZERO),
            Some((_, head)) if line.index == expected => Some(head),
            // Nothing is known of what is deleted or missing before it.
            _ => None,
        };
        let holds = before.is_none_or(|before| chain(before, digest) == line.head);
        ensure(holds, || format!("the chain of room {} breaks at event {}", room.room, line.index))?;
        self.last = Some((line.index, line.head));
        self.events.insert((line.room, line.index), digest);
        self.counts.events += 1;
        // What stands in a room without a partner was never sent here: it is an archive of what was proven when it was read.
        let crossed = room.partner.is_some();
        self.room = Some(room);
        if crossed {
            self.await_proof(header, n, line, digest);
        }
        Ok(())
    }

    fn await_proof(&mut self, header: &Header, n: u64, line: &EventLine<'_>, digest: Digest) {
        let Some(event) = line.event else {
            self.counts.withheld += 1;
            return;
        };
        let author = wire::event::open(event.get().as_bytes()).ok().and_then(|it| it.event.author);
        if author.is_some_and(|author| !author.is_of(&header.org)) {
            self.unproven.insert((line.room, digest), (n, line.at));
        }
    }

    /// What a record carried has to be what the timeline shows. `sender` has signed it.
    pub fn carried(&mut self, record: &Record, sender: &Domain) -> Result<(), Broken> {
        let Some((room, index, event)) = event_of(record) else { return Ok(()) };
        let digest = sha256(&event.bytes);
        let shown = index.and_then(|index| self.events.get(&(room, index)));
        let holds = shown.is_none_or(|shown| *shown == digest);
        ensure(holds, || {
            format!(
                "record {} of {sender} carries another event for index {} of room {room}",
                record.seq,
                index.unwrap_or(0)
            )
        })?;
        if self.unproven.remove(&(room, digest)).is_some() {
            self.proven.insert((room, digest));
        }
        Ok(())
    }

    /// At the end: everything of partners that is younger than envelopes are kept is proven. Names the line otherwise.
    pub fn finish(&mut self, header: &Header) -> Result<(), (u64, Broken)> {
        self.counts.proven = self.proven.len() as u64;
        self.counts.unproven = self.unproven.len() as u64;
        let now = Millis(header.exported_at);
        let young = |(n, at): &(u64, u64)| (header.evidence && now.since(Millis(*at)) < PROVEN_MS).then_some(*n);
        match self.unproven.values().filter_map(young).min() {
            Some(n) => Err((n, "no envelope of the partner proves this event".to_owned())),
            None => Ok(()),
        }
    }
}

fn digest_of(line: &EventLine<'_>) -> Result<Digest, Broken> {
    match (line.event, line.digest, line.erased) {
        (Some(event), None, None) => Ok(sha256(event.get().as_bytes())),
        (None, Some(digest), _) => Ok(digest),
        _ => Err(format!("event {} has neither its content nor its digest", line.index)),
    }
}
