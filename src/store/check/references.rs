//! What rows beside the timelines say of events: items, lists of tools, and files. Each is held against the event it names.

use crate::{
    core::{
        files::{PENDING_FROM, named},
        photos::is_photo,
    },
    model::{
        Digest, RoomId,
        event::{Act, ItemKind},
        item::Item,
    },
    store::{
        codec::{self, TimelineRow, damaged},
        keyspace::Key,
        kv::StoreError,
        reader::event_of,
    },
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What was read of such rows so far.
#[derive(Default)]
pub struct References {
    /// The rows of the item that is being read.
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    told: HashMap<RoomId, BTreeMap<u64, Told>>,
    /// Items that were taken back: what changed them names no files either.
    recalled: BTreeSet<(RoomId, u64)>,
    awaited: BTreeSet<(Digest, RoomId, u64)>,
    /// Rooms that were imported.
    pub archives: BTreeSet<RoomId>,
    /// Files whose bytes are to be here, with their lengths in bytes where an event tells them.
    pub files: BTreeMap<Digest, Option<u64>>,
}

/// What rows say of one event.
#[derive(Default)]
struct Told {
    /// It has a row of an item.
    item: bool,
    /// It is listed as this.
    listed: Option<ItemKind>,
    /// It names these files, and whether each is awaited.
    files: BTreeMap<Digest, bool>,
    /// The item of this index says that it was changed by it.
    changed: Option<u64>,
}

impl References {
    /// The next row, in the order of keys. Says what does not fit.
    pub fn row(&mut self, known: &Key, key: &[u8], row: &[u8]) -> Vec<String> {
        let mut findings = Vec::new();
        if !matches!(known, Key::Item(.., part) if *part > 0) {
            findings.extend(self.end_item().err().map(|error| error.to_string()));
        }
        match known {
            Key::Item(..) => self.rows.push((key.to_vec(), row.to_vec())),
            Key::Listed(room, kind, index) => self.told(*room, *index).listed = Some(*kind),
            Key::Awaited(_, digest, room, index) => drop(self.awaited.insert((*digest, *room, *index))),
            Key::File(digest, room, index) => {
                let is_awaited = self.awaited.remove(&(*digest, *room, *index));
                if !is_photo(*index) {
                    self.told(*room, *index).files.insert(*digest, is_awaited);
                }
                if !is_awaited {
                    self.files.entry(*digest).or_default();
                }
            }
            _ => {}
        }
        findings
    }

    fn told(&mut self, room: RoomId, index: u64) -> &mut Told {
        self.told.entry(room).or_default().entry(index).or_default()
    }

    /// All rows of an item were read; of the last one, before any event is.
    ///
    /// # Errors
    /// When they are no item.
    pub fn end_item(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.rows);
        let Some((key, first)) = rows.first() else { return Ok(()) };
        let Some(Key::Item(room, index, 0)) = Key::decode(key) else {
            return Err(damaged(format_args!("the first row of the item {} is missing", crate::model::id::hex(key))));
        };
        let further: Vec<Vec<u8>> = rows[1..].iter().map(|(_, row)| row.clone()).collect();
        // One that has become shorter may have left parts behind.
        let further = further.get(..usize::from(codec::parts_after(first)?));
        let missing = || damaged(format_args!("parts of item {index} of room {room} are missing"));
        let item: Item = codec::decode_value(key, first, further.ok_or_else(missing)?)?;
        self.told(room, index).item = true;
        if item.recalled.is_some() {
            self.recalled.insert((room, index));
        }
        for event in events_of(&item) {
            self.told(room, event).changed = Some(index);
        }
        Ok(())
    }

    /// An event that is there. Says what does not fit it.
    pub fn event(&mut self, room: RoomId, row: &TimelineRow) -> Option<String> {
        let told = self.told.get_mut(&room).and_then(|told| told.remove(&row.index)).unwrap_or_default();
        let event = match event_of(&row.bytes) {
            Ok(event) => event,
            // Nothing is said of most events, and then nothing is asked.
            Err(error) => return (told.listed.is_some() || !told.files.is_empty()).then(|| error.to_string()),
        };
        let act = event.content.act();
        let makes = act.and_then(Act::makes);
        if told.item && makes.is_none() {
            return Some("an item stands for an event that made none".to_owned());
        }
        let is_listed = |kind: &ItemKind| matches!(kind, ItemKind::Note | ItemKind::Date | ItemKind::Entry);
        if told.listed != makes.filter(is_listed) {
            return Some("it is listed as what it is not, or is missing in the list of a tool".to_owned());
        }
        let gone = row.erased.is_some() || self.recalled.contains(&(room, row.index));
        let files = act.map_or(&[][..], named).iter().filter(|_| !gone);
        let lengths: BTreeMap<Digest, u64> = files.map(|file| (file.digest, file.bytes)).collect();
        // With an item go the files of what changed it, of as much of that as is here.
        let went = act.and_then(Act::target).is_some_and(|target| self.recalled.contains(&(room, target)));
        // Into an archive come only the files that were here when its export was made.
        let some = went || self.archives.contains(&room);
        let fits =
            lengths.keys().eq(told.files.keys()) || (some && told.files.keys().all(|it| lengths.contains_key(it)));
        if !fits {
            return Some("the rows of files are not those of the files that it names".to_owned());
        }
        for (digest, _) in told.files.iter().filter(|(_, is_awaited)| !**is_awaited) {
            self.files.insert(*digest, lengths.get(digest).copied());
        }
        None
    }

    /// Everything was read: what is left is about events that are not there.
    pub fn ends(&mut self) -> Vec<String> {
        let mut findings = Vec::new();
        for (digest, room, index) in &self.awaited {
            findings.push(format!("room {room} awaits the file {digest} of event {index}, which does not name it"));
        }
        for (room, told) in &self.told {
            // A submission that got no place may be gone; its rows of files do no harm.
            let events = told.iter().filter(|(index, _)| **index < PENDING_FROM);
            findings.extend(events.map(|(index, told)| format!("room {room}: {}", told.words(*index))));
        }
        findings
    }
}

impl Told {
    fn words(&self, index: u64) -> String {
        match self {
            Self { item: true, .. } => format!("item {index} has no event"),
            Self { listed: Some(_), .. } => format!("event {index} is listed and not there"),
            Self { changed: Some(item), .. } => format!("item {item} was changed by event {index}, which is not there"),
            _ => format!("event {index} names files and is not there"),
        }
    }
}

/// The events that have made an item what it is.
fn events_of(item: &Item) -> impl Iterator<Item = u64> {
    let entry = &item.entry;
    let traces = [&item.recalled, &item.cancelled, &item.pinned].into_iter().flatten();
    let moved = entry.moved.iter().map(|(trace, _)| trace).chain(entry.deleted.iter().map(|deleted| &deleted.trace));
    let people = item.reactions.iter().flat_map(|reaction| &reaction.people);
    let answers = item.answers.iter().map(|(trace, _)| trace);
    let traces = traces.chain(moved).chain(people).chain(answers).map(|trace| trace.index);
    item.edits.iter().chain(&item.comments).chain(&entry.versions).copied().chain(traces)
}
