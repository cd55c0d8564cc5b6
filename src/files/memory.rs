//! Files in memory, for tests and simulations: what was published survives, and the disk can be full.

use super::disk::{Disk, DiskError, Kind, Listed, Name};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Files in memory.
#[derive(Debug, Default)]
pub struct Memory {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<Name, Vec<u8>>,
    full: bool,
}

impl Memory {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fills the disk, or frees it.
    pub fn set_full(&self, full: bool) {
        self.inner().full = full;
    }

    /// Changes a byte of a file in place, as a failing disk does.
    pub fn damage(&self, name: &Name, at: usize) {
        if let Some(byte) = self.inner().files.get_mut(name).and_then(|bytes| bytes.get_mut(at)) {
            *byte ^= 1;
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk for Memory {
    fn bytes(&self, name: &Name) -> Result<Option<u64>, DiskError> {
        Ok(self.inner().files.get(name).map(|bytes| bytes.len() as u64))
    }

    fn read(&self, name: &Name, from: u64, bytes_max: usize, mut into: Vec<u8>) -> Result<Vec<u8>, DiskError> {
        let inner = self.inner();
        let bytes = inner.files.get(name).ok_or(DiskError::Missing)?;
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
        let to = from.saturating_add(bytes_max).min(bytes.len());
        into.extend_from_slice(&bytes[from..to]);
        Ok(into)
    }

    fn append(&self, name: &Name, at: u64, bytes: &[u8]) -> Result<(), DiskError> {
        let mut inner = self.inner();
        if inner.full {
            return Err(DiskError::Full);
        }
        let present = inner.files.entry(name.clone()).or_default();
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        if present.len() < at {
            return Err(DiskError::Io(format!("a part of {} bytes cannot go on at {at}", present.len())));
        }
        present.truncate(at);
        present.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&self, _: &Name) -> Result<(), DiskError> {
        Ok(())
    }

    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), DiskError> {
        let mut inner = self.inner();
        if inner.full {
            return Err(DiskError::Full);
        }
        inner.files.insert(name.clone(), bytes.to_vec());
        Ok(())
    }

    fn publish(&self, part: &Name, lasting: &Name) -> Result<(), DiskError> {
        let mut inner = self.inner();
        let bytes = inner.files.remove(part).ok_or(DiskError::Missing)?;
        inner.files.entry(lasting.clone()).or_insert(bytes);
        Ok(())
    }

    fn remove(&self, name: &Name) -> Result<(), DiskError> {
        self.inner().files.remove(name);
        Ok(())
    }

    fn list(&self, kind: Kind) -> Result<Vec<Listed>, DiskError> {
        let wanted = |name: &Name| match (kind, name) {
            (Kind::Blobs(first), Name::Blob(digest)) => digest.0[0] == first,
            (Kind::Parts, Name::Part(_)) | (Kind::Notes, Name::Note(_)) => true,
            _ => false,
        };
        let inner = self.inner();
        let found = inner.files.iter().filter(|(name, _)| wanted(name));
        Ok(found.map(|(name, bytes)| Listed { name: name.clone(), bytes: bytes.len() as u64, idle_ms: 0 }).collect())
    }

    fn free_bytes(&self) -> Result<u64, DiskError> {
        Ok(if self.inner().full { 0 } else { u64::MAX })
    }
}
