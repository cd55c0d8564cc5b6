//! Calls: who rings, who is in, and what browsers tell each other.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A call to be started.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCall {
    /// `voice` or `video`. Everybody may still switch their camera on later.
    pub medium: String,
    /// One's own device: 32 hex characters, random, the same as long as the program runs. After a reload with the same
    /// one, `join` brings the device back into the call.
    pub device: String,
    /// Whom to ring, at most 7 members; everybody else in the room when absent, which needs a room of at most 8.
    #[serde(default)]
    pub invited: Option<Vec<String>>,
    /// What one shows.
    #[serde(default)]
    pub shows: Shows,
}

/// A device that comes into a call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JoinCall {
    /// One's own device.
    pub device: String,
    /// What one shows.
    #[serde(default)]
    pub shows: Shows,
}

/// A device that leaves a call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveCall {
    /// One's own device.
    pub device: String,
}

/// What the others get of somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shows {
    /// The microphone is off.
    pub muted: bool,
    /// The camera is on.
    pub camera: bool,
    /// The screen is shared.
    pub screen: bool,
}

/// `call`: a call as it is now. The live event has no `id:` and is not repeated; all calls that one may know of come at the
/// beginning of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Call {
    /// Its id.
    pub id: String,
    /// The room.
    pub room: String,
    /// Who started it.
    pub starter: String,
    /// `voice` or `video`.
    pub medium: String,
    /// When it was started, by the clock of one's own daemon.
    pub started_at: u64,
    /// Since when people talk; absent while it only rings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at: Option<u64>,
    /// Everybody who was rung or came in.
    pub people: Vec<InCall>,
    /// Present when it is over: `answered`, `missed`, `declined`, `busy` or `cancelled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// Where somebody stands in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InCall {
    /// Who.
    pub address: String,
    /// `ringing`, `joined`, `hung_up`, `declined`, `busy`, `missed`, `lost` (the device is silent) or `cut` (a rule put them
    /// out). A partner's people who were cut are shown as `hung_up`.
    pub state: String,
    /// By which device they are in; absent unless they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What one gets of them; absent unless they are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shows: Option<Shows>,
}

/// Calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Calls {
    /// All calls that one may know of.
    pub items: Vec<Call>,
}

/// Whether and how one can call in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomCalls {
    /// Whether one can start or join a call here now.
    pub possible: bool,
    /// Why not: a stable code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why not, for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The call that is going on here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
}

/// Something for one other browser: exactly one of `offer`, `answer` and `candidates`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCallSignal {
    /// One's own device.
    pub device: String,
    /// For whom.
    pub to: String,
    /// For which of their devices.
    pub to_device: String,
    /// An SDP offer, at most 24 KiB. Of two people, the one with the lesser address offers first; when offers cross, the
    /// greater one's is dropped by both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// The answer to the last offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// ICE candidates, at most 16.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Vec<IceCandidate>>,
}

/// An ICE candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IceCandidate {
    /// The line, as browsers name it: `candidate:…`; empty when there are no more.
    pub candidate: String,
    /// `sdpMLineIndex`.
    pub line: u16,
}

/// `call_signal`: something from another's browser for one of one's own devices. The live event has no `id:`, is not
/// repeated, and goes to all of one's streams: other devices pass over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallSignal {
    /// The room.
    pub room: String,
    /// The call.
    pub call: String,
    /// From whom.
    pub from: String,
    /// From which of their devices.
    pub device: String,
    /// For which of one's own.
    pub to_device: String,
    /// An SDP offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// The answer to the last offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// ICE candidates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidates: Option<Vec<IceCandidate>>,
}

/// How to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IceServers {
    /// As `RTCConfiguration.iceServers` takes them.
    pub ice_servers: Vec<IceServer>,
    /// Whether one's organization connects calls through its relay only: then `iceTransportPolicy` has to be `relay`, and
    /// the daemon refuses what names another address.
    pub relay_only: bool,
    /// Until when the credentials hold.
    pub ends_at: u64,
}

/// A STUN or TURN server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Vec<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// For TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}
