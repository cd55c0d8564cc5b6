//! What a decision has to know of items. They stand on disk; the writer looks them up before it decides.

use super::command::{Command, PeerOp, PendingFact, UserOp};
use crate::model::{
    RoomId,
    event::{Event, Sealed},
    file::FileSource,
    item::Item,
    record::RecordBody,
};
use std::collections::HashMap;

/// Which item: the room, and the index of the event that made it.
pub type ItemId = (RoomId, u64);

/// An item as it stands.
#[derive(Clone, Debug)]
pub struct ItemFact {
    /// The event that made it.
    pub event: Event,
    /// What has become of it.
    pub item: Item,
}

/// The items that a command is about. What was looked for and is not there is known as missing.
#[derive(Clone, Debug, Default)]
pub struct Facts(HashMap<ItemId, Option<ItemFact>>);

impl Facts {
    /// What the writer found.
    #[must_use]
    pub fn new(items: HashMap<ItemId, Option<ItemFact>>) -> Self {
        Self(items)
    }

    /// An item; none when it is not there.
    #[must_use]
    pub fn item(&self, id: ItemId) -> Option<&ItemFact> {
        self.0.get(&id)?.as_ref()
    }

    /// An event got its place: it may be what a later record of the same command is about.
    pub(super) fn note_event(&mut self, id: ItemId, event: &Event) {
        if let Some(slot) = self.0.get_mut(&id) {
            *slot = Some(ItemFact { event: event.clone(), item: Item::default() });
        }
    }

    /// An item changed.
    pub(super) fn note_item(&mut self, id: ItemId, item: &Item) {
        if let Some(Some(fact)) = self.0.get_mut(&id) {
            fact.item = item.clone();
        }
    }
}

/// The items that a command is about, in any order; some may be named twice.
#[must_use]
pub fn wanted(command: &Command) -> Vec<ItemId> {
    match command {
        Command::User { op: UserOp::Act { room, act, .. }, .. } => {
            act.target().map(|index| (*room, index)).into_iter().collect()
        }
        Command::User { op: UserOp::Share { room, act, sources, .. }, .. } => {
            let passed_on = sources.iter().filter_map(|source| match source {
                FileSource::Room { room, index } => Some((*room, *index)),
                FileSource::Upload | FileSource::Gone => None,
            });
            act.target().map(|index| (*room, index)).into_iter().chain(passed_on).collect()
        }
        Command::Peer { op: PeerOp::Ingest(envelope, _, pending), .. } => {
            let records = envelope.records.iter().filter_map(|record| record.body.as_ref().ok());
            records.filter_map(target_of_record).chain(pending.iter().filter_map(target_of_pending)).collect()
        }
        _ => Vec::new(),
    }
}

fn target_of_record(body: &RecordBody) -> Option<ItemId> {
    match body {
        RecordBody::RoomEvent { room, event, .. } | RecordBody::RoomSubmit { room, event } => {
            Some((*room, target_of(event)?))
        }
        _ => None,
    }
}

fn target_of_pending(pending: &PendingFact) -> Option<ItemId> {
    Some((pending.room, target_of(&pending.event)?))
}

fn target_of(sealed: &Sealed) -> Option<u64> {
    sealed.event.content.act()?.target()
}
