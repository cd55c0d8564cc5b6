//! Partners: pinning by card and fingerprint, unpinning, lifting a quarantine (W2).

use super::{
    Actor, AdminContext, Context,
    dto::{PeerPin, PeerStatus},
    link,
    status::peer_status,
};
use crate::{
    api::{
        body::Write,
        field::{Query, Segments, parse},
        paging::{Page, PageQuery},
        problem::Problem,
    },
    core::command::AdminOp,
    crypto::fingerprint::Fingerprint,
    model::{Domain, limits, org::SignedCard},
    wire,
};
use axum::{Json, http::StatusCode};

/// All partners, by domain.
#[utoipa::path(get, path = "/peers", tag = "links", params(PageQuery), responses(
    (status = 200, body = Page<PeerStatus>),
))]
pub async fn list(context: Context, Query(query): Query<PageQuery>) -> Result<Json<Page<PeerStatus>>, Problem> {
    let state = context.engine.state();
    let (after, items_max) = (query.after::<Domain>()?, query.items_max()?);
    let links = state.links.values().filter(|link| after.as_ref().is_none_or(|after| link.peer.domain > *after));
    let page =
        Page::take(links, items_max, |link| link.peer.domain.clone(), |link| peer_status(&context, &state, link));
    let items = page.items.into_iter().collect::<Result<_, _>>()?;
    Ok(Json(Page { items, next: page.next }))
}

/// Pin a partner by its card, after the fingerprint was compared with its admin. A known partner's newer card takes the
/// place of the old; another identity key needs the link closed.
#[utoipa::path(post, path = "/peers", tag = "links", request_body = PeerPin, responses(
    (status = 201, body = PeerStatus),
))]
pub async fn pin(context: Context, actor: Actor, write: Write) -> Result<(StatusCode, Json<PeerStatus>), Problem> {
    let request: PeerPin = write.parse()?;
    let card = verify_card(&request)?;
    let peer = card.card.domain.clone();
    context.submit(&actor, write.key(&actor.caller())?, AdminOp::PinPeer(Box::new(card))).await?;
    let state = context.engine.state();
    Ok((StatusCode::CREATED, Json(peer_status(&context, &state, link(&state, &peer)?)?)))
}

/// The card in a request, proven by its own identity key, which is the one whose fingerprint the admin compared.
fn verify_card(request: &PeerPin) -> Result<SignedCard, Problem> {
    let fingerprint: Fingerprint = parse("fingerprint", &request.fingerprint)?;
    let document = match &request.card {
        serde_json::Value::String(text) => text.clone(),
        object => object.to_string(),
    };
    if document.len() > limits::CARD_BYTES_MAX {
        return Err(Problem::field("card", format!("must be at most {} bytes", limits::CARD_BYTES_MAX)));
    }
    let card = wire::proof::open_card(document.as_bytes(), None).map_err(|error| {
        tracing::info!(detail = error.detail(), "a card was not taken");
        Problem::field("card", "must be a card file as `handclasp card export` writes it, unchanged")
    })?;
    if Fingerprint::of(&card.card.identity) != fingerprint {
        let rule = "is not that of this card's identity key; compare it once more with the partner's admin";
        return Err(Problem::field("fingerprint", rule));
    }
    Ok(card.into_inner())
}

/// One partner.
#[utoipa::path(get, path = "/peers/{domain}", tag = "links", params(("domain" = String, Path)), responses(
    (status = 200, body = PeerStatus),
))]
pub async fn show(context: Context, segments: Segments) -> Result<Json<PeerStatus>, Problem> {
    let peer: Domain = segments.parse("domain")?;
    let state = context.engine.state();
    Ok(Json(peer_status(&context, &state, link(&state, &peer)?)?))
}

/// Unpin a partner: ends the link first.
#[utoipa::path(delete, path = "/peers/{domain}", tag = "links", params(("domain" = String, Path)), responses(
    (status = 204),
))]
pub async fn unpin(context: Context, actor: Actor, segments: Segments, write: Write) -> Result<StatusCode, Problem> {
    let peer: Domain = segments.parse("domain")?;
    context.submit(&actor, write.key(&actor.caller())?, AdminOp::UnpinPeer(peer)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lift a quarantine, after both admins have read the evidence.
#[utoipa::path(post, path = "/peers/{domain}/lift", tag = "links", params(("domain" = String, Path)), responses(
    (status = 200, body = PeerStatus),
))]
pub async fn lift(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<Json<PeerStatus>, Problem> {
    decide(&context, &actor, &segments, &write, AdminOp::LiftQuarantine).await
}

/// Hands the writer what an admin decides about a link, and answers with the link as it stands then.
pub(super) async fn decide(
    context: &AdminContext,
    actor: &Actor,
    segments: &Segments,
    write: &Write,
    op: impl FnOnce(Domain) -> AdminOp,
) -> Result<Json<PeerStatus>, Problem> {
    let peer: Domain = segments.parse("domain")?;
    context.submit(actor, write.key(&actor.caller())?, op(peer.clone())).await?;
    let state = context.engine.state();
    Ok(Json(peer_status(context, &state, link(&state, &peer)?)?))
}
