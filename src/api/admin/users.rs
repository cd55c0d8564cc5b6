//! Our users and the policy that says who may use external messaging (P3).

use super::{
    Actor, Context,
    dto::{PolicyView, TokenAnswer, TokenCreate, UserCreate, UserPatch, UserView},
    views,
};
use crate::{
    api::{
        auth,
        body::Write,
        field::{Query, Segments, parse, parse_opt, parse_word},
        paging::{Page, PageQuery},
        password::{Password, Passwords},
        problem::Problem,
    },
    core::{
        State,
        command::{AdminOp, UserChange},
    },
    model::{
        Code, LocalPart, limits,
        signal::Switches,
        text::DisplayName,
        tool::{Tool, Tools},
        user::{Policy, Session, User},
    },
};
use axum::{Json, http::StatusCode};
use std::sync::Arc;

fn user<'a>(state: &'a State, local: &LocalPart) -> Result<&'a Arc<User>, Problem> {
    state.users.get(local).ok_or_else(|| Problem::new(Code::NotFound, format!("there is no user {local} here")))
}

/// All users, by name.
#[utoipa::path(get, path = "/users", tag = "users", params(PageQuery), responses(
    (status = 200, body = Page<UserView>),
))]
pub async fn list(context: Context, Query(query): Query<PageQuery>) -> Result<Json<Page<UserView>>, Problem> {
    let state = context.engine.state();
    let users = state.users.range(query.range::<LocalPart>()?).map(|(_, user)| user);
    Ok(Json(Page::take(users, query.items_max()?, |user| user.local.clone(), |user| views::user(&state, user))))
}

/// Make a user.
#[utoipa::path(post, path = "/users", tag = "users", request_body = UserCreate, responses(
    (status = 201, body = UserView),
))]
pub async fn create(context: Context, actor: Actor, write: Write) -> Result<(StatusCode, Json<UserView>), Problem> {
    let request: UserCreate = write.parse()?;
    let local: LocalPart = parse("local", &request.local)?;
    let name: DisplayName = parse("name", &request.name)?;
    let password = hash(&context.secrets.passwords, request.password.as_ref()).await?;
    let op = AdminOp::CreateUser { local: local.clone(), name, password };
    context.submit(&actor, write.key(&actor.caller())?, op).await?;
    let state = context.engine.state();
    Ok((StatusCode::CREATED, Json(views::user(&state, user(&state, &local)?))))
}

async fn hash(passwords: &Passwords, password: Option<&Password>) -> Result<Option<String>, Problem> {
    let Some(password) = password else { return Ok(None) };
    password.check("password")?;
    passwords.hash(password).await.map(Some)
}

/// One user.
#[utoipa::path(get, path = "/users/{local}", tag = "users", params(("local" = String, Path)), responses(
    (status = 200, body = UserView),
))]
pub async fn show(context: Context, segments: Segments) -> Result<Json<UserView>, Problem> {
    let local: LocalPart = segments.parse("local")?;
    let state = context.engine.state();
    Ok(Json(views::user(&state, user(&state, &local)?)))
}

/// Change a user; what is absent stays. Who loses the permission leaves external groups on both sides (P15).
#[utoipa::path(
    patch, path = "/users/{local}", tag = "users", params(("local" = String, Path)), request_body = UserPatch,
    responses(
        (status = 200, body = UserView),
    )
)]
pub async fn change(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<Json<UserView>, Problem> {
    let local: LocalPart = segments.parse("local")?;
    let request: UserPatch = write.parse()?;
    let change = UserChange {
        name: parse_opt("name", request.name.as_deref())?,
        active: request.active,
        chosen: request.chosen,
        external: request.external,
        files: request.files,
        password: hash(&context.secrets.passwords, request.password.as_ref()).await?,
    };
    let op = AdminOp::ChangeUser { local: local.clone(), change };
    context.submit(&actor, write.key(&actor.caller())?, op).await?;
    let state = context.engine.state();
    Ok(Json(views::user(&state, user(&state, &local)?)))
}

/// Issue a token for a user's programs. It is shown this once, so a repeated request issues another one, and an
/// `Idempotency-Key` changes nothing.
#[utoipa::path(
    post, path = "/users/{local}/tokens", tag = "users", params(("local" = String, Path)), request_body = TokenCreate,
    responses(
        (status = 201, body = TokenAnswer),
    )
)]
pub async fn issue_token(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Json<TokenAnswer>), Problem> {
    let local: LocalPart = segments.parse("local")?;
    let request: TokenCreate = write.parse()?;
    let label: DisplayName = parse("label", &request.label)?;
    let lasts_ms = request.ends_in_ms.unwrap_or(limits::SESSION_MS_MAX);
    if !(1..=limits::SESSION_MS_MAX).contains(&lasts_ms) {
        return Err(Problem::field("ends_in_ms", format!("must be 1 to {} (30 days)", limits::SESSION_MS_MAX)));
    }
    let now = context.engine.now();
    let session =
        Session { user: local.clone(), label: label.to_string(), created_at: now, ends_at: now.plus(lasts_ms) };
    let (token, digest) = auth::issue(&context.secrets.entropy);
    let ends_at = session.ends_at.0;
    context.submit(&actor, None, AdminOp::IssueToken(digest, session)).await?;
    let address = context.engine.state().address(&local).to_string();
    Ok((StatusCode::CREATED, Json(TokenAnswer { token, address, ends_at })))
}

/// End all sessions and tokens of a user.
#[utoipa::path(delete, path = "/users/{local}/sessions", tag = "users", params(("local" = String, Path)), responses(
    (status = 204),
))]
pub async fn end_sessions(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let local: LocalPart = segments.parse("local")?;
    context.submit(&actor, write.key(&actor.caller())?, AdminOp::EndSessions(local)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who may use external messaging.
#[utoipa::path(get, path = "/policy", tag = "users", responses(
    (status = 200, body = PolicyView),
))]
pub async fn show_policy(context: Context) -> Json<PolicyView> {
    Json(views::policy(context.engine.state().policy))
}

fn parse_tools(words: Option<&[String]>, known: Tools) -> Result<Tools, Problem> {
    let Some(words) = words else { return Ok(known) };
    let named = Tool::ALL.map(|tool| (tool.as_str(), tool));
    let on = words.iter().map(|word| parse_word("tools", word, &named)).collect::<Result<Vec<_>, _>>()?;
    let has = |tool| on.contains(&tool);
    Ok(Tools { note: has(Tool::Note), calendar: has(Tool::Calendar), folder: has(Tool::Folder) })
}

/// Set who may use external messaging.
#[utoipa::path(put, path = "/policy", tag = "users", request_body = PolicyView, responses(
    (status = 200, body = PolicyView),
))]
pub async fn put_policy(context: Context, actor: Actor, write: Write) -> Result<Json<PolicyView>, Problem> {
    let request: PolicyView = write.parse()?;
    let audience = parse_word("audience", &request.audience, &views::AUDIENCES)?;
    let known = context.engine.state().policy;
    let edit_window_ms = request.edit_window_ms.unwrap_or(known.edit_window_ms);
    if edit_window_ms > limits::EDIT_WINDOW_MS_MAX {
        return Err(Problem::field("edit_window_ms", format!("must be at most {}", limits::EDIT_WINDOW_MS_MAX)));
    }
    let signals = Switches {
        receipts: request.receipts.unwrap_or(known.signals.receipts),
        typing: request.typing.unwrap_or(known.signals.typing),
        presence: request.presence.unwrap_or(known.signals.presence),
    };
    let tools = parse_tools(request.tools.as_deref(), known.tools)?;
    let relay_only = request.relay_only.unwrap_or(known.relay_only);
    let policy = Policy { audience, newcomers: request.newcomers, edit_window_ms, tools, signals, relay_only };
    context.submit(&actor, write.key(&actor.caller())?, AdminOp::SetPolicy(policy)).await?;
    Ok(Json(views::policy(context.engine.state().policy)))
}
