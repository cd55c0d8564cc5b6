//! Notes of a room and their comments (P19).

use super::{
    Context, acts,
    caller::Caller,
    dto,
    paths::{CommentPath, ItemPath, RoomPath},
    shown::{Shown, View},
    view,
};
use crate::{
    api::{
        body::Write,
        field::{self, Query, Segments},
        paging::Page,
        problem::Problem,
    },
    core::files::state_of,
    model::{
        RoomId,
        event::{Act, Content, ItemKind, Note, NoteBody},
        file::FileRef,
    },
    store::kv::StoreError,
};
use axum::{Json, http::StatusCode, response::Response};

fn body(request: &dto::NewNote, files: Vec<FileRef>) -> Result<NoteBody, Problem> {
    Ok(NoteBody {
        files,
        title: field::parse("title", &request.title)?,
        text: field::parse_opt("text", request.text.as_deref())?,
    })
}

/// List a room's notes, newest first
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/notes", tag = "notes",
    params(RoomPath, dto::ItemsQuery),
    responses((status = 200, body = Page<dto::Note>))
)]
pub async fn list(
    context: Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<dto::ItemsQuery>,
) -> Result<Json<Page<dto::Note>>, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let page = view.page(ItemKind::Note, &query, |shown| show(&view, &shown))?;
    let items = page.items.into_iter().collect::<Result<Vec<_>, StoreError>>()?;
    Ok(Json(Page { items, next: page.next }))
}

/// Read a note
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/notes/{index}", tag = "notes",
    params(ItemPath),
    responses((status = 200, body = dto::Note))
)]
pub async fn read(context: Context, caller: Caller, segments: Segments) -> Result<Json<dto::Note>, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let shown = view.wanted(segments.parse("index")?, ItemKind::Note)?;
    Ok(Json(show(&view, &shown)?))
}

fn show(view: &View<'_>, shown: &Shown) -> Result<dto::Note, StoreError> {
    let item = &shown.fact.item;
    let body = match shown.content() {
        Content::Act(Act::Note(note)) => note.body(),
        _ => None,
    };
    let named_at = shown.says_at();
    let attached = |file: &FileRef| dto::Attachment {
        index: named_at,
        file: file.into(),
        state: state_of(view.state, view.room, file.digest, named_at).as_str().into(),
    };
    Ok(dto::Note {
        index: shown.index,
        author: shown.author(),
        made_at: shown.fact.event.made_at.0,
        title: body.map(|body| body.title.to_string()).unwrap_or_default(),
        text: body.and_then(|body| body.text.as_ref()).map(ToString::to_string),
        files: body.map(|body| body.files.iter().map(attached).collect()).unwrap_or_default(),
        edited_at: shown.latest.as_ref().map(|latest| latest.at.0),
        pinned: item.pinned.as_ref().is_some_and(|trace| view.sees(trace.index)),
        comments_count: comments(view, shown)?.len() as u64,
        reactions: view::reactions(item, |index| view.sees(index)),
    })
}

fn comments(view: &View<'_>, note: &Shown) -> Result<Vec<Shown>, StoreError> {
    let found = note.fact.item.comments.iter().map(|index| view.item(*index, ItemKind::Comment));
    found.filter_map(Result::transpose).collect()
}

/// Post a note
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/notes", tag = "notes",
    params(RoomPath), request_body = dto::NewNote,
    responses((status = 201, description = "Durable here.", body = dto::Posted))
)]
pub async fn post(
    context: Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Response), Problem> {
    let request: dto::NewNote = write.parse()?;
    let made = |files| Ok(Note::Posted(body(&request, files)?).into());
    let posted = acts::perform_naming(&context, &caller, &segments, &write, (&request.files, made)).await?;
    Ok((StatusCode::CREATED, posted))
}

/// Say a note anew
///
/// Its author only.
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/notes/{index}", tag = "notes",
    params(ItemPath), request_body = dto::NewNote,
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn edit(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let request: dto::NewNote = write.parse()?;
    let target = segments.parse("index")?;
    let made = |files| Ok(Note::Edited { target, body: body(&request, files)? }.into());
    acts::perform_naming(&context, &caller, &segments, &write, (&request.files, made)).await
}

/// Delete a note
///
/// Its author, or a Group Master.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/notes/{index}", tag = "notes",
    params(ItemPath),
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn delete(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let note = Note::Deleted { target: segments.parse("index")? };
    acts::perform(&context, &caller, &segments, &write, Act::Note(note)).await
}

/// Pin a note
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/notes/{index}/pin", tag = "notes",
    params(ItemPath),
    responses(
        (status = 200, description = "Durable here.", body = dto::Posted),
        (status = 204, description = "It is pinned already.")
    )
)]
pub async fn pin(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let note = Note::Pinned { target: segments.parse("index")?, on: true };
    acts::perform(&context, &caller, &segments, &write, Act::Note(note)).await
}

/// Pin a note no longer
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/notes/{index}/pin", tag = "notes",
    params(ItemPath),
    responses(
        (status = 200, description = "Durable here.", body = dto::Posted),
        (status = 204, description = "It is not pinned.")
    )
)]
pub async fn unpin(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let note = Note::Pinned { target: segments.parse("index")?, on: false };
    acts::perform(&context, &caller, &segments, &write, Act::Note(note)).await
}

/// List the comments under a note, oldest first
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/notes/{index}/comments", tag = "notes",
    params(ItemPath),
    responses((status = 200, body = Page<dto::Comment>))
)]
pub async fn list_comments(
    context: Context,
    caller: Caller,
    segments: Segments,
) -> Result<Json<Page<dto::Comment>>, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let note = view.wanted(segments.parse("index")?, ItemKind::Note)?;
    let comments = comments(&view, &note)?;
    Ok(Json(Page::whole(comments.iter().map(|comment| show_comment(&view, comment)).collect())))
}

fn show_comment(view: &View<'_>, shown: &Shown) -> dto::Comment {
    let text = match shown.content() {
        Content::Act(Act::Note(Note::Commented { text, .. })) => text.to_string(),
        _ => String::new(),
    };
    dto::Comment {
        index: shown.index,
        author: shown.author(),
        made_at: shown.fact.event.made_at.0,
        text,
        reactions: view::reactions(&shown.fact.item, |index| view.sees(index)),
    }
}

/// Comment on a note
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/notes/{index}/comments", tag = "notes",
    params(ItemPath), request_body = dto::NewComment,
    responses((status = 201, description = "Durable here.", body = dto::Posted))
)]
pub async fn comment(
    context: Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Response), Problem> {
    let request: dto::NewComment = write.parse()?;
    let note = Note::Commented { target: segments.parse("index")?, text: field::parse("text", &request.text)? };
    Ok((StatusCode::CREATED, acts::perform(&context, &caller, &segments, &write, Act::Note(note)).await?))
}

/// Delete a comment
///
/// Its author, or a Group Master.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/notes/{index}/comments/{comment}", tag = "notes",
    params(CommentPath),
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn delete_comment(
    context: Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Response, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse::<RoomId>("room")?)?;
    view.wanted(segments.parse("comment")?, ItemKind::Comment)?;
    let note = Note::Deleted { target: segments.parse("comment")? };
    acts::perform(&context, &caller, &segments, &write, Act::Note(note)).await
}
