//! Signing in and out.

use super::{
    ClientContext, Context,
    caller::{Caller, Remote},
    dto,
};
use crate::{
    api::{auth, body::Write, cookie, field, password::Verdict, problem::Problem},
    core::{Command, State, command::UserOp},
    model::{
        Address, Code, LocalPart, limits,
        text::OverlayText,
        user::{Session, User},
    },
};
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
};
use std::{net::IpAddr, sync::Arc};

/// Sign in
///
/// Ten failures in 15 minutes, for one user or from one address, make further attempts wait. The idempotency key has
/// no effect here: the token is shown once.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session", security(()),
    request_body = dto::SignIn,
    responses((status = 201, description = "Signed in.", body = dto::NewSession))
)]
pub async fn begin(
    axum::extract::State(context): Context,
    Remote(remote): Remote,
    write: Write,
) -> Result<(StatusCode, Json<dto::NewSession>), Problem> {
    sign_in(&context, remote, &write).await.map(|session| (StatusCode::CREATED, Json(session)))
}

/// Sign in with a browser
///
/// As `POST /api/v1/session`, with the token in a cookie that no script reads. Needs the header `Handclasp-Web`, as every
/// later change by cookie.
#[utoipa::path(
    post, path = "/api/v1/session/cookie", tag = "session", security(()),
    params(("Handclasp-Web" = String, Header, description = "Anything.")),
    request_body = dto::SignIn,
    responses((status = 201, description = "Signed in; `Set-Cookie` bears the session.", body = dto::BrowserSession))
)]
pub async fn begin_in_browser(
    axum::extract::State(context): Context,
    Remote(remote): Remote,
    headers: HeaderMap,
    write: Write,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1], Json<dto::BrowserSession>), Problem> {
    cookie::check_site(&Method::POST, &headers)?;
    let session = sign_in(&context, remote, &write).await?;
    let set = context.cookies.set(&headers, &session.token, limits::SESSION_MS_MAX / 1_000);
    let shown = dto::BrowserSession { address: session.address, ends_at: session.ends_at };
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, set)], Json(shown)))
}

async fn sign_in(context: &ClientContext, remote: Option<IpAddr>, write: &Write) -> Result<dto::NewSession, Problem> {
    let request: dto::SignIn = write.parse()?;
    let label = field::parse::<OverlayText>("label", request.label.as_deref().unwrap_or_default())?;
    let state = context.engine.state();
    let user = parse_user(&state, &request.user)?;
    let attempt = context.throttle.begin(&user, remote, context.engine.now())?;
    let hash = state.users.get(&user).filter(|user| user.active).and_then(|user: &Arc<User>| user.password.as_deref());
    if context.passwords.verify(&request.password, hash).await? == Verdict::Wrong {
        return Err(Problem::new(Code::Unauthenticated, "user or password is wrong"));
    }
    attempt.succeeded();
    open(context, user, label.as_str().to_owned()).await
}

async fn open(context: &ClientContext, user: LocalPart, label: String) -> Result<dto::NewSession, Problem> {
    let (token, digest) = auth::issue(&context.entropy);
    let now = context.engine.now();
    let ends_at = now.plus(limits::SESSION_MS_MAX);
    let address = context.engine.state().address(&user).to_string();
    let session = Session { user: user.clone(), label, created_at: now, ends_at };
    context.engine.submit(Command::User { user, op: UserOp::OpenSession(digest, session) }).await?;
    Ok(dto::NewSession { token, address, ends_at: ends_at.0 })
}

/// Takes a local part, or a whole address of our org.
fn parse_user(state: &State, text: &str) -> Result<LocalPart, Problem> {
    if !text.contains('@') {
        return field::parse("user", text);
    }
    let address: Address = field::parse("user", text)?;
    if state.is_ours(&address) {
        return Ok(address.local());
    }
    Err(Problem::field("user", format!("must be a user of {}", state.org.domain)))
}

/// Sign out
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "session",
    responses((status = 204, description = "Signed out; the token is worth nothing any more."))
)]
pub async fn end(
    axum::extract::State(context): Context,
    caller: Caller,
    headers: HeaderMap,
    write: Write,
) -> Result<(StatusCode, [(HeaderName, HeaderValue); 1]), Problem> {
    let key = write.key(caller.user.as_str())?;
    caller.submit(&context, key, UserOp::EndSession(caller.session)).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, context.cookies.clear(&headers))]))
}
