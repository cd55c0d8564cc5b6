//! Events as JSON: written once by the author's daemon, and never written again (`docs/adr/0004`).
//!
//! All events share their head; each kind has a type for the fields that are its own.

mod calendar;
mod call;
mod change;
mod folder;
mod message;
mod note;

use super::{
    WireError,
    strict::{self, Integer, refuse},
};
use crate::model::{
    Address, EventId,
    event::{Act, Content, Event, Sealed},
    limits,
};
use change::{CreatedV1, ExcludedV1, MemberRoleV1, UsersV1};
use message::{EditV1, MessageV1, ReactV1, RecallV1};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor, value::MapDeserializer},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

const OBJECT: &str = "event";
const UNKNOWN: WireError = WireError::UnknownType { object: OBJECT };

/// Writes an event of our own making, and keeps the bytes with it.
#[must_use]
pub fn seal(event: Event) -> Sealed {
    let bytes = write(&event).into();
    Sealed { event, bytes }
}

/// Reads an event, and keeps its exact bytes.
///
/// # Errors
/// `UnknownType` for a kind of a later version; otherwise what is wrong with it.
pub fn open(bytes: &[u8]) -> Result<Sealed, WireError> {
    let text = strict::scan(OBJECT, bytes, limits::EVENT_BYTES_MAX)?;
    open_scanned(text)
}

/// As [`open`], for text that was scanned as a part of something larger.
pub(super) fn open_scanned(text: &str) -> Result<Sealed, WireError> {
    if text.len() > limits::EVENT_BYTES_MAX {
        return Err(WireError::TooLarge { object: OBJECT, bytes_max: limits::EVENT_BYTES_MAX });
    }
    let EventV1 { id, author, made_at, kind, fields } = strict::read(OBJECT, text)?;
    let content = read(&kind, fields)?;
    let event = Event { id, author, made_at: made_at.into(), content };
    Ok(Sealed { event, bytes: text.as_bytes().into() })
}

/// The event without what its author said: what is left of it to be shown after it was taken back.
///
/// # Errors
/// When the bytes are not an event.
pub fn tombstone(bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    let text = strict::scan(OBJECT, bytes, limits::EVENT_BYTES_MAX)?;
    let EventV1 { id, author, made_at, kind, .. } = strict::read(OBJECT, text)?;
    Ok(strict::write(&HeadedV1 { id, author: author.as_ref(), made_at, kind: &kind, fields: NothingV1 {} }))
}

fn write(event: &Event) -> Vec<u8> {
    match &event.content {
        Content::Act(act) => write_act(event, act),
        Content::Created { name } => headed(event, "created", CreatedV1 { name: name.clone() }),
        Content::Joined { users } => headed(event, "joined", UsersV1 { users: users.clone() }),
        Content::Removed { users } => headed(event, "removed", UsersV1 { users: users.clone() }),
        Content::Excluded { users, cause } => headed(event, "excluded", ExcludedV1::new(users, *cause)),
        Content::Role { user, role } => headed(event, "role", MemberRoleV1::new(user, *role)),
        Content::Settings(change) => headed(event, "settings", super::words::SettingsV1::from(change)),
    }
}

fn write_act(event: &Event, act: &Act) -> Vec<u8> {
    match act {
        Act::Message(message) => headed(event, "message", MessageV1::from(message)),
        Act::Edit(edit) => headed(event, "edit", EditV1::from(edit)),
        Act::Recall(recall) => headed(event, "recall", RecallV1::from(recall)),
        Act::React(react) => headed(event, "react", ReactV1::from(react)),
        Act::Note(note) => note::write(event, note),
        Act::Calendar(calendar) => calendar::write(event, calendar),
        Act::Folder(folder) => folder::write(event, folder),
        Act::Call(entry) => call::write(event, entry),
    }
}

fn read(kind: &str, fields: Fields<'_>) -> Result<Content, WireError> {
    Ok(match kind {
        "message" => Content::Act(Act::Message(fields.read::<MessageV1>()?.into_message()?)),
        "edit" => Content::Act(Act::Edit(fields.read::<EditV1>()?.into_edit()?)),
        "recall" => Content::Act(Act::Recall(fields.read::<RecallV1>()?.into())),
        "react" => Content::Act(Act::React(fields.read::<ReactV1>()?.into())),
        "call" => Content::Act(Act::Call(fields.read::<call::CallV1>()?.into_entry()?)),
        "created" => Content::Created { name: fields.read::<CreatedV1>()?.name },
        "joined" => Content::Joined { users: fields.read::<UsersV1>()?.into_users()? },
        "removed" => Content::Removed { users: fields.read::<UsersV1>()?.into_users()? },
        "excluded" => fields.read::<ExcludedV1>()?.into_content()?,
        "role" => fields.read::<MemberRoleV1>()?.into_content(),
        "settings" => Content::Settings(fields.read::<super::words::SettingsV1>()?.into_change(OBJECT)?),
        _ if kind.starts_with("note") => Content::Act(Act::Note(note::read(kind, fields)?)),
        _ if kind.starts_with("date") => Content::Act(Act::Calendar(calendar::read(kind, fields)?)),
        _ if kind.starts_with("folder") => Content::Act(Act::Folder(folder::read(kind, fields)?)),
        _ => return Err(UNKNOWN),
    })
}

/// An event to be written: its head, then the fields of its kind.
#[derive(Serialize)]
struct HeadedV1<'a, F: Serialize> {
    id: EventId,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<&'a Address>,
    made_at: Integer,
    kind: &'a str,
    #[serde(flatten)]
    fields: F,
}

#[derive(Serialize)]
struct NothingV1 {}

fn headed(event: &Event, kind: &'static str, fields: impl Serialize) -> Vec<u8> {
    let Event { id, author, made_at, .. } = event;
    strict::write(&HeadedV1 { id: *id, author: author.as_ref(), made_at: (*made_at).into(), kind, fields })
}

/// An event that was read as far as its head. What belongs to the kind is read when the kind is known, wherever in the
/// object it stands.
struct EventV1<'a> {
    id: EventId,
    author: Option<Address>,
    made_at: Integer,
    kind: Cow<'a, str>,
    fields: Fields<'a>,
}

/// The fields beside the head.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// All of them as the type of the kind; not one may be left over.
    fn read<T: Deserialize<'a>>(self) -> Result<T, WireError> {
        let read = T::deserialize(MapDeserializer::new(self.0.into_iter()));
        read.map_err(|error: serde_json::Error| WireError::Form { object: OBJECT, at: error.column() })
    }
}

impl<'de> Deserialize<'de> for EventV1<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EventVisitor)
    }
}

/// The name of a field, borrowed when it holds no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct EventVisitor;

impl<'de> Visitor<'de> for EventVisitor {
    type Value = EventV1<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EventV1<'de>, A::Error> {
        let (mut id, mut author, mut made_at, mut kind) = (None, None, None, None);
        let mut fields = Vec::with_capacity(4);
        while let Some(Name(name)) = map.next_key()? {
            match &*name {
                "id" => once(&mut id, "id", map.next_value()?)?,
                "author" => once(&mut author, "author", map.next_value()?)?,
                "made_at" => once(&mut made_at, "made_at", map.next_value()?)?,
                "kind" => once(&mut kind, "kind", map.next_value::<Name<'de>>()?.0)?,
                _ => fields.push((name, map.next_value()?)),
            }
        }
        let missing = A::Error::missing_field;
        Ok(EventV1 {
            id: id.ok_or_else(|| missing("id"))?,
            author,
            made_at: made_at.ok_or_else(|| missing("made_at"))?,
            kind: kind.ok_or_else(|| missing("kind"))?,
            fields: Fields(fields),
        })
    }
}

fn once<T, E: serde::de::Error>(slot: &mut Option<T>, field: &'static str, value: T) -> Result<(), E> {
    if slot.replace(value).is_some() { Err(E::duplicate_field(field)) } else { Ok(()) }
}

fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, WireError> {
    value.map_or_else(|| refuse(OBJECT, field, "is missing"), Ok)
}

fn absent<T>(field: &'static str, value: Option<&T>) -> Result<(), WireError> {
    if value.is_some() { refuse(OBJECT, field, "belongs to another kind") } else { Ok(()) }
}

/// People who are named; an empty list is left out.
fn people(
    field: &'static str,
    users: Option<Vec<Address>>,
    count_max: usize,
    why: &'static str,
) -> Result<Vec<Address>, WireError> {
    match users {
        None => Ok(Vec::new()),
        Some(users) if (1..=count_max).contains(&users.len()) => Ok(users),
        Some(_) => refuse(OBJECT, field, why),
    }
}

#[cfg(test)]
mod tests;
