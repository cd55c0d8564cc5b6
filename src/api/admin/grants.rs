//! The one switch that matters most: our grant for a partner (P1, P26, P27).

use super::{
    Actor, AdminContext, Context,
    dto::{Consequences, GrantAnswer, GrantPair, GrantPut},
    link, views,
};
use crate::{
    api::{
        body::Write,
        field::{Segments, parse_opt, parse_word},
        problem::{HttpFault, Problem},
    },
    core::{
        command::{AdminOp, GrantRequest},
        grants::{self, build_own},
        permit::link_state,
    },
    engine::IdempotencyKey,
    model::{
        Code, Domain, Millis,
        grant::{GrantState, Scope, Scopes},
        journal::Outcome,
        limits,
    },
    wire,
};
use axum::{Json, http::StatusCode};

/// How often a grant without `expected_serial` is built anew because another admin was faster.
const ATTEMPTS_MAX: usize = 8;

const STATES: [(&str, GrantState); 2] = [("active", GrantState::Active), ("revoked", GrantState::Revoked)];

/// Both grants of a link.
#[utoipa::path(get, path = "/peers/{domain}/grant", tag = "grants", params(("domain" = String, Path)), responses(
    (status = 200, body = GrantPair),
))]
pub async fn show(context: Context, segments: Segments) -> Result<Json<GrantPair>, Problem> {
    let peer: Domain = segments.parse("domain")?;
    let state = context.engine.state();
    Ok(Json(views::grant_pair(&state, link(&state, &peer)?, context.engine.now())))
}

/// Turn our grant for a partner on or off. A revocation that is answered with 200 holds from then on: nothing more is
/// sent, taken or shown (P26).
#[utoipa::path(
    put, path = "/peers/{domain}/grant", tag = "grants", params(("domain" = String, Path)), request_body = GrantPut,
    responses(
        (status = 200, body = GrantAnswer),
        (status = 409, description = "Another serial is in force: `serial`", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<Json<GrantAnswer>, Problem> {
    let peer: Domain = segments.parse("domain")?;
    let request = parse_request(peer, write.parse()?)?;
    let serial = submit(&context, &actor, write.key(&actor.caller())?, &request).await?;
    let (state, now) = (context.engine.state(), context.engine.now());
    let link = link(&state, &request.peer)?;
    let grant = link.peer.ours.as_ref().ok_or_else(|| conflict(&context, &request.peer))?;
    let state = link_state(&state, link, now).as_str().to_owned();
    Ok(Json(GrantAnswer { serial, grant: views::grant(grant, now), state }))
}

/// What the admin asks for; nothing that a revocation has no use for.
pub(super) fn parse_request(peer: Domain, put: GrantPut) -> Result<GrantRequest, Problem> {
    let state = parse_word("state", &put.state, &STATES)?;
    if state == GrantState::Revoked {
        for (field, is_given) in [("scopes", put.scopes.is_some()), ("not_after", put.not_after.is_some())] {
            if is_given {
                return Err(Problem::field(field, "belongs to an active grant; leave it out"));
            }
        }
    }
    Ok(GrantRequest {
        peer,
        scopes: match state {
            GrantState::Active => Some(parse_scopes(put.scopes.as_deref())?),
            GrantState::Revoked => None,
        },
        not_after: put.not_after.map(parse_end).transpose()?,
        reason: parse_opt("reason", put.reason.as_deref())?.unwrap_or_default(),
        expected_serial: put.expected_serial,
    })
}

fn parse_scopes(texts: Option<&[String]>) -> Result<Scopes, Problem> {
    let Some(texts) = texts else { return Ok(Scopes::all()) };
    let words = Scope::ALL.map(|scope| (scope.as_str(), scope));
    texts.iter().enumerate().map(|(at, text)| parse_word(&format!("scopes[{at}]"), text, &words)).collect()
}

fn parse_end(end: u64) -> Result<Millis, Problem> {
    if end > limits::INTEGER_MAX {
        return Err(Problem::field("not_after", format!("must be at most {} (2^53 - 1)", limits::INTEGER_MAX)));
    }
    Ok(Millis(end))
}

/// Builds, signs and submits. Who names no serial wants the grant whatever stands there, so a conflict is tried again.
async fn submit(
    context: &AdminContext,
    actor: &Actor,
    key: Option<IdempotencyKey>,
    request: &GrantRequest,
) -> Result<u64, Problem> {
    for _ in 0..ATTEMPTS_MAX {
        let state = context.engine.state();
        let present = link(&state, &request.peer)?.peer.ours.as_ref().map_or(0, |signed| signed.grant.serial);
        // Whether the serial is the expected one is decided by the writer, which also knows repeated requests.
        let unconditional = GrantRequest { expected_serial: None, ..request.clone() };
        let grant = build_own(&state, &unconditional, context.engine.now())?;
        let grant = Box::new(wire::proof::seal_grant(grant, &context.own.load().signer).map_err(unsealed)?);
        let expected_serial = request.expected_serial.unwrap_or(present);
        let op = AdminOp::PutGrant { peer: request.peer.clone(), expected_serial, grant };
        match context.submit(actor, key, op).await {
            Ok(Outcome::Serial(serial)) => return Ok(serial),
            Ok(_) => return Ok(expected_serial + 1),
            Err(problem) if problem.code != Code::Conflict.as_str() => return Err(problem),
            // The present grant may also have ended by itself just now, which is no other admin's doing.
            Err(_) if request.expected_serial.is_some_and(|expected| expected != present) => break,
            Err(_) => {}
        }
    }
    Err(conflict(context, &request.peer))
}

fn unsealed(error: wire::WireError) -> Problem {
    tracing::error!(%error, "a grant of our own making cannot be sealed");
    Problem::http(HttpFault::Internal, "the daemon could not sign the grant; its log says why")
}

fn conflict(context: &AdminContext, peer: &Domain) -> Problem {
    let state = context.engine.state();
    let ours = state.links.get(peer).and_then(|link| link.peer.ours.as_ref());
    let serial = ours.map_or(0, |signed| signed.grant.serial);
    let detail = format!("the grant for {peer} has serial {serial} now; look at it and send that as expected_serial");
    Problem::new(Code::Conflict, detail).with("serial", serial)
}

/// What a revocation would end. Changes nothing.
#[utoipa::path(
    get, path = "/peers/{domain}/grant/consequences", tag = "grants", params(("domain" = String, Path)),
    responses(
        (status = 200, body = Consequences),
    )
)]
pub async fn consequences(context: Context, segments: Segments) -> Result<Json<Consequences>, Problem> {
    let peer: Domain = segments.parse("domain")?;
    let state = context.engine.state();
    link(&state, &peer)?;
    Ok(Json(views::consequences(&peer, grants::consequences(&state, &peer))))
}

/// Confirm after a restore that the own grants in the database are what is wanted (D7).
#[utoipa::path(post, path = "/grants/confirm", tag = "grants", responses(
    (status = 204),
))]
pub async fn confirm(context: Context, actor: Actor, write: Write) -> Result<StatusCode, Problem> {
    context.submit(&actor, write.key(&actor.caller())?, AdminOp::ConfirmGrants).await?;
    Ok(StatusCode::NO_CONTENT)
}
