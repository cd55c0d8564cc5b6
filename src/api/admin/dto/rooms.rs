//! Rooms as admins see them.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A room with a partner, as an admin sees it: never what is said in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomView {
    /// Its id.
    pub id: String,
    /// `direct` or `group`.
    pub kind: String,
    /// The other organization.
    pub peer: String,
    /// The organization that orders its events.
    pub host: String,
    /// Its name; absent for direct rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: u64,
    /// Present members of ours.
    pub members_ours: Vec<String>,
    /// Present members of theirs.
    pub members_theirs: Vec<String>,
    /// The masters among them.
    pub masters: Vec<String>,
    /// How many events it has had.
    pub events: u64,
    /// Set when it takes nothing more after a contradiction: the code of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
}

/// Which rooms are asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RoomsQuery {
    /// Only those with this partner.
    pub peer: Option<String>,
    /// Most items of the page, 1 to 200; 50 when absent.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
    /// Where the page starts: `next` of the page before; from the beginning when absent.
    pub cursor: Option<String>,
}

/// One version of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionView {
    /// The index of the event.
    pub index: u64,
    /// `message`, `edit` or `recall`.
    pub kind: String,
    /// Who.
    pub by: String,
    /// When, by the clock of the author's daemon.
    pub at: u64,
    /// What it said from then on; absent for a recall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
