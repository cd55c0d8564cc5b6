//! Archives: rooms of an export are brought back to be read (P30, ADR 15).

use super::{
    Actor, Context,
    dto::archives::{ArchivePart, ArchiveView, ArchivedEventPut, ArchivedMember},
};
use crate::{
    api::{
        body::Write,
        field::{Segments, parse, parse_all},
        problem::{HttpFault, Problem},
    },
    core::{
        archives::{Archived, ArchivedEvent},
        command::AdminOp,
    },
    crypto::digest::archive_id,
    files::Label,
    model::{Address, Code, Digest, Millis, RoomId, limits},
    wire,
};
use axum::{Json, body::Body, http::StatusCode};
use bytes::BytesMut;
use futures_util::StreamExt as _;

/// Take a part of a room of an export
///
/// The archive has an id of its own, which follows from the room's: the same part again changes nothing. Events come in
/// ascending order, as many as fit a request. `NOT_FOUND` when nobody who was in the room has an account here.
#[utoipa::path(post, path = "/archives", tag = "export", request_body = ArchivePart, responses(
    (status = 200, body = ArchiveView),
))]
pub async fn take(context: Context, actor: Actor, write: Write) -> Result<Json<ArchiveView>, Problem> {
    let part = archived(&write.parse::<ArchivePart>()?)?;
    let id = part.id;
    context.submit(&actor, write.key(&actor.caller())?, AdminOp::Archive(Box::new(part))).await?;
    let state = context.engine.state();
    let room = state.rooms.get(&id).ok_or_else(|| Problem::new(Code::NotFound, "there is no such archive"))?;
    let (room, next_index, members) = (id.to_string(), room.next_index, room.members.len() as u64);
    Ok(Json(ArchiveView { room, next_index, members }))
}

fn archived(part: &ArchivePart) -> Result<Archived, Problem> {
    let of: RoomId = parse("room", &part.room)?;
    let member = |it: &ArchivedMember| Ok((parse::<Address>("members", &it.user)?, it.visible_from));
    Ok(Archived {
        id: archive_id(&parse("org", &part.org)?, &of),
        of,
        name: parse("name", &part.name)?,
        description: parse("description", &part.description)?,
        created_by: parse("created_by", &part.created_by)?,
        created_at: Millis(part.created_at),
        members: part.members.iter().map(member).collect::<Result<_, Problem>>()?,
        events: part.events.iter().map(event).collect::<Result<_, Problem>>()?,
        files: parse_all::<Digest, _>("files", &part.files)?.into_iter().collect(),
    })
}

fn event(put: &ArchivedEventPut) -> Result<ArchivedEvent, Problem> {
    let unreadable =
        |error: wire::WireError| Problem::field("events", format!("hold at index {} no event: {error}", put.index));
    let event = wire::event::open(put.event.get().as_bytes()).map_err(unreadable)?;
    Ok(ArchivedEvent { index: put.index, at: Millis(put.at), head: parse("head", &put.head)?, event })
}

/// Take the bytes of a file that an archive names
///
/// They are kept while an event of any room names them.
#[utoipa::path(put, path = "/archives/files/{digest}", tag = "export",
    params(("digest" = String, Path, description = "SHA-256 of the file.")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "They are here.")))]
pub async fn put_file(context: Context, segments: Segments, body: Body) -> Result<StatusCode, Problem> {
    let digest: Digest = segments.parse("digest")?;
    if context.files.bytes(digest).await?.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    if !context.engine.reader().is_file_used(digest)? {
        return Err(Problem::new(Code::NotFound, "no event names this file"));
    }
    let mut receiving = context.files.receive(Label::made(&context.secrets.entropy.bytes())).await?;
    let (mut frames, mut piece) = (body.into_data_stream(), BytesMut::new());
    while let Some(frame) = frames.next().await {
        let cut_off = |_| Problem::http(HttpFault::Incomplete, "the body did not arrive in full");
        piece.extend_from_slice(&frame.map_err(cut_off)?);
        if piece.len() >= limits::FILE_CHUNK_BYTES {
            receiving.push(piece.split().freeze()).await?;
        }
    }
    receiving.push(piece.freeze()).await?;
    if receiving.digest() != digest {
        receiving.discard().await?;
        return Err(Problem::field("digest", "is not that of these bytes"));
    }
    receiving.finish().await?;
    Ok(StatusCode::NO_CONTENT)
}
