//! Archives.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// A part of a room of an export.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivePart {
    /// Whose export it is of.
    pub org: String,
    /// The room in the export.
    pub room: String,
    /// What the archive is called.
    pub name: String,
    /// What the room was for.
    pub description: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: u64,
    /// Who was in it at the end.
    pub members: Vec<ArchivedMember>,
    /// The files whose bytes come with it.
    pub files: Vec<String>,
    /// Its events, ascending.
    pub events: Vec<ArchivedEventPut>,
}

/// Somebody who was in the room.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivedMember {
    /// Who.
    pub user: String,
    /// The first index that they saw.
    pub visible_from: u64,
}

/// An event, as its line in the export tells it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchivedEventPut {
    /// Its index.
    pub index: u64,
    /// When it became durable.
    pub at: u64,
    /// The chain head after it.
    pub head: String,
    /// The event, byte for byte.
    #[schema(value_type = Object)]
    pub event: Box<RawValue>,
}

/// An archive.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ArchiveView {
    /// Its id.
    pub room: String,
    /// One past its last index.
    pub next_index: u64,
    /// How many people read it.
    pub members: u64,
}
