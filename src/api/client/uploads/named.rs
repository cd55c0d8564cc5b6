//! The files of a request: looked up, kept from being removed, and freed when the request has ended.

use crate::{
    api::{
        client::{ClientContext, caller::Caller},
        problem::Problem,
    },
    core::{
        files::named_by,
        rooms::{member_of, visible},
    },
    files::{Pin, UploadError, UploadId},
    model::{
        Code, Digest, RoomId,
        file::{FileRef, FileSource},
    },
};

/// Files that a request names.
#[derive(Debug, Default)]
pub struct Named {
    /// The files.
    pub files: Vec<FileRef>,
    /// Where each is from.
    pub sources: Vec<FileSource>,
    uploads: Vec<UploadId>,
    pins: Vec<Pin>,
}

impl Named {
    pub(super) async fn add_upload(
        &mut self,
        context: &ClientContext,
        caller: &Caller,
        id: UploadId,
    ) -> Result<(), Problem> {
        let (file, pin) = context.files.finished_upload(&caller.user, id).await.map_err(|error| match error {
            UploadError::Unknown => missing(),
            error => error.into(),
        })?;
        self.files.push(file);
        // The core refuses what is gone, unless the request was done before.
        self.sources.push(if pin.is_some() { FileSource::Upload } else { FileSource::Gone });
        self.uploads.push(id);
        self.pins.extend(pin);
        Ok(())
    }

    /// A file of a message that the caller may see. Whether it may be passed on is asked by the core, in one step with
    /// the post.
    pub(super) fn add_known(
        &mut self,
        context: &ClientContext,
        caller: &Caller,
        (id, index): (RoomId, u64),
        digest: Digest,
    ) -> Result<(), Problem> {
        let state = context.engine.state();
        let room = member_of(&state, &caller.user, id).map_err(|_| missing())?;
        if !visible(&state, &caller.user, room, index) {
            return Err(missing());
        }
        let item = context.engine.reader().item(id, index)?.ok_or_else(missing)?;
        let file = named_by(&item.event).iter().find(|file| file.digest == digest).ok_or_else(missing)?;
        self.pins.push(context.files.pin(digest));
        self.files.push(file.clone());
        self.sources.push(FileSource::Room { room: id, index });
        Ok(())
    }

    /// The request was done: rows of the database keep the bytes from now on.
    pub async fn done(self, context: &ClientContext, caller: &Caller) {
        context.files.uploads_used(&caller.user, &self.uploads).await;
    }
}

fn missing() -> Problem {
    let detail = "files names one that is neither a finished upload of yours nor in a message that you may see";
    Problem { field: Some("files".into()), ..Problem::new(Code::NoSuchFile, detail) }
}
