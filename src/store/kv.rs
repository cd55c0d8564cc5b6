//! The disk seam: ordered keys, atomic durable batches. No type, error or habit of one engine passes it.

use crate::model::{Domain, InstanceId};

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

/// What stands beside the database, so that a lost tail or an old copy is noticed (D7).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Anchor {
    /// The database it belongs to.
    pub instance: InstanceId,
    /// The highest commit number that is known to be durable.
    pub commit: u64,
    /// Length of the database file, bytes; 0 where the engine has none.
    pub file_bytes: u64,
    /// Our last grant per peer: serial, and whether it was active.
    pub grants: Vec<(Domain, u64, bool)>,
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
}
