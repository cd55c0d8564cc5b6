//! The bytes of files, outside the database: by their SHA-256, each content once, whole and durable or not there (W19).
//!
//! Who may see a file is not known here: the core decides, and rows in the database say which event names which file.
//! Bytes that no row and no upload names are removed.

mod dir;
mod disk;
mod memory;
mod receiving;
mod sniff;
mod thumbnail;
mod uploads;

#[cfg(test)]
mod tests;

pub use dir::Dir;
pub use disk::{Disk, DiskError, Kind, Label, Listed, Name};
pub use memory::Memory;
pub use receiving::Receiving;
pub use uploads::{NewUpload, Progress, UploadError, UploadId, UploadView, Writing};

use crate::{
    clock::Clock,
    model::{Digest, Domain, limits},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Semaphore;
use uploads::Uploads;

/// Where calls to the disk run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// On threads that may wait.
    Threads,
    /// At once: for the simulation, whose disk is memory.
    Inline,
}

/// The files of an org. Cheap to clone.
#[derive(Clone)]
pub struct Files(Arc<Inner>);

struct Inner {
    disk: Arc<dyn Disk>,
    work: Work,
    clock: Arc<dyn Clock>,
    pins: Mutex<HashMap<Digest, usize>>,
    uploads: Uploads,
    /// Bounds the thumbnails that are made at once.
    thumbnails: Semaphore,
    /// Bounds the uploads that are written to at once.
    writers: Arc<Semaphore>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Files")
    }
}

/// Keeps bytes from being removed while somebody is about to name or finish them.
pub struct Pin {
    inner: Arc<Inner>,
    digest: Digest,
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pin({})", self.digest)
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pins = self.inner.pins();
        if let Some(count) = pins.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                pins.remove(&self.digest);
            }
        }
    }
}

/// What became of bytes that were to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// They are not here, from now on durably.
    Gone,
    /// Something names them: they stay.
    Used,
    /// Somebody works with them now.
    Pinned,
}

impl Inner {
    fn pins(&self) -> MutexGuard<'_, HashMap<Digest, usize>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_space(&self) -> bool {
        // A disk that does not say how full it is will say so when it is written to.
        self.disk.free_bytes().map_or(true, |bytes| bytes >= limits::FILES_RESERVE_BYTES)
    }
}

impl Files {
    /// Opens the files on a disk: uploads go on where they durably were.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn open(disk: Arc<dyn Disk>, work: Work, clock: Arc<dyn Clock>) -> Result<Self, DiskError> {
        let uploads = Uploads::default();
        let files = Self(Arc::new(Inner {
            disk,
            work,
            clock,
            pins: Mutex::default(),
            uploads,
            thumbnails: Semaphore::new(limits::THUMBNAILS_AT_ONCE_MAX),
            writers: Arc::new(Semaphore::new(limits::UPLOADS_WRITING_MAX)),
        }));
        files.load_uploads()?;
        Ok(files)
    }

    /// Does something on the disk where it may block.
    async fn on_disk<T: Send + 'static>(&self, job: impl FnOnce(&Inner) -> T + Send + 'static) -> T {
        let inner = self.0.clone();
        match self.0.work {
            Work::Inline => job(&inner),
            Work::Threads => match tokio::task::spawn_blocking(move || job(&inner)).await {
                Ok(done) => done,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
        }
    }

    /// Whether there is room for files beside what the database needs.
    #[must_use]
    pub fn has_space(&self) -> bool {
        self.0.has_space()
    }

    /// The length of a content, bytes; none when it is not here.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn bytes(&self, digest: Digest) -> Result<Option<u64>, DiskError> {
        self.on_disk(move |inner| inner.disk.bytes(&Name::Blob(digest))).await
    }

    /// A piece of a content: up to `bytes_max` bytes from a place on.
    ///
    /// # Errors
    /// `Missing` when it is not here; when the disk fails.
    pub async fn read(&self, digest: Digest, from: u64, bytes_max: usize) -> Result<Vec<u8>, DiskError> {
        // Memory that a thread of the blocking pool takes and another thread gives back stays with the idle one.
        let into = Vec::with_capacity(bytes_max.min(limits::FILE_CHUNK_BYTES));
        self.on_disk(move |inner| inner.disk.read(&Name::Blob(digest), from, bytes_max, into)).await
    }

    /// Keeps a content from being removed as long as the pin lives.
    #[must_use]
    pub fn pin(&self, digest: Digest) -> Pin {
        *self.0.pins().entry(digest).or_default() += 1;
        Pin { inner: self.0.clone(), digest }
    }

    /// Takes a content that comes in pieces; goes on where an earlier attempt under this label has stopped.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn receive(&self, label: Label) -> Result<Receiving, DiskError> {
        Receiving::resume(self.clone(), label).await
    }

    /// Keeps a content that the daemon has made, under an id that nobody else uses now. It stays as long as the pin lives,
    /// or as a row names it.
    ///
    /// # Errors
    /// When the disk fails, or is full.
    pub async fn keep(&self, id: [u8; 16], bytes: Vec<u8>) -> Result<(Digest, Pin), DiskError> {
        let mut receiving = self.receive(Label::made(&id)).await?;
        receiving.push(bytes.into()).await?;
        receiving.finish().await
    }

    /// Removes bytes and their thumbnail, unless they are pinned or `is_used` says that a row names them.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn remove(
        &self,
        digest: Digest,
        is_used: impl FnOnce() -> bool + Send + 'static,
    ) -> Result<Removal, DiskError> {
        self.on_disk(move |inner| {
            // Whoever finishes the same content pins it first, so it waits here or is seen.
            let pins = inner.pins();
            if is_used() {
                return Ok(Removal::Used);
            }
            if pins.contains_key(&digest) {
                return Ok(Removal::Pinned);
            }
            inner.disk.remove(&Name::Thumbnail(digest))?;
            inner.disk.remove(&Name::Blob(digest))?;
            drop(pins);
            Ok(Removal::Gone)
        })
        .await
    }

    /// The contents whose digests begin with this byte.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn contents(&self, first: u8) -> Result<Vec<Digest>, DiskError> {
        let listed = self.on_disk(move |inner| inner.disk.list(Kind::Blobs(first))).await?;
        let of = |listed: Listed| match listed.name {
            Name::Blob(digest) => Some(digest),
            _ => None,
        };
        Ok(listed.into_iter().filter_map(of).collect())
    }

    /// Throws away what was fetched of a file so far.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn forget_fetch(&self, peer: &Domain, digest: Digest) -> Result<(), DiskError> {
        let part = Name::Part(Label::fetch(peer, &digest));
        self.on_disk(move |inner| inner.disk.remove(&part)).await
    }

    /// Removes uploads and parts that nothing has happened to for long.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn expire(&self) -> Result<(), DiskError> {
        self.expire_uploads().await?;
        self.on_disk(|inner| {
            let stale = |part: &Listed| match &part.name {
                Name::Part(label) => part.idle_ms > limits::PART_KEPT_MS && !label.as_str().starts_with("upload-"),
                _ => false,
            };
            let parts = inner.disk.list(Kind::Parts)?;
            parts.iter().filter(|part| stale(part)).try_for_each(|part| inner.disk.remove(&part.name))
        })
        .await
    }
}
