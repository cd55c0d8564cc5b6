//! Reports to the admins of one's own org. Nobody else is told (P10).

use super::{Context, caller::Caller, dto};
use crate::{
    api::{body::Write, field, problem::Problem},
    core::{State, command::UserOp, rooms},
    model::{
        RoomId,
        keeping::{About, Proof},
    },
    store::{kv::StoreError, reader::Reader},
};
use axum::http::StatusCode;

/// Report a message, a room or a person
///
/// Reaches the admins of your own organization, with the signed original of the message. Neither the reported person nor
/// the partner organization is told.
#[utoipa::path(
    post, path = "/api/v1/reports", tag = "reports",
    request_body = dto::NewReport,
    responses((status = 204, description = "Your admins have it."))
)]
pub async fn report(
    axum::extract::State(context): Context,
    caller: Caller,
    write: Write,
) -> Result<StatusCode, Problem> {
    let request: dto::NewReport = write.parse()?;
    let about = about(&request)?;
    let reason = field::parse("reason", &request.reason)?;
    let key = write.key(caller.user.as_str())?;
    let state = context.engine.state();
    let proof = match about {
        About::Message { room, index } if sees(&state, &caller, room, index) => {
            proof(context.engine.reader().clone(), state, room, index).await?
        }
        _ => Proof::default(),
    };
    caller.submit(&context, key, UserOp::Report { about, reason, proof }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn about(request: &dto::NewReport) -> Result<About, Problem> {
    match (&request.room, request.index, &request.person) {
        (Some(room), Some(index), None) => Ok(About::Message { room: field::parse("room", room)?, index }),
        (Some(room), None, None) => field::parse("room", room).map(About::Room),
        (None, None, Some(person)) => field::parse("person", person).map(About::Person),
        _ => Err(Problem::field("room", "or person must be given, and index only together with room")),
    }
}

fn sees(state: &State, caller: &Caller, room: RoomId, index: u64) -> bool {
    let room = rooms::member_of(state, &caller.user, room);
    room.is_ok_and(|room| rooms::visible(state, &caller.user, room, index))
}

/// Looks for the original on a thread of its own, because old envelopes are many.
async fn proof(reader: Reader, state: std::sync::Arc<State>, room: RoomId, index: u64) -> Result<Proof, Problem> {
    let found = tokio::task::spawn_blocking(move || crate::store::proof::of_message(&reader, &state, room, index));
    Ok(found.await.unwrap_or_else(|_| Err(StoreError::Io("the search for a proof broke off".to_owned())))?)
}
