//! The folder of a room.

use super::{File, NewFile};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::{IntoParams, ToSchema};

/// An entry of the folder as it stands now: a subfolder, or a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// The index of the event that made it: its name in the room.
    pub index: u64,
    /// `folder` or `file`.
    pub kind: Cow<'static, str>,
    /// What it is called. Several may be called the same.
    pub name: String,
    /// The index of the subfolder that it is in; absent at the top. What is in a subfolder that one does not see, or that
    /// was deleted, is at the top.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<u64>,
    /// Who made it.
    pub author: String,
    /// When, by the clock of the author's daemon.
    pub made_at: u64,
    /// The present content of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<EntryVersion>,
    /// How many versions a file has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<u64>,
    /// That it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<EntryDeleted>,
}

/// One content of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryVersion {
    /// The index of the event that brought it.
    pub index: u64,
    /// Who brought it.
    pub author: String,
    /// When, by the clock of the author's daemon.
    pub made_at: u64,
    /// What it is; its bytes are read as those of any file of the room.
    pub file: File,
    /// `here`, or `awaited`: its bytes are on their way from the partner.
    pub state: Cow<'static, str>,
}

/// The deletion of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryDeleted {
    /// Who deleted it.
    pub by: String,
    /// Until when it can be brought back.
    pub until: u64,
}

/// Makes a subfolder, which has a `name`, or adds a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// What it is called: 1 to 200 bytes that are safe as the name of a file. That of the file when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The index of the subfolder that it is put into; the top when absent.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<u64>,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<NewFile>,
}

/// Gives a file another content.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewVersion {
    /// The content.
    pub file: NewFile,
}

/// Gives an entry another name.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewName {
    /// What it is called from now on.
    pub name: String,
}

/// Puts an entry somewhere else.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlace {
    /// The index of the subfolder; the top when absent.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<u64>,
}

/// Which entries are asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FolderQuery {
    /// `all` (also when absent), `top`, the index of a subfolder, or `deleted` for what can be brought back.
    #[serde(rename = "in")]
    pub inside: Option<String>,
    /// Only entries with a smaller index: the `next` of the page before.
    #[param(value_type = Option<u64>)]
    pub before: Option<String>,
    /// Most entries of the page, 1 to 200; 50 when absent. A page can have fewer, and there are more as long as it has a
    /// `next`.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
}
