//! One request's writing to an upload: pieces to the disk, a note of how far it is, and the whole content in the end.

use super::{DoneV1, Note, Progress, Upload, UploadError, UploadId};
use crate::{
    files::{DiskError, Files, Name, Receiving, sniff, thumbnail},
    model::{
        Digest,
        file::{FileRef, ImageSize, MediaType},
        limits,
    },
};
use bytes::Bytes;
use std::fmt;
use tokio::sync::OwnedSemaphorePermit;

/// What is durable of an upload is noted at least this often, bytes.
const NOTE_EVERY_BYTES: u64 = 64 * 1024 * 1024;

/// A piece of an upload on its way to the disk. Dropped without [`Writing::close`], the upload goes on from the disk.
pub struct Writing {
    pub(super) files: Files,
    pub(super) id: UploadId,
    pub(super) receiving: Option<Receiving>,
    pub(super) note: Note,
    pub(super) _place: OwnedSemaphorePermit,
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Writing({})", self.id)
    }
}

impl Writing {
    /// How much more the upload takes, bytes.
    #[must_use]
    pub fn bytes_left(&self) -> u64 {
        self.note.bytes.saturating_sub(self.offset())
    }

    fn offset(&self) -> u64 {
        self.receiving.as_ref().map_or(0, Receiving::bytes)
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// `TooLong`; when the disk is full or fails. What came before stands.
    pub async fn push(&mut self, piece: Bytes) -> Result<(), UploadError> {
        if piece.len() as u64 > self.bytes_left() {
            return Err(UploadError::TooLong);
        }
        let receiving = self.receiving.as_mut().ok_or(UploadError::Busy)?;
        receiving.push(piece).await?;
        if receiving.bytes() - self.note.durable >= NOTE_EVERY_BYTES {
            self.note_durable().await?;
        }
        Ok(())
    }

    /// Ends the request's writing: notes how far the upload is, or finishes it.
    ///
    /// # Errors
    /// `Type` when the bytes are not what was declared, and the upload is gone; when the disk fails.
    pub async fn close(mut self) -> Result<Progress, UploadError> {
        self.note.touched_at = self.files.0.clock.now().0;
        if self.bytes_left() == 0 {
            return self.finish().await.map(Progress::Finished);
        }
        if self.offset() > self.note.durable {
            self.note_durable().await?;
        }
        let offset = self.offset();
        let hasher = self.receiving.take().map(|receiving| receiving.hasher());
        self.give_back(|upload| (upload.offset, upload.hasher) = (offset, hasher));
        Ok(Progress::More(offset))
    }

    async fn note_durable(&mut self) -> Result<(), DiskError> {
        if let Some(receiving) = &self.receiving {
            receiving.sync().await?;
            self.note.durable = receiving.bytes();
        }
        self.files.save_note(self.id, self.note.clone()).await
    }

    async fn finish(mut self) -> Result<FileRef, UploadError> {
        let receiving = self.receiving.take().ok_or(UploadError::Busy)?;
        let (digest, pin) = receiving.finish().await?;
        let media_type = match self.judge(digest).await {
            Ok(media_type) => media_type,
            Err(wrong) => {
                drop(pin);
                self.files.0.uploads.lock().uploads.remove(&self.id);
                self.files.forget_upload(self.id).await?;
                return Err(wrong);
            }
        };
        let image = self.measure(digest, &media_type).await?;
        self.note.file = Some(DoneV1 { digest, media_type, image });
        self.files.save_note(self.id, self.note.clone()).await?;
        let file = self.note.file().ok_or(UploadError::Unknown)?;
        let bytes = self.note.bytes;
        self.give_back(|upload| (upload.offset, upload.pin) = (bytes, Some(pin)));
        Ok(file)
    }

    /// Whether the content is what it was announced to be; its type from now on.
    async fn judge(&self, digest: Digest) -> Result<MediaType, UploadError> {
        if self.note.digest.is_some_and(|announced| announced != digest) {
            return Err(UploadError::Digest);
        }
        let start = self.files.read(digest, 0, sniff::SNIFF_BYTES).await?;
        sniff::judge(self.note.declared.as_ref(), &start).map_err(|found| UploadError::Type { found })
    }

    async fn measure(&self, digest: Digest, media_type: &MediaType) -> Result<Option<ImageSize>, UploadError> {
        if !media_type.is_safe_image() || self.note.bytes > limits::THUMBNAIL_SOURCE_BYTES_MAX {
            return Ok(None);
        }
        let measured = self.files.on_disk(move |inner| {
            inner.disk.read(&Name::Blob(digest), 0, usize::MAX, Vec::new()).map(|bytes| thumbnail::size_of(&bytes))
        });
        Ok(measured.await?)
    }

    fn give_back(&mut self, change: impl FnOnce(&mut Upload)) {
        if let Some(upload) = self.files.0.uploads.lock().uploads.get_mut(&self.id) {
            upload.note = self.note.clone();
            upload.busy = false;
            change(upload);
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let mut registry = self.files.0.uploads.lock();
        if let Some(upload) = registry.uploads.get_mut(&self.id).filter(|upload| upload.busy) {
            // Interrupted between two pieces: what is on the disk beyond the last offset is written again.
            upload.busy = false;
            if let Some(receiving) = &self.receiving {
                (upload.offset, upload.hasher) = (receiving.bytes(), Some(receiving.hasher()));
            }
        }
    }
}
