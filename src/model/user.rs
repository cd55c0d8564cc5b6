//! Our own users, their sessions, and who may use external messaging (P3).

use super::{
    Address, LocalPart, Millis, RoomId, file::Photo, limits, signal::Switches, text::DisplayName, tool::Tools,
};
use serde::{Deserialize, Serialize};

/// One of our users: one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Name within the org.
    pub local: LocalPart,
    /// What they are called.
    pub name: DisplayName,
    /// Deactivated users cannot sign in and lose the permission.
    pub active: bool,
    /// The admin's choice for this user; counts when the policy is *chosen members*.
    pub chosen: bool,
    /// The admin's switch for this user alone: off overrides every policy.
    pub external: bool,
    /// Whether this user may send files to other organizations, as far as the org's policy lets anybody.
    pub files: bool,
    /// Their photo.
    pub photo: Option<Photo>,
    /// argon2id hash in PHC form; none until a password is set.
    pub password: Option<String>,
    /// When the account was made.
    pub created_at: Millis,
    /// Which signals they send and see (P22).
    pub signals: Switches,
}

/// Who may use external messaging (P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// All members.
    All,
    /// Chosen members only.
    Chosen,
}

/// The org's policy: one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Who may use external messaging.
    pub audience: Audience,
    /// Whether new users are chosen from the start.
    pub newcomers: bool,
    /// How long users can edit and recall their own messages, milliseconds (P20).
    pub edit_window_ms: u64,
    /// Which tools users may use in rooms (P19).
    pub tools: Tools,
    /// Which signals users send and see at all (P22).
    pub signals: Switches,
    /// Whether calls connect through the org's relay only, so that no address of its people is shown (P25).
    pub relay_only: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            audience: Audience::All,
            newcomers: true,
            edit_window_ms: limits::EDIT_WINDOW_MS_DEFAULT,
            tools: Tools::default(),
            signals: Switches::default(),
            relay_only: false,
        }
    }
}

impl User {
    /// Whether this user holds the permission under the policy (P3).
    #[must_use]
    pub fn is_permitted(&self, policy: Policy) -> bool {
        self.active && self.external && (policy.audience == Audience::All || self.chosen)
    }
}

/// A signed-in session or an issued token: one row, keyed by the SHA-256 of the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Whose.
    pub user: LocalPart,
    /// What it is for, as the user or admin named it.
    pub label: String,
    /// Since when.
    pub created_at: Millis,
    /// Until when.
    pub ends_at: Millis,
}

/// An address at which other software reads a room's calendar: one row, keyed by the SHA-256 of the secret in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// Whose.
    pub user: LocalPart,
    /// Of which room.
    pub room: RoomId,
    /// Since when.
    pub created_at: Millis,
}

/// A person of a partner org as their own daemon described them: one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Who.
    pub user: Address,
    /// What they are called.
    pub name: DisplayName,
    /// Whether their org permits them to be reached.
    pub available: bool,
    /// Their photo.
    pub photo: Option<Photo>,
}
