//! The signed-in user's own account.

use super::{
    Context,
    caller::{Caller, Remote},
    dto, view,
};
use crate::{
    api::{body::Write, field, password::Verdict, problem::Problem},
    core::command::UserOp,
    model::Code,
};
use axum::{Json, http::StatusCode};

/// Read one's own account
#[utoipa::path(get, path = "/api/v1/me", tag = "account", responses((status = 200, body = dto::Me)))]
pub async fn read(axum::extract::State(context): Context, caller: Caller) -> Result<Json<dto::Me>, Problem> {
    let state = context.engine.state();
    view::me(&state, &caller.user, context.engine.now()).map(Json).ok_or_else(Problem::unauthenticated)
}

/// Change one's own name
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "account",
    request_body = dto::Rename,
    responses((status = 200, body = dto::Me))
)]
pub async fn rename(
    axum::extract::State(context): Context,
    caller: Caller,
    write: Write,
) -> Result<Json<dto::Me>, Problem> {
    let request: dto::Rename = write.parse()?;
    let name = field::parse("name", &request.name)?;
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::Rename(name)).await?;
    read(axum::extract::State(context), caller).await
}

/// Replace one's own password
///
/// Ends all other sessions. A wrong present password counts as a failed sign-in.
#[utoipa::path(
    put, path = "/api/v1/me/password", tag = "account",
    request_body = dto::NewPassword,
    responses((status = 204, description = "Replaced; all other sessions have ended."))
)]
pub async fn replace_password(
    axum::extract::State(context): Context,
    caller: Caller,
    Remote(remote): Remote,
    write: Write,
) -> Result<StatusCode, Problem> {
    let request: dto::NewPassword = write.parse()?;
    let key = write.key(caller.user.as_str())?;
    request.new.check("new")?;
    let attempt = context.throttle.begin(&caller.user, remote, context.engine.now())?;
    let state = context.engine.state();
    let hash = state.users.get(&caller.user).and_then(|user| user.password.as_deref());
    if context.passwords.verify(&request.current, hash).await? == Verdict::Wrong {
        let problem = Problem::new(Code::Forbidden, "current is not the present password");
        return Err(Problem { field: Some("current".into()), ..problem });
    }
    attempt.succeeded();
    let hash = context.passwords.hash(&request.new).await?;
    caller.submit(&context, key, UserOp::SetPassword { hash, keep: caller.session }).await?;
    Ok(StatusCode::NO_CONTENT)
}
