//! The limits that can refuse something, for admins to see how near they are.

use super::Context;
use crate::api::{
    client::{dto::Limit, limits},
    paging::Page,
};
use axum::Json;

/// List all limits that can refuse something
#[utoipa::path(get, path = "/limits", tag = "health", responses((status = 200, body = Page<Limit>)))]
pub async fn list(context: Context) -> Json<Page<Limit>> {
    Json(limits::all(&context.engine.state()))
}
