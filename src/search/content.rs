//! What of an event can be found: the one place that a new kind of event has to be added to.
//!
//! An entry of the index stands for an *item* of a room, named by the index of the event that made it. A later event can
//! replace what stands there or take it away; applying an event again changes nothing.

use super::question::Kind;
use crate::model::{
    Address, Millis, RoomId,
    event::{Content, Event},
};

/// One item as it can be found. Does not print: it holds what people wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which room.
    pub room: RoomId,
    /// The event that made the item.
    pub index: u64,
    /// The event that holds the words; the same until the item is edited.
    pub source: u64,
    /// When the item became durable here.
    pub at: Millis,
    /// Who made it; none when a rule did.
    pub author: Option<Address>,
    /// What it is.
    pub kind: Kind,
    /// Its words.
    pub text: String,
}

/// What an event does to the index.
#[derive(Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: no words.
    Nothing,
    /// A new item.
    Add(Entry),
}

/// What the event at this place of a room does to the index.
#[must_use]
pub fn effect(room: RoomId, index: u64, at: Millis, event: Event) -> Effect {
    let Some((kind, text)) = words_of(&event) else { return Effect::Nothing };
    Effect::Add(Entry { room, index, source: index, at, author: event.author, kind, text })
}

/// Kind and words of what can be found.
#[must_use]
pub fn words_of(event: &Event) -> Option<(Kind, String)> {
    match &event.content {
        Content::Message(message) => Some((Kind::Message, message.text.as_str().to_owned())),
        Content::Created { .. }
        | Content::Joined { .. }
        | Content::Removed { .. }
        | Content::Excluded { .. }
        | Content::Role { .. }
        | Content::Settings(_) => None,
    }
}
