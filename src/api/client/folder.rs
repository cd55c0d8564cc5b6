//! The folder of a room: subfolders, files, their versions (P19). Who sees the event that made an entry sees the entry (P17).

use super::{
    Context, acts,
    caller::Caller,
    dto,
    paths::{ItemPath, RoomPath},
    shown::{Shown, View},
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
        event::{Act, Content, Event, Folder, ItemKind},
        file::{FileName, FileRef},
    },
    store::kv::StoreError,
};
use axum::{Json, http::StatusCode, response::Response};
use std::{cell::RefCell, collections::HashMap};

/// Which entries somebody wants to see.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    In(Option<u64>),
    Deleted,
}

fn wanted(text: Option<&str>) -> Result<Wanted, Problem> {
    Ok(match text {
        None | Some("all") => Wanted::All,
        Some("top") => Wanted::In(None),
        Some("deleted") => Wanted::Deleted,
        Some(text) => Wanted::In(Some(field::parse_number("in", text)?)),
    })
}

/// List a room's folder, what was made last first
///
/// Members see what was put there from their arrival on, or everything where the room shows newcomers all: the folder is
/// part of the room's history.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/folder", tag = "folder",
    params(RoomPath, dto::FolderQuery),
    responses((status = 200, body = Page<dto::Entry>))
)]
pub async fn list(
    context: Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<dto::FolderQuery>,
) -> Result<Json<Page<dto::Entry>>, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let wanted = wanted(query.inside.as_deref())?;
    let tree = Tree::new(&view);
    let query = dto::ItemsQuery { before: query.before, limit: query.limit };
    let page = view.pick(ItemKind::Entry, &query, |shown| {
        let is_deleted = shown.fact.item.entry.deleted.is_some();
        let fits = match wanted {
            Wanted::Deleted => is_deleted,
            Wanted::All => !is_deleted,
            Wanted::In(place) => !is_deleted && tree.place(&shown)? == place,
        };
        if fits { show(&tree, &shown).map(Some) } else { Ok(None) }
    })?;
    Ok(Json(page))
}

/// Read an entry of the folder
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/folder/{index}", tag = "folder",
    params(ItemPath),
    responses((status = 200, body = dto::Entry))
)]
pub async fn read(context: Context, caller: Caller, segments: Segments) -> Result<Json<dto::Entry>, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let shown = view.wanted(segments.parse("index")?, ItemKind::Entry)?;
    Ok(Json(show(&Tree::new(&view), &shown)?))
}

/// List the versions of a file, the newest first
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/folder/{index}/versions", tag = "folder",
    params(ItemPath),
    responses((status = 200, body = Page<dto::EntryVersion>))
)]
pub async fn versions(
    context: Context,
    caller: Caller,
    segments: Segments,
) -> Result<Json<Page<dto::EntryVersion>>, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let shown = view.wanted(segments.parse("index")?, ItemKind::Entry)?;
    let mut versions = Vec::new();
    for index in versions_of(&view, &shown).into_iter().rev() {
        versions.extend(version(&view, &shown, index)?);
    }
    Ok(Json(Page::whole(versions)))
}

/// Where entries are, for one who may not see every subfolder. Each is looked up once.
struct Tree<'v, 'a> {
    view: &'v View<'a>,
    known: RefCell<HashMap<u64, Option<Option<u64>>>>,
}

impl<'v, 'a> Tree<'v, 'a> {
    fn new(view: &'v View<'a>) -> Self {
        Self { view, known: RefCell::default() }
    }

    /// The nearest subfolder above an entry that is there for who looks.
    fn place(&self, shown: &Shown) -> Result<Option<u64>, StoreError> {
        let mut place = shown.fact.place();
        // A tree is less deep than that, but what a host orders is not believed.
        for _ in 0..2 * crate::model::limits::FOLDER_DEPTH_MAX {
            let Some(index) = place else { return Ok(None) };
            match self.above(index)? {
                None => return Ok(Some(index)),
                Some(above) => place = above,
            }
        }
        Ok(None)
    }

    /// None for a subfolder that is there; else what it is in.
    fn above(&self, index: u64) -> Result<Option<Option<u64>>, StoreError> {
        if let Some(known) = self.known.borrow().get(&index) {
            return Ok(*known);
        }
        let fact = self.view.reader.item(self.view.room.info.id, index)?;
        let stands = |fact: &crate::core::facts::ItemFact| {
            self.view.sees(index) && fact.item.recalled.is_none() && fact.item.entry.deleted.is_none()
        };
        let above = match fact {
            Some(fact) if stands(&fact) => None,
            Some(fact) => Some(fact.place()),
            None => Some(None),
        };
        self.known.borrow_mut().insert(index, above);
        Ok(above)
    }
}

fn folder_of(content: &Content) -> Option<&Folder> {
    match content {
        Content::Act(Act::Folder(folder)) => Some(folder),
        _ => None,
    }
}

fn show(tree: &Tree<'_, '_>, shown: &Shown) -> Result<dto::Entry, StoreError> {
    let view = tree.view;
    let name = folder_of(shown.content()).or_else(|| folder_of(&shown.fact.event.content)).and_then(Folder::name);
    let is_file = folder_of(&shown.fact.event.content).is_some_and(|folder| folder.file().is_some());
    let versions = versions_of(view, shown);
    let present = match versions.last() {
        Some(last) if is_file => version(view, shown, *last)?,
        _ => None,
    };
    let deleted = shown.fact.item.entry.deleted.as_ref();
    Ok(dto::Entry {
        index: shown.index,
        kind: if is_file { "file" } else { "folder" }.into(),
        name: name.map(ToString::to_string).unwrap_or_default(),
        inside: tree.place(shown)?,
        author: shown.author(),
        made_at: shown.fact.event.made_at.0,
        version: present,
        versions: is_file.then_some(versions.len() as u64),
        deleted: deleted.map(|deleted| dto::EntryDeleted { by: deleted.trace.by.to_string(), until: deleted.until.0 }),
    })
}

/// What an entry is called now, as who looks sees it.
///
/// # Errors
/// When the store cannot be read.
pub fn name_now(view: &View<'_>, entry: u64) -> Result<Option<FileName>, StoreError> {
    let id = view.room.info.id;
    let Some(fact) = view.reader.item(id, entry)? else { return Ok(None) };
    let renamed = fact.item.edits.iter().rfind(|index| view.sees(**index));
    let event =
        renamed.map(|index| view.reader.item(id, *index)).transpose()?.flatten().map_or(fact.event, |it| it.event);
    Ok(folder_of(&event.content).and_then(Folder::name).cloned())
}

/// The events that brought the contents that one sees, oldest first.
fn versions_of(view: &View<'_>, shown: &Shown) -> Vec<u64> {
    let later = shown.fact.item.entry.versions.iter().copied().filter(|index| view.sees(*index));
    std::iter::once(shown.index).chain(later).collect()
}

fn version(view: &View<'_>, shown: &Shown, index: u64) -> Result<Option<dto::EntryVersion>, StoreError> {
    if index == shown.index {
        return Ok(show_version(view, index, &shown.fact.event));
    }
    Ok(view.reader.item(view.room.info.id, index)?.and_then(|fact| show_version(view, index, &fact.event)))
}

fn show_version(view: &View<'_>, index: u64, event: &Event) -> Option<dto::EntryVersion> {
    let file = folder_of(&event.content)?.file()?;
    Some(dto::EntryVersion {
        index,
        author: event.author.as_ref().map(ToString::to_string).unwrap_or_default(),
        made_at: event.made_at.0,
        file: file.into(),
        state: state_of(view.state, view.room, file.digest, index).as_str().into(),
    })
}

/// Make a subfolder, or add a file
///
/// Of an upload, or of a message or entry that one may see.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/folder", tag = "folder",
    params(RoomPath), request_body = dto::NewEntry,
    responses((status = 201, description = "Durable here.", body = dto::Posted))
)]
pub async fn add(
    context: Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Response), Problem> {
    let request: dto::NewEntry = write.parse()?;
    let name: Option<FileName> = field::parse_opt("name", request.name.as_deref())?;
    let inside = request.inside;
    let Some(file) = request.file else {
        let name = name.ok_or_else(|| Problem::field("name", "must be given for a subfolder"))?;
        let act = Folder::Made { name, inside }.into();
        return Ok((StatusCode::CREATED, acts::perform(&context, &caller, &segments, &write, act).await?));
    };
    let made = |files| {
        let file = only(files)?;
        Ok(Folder::Added { file: FileRef { name: name.unwrap_or(file.name), ..file }, inside }.into())
    };
    Ok((StatusCode::CREATED, acts::perform_naming(&context, &caller, &segments, &write, (&[file], made)).await?))
}

/// Give a file another content
///
/// What it was before stays among its versions.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/folder/{index}/versions", tag = "folder",
    params(ItemPath), request_body = dto::NewVersion,
    responses((status = 201, description = "Durable here.", body = dto::Posted))
)]
pub async fn add_version(
    context: Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Response), Problem> {
    let request: dto::NewVersion = write.parse()?;
    let target = segments.parse("index")?;
    let made = |files| Ok(Folder::Version { target, file: only(files)? }.into());
    let posted = acts::perform_naming(&context, &caller, &segments, &write, (&[request.file], made)).await?;
    Ok((StatusCode::CREATED, posted))
}

/// The only file of a request.
fn only(files: Vec<FileRef>) -> Result<FileRef, Problem> {
    files.into_iter().next().ok_or_else(|| Problem::field("file", "must be named"))
}

/// Rename an entry
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/folder/{index}/name", tag = "folder",
    params(ItemPath), request_body = dto::NewName,
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn rename(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let request: dto::NewName = write.parse()?;
    let act = Folder::Renamed { target: segments.parse("index")?, name: field::parse("name", &request.name)? };
    acts::perform(&context, &caller, &segments, &write, act.into()).await
}

/// Put an entry somewhere else
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/folder/{index}/place", tag = "folder",
    params(ItemPath), request_body = dto::NewPlace,
    responses(
        (status = 200, description = "Durable here.", body = dto::Posted),
        (status = 204, description = "It is there already.")
    )
)]
pub async fn shift(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let request: dto::NewPlace = write.parse()?;
    let act = Folder::Moved { target: segments.parse("index")?, inside: request.inside };
    acts::perform(&context, &caller, &segments, &write, act.into()).await
}

/// Delete an entry
///
/// Who made it, or a Group Master; a subfolder only when it is empty. It can be brought back for as long as one's
/// organization says; then its bytes are removed.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/folder/{index}", tag = "folder",
    params(ItemPath),
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn delete(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    // How long it is kept is filled in by the rules of the organization.
    let act = Folder::Deleted { target: segments.parse("index")?, kept_days: 0 };
    acts::perform(&context, &caller, &segments, &write, act.into()).await
}

/// Bring a deleted entry back
///
/// Who made it or deleted it, or a Group Master. To where it was, or to the top.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/folder/{index}/restore", tag = "folder",
    params(ItemPath),
    responses(
        (status = 200, description = "Durable here.", body = dto::Posted),
        (status = 204, description = "It is not deleted.")
    )
)]
pub async fn restore(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let act = Folder::Restored { target: segments.parse("index")? };
    acts::perform(&context, &caller, &segments, &write, act.into()).await
}
