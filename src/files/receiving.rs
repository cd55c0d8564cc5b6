//! A content that comes in pieces: hashed on the way to the disk, resumed where it stopped, published when it is whole.

use super::{DiskError, Files, Label, Name, Pin};
use crate::model::{Digest, limits};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// A content on its way in. When it is dropped, what was written stays for the next attempt.
#[derive(Debug)]
pub struct Receiving {
    files: Files,
    part: Name,
    hasher: Sha256,
    bytes: u64,
}

impl Receiving {
    /// Goes on with what stands under the label; its digest is computed again from the disk.
    pub(super) async fn resume(files: Files, label: Label) -> Result<Self, DiskError> {
        let part = Name::Part(label);
        let name = part.clone();
        let bytes = files.on_disk(move |inner| inner.disk.bytes(&name)).await?.unwrap_or(0);
        let (hasher, bytes) = hash_part(&files, &part, bytes).await?;
        Ok(Self { files, part, hasher, bytes })
    }

    /// Goes on in memory where another has stopped: nothing is read again.
    pub(super) fn go_on(files: Files, label: Label, hasher: Sha256, bytes: u64) -> Self {
        Self { files, part: Name::Part(label), hasher, bytes }
    }

    /// Hashes what stands under the label up to a length.
    pub(super) async fn up_to(files: Files, label: Label, bytes: u64) -> Result<Self, DiskError> {
        let part = Name::Part(label);
        let (hasher, bytes) = hash_part(&files, &part, bytes).await?;
        Ok(Self { files, part, hasher, bytes })
    }

    /// How much is here, bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digest of what is here so far.
    pub(super) fn hasher(&self) -> Sha256 {
        self.hasher.clone()
    }

    /// Adds a piece. After an error what was here before stands.
    ///
    /// # Errors
    /// `Full` also when only the reserve of the database is left; when the disk fails.
    pub async fn push(&mut self, piece: Bytes) -> Result<(), DiskError> {
        let (part, at, mut hasher) = (self.part.clone(), self.bytes, self.hasher.clone());
        let bytes = piece.len() as u64;
        self.hasher = self
            .files
            .on_disk(move |inner| {
                if !inner.has_space() {
                    return Err(DiskError::Full);
                }
                inner.disk.append(&part, at, &piece)?;
                hasher.update(&piece);
                Ok(hasher)
            })
            .await?;
        self.bytes += bytes;
        Ok(())
    }

    /// Makes what is here durable.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn sync(&self) -> Result<(), DiskError> {
        let part = self.part.clone();
        self.files.on_disk(move |inner| inner.disk.sync(&part)).await
    }

    /// The digest of the whole content.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(self.hasher.clone().finalize().into())
    }

    /// Makes the whole content durable under its digest. It stays at least as long as the pin lives.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn finish(self) -> Result<(Digest, Pin), DiskError> {
        let digest = self.digest();
        let pin = self.files.pin(digest);
        let (part, is_empty) = (self.part, self.bytes == 0);
        self.files
            .on_disk(move |inner| {
                if is_empty {
                    inner.disk.append(&part, 0, &[])?;
                }
                inner.disk.publish(&part, &Name::Blob(digest))
            })
            .await?;
        Ok((digest, pin))
    }

    /// Throws away what is here.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn discard(self) -> Result<(), DiskError> {
        let part = self.part;
        self.files.on_disk(move |inner| inner.disk.remove(&part)).await
    }
}

async fn hash_part(files: &Files, part: &Name, bytes: u64) -> Result<(Sha256, u64), DiskError> {
    let (mut hasher, mut at) = (Sha256::new(), 0);
    while at < bytes {
        let (part, rest) = (part.clone(), bytes - at);
        let wanted = usize::try_from(rest).unwrap_or(usize::MAX).min(limits::FILE_CHUNK_BYTES);
        let (hashed, read) = files
            .on_disk(move |inner| {
                let piece = inner.disk.read(&part, at, wanted, Vec::new())?;
                hasher.update(&piece);
                Ok::<_, DiskError>((hasher, piece.len() as u64))
            })
            .await?;
        hasher = hashed;
        if read == 0 {
            break;
        }
        at += read;
    }
    Ok((hasher, at))
}
