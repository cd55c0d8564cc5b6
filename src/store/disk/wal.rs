//! The write-ahead log: one write and one sync make a commit durable; the pages follow later.
//!
//! Two segment files of a fixed size, filled with zeros when they are made, are written in turn: a sync then has no
//! file length and no block map to write, only the record. A segment is written again once the pages hold, durably,
//! all that it says. A record stands at a multiple of 64 bytes:
//!
//! ```text
//! magic 8 | database 8 | number 8 | length 8 | checksum 16 | rows …
//! ```
//!
//! Numbers are dense. The checksum (the first half of a SHA-256) covers everything but itself, so a record is whole or
//! it is none; what was written before in the same segment has lower numbers.

use super::files::{io_error, sync_path, what_to_do};
use crate::{crypto::digest::sha256, store::kv::StoreError};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

/// Length of a segment, bytes. Both are read whole at a start.
pub const SEGMENT_BYTES: usize = 4 * 1024 * 1024;
const NAMES: [&str; 2] = ["wal.0", "wal.1"];
const MAGIC: [u8; 8] = *b"handclW1";
const ALIGN: usize = 64;
const HEAD_BYTES: usize = 48;
const SUM_AT: usize = 32;
const DELETED: u32 = u32::MAX;

/// One row to write (`Some`) or delete (`None`).
pub type Row = (Vec<u8>, Option<Vec<u8>>);

/// Tells one database from another, so that a foreign log is never replayed.
pub type Mark = [u8; 8];

/// A commit that the pages may not hold yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub number: u64,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

/// The open log.
#[derive(Debug)]
pub struct Wal {
    dir: PathBuf,
    files: [File; 2],
    mark: Mark,
    active: usize,
    at: usize,
    next: u64,
    buffer: Vec<u8>,
}

impl Wal {
    /// Makes the segments that are not there yet, durably.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn create(dir: &Path) -> Result<(), StoreError> {
        for path in NAMES.map(|name| dir.join(name)).into_iter().filter(|path| !path.exists()) {
            let fresh = path.with_extension("new");
            let made = File::create(&fresh)
                .and_then(|mut file| file.write_all(&vec![0; SEGMENT_BYTES]).and_then(|()| file.sync_all()))
                .and_then(|()| fs::rename(&fresh, &path));
            made.map_err(|error| io_error("making", &path, &error))?;
        }
        sync_path(dir)
    }

    /// Opens the log of the database with this mark, whose pages hold all commits up to `applied`. Returns the commits
    /// after it, in order. The caller brings them to the pages, durably, before it appends.
    ///
    /// # Errors
    /// `Corrupt` when a segment is missing or a commit between two others cannot be read.
    pub fn open(dir: &Path, mark: Mark, applied: u64) -> Result<(Self, Vec<Record>), StoreError> {
        let [one, other] = NAMES.map(|name| open_segment(&dir.join(name)));
        let (one, other) = (one?, other?);
        let mut records = Vec::new();
        for (_, bytes) in [&one, &other] {
            records.extend(whole_records(bytes, mark).into_iter().filter(|(number, _)| *number > applied));
        }
        records.sort_unstable_by_key(|(number, _)| *number);
        let mut due = Vec::with_capacity(records.len());
        for ((number, rows), expected) in records.into_iter().zip(applied + 1..) {
            if number != expected {
                return Err(StoreError::Corrupt(what_to_do(&format!(
                    "the write-ahead log in {} has lost commit {expected}, and holds commit {number}",
                    dir.display()
                ))));
            }
            due.push(Record { number, rows: decode(rows).ok_or_else(|| unreadable(dir, number))? });
        }
        let next = applied + 1 + due.len() as u64;
        let files = [one.0, other.0];
        Ok((Self { dir: dir.to_owned(), files, mark, active: 0, at: 0, next, buffer: Vec::new() }, due))
    }

    /// Takes the rows of the next commit. Returns whether a segment has room for them at all.
    pub fn prepare(&mut self, rows: &[Row]) -> bool {
        self.buffer.clear();
        self.buffer.resize(HEAD_BYTES, 0);
        encode(rows, &mut self.buffer);
        let length = (self.buffer.len() - HEAD_BYTES) as u64;
        self.buffer[..8].copy_from_slice(&MAGIC);
        self.buffer[8..16].copy_from_slice(&self.mark);
        self.buffer[16..24].copy_from_slice(&self.next.to_le_bytes());
        self.buffer[24..SUM_AT].copy_from_slice(&length.to_le_bytes());
        let sum = checksum(&self.buffer);
        self.buffer[SUM_AT..HEAD_BYTES].copy_from_slice(&sum);
        self.buffer.len() <= SEGMENT_BYTES
    }

    /// Whether what was prepared goes into the present segment.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.at + self.buffer.len() <= SEGMENT_BYTES
    }

    /// Goes on at the start of the other segment, which the pages must hold by now.
    pub fn turn(&mut self) {
        (self.active, self.at) = (1 - self.active, 0);
    }

    /// Writes what was prepared; durable when it returns.
    ///
    /// # Errors
    /// When the disk fails; nothing may be appended after that.
    pub fn append(&mut self) -> Result<(), StoreError> {
        let file = &self.files[self.active];
        let written = file.write_all_at(&self.buffer, self.at as u64).and_then(|()| file.sync_data());
        written.map_err(|error| io_error("writing", &self.dir.join(NAMES[self.active]), &error))?;
        self.at = (self.at + self.buffer.len()).next_multiple_of(ALIGN);
        self.next += 1;
        Ok(())
    }

    /// The number of the last commit.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.next - 1
    }

    /// Gives what was prepared its number without writing it: the caller brings it to the pages at once.
    pub fn pass(&mut self) -> u64 {
        self.next += 1;
        self.last()
    }
}

fn open_segment(path: &Path) -> Result<(File, Vec<u8>), StoreError> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(StoreError::Corrupt(what_to_do(&format!("{} is missing", path.display()))));
        }
        Err(error) => return Err(io_error("opening", path, &error)),
    };
    let bytes = fs::read(path).map_err(|error| io_error("reading", path, &error))?;
    if bytes.len() != SEGMENT_BYTES {
        let found = format!("{} has {} bytes instead of {SEGMENT_BYTES}", path.display(), bytes.len());
        return Err(StoreError::Corrupt(what_to_do(&found)));
    }
    Ok((file, bytes))
}

/// Every whole record of this database in a segment, wherever it stands: one that is damaged hides no other.
fn whole_records(segment: &[u8], mark: Mark) -> Vec<(u64, &[u8])> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + HEAD_BYTES <= segment.len() {
        match record_at(&segment[at..], mark) {
            Some((number, rows)) => {
                found.push((number, rows));
                at = (at + HEAD_BYTES + rows.len()).next_multiple_of(ALIGN);
            }
            None => at += ALIGN,
        }
    }
    found
}

fn record_at(bytes: &[u8], mark: Mark) -> Option<(u64, &[u8])> {
    if bytes[..8] != MAGIC || bytes[8..16] != mark {
        return None;
    }
    let word = |at: usize| bytes[at..at + 8].try_into().map(u64::from_le_bytes).ok();
    let length = usize::try_from(word(24)?).ok()?;
    let record = bytes.get(..HEAD_BYTES.checked_add(length)?)?;
    (record[SUM_AT..HEAD_BYTES] == checksum(record)).then_some((word(16)?, &record[HEAD_BYTES..]))
}

/// Over the head without the checksum, and the rows.
fn checksum(record: &[u8]) -> [u8; 16] {
    let rows = sha256(&record[HEAD_BYTES..]);
    let sum = sha256(&[&record[..SUM_AT], &rows.0].concat());
    *sum.0.first_chunk().expect("half of a digest")
}

fn encode(rows: &[Row], out: &mut Vec<u8>) {
    for (key, value) in rows {
        let length = value.as_ref().map_or(DELETED, |value| u32::try_from(value.len()).expect("rows are short"));
        out.extend_from_slice(&u32::try_from(key.len()).expect("keys are short").to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(key);
        out.extend_from_slice(value.as_deref().unwrap_or_default());
    }
}

fn decode(mut bytes: &[u8]) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let (key_bytes, rest) = bytes.split_first_chunk::<4>()?;
        let (value_bytes, rest) = rest.split_first_chunk::<4>()?;
        let value_bytes = u32::from_le_bytes(*value_bytes);
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*key_bytes) as usize)?;
        let kept = if value_bytes == DELETED { 0 } else { value_bytes as usize };
        let (value, rest) = rest.split_at_checked(kept)?;
        rows.push((key.to_vec(), (value_bytes != DELETED).then(|| value.to_vec())));
        bytes = rest;
    }
    Some(rows)
}

fn unreadable(dir: &Path, number: u64) -> StoreError {
    StoreError::Corrupt(what_to_do(&format!("commit {number} in {} cannot be read", dir.display())))
}

#[cfg(test)]
mod tests;
