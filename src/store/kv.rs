//! The disk seam: ordered keys, atomic durable batches. No type, error or habit of one engine passes it.

use crate::model::{Domain, InstanceId, id::hex, limits::ROW_BYTES_MAX};
use std::sync::mpsc;

/// A key and its value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// Why the store failed. After any of these from a write the process ends (D5).
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full; nothing of the batch was written.
    #[error("the disk is full: {0}")]
    Full(String),
    /// Reading or writing failed.
    #[error("the store failed: {0}")]
    Io(String),
    /// What is on disk is not what was written. The text says what to do.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// Another process holds the database.
    #[error("another process has this database open: {0}")]
    Busy(String),
}

/// Rows to write (`Some`) or delete (`None`), applied all or not at all, in order.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The rows.
    pub rows: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Batch {
    /// Refuses rows over [`ROW_BYTES_MAX`]: they are a mistake of ours, and sled would put them where it never syncs.
    ///
    /// # Errors
    /// When there is one.
    pub fn check(&self) -> Result<(), StoreError> {
        let is_long = |value: &Option<Vec<u8>>| value.as_ref().is_some_and(|value| value.len() > ROW_BYTES_MAX);
        match self.rows.iter().find(|(_, value)| is_long(value)) {
            None => Ok(()),
            Some((key, _)) => Err(StoreError::Io(format!("the row {} is over {ROW_BYTES_MAX} bytes", hex(key)))),
        }
    }
}

/// What stands beside the database, so that a lost tail or an old copy is noticed (D7).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Anchor {
    /// The database it belongs to.
    pub instance: InstanceId,
    /// The highest commit number that is known to be durable.
    pub commit: u64,
    /// Length of the database file when it was closed, bytes; 0 while it is open, after a crash, and where the engine has
    /// none.
    pub file_bytes: u64,
    /// Our last grant per peer: serial, and whether it was active.
    pub grants: Vec<(Domain, u64, bool)>,
}

/// Those who are told of every commit.
#[derive(Debug, Default)]
pub struct Followers(Vec<mpsc::Sender<Batch>>);

impl Followers {
    /// One more, from now on.
    pub fn add(&mut self) -> mpsc::Receiver<Batch> {
        let (sender, receiver) = mpsc::channel();
        self.0.push(sender);
        receiver
    }

    /// Tells all who still listen.
    pub fn tell(&mut self, batch: &Batch) {
        self.0.retain(|follower| follower.send(batch.clone()).is_ok());
    }
}

/// An ordered store.
pub trait Kv: Send + Sync + 'static {
    /// The value of a key.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Up to `rows_max` rows with `from <= key < to`, in ascending order.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> Result<Vec<KeyValue>, StoreError>;

    /// Up to `rows_max` rows with `from <= key < to`, in descending order.
    ///
    /// # Errors
    /// When the engine cannot read.
    fn scan_back(&self, from: &[u8], to: &[u8], rows_max: usize) -> Result<Vec<KeyValue>, StoreError>;

    /// Applies a batch atomically; durable when it returns (D1).
    ///
    /// # Errors
    /// After any but `Full` the caller ends the process (D5).
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Every batch from the next commit on, in order, until the receiver is dropped. Waits for a commit that is under
    /// way: what was told before this returns is whole.
    fn follow(&self) -> mpsc::Receiver<Batch>;

    /// The anchor, if there is one.
    ///
    /// # Errors
    /// When it exists and cannot be read.
    fn load_anchor(&self) -> Result<Option<Anchor>, StoreError>;

    /// Replaces the anchor durably. The store fills in the file length.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save_anchor(&self, anchor: &Anchor) -> Result<(), StoreError>;

    /// Bytes on disk, for metrics.
    fn size_bytes(&self) -> u64;

    /// Whether there is room for ordinary work. When not, only what ends something should still be committed (F8).
    fn has_space(&self) -> bool;
}
