//! External contacts, and why one of them cannot be reached.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One of the user's external contacts, or a blocked person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// Who.
    pub address: String,
    /// What their organization calls them; absent until it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The digest of their photo, which changes with it; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// Their organization's name; absent when it is no partner any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_name: Option<String>,
    /// Always true: the external marker.
    pub external: bool,
    /// `pending`, `added`, `unavailable`, `undelivered`, or `none` for somebody who is only blocked.
    pub state: String,
    /// Whether one blocks them.
    pub blocked: bool,
    /// Whether their organization permits them to be reached, as far as it told.
    pub available: bool,
    /// One's own notes; never leave the organization.
    pub overlay: Overlay,
    /// The direct room with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Whether one can write to them now.
    pub writable: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<WhyNotDetail>,
}

/// One's own notes on a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Overlay {
    /// One's own name for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Changes one's own notes: what is absent stays, an empty text removes. Each up to 200 characters, one line.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverlayChange {
    /// One's own name for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Phone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Adds an external person to one's contacts, by exact address.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// Whom.
    #[schema(example = "bob@globex.example")]
    pub address: String,
}

/// Why something is not possible now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyNotDetail {
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub detail: String,
}

/// Whether one can exchange something with an external person now, and what stands against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhyNot {
    /// Nothing stands against it.
    pub possible: bool,
    /// What stands against it, the most general first.
    pub reasons: Vec<Reason>,
}

/// One condition that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub detail: String,
    /// Who can change it: `you`, `your_admin`, `their_admin` or `nobody`.
    pub who: String,
}

/// Which person and what is asked about.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WhyNotQuery {
    /// The external person.
    pub address: String,
    /// `contacts`, `messages`, `rooms`, `files` or `calls`; `messages` when absent.
    pub scope: Option<String>,
}
