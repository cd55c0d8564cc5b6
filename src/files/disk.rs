//! The seam to where files stand: named runs of bytes, made durable when they are complete. One implementation is a
//! directory, the other is memory for tests and simulations.

use crate::model::{Digest, Domain, id::hex};

/// Why the disk did not do it. Unlike the database's, these faults end nothing but the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskError {
    /// There is no room.
    #[error("there is no room on the disk")]
    Full,
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// Reading or writing failed.
    #[error("the disk failed: {0}")]
    Io(String),
}

/// What stands on the disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// The whole content with this SHA-256.
    Blob(Digest),
    /// A part of a content that is still coming.
    Part(Label),
    /// What is known of an upload.
    Note(Label),
    /// The small picture of a content.
    Thumbnail(Digest),
}

/// A name that holds nothing but `a-z 0-9 . -`, and does not begin with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// Of an upload.
    #[must_use]
    pub fn upload(id: &[u8; 16]) -> Self {
        Self(format!("upload-{}", hex(id)))
    }

    /// Of what is fetched from a peer.
    #[must_use]
    pub fn fetch(peer: &Domain, digest: &Digest) -> Self {
        Self(format!("fetch-{digest}-{peer}"))
    }

    /// Of something that the daemon makes itself.
    #[must_use]
    pub fn made(id: &[u8; 16]) -> Self {
        Self(format!("made-{}", hex(id)))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A label as it was listed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-';
        (!text.is_empty() && !text.starts_with('.') && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole contents whose digests begin with this byte.
    Blobs(u8),
    /// Parts.
    Parts,
    /// Notes.
    Notes,
}

/// One of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: Name,
    /// Its length, bytes.
    pub bytes: u64,
    /// How long nobody has written to it, milliseconds.
    pub idle_ms: u64,
}

/// Where files stand. Calls may block.
pub trait Disk: Send + Sync + 'static {
    /// The length of a file, bytes; none when there is none.
    ///
    /// # Errors
    /// When the disk fails.
    fn bytes(&self, name: &Name) -> Result<Option<u64>, DiskError>;

    /// Up to `bytes_max` bytes from a place on, behind those of `into`; fewer at the end.
    ///
    /// # Errors
    /// `Missing` when there is no such file; when the disk fails.
    fn read(&self, name: &Name, from: u64, bytes_max: usize, into: Vec<u8>) -> Result<Vec<u8>, DiskError>;

    /// Writes at a place that is not behind the end; what stood from there on is gone.
    ///
    /// # Errors
    /// `Full`; when the disk fails, or the place is behind the end.
    fn append(&self, name: &Name, at: u64, bytes: &[u8]) -> Result<(), DiskError>;

    /// Makes what was appended durable.
    ///
    /// # Errors
    /// When there is no such file, or the disk fails.
    fn sync(&self, name: &Name) -> Result<(), DiskError>;

    /// Writes a whole file: durable and complete, or as before.
    ///
    /// # Errors
    /// `Full`; when the disk fails.
    fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), DiskError>;

    /// Makes a part durable, and gives it its lasting name. When that name stands already, the part goes.
    ///
    /// # Errors
    /// When there is no such part, or the disk fails.
    fn publish(&self, part: &Name, lasting: &Name) -> Result<(), DiskError>;

    /// Removes a file durably. It is no error when there is none.
    ///
    /// # Errors
    /// When the disk fails.
    fn remove(&self, name: &Name) -> Result<(), DiskError>;

    /// All files of a kind.
    ///
    /// # Errors
    /// When the disk fails.
    fn list(&self, kind: Kind) -> Result<Vec<Listed>, DiskError>;

    /// Free space, bytes.
    ///
    /// # Errors
    /// When the disk does not say.
    fn free_bytes(&self) -> Result<u64, DiskError>;
}
