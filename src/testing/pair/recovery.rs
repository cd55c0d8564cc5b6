//! Restores of one side of a [`Pair`], and what the other one gives back (W10).

use super::{Org, Pair, Seeded, Side, record};
use crate::{
    core::{
        Command,
        command::{Kept, KeptRecord, PeerOp, PendingFact, Submit},
    },
    model::{
        Digest, limits,
        link::{OutStream, Streams},
        record::{Ack, Envelope, Epoch, RecordBody},
    },
};
use std::collections::BTreeSet;

impl Pair {
    /// Puts a side back to how it was, as a backup that was restored by the command.
    pub fn restore(&mut self, org: Org, backup: &Side, seed: u64) {
        self.put_back(org, backup, seed);
        self.command(org, Command::Restored).expect("never refused");
    }

    /// Puts a side back to how it was, as a copy of its files: nobody tells it.
    pub fn put_back(&mut self, org: Org, backup: &Side, seed: u64) {
        let side = self.side_mut(org);
        *side = backup.clone();
        side.random = Seeded::new(seed);
    }

    fn streams(&self, org: Org) -> &Streams {
        &self.side(org).state.links[&org.other().domain()].streams
    }

    /// How far a side has received the other's stream.
    #[must_use]
    pub fn cursor(&self, org: Org) -> Option<(Epoch, u64)> {
        let inn = self.side(org).state.links[&org.other().domain()].streams.inn.as_ref();
        inn.map(|inn| (inn.epoch, inn.cursor))
    }

    pub(super) fn note_kept(&mut self, to: Org, ack: &Ack) {
        let sent = self.side(to.other()).outbox.range((ack.epoch.n, 0)..=(ack.epoch.n, ack.cursor));
        let sent: Vec<_> = sent.map(|(key, queued)| (*key, (ack.epoch, queued.clone()))).collect();
        self.side_mut(to).kept.extend(sent);
    }

    pub(super) fn acked(&self, org: Org) -> u64 {
        self.streams(org).out.map_or(0, |out| out.acked)
    }

    pub(super) fn recovers(&self, org: Org) -> bool {
        self.streams(org).recovery.is_some()
    }

    /// Our submissions that an envelope may place, as the writer finds them.
    pub(super) fn facts(&self, to: Org, envelope: &Envelope) -> Vec<PendingFact> {
        let side = self.side(to);
        let mut facts: Vec<PendingFact> = side.pending.values().cloned().collect();
        let Some(replay) = &self.streams(to).replay else { return facts };
        let known: BTreeSet<(u64, u64)> = facts.iter().map(|fact| (fact.epoch_n, fact.seq)).collect();
        let places = envelope.records.iter().any(|record| matches!(record.body, Ok(RecordBody::RoomPlaced { .. })));
        for ((epoch_n, seq), queued) in side.outbox.range(..(replay.epoch_n + 1, 0)) {
            let Ok(RecordBody::RoomSubmit { room, event }) = record(&queued.bytes).body else { continue };
            let Some(author) = event.event.author.as_ref().map(|author| author.local()) else { continue };
            if places && !known.contains(&(*epoch_n, *seq)) {
                facts.push(PendingFact { room, p: None, seq: *seq, epoch_n: *epoch_n, author, event });
            }
        }
        facts.sort_by_key(|fact| (fact.epoch_n, fact.seq));
        facts
    }

    /// Takes back everything that the other side has kept, and says how many records that were. A peer that has kept
    /// nothing is told on.
    pub fn take_back(&mut self, org: Org) -> usize {
        let mut count = 0;
        while self.streams(org).recovery.is_some_and(|recovery| recovery.held.is_some()) {
            let Some(kept) = self.next_kept(org) else {
                let told = self.peer(org, PeerOp::Unshown);
                assert_eq!(told.is_err(), self.streams(org).recovery.is_some(), "a quarantine, or nothing was lost");
                return count;
            };
            count += kept.records.len();
            if self.peer(org, PeerOp::TakeBack(Box::new(kept))).is_err() {
                return count;
            }
        }
        count
    }

    /// The next portion that the other side has kept, with what its people submitted.
    fn next_kept(&self, org: Org) -> Option<Kept> {
        let streams = self.streams(org);
        let held = streams.recovery?.held?;
        let present = streams.out.map(|OutStream { epoch, next_seq, .. }| (epoch.n, next_seq));
        let later = (streams.last_out() + 1..=held.epoch.n).map(|n| (n, 1));
        let other = self.side(org.other());
        let (epoch_n, first) = present.into_iter().chain(later).find(|key| other.kept.contains_key(key))?;
        let kept = other.kept.range((epoch_n, first)..(epoch_n, first + limits::ENVELOPE_RECORDS_MAX as u64));
        let records: Vec<KeptRecord> = kept
            .map(|(_, (_, queued))| KeptRecord { record: record(&queued.bytes), bytes: queued.bytes.clone() })
            .collect();
        let prev = other.kept.get(&(epoch_n, first - 1)).map_or(Digest::ZERO, |(_, before)| before.head);
        let (epoch, _) = other.kept[&(epoch_n, first)];
        Some(Kept { epoch, prev, records, submits: self.submits(org.other()) })
    }

    fn submits(&self, org: Org) -> Vec<Submit> {
        let submit = |((epoch_n, seq), queued): (&(u64, u64), &super::Queued)| match record(&queued.bytes).body {
            Ok(RecordBody::RoomSubmit { room, event }) => Some(Submit { epoch_n: *epoch_n, seq: *seq, room, event }),
            _ => None,
        };
        self.side(org).outbox.iter().filter_map(submit).collect()
    }
}
