//! A file as events name it: `{"digest","bytes","name","media_type"}`, and `image` for pictures (W19).

use super::{
    WireError,
    strict::{Integer, ensure, present, refuse},
};
use crate::{
    crypto::object::Object,
    model::{
        Digest,
        file::{FileName, FilePolicy, FileRef, ImageSize, MediaRange, MediaType, Photo},
        limits,
    },
};
use serde::{Deserialize, Serialize};

/// A file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileV1 {
    digest: Digest,
    bytes: Integer,
    name: FileName,
    media_type: MediaType,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    image: Option<Object<ImageV1>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageV1 {
    width: Integer,
    height: Integer,
}

impl From<&FileRef> for FileV1 {
    fn from(file: &FileRef) -> Self {
        let image = |size: ImageSize| {
            Object(ImageV1 { width: Integer(size.width.into()), height: Integer(size.height.into()) })
        };
        Self {
            digest: file.digest,
            bytes: Integer(file.bytes),
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            image: file.image.map(image),
        }
    }
}

impl FileV1 {
    fn into_file(self, object: &'static str) -> Result<FileRef, WireError> {
        ensure(self.bytes.0 <= limits::FILE_BYTES_MAX, object, "files", "must be at most 16 GiB each")?;
        let image = self.image.map(|Object(size)| size.into_size(object)).transpose()?;
        let (name, media_type) = (self.name, self.media_type);
        Ok(FileRef { digest: self.digest, bytes: self.bytes.0, name, media_type, image })
    }
}

impl ImageV1 {
    fn into_size(self, object: &'static str) -> Result<ImageSize, WireError> {
        let side =
            |pixels: Integer| u32::try_from(pixels.0).ok().filter(|side| (1..=limits::IMAGE_PIXELS_MAX).contains(side));
        match (side(self.width), side(self.height)) {
            (Some(width), Some(height)) => Ok(ImageSize { width, height }),
            _ => refuse(object, "image", "must be 1 to 1,048,576 pixels wide and high"),
        }
    }
}

/// A photo of a person or a room: `{"digest","bytes"}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PhotoV1 {
    digest: Digest,
    bytes: Integer,
}

impl From<Photo> for PhotoV1 {
    fn from(photo: Photo) -> Self {
        Self { digest: photo.digest, bytes: Integer(photo.bytes) }
    }
}

impl PhotoV1 {
    pub(super) fn into_photo(self, object: &'static str) -> Result<Photo, WireError> {
        let fits = (1..=limits::PHOTO_BYTES_MAX).contains(&self.bytes.0);
        ensure(fits, object, "photo", "must have 1 to 65,536 bytes")?;
        Ok(Photo { digest: self.digest, bytes: self.bytes.0 })
    }
}

/// What files an org takes: `{"bytes_max"}`, and `allowed` and `forbidden` types where it makes a difference.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulesV1 {
    bytes_max: Integer,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    allowed: Option<Vec<MediaRange>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    forbidden: Option<Vec<MediaRange>>,
}

impl From<&FilePolicy> for RulesV1 {
    fn from(policy: &FilePolicy) -> Self {
        let listed = |ranges: &Vec<MediaRange>| Some(ranges.clone()).filter(|ranges| !ranges.is_empty());
        let (allowed, forbidden) = (listed(&policy.allowed), listed(&policy.forbidden));
        Self { bytes_max: Integer(policy.bytes_max), allowed, forbidden }
    }
}

impl RulesV1 {
    pub(super) fn into_policy(self) -> Result<FilePolicy, WireError> {
        const OBJECT: &str = "hello";
        let (allowed, forbidden) = (self.allowed.unwrap_or_default(), self.forbidden.unwrap_or_default());
        let fits = allowed.len().max(forbidden.len()) <= limits::MEDIA_RANGES_MAX;
        ensure(fits, OBJECT, "files", "must name at most 64 types a list")?;
        // What only the org's own people are asked is its own affair.
        Ok(FilePolicy { bytes_max: self.bytes_max.0, allowed, forbidden, ..FilePolicy::default() })
    }
}

/// Files for writing; none when there are none.
pub(super) fn write_list(files: &[FileRef]) -> Option<Vec<Object<FileV1>>> {
    (!files.is_empty()).then(|| files.iter().map(|file| Object(file.into())).collect())
}

/// Files that were read. A list that is there is not empty.
pub(super) fn read_list(object: &'static str, files: Option<Vec<Object<FileV1>>>) -> Result<Vec<FileRef>, WireError> {
    let Some(files) = files else { return Ok(Vec::new()) };
    let fits = (1..=limits::FILES_PER_MESSAGE_MAX).contains(&files.len());
    ensure(fits, object, "files", "must be absent or name 1 to 10")?;
    files.into_iter().map(|Object(file)| file.into_file(object)).collect()
}
