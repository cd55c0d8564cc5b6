//! Notes and comments.

use super::{Attachment, NewFile, Reaction};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A note as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// The index of the event that posted it: its name in the room.
    pub index: u64,
    /// Who posted it.
    pub author: String,
    /// When, by the clock of the author's daemon.
    pub made_at: u64,
    /// Its title.
    pub title: String,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Files that go with it.
    pub files: Vec<Attachment>,
    /// When it was edited last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<u64>,
    /// Whether it is pinned.
    pub pinned: bool,
    /// How many comments it has.
    pub comments_count: u64,
    /// Reactions to it.
    pub reactions: Vec<Reaction>,
}

/// A comment under a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Comment {
    /// The index of the event that made it.
    pub index: u64,
    /// Who wrote it.
    pub author: String,
    /// When, by the clock of the author's daemon.
    pub made_at: u64,
    /// What it says.
    pub text: String,
    /// Reactions to it.
    pub reactions: Vec<Reaction>,
}

/// Posts a note, or says it anew.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// 1 to 100 characters, one line.
    pub title: String,
    /// Up to 16 KiB of UTF-8; absent when the title says it all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Files that go with it: up to 10. Said anew, a note has only those that are named again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<NewFile>,
}

/// Comments on a note.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    /// 1 byte to 16 KiB of UTF-8.
    pub text: String,
}

/// Which part of a list of items is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ItemsQuery {
    /// Only items with a smaller index: the `next` of the page before.
    #[param(value_type = Option<u64>)]
    pub before: Option<String>,
    /// Most items of the page, 1 to 200; 50 when absent.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
}
