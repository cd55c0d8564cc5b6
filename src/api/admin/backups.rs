//! Backups: taken in the background, one at a time (D8).

use super::{
    Actor, Context,
    dto::{BackupRunning, BackupView, BackupsView, NewBackup},
};
use crate::{
    api::{body::Write, problem::Problem},
    backup::{BackupError, Backups, Manifest},
    model::Code,
};
use axum::{Json, http::StatusCode};

fn view_of(manifest: Manifest) -> BackupView {
    let Manifest { name, commit, taken_at, rows, files, bytes, .. } = manifest;
    BackupView { name, commit, taken_at: taken_at.0, rows, files, bytes }
}

fn present(context: &Context) -> Result<&Backups, Problem> {
    let none = || Problem::new(Code::Unavailable, "this daemon keeps its database in memory and takes no backups");
    context.backups.as_ref().ok_or_else(none)
}

fn standing(backups: &Backups) -> Result<BackupsView, Problem> {
    let standing = backups.standing().map_err(|error| problem_of(&error))?;
    Ok(BackupsView {
        running: standing.running.map(|(name, rows)| BackupRunning { name, rows }),
        failed: standing.failed,
        items: standing.kept.into_iter().map(view_of).collect(),
    })
}

fn problem_of(error: &BackupError) -> Problem {
    match error {
        BackupError::Busy => Problem::new(Code::Conflict, "a backup is being taken already; wait until it is complete"),
        error => Problem::new(Code::Unavailable, error.to_string()),
    }
}

/// The backups, newest first, and the one that is being taken.
#[utoipa::path(get, path = "/backups", tag = "backups", responses((status = 200, body = BackupsView)))]
pub async fn list(context: Context) -> Result<Json<BackupsView>, Problem> {
    Ok(Json(standing(present(&context)?)?))
}

/// Takes a backup.
///
/// Answered when it has begun. It holds the database as of one commit and the files; it is listed when it was opened
/// and read whole. Keys are not in it.
#[utoipa::path(post, path = "/backups", tag = "backups", request_body = NewBackup, responses(
    (status = 202, description = "It is taken in the background", body = BackupsView),
))]
pub async fn take(context: Context, actor: Actor, write: Write) -> Result<(StatusCode, Json<BackupsView>), Problem> {
    let backups = present(&context)?;
    let new: NewBackup = write.parse()?;
    if new.keep == Some(0) {
        return Err(Problem::field("keep", "must be at least 1: the new one stays"));
    }
    backups.begin(actor.0, new.keep.map(|keep| keep as usize)).map_err(|error| problem_of(&error))?;
    Ok((StatusCode::ACCEPTED, Json(standing(backups)?)))
}
