//! Exports: a transcript of a person, a room or everything, streamed as it is read (P30).

use super::{Actor, Context, dto::keeping::ExportQuery};
use crate::{
    api::{
        field::{Query, Segments, parse, parse_word},
        file_body::stream,
        problem::Problem,
    },
    core::{State, command::AdminOp, keeping::keeps_file},
    export::{
        What,
        write::{Source, WriteError, write},
    },
    model::{Code, Digest, LocalPart, RoomId},
};
use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::mpsc;

/// Chunks that wait for the reader, and how large each is, bytes.
const CHUNKS_WAITING: usize = 4;
const CHUNK_BYTES: usize = 64 * 1024;

/// Export a person, a room or everything
///
/// JSON Lines that prove themselves. Without its last line an export is not whole. That it was made is noted in the audit
/// log.
#[utoipa::path(get, path = "/export", tag = "export", params(ExportQuery), responses(
    (status = 200, description = "One line each, see docs/export.md", body = String, content_type = "application/jsonl"),
))]
pub async fn export(
    context: Context,
    actor: Actor,
    Query(query): Query<ExportQuery>,
) -> Result<impl IntoResponse, Problem> {
    let what = what(&query)?;
    check_known(&context.engine.state(), &what)?;
    let words = [("yes", true), ("no", false)];
    let evidence = query.evidence.as_deref().map(|text| parse_word("evidence", text, &words)).transpose()?;
    context.submit(&actor, None, note("export.made", subject(&what))).await?;
    let (own, state) = (context.own.load(), context.engine.state());
    let source = Source {
        reader: context.engine.reader().clone(),
        evidence: evidence.unwrap_or(!matches!(what, What::Person(_))),
        state,
        card: own.card.clone(),
        signer: own.signer.clone(),
        what,
        now: context.engine.now(),
    };
    let (lines, waiting) = mpsc::channel(CHUNKS_WAITING);
    tokio::task::spawn_blocking(move || run(&source, &lines));
    let body = unfold(waiting, |mut waiting| async move { Some((waiting.recv().await?, waiting)) });
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], Body::from_stream(body)))
}

/// Read the bytes of a file that a transcript names
///
/// While an event of any room names it, or a legal hold keeps it. Each read is noted in the audit log.
#[utoipa::path(get, path = "/export/files/{digest}", tag = "export",
    params(("digest" = String, Path, description = "SHA-256 of the file.")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn file(context: Context, actor: Actor, segments: Segments) -> Result<Response, Problem> {
    let digest: Digest = segments.parse("digest")?;
    let missing = || Problem::new(Code::NotFound, "no event names this file any more, or it is on its way");
    let pin = context.files.pin(digest);
    let named = context.engine.reader().is_file_used(digest)? || keeps_file(&context.engine.state(), digest, None);
    let bytes = context.files.bytes(digest).await?.filter(|_| named).ok_or_else(missing)?;
    context.submit(&actor, None, note("export.file_read", digest.to_string())).await?;
    let body = stream(context.files.clone(), digest, (0, bytes), pin);
    let headers =
        [(header::CONTENT_TYPE, "application/octet-stream".to_owned()), (header::CONTENT_LENGTH, bytes.to_string())];
    Ok((headers, body).into_response())
}

fn note(action: &'static str, subject: String) -> AdminOp {
    AdminOp::Note { action, subject, detail: String::new() }
}

fn subject(what: &What) -> String {
    match what {
        What::All => "all".to_owned(),
        What::Room(room) => room.to_string(),
        What::Person(user) => user.to_string(),
    }
}

fn what(query: &ExportQuery) -> Result<What, Problem> {
    match (&query.person, &query.room, query.all.as_deref()) {
        (Some(person), None, None) => parse::<LocalPart>("person", person).map(What::Person),
        (None, Some(room), None) => parse::<RoomId>("room", room).map(What::Room),
        (None, None, Some("true")) => Ok(What::All),
        _ => Err(Problem::field("all", "must be true, or person or room be given instead: exactly one of them")),
    }
}

fn check_known(state: &State, what: &What) -> Result<(), Problem> {
    let known = match what {
        What::All => true,
        What::Room(room) => state.rooms.contains_key(room),
        What::Person(user) => state.users.contains_key(user),
    };
    if known { Ok(()) } else { Err(Problem::new(Code::NotFound, "there is no such room or person here")) }
}

/// Reads on a thread of its own, as fast as the lines are taken.
fn run(source: &Source, chunks: &mpsc::Sender<Result<Bytes, WriteError>>) {
    let mut chunk = Vec::with_capacity(CHUNK_BYTES);
    let written = write(source, &mut |line| {
        chunk.extend_from_slice(&line);
        if chunk.len() < CHUNK_BYTES { Ok(()) } else { give(chunks, std::mem::take(&mut chunk)) }
    });
    match written.and_then(|()| give(chunks, std::mem::take(&mut chunk))) {
        Ok(()) | Err(WriteError::Gone) => {}
        Err(error) => {
            tracing::error!(%error, "an export broke off");
            // Nobody may be there to hear it.
            drop(chunks.blocking_send(Err(error)));
        }
    }
}

fn give(chunks: &mpsc::Sender<Result<Bytes, WriteError>>, chunk: Vec<u8>) -> Result<(), WriteError> {
    chunks.blocking_send(Ok(chunk.into())).map_err(|_| WriteError::Gone)
}
