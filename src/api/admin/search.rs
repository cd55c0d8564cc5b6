//! The search index: how it stands, and building it anew.

use super::{Context, dto::SearchIndex};
use crate::{
    api::{body::Write, problem::Problem},
    model::Code,
    search::Search,
};
use axum::{Json, http::StatusCode};

fn index_of(search: &Search) -> SearchIndex {
    let standing = search.standing();
    SearchIndex { documents: standing.documents, behind: standing.behind, building: standing.is_building }
}

fn present(context: &Context) -> Result<&Search, Problem> {
    let off = || Problem::new(Code::SearchOff, "search is switched off; set search.enabled and restart the daemon");
    context.search.as_ref().ok_or_else(off)
}

/// How the search index stands.
#[utoipa::path(get, path = "/search", tag = "search", responses((status = 200, body = SearchIndex)))]
pub async fn show(context: Context) -> Result<Json<SearchIndex>, Problem> {
    Ok(Json(index_of(present(&context)?)))
}

/// Builds the search index anew from the database.
///
/// Answered when it is asked for. People find what is there already; asking again while it is built begins again.
#[utoipa::path(post, path = "/search/rebuild", tag = "search", responses(
    (status = 202, description = "It is built in the background", body = SearchIndex),
))]
pub async fn rebuild(context: Context, _: Write) -> Result<(StatusCode, Json<SearchIndex>), Problem> {
    let search = present(&context)?;
    search.rebuild();
    tracing::info!("an admin has asked for the search index to be built anew");
    Ok((StatusCode::ACCEPTED, Json(index_of(search))))
}
