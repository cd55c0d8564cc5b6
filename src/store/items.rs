//! Items, as they are read: each takes one row, and further ones while it is long.

use super::{
    codec::{self, damaged},
    keyspace::{Key, item_rows, listed_rows},
    kv::{Kv, StoreError},
};
use crate::model::{RoomId, event::ItemKind, item::Item};

/// Rows of one scan.
const ROWS_PER_SCAN: usize = 64;

/// The items of a room with `from <= index < to` that were touched, by index.
///
/// # Errors
/// When the store cannot be read, or holds something else.
pub fn read(kv: &dyn Kv, room: RoomId, from: u64, to: u64) -> Result<Vec<(u64, Item)>, StoreError> {
    if from >= to {
        return Ok(Vec::new());
    }
    let (mut start, end) = item_rows(room, from, to);
    let mut found: Vec<(u64, Vec<Vec<u8>>)> = Vec::new();
    loop {
        let rows = kv.scan(&start, &end, ROWS_PER_SCAN)?;
        let more = rows.len() == ROWS_PER_SCAN;
        if let Some((last, _)) = rows.last() {
            start = [&last[..], &[0]].concat();
        }
        for (key, row) in rows {
            match (index_of(&key)?, found.last_mut()) {
                (index, Some((last, parts))) if *last == index => parts.push(row),
                (index, _) => found.push((index, vec![row])),
            }
        }
        if !more {
            return found.into_iter().map(|(index, parts)| Ok((index, decode(room, index, &parts)?))).collect();
        }
    }
}

/// The highest index of a room whose item was touched.
///
/// # Errors
/// When the store cannot be read, or holds something else.
pub fn last(kv: &dyn Kv, room: RoomId) -> Result<Option<u64>, StoreError> {
    let (from, to) = item_rows(room, 0, u64::MAX);
    kv.scan_back(&from, &to, 1)?.first().map(|(key, _)| index_of(key)).transpose()
}

/// Items that a tool lists with `index < before`, newest first.
///
/// # Errors
/// When the store cannot be read, or holds something else.
pub fn listed(
    kv: &dyn Kv,
    room: RoomId,
    kind: ItemKind,
    before: u64,
    items_max: usize,
) -> Result<Vec<u64>, StoreError> {
    let (from, to) = listed_rows(room, kind, before);
    kv.scan_back(&from, &to, items_max)?.iter().map(|(key, _)| index_of(key)).collect()
}

fn index_of(key: &[u8]) -> Result<u64, StoreError> {
    match Key::decode(key) {
        Some(Key::Item(_, index, _) | Key::Listed(_, _, index)) => Ok(index),
        _ => Err(damaged(format_args!("the key {} names no item", crate::model::id::hex(key)))),
    }
}

/// A value that has become shorter may have left parts behind; the first row says how many count.
fn decode(room: RoomId, index: u64, parts: &[Vec<u8>]) -> Result<Item, StoreError> {
    let further = usize::from(codec::parts_after(&parts[0])?);
    let key = Key::Item(room, index, 0).encode();
    let Some(further) = parts.get(1..=further) else {
        return Err(damaged(format_args!("parts of the item {} are missing", crate::model::id::hex(&key))));
    };
    codec::decode_value(&key, &parts[0], further)
}
