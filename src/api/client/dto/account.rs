//! The signed-in user's own account: session, profile, notifications, limits.

use super::NewFile;
use crate::api::password::Password;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A sign-in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Local part or whole address.
    #[schema(example = "alice")]
    pub user: String,
    /// The password.
    pub password: Password,
    /// What the session is for, up to 200 characters: a device, an application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// A session that has just begun.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct NewSession {
    /// To be sent as `Authorization: Bearer <token>`. Shown only here.
    pub token: String,
    /// Who is signed in.
    pub address: String,
    /// When the session ends by itself.
    pub ends_at: u64,
}

/// A browser's session that has just begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrowserSession {
    /// Who is signed in.
    pub address: String,
    /// When the session ends by itself.
    pub ends_at: u64,
}

/// The signed-in user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// One's address.
    pub address: String,
    /// What one is called.
    pub name: String,
    /// The organization's domain.
    pub org: String,
    /// The digest of one's photo, which changes with it; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<String>,
    /// Whether one may use external messaging.
    pub permitted: bool,
    /// Partner organizations and their links.
    pub peers: Vec<PeerLink>,
    /// Notifications that are not read.
    pub unread_notifications: u64,
}

/// A partner organization as users see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerLink {
    /// Its domain.
    pub peer: String,
    /// Its name.
    pub org_name: String,
    /// `pinned`, `opening`, `open`, `stale`, `closed_by_us`, `closed_by_them`, `recovering` or `quarantined`.
    pub state: String,
    /// The last sign of life; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_contact_at: Option<u64>,
}

/// Changes one's own account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// The new name: 1 to 64 characters, one line, no `@`.
    pub name: String,
}

/// Sets a photo.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPhoto {
    /// A picture: JPEG, PNG, GIF or WebP.
    pub file: NewFile,
}

/// Replaces one's own password. Ends all other sessions.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The present password.
    pub current: Password,
    /// The new one: 8 to 1,024 bytes.
    pub new: Password,
}

/// One notification. Which of the optional members are there depends on the kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    /// Its number; grows by one.
    pub n: u64,
    /// When.
    pub at: u64,
    /// `available`, `ended`, `contact_added`, `contact_unavailable`, `direct_room`, `joined`, `removed`,
    /// `invitation_declined`, `mentioned`, `note`, `comment`, `date`, `refused` or `frozen`.
    pub kind: String,
    /// Which partner organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Which person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Which room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Which message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Marks notifications as read.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotificationsRead {
    /// All with a smaller number.
    pub before: u64,
}

/// A limit that can refuse something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limit {
    /// Its stable name.
    #[schema(example = "message_text")]
    pub name: String,
    /// The largest value that is taken.
    pub max: u64,
    /// What is counted.
    #[schema(example = "bytes")]
    pub unit: String,
    /// What it bounds, in one sentence.
    pub what: String,
}
