//! Searches and what they find.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words, all of which have to be there; `"words in quotes"` follow each other, `word*` is a beginning. Case and
    /// accents do not count. Up to 512 bytes and 32 terms. Needed unless another filter is given.
    pub q: Option<String>,
    /// Only in this room.
    pub room: Option<String>,
    /// Only from this person: an address.
    pub from: Option<String>,
    /// Only what became durable here at this time or later.
    #[param(value_type = Option<u64>)]
    pub after: Option<String>,
    /// Only what became durable here before this time.
    #[param(value_type = Option<u64>)]
    pub before: Option<String>,
    /// Only of this kind: `message`, `file` for messages with files, `note`, `comment` or `date`.
    pub kind: Option<String>,
    /// What comes first: `newest`, which is meant when absent, or `relevance`.
    pub order: Option<String>,
    /// Most findings of the page, 1 to 200; 50 when absent.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
    /// Where the page starts: `next` of the page before; from the beginning when absent.
    pub cursor: Option<String>,
}

/// One page of what was found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Findings {
    /// The findings, best first. A page can hold fewer than asked for, also when there is a next one.
    pub items: Vec<Finding>,
    /// The cursor of the next page; null at the end.
    pub next: Option<String>,
    /// False while the index is built anew: there may be more than is found now.
    pub complete: bool,
}

/// Something that was found, as it may be seen now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// In which room.
    pub room: String,
    /// At which place of its timeline.
    pub index: u64,
    /// When it became durable here.
    pub at: u64,
    /// `message`, `file` for messages with files, `note`, `comment` or `date`.
    pub kind: String,
    /// Who made it; absent when a rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When, by the clock of the author's daemon.
    pub made_at: u64,
    /// Its text around what was looked for, in pieces; `…` stands for what is left out.
    pub snippet: Vec<SnippetPiece>,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SnippetPiece {
    /// What is written.
    pub text: String,
    /// Whether it is what was looked for.
    #[serde(rename = "match")]
    pub is_match: bool,
}
