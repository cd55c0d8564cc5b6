//! Events as JSON: written once by the author's daemon, and never written again (`docs/adr/0004`).

use super::{
    WireError,
    strict::{self, Integer, ensure, present, refuse},
    words::{CodeV1, HistoryV1, RoleV1},
};
use crate::model::{
    Address, EventId,
    event::{Content, Event, Message, Sealed, SettingsChange},
    limits,
    text::{Description, MessageText, RoomName},
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

const OBJECT: &str = "event";

/// Writes an event of our own making, and keeps the bytes with it.
#[must_use]
pub fn seal(event: Event) -> Sealed {
    let bytes = strict::write(&EventV1::from(&event)).into();
    Sealed { event, bytes }
}

/// What is shown of an event whose text was erased: who, when, and that it is gone. Never crosses a link.
#[must_use]
pub fn erased(event: &Event) -> Vec<u8> {
    strict::write(&EventV1::blank(event, "erased"))
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
    let event = match strict::read::<EventV1<'_>>(OBJECT, text) {
        Ok(parsed) => parsed.into_event()?,
        Err(error) => return Err(if is_unknown_kind(text) { UNKNOWN } else { error }),
    };
    Ok(Sealed { event, bytes: text.as_bytes().into() })
}

const UNKNOWN: WireError = WireError::UnknownType { object: OBJECT };

/// Every field of every kind. One flat object reads in one pass; which fields belong to the kind is checked after.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventV1<'a> {
    id: EventId,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    author: Option<Address>,
    made_at: Integer,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    text: Option<MessageText>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    reply_to: Option<Integer>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    mentions: Option<Vec<Address>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    name: Option<RoomName>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    description: Option<Description>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    history: Option<HistoryV1>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    users: Option<Vec<Address>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    cause: Option<CodeV1>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    user: Option<Address>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    role: Option<RoleV1>,
}

impl From<&Event> for EventV1<'static> {
    fn from(event: &Event) -> Self {
        let blank = |kind| EventV1::blank(event, kind);
        match &event.content {
            Content::Message(message) => Self {
                text: Some(message.text.clone()),
                reply_to: message.reply_to.map(Integer),
                mentions: Some(message.mentions.clone()).filter(|mentions| !mentions.is_empty()),
                ..blank("message")
            },
            Content::Created { name } => Self { name: Some(name.clone()), ..blank("created") },
            Content::Joined { users } => Self { users: Some(users.clone()), ..blank("joined") },
            Content::Removed { users } => Self { users: Some(users.clone()), ..blank("removed") },
            Content::Excluded { users, cause } => {
                Self { users: Some(users.clone()), cause: Some(CodeV1(*cause)), ..blank("excluded") }
            }
            Content::Role { user, role } => {
                Self { user: Some(user.clone()), role: Some((*role).into()), ..blank("role") }
            }
            Content::Settings(change) => Self {
                name: change.name.clone(),
                description: change.description.clone(),
                history: change.history.map(Into::into),
                ..blank("settings")
            },
        }
    }
}

impl EventV1<'static> {
    fn blank(event: &Event, kind: &'static str) -> Self {
        Self {
            id: event.id,
            author: event.author.clone(),
            made_at: event.made_at.into(),
            kind: Cow::Borrowed(kind),
            text: None,
            reply_to: None,
            mentions: None,
            name: None,
            description: None,
            history: None,
            users: None,
            cause: None,
            user: None,
            role: None,
        }
    }
}

impl EventV1<'_> {
    fn into_event(mut self) -> Result<Event, WireError> {
        let content = self.take_content()?;
        self.check_empty()?;
        Ok(Event { id: self.id, author: self.author, made_at: self.made_at.into(), content })
    }

    /// Takes the fields that belong to the kind.
    fn take_content(&mut self) -> Result<Content, WireError> {
        Ok(match &*self.kind {
            "message" => Content::Message(Message {
                text: needed("text", self.text.take())?,
                reply_to: self.reply_to.take().map(|index| index.0),
                mentions: mentions(self.mentions.take())?,
            }),
            "created" => Content::Created { name: needed("name", self.name.take())? },
            "joined" => Content::Joined { users: users(self.users.take())? },
            "removed" => Content::Removed { users: users(self.users.take())? },
            "excluded" => {
                Content::Excluded { users: users(self.users.take())?, cause: needed("cause", self.cause.take())?.0 }
            }
            "role" => Content::Role {
                user: needed("user", self.user.take())?,
                role: needed("role", self.role.take())?.into(),
            },
            "settings" => Content::Settings(SettingsChange {
                name: self.name.take(),
                description: self.description.take(),
                history: self.history.take().map(Into::into),
            }),
            _ => return Err(UNKNOWN),
        })
    }

    /// Whatever is left belongs to another kind.
    fn check_empty(&self) -> Result<(), WireError> {
        let message = self.text.is_none() && self.reply_to.is_none() && self.mentions.is_none();
        let settings = self.name.is_none() && self.description.is_none() && self.history.is_none();
        let members = self.users.is_none() && self.cause.is_none() && self.user.is_none() && self.role.is_none();
        ensure(message && settings && members, OBJECT, "kind", "does not have all of these fields")
    }
}

fn needed<T>(field: &'static str, value: Option<T>) -> Result<T, WireError> {
    value.map_or_else(|| refuse(OBJECT, field, "is missing"), Ok)
}

fn users(users: Option<Vec<Address>>) -> Result<Vec<Address>, WireError> {
    let users = needed("users", users)?;
    ensure((1..=limits::MEMBERS_MAX).contains(&users.len()), OBJECT, "users", "must name 1 to 500 people")?;
    Ok(users)
}

fn mentions(mentions: Option<Vec<Address>>) -> Result<Vec<Address>, WireError> {
    let Some(mentions) = mentions else { return Ok(Vec::new()) };
    ensure((1..=limits::MENTIONS_MAX).contains(&mentions.len()), OBJECT, "mentions", "must be absent or name 1 to 50")?;
    Ok(mentions)
}

/// Whether what could not be read is an event of a later version: well formed, with a kind that is not ours.
fn is_unknown_kind(text: &str) -> bool {
    #[derive(Deserialize)]
    struct LaterV1<'a> {
        #[serde(rename = "id")]
        _id: EventId,
        #[serde(rename = "made_at")]
        _made_at: Integer,
        #[serde(borrow)]
        kind: Cow<'a, str>,
    }
    const KNOWN: [&str; 7] = ["message", "created", "joined", "removed", "excluded", "role", "settings"];
    strict::read::<LaterV1<'_>>(OBJECT, text).is_ok_and(|later| !KNOWN.contains(&&*later.kind))
}

#[cfg(test)]
mod tests;
