//! What has happened before: put into an archive, where nobody is told of it and nothing is fetched for it (P30), or
//! lost by a restore and taken back (W10).

use super::{Appended, Change, Draft, Queued};
use crate::{
    core::command::Ref,
    crypto::digest::chain,
    model::{Digest, Domain, Millis, RoomId, event::Sealed, journal::Entry, record::Record},
};
use std::sync::Arc;

/// Where an event of the past stands.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    /// Its index.
    pub index: u64,
    /// When it became durable.
    pub at: Millis,
    /// The chain head after it.
    pub head: Digest,
}

impl Draft<'_> {
    /// From here on what happens is of the past: it makes no notices, awaits no files, and counts for no limit.
    pub fn replay_past(&mut self) {
        self.is_past = true;
    }

    /// From here on what happens was told to the peers before it was lost here: nothing of it is sent again.
    pub fn begin_told(&mut self) {
        self.is_told = true;
    }

    /// Whether what happens was told to the peers before it was lost here.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// What happens from here on is new again.
    pub fn end_told(&mut self) {
        self.is_told = false;
    }

    /// Takes a record of ours back into the outbox, under its own number and byte for byte. The peer has it.
    pub fn put_back(&mut self, peer: &Domain, record: &Record, bytes: Arc<[u8]>) {
        let Some(link) = self.state.links.get_mut(peer) else { return };
        let Some(out) = Arc::make_mut(link).streams.out.as_mut() else { return };
        out.head = chain(out.head, record.digest);
        (out.next_seq, out.acked) = (record.seq + 1, record.seq);
        self.changes.push(Change::Send(Queued {
            peer: peer.clone(),
            epoch_n: out.epoch.n,
            seq: record.seq,
            head: out.head,
            made_at: record.made_at,
            reference: Ref::None,
            bytes,
        }));
    }

    /// Puts an event of the past at its index. What is missing before it stays missing.
    pub fn append_past(&mut self, id: RoomId, event: &Sealed, Past { index, at, head }: Past) {
        let Some(room) = self.state.rooms.get_mut(&id) else { return };
        let room = Arc::make_mut(room);
        if room.begins == room.next_index {
            room.begins = index;
        }
        (room.next_index, room.head) = (index + 1, head);
        let regards = event.event.content.regards();
        self.facts.note_event((id, index), &event.event);
        let event = Arc::new(event.clone());
        self.changes.push(Change::Append(Appended { room: id, index, at, sent: None, head, regards, event }));
        self.journal(Entry::Events { room: id, from: index, to: index + 1 });
    }
}
