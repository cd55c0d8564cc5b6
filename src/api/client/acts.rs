//! Changing what was said: edits, recalls, reactions (P20).

use super::{
    ClientContext, Context,
    beside::Beside,
    caller::Caller,
    dto,
    messages::posted,
    paths::{MessagePath, ReactionPath},
    render, uploads,
};
use crate::{
    api::{
        body::Write,
        field::{self, Segments},
        problem::Problem,
    },
    core::{command::UserOp, rooms},
    engine::IdempotencyKey,
    model::{
        Code, EventId, RoomId,
        event::{Act, Edit, React, Recall},
        file::{FileRef, FileSource},
        journal::Outcome,
        text::Emoji,
    },
};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

/// Does something in a room. An event that makes no difference is not made: then there is nothing to show.
pub(super) async fn submit(
    context: &ClientContext,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    room: RoomId,
    act: Act,
) -> Result<Option<dto::Posted>, Problem> {
    share(context, caller, key, room, (act, Vec::new())).await
}

/// The same, naming files.
pub(super) async fn share(
    context: &ClientContext,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    room: RoomId,
    (act, sources): (Act, Vec<FileSource>),
) -> Result<Option<dto::Posted>, Problem> {
    let id = EventId(context.entropy.bytes());
    let op = if sources.is_empty() { UserOp::Act { room, id, act } } else { UserOp::Share { room, id, act, sources } };
    let outcome = caller.submit(context, key, op).await?;
    // Under a repeated key the answer is of the first request, with its id.
    Ok(match outcome {
        Outcome::Posted { id, place, .. } => Some(posted(&context.engine.state(), room, id, place)),
        Outcome::Done | Outcome::Room(_) | Outcome::Contact(_) | Outcome::Serial(_) => None,
    })
}

fn answer(posted: Option<dto::Posted>) -> Response {
    posted.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |posted| Json(posted).into_response())
}

/// Does something in the room of the path.
pub(super) async fn perform(
    context: &ClientContext,
    caller: &Caller,
    segments: &Segments,
    write: &Write,
    act: Act,
) -> Result<Response, Problem> {
    let room: RoomId = segments.parse("room")?;
    let key = write.key(caller.user.as_str())?;
    Ok(answer(submit(context, caller, key, room, act).await?))
}

/// The same for an act that names files: they are looked up before it is made.
pub(super) async fn perform_naming(
    context: &ClientContext,
    caller: &Caller,
    segments: &Segments,
    write: &Write,
    (files, made): (&[dto::NewFile], impl FnOnce(Vec<FileRef>) -> Result<Act, Problem>),
) -> Result<Response, Problem> {
    let room: RoomId = segments.parse("room")?;
    let key = write.key(caller.user.as_str())?;
    let named = uploads::resolve(context, caller, files).await?;
    let act = made(named.files.clone())?;
    let posted = share(context, caller, key, room, (act, named.sources.clone())).await?;
    named.done(context, caller).await;
    Ok(answer(posted))
}

/// Read one event
///
/// With what has become of it since.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/messages/{index}", tag = "messages",
    params(MessagePath),
    responses((status = 200, body = dto::TimelineItem))
)]
pub async fn read(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Response, Problem> {
    let (id, index): (RoomId, u64) = (segments.parse("room")?, segments.parse("index")?);
    let state = context.engine.state();
    let room = rooms::member_of(&state, &caller.user, id)?;
    let rows = match rooms::visible(&state, &caller.user, room, index) {
        true => context.engine.reader().timeline(id, index, index + 1, 1, usize::MAX)?,
        false => Vec::new(),
    };
    let beside = Beside::of_rows(context.engine.reader(), room, &rows)?;
    let shown = rows.first().filter(|row| beside.shows(&state, &caller.user, room, row));
    let row = shown.ok_or_else(|| Problem::new(Code::NoSuchItem, "there is nothing at this index for you to see"))?;
    let more = beside.derived(&state, &caller.user, room, row)?;
    let mut body = Vec::new();
    render::timeline_item(&mut body, row, render::delivery_of(&state, room, row), &more);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Edit one's own message
///
/// Within the window of one's organization. What it said before stays for the audit of both organizations.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{room}/messages/{index}", tag = "messages",
    params(MessagePath), request_body = dto::NewText,
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn edit(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Response, Problem> {
    let request: dto::NewText<'_> = write.parse()?;
    let edit = Edit {
        target: segments.parse("index")?,
        text: field::parse("text", &request.text)?,
        mentions: field::parse_all("mentions", &request.mentions)?,
    };
    perform(&context, &caller, &segments, &write, Act::Edit(edit)).await
}

/// Recall a message
///
/// One's own within the window of one's organization; any as a Group Master. A tombstone stays.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/messages/{index}", tag = "messages",
    params(MessagePath),
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn recall(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Response, Problem> {
    let act = Act::Recall(Recall { target: segments.parse("index")? });
    perform(&context, &caller, &segments, &write, act).await
}

/// React by an emoji
///
/// To a message, a note, a comment or an event. Each person has each emoji once.
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/messages/{index}/reactions/{emoji}", tag = "messages",
    params(ReactionPath),
    responses(
        (status = 200, description = "Durable here.", body = dto::Posted),
        (status = 204, description = "It stands already.")
    )
)]
pub async fn react(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Response, Problem> {
    set_reaction(&context, &caller, &segments, &write, Switch::On).await
}

/// Take a reaction back
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/messages/{index}/reactions/{emoji}", tag = "messages",
    params(ReactionPath),
    responses(
        (status = 200, description = "Durable here.", body = dto::Posted),
        (status = 204, description = "There is none.")
    )
)]
pub async fn unreact(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Response, Problem> {
    set_reaction(&context, &caller, &segments, &write, Switch::Off).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

async fn set_reaction(
    context: &ClientContext,
    caller: &Caller,
    segments: &Segments,
    write: &Write,
    switch: Switch,
) -> Result<Response, Problem> {
    let emoji: Emoji = segments.parse("emoji")?;
    let act = Act::React(React { target: segments.parse("index")?, emoji, on: switch == Switch::On });
    perform(context, caller, segments, write, act).await
}
