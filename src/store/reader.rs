//! Everybody's reads of what stands in logs.
//!
//! The store may show a batch a moment before it is durable, so callers cap what they ask for by the published state.

pub use super::codec::{InboxRow, OutboxRow, PendingRow, TimelineRow};
use super::{
    codec::{self, damaged},
    items,
    keyspace::{Key, LogId, file_rows},
    kv::{Kv, StoreError},
    log::{self, Budget},
};
use crate::{
    core::facts::ItemFact,
    model::{
        Digest, Domain, LocalPart, Millis, RoomId,
        audit::AuditEntry,
        event::{Event, ItemKind},
        file::Erasure,
        item::Item,
        journal::Entry,
        notice::Notice,
    },
    wire,
};
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

    /// Envelopes from a peer whose first new record has at least this number, ascending.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn inbox(
        &self,
        peer: &Domain,
        epoch_n: u64,
        from_seq: u64,
        items_max: usize,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let log = LogId::Inbox(peer.clone(), epoch_n);
        self.range(&log, from_seq, u64::MAX, Budget::new(items_max, usize::MAX), codec::decode_inbox)
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

/// The event that these stored bytes are.
///
/// # Errors
/// When they are none.
pub fn event_of(bytes: &[u8]) -> Result<Event, StoreError> {
    let sealed = wire::event::open(bytes);
    sealed.map(|sealed| sealed.event).map_err(|error| damaged(format_args!("an event cannot be read: {error}")))
}
