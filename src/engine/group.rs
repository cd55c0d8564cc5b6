//! One group of commands on its way through the writer: answers, and what will be published when it is durable.

use super::{Refusal, Submitted};
use crate::{
    core::{
        command::Answer,
        draft::{Appended, Change, Queued},
        facts::{ItemFact, ItemId},
    },
    feed::Fresh,
    model::{RoomId, item::Item, journal::Entry},
    store::{
        kv::StoreError,
        reader::{Reader, TimelineRow, event_of},
        stage::Stage,
    },
};
use std::{collections::HashMap, sync::Arc};
use tokio::sync::oneshot;

/// What a caller is told.
type Reply = Result<Answer, Refusal>;

/// What a group of commands has brought about so far.
#[derive(Default)]
pub struct Group {
    answers: Vec<(oneshot::Sender<Reply>, Reply)>,
    entries: Vec<Entry>,
    /// Where the last entry about a room stands, so that a burst in one room makes one entry.
    last_of_room: HashMap<RoomId, usize>,
    appended: HashMap<RoomId, Vec<TimelineRow>>,
    /// Items as the group has left them so far.
    items: HashMap<ItemId, Arc<Item>>,
    sent: Vec<Queued>,
    own_grant_changed: bool,
}

/// What becomes visible once the group is durable.
pub struct Outcome {
    /// Items for the feeds, in the order of the journal.
    pub fresh: Vec<Fresh>,
    /// Records for the outboxes.
    pub sent: Vec<Queued>,
    /// Whether the anchor has to be renewed before anybody is answered (D7).
    pub own_grant_changed: bool,
}

impl Group {
    /// Keeps an answer until the group is durable.
    pub fn answer(&mut self, reply: oneshot::Sender<Reply>, answer: Reply) {
        self.answers.push((reply, answer));
    }

    /// Stages a decision's changes.
    pub fn absorb(&mut self, stage: &mut Stage, changes: Vec<Change>) -> Result<(), StoreError> {
        for change in changes {
            match change {
                Change::Journal(entry) => {
                    self.note(entry);
                    continue;
                }
                Change::Append(ref appended) => self.keep_event(appended),
                Change::Item(room, index, ref item) => drop(self.items.insert((room, index), item.clone())),
                Change::Send(ref queued) => self.sent.push(queued.clone()),
                Change::Peer(..) => self.own_grant_changed = true,
                _ => {}
            }
            stage.apply(&change)?;
        }
        Ok(())
    }

    /// Adds an entry, or lengthens the room's last one.
    pub fn note(&mut self, entry: Entry) {
        let Some(room) = room_of(&entry) else {
            self.entries.push(entry);
            return;
        };
        if let Entry::Events { from, to, .. } = entry
            && let Some(Entry::Events { to: end, .. }) =
                self.last_of_room.get(&room).and_then(|at| self.entries.get_mut(*at))
            && *end == from
        {
            *end = to;
            return;
        }
        self.last_of_room.insert(room, self.entries.len());
        self.entries.push(entry);
    }

    fn keep_event(&mut self, appended: &Appended) {
        let Appended { room, index, at, sent, head, regards, event } = appended.clone();
        let bytes = event.bytes.clone();
        self.appended.entry(room).or_default().push(TimelineRow {
            index,
            at,
            sent,
            head,
            regards,
            bytes,
            erased: None,
        });
    }

    /// An item as it stands after the group so far, most of which is not in the store yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn item(&self, reader: &Reader, (room, index): ItemId) -> Result<Option<ItemFact>, StoreError> {
        let fresh = self.appended.get(&room).and_then(|rows| rows.iter().find(|row| row.index == index));
        let known = match fresh {
            Some(row) => Some(ItemFact { event: event_of(&row.bytes)?, item: Item::default() }),
            None => reader.item(room, index)?,
        };
        let item = self.items.get(&(room, index)).map(|item| Item::clone(item));
        Ok(known.map(|fact| ItemFact { item: item.unwrap_or(fact.item), event: fact.event }))
    }

    /// Whether there is anything to write.
    pub fn is_empty(&self, stage: &Stage) -> bool {
        self.entries.is_empty() && stage.is_empty()
    }

    /// Stages the journal, and says what becomes visible.
    pub fn seal(&mut self, stage: &mut Stage) -> Result<Outcome, StoreError> {
        let mut fresh = Vec::with_capacity(self.entries.len());
        for entry in std::mem::take(&mut self.entries) {
            let position = stage.journal(&entry)?;
            let rows = match &entry {
                Entry::Events { room, from, to } => self.events(*room, *from, *to),
                _ => Vec::new(),
            };
            fresh.push(Fresh { position, entry, rows });
        }
        let sent = std::mem::take(&mut self.sent);
        Ok(Outcome { fresh, sent, own_grant_changed: self.own_grant_changed })
    }

    fn events(&self, room: RoomId, from: u64, to: u64) -> Vec<TimelineRow> {
        let rows = self.appended.get(&room).map_or(&[][..], Vec::as_slice);
        rows.iter().filter(|row| from <= row.index && row.index < to).cloned().collect()
    }

    /// Answers everybody. A caller who has gone away is no error.
    pub fn reply(self) {
        for (reply, answer) in self.answers {
            drop(reply.send(answer));
        }
    }
}

/// Refuses commands that never reached a decision.
pub fn refuse_all(submitted: Vec<Submitted>, refusal: &Refusal) {
    for Submitted { reply, .. } in submitted {
        drop(reply.send(Err(refusal.clone())));
    }
}

fn room_of(entry: &Entry) -> Option<RoomId> {
    match entry {
        Entry::Events { room, .. }
        | Entry::Pending { room, .. }
        | Entry::Unplaced { room, .. }
        | Entry::Delivered { room, .. }
        | Entry::Refused { room, .. }
        | Entry::File { room, .. }
        | Entry::Room { room }
        | Entry::RoomLeft { room, .. } => Some(*room),
        Entry::Contact { .. }
        | Entry::Notice { .. }
        | Entry::Link { .. }
        | Entry::Profile { .. }
        | Entry::Me { .. }
        | Entry::Read { .. }
        | Entry::Done { .. } => None,
    }
}
