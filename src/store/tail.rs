//! The writing end of a packed log: its open row, kept in memory and rewritten until it is full.

use super::{
    codec::damaged,
    keyspace::{LogId, row_key, row_place},
    kv::{Kv, StoreError},
    log::{frame_head, read_back},
};
use crate::model::limits::{PACK_BYTES_MAX, PACK_REOPEN_BYTES_MAX, ROW_BYTES_MAX};
use std::collections::BTreeMap;

/// Rows to write or delete, by key, so that each key is written once a commit.
pub type Rows = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// The end of one log.
pub struct Tail {
    prefix: Vec<u8>,
    /// The number of the last entry.
    last: Option<u64>,
    /// The number of the first entry of the open row.
    first: u64,
    /// The open row; empty when there is none.
    row: Vec<u8>,
    /// Whether the open row is not in the store as it is here.
    changed: bool,
}

impl Tail {
    /// The end of a log as the store has it.
    pub fn open(kv: &dyn Kv, log: &LogId) -> Result<Self, StoreError> {
        let prefix = log.prefix();
        let (from, to) = log.rows();
        let last = read_back(kv, log, u64::MAX, 1)?.pop().map(|(seq, _)| seq);
        let mut tail = Self { prefix, last, first: 0, row: Vec::new(), changed: false };
        if let Some((key, row)) = kv.scan_back(&from, &to, 1)?.pop()
            && let Some((first, 0)) = row_place(&key)
        {
            tail.first = first;
            tail.row = row;
        }
        Ok(tail)
    }

    /// Appends an entry. Says whether it began a new row.
    pub fn push(&mut self, seq: u64, entry: &[u8], rows: &mut Rows) -> Result<bool, StoreError> {
        if self.last.is_some_and(|last| seq <= last) {
            return Err(damaged(format_args!("entry {seq} of a log comes after {:?}", self.last)));
        }
        let mut head = frame_head(seq - self.last.unwrap_or(seq), entry.len());
        // Under load a commit fills its row; when idle, a row is not written again and again until it is full.
        let rests = !self.changed && self.row.len() >= PACK_REOPEN_BYTES_MAX;
        let begins = self.row.is_empty() || rests || self.row.len() + head.len() + entry.len() > PACK_BYTES_MAX;
        if begins {
            self.flush(rows);
            self.row.clear();
            self.first = seq;
            head = frame_head(0, entry.len());
        }
        self.row.extend_from_slice(&head);
        self.row.extend_from_slice(entry);
        self.last = Some(seq);
        self.changed = true;
        if self.row.len() > ROW_BYTES_MAX {
            self.split(rows)?;
        }
        Ok(begins)
    }

    /// Writes the open row if it changed.
    pub fn flush(&mut self, rows: &mut Rows) {
        if self.changed {
            rows.insert(row_key(&self.prefix, self.first, 0), Some(self.row.clone()));
            self.changed = false;
        }
    }

    /// A single entry that is longer than a row goes into several, and leaves no open row.
    fn split(&mut self, rows: &mut Rows) -> Result<(), StoreError> {
        for (part, chunk) in self.row.chunks(ROW_BYTES_MAX).enumerate() {
            let part =
                u8::try_from(part).map_err(|_| StoreError::Io(format!("an entry of {} bytes", self.row.len())))?;
            rows.insert(row_key(&self.prefix, self.first, part), Some(chunk.to_vec()));
        }
        self.row = Vec::new();
        self.changed = false;
        Ok(())
    }
}
