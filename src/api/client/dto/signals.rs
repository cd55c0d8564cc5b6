//! Signals: what is true for a moment.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Says that one types, or has ceased to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypingNow {
    /// Whether one types.
    pub typing: bool,
}

/// How far the members of a room have read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readers {
    /// Others who have read something, as far as one may know.
    pub items: Vec<Reader>,
    /// Whether one sends and sees read markers at all; see `/api/v1/me/presence-settings`.
    pub on: bool,
}

/// How far a person has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reader {
    /// Who.
    pub address: String,
    /// The last index that they have read.
    pub index: u64,
}

/// Who of a room's members is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomPresence {
    /// All other members.
    pub items: Vec<Present>,
    /// Whether one sends and sees presence at all; see `/api/v1/me/presence-settings`.
    pub on: bool,
}

/// `presence`: a person is there, away or offline. The live event has no `id:` and is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Present {
    /// Who.
    pub address: String,
    /// `online`, `away` or `offline`.
    pub state: String,
}

/// `typing`: a person types in a room, or has ceased to. The live event has no `id:` and is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Typing {
    /// Which room.
    pub room: String,
    /// Who.
    pub address: String,
    /// Whether they type.
    pub typing: bool,
    /// When it ends by itself unless they go on, milliseconds from now; absent when they have ceased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_in_ms: Option<u64>,
}

/// `reader`: another member has read a room up to this index. The live event has no `id:` and is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReaderMoved {
    /// Which room.
    pub room: String,
    /// Who.
    pub address: String,
    /// The last index that they have read.
    pub index: u64,
}

/// `signals`: who is there and who types, at the beginning of a stream and whenever it has to be said as a whole. What
/// was shown before counts no longer; `readers` of open rooms are to be read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signals {
    /// Who is there or away. Everybody else is offline.
    pub presence: Vec<Present>,
    /// Who types.
    pub typing: Vec<Typing>,
}

/// Which signals one sends and sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalSwitches {
    /// Who has read what.
    pub receipts: bool,
    /// Who types.
    pub typing: bool,
    /// Who is there.
    pub presence: bool,
}

/// Which signals one sends and sees: those that both oneself and the organization leave on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PresenceSettings {
    /// Who has read what.
    pub receipts: bool,
    /// Who types.
    pub typing: bool,
    /// Who is there.
    pub presence: bool,
    /// What the organization leaves on.
    pub organization: SignalSwitches,
}
