//! What was long ago, put into an archive: nobody is told of it, nothing is fetched for it (P30).

use super::{Appended, Change, Draft};
use crate::model::{Digest, Millis, RoomId, event::Sealed, journal::Entry};
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
