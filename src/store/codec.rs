//! What stands in the rows: values of the state, split over several rows when long, and the entries of each log.
//!
//! A value of the state begins with a byte that says how many further rows it takes. A log entry is a postcard header,
//! then its bytes to the end, so that the large part is never serialized element by element.

use super::{
    keyspace::Key,
    kv::{KeyValue, StoreError},
};
use crate::{
    core::{
        command::Ref,
        draft::{Appended, Queued, Sent},
    },
    crypto::digest::sha256,
    model::{
        Digest, LocalPart, Millis, RoomId,
        event::Regards,
        id::PublicKey,
        item::Item,
        limits::ROW_BYTES_MAX,
        record::{Epoch, Evidence},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// The layout that this version reads and writes.
pub const SCHEMA: u32 = 6;

/// The last commit, in a row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRow {
    /// Its number; grows by one with each.
    pub commit: u64,
    /// SHA-256 over the digest of the commit before and what this one wrote.
    pub digest: Digest,
    /// The position of the next journal entry: tells a lost tail.
    pub journal_next: u64,
    /// The number of the next audit entry: tells a lost tail.
    pub audit_next: u64,
}

/// Where a follower's copy of a room goes on after a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkipRow {
    /// The index of its next event.
    pub next_index: u64,
    /// The chain head before it.
    pub head: Digest,
}

/// An event of a timeline as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineRow {
    /// Its index.
    pub index: u64,
    /// When it became durable here, by our clock.
    pub at: Millis,
    /// Under which number we sent it, if it is of our org and went to a partner.
    pub sent: Option<Sent>,
    /// The room's chain head after it.
    pub head: Digest,
    /// What it points at.
    pub regards: Regards,
    /// Its exact JSON; of an erased event what is left of it.
    pub bytes: Arc<[u8]>,
    /// The digest of the exact JSON that was here before its author was erased (P30).
    pub erased: Option<Digest>,
}

impl TimelineRow {
    /// What the chain holds of the event: the digest of its exact JSON, also when that is gone.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.erased.unwrap_or_else(|| sha256(&self.bytes))
    }
}

/// A queued submission as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRow {
    /// Its number.
    pub p: u64,
    /// Under which number we sent it.
    pub sent: Sent,
    /// Its author.
    pub author: LocalPart,
    /// The event's exact JSON.
    pub bytes: Arc<[u8]>,
}

/// A record of an outbox as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number.
    pub seq: u64,
    /// The chain head after it.
    pub head: Digest,
    /// When it was made.
    pub made_at: Millis,
    /// What it was about.
    pub reference: Ref,
    /// Its exact JSON.
    pub bytes: Arc<[u8]>,
}

/// A received envelope as it is stored.
#[derive(Clone, Debug)]
pub struct InboxRow {
    /// The epoch of the peer's stream.
    pub epoch: Epoch,
    /// The number of its first record that was new.
    pub from_seq: u64,
    /// The number of its last record.
    pub to_seq: u64,
    /// When it became durable here, by our clock.
    pub at: Millis,
    /// The envelope.
    pub evidence: Evidence,
}

pub(super) fn damaged(what: impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!(
        "{what}. Do not go on with this database: stop the daemon, keep a copy of the directory, and restore a backup"
    ))
}

/// The rows of a value of the state: first the key's own, then further ones while it is long.
///
/// # Errors
/// When the value is longer than 255 rows.
pub fn encode_value<T: Serialize + ?Sized>(key: &Key, value: &T) -> Result<Vec<KeyValue>, StoreError> {
    let bytes = extend(vec![0], value);
    if bytes.len() <= ROW_BYTES_MAX {
        return Ok(vec![(key.encode(), bytes)]);
    }
    let main = key.encode();
    let mut rows = Vec::new();
    for (part, chunk) in bytes.chunks(ROW_BYTES_MAX).enumerate() {
        let part = u8::try_from(part).map_err(|_| StoreError::Io(format!("a value of {} bytes", bytes.len())))?;
        let key = if part == 0 { main.clone() } else { Key::More(main.clone(), part).encode() };
        rows.push((key, chunk.to_vec()));
    }
    rows[0].1[0] = u8::try_from(rows.len() - 1).expect("parts are numbered by a byte");
    Ok(rows)
}

/// The rows of an item. Its parts stand together and under its own tag, so that they are not loaded at the start.
///
/// # Errors
/// When it is longer than 255 rows.
pub fn encode_item(room: RoomId, index: u64, item: &Item) -> Result<Vec<KeyValue>, StoreError> {
    let mut bytes = extend(vec![0], item);
    let parts = bytes.len().div_ceil(ROW_BYTES_MAX) - 1;
    bytes[0] = u8::try_from(parts).map_err(|_| StoreError::Io(format!("an item of {} bytes", bytes.len())))?;
    let key = |part: usize| Key::Item(room, index, u8::try_from(part).expect("there are at most 256")).encode();
    Ok(bytes.chunks(ROW_BYTES_MAX).enumerate().map(|(part, chunk)| (key(part), chunk.to_vec())).collect())
}

/// How many further rows the value in this row takes.
///
/// # Errors
/// When the row is empty.
pub fn parts_after(row: &[u8]) -> Result<u8, StoreError> {
    row.first().copied().ok_or_else(|| damaged("a row is empty"))
}

/// The value of its own row and its further ones.
///
/// # Errors
/// When the bytes are not such a value.
pub fn decode_value<T: DeserializeOwned>(key: &[u8], row: &[u8], further: &[Vec<u8>]) -> Result<T, StoreError> {
    let broken = || damaged(format_args!("the row {} cannot be read", crate::model::id::hex(key)));
    if row.is_empty() {
        return Err(broken());
    }
    let decoded = if further.is_empty() {
        postcard::take_from_bytes(&row[1..])
    } else {
        let whole: Vec<u8> = row[1..].iter().chain(further.iter().flatten()).copied().collect();
        return postcard::from_bytes(&whole).map_err(|_| broken());
    };
    match decoded {
        Ok((value, [])) => Ok(value),
        _ => Err(broken()),
    }
}

fn extend<T: Serialize + ?Sized>(buffer: Vec<u8>, value: &T) -> Vec<u8> {
    postcard::to_extend(value, buffer).expect("a vector takes any length, and no row type fails to serialize")
}

fn head<'a, T: Deserialize<'a>>(entry: &'a [u8], what: &str) -> Result<(T, &'a [u8]), StoreError> {
    postcard::take_from_bytes(entry).map_err(|_| damaged(format_args!("an entry of {what} cannot be read")))
}

/// Writes into `buffer` an entry that is only a value: notices, audit.
pub fn encode_entry<T: Serialize>(buffer: &mut Vec<u8>, value: &T) {
    *buffer = extend(std::mem::take(buffer), value);
}

/// Reads an entry that is only a value.
///
/// # Errors
/// When the bytes are not such an entry.
pub fn decode_entry<T: DeserializeOwned>(entry: &[u8], what: &str) -> Result<T, StoreError> {
    match head(entry, what)? {
        (value, []) => Ok(value),
        _ => Err(damaged(format_args!("an entry of {what} is too long"))),
    }
}

fn encode_headed<T: Serialize>(buffer: &mut Vec<u8>, header: &T, bytes: &[u8]) {
    encode_entry(buffer, header);
    buffer.extend_from_slice(bytes);
}

/// Writes a timeline entry into `buffer`.
pub fn encode_timeline(buffer: &mut Vec<u8>, event: &Appended) {
    encode_headed(buffer, &(event.at, event.sent, event.head, event.regards), &event.event.bytes);
}

/// Reads a timeline entry.
///
/// # Errors
/// When the bytes are not such an entry.
pub fn decode_timeline(index: u64, entry: &[u8]) -> Result<TimelineRow, StoreError> {
    let ((at, sent, head, regards), bytes): (_, &[u8]) = head(entry, "a timeline")?;
    let (erased, bytes) = match bytes.split_first() {
        Some((&ERASED, rest)) => {
            let (digest, rest) = rest.split_first_chunk().ok_or_else(|| damaged("an erased event is too short"))?;
            (Some(Digest(*digest)), rest)
        }
        _ => (None, bytes),
    };
    Ok(TimelineRow { index, at, sent, head, regards, bytes: bytes.into(), erased })
}

/// What an entry of a timeline has before its digest when its text is erased. No JSON begins with it.
const ERASED: u8 = 0;

/// Writes an erased timeline entry into `buffer`: the digest of what it said, and what may be shown instead. It is longer
/// than the shortest message by less than a row has to spare.
pub fn encode_erased(buffer: &mut Vec<u8>, row: &TimelineRow, shown: &[u8]) {
    encode_entry(buffer, &(row.at, row.sent, row.head, row.regards));
    buffer.push(ERASED);
    buffer.extend_from_slice(&row.digest().0);
    buffer.extend_from_slice(shown);
}

/// Writes a queued submission into `buffer`.
pub fn encode_pending(buffer: &mut Vec<u8>, sent: Sent, author: &LocalPart, bytes: &[u8]) {
    encode_headed(buffer, &(sent, author), bytes);
}

/// Reads a queued submission.
///
/// # Errors
/// When the bytes are not such an entry.
pub fn decode_pending(p: u64, entry: &[u8]) -> Result<PendingRow, StoreError> {
    let ((sent, author), bytes) = head(entry, "a queue of submissions")?;
    Ok(PendingRow { p, sent, author, bytes: bytes.into() })
}

/// Writes an outbox entry into `buffer`.
pub fn encode_outbox(buffer: &mut Vec<u8>, record: &Queued) {
    encode_headed(buffer, &(record.head, record.made_at, &record.reference), &record.bytes);
}

/// Reads an outbox entry.
///
/// # Errors
/// When the bytes are not such an entry.
pub fn decode_outbox(seq: u64, entry: &[u8]) -> Result<OutboxRow, StoreError> {
    let ((head, made_at, reference), bytes) = head(entry, "an outbox")?;
    Ok(OutboxRow { seq, head, made_at, reference, bytes: bytes.into() })
}

/// Writes an inbox entry into `buffer`.
pub fn encode_inbox(buffer: &mut Vec<u8>, at: Millis, epoch: Epoch, to_seq: u64, evidence: &Evidence) {
    encode_entry(buffer, &(at, epoch, to_seq, evidence.key));
    buffer.extend_from_slice(&evidence.signature);
    buffer.extend_from_slice(&evidence.payload);
}

/// Reads an inbox entry.
///
/// # Errors
/// When the bytes are not such an entry.
pub fn decode_inbox(from_seq: u64, entry: &[u8]) -> Result<InboxRow, StoreError> {
    let ((at, epoch, to_seq, key), rest): ((Millis, Epoch, u64, PublicKey), _) = head(entry, "an inbox")?;
    let (signature, payload) = rest.split_first_chunk::<64>().ok_or_else(|| damaged("an inbox entry is too short"))?;
    let evidence = Evidence { payload: payload.into(), key, signature: *signature };
    Ok(InboxRow { epoch, from_seq, to_seq, at, evidence })
}
