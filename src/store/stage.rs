//! Turns the changes of a group of decisions into the rows of one commit. Only the writer has one.

mod keep;

use super::{
    codec::{self, CommitRow, SkipRow},
    keyspace::{Key, LogId},
    kv::{Batch, Kv, StoreError},
    log::rows_before,
    tail::{Rows, Tail},
};
use crate::{
    core::draft::Change,
    crypto::digest::chain,
    model::{Digest, Millis, RoomId, item::Item, journal::Entry, limits::OPEN_ROWS_MAX, room::RoomInfo},
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Settled rows of one queue of submissions that are deleted at once.
const SETTLED_ROWS_MAX: usize = 64;

/// What the next commit will write, and the open rows of the logs in use.
pub struct Stage {
    kv: Arc<dyn Kv>,
    last: CommitRow,
    rows: Rows,
    tails: HashMap<LogId, Hot>,
    /// Logs that grew since the last commit.
    grown: Vec<LogId>,
    /// How many further rows the long values take; most take none and are not here.
    parts: BTreeMap<Vec<u8>, u8>,
    /// Rooms with queues of submissions that changed since the last commit.
    queues: HashMap<RoomId, Arc<RoomInfo>>,
    /// What was appended since the last commit.
    appended: Sha256,
    /// Our clock as the changes told it.
    now: Millis,
    entry: Vec<u8>,
}

struct Hot {
    tail: Tail,
    used: u64,
    grown: bool,
}

impl Stage {
    /// Goes on after a commit. `parts` says how many further rows each long value takes.
    pub(super) fn new(kv: Arc<dyn Kv>, last: CommitRow, parts: BTreeMap<Vec<u8>, u8>) -> Self {
        Self {
            kv,
            last,
            rows: Rows::new(),
            tails: HashMap::new(),
            grown: Vec::new(),
            parts,
            queues: HashMap::new(),
            appended: Sha256::new(),
            now: Millis(0),
            entry: Vec::new(),
        }
    }

    /// The number of the last commit that was taken.
    #[must_use]
    pub fn commit_no(&self) -> u64 {
        self.last.commit
    }

    /// The position that the next journal entry will have.
    #[must_use]
    pub fn journal_next(&self) -> u64 {
        self.last.journal_next
    }

    /// Whether nothing waits to be committed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.grown.is_empty()
    }

    /// Stages one change.
    ///
    /// # Errors
    /// When the end of a log cannot be read back, or does not fit the change.
    pub fn apply(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Policy(policy) => self.put(&Key::Policy, policy),
            Change::User(user) => self.put(&Key::User(user.local.clone()), user),
            Change::Session(secret, session) => self.put_or_delete(&Key::Session(*secret), session.as_ref()),
            Change::Feed(secret, feed) => self.put_or_delete(&Key::Feed(*secret), feed.as_ref()),
            Change::Peer(peer, row) => self.put_or_delete(&Key::Peer(peer.clone()), row.as_ref()),
            Change::Streams(peer, streams) => self.put_or_delete(&Key::Streams(peer.clone()), streams.as_ref()),
            Change::Parted(peer, parted) => self.put_or_delete(&Key::Parted(peer.clone()), parted.as_ref()),
            Change::Room(room) => self.put_room(room),
            Change::Member(..) | Change::Former(..) | Change::Invitation(..) => self.put_people(change),
            Change::Contact(owner, user, contact) => {
                self.put_or_delete(&Key::Contact(owner.clone(), user.clone()), contact.as_ref())
            }
            Change::Profile(profile) => self.put(&Key::Profile(profile.user.clone()), profile),
            Change::Mark(user, room, read) => self.put(&Key::Mark(user.clone(), *room), read),
            Change::Listed(room, kind, index) => self.put(&Key::Listed(*room, *kind, *index), &()),
            Change::Item(room, index, item) => self.put_item(*room, *index, item),
            Change::FilePolicy(_)
            | Change::FileQuota(..)
            | Change::Awaited(..)
            | Change::Erasure(..)
            | Change::Trash(..)
            | Change::FileUse(..) => self.put_files(change),
            Change::NoticesRead(user, before) => self.put(&Key::NoticesRead(user.clone()), before),
            Change::Refused(peer, epoch_n, seq, code) => self.put(&Key::Refused(peer.clone(), *epoch_n, *seq), code),
            Change::UserQuota(user, quota) => self.put(&Key::UserQuota(user.clone()), quota),
            Change::LinkQuota(peer, theirs, quota) => self.put(&Key::LinkQuota(peer.clone(), *theirs), quota),
            Change::Unconfirmed(unconfirmed) => self.put(&Key::Unconfirmed, unconfirmed),
            Change::Restored(restored) => self.put(&Key::Restored, restored),
            Change::Skip { room, next_index, head } => {
                self.put(&Key::Skip(*room), &SkipRow { next_index: *next_index, head: *head })
            }
            Change::Append(event) => {
                self.now = event.at;
                let log = LogId::Timeline(event.room);
                self.append_chained(log, event.index, event.head, |entry| codec::encode_timeline(entry, event))
            }
            Change::Pend { room, p, sent, author, bytes } => {
                self.append(LogId::Pending(*room), *p, |entry| codec::encode_pending(entry, *sent, author, bytes))
            }
            // Its rows go when the queue begins a new one: fewer and fuller rows.
            Change::PendingDone { .. } => Ok(()),
            Change::Send(record) => {
                self.now = record.made_at;
                let log = LogId::Outbox(record.peer.clone(), record.epoch_n);
                self.append_chained(log, record.seq, record.head, |entry| codec::encode_outbox(entry, record))
            }
            Change::Received { peer, epoch, from_seq, to_seq, evidence } => {
                let (log, now) = (LogId::Inbox(peer.clone(), epoch.n), self.now);
                self.append(log, *from_seq, |entry| codec::encode_inbox(entry, now, *epoch, *to_seq, evidence))
            }
            Change::Notice { user, n, notice } => {
                self.now = notice.at;
                self.append(LogId::Notices(user.clone()), *n, |entry| codec::encode_entry(entry, notice))
            }
            Change::Audit(audit) => {
                self.now = audit.at;
                self.last.audit_next = audit.seq + 1;
                self.append(LogId::Audit, audit.seq, |entry| codec::encode_entry(entry, audit))
            }
            Change::Keep(keep) => self.keep(keep),
            Change::Journal(note) => self.journal(note).map(drop),
        }
    }

    /// Stages a journal entry at the next position, and returns it.
    ///
    /// # Errors
    /// When the end of the journal cannot be read back.
    pub fn journal(&mut self, note: &Entry) -> Result<u64, StoreError> {
        if let Entry::Done { at, .. } = note {
            self.now = Millis(*at);
        }
        let (position, now) = (self.last.journal_next, self.now);
        self.append(LogId::Journal, position, |entry| codec::encode_entry(entry, &(now, note)))?;
        self.last.journal_next = position + 1;
        Ok(position)
    }

    /// Stages the deletion of rows that retention has found.
    pub fn delete(&mut self, keys: Vec<Vec<u8>>) {
        for key in keys {
            self.rows.insert(key, None);
        }
    }

    /// Everything staged as the batch of the next commit, which gets the next number.
    ///
    /// The caller commits it before it stages anything else; when that fails the store and this stage disagree, and the
    /// process ends (D5).
    #[must_use]
    pub fn take(&mut self) -> Batch {
        for log in self.grown.drain(..) {
            if let Some(hot) = self.tails.get_mut(&log) {
                hot.tail.flush(&mut self.rows);
                hot.grown = false;
            }
        }
        self.last.commit += 1;
        let written = Digest(std::mem::take(&mut self.appended).finalize().into());
        self.last.digest = chain(self.last.digest, written);
        let row = codec::encode_value(&Key::Commit, &self.last).expect("the commit row is short");
        self.rows.extend(row.into_iter().map(|(key, value)| (key, Some(value))));
        self.queues.clear();
        self.cool();
        Batch { rows: std::mem::take(&mut self.rows).into_iter().collect() }
    }

    /// Forgets the open rows of the logs that were used longest ago.
    fn cool(&mut self) {
        if self.tails.len() <= OPEN_ROWS_MAX {
            return;
        }
        let mut used: Vec<u64> = self.tails.values().map(|hot| hot.used).collect();
        // A quarter at a time, so that the sort is paid once in many commits.
        let (_, newest, _) = used.select_nth_unstable(self.tails.len() - OPEN_ROWS_MAX * 3 / 4);
        let newest = *newest;
        self.tails.retain(|_, hot| hot.used >= newest);
    }

    fn put<T: Serialize + ?Sized>(&mut self, key: &Key, value: &T) -> Result<(), StoreError> {
        let rows = codec::encode_value(key, value)?;
        let (main, first) = &rows[0];
        self.appended.update(main);
        self.appended.update(first);
        let parts = u8::try_from(rows.len() - 1).expect("the codec numbers parts by a byte");
        self.forget_parts(main.clone(), parts);
        self.rows.extend(rows.into_iter().map(|(key, value)| (key, Some(value))));
        Ok(())
    }

    fn put_or_delete<T: Serialize>(&mut self, key: &Key, value: Option<&T>) -> Result<(), StoreError> {
        if let Some(value) = value {
            return self.put(key, value);
        }
        let key = key.encode();
        self.appended.update(&key);
        self.forget_parts(key.clone(), 0);
        self.rows.insert(key, None);
        Ok(())
    }

    /// Parts that it has no more may stay: its first row says how many count.
    fn put_item(&mut self, room: RoomId, index: u64, item: &Item) -> Result<(), StoreError> {
        for (key, row) in codec::encode_item(room, index, item)? {
            self.appended.update(&key);
            self.appended.update(&row);
            self.rows.insert(key, Some(row));
        }
        Ok(())
    }

    /// Deletes the further rows that a value has no more.
    fn forget_parts(&mut self, key: Vec<u8>, parts: u8) {
        let before = self.parts.get(&key).copied().unwrap_or(0);
        for part in parts + 1..=before {
            self.rows.insert(Key::More(key.clone(), part).encode(), None);
        }
        if parts > 0 {
            self.parts.insert(key, parts);
        } else if before > 0 {
            self.parts.remove(&key);
        }
    }

    /// Stages who is in a room, was in it, or is asked in.
    fn put_people(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Member(room, user, member) => {
                self.put_or_delete(&Key::Member(*room, user.clone()), member.as_ref())
            }
            Change::Former(room, user, former) => {
                self.put_or_delete(&Key::Former(*room, user.clone()), former.as_ref())
            }
            Change::Invitation(room, user, invitation) => {
                self.put_or_delete(&Key::Invitation(*room, user.clone()), invitation.as_ref())
            }
            _ => Ok(()),
        }
    }

    /// Stages what changes about files.
    fn put_files(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::FilePolicy(policy) => self.put(&Key::FilePolicy, policy),
            Change::FileQuota(peer, since, bytes) => self.put(&Key::FileQuota(peer.clone()), &(*since, *bytes)),
            Change::Awaited((peer, digest, room, index), bytes) => {
                self.put_or_delete(&Key::Awaited(peer.clone(), *digest, *room, *index), bytes.as_ref())
            }
            Change::Erasure(room, index, erasure) => self.put(&Key::Erasure(*room, *index), erasure),
            Change::Trash(room, index, until) => self.put_or_delete(&Key::Trash(*room, *index), until.as_ref()),
            Change::FileUse(digest, room, index, used) => {
                self.put_or_delete(&Key::File(*digest, *room, *index), used.then_some(&()))
            }
            _ => Ok(()),
        }
    }

    fn put_room(&mut self, room: &Arc<RoomInfo>) -> Result<(), StoreError> {
        if room.pending.to > 0 {
            self.queues.insert(room.id, room.clone());
        }
        self.put(&Key::Room(room.id), room)
    }

    fn append(&mut self, log: LogId, seq: u64, encode: impl FnOnce(&mut Vec<u8>)) -> Result<(), StoreError> {
        self.entry.clear();
        encode(&mut self.entry);
        self.appended.update(seq.to_be_bytes());
        self.appended.update(&self.entry);
        self.push(log, seq)
    }

    /// The chain head after an entry speaks for its bytes, so that they are not hashed once more.
    fn append_chained(
        &mut self,
        log: LogId,
        seq: u64,
        head: Digest,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), StoreError> {
        self.entry.clear();
        encode(&mut self.entry);
        self.appended.update(seq.to_be_bytes());
        self.appended.update(head.0);
        self.push(log, seq)
    }

    /// Appends the encoded entry.
    fn push(&mut self, log: LogId, seq: u64) -> Result<(), StoreError> {
        if !self.tails.contains_key(&log) {
            let tail = Tail::open(&*self.kv, &log)?;
            self.tails.insert(log.clone(), Hot { tail, used: 0, grown: false });
        }
        let hot = self.tails.get_mut(&log).expect("it was just put there");
        hot.used = self.last.commit;
        let began_row = hot.tail.push(seq, &self.entry, &mut self.rows)?;
        if !hot.grown {
            hot.grown = true;
            self.grown.push(log.clone());
        }
        match log {
            LogId::Pending(room) if began_row => self.delete_settled(room),
            _ => Ok(()),
        }
    }

    /// Deletes rows of a queue of submissions that have their places, or that their authors need not see any more.
    fn delete_settled(&mut self, room: RoomId) -> Result<(), StoreError> {
        let Some(queue) = self.queues.get(&room) else { return Ok(()) };
        let before = queue.pending.from;
        let settled = rows_before(&*self.kv, &LogId::Pending(room), before, SETTLED_ROWS_MAX)?;
        for (at, (first, key)) in settled.iter().enumerate() {
            let end = settled[at..].iter().map(|(seq, _)| *seq).find(|seq| seq > first).unwrap_or(before);
            let wanted = queue.unplaced.iter().any(|unplaced| unplaced.range.from < end && *first < unplaced.range.to);
            if !wanted {
                self.rows.insert(key.clone(), None);
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("last", &self.last).field("rows", &self.rows.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
