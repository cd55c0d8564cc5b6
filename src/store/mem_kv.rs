//! A store in memory, for tests and the simulation: what is committed survives a crash, and it can fail on purpose.

use super::kv::{Anchor, Batch, Followers, KeyValue, Kv, StoreError};
use imbl::OrdMap;
use std::{
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError, mpsc},
};

/// How the next commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Writing or syncing fails: nothing is durable, and nothing can be written any more.
    Io,
    /// The disk is full: nothing of the batch is written, and a later one may be.
    Full,
    /// The batch is durable, but the process hears of an error.
    Answer,
}

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemKv {
    inner: Mutex<Inner>,
    followers: Mutex<Followers>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    rows: OrdMap<Vec<u8>, Vec<u8>>,
    anchor: Option<Anchor>,
    fault: Option<Fault>,
    failed: bool,
    full: bool,
    bytes: u64,
}

impl MemKv {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a crash at this moment leaves on disk. This store goes on by itself.
    #[must_use]
    pub fn crash(&self) -> Self {
        let durable = Inner { fault: None, failed: false, ..self.inner().clone() };
        Self { inner: Mutex::new(durable), followers: Mutex::default() }
    }

    /// Puts a backup in the place of what is there. The anchor beside it stays, as far as it knows grants.
    pub fn put_back(&self, backup: &Self) {
        let restored = backup.inner().clone();
        let mut inner = self.inner();
        let commit = restored.anchor.as_ref().map_or(0, |anchor| anchor.commit);
        let anchor = inner.anchor.take().map(|anchor| Anchor { commit, ..anchor });
        *inner = Inner { anchor, ..restored };
    }

    /// Lets the next commit fail.
    pub fn fail_next_commit(&self, fault: Fault) {
        self.inner().fault = Some(fault);
    }

    /// Fills the disk so far that only what ends something should be committed.
    pub fn fill(&self) {
        self.inner().full = true;
    }

    /// Frees the disk again.
    pub fn free(&self) {
        self.inner().full = false;
    }

    /// Takes the anchor away, as a restored backup has none.
    pub fn remove_anchor(&self) {
        self.inner().anchor = None;
    }

    fn followers(&self) -> MutexGuard<'_, Followers> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> OrdMap<Vec<u8>, Vec<u8>> {
        self.inner().rows.clone()
    }
}

impl Inner {
    fn apply(&mut self, batch: Batch) {
        for (key, value) in batch.rows {
            self.bytes += value.as_ref().map_or(0, |value| (key.len() + value.len()) as u64);
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }
}

/// The map panics on a range that ends before it begins.
fn bounds<'a>(from: &'a [u8], to: &'a [u8]) -> (Bound<&'a [u8]>, Bound<&'a [u8]>) {
    (Bound::Included(from), Bound::Excluded(to.max(from)))
}

fn owned((key, value): (&Vec<u8>, &Vec<u8>)) -> KeyValue {
    (key.clone(), value.clone())
}

impl Kv for MemKv {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.snapshot().get(key).cloned())
    }

    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> Result<Vec<KeyValue>, StoreError> {
        Ok(self.snapshot().range::<_, [u8]>(bounds(from, to)).take(rows_max).map(owned).collect())
    }

    fn scan_back(&self, from: &[u8], to: &[u8], rows_max: usize) -> Result<Vec<KeyValue>, StoreError> {
        Ok(self.snapshot().range::<_, [u8]>(bounds(from, to)).rev().take(rows_max).map(owned).collect())
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        batch.check()?;
        let mut followers = self.followers();
        let mut inner = self.inner();
        if inner.failed {
            return Err(StoreError::Io("the store has failed before".to_owned()));
        }
        match inner.fault.take() {
            None => {
                followers.tell(&batch);
                inner.apply(batch);
            }
            Some(Fault::Full) => return Err(StoreError::Full("the test filled it".to_owned())),
            Some(fault) => {
                inner.failed = true;
                if fault == Fault::Answer {
                    inner.apply(batch);
                }
                return Err(StoreError::Io("the test let it fail".to_owned()));
            }
        }
        Ok(())
    }

    fn follow(&self) -> mpsc::Receiver<Batch> {
        self.followers().add()
    }

    fn load_anchor(&self) -> Result<Option<Anchor>, StoreError> {
        Ok(self.inner().anchor.clone())
    }

    fn save_anchor(&self, anchor: &Anchor) -> Result<(), StoreError> {
        self.inner().anchor = Some(anchor.clone());
        Ok(())
    }

    fn size_bytes(&self) -> u64 {
        self.inner().bytes
    }

    fn has_space(&self) -> bool {
        !self.inner().full
    }
}
