//! Words of the wire that stand for model values.

use super::{
    WireError,
    file::PhotoV1,
    strict::{Integer, ensure, present},
};
use crate::crypto::object::Object;
use crate::model::{
    Code, EpochId, Millis,
    calendar::Attendance,
    event::{Role, SettingsChange},
    record::Epoch,
    room::{History, RoomKind},
    text::{Description, RoomName},
    tool::{Callers, RulesChange, Tool},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::borrow::Cow;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident for $model:ident { $($word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum $name { $($word,)* }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(match self { $(Self::$word => $text,)* })
            }
        }

        // By hand, because a derived one would also read `{"word": null}`.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match &*std::borrow::Cow::<'de, str>::deserialize(deserializer)? {
                    $($text => Ok(Self::$word),)*
                    _ => Err(serde::de::Error::custom("unknown word")),
                }
            }
        }

        impl From<$model> for $name {
            fn from(value: $model) -> Self {
                match value { $($model::$word => Self::$word,)* }
            }
        }

        impl From<$name> for $model {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word,)* }
            }
        }
    };
}

pub(super) use words;

/// Numbers of records and of bytes.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SizeV1 {
    pub(super) records: Integer,
    pub(super) bytes: Integer,
}

words!(
    /// A member's role.
    RoleV1 for Role { Member = "member", Master = "master", }
);
words!(
    /// What new members see.
    HistoryV1 for History { Arrival = "arrival", All = "all", }
);
words!(
    /// A kind of room. Internal rooms never cross, but the word is known so that it is refused by rule, not by form.
    RoomKindV1 for RoomKind { Internal = "internal", Direct = "direct", Group = "group", }
);

words!(
    /// Who may call all members.
    CallersV1 for Callers { Members = "members", Masters = "masters", }
);
words!(
    /// A tool that is on.
    ToolV1 for Tool { Note = "note", Calendar = "calendar", Folder = "folder", }
);

words!(
    /// Whether somebody comes.
    AttendanceV1 for Attendance { Yes = "yes", No = "no", Maybe = "maybe", }
);

/// A code that must be one of this version's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodeV1(pub Code);

impl Serialize for CodeV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for CodeV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|()| D::Error::custom("unknown code"))
    }
}

/// A code in a verdict: one of a later version reads as `INVALID`, so that the verdict itself still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VerdictV1(pub Code);

impl Serialize for VerdictV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for VerdictV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let letters = text.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
        if !letters || text.is_empty() || text.len() > 32 {
            return Err(D::Error::custom("not a code"));
        }
        Ok(Self(text.parse().unwrap_or(Code::Invalid)))
    }
}

/// Changed settings of a room.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettingsV1 {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name: Option<RoomName>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    description: Option<Description>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    history: Option<HistoryV1>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    note: Option<bool>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    calendar: Option<bool>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    folder: Option<bool>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    callers: Option<CallersV1>,
    /// Feature `room-files`; 0 for no rule of the room's own.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    file_bytes_max: Option<Integer>,
    /// Feature `photos`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    photo: Option<Object<PhotoV1>>,
    /// Only ever true: the photo is taken away.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    no_photo: Option<bool>,
}

impl From<&SettingsChange> for SettingsV1 {
    fn from(change: &SettingsChange) -> Self {
        Self {
            name: change.name.clone(),
            description: change.description.clone(),
            history: change.history.map(Into::into),
            note: change.rules.note,
            calendar: change.rules.calendar,
            folder: change.rules.folder,
            callers: change.rules.callers.map(Into::into),
            file_bytes_max: change.rules.file_bytes_max.map(Integer),
            photo: change.photo.flatten().map(|photo| Object(photo.into())),
            no_photo: (change.photo == Some(None)).then_some(true),
        }
    }
}

impl SettingsV1 {
    pub(super) fn into_change(self, object: &'static str) -> Result<SettingsChange, WireError> {
        let Self { name, description, history, note, calendar, folder, callers, file_bytes_max, .. } = self;
        ensure(self.no_photo != Some(false), object, "no_photo", "must be absent or true")?;
        ensure(self.photo.is_none() || self.no_photo.is_none(), object, "no_photo", "goes with no photo")?;
        let photo = self.photo.map(|Object(photo)| photo.into_photo(object)).transpose()?;
        let photo = if self.no_photo.is_some() { Some(None) } else { photo.map(Some) };
        let file_bytes_max = file_bytes_max.map(|bytes| bytes.0);
        let rules = RulesChange { note, calendar, folder, callers: callers.map(Into::into), file_bytes_max };
        Ok(SettingsChange { name, description, history: history.map(Into::into), rules, photo })
    }
}

impl From<Integer> for Millis {
    fn from(integer: Integer) -> Self {
        Self(integer.0)
    }
}

impl From<Millis> for Integer {
    fn from(time: Millis) -> Self {
        Self(time.0)
    }
}

/// An epoch of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EpochV1 {
    n: Integer,
    id: EpochId,
}

impl From<Epoch> for EpochV1 {
    fn from(epoch: Epoch) -> Self {
        Self { n: Integer(epoch.n), id: epoch.id }
    }
}

impl EpochV1 {
    pub(super) fn into_epoch(self, object: &'static str) -> Result<Epoch, WireError> {
        ensure(self.n.0 >= 1, object, "epoch", "starts at 1")?;
        Ok(Epoch { n: self.n.0, id: self.id })
    }
}

/// Features of the protocol, as cards and hellos name them.
pub(super) fn check_features(object: &'static str, features: &[String]) -> Result<(), WireError> {
    let is_name = |name: &String| {
        (1..=32).contains(&name.len()) && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
    };
    ensure(features.len() <= 32, object, "features", "must be at most 32")?;
    ensure(features.iter().all(is_name), object, "features", "must be 1 to 32 of a-z, 0-9, - and . each")
}
