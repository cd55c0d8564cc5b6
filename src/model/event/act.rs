//! What members do in a room: they make items, and change them (P19, P20).
//!
//! An *item* is what an event made, and is named by the index of that event.

use super::{Calendar, Content, Folder, Note, Regards};
use crate::model::{
    Address,
    call::CallEntry,
    file::FileRef,
    text::{Emoji, MessageText},
    tool::Tool,
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
    /// Did something with notes.
    Note(Note),
    /// Did something in the calendar.
    Calendar(Calendar),
    /// Did something in the folder.
    Folder(Folder),
    /// Had started a call, which is over. The author's daemon tells it, not the author.
    Call(CallEntry),
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemKind {
    /// A message.
    Message,
    /// A note.
    Note,
    /// A comment under a note.
    Comment,
    /// A date.
    Date,
    /// An entry of the folder: a subfolder, or a file.
    Entry,
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
    /// Files that go with it; the text may be empty when there are some.
    pub files: Vec<FileRef>,
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
        Self { text, reply_to: None, mentions: Vec::new(), all: false, files: Vec::new() }
    }
}

impl Act {
    /// What it makes, if it makes something.
    #[must_use]
    pub fn makes(&self) -> Option<ItemKind> {
        match self {
            Self::Message(_) => Some(ItemKind::Message),
            Self::Note(Note::Posted(_)) => Some(ItemKind::Note),
            Self::Note(Note::Commented { .. }) => Some(ItemKind::Comment),
            Self::Calendar(Calendar::Posted(_)) => Some(ItemKind::Date),
            Self::Folder(Folder::Made { .. } | Folder::Added { .. }) => Some(ItemKind::Entry),
            Self::Edit(_)
            | Self::Recall(_)
            | Self::React(_)
            | Self::Note(_)
            | Self::Calendar(_)
            | Self::Folder(_)
            | Self::Call(_) => None,
        }
    }

    /// The tool that it belongs to.
    #[must_use]
    pub fn tool(&self) -> Option<Tool> {
        match self {
            Self::Note(_) => Some(Tool::Note),
            Self::Calendar(_) => Some(Tool::Calendar),
            Self::Folder(_) => Some(Tool::Folder),
            Self::Message(_) | Self::Edit(_) | Self::Recall(_) | Self::React(_) | Self::Call(_) => None,
        }
    }

    /// The index of the item that it is about; none when it stands by itself.
    #[must_use]
    pub fn target(&self) -> Option<u64> {
        match self {
            Self::Message(_) | Self::Call(_) => None,
            Self::Edit(Edit { target, .. }) | Self::Recall(Recall { target }) | Self::React(React { target, .. }) => {
                Some(*target)
            }
            Self::Note(note) => note.target(),
            Self::Calendar(calendar) => calendar.target(),
            Self::Folder(folder) => folder.target(),
        }
    }

    /// The indices of all items that it is about: its target, and the subfolder that it puts something into.
    pub fn concerns(&self) -> impl Iterator<Item = u64> + use<> {
        let inside = if let Self::Folder(folder) = self { folder.inside() } else { None };
        self.target().into_iter().chain(inside)
    }

    /// What it points at.
    #[must_use]
    pub fn regards(&self) -> Regards {
        match (self.target(), self) {
            (Some(target), Self::Note(Note::Commented { .. }) | Self::Folder(Folder::Version { .. })) => {
                Regards::Under(target)
            }
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

impl From<Note> for Act {
    fn from(note: Note) -> Self {
        Self::Note(note)
    }
}

impl From<Calendar> for Act {
    fn from(calendar: Calendar) -> Self {
        Self::Calendar(calendar)
    }
}

impl From<Folder> for Act {
    fn from(folder: Folder) -> Self {
        Self::Folder(folder)
    }
}

impl From<Message> for Act {
    fn from(message: Message) -> Self {
        Self::Message(message)
    }
}
