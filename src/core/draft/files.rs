//! What changes about files: who names them, what is awaited, what is to be removed, what is allowed.

use super::{Change, Draft};
use crate::model::{
    Digest, Domain, Millis, RoomId,
    file::{Erasure, FilePolicy},
};
use std::sync::Arc;

impl Draft<'_> {
    /// Notes that an event names a file, or does so no longer.
    pub fn put_file_use(&mut self, digest: Digest, room: RoomId, index: u64, used: bool) {
        self.changes.push(Change::FileUse(digest, room, index, used));
    }

    /// Awaits a file of so many bytes, or does so no longer. Nothing happens when that is so already.
    pub fn put_awaited(&mut self, key: (Domain, Digest, RoomId, u64), bytes: Option<u64>) {
        if self.is_past {
            return;
        }
        let before = match bytes {
            Some(bytes) => self.state.awaited.insert(key.clone(), bytes),
            None => self.state.awaited.remove(&key),
        };
        if before != bytes {
            self.changes.push(Change::Awaited(key, bytes));
        }
    }

    /// Notes how far the removal of a recalled event's files is.
    pub fn put_erasure(&mut self, room: RoomId, index: u64, erasure: Erasure) {
        let erasure = Arc::new(erasure);
        if erasure.is_open() {
            self.state.erasures.insert((room, index), erasure.clone());
        } else {
            self.state.erasures.remove(&(room, index));
        }
        self.changes.push(Change::Erasure(room, index, erasure));
    }

    /// Notes until when a deleted entry of a folder can be brought back, or that this is over.
    pub fn put_trash(&mut self, room: RoomId, index: u64, before: Option<Millis>, until: Option<Millis>) {
        if let Some(before) = before {
            self.state.trash.remove(&(before, room, index));
        }
        if let Some(until) = until {
            self.state.trash.insert((until, room, index));
        }
        self.changes.push(Change::Trash(room, index, until));
    }

    /// Sets what files may be sent and taken.
    pub fn put_file_policy(&mut self, policy: FilePolicy) {
        let policy = Arc::new(policy);
        self.state.file_policy = policy.clone();
        self.changes.push(Change::FilePolicy(policy));
    }

    /// Notes how many bytes of files a peer has announced since a time.
    pub fn put_file_quota(&mut self, peer: &Domain, (since, bytes): (Millis, u64)) {
        if self.is_past {
            return;
        }
        self.state.file_bytes_by_link.insert(peer.clone(), (since, bytes));
        self.changes.push(Change::FileQuota(peer.clone(), since, bytes));
    }
}
