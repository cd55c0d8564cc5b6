//! Packed logs: numbered entries, several to a row.
//!
//! A row's key holds the number of its first entry. Its value is a sequence of frames: the distance to the entry before
//! (0 for the first), the length, the bytes. A frame longer than a row goes on in part-rows under the same number, and
//! stands alone. Numbers only grow, and may leave gaps.

use super::{
    codec::damaged,
    keyspace::{LogId, after_row, row_key, row_place},
    kv::{KeyValue, Kv, StoreError},
};
use std::ops::ControlFlow;

/// Rows of the first scan of a read; doubled with each further one.
const SCAN_ROWS_FIRST: usize = 2;
/// Rows of one scan at most.
const SCAN_ROWS_MAX: usize = 32;

/// Numbered entries.
pub type Entries = Vec<(u64, Vec<u8>)>;

/// What a reader does with an entry: goes on, or stops.
pub type Visit<'a> = dyn FnMut(u64, &[u8]) -> Result<ControlFlow<()>, StoreError> + 'a;

/// Shows the entries with `from <= seq`, ascending, until the visitor stops.
///
/// # Errors
/// When the store cannot be read, a row is damaged, or the visitor fails.
pub fn visit(kv: &dyn Kv, log: &LogId, from: u64, visitor: &mut Visit<'_>) -> Result<(), StoreError> {
    let prefix = log.prefix();
    let (start, end) = log.rows();
    let mut rows = kv.scan_back(&start, &row_key(&prefix, from, 1), 1)?;
    let mut next = rows.last().map_or(start, |(key, _)| successor(key));
    // A further part here belongs to an entry before `from`.
    rows.retain(|(key, _)| row_place(key).is_some_and(|(_, part)| part == 0));
    let mut scan_rows = SCAN_ROWS_FIRST;
    let mut long = None;
    let mut more = true;
    // A row may be cut at its front between two scans: it stands under a later key then.
    let mut least = from;
    loop {
        for (key, row) in rows {
            for (seq, entry) in whole_entries(&key, row, &mut long)?.iter() {
                if seq < least {
                    continue;
                }
                least = seq + 1;
                if visitor(seq, entry)?.is_break() {
                    return Ok(());
                }
            }
        }
        if !more {
            return if long.is_some() { Err(damaged("the parts of a long entry are missing")) } else { Ok(()) };
        }
        rows = kv.scan(&next, &end, scan_rows)?;
        more = rows.len() == scan_rows;
        if let Some((key, _)) = rows.last() {
            next = successor(key);
        }
        scan_rows = (scan_rows * 2).min(SCAN_ROWS_MAX);
    }
}

/// Shows the entries with `seq < before`, descending, until the visitor stops.
///
/// # Errors
/// When the store cannot be read, a row is damaged, or the visitor fails.
pub fn visit_back(kv: &dyn Kv, log: &LogId, before: u64, visitor: &mut Visit<'_>) -> Result<(), StoreError> {
    let prefix = log.prefix();
    let (start, _) = log.rows();
    let mut end = row_key(&prefix, before, 0);
    let mut scan_rows = SCAN_ROWS_FIRST;
    // The parts of a long entry come last first.
    let mut parts: Vec<KeyValue> = Vec::new();
    loop {
        let rows = kv.scan_back(&start, &end, scan_rows)?;
        let more = rows.len() == scan_rows;
        for (key, row) in rows {
            end.clone_from(&key);
            let first_part = row_place(&key).is_some_and(|(_, part)| part == 0);
            parts.push((key, row));
            if !first_part {
                continue;
            }
            let mut long = None;
            let mut block = Block::default();
            for (key, row) in parts.drain(..).rev() {
                block = whole_entries(&key, row, &mut long)?;
            }
            if long.is_some() {
                return Err(damaged("the last part of a long entry is missing"));
            }
            for (seq, entry) in block.iter().rev() {
                if seq < before && visitor(seq, entry)?.is_break() {
                    return Ok(());
                }
            }
        }
        if !more {
            return if parts.is_empty() { Ok(()) } else { Err(damaged("the first part of a long entry is missing")) };
        }
        scan_rows = (scan_rows * 2).min(SCAN_ROWS_MAX);
    }
}

/// Up to `items_max` entries with `from <= seq`, ascending; at least one if there is one, then while all together have
/// at most `bytes_max` bytes.
///
/// # Errors
/// When the store cannot be read or a row is damaged.
pub fn read(kv: &dyn Kv, log: &LogId, from: u64, items_max: usize, bytes_max: usize) -> Result<Entries, StoreError> {
    let mut entries = Vec::new();
    let mut budget = Budget::new(items_max, bytes_max);
    visit(kv, log, from, &mut |seq, entry| {
        Ok(budget.spend(entry.len()).map_continue(|()| entries.push((seq, entry.to_vec()))))
    })?;
    Ok(entries)
}

/// Up to `items_max` entries with `seq < before`, descending.
///
/// # Errors
/// When the store cannot be read or a row is damaged.
pub fn read_back(kv: &dyn Kv, log: &LogId, before: u64, items_max: usize) -> Result<Entries, StoreError> {
    let mut entries = Vec::new();
    let mut budget = Budget::new(items_max, usize::MAX);
    visit_back(kv, log, before, &mut |seq, entry| {
        Ok(budget.spend(entry.len()).map_continue(|()| entries.push((seq, entry.to_vec()))))
    })?;
    Ok(entries)
}

/// The last entry.
///
/// # Errors
/// When the store cannot be read or a row is damaged.
pub fn last(kv: &dyn Kv, log: &LogId) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    Ok(read_back(kv, log, u64::MAX, 1)?.pop())
}

/// The number of the first entry that is still there.
///
/// # Errors
/// When the store cannot be read.
pub fn first_seq(kv: &dyn Kv, log: &LogId) -> Result<Option<u64>, StoreError> {
    let (from, to) = log.rows();
    Ok(kv.scan(&from, &to, 1)?.first().and_then(|(key, _)| row_place(key)).map(|(seq, _)| seq))
}

/// The keys of up to `rows_max` rows that hold only entries below `before`. The log's last row never counts: it is open,
/// and tells where the log stands.
///
/// # Errors
/// When the store cannot be read.
pub fn rows_before(kv: &dyn Kv, log: &LogId, before: u64, rows_max: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let prefix = log.prefix();
    let (from, _) = log.rows();
    let rows = kv.scan(&from, &after_row(&prefix, before), rows_max.saturating_add(1))?;
    let keys: Vec<(u64, Vec<u8>)> =
        rows.into_iter().filter_map(|(key, _)| row_place(&key).map(|(seq, _)| (seq, key))).collect();
    // Whatever begins before the last row in view ends before it, too.
    let Some(end) = keys.last().map(|(seq, _)| *seq) else { return Ok(keys) };
    Ok(keys.into_iter().filter(|(seq, _)| *seq < end).collect())
}

/// Counts what a read may still take.
pub struct Budget {
    items: usize,
    bytes: usize,
    fresh: bool,
}

impl Budget {
    /// At most so many items, and bytes beyond the first item.
    #[must_use]
    pub fn new(items_max: usize, bytes_max: usize) -> Self {
        Self { items: items_max, bytes: bytes_max, fresh: true }
    }

    /// Whether not even an empty item is left to take.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.items == 0
    }

    /// Takes one item of this length, or ends the read.
    pub fn spend(&mut self, bytes: usize) -> ControlFlow<()> {
        if self.items == 0 || (bytes > self.bytes && !self.fresh) {
            return ControlFlow::Break(());
        }
        self.items -= 1;
        self.bytes = self.bytes.saturating_sub(bytes);
        self.fresh = false;
        ControlFlow::Continue(())
    }
}

fn successor(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// The start of a frame.
pub(super) fn frame_head(distance: u64, length: usize) -> Vec<u8> {
    postcard::to_extend(&(distance, length as u64), Vec::with_capacity(8)).expect("numbers always serialize")
}

/// A long entry whose further parts are still to come.
pub(super) struct Long {
    seq: u64,
    next_part: u8,
    missing: usize,
    bytes: Vec<u8>,
}

/// The entries of one row, or one long entry.
#[derive(Default)]
pub(super) struct Block {
    row: Vec<u8>,
    entries: Vec<(u64, std::ops::Range<usize>)>,
}

impl Block {
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &[u8])> {
        self.entries.iter().map(|(seq, range)| (*seq, &self.row[range.clone()]))
    }
}

/// The whole entries that this row completes.
pub(super) fn whole_entries(key: &[u8], row: Vec<u8>, long: &mut Option<Long>) -> Result<Block, StoreError> {
    let place = row_place(key);
    let broken = || damaged(format_args!("the log row {} cannot be read", crate::model::id::hex(key)));
    match (place, long.take()) {
        (Some((seq, 0)), None) => block(seq, row, long).ok_or_else(broken),
        (Some((seq, part)), Some(begun)) if begun.seq == seq && begun.next_part == part => {
            append_part(begun, &row, long).ok_or_else(broken)
        }
        _ => Err(broken()),
    }
}

fn block(first: u64, row: Vec<u8>, long: &mut Option<Long>) -> Option<Block> {
    let mut entries = Vec::new();
    let mut seq = first;
    let mut at = 0;
    while at < row.len() {
        let ((distance, length), rest): ((u64, u64), _) = postcard::take_from_bytes(&row[at..]).ok()?;
        let begin = row.len() - rest.len();
        let length = usize::try_from(length).ok()?;
        if entries.is_empty() != (distance == 0) {
            return None;
        }
        seq = seq.checked_add(distance)?;
        if length > rest.len() {
            if !entries.is_empty() {
                return None;
            }
            *long = Some(Long { seq, next_part: 1, missing: length - rest.len(), bytes: rest.to_vec() });
            return Some(Block::default());
        }
        entries.push((seq, begin..begin + length));
        at = begin + length;
    }
    (!entries.is_empty()).then_some(Block { row, entries })
}

fn append_part(mut begun: Long, row: &[u8], long: &mut Option<Long>) -> Option<Block> {
    begun.missing = begun.missing.checked_sub(row.len())?;
    begun.bytes.extend_from_slice(row);
    if begun.missing == 0 {
        let entries = vec![(begun.seq, 0..begun.bytes.len())];
        return Some(Block { row: begun.bytes, entries });
    }
    begun.next_part = begun.next_part.checked_add(1)?;
    *long = Some(begun);
    Some(Block::default())
}

#[cfg(test)]
mod tests;
