//! Everybody's reads of what stands in logs.
//!
//! The store may show a batch a moment before it is durable, so callers cap what they ask for by the published state.

pub use super::codec::{InboxRow, OutboxRow, PendingRow, TimelineRow};
use super::{
    codec::{self, damaged},
    items,
    keyspace::{Key, LogId, file_rows, paper_rows},
    kv::{Kv, StoreError},
    log::{self, Budget},
};
use crate::{
    core::{facts::ItemFact, files::named_by},
    model::{
        Digest, Domain, LocalPart, Millis, RoomId,
        audit::AuditEntry,
        event::{Event, ItemKind},
        file::{Erasure, FileRef},
        item::Item,
        journal::Entry,
        keeping::{PaperKind, Proof},
        notice::Notice,
    },
    wire,
};
use serde::de::DeserializeOwned;
use std::{ops::ControlFlow, sync::Arc};

/// Events of one room that are looked at for one file.
const FILE_USES_MAX: usize = 4_096;

/// Reads logs. Cheap to clone.
#[derive(Clone)]
pub struct Reader {
    kv: Arc<dyn Kv>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    /// A reader of a store.
    #[must_use]
    pub fn new(kv: Arc<dyn Kv>) -> Self {
        Self { kv }
    }

    /// Events of a room with `from <= index < to`, ascending, up to `items_max`; at least one if there is one, then
    /// while their bytes together stay within `bytes_max`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn timeline(
        &self,
        room: RoomId,
        from: u64,
        to: u64,
        items_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<TimelineRow>, StoreError> {
        self.range(&LogId::Timeline(room), from, to, Budget::new(items_max, bytes_max), codec::decode_timeline)
    }

    /// Events of a room with `from <= index < before`, descending, within the same limits.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn timeline_back(
        &self,
        room: RoomId,
        from: u64,
        before: u64,
        items_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<TimelineRow>, StoreError> {
        let mut rows = Vec::new();
        let mut budget = Budget::new(items_max, bytes_max);
        log::visit_back(&*self.kv, &LogId::Timeline(room), before, &mut |index, entry| {
            if index < from || budget.spend(entry.len()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            rows.push(codec::decode_timeline(index, entry)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// What has become of the items of a room with `from <= index < to`; of those that were touched, by index.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn items(&self, room: RoomId, from: u64, to: u64) -> Result<Vec<(u64, Item)>, StoreError> {
        items::read(&*self.kv, room, from, to)
    }

    /// Items that a tool of a room lists with `index < before`, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn listed(&self, room: RoomId, kind: ItemKind, before: u64, items_max: usize) -> Result<Vec<u64>, StoreError> {
        items::listed(&*self.kv, room, kind, before, items_max)
    }

    /// The item that this event made, as it stands; none when the event is not here.
    ///
    /// # Errors
    /// When the store cannot be read, or holds an event that is none.
    pub fn item(&self, room: RoomId, index: u64) -> Result<Option<ItemFact>, StoreError> {
        let rows = self.timeline(room, index, index + 1, 1, usize::MAX)?;
        let Some(row) = rows.first() else { return Ok(None) };
        let item = self.items(room, index, index + 1)?.pop().map(|(_, item)| item);
        Ok(Some(ItemFact { event: event_of(&row.bytes)?, item: item.unwrap_or_default() }))
    }

    /// The indices of a room at which events name a file; numbers of submissions are above
    /// [`crate::core::files::PENDING_FROM`]. At most the first 4,096.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn file_uses(&self, digest: Digest, room: RoomId) -> Result<Vec<u64>, StoreError> {
        let (from, to) = file_rows(digest, Some(room));
        let index = |(key, _): (Vec<u8>, Vec<u8>)| match Key::decode(&key) {
            Some(Key::File(_, _, index)) => Ok(index),
            _ => Err(damaged(format_args!("the key {} names no file", crate::model::id::hex(&key)))),
        };
        self.kv.scan(&from, &to, FILE_USES_MAX)?.into_iter().map(index).collect()
    }

    /// Whether any event names a file.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn is_file_used(&self, digest: Digest) -> Result<bool, StoreError> {
        let (from, to) = file_rows(digest, None);
        Ok(!self.kv.scan(&from, &to, 1)?.is_empty())
    }

    /// How far the removal of a recalled event's files is; none when it named none.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn erasure(&self, room: RoomId, index: u64) -> Result<Option<Erasure>, StoreError> {
        let key = Key::Erasure(room, index).encode();
        self.kv.read(&key)?.map(|row| codec::decode_value(&key, &row, &[])).transpose()
    }

    /// Submissions to a room with `from <= p < to`, ascending.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn pending(&self, room: RoomId, from: u64, to: u64) -> Result<Vec<PendingRow>, StoreError> {
        self.range(&LogId::Pending(room), from, to, Budget::new(usize::MAX, usize::MAX), codec::decode_pending)
    }

    /// Records to a peer with `from_seq <= seq`, ascending, within limits as of [`Reader::timeline`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn outbox(
        &self,
        peer: &Domain,
        epoch_n: u64,
        from_seq: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let log = LogId::Outbox(peer.clone(), epoch_n);
        self.range(&log, from_seq, u64::MAX, Budget::new(records_max, bytes_max), codec::decode_outbox)
    }

    /// Envelopes from a peer whose first new record has at least this number, ascending, within limits as of
    /// [`Reader::timeline`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn inbox(
        &self,
        peer: &Domain,
        epoch_n: u64,
        from_seq: u64,
        items_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let log = LogId::Inbox(peer.clone(), epoch_n);
        self.range(&log, from_seq, u64::MAX, Budget::new(items_max, bytes_max), codec::decode_inbox)
    }

    /// The envelope from a peer in which this record came; none when it is not kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn inbox_holding(&self, peer: &Domain, epoch_n: u64, seq: u64) -> Result<Option<InboxRow>, StoreError> {
        let mut found = None;
        let log = LogId::Inbox(peer.clone(), epoch_n);
        log::visit_back(&*self.kv, &log, seq.saturating_add(1), &mut |from_seq, entry| {
            let row = codec::decode_inbox(from_seq, entry)?;
            found = Some(row).filter(|row| row.to_seq >= seq);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// The envelopes from a peer that became durable here at this time, looking back from the newest through so many.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn inbox_at(
        &self,
        peer: &Domain,
        epoch_n: u64,
        at: Millis,
        items_max: usize,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let mut rows = Vec::new();
        let mut budget = Budget::new(items_max, usize::MAX);
        let log = LogId::Inbox(peer.clone(), epoch_n);
        log::visit_back(&*self.kv, &log, u64::MAX, &mut |from_seq, entry| {
            let row = codec::decode_inbox(from_seq, entry)?;
            if row.at < at || budget.spend(0).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            if row.at == at {
                rows.push(row);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows)
    }

    /// The signed documents of a link that were ever taken: kind, version or serial, document.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn papers(&self, peer: &Domain) -> Result<Vec<(PaperKind, u64, String)>, StoreError> {
        let (from, to) = paper_rows(peer);
        let mut papers = Vec::new();
        for (key, row) in self.kv.scan(&from, &to, usize::MAX)? {
            if let Some(Key::Paper(_, kind, n)) = Key::decode(&key) {
                papers.push((kind, n, self.long_value(&key, &row)?));
            }
        }
        Ok(papers)
    }

    /// What proves a case; nothing when nothing was kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn proof(&self, case: u64) -> Result<Proof, StoreError> {
        let key = Key::Proof(case).encode();
        self.kv.read(&key)?.map_or_else(|| Ok(Proof::default()), |row| self.long_value(&key, &row))
    }

    fn long_value<T: DeserializeOwned>(&self, key: &[u8], row: &[u8]) -> Result<T, StoreError> {
        let parts = 1..=codec::parts_after(row)?;
        let further = parts.map(|part| Ok(self.kv.read(&Key::More(key.to_vec(), part).encode())?.unwrap_or_default()));
        codec::decode_value(key, row, &further.collect::<Result<Vec<_>, StoreError>>()?)
    }

    /// A user's notices with numbers below `before`, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn notices(&self, user: &LocalPart, before: u64, items_max: usize) -> Result<Vec<(u64, Notice)>, StoreError> {
        let log = LogId::Notices(user.clone());
        let entries = log::read_back(&*self.kv, &log, before, items_max)?;
        entries.into_iter().map(|(n, entry)| Ok((n, codec::decode_entry(&entry, "notices")?))).collect()
    }

    /// Audit entries from a number on, ascending.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit(&self, from: u64, items_max: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let decode = |_, entry: &[u8]| codec::decode_entry(entry, "the audit log");
        self.range(&LogId::Audit, from, u64::MAX, Budget::new(items_max, usize::MAX), decode)
    }

    /// Audit entries with numbers below `before`, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_back(&self, before: u64, items_max: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let entries = log::read_back(&*self.kv, &LogId::Audit, before, items_max)?;
        entries.iter().map(|(_, entry)| codec::decode_entry(entry, "the audit log")).collect()
    }

    /// Journal entries from a position on, ascending.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn journal(&self, from: u64, items_max: usize) -> Result<Vec<(u64, Entry)>, StoreError> {
        self.range(&LogId::Journal, from, u64::MAX, Budget::new(items_max, usize::MAX), |position, entry| {
            let (_, entry): (Millis, Entry) = codec::decode_entry(entry, "the journal")?;
            Ok((position, entry))
        })
    }

    /// The first position that the journal still has; none while it is empty.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn journal_first(&self) -> Result<Option<u64>, StoreError> {
        log::first_seq(&*self.kv, &LogId::Journal)
    }

    fn range<T>(
        &self,
        log: &LogId,
        from: u64,
        to: u64,
        mut budget: Budget,
        decode: impl Fn(u64, &[u8]) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        if from >= to {
            return Ok(rows);
        }
        log::visit(&*self.kv, log, from, &mut |seq, entry| {
            if seq >= to || budget.spend(entry.len()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            rows.push(decode(seq, entry)?);
            // The last one that was asked for: not a row more is read.
            Ok(if seq + 1 == to || budget.is_spent() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(rows)
    }
}

/// Whether the event of these bytes may name files: within a JSON text the quotation marks would be escaped, so this is
/// the name of a member.
#[must_use]
pub fn names_files(event: &[u8]) -> bool {
    const MEMBER: &[u8] = br#""files":["#;
    event.windows(MEMBER.len()).any(|window| window == MEMBER)
}

/// The files that the event of these stored bytes names. Most name none, and cost little.
///
/// # Errors
/// When they are no event.
pub fn files_named(bytes: &[u8]) -> Result<Vec<FileRef>, StoreError> {
    if names_files(bytes) { Ok(named_by(&event_of(bytes)?).to_vec()) } else { Ok(Vec::new()) }
}

/// The event that these stored bytes are.
///
/// # Errors
/// When they are none.
pub fn event_of(bytes: &[u8]) -> Result<Event, StoreError> {
    let sealed = wire::event::open(bytes);
    sealed.map(|sealed| sealed.event).map_err(|error| damaged(format_args!("an event cannot be read: {error}")))
}
