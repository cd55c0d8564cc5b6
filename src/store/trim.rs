//! Cuts rows of packed logs: at the front, and in the text of single entries. Pure reads; the stage writes what comes out.

use super::{
    codec::{self, TimelineRow, damaged},
    keyspace::{LogId, row_key, row_place},
    kv::{KeyValue, Kv, StoreError},
    log::{Block, frame_head, whole_entries},
    tail::Rows,
};
use crate::{core::keeping::without_words, wire};

/// Rows to write instead of those that are there, by key.
pub type Rewritten = Rows;

/// A log without its entries before an index: whole rows go, and the one in which the index stands begins with it.
///
/// # Errors
/// When the store cannot be read or a row is damaged.
pub fn before(kv: &dyn Kv, log: &LogId, index: u64) -> Result<Rewritten, StoreError> {
    let (from, _) = log.rows();
    let rows = kv.scan(&from, &row_key(&log.prefix(), index, 0), usize::MAX)?;
    let mut rewritten: Rewritten = rows.iter().map(|(key, _)| (key.clone(), None)).collect();
    // A long entry stands alone in its rows: with a number below the index all of them go.
    if let Some((key, row)) = rows.into_iter().next_back().filter(|(key, _)| is_first_part(key)) {
        let mut long = None;
        let block = whole_entries(&key, row, &mut long)?;
        let kept: Vec<_> = block.iter().filter(|(seq, _)| *seq >= index).map(|(seq, it)| (seq, it.to_vec())).collect();
        if let Some((first, _)) = kept.first() {
            rewritten.insert(row_key(&log.prefix(), *first, 0), Some(packed(&kept)));
        }
    }
    Ok(rewritten)
}

/// A timeline with what is shown of erased events in place of these entries. An entry that is erased already stays so.
///
/// # Errors
/// When the store cannot be read, or a row or an event is damaged.
pub fn erased(kv: &dyn Kv, log: &LogId, indices: &[u64]) -> Result<Rewritten, StoreError> {
    let mut rewritten = Rewritten::new();
    let mut rest = indices;
    while let Some(index) = rest.first() {
        let rows = rows_with(kv, log, *index)?;
        let block = whole(&rows)?;
        let wanted = |seq: &u64| rest.contains(seq);
        let entries: Vec<_> = block
            .iter()
            .map(|(seq, entry)| Ok((seq, if wanted(&seq) { without_text(seq, entry)? } else { entry.to_vec() })))
            .collect::<Result<_, StoreError>>()?;
        let last = entries.last().map_or(*index, |(seq, _)| *seq);
        rewritten.extend(rows.iter().map(|(key, _)| (key.clone(), None)));
        rewritten.insert(rows[0].0.clone(), Some(packed(&entries)));
        rest = &rest[rest.partition_point(|seq| *seq <= last)..];
    }
    Ok(rewritten)
}

/// The row in which an entry stands, with its further parts.
fn rows_with(kv: &dyn Kv, log: &LogId, index: u64) -> Result<Vec<KeyValue>, StoreError> {
    let (prefix, (from, _)) = (log.prefix(), log.rows());
    let missing = || damaged(format_args!("entry {index} of a timeline is missing"));
    let (key, row) = kv.scan_back(&from, &row_key(&prefix, index, 1), 1)?.pop().ok_or_else(missing)?;
    let (first, part) = row_place(&key).ok_or_else(missing)?;
    let mut rows = vec![(key, row)];
    if part != 0 {
        return Err(missing());
    }
    rows.extend(kv.scan(&row_key(&prefix, first, 1), &super::keyspace::after_row(&prefix, first), usize::MAX)?);
    Ok(rows)
}

fn whole(rows: &[KeyValue]) -> Result<Block, StoreError> {
    let (mut long, mut block) = (None, Block::default());
    for (key, row) in rows {
        block = whole_entries(key, row.clone(), &mut long)?;
    }
    if long.is_some() { Err(damaged("the parts of a long entry are missing")) } else { Ok(block) }
}

/// The entry as it is stored when its text is gone: what the chain needs, and who wrote something when.
fn without_text(index: u64, entry: &[u8]) -> Result<Vec<u8>, StoreError> {
    let row = codec::decode_timeline(index, entry)?;
    if row.erased.is_some() {
        return Ok(entry.to_vec());
    }
    let mut buffer = Vec::new();
    codec::encode_erased(&mut buffer, &row, &shown(&row)?);
    Ok(buffer)
}

fn shown(row: &TimelineRow) -> Result<Vec<u8>, StoreError> {
    let event = wire::event::open(&row.bytes).map_err(|error| damaged(format_args!("event {}: {error}", row.index)))?;
    let mut event = event.event;
    event.content = without_words(&event.content).unwrap_or(event.content);
    Ok(wire::event::seal(event).bytes.to_vec())
}

fn is_first_part(key: &[u8]) -> bool {
    row_place(key).is_some_and(|(_, part)| part == 0)
}

/// One row with these entries.
fn packed(entries: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut row = Vec::new();
    let mut last = entries.first().map_or(0, |(seq, _)| *seq);
    for (seq, entry) in entries {
        row.extend_from_slice(&frame_head(seq - last, entry.len()));
        row.extend_from_slice(entry);
        last = *seq;
    }
    row
}

#[cfg(test)]
mod tests;
