//! The daemon as a whole, and our card.

use super::{
    AdminContext, Certificate, Context,
    dto::{PeerStatus, Status},
    endings, views,
};
use crate::{
    api::problem::Problem,
    core::state::{Link, State},
    engine::Engine,
    model::Millis,
};
use axum::{Json, http::header, response::IntoResponse};

/// The daemon and all its links.
#[utoipa::path(get, path = "/status", tag = "links", responses(
    (status = 200, body = Status),
))]
pub async fn status(context: Context) -> Result<Json<Status>, Problem> {
    let state = context.engine.state();
    let peers = state.links.values().map(|link| peer_status(&context, &state, link));
    Ok(Json(Status {
        org: state.org.domain.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        unconfirmed: state.unconfirmed,
        certificate_not_after: (context.probes.certificate_end)(Certificate::Federation).map(|end| end.0),
        ending: endings::soon(&state, &context.probes.certificate_end, context.engine.now()),
        peers: peers.collect::<Result<_, _>>()?,
    }))
}

/// Our card, as partners import it.
#[utoipa::path(get, path = "/card", tag = "links", responses(
    (status = 200, description = "The signed card: a DSSE object", body = serde_json::Value),
))]
pub async fn card(context: Context) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], context.own.load().card.document.to_string())
}

/// A link as it stands, with the age of what waits.
pub(super) fn peer_status(context: &AdminContext, state: &State, link: &Link) -> Result<PeerStatus, Problem> {
    let engine = &context.engine;
    let mut status = views::peer_status(state, link, oldest_queued_at(engine, link)?, engine.now());
    status.certificate_not_after =
        (context.probes.certificate_end)(Certificate::Peer(&link.peer.domain)).map(|end| end.0);
    Ok(status)
}

fn oldest_queued_at(engine: &Engine, link: &Link) -> Result<Option<Millis>, Problem> {
    let Some(out) = link.streams.outgoing().find(|out| out.acked + 1 < out.next_seq) else { return Ok(None) };
    let oldest = engine.outbox(&link.peer.domain, out.epoch.n, out.acked + 1, 1, usize::MAX)?;
    Ok(oldest.first().map(|record| record.made_at))
}
