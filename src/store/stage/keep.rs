//! Rows of what is kept, and rows of timelines that are cut at the front or lose the text of some entries (P30).

use super::Stage;
use crate::{
    core::draft::Keep,
    model::{Digest, LocalPart, RoomId, file::Erasure},
    store::{
        codec::{self, SkipRow},
        keyspace::{KINDS, Key, LogId, erasure_rows, item_rows, listed_rows},
        kv::StoreError,
        trim,
    },
};

impl Stage {
    /// Stages one change of what is kept.
    pub(super) fn keep(&mut self, change: &Keep) -> Result<(), StoreError> {
        match change {
            Keep::Retention(retention) => self.put(&Key::Retention, retention),
            Keep::Hold(held, hold) => self.put_or_delete(&Key::Hold(held.clone()), hold.as_ref()),
            Keep::Paper(peer, kind, n, document) => self.put(&Key::Paper(peer.clone(), *kind, *n), document),
            Keep::Case(case) => self.put(&Key::Case(case.n), case),
            Keep::Proof(n, proof) => self.put(&Key::Proof(*n), proof),
            Keep::Erasure(user, erasure) => self.put(&Key::ErasedUser(user.clone()), erasure),
            Keep::Trim { room, before, next_index, head } => self.trim(*room, *before, (*next_index, *head)),
            Keep::Erase(room, indices) => {
                let log = LogId::Timeline(*room);
                let rows = trim::erased(&*self.kv, &log, indices)?;
                self.rewrite(&log, rows);
                Ok(())
            }
            Keep::Forget(user, rooms) => self.forget(user, rooms),
        }
    }

    /// The rows before an index go; where an empty timeline stands is told by a row of its own.
    fn trim(&mut self, room: RoomId, before: u64, (next_index, head): (u64, Digest)) -> Result<(), StoreError> {
        let log = LogId::Timeline(room);
        let rows = trim::before(&*self.kv, &log, before)?;
        self.rewrite(&log, rows);
        self.drop_items(room, before)?;
        if before == next_index { self.put(&Key::Skip(room), &SkipRow { next_index, head }) } else { Ok(()) }
    }

    /// What has become of the deleted events goes with them.
    fn drop_items(&mut self, room: RoomId, before: u64) -> Result<(), StoreError> {
        let items = item_rows(room, 0, before);
        let listed = KINDS.map(|kind| listed_rows(room, kind, before));
        for (from, to) in listed.into_iter().chain([items]) {
            let rows = self.kv.scan(&from, &to, usize::MAX)?;
            self.rows.extend(rows.into_iter().map(|(key, _)| (key, None)));
        }
        let (from, to) = erasure_rows(room, before);
        for (key, row) in self.kv.scan(&from, &to, usize::MAX)? {
            // What the partner has yet to be told, or to tell, is still to be known.
            if !codec::decode_value::<Erasure>(&key, &row, &[])?.is_open() {
                self.rows.insert(key, None);
            }
        }
        Ok(())
    }

    /// Rows that replace those of a log that has not grown since the last commit. Its end is read again when it grows.
    fn rewrite(&mut self, log: &LogId, rows: trim::Rewritten) {
        debug_assert!(
            self.tails.get(log).is_none_or(|hot| !hot.grown),
            "an open row would be written over the new one"
        );
        self.tails.remove(log);
        self.rows.extend(rows);
    }

    /// Who is forgotten may have been told something in the same commit: that goes, too.
    fn forget(&mut self, user: &LocalPart, rooms: &[RoomId]) -> Result<(), StoreError> {
        for room in rooms {
            self.put_or_delete::<u64>(&Key::Mark(user.clone(), *room), None)?;
        }
        self.put_or_delete::<u64>(&Key::NoticesRead(user.clone()), None)?;
        let log = LogId::Notices(user.clone());
        self.tails.remove(&log);
        self.grown.retain(|grown| *grown != log);
        let (from, to) = log.rows();
        self.rows.range_mut(from.clone()..to.clone()).for_each(|(_, row)| *row = None);
        let stored = self.kv.scan(&from, &to, usize::MAX)?;
        self.rows.extend(stored.into_iter().map(|(key, _)| (key, None)));
        Ok(())
    }
}
