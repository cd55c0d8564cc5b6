//! Our stream to a peer as its sender sees it: what goes next, sealed, and what an ack says about it (W6, W11).

use super::{Federation, refused::Refused, rooms::store_failed};
use crate::{
    core::{State, command::Ref, permit, state::Link},
    engine::OutboxItem,
    model::{
        Digest, Domain, limits,
        link::{LinkState, OutStream},
        record::{Ack, Credit, Epoch, InPosition},
    },
    wire::{self, envelope::EnvelopeHead},
};
use std::{borrow::Cow, collections::BTreeSet};

/// Where the sender stands in the present epoch.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    /// The epoch.
    pub epoch: Epoch,
    /// The next record to send.
    pub next: u64,
    /// The chain head before it.
    pub head: Digest,
    /// Up to here verdicts were handed to the writer.
    pub settled: u64,
}

/// Records on their way in one envelope.
#[derive(Debug)]
pub struct Batch {
    /// Where they begin.
    pub from: Position,
    /// The records.
    pub items: Vec<OutboxItem>,
    /// The peer had acknowledged the first of them, and they are kept no longer.
    pub is_gone: bool,
}

/// Why an ack is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAck {
    /// It speaks of another link or epoch, or is not proven: as good as none.
    Void,
    /// It is proven, and contradicts our chain: nobody can hold what we never made (A15, A29).
    Contradiction,
}

/// The open outgoing stream of a link, if anything may cross now.
pub fn open_stream(state: &State, link: &Link, federation: &Federation) -> Option<OutStream> {
    match permit::link_state(state, link, federation.engine.now()) {
        LinkState::Open | LinkState::Stale => link.streams.out,
        _ => None,
    }
}

impl Federation {
    /// Where to go on after a hello: behind the last record that the peer holds durably, but not behind what it has not
    /// acknowledged by an ack yet, because only acks carry verdicts.
    pub(super) fn position(&self, peer: &Domain, theirs: Option<InPosition>) -> Result<Option<Position>, BadAck> {
        let state = self.engine.state();
        // What a restore has lost is no contradiction: it is taken back first.
        let link = state.links.get(peer).filter(|link| link.streams.recovery.is_none());
        let Some(out) = link.and_then(|link| link.streams.out) else { return Ok(None) };
        let held = theirs.filter(|position| position.epoch == out.epoch);
        if let Some(held) = held {
            self.check_head(peer, &out, held.cursor, held.head)?;
        }
        let last = held.map_or(out.acked, |held| held.cursor.min(out.acked));
        let (last, head) = match (self.head_before(peer, &out, last + 1), held) {
            (Ok(head), _) => (last, head),
            // That record may have left the outbox by age; the one that the peer holds cannot have.
            (Err(_), Some(held)) => (held.cursor, held.head),
            (Err(_), None) => return Err(BadAck::Void),
        };
        Ok(Some(Position { epoch: out.epoch, next: last + 1, head, settled: out.acked }))
    }

    fn check_head(&self, peer: &Domain, out: &OutStream, cursor: u64, head: Digest) -> Result<(), BadAck> {
        if cursor >= out.next_seq {
            return Err(BadAck::Contradiction);
        }
        match self.head_before(peer, out, cursor + 1) {
            Ok(ours) if ours != head => Err(BadAck::Contradiction),
            _ => Ok(()),
        }
    }

    /// The next records to send, none when nothing waits. A record that is longer than the credit goes alone.
    pub(super) fn next_batch(&self, peer: &Domain, from: Position, credit: Credit) -> Result<Batch, Refused> {
        let [records_max, bytes_max] =
            [credit.records, credit.bytes].map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        let read = self.engine.outbox(peer, from.epoch.n, from.next, records_max, bytes_max);
        let mut items = read.map_err(|error| store_failed(&error))?;
        if items.is_empty() {
            items = self.read_outbox(peer, from.epoch.n, from.next, 1)?;
        }
        let gap = items.first().is_some_and(|item| item.seq != from.next);
        if gap {
            tracing::error!(%peer, seq = from.next, "records are missing from the outbox");
        }
        let is_gone = gap && from.next <= from.settled;
        Ok(Batch { from, items: if gap { Vec::new() } else { items }, is_gone })
    }

    /// The signed envelope over consecutive records of our stream; none when the link has no grants, or nothing is to be sealed.
    pub(super) fn seal_envelope(
        &self,
        state: &State,
        link: &Link,
        out: &OutStream,
        items: &[OutboxItem],
        prev: Digest,
    ) -> Option<String> {
        let (Some(ours), Some(theirs)) = (&link.peer.ours, &link.peer.theirs) else {
            return None;
        };
        let from_seq = items.first()?.seq;
        let head = EnvelopeHead {
            link: link.peer.link,
            origin: state.org.domain.clone(),
            destination: link.peer.domain.clone(),
            epoch: out.epoch,
            from_seq,
            prev,
            grants: (ours.grant.serial, theirs.grant.serial),
            settled: out.acked.min(from_seq - 1),
            sent_at: self.engine.now(),
        };
        let voided: BTreeSet<u64> =
            state.voided(&link.peer.domain, out.epoch.n, from_seq..=items.last()?.seq).collect();
        let records: Vec<Cow<'_, [u8]>> = items
            .iter()
            .map(|item| match voided.contains(&item.seq) {
                true => wire::record::encode_void(item.seq, item.made_at, &item.bytes).into(),
                false => (*item.bytes).into(),
            })
            .collect();
        Some(wire::proof::seal_envelope(&head, records.iter().map(AsRef::as_ref), &self.keys.load().signing))
    }

    /// Holds an ack against our chain and says where to go on.
    pub(super) fn check_ack(&self, peer: &Domain, batch: &Batch, ack: &Ack) -> Result<Position, BadAck> {
        if ack.epoch != batch.from.epoch {
            return Err(BadAck::Void);
        }
        let at = ack.cursor.checked_sub(batch.from.next).and_then(|at| usize::try_from(at).ok());
        let known = at.and_then(|at| batch.items.get(at)).map(|item| item.head);
        if known.is_some_and(|head| head != ack.head) {
            return Err(BadAck::Contradiction);
        }
        let through = settled_through(ack);
        if known.is_some() && through == ack.cursor {
            let settled = batch.from.settled.max(through);
            return Ok(Position { epoch: ack.epoch, next: ack.cursor + 1, head: ack.head, settled });
        }
        let state = self.engine.state();
        let out = state.links.get(peer).and_then(|link| link.streams.out).filter(|out| out.epoch == ack.epoch);
        let out = out.ok_or(BadAck::Void)?;
        self.check_head(peer, &out, ack.cursor, ack.head)?;
        // Records whose verdicts did not fit this ack are sent again, for the next one to tell.
        let head = self.head_before(peer, &out, through + 1).map_err(|_| BadAck::Void)?;
        Ok(Position { epoch: ack.epoch, next: through + 1, head, settled: batch.from.settled.max(through) })
    }

    /// What the newly acknowledged records were about.
    pub(super) fn references(&self, peer: &Domain, batch: &Batch, cursor: u64) -> Result<Vec<(u64, Ref)>, Refused> {
        let mut references = Vec::new();
        let mut next = batch.from.settled + 1;
        let mut items = batch.items.as_slice();
        let mut read;
        while next <= cursor {
            if items.first().is_none_or(|item| item.seq > next) || items.last().is_none_or(|item| item.seq < next) {
                read = self.read_outbox(peer, batch.from.epoch.n, next, limits::ENVELOPE_RECORDS_MAX)?;
                if read.first().is_none_or(|item| item.seq != next) {
                    break;
                }
                items = &read;
            }
            let fresh = items.iter().filter(|item| item.seq >= next && item.seq <= cursor);
            references.extend(
                fresh.filter(|item| item.reference != Ref::None).map(|item| (item.seq, item.reference.clone())),
            );
            next = items.last().map_or(next, |item| item.seq) + 1;
        }
        Ok(references)
    }
}

/// How far an ack tells verdicts: a full list of rejects may go on behind its last one.
fn settled_through(ack: &Ack) -> u64 {
    match ack.rejects.last() {
        Some((seq, _)) if ack.rejects.len() >= limits::REJECTS_PER_ACK_MAX => ack.cursor.min(*seq),
        _ => ack.cursor,
    }
}
