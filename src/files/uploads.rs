//! Uploads: begun, written in pieces that can be interrupted, finished into a content, and then named by a message.
//!
//! What is known of an upload stands in a note beside its part. After a crash it goes on from where it was last made
//! durable, because only that is certain to be what the client sent.

mod writing;

pub use writing::Writing;

use super::{DiskError, Files, Inner, Kind, Label, Name, Pin, Receiving};
use crate::model::{
    Digest, LocalPart, Millis,
    file::{FileName, FileRef, ImageSize, MediaType},
    id::{hex, unhex},
    limits,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
};

const HOUR_MS: u64 = 3_600_000;

/// An upload: random, so that nobody finds another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UploadId(pub [u8; 16]);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl FromStr for UploadId {
    type Err = crate::model::id::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        unhex(text).map(Self)
    }
}

/// Why an upload does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// Not one of this user's, or expired.
    #[error("there is no such upload of yours; it may have expired")]
    Unknown,
    /// Too many at once.
    #[error("{0}")]
    TooMany(String),
    /// Too many in a short time.
    #[error(
        "at most {} uploads of one person begin in an hour; try again later",
        limits::UPLOADS_PER_USER_PER_HOUR_MAX
    )]
    TooFast,
    /// The next piece begins elsewhere.
    #[error("the upload goes on at byte {present}; send `Upload-Offset: {present}`")]
    Offset {
        /// Where it goes on.
        present: u64,
    },
    /// Somebody is writing to it.
    #[error("another request is writing to this upload; wait until it has ended")]
    Busy,
    /// More bytes than were announced.
    #[error("more bytes came than the upload was announced with")]
    TooLong,
    /// The whole has another SHA-256 than was announced.
    #[error("the bytes that came have another SHA-256 than was announced; upload them again")]
    Digest,
    /// The bytes are not of the declared type.
    #[error("the bytes are {found}, which is not the declared type; upload it as what it is")]
    Type {
        /// What they are.
        found: &'static str,
    },
    /// The disk did not do it.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// An upload that is about to begin.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its length, bytes.
    pub bytes: u64,
    /// Its name.
    pub name: FileName,
    /// Its type, as the client says.
    pub declared: Option<MediaType>,
    /// Its SHA-256, as the client says.
    pub digest: Option<Digest>,
}

/// An upload as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadView {
    /// Which.
    pub id: UploadId,
    /// Its whole length, bytes.
    pub bytes: u64,
    /// How much is here, bytes.
    pub offset: u64,
    /// When it is removed if nothing happens to it.
    pub expires_at: Millis,
    /// The file, once it is whole.
    pub file: Option<FileRef>,
}

/// How far an upload is after a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many bytes are here.
    More(u64),
    /// It is whole.
    Finished(FileRef),
}

/// All uploads.
#[derive(Default)]
pub(super) struct Uploads(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    uploads: HashMap<UploadId, Upload>,
    /// When each user began uploads in the last hour.
    begun: HashMap<LocalPart, VecDeque<Millis>>,
}

struct Upload {
    note: Note,
    offset: u64,
    /// The digest so far; none when it has to be computed from the disk.
    hasher: Option<Sha256>,
    busy: bool,
    pin: Option<Pin>,
}

/// What stands beside the part.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    owner: LocalPart,
    bytes: u64,
    name: FileName,
    declared: Option<MediaType>,
    digest: Option<Digest>,
    touched_at: u64,
    /// How much of the part is durable.
    durable: u64,
    file: Option<DoneV1>,
    /// A message has named it: the rows in the database keep its bytes from now on.
    used: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct DoneV1 {
    digest: Digest,
    media_type: MediaType,
    image: Option<ImageSize>,
}

impl Note {
    fn file(&self) -> Option<FileRef> {
        let done = self.file.as_ref()?;
        let (name, media_type) = (self.name.clone(), done.media_type.clone());
        Some(FileRef { digest: done.digest, bytes: self.bytes, name, media_type, image: done.image })
    }
}

impl Uploads {
    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    fn own(&mut self, owner: &LocalPart, id: UploadId) -> Result<&mut Upload, UploadError> {
        self.uploads.get_mut(&id).filter(|upload| upload.note.owner == *owner).ok_or(UploadError::Unknown)
    }

    fn check_room(&mut self, owner: &LocalPart, now: Millis) -> Result<(), UploadError> {
        let open = |upload: &&Upload| !upload.note.used;
        if self.uploads.values().filter(open).count() >= limits::UPLOADS_MAX {
            let text = "too many uploads of all people wait to be finished or posted; try again later";
            return Err(UploadError::TooMany(text.to_owned()));
        }
        let own = self.uploads.values().filter(open).filter(|upload| upload.note.owner == *owner).count();
        if own >= limits::UPLOADS_PER_USER_MAX {
            let text = format!("{own} uploads of yours wait to be finished or posted; finish, post or delete some");
            return Err(UploadError::TooMany(text));
        }
        let begun = self.begun.entry(owner.clone()).or_default();
        while begun.front().is_some_and(|at| now.since(*at) >= HOUR_MS) {
            begun.pop_front();
        }
        if begun.len() >= limits::UPLOADS_PER_USER_PER_HOUR_MAX as usize {
            return Err(UploadError::TooFast);
        }
        begun.push_back(now);
        Ok(())
    }
}

impl Upload {
    fn view(&self, id: UploadId) -> UploadView {
        UploadView {
            id,
            bytes: self.note.bytes,
            offset: self.offset,
            expires_at: Millis(self.note.touched_at).plus(limits::UPLOAD_KEPT_MS),
            file: self.note.file(),
        }
    }
}

impl Files {
    /// Begins an upload. One of this user's that has begun under the id already is what it is.
    ///
    /// # Errors
    /// `TooMany`, `TooFast`; when there is no room for it.
    pub async fn begin_upload(
        &self,
        owner: &LocalPart,
        id: UploadId,
        upload: NewUpload,
    ) -> Result<UploadView, UploadError> {
        let now = self.0.clock.now();
        let bytes = upload.bytes;
        let no_room = move |inner: &Inner| {
            inner.disk.free_bytes().is_ok_and(|free| free < limits::FILES_RESERVE_BYTES.saturating_add(bytes))
        };
        if self.on_disk(no_room).await {
            return Err(DiskError::Full.into());
        }
        if let Ok(known) = self.upload(owner, id) {
            return Ok(known);
        }
        self.0.uploads.lock().check_room(owner, now)?;
        let note = Note {
            owner: owner.clone(),
            bytes,
            name: upload.name,
            declared: upload.declared,
            digest: upload.digest,
            touched_at: now.0,
            durable: 0,
            file: None,
            used: false,
        };
        self.save_note(id, note.clone()).await?;
        let begun = Upload { note, offset: 0, hasher: None, busy: false, pin: None };
        self.0.uploads.lock().uploads.insert(id, begun);
        if bytes == 0 {
            self.write_upload(owner, id, 0).await?.close().await?;
        }
        self.upload(owner, id)
    }

    /// An upload of this user.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn upload(&self, owner: &LocalPart, id: UploadId) -> Result<UploadView, UploadError> {
        Ok(self.0.uploads.lock().own(owner, id)?.view(id))
    }

    /// Goes on with an upload at its present end. Only one request at a time does.
    ///
    /// # Errors
    /// `Unknown`, `Busy`, `Offset`; when the disk fails.
    pub async fn write_upload(&self, owner: &LocalPart, id: UploadId, offset: u64) -> Result<Writing, UploadError> {
        let place = self.0.writers.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (note, hasher, label) = {
            let mut registry = self.0.uploads.lock();
            let upload = registry.own(owner, id)?;
            if upload.busy {
                return Err(UploadError::Busy);
            }
            if upload.offset != offset || upload.note.file.is_some() {
                return Err(UploadError::Offset { present: upload.offset });
            }
            let own = |upload: &&Upload| upload.busy && upload.note.owner == *owner;
            if registry.uploads.values().filter(own).count() >= limits::UPLOADS_WRITING_PER_USER_MAX {
                let text = format!(
                    "at most {} uploads of one person are written at once",
                    limits::UPLOADS_WRITING_PER_USER_MAX
                );
                return Err(UploadError::TooMany(text));
            }
            let upload = registry.own(owner, id)?;
            upload.busy = true;
            (upload.note.clone(), upload.hasher.take(), Label::upload(&id.0))
        };
        // From here on the drop of `writing` frees the upload.
        let mut writing = Writing { files: self.clone(), id, receiving: None, note, _place: place };
        writing.receiving = Some(match hasher {
            Some(hasher) => Receiving::go_on(self.clone(), label, hasher, offset),
            None => Receiving::up_to(self.clone(), label, offset).await?,
        });
        Ok(writing)
    }

    /// Throws an upload away. What a message has named stays.
    ///
    /// # Errors
    /// `Unknown`, `Busy`; when the disk fails.
    pub async fn end_upload(&self, owner: &LocalPart, id: UploadId) -> Result<(), UploadError> {
        {
            let mut registry = self.0.uploads.lock();
            if registry.own(owner, id)?.busy {
                return Err(UploadError::Busy);
            }
            registry.uploads.remove(&id);
        }
        Ok(self.forget_upload(id).await?)
    }

    /// The finished upload's file, and a pin while its bytes are here; `None` in its place when they are not.
    ///
    /// # Errors
    /// `Unknown` when it is not this user's, or not finished; when the disk fails.
    pub async fn finished_upload(
        &self,
        owner: &LocalPart,
        id: UploadId,
    ) -> Result<(FileRef, Option<Pin>), UploadError> {
        let file = self.0.uploads.lock().own(owner, id)?.note.file().ok_or(UploadError::Unknown)?;
        let pin = self.pin(file.digest);
        let here = self.bytes(file.digest).await?.is_some();
        Ok((file, here.then_some(pin)))
    }

    /// A message has named these uploads: from now on only the database's rows keep their bytes.
    pub async fn uploads_used(&self, owner: &LocalPart, ids: &[UploadId]) {
        for id in ids {
            let note = {
                let mut registry = self.0.uploads.lock();
                let Ok(upload) = registry.own(owner, *id) else { continue };
                upload.pin = None;
                upload.note.used = true;
                upload.note.clone()
            };
            if let Err(error) = self.save_note(*id, note).await {
                // It is only kept for longer than it needs to be.
                tracing::warn!(%error, "the note of an upload was not written");
            }
        }
    }

    pub(super) fn load_uploads(&self) -> Result<(), DiskError> {
        for listed in self.0.disk.list(Kind::Notes)? {
            let Name::Note(label) = &listed.name else { continue };
            let Some(id) = label.as_str().strip_prefix("upload-").and_then(|text| text.parse().ok()) else { continue };
            let bytes = self.0.disk.read(&listed.name, 0, usize::MAX, Vec::new())?;
            let Ok(note) = serde_json::from_slice::<Note>(&bytes) else {
                tracing::warn!(%id, "an upload cannot be read and is forgotten");
                self.0.disk.remove(&listed.name)?;
                continue;
            };
            let part = self.0.disk.bytes(&Name::Part(label.clone()))?.unwrap_or(0);
            let offset = if note.file.is_some() { note.bytes } else { note.durable.min(part) };
            let pin = note.file.as_ref().filter(|_| !note.used).map(|file| self.pin(file.digest));
            let upload = Upload { note, offset, hasher: None, busy: false, pin };
            self.0.uploads.lock().uploads.insert(id, upload);
        }
        Ok(())
    }

    pub(super) async fn expire_uploads(&self) -> Result<(), DiskError> {
        let now = self.0.clock.now();
        let expired: Vec<UploadId> = {
            let mut registry = self.0.uploads.lock();
            let is_stale =
                |upload: &Upload| !upload.busy && now.since(Millis(upload.note.touched_at)) > limits::UPLOAD_KEPT_MS;
            let stale = registry.uploads.iter().filter(|(_, upload)| is_stale(upload)).map(|(id, _)| *id).collect();
            registry.uploads.retain(|_, upload| !is_stale(upload));
            registry.begun.retain(|_, begun| begun.back().is_some_and(|at| now.since(*at) < HOUR_MS));
            stale
        };
        for id in expired {
            self.forget_upload(id).await?;
        }
        Ok(())
    }

    /// Removes part and note; a finished content is left to those who look for what nobody names.
    async fn forget_upload(&self, id: UploadId) -> Result<(), DiskError> {
        self.on_disk(move |inner| {
            inner.disk.remove(&Name::Part(Label::upload(&id.0)))?;
            inner.disk.remove(&Name::Note(Label::upload(&id.0)))
        })
        .await
    }

    async fn save_note(&self, id: UploadId, note: Note) -> Result<(), DiskError> {
        let bytes = serde_json::to_vec(&note).expect("a note is a plain structure of text and numbers");
        self.on_disk(move |inner| inner.disk.put(&Name::Note(Label::upload(&id.0)), &bytes)).await
    }
}
