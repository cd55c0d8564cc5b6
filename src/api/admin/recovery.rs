//! A link after a restore: what is still lost, and going on without it (W10).

use super::{Actor, Context, dto::PeerStatus, peers::decide};
use crate::{
    api::{body::Write, field::Segments, problem::Problem},
    core::{State, command::AdminOp, state::Link},
    model::{Code, Domain},
};
use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is still lost of a link after a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecoveryView {
    /// Since when.
    pub since: u64,
    /// The last record of our stream that the partner holds, as it says; absent until it was heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_record: Option<u64>,
    /// How many records are back, up to which number of the present epoch.
    pub back_to_record: u64,
}

/// What is still lost of a link; none when nothing is.
#[must_use]
pub fn view(link: &Link) -> Option<RecoveryView> {
    let recovery = link.streams.recovery?;
    let back_to_record = link.streams.out.map_or(0, |out| out.next_seq - 1);
    Some(RecoveryView { since: recovery.since.0, held_record: recovery.held.map(|held| held.cursor), back_to_record })
}

/// Rooms shared with a peer that are frozen after a contradiction.
#[must_use]
pub fn frozen_rooms(state: &State, peer: &Domain) -> Vec<String> {
    let contradicts = |code: Option<Code>| code.is_some_and(|code| code != Code::Archive);
    let shared = state.rooms.values().filter(|room| room.other(&state.org.domain) == Some(peer));
    shared.filter(|room| contradicts(room.info.frozen)).map(|room| room.info.id.to_string()).collect()
}

/// Go on without what a restore has lost and the partner cannot give back, or what is in doubt: our stream begins anew,
/// what waited counts as undelivered, and rooms whose two copies differ freeze on both sides.
#[utoipa::path(post, path = "/peers/{domain}/accept-loss", tag = "links", params(("domain" = String, Path)), responses(
    (status = 200, body = PeerStatus),
))]
pub async fn accept_loss(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<Json<PeerStatus>, Problem> {
    decide(&context, &actor, &segments, &write, AdminOp::AcceptLoss).await
}
