//! Reading files: in ranges, with headers that keep browsers from running or guessing anything (A22).

use super::{ClientContext, Context, caller::Caller, dto, folder::name_now, paths::FilePath, shown::View};
use crate::{
    api::{
        field::{Query, Segments, parse_number},
        file_body::stream,
        problem::{HttpFault, Problem},
    },
    core::{
        facts::ItemFact,
        files::{PENDING_FROM, is_awaited, named_by, seen_uses, state_of},
        rooms::member_of,
        state::{Room, State},
    },
    model::{
        Code, Digest, LocalPart, RoomId,
        event::Act,
        file::{FileName, FileRef, FileState},
        limits,
    },
    store::{
        kv::StoreError,
        reader::{Reader, TimelineRow, names_files},
    },
};
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use std::{collections::HashMap, fmt::Write as _, sync::Arc, time::Duration};

/// Read a file of a room
///
/// For members who may see a message that names it. One range at a time. Pictures that browsers can show safely bear
/// their type; everything else is an attachment of unknown bytes.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/files/{digest}", tag = "files",
    params(FilePath, dto::FileQuery, ("Range" = Option<String>, Header, description = "As `bytes=0-1023`.")),
    responses(
        (status = 200, description = "The whole.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "A range.", body = Vec<u8>, content_type = "application/octet-stream"),
    )
)]
pub async fn read(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<dto::FileQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = query.index.as_deref().map(|text| parse_number("index", text)).transpose()?;
    let file = find(&context, &caller.user, &segments, wanted)?;
    let tag = format!("\"{}\"", file.digest);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let pin = context.files.pin(file.digest);
    if context.files.bytes(file.digest).await? != Some(file.bytes) {
        return Err(Problem::http(
            HttpFault::Internal,
            "the bytes of this file are missing; the daemon's admin is told",
        ));
    }
    let wanted = match headers.get(header::RANGE).filter(|_| is_fresh(&headers, &tag)) {
        Some(value) => parse_range(value, file.bytes),
        None => Wanted::Whole,
    };
    let (status, from, to) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0, file.bytes),
        Wanted::Part(from, to) => (StatusCode::PARTIAL_CONTENT, from, to),
        Wanted::Nothing => return Ok(unsatisfiable(file.bytes)),
    };
    let mut response = Response::new(stream(context.files.clone(), file.digest, (from, to), pin));
    *response.status_mut() = status;
    describe(response.headers_mut(), &file, &tag, (from, to));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {from}-{}/{}", to - 1, file.bytes);
        response.headers_mut().insert(header::CONTENT_RANGE, ascii(range));
    }
    Ok(response)
}

/// Read the small picture of a picture
///
/// A JPEG of at most 64 KiB. `NOT_FOUND` for what is no picture that can be made small.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/files/{digest}/thumbnail", tag = "files",
    params(FilePath),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"))
)]
pub async fn thumbnail(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Response, Problem> {
    let file = find(&context, &caller.user, &segments, None)?;
    let none = || Problem::new(Code::NotFound, "there is no small picture of this file");
    if !file.media_type.is_safe_image() || file.bytes > limits::THUMBNAIL_SOURCE_BYTES_MAX {
        return Err(none());
    }
    let wait = Duration::from_millis(limits::THUMBNAIL_MS_MAX);
    let made = tokio::time::timeout(wait, context.files.thumbnail(file.digest)).await;
    let made = made.map_err(|_| Problem::new(Code::Overloaded, "the picture is not ready yet; try again"))??;
    let bytes = made.ok_or_else(none)?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response())
}

/// The file, if the user may see an event that names it and its bytes are here. It is called as the wanted event calls it,
/// or the first one; what stands in the folder as the folder calls it now.
fn find(
    context: &ClientContext,
    user: &LocalPart,
    segments: &Segments,
    wanted: Option<u64>,
) -> Result<FileRef, Problem> {
    let (id, digest): (RoomId, Digest) = (segments.parse("room")?, segments.parse("digest")?);
    let missing = || Problem::new(Code::NotFound, "there is no such file in a message that you may see");
    let state = context.engine.state();
    let room: &Arc<Room> = member_of(&state, user, id).map_err(|_| missing())?;
    let uses = context.engine.reader().file_uses(digest, id)?;
    if let Some(file) = own_pending(context, user, room, digest, &uses)? {
        return Ok(file);
    }
    let mut seen: Vec<u64> = seen_uses(&state, user, room, &uses).collect();
    let first = *seen.first().ok_or_else(missing)?;
    seen.retain(|index| !is_awaited(&state, room, digest, *index));
    let asked = seen.iter().find(|index| wanted == Some(**index));
    let Some(index) = asked.or(seen.first()).copied() else {
        return Err(Problem::new(Code::FileAwaited, "the bytes are on their way from the partner; try again later")
            .retry_after(1_000)
            .with("index", first));
    };
    let item = context.engine.reader().item(id, index)?.ok_or_else(missing)?;
    let file = named_by(&item.event).iter().find(|file| file.digest == digest).cloned().ok_or_else(missing)?;
    let view = View { reader: context.engine.reader(), state: &state, user, room };
    Ok(match entry_of(&item, index).map(|entry| name_now(&view, entry)).transpose()?.flatten() {
        Some(name) => FileRef { name, ..file },
        None => file,
    })
}

/// The entry of the folder whose content this event brought.
fn entry_of(item: &ItemFact, index: u64) -> Option<u64> {
    match item.event.content.act()? {
        Act::Folder(folder) => Some(folder.target().unwrap_or(index)),
        _ => None,
    }
}

/// The file of a submission of one's own that has no place yet.
fn own_pending(
    context: &ClientContext,
    user: &LocalPart,
    room: &Room,
    digest: Digest,
    uses: &[u64],
) -> Result<Option<FileRef>, Problem> {
    for p in uses.iter().filter(|index| **index >= PENDING_FROM).map(|index| index & !PENDING_FROM) {
        for row in context.engine.reader().pending(room.info.id, p, p + 1)? {
            let event = crate::store::reader::event_of(&row.bytes)?;
            let file = named_by(&event).iter().find(|file| file.digest == digest);
            if let Some(file) = file.filter(|_| row.author == *user) {
                return Ok(Some(file.clone()));
            }
        }
    }
    Ok(None)
}

/// Where the files of an event are, after something about them changed; none when it names none.
///
/// # Errors
/// When the store cannot be read.
pub fn moved(
    context: &ClientContext,
    state: &State,
    id: RoomId,
    index: u64,
) -> Result<Option<dto::FilesMoved>, StoreError> {
    match state.rooms.get(&id) {
        Some(room) => places(context.engine.reader(), state, room, index),
        None => Ok(None),
    }
}

fn places(reader: &Reader, state: &State, room: &Room, index: u64) -> Result<Option<dto::FilesMoved>, StoreError> {
    let id = room.info.id;
    let Some(item) = reader.item(id, index)? else { return Ok(None) };
    // What belongs to something that was taken back is taken back with it.
    let owner =
        item.event.content.act().and_then(Act::target).map(|owner| reader.item(id, owner)).transpose()?.flatten();
    let recalled = owner.is_some_and(|owner| owner.item.recalled.is_some()) || item.item.recalled.is_some();
    let place = |file: &FileRef| {
        let now = if recalled { FileState::Erased } else { state_of(state, room, file.digest, index) };
        dto::FilePlace { digest: file.digest.to_string(), state: now.as_str().into() }
    };
    let erasure = if recalled { reader.erasure(id, index)? } else { None };
    let erasure = erasure.map(|erasure| dto::Erasure { here: erasure.done, partner: erasure.acknowledged });
    let files = named_by(&item.event).iter().map(place).collect();
    Ok(Some(dto::FilesMoved { room: id.to_string(), index, files, erasure }))
}

/// Where the files of these events are, of those that name some, as it is shown beside them.
///
/// # Errors
/// When the store cannot be read.
pub fn of_rows(
    reader: &Reader,
    state: &State,
    room: &Room,
    rows: &[TimelineRow],
) -> Result<HashMap<u64, dto::Now>, StoreError> {
    let mut found = HashMap::new();
    for row in rows.iter().filter(|row| names_files(&row.bytes)) {
        let mut now = dto::Now::default();
        note(reader, state, room, row, &mut now)?;
        found.insert(row.index, now);
    }
    Ok(found)
}

/// Notes where the files of an event are. One that names none costs no read.
///
/// # Errors
/// When the store cannot be read.
pub fn note(
    reader: &Reader,
    state: &State,
    room: &Room,
    row: &TimelineRow,
    now: &mut dto::Now,
) -> Result<(), StoreError> {
    if names_files(&row.bytes)
        && let Some(moved) = places(reader, state, room, row.index)?
    {
        (now.files, now.erasure) = (moved.files, moved.erasure);
    }
    Ok(())
}

/// `If-Range` names what the client has the first part of.
fn is_fresh(headers: &HeaderMap, tag: &str) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == tag.as_bytes())
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    /// From, and one past the last.
    Part(u64, u64),
    Nothing,
}

/// One range of bytes; several, or another unit, are answered with the whole.
fn parse_range(value: &HeaderValue, bytes: u64) -> Wanted {
    let spec = value.to_str().ok().and_then(|text| text.strip_prefix("bytes=")).filter(|spec| !spec.contains(','));
    let Some((first, last)) = spec.and_then(|spec| spec.split_once('-')) else { return Wanted::Whole };
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let (from, to) = match (number(first), number(last)) {
        (Some(from), None) if last.is_empty() => (from, bytes),
        (Some(from), Some(last)) if from <= last => (from, last.saturating_add(1).min(bytes)),
        (None, Some(length)) if first.is_empty() => (bytes.saturating_sub(length), bytes),
        _ => return Wanted::Whole,
    };
    if from < to { Wanted::Part(from, to) } else { Wanted::Nothing }
}

fn unsatisfiable(bytes: u64) -> Response {
    let range = [(header::CONTENT_RANGE, ascii(format!("bytes */{bytes}")))];
    (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response()
}

fn describe(headers: &mut HeaderMap, file: &FileRef, tag: &str, (from, to): (u64, u64)) {
    let shown = file.media_type.is_safe_image();
    let media_type = if shown { file.media_type.as_str() } else { "application/octet-stream" };
    headers.insert(header::CONTENT_TYPE, ascii(media_type.to_owned()));
    headers.insert(
        header::CONTENT_DISPOSITION,
        ascii(disposition(&file.name, if shown { "inline" } else { "attachment" })),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(to - from));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, ascii(tag.to_owned()));
}

/// The name in ASCII for old readers, and whole in UTF-8 (RFC 6266).
fn disposition(name: &FileName, kind: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.() ".contains(c) { c } else { '_' };
    let old: String = name.as_str().chars().map(plain).collect();
    let mut text = format!("{kind}; filename=\"{old}\"; filename*=UTF-8''");
    for byte in name.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn ascii(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_taken_and_everything_else_is_the_whole() {
        let cases = [
            ("bytes=0-", Wanted::Part(0, 100)),
            ("bytes=10-19", Wanted::Part(10, 20)),
            ("bytes=90-1000", Wanted::Part(90, 100)),
            ("bytes=-5", Wanted::Part(95, 100)),
            ("bytes=-500", Wanted::Part(0, 100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=20-10", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_range(&HeaderValue::from_static(text), 100), expected, "{text}");
        }
    }

    #[test]
    fn a22_a_name_cannot_break_out_of_its_header() {
        let name: FileName = "a b;c\u{e9}'%.txt".parse().expect("a name");
        let text = disposition(&name, "attachment");
        assert_eq!(
            text,
            "attachment; filename=\"a b_c_'_.txt\"; filename*=UTF-8''a%20b%3Bc%C3%A9%27%25.txt".replace("c_'_", "c___")
        );
        assert!(HeaderValue::try_from(text).is_ok());
    }
}
