//! Files: what a message says of one, names that are safe to save under, media types, and who may send which (W19, A22).

use super::{Digest, Domain, RoomId, limits, text};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr, sync::Arc};

/// A file as an event names it: its bytes are known by their SHA-256 and stand outside the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Length of the content, bytes.
    pub bytes: u64,
    /// Under which name people know it.
    pub name: FileName,
    /// What it is, as the author's daemon found it to be.
    pub media_type: MediaType,
    /// Size of a picture; none for everything else.
    pub image: Option<ImageSize>,
}

/// A photo of a person or a room: a small picture, made by the daemon of who set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// SHA-256 of the content.
    pub digest: Digest,
    /// Length of the content, bytes; at most [`limits::PHOTO_BYTES_MAX`].
    pub bytes: u64,
}

/// Width and height of a picture, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageSize {
    /// Pixels from left to right; at least 1.
    pub width: u32,
    /// Pixels from top to bottom; at least 1.
    pub height: u32,
}

/// Where a message's author has a file from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSource {
    /// A finished upload of the author; its bytes are here.
    Upload,
    /// An upload whose bytes are not here any more.
    Gone,
    /// The event at this index of a room names it: the author passes it on.
    Room {
        /// Which room.
        room: RoomId,
        /// Which event.
        index: u64,
    },
}

/// Where a file of a room is, for those who may see the event that names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Its bytes are here.
    Here,
    /// Its bytes are on their way from the partner.
    Awaited,
    /// Its event was recalled; the bytes are removed.
    Erased,
}

impl FileState {
    /// The state's name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Awaited => "awaited",
            Self::Erased => "erased",
        }
    }
}

/// Bytes of a recalled event's files, and who has removed them: one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The files that the event named.
    pub digests: Vec<Digest>,
    /// Whether our copies are removed.
    pub done: bool,
    /// Whether the partner's daemon has said that its copies are removed; none where no partner had any.
    pub acknowledged: Option<bool>,
    /// The author's org, as long as it has not been told that our copies are removed.
    pub tell: Option<Domain>,
}

impl Erasure {
    /// Whether something of it is still to be done.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.done || self.tell.is_some() || self.acknowledged == Some(false)
    }
}

/// Why a file's name or type is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Not a name that can be saved everywhere.
    #[error(
        "must be one name of 1 to {} bytes without path, device name, control or bidirectional formatting characters, dot at its start, dot or space at its end",
        limits::FILE_NAME_BYTES_MAX
    )]
    Name,
    /// Not `type/subtype`.
    #[error("must be a media type as image/png: lower case, without parameters")]
    MediaType,
    /// Neither `type/subtype` nor `type/*`.
    #[error("must be a media type as application/pdf, or a family as image/*")]
    MediaRange,
}

/// The name of a file: what no operating system takes for a path, a device, an option or a hidden file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(Arc<str>);

/// What names of no file may hold, because some system gives it a meaning.
const FORBIDDEN: &[char] = &['/', '\\', ':', '*', '?', '"', '<', '>', '|'];
/// Names that Windows takes for devices, whatever follows their first dot.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];
/// The same with one digit behind them.
const NUMBERED_DEVICES: &[&str] = &["com", "lpt"];

impl FileName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest safe name to what a client called the file: without path, what is forbidden replaced by `_`, cut to
    /// length before its extension.
    #[must_use]
    pub fn clean(text: &str) -> Self {
        let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let safe: String = last.chars().map(|c| if is_forbidden(c) { '_' } else { c }).collect();
        let safe = safe.trim_start_matches(['.', ' ', '-']).trim_end_matches(['.', ' ']);
        let safe = shorten(safe, limits::FILE_NAME_BYTES_MAX - 1);
        let safe = if is_device(&safe) { format!("_{safe}") } else { safe };
        safe.parse().unwrap_or_else(|_| Self("file".into()))
    }
}

fn is_forbidden(c: char) -> bool {
    FORBIDDEN.contains(&c) || !text::fits_line(c)
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |prefix: &&str| {
        stem.strip_prefix(*prefix).is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(numbered)
}

/// Cuts in front of the extension, at a boundary of characters.
fn shorten(name: &str, bytes_max: usize) -> String {
    if name.len() <= bytes_max {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.len() <= 16 => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let mut end = bytes_max.saturating_sub(extension.len()).min(stem.len());
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{extension}", stem[..end].trim_end_matches(['.', ' ']))
}

impl FromStr for FileName {
    type Err = FileError;

    fn from_str(text: &str) -> Result<Self, FileError> {
        let fits = (1..=limits::FILE_NAME_BYTES_MAX).contains(&text.len())
            && !text.chars().any(is_forbidden)
            && !text.starts_with(['.', ' ', '-'])
            && !text.ends_with(['.', ' '])
            && !is_device(text);
        if fits { Ok(Self(text.into())) } else { Err(FileError::Name) }
    }
}

/// A media type: `type/subtype` in lower case, without parameters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MediaType(Arc<str>);

impl MediaType {
    /// Bytes of which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self("application/octet-stream".into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers may show it in place: still pictures that hold nothing active.
    #[must_use]
    pub fn is_safe_image(&self) -> bool {
        matches!(self.as_str(), "image/jpeg" | "image/png" | "image/gif" | "image/webp")
    }
}

fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$&^_.+-".contains(&byte);
    text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) && text.bytes().all(fits)
}

impl FromStr for MediaType {
    type Err = FileError;

    fn from_str(text: &str) -> Result<Self, FileError> {
        let named = text.split_once('/').is_some_and(|(family, kind)| is_token(family) && is_token(kind));
        if named && text.len() <= limits::MEDIA_TYPE_BYTES_MAX {
            Ok(Self(text.into()))
        } else {
            Err(FileError::MediaType)
        }
    }
}

/// One media type, or all of a family as `image/*`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaRange(Arc<str>);

impl MediaRange {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the type is meant.
    #[must_use]
    pub fn holds(&self, media_type: &MediaType) -> bool {
        match self.0.strip_suffix('*') {
            Some(family) => media_type.as_str().starts_with(family),
            None => *self.0 == *media_type.0,
        }
    }
}

impl FromStr for MediaRange {
    type Err = FileError;

    fn from_str(text: &str) -> Result<Self, FileError> {
        let family = text.strip_suffix("/*").is_some_and(is_token) && text.len() <= limits::MEDIA_TYPE_BYTES_MAX;
        if family || text.parse::<MediaType>().is_ok() { Ok(Self(text.into())) } else { Err(FileError::MediaRange) }
    }
}

/// What an org allows of files that cross its border, in either direction (P3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FilePolicy {
    /// Whether its people may send files.
    pub sending: bool,
    /// The largest file, bytes.
    pub bytes_max: u64,
    /// The only types that are allowed; all when empty.
    pub allowed: Vec<MediaRange>,
    /// Types that are not.
    pub forbidden: Vec<MediaRange>,
    /// How long what its people delete from folders can be brought back, days.
    pub folder_kept_days: u64,
}

impl Default for FilePolicy {
    fn default() -> Self {
        Self {
            sending: true,
            bytes_max: limits::FILE_BYTES_DEFAULT,
            allowed: Vec::new(),
            forbidden: Vec::new(),
            folder_kept_days: limits::FOLDER_KEPT_DAYS_DEFAULT,
        }
    }
}

impl FilePolicy {
    /// Whether a file of this type may cross.
    #[must_use]
    pub fn takes(&self, media_type: &MediaType) -> bool {
        let named = |ranges: &[MediaRange]| ranges.iter().any(|range| range.holds(media_type));
        (self.allowed.is_empty() || named(&self.allowed)) && !named(&self.forbidden)
    }
}

macro_rules! text_rows {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

text_rows!(FileName);
text_rows!(MediaType);
text_rows!(MediaRange);

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What people called something never reaches a log by accident.
        write!(f, "FileName({} bytes)", self.0.len())
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MediaRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
