//! Files: what a message names, uploads, and where files are.

use crate::model::file;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::{IntoParams, ToSchema};

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct File {
    /// SHA-256 of its content.
    pub digest: String,
    /// Its length, bytes.
    pub bytes: u64,
    /// Its name: safe to save under.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Size of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageSize>,
}

/// Size of a picture, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageSize {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// A file that a message is to name: either `upload`, or `room`, `index` and `digest` of one that is passed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    /// A finished upload of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// The room of a message that names the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The index of that message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// The file's digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// An upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Its whole length, bytes.
    pub bytes: u64,
    /// How much is here, bytes.
    pub offset: u64,
    /// When it is removed if nothing happens to it.
    pub expires_at: u64,
    /// The file, once it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
}

/// Where a file of an event is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FilePlace {
    /// Which file.
    pub digest: String,
    /// `here`, `awaited` (its bytes are on their way from the partner) or `erased` (its event was recalled).
    pub state: Cow<'static, str>,
}

/// A file that goes with something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attachment {
    /// The index of the event that names it.
    pub index: u64,
    /// What it is; its bytes are read as those of any file of the room.
    pub file: File,
    /// `here`, or `awaited`: its bytes are on their way from the partner.
    pub state: Cow<'static, str>,
}

/// Who has removed the bytes of a recalled event's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    /// Whether they are removed here.
    pub here: bool,
    /// Whether the partner's daemon has said that they are removed there; absent where it need not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<bool>,
}

/// Live: files of an event are elsewhere than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FilesMoved {
    /// Which room.
    pub room: String,
    /// Which event.
    pub index: u64,
    /// Where they are.
    pub files: Vec<FilePlace>,
    /// After a recall: who has removed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
}

impl From<&file::FileRef> for File {
    fn from(file: &file::FileRef) -> Self {
        Self {
            digest: file.digest.to_string(),
            bytes: file.bytes,
            name: file.name.to_string(),
            media_type: file.media_type.to_string(),
            image: file.image.map(|size| ImageSize { width: size.width, height: size.height }),
        }
    }
}

/// As what a file is read.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FileQuery {
    /// The index of an event that names it: the file is called as this event calls it. The first that one may see when
    /// absent. What stands in the folder is called as the folder calls it now.
    #[param(value_type = Option<u64>)]
    pub index: Option<String>,
}
