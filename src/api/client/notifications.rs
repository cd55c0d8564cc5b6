//! The user's notifications, newest first.

use super::{Context, caller::Caller, dto, view};
use crate::{
    api::{
        body::Write,
        field::Query,
        paging::{self, Page, PageQuery},
        problem::Problem,
    },
    core::command::UserOp,
};
use axum::{Json, http::StatusCode};

/// List notifications, newest first
#[utoipa::path(
    get, path = "/api/v1/notifications", tag = "notifications",
    params(PageQuery),
    responses((status = 200, body = Page<dto::Notification>))
)]
pub async fn list(
    axum::extract::State(context): Context,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<dto::Notification>>, Problem> {
    let (before, items_max) = (query.after::<u64>()?, query.items_max()?);
    let state = context.engine.state();
    let (end, _) = state.notices.get(&caller.user).copied().unwrap_or((0, 0));
    let before = before.map_or(end, |before| before.min(end));
    let rows = context.engine.reader().notices(&caller.user, before, items_max + 1)?;
    let next = rows.get(items_max).and_then(|_| rows.get(items_max - 1)).map(|(n, _)| paging::encode(n));
    let items = rows.iter().take(items_max).map(|(n, notice)| view::notification(*n, notice)).collect();
    Ok(Json(Page { items, next }))
}

/// Mark notifications as read
#[utoipa::path(
    put, path = "/api/v1/notifications/read", tag = "notifications",
    request_body = dto::NotificationsRead,
    responses((status = 204, description = "Noted; only forward."))
)]
pub async fn mark_read(
    axum::extract::State(context): Context,
    caller: Caller,
    write: Write,
) -> Result<StatusCode, Problem> {
    let request: dto::NotificationsRead = write.parse()?;
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::ReadNotices(request.before)).await?;
    Ok(StatusCode::NO_CONTENT)
}
