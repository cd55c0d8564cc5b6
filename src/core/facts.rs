//! What a decision has to know of items. They stand on disk; the writer looks them up before it decides.

use super::command::{AdminOp, Command, PeerOp, PendingFact, UserOp};
use crate::model::{
    RoomId,
    event::{Act, Event, Folder, Note, Sealed},
    file::FileSource,
    item::Item,
    limits,
    record::RecordBody,
};
use std::collections::{HashMap, hash_map};

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

impl ItemFact {
    /// The subfolder that an entry of the folder is in; none for the top, and for what is no entry.
    #[must_use]
    pub fn place(&self) -> Option<u64> {
        let Some(Act::Folder(made)) = self.event.content.act() else { return None };
        self.item.entry.moved.as_ref().map_or(made.inside(), |(_, inside)| *inside)
    }

    /// Other events of the room that have to be known with it: the way to the top, and what a deletion takes with it.
    fn further(&self) -> Vec<u64> {
        match self.event.content.act() {
            Some(Act::Folder(Folder::Made { .. } | Folder::Added { .. })) => {
                self.place().into_iter().chain(self.item.entry.versions.iter().copied()).collect()
            }
            Some(Act::Note(Note::Posted(_))) => self.item.edits.clone(),
            // Named as the source of a file: whether it stands is said by what it belongs to.
            Some(act) => act.target().into_iter().collect(),
            None => Vec::new(),
        }
    }
}

/// The items that a command is about, and what has to be known with them. What was looked for and is not there is known
/// as missing.
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

/// Looks up everything that has to be known for a command.
///
/// # Errors
/// Those of `find`.
pub fn gather<E>(command: &Command, find: impl Fn(ItemId) -> Result<Option<ItemFact>, E>) -> Result<Facts, E> {
    let mut items = HashMap::new();
    let mut wanted = wanted(command);
    // A tree that is deeper than it may be is not followed to its end.
    for _ in 0..=limits::FOLDER_DEPTH_MAX {
        let mut further = Vec::new();
        for id in wanted {
            if let hash_map::Entry::Vacant(slot) = items.entry(id) {
                let fact = slot.insert(find(id)?);
                further.extend(fact.iter().flat_map(ItemFact::further).map(|index| (id.0, index)));
            }
        }
        if further.is_empty() {
            break;
        }
        wanted = further;
    }
    Ok(Facts::new(items))
}

/// The items that a command is about, in any order; some may be named twice.
fn wanted(command: &Command) -> Vec<ItemId> {
    match command {
        Command::User { op: UserOp::Act { room, act, .. }, .. } => act.concerns().map(|index| (*room, index)).collect(),
        Command::GiveUp(room, index) => vec![(*room, *index)],
        Command::User { op: UserOp::Share { room, act, sources, .. }, .. } => {
            let passed_on = sources.iter().filter_map(|source| match source {
                FileSource::Room { room, index } => Some((*room, *index)),
                FileSource::Upload | FileSource::Gone => None,
            });
            act.concerns().map(|index| (*room, index)).chain(passed_on).collect()
        }
        Command::Admin { op: AdminOp::Archive(part), .. } => {
            part.events.iter().flat_map(|archived| of_event(part.id, &archived.event)).collect()
        }
        Command::Peer { op: PeerOp::Ingest(envelope, _, pending), .. } => {
            let records = envelope.records.iter().filter_map(|record| record.body.as_ref().ok());
            records.flat_map(of_record).chain(pending.iter().flat_map(of_pending)).collect()
        }
        Command::Peer { op: PeerOp::TakeBack(kept), .. } => {
            let records = kept.records.iter().filter_map(|kept| kept.record.body.as_ref().ok());
            let submits = kept.submits.iter().flat_map(|submit| of_event(submit.room, &submit.event));
            records.flat_map(of_record).chain(submits).collect()
        }
        _ => Vec::new(),
    }
}

fn of_record(body: &RecordBody) -> Vec<ItemId> {
    match body {
        RecordBody::RoomEvent { room, event, .. } | RecordBody::RoomSubmit { room, event } => of_event(*room, event),
        _ => Vec::new(),
    }
}

fn of_pending(pending: &PendingFact) -> Vec<ItemId> {
    of_event(pending.room, &pending.event)
}

fn of_event(room: RoomId, sealed: &Sealed) -> Vec<ItemId> {
    sealed.event.content.act().into_iter().flat_map(Act::concerns).map(|index| (room, index)).collect()
}
