//! What files may be sent to other organizations, and taken from them (P3).

use super::{Actor, Context, dto::FilePolicyView, views};
use crate::{
    api::{body::Write, field::parse_all, problem::Problem},
    core::command::AdminOp,
    model::file::FilePolicy,
};
use axum::Json;

/// What files may be sent and taken.
#[utoipa::path(get, path = "/policy/files", tag = "users", responses(
    (status = 200, body = FilePolicyView),
))]
pub async fn show(context: Context) -> Json<FilePolicyView> {
    Json(views::file_policy(&context.engine.state().file_policy))
}

/// Set what files may be sent and taken. Partners are told, so that their users are refused at once.
#[utoipa::path(put, path = "/policy/files", tag = "users", request_body = FilePolicyView, responses(
    (status = 200, body = FilePolicyView),
))]
pub async fn put(context: Context, actor: Actor, write: Write) -> Result<Json<FilePolicyView>, Problem> {
    let request: FilePolicyView = write.parse()?;
    let known = context.engine.state().file_policy.clone();
    let policy = FilePolicy {
        sending: request.sending,
        bytes_max: request.bytes_max,
        allowed: parse_all("allowed", &request.allowed)?,
        forbidden: parse_all("forbidden", &request.forbidden)?,
        folder_kept_days: request.folder_kept_days.unwrap_or(known.folder_kept_days),
    };
    context.submit(&actor, write.key(&actor.caller())?, AdminOp::SetFilePolicy(Box::new(policy))).await?;
    Ok(Json(views::file_policy(&context.engine.state().file_policy)))
}
