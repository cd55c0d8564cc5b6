//! Photos of people and rooms. What is set is made small here, and what is shown is made anew from the bytes: neither
//! carries more than a picture (A22).

use super::{
    ClientContext, Context,
    caller::Caller,
    dto,
    paths::{PersonPath, RoomPath},
    rooms::read_room,
    uploads,
};
use crate::{
    api::{body::Write, field::Segments, problem::Problem},
    core::{
        command::UserOp,
        photos::{of_person, of_room, seen_by},
        rooms::member_of,
    },
    files::Pin,
    model::{Address, Code, Digest, RoomId, event::SettingsChange, file::Photo, limits},
};
use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use std::time::Duration;

/// Set one's own photo
///
/// Of a picture of one's own uploads. It is made small, and told to partners that know one.
#[utoipa::path(
    put, path = "/api/v1/me/photo", tag = "account",
    request_body = dto::NewPhoto,
    responses((status = 204, description = "Set."))
)]
pub async fn set_own(
    axum::extract::State(context): Context,
    caller: Caller,
    write: Write,
) -> Result<StatusCode, Problem> {
    let (photo, _pin) = small(&context, &caller, &write).await?;
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::SetPhoto(Some(photo))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take one's own photo away
#[utoipa::path(
    delete, path = "/api/v1/me/photo", tag = "account",
    responses((status = 204, description = "There is none."))
)]
pub async fn end_own(
    axum::extract::State(context): Context,
    caller: Caller,
    write: Write,
) -> Result<StatusCode, Problem> {
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::SetPhoto(None)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Set a room's photo
///
/// Masters only. When the partner hosts the room, the change takes effect when its daemon confirms it.
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/photo", tag = "rooms",
    params(RoomPath), request_body = dto::NewPhoto,
    responses((status = 202, description = "Done, or asked of the partner that hosts the room.", body = dto::Room))
)]
pub async fn set_room(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Json<dto::Room>), Problem> {
    let (photo, _pin) = small(&context, &caller, &write).await?;
    change_room(&context, &caller, &segments, &write, Some(photo)).await
}

/// Take a room's photo away
///
/// Masters only.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/photo", tag = "rooms",
    params(RoomPath),
    responses((status = 202, description = "Done, or asked of the partner that hosts the room.", body = dto::Room))
)]
pub async fn end_room(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Json<dto::Room>), Problem> {
    change_room(&context, &caller, &segments, &write, None).await
}

async fn change_room(
    context: &ClientContext,
    caller: &Caller,
    segments: &Segments,
    write: &Write,
    photo: Option<Photo>,
) -> Result<(StatusCode, Json<dto::Room>), Problem> {
    let room: RoomId = segments.parse("room")?;
    let change = SettingsChange { photo: Some(photo), ..SettingsChange::default() };
    caller.submit(context, write.key(caller.user.as_str())?, UserOp::ChangeRoom(room, change)).await?;
    Ok((StatusCode::ACCEPTED, read_room(context, caller, room)?))
}

/// The small picture of the upload that a request names, kept as long as the pin lives.
async fn small(context: &ClientContext, caller: &Caller, write: &Write) -> Result<(Photo, Pin), Problem> {
    let request: dto::NewPhoto = write.parse()?;
    let named = uploads::resolve(context, caller, &[request.file]).await?;
    let is_picture = named
        .files
        .iter()
        .any(|file| file.media_type.is_safe_image() && file.bytes <= limits::THUMBNAIL_SOURCE_BYTES_MAX);
    let no_picture = || Problem::new(Code::FileType, "this is no picture that can be made small");
    let source = named.files.first().filter(|_| is_picture).ok_or_else(no_picture)?.digest;
    let bytes = picture(context, source).await?.ok_or_else(no_picture)?;
    let length = bytes.len() as u64;
    let (digest, pin) = context.files.keep(context.entropy.bytes(), bytes).await?;
    named.done(context, caller).await;
    Ok((Photo { digest, bytes: length }, pin))
}

/// A content as a small JPEG of our own making.
async fn picture(context: &ClientContext, digest: Digest) -> Result<Option<Vec<u8>>, Problem> {
    let wait = Duration::from_millis(limits::THUMBNAIL_MS_MAX);
    let made = tokio::time::timeout(wait, context.files.thumbnail(digest)).await;
    Ok(made.map_err(|_| Problem::new(Code::Overloaded, "the picture is not ready yet; try again"))??)
}

/// Read a person's photo
///
/// Of colleagues, contacts, and people in one's rooms.
#[utoipa::path(
    get, path = "/api/v1/people/{address}/photo", tag = "contacts",
    params(PersonPath),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"))
)]
pub async fn of_somebody(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let person: Address = segments.parse("address")?;
    let state = context.engine.state();
    let photo = of_person(&state, &person).filter(|_| seen_by(&state, &caller.user, &person));
    show(&context, photo, &headers).await
}

/// Read a room's photo
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/photo", tag = "rooms",
    params(RoomPath),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"))
)]
pub async fn of_the_room(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let state = context.engine.state();
    let room = member_of(&state, &caller.user, segments.parse("room")?)?;
    show(&context, of_room(&state, room), &headers).await
}

async fn show(context: &ClientContext, photo: Option<Photo>, headers: &HeaderMap) -> Result<Response, Problem> {
    let none = || Problem::new(Code::NotFound, "there is no photo for you to see");
    let photo = photo.ok_or_else(none)?;
    let tag = format!("\"{}\"", photo.digest);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let bytes = picture(context, photo.digest).await?.ok_or_else(none)?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg".to_owned()), (header::ETAG, tag)], bytes).into_response())
}
