//! A report as the client API takes it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Reports a message (`room` and `index`), a room (`room`) or a person (`person`).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The index of the message in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// The person's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Why: 1 to 300 characters.
    pub reason: String,
}
