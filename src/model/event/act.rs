//! What members do in a room: they make items, and change them (P19, P20).
//!
//! An *item* is what an event made, and is named by the index of that event.

use super::{Content, Regards};
use crate::model::{
    Address,
    text::{Emoji, MessageText},
};

/// What a member did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Said something. Makes an item.
    Message(Message),
    /// Replaced the text of a message of one's own.
    Edit(Edit),
    /// Took a message back: one's own, or any as a master. A tombstone stays.
    Recall(Recall),
    /// Reacted to an item by an emoji, or took that back.
    React(React),
}

/// A text message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The text.
    pub text: MessageText,
    /// The index of the message that is answered.
    pub reply_to: Option<u64>,
    /// Members who are called by name.
    pub mentions: Vec<Address>,
    /// Whether all members are called.
    pub all: bool,
}

/// Another text for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The index of the message.
    pub target: u64,
    /// The text from now on.
    pub text: MessageText,
    /// Members who are called by name from now on.
    pub mentions: Vec<Address>,
}

/// A message taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recall {
    /// The index of the message.
    pub target: u64,
}

/// A reaction, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct React {
    /// The index of the item.
    pub target: u64,
    /// By which emoji; each person has each at most once.
    pub emoji: Emoji,
    /// Whether it stands from now on.
    pub on: bool,
}

impl Message {
    /// A text and nothing else.
    #[must_use]
    pub fn plain(text: MessageText) -> Self {
        Self { text, reply_to: None, mentions: Vec::new(), all: false }
    }
}

impl Act {
    /// The index of the item that it changes; none when it makes one.
    #[must_use]
    pub fn target(&self) -> Option<u64> {
        match self {
            Self::Message(_) => None,
            Self::Edit(Edit { target, .. }) | Self::Recall(Recall { target }) | Self::React(React { target, .. }) => {
                Some(*target)
            }
        }
    }

    /// What it points at.
    #[must_use]
    pub fn regards(&self) -> Regards {
        match (self.target(), self) {
            (Some(target), _) => Regards::Item(target),
            (None, Self::Message(Message { reply_to: Some(index), .. })) => Regards::Reply(*index),
            (None, _) => Regards::Nothing,
        }
    }
}

impl From<Act> for Content {
    fn from(act: Act) -> Self {
        Self::Act(act)
    }
}

impl From<Message> for Content {
    fn from(message: Message) -> Self {
        Self::Act(message.into())
    }
}

impl From<Message> for Act {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}
