//! Notes: posts with a title, comments under them, pins (P19).

use crate::model::{
    file::FileRef,
    text::{MessageText, Title},
};

/// What was done with notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A note was posted. Makes an item.
    Posted(NoteBody),
    /// Its author replaced its content.
    Edited {
        /// The index of the note.
        target: u64,
        /// What it says from now on.
        body: NoteBody,
    },
    /// Its author or a master deleted a note or a comment.
    Deleted {
        /// The index of the note or comment.
        target: u64,
    },
    /// A note was pinned, or is pinned no longer.
    Pinned {
        /// The index of the note.
        target: u64,
        /// Whether it is from now on.
        on: bool,
    },
    /// Somebody commented. Makes an item.
    Commented {
        /// The index of the note.
        target: u64,
        /// What they say.
        text: MessageText,
    },
}

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteBody {
    /// Its title.
    pub title: Title,
    /// Its text, if there is more to say.
    pub text: Option<MessageText>,
    /// Files that go with it.
    pub files: Vec<FileRef>,
}

impl Note {
    /// What the note says by this; none when that does not change.
    #[must_use]
    pub fn body(&self) -> Option<&NoteBody> {
        match self {
            Self::Posted(body) | Self::Edited { body, .. } => Some(body),
            Self::Deleted { .. } | Self::Pinned { .. } | Self::Commented { .. } => None,
        }
    }

    /// The index of the item that it is about; none when it makes a note.
    #[must_use]
    pub fn target(&self) -> Option<u64> {
        match self {
            Self::Posted(_) => None,
            Self::Edited { target, .. }
            | Self::Deleted { target }
            | Self::Pinned { target, .. }
            | Self::Commented { target, .. } => Some(*target),
        }
    }
}
