//! Rooms: the list, making one, settings, read positions.

use super::{ClientContext, Context, caller::Caller, dto, paths::RoomPath, view};
use crate::{
    api::{
        body::Write,
        field::{self, Query, Segments},
        paging::{Page, PageQuery, Range},
        problem::Problem,
    },
    core::{
        command::UserOp,
        groups,
        rooms::{hidden_ranges, member_of},
        state::{Room, State},
    },
    engine::IdempotencyKey,
    model::{
        Address, Code, LocalPart, Millis, RoomId,
        event::{Regards, SettingsChange},
        limits,
        room::History,
        tool::{Callers, RulesChange},
    },
    store::kv::StoreError,
};
use axum::{Json, http::StatusCode};
use std::sync::Arc;

const CALLERS: [(&str, Callers); 2] = [("members", Callers::Members), ("masters", Callers::Masters)];
const HISTORY: [(&str, History); 2] = [("arrival", History::Arrival), ("all", History::All)];

/// List one's rooms, by id
#[utoipa::path(
    get, path = "/api/v1/rooms", tag = "rooms",
    params(PageQuery),
    responses((status = 200, body = Page<dto::Room>))
)]
pub async fn list(
    axum::extract::State(context): Context,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<dto::Room>>, Problem> {
    let range: Range<RoomId> = query.range()?;
    let items_max = query.items_max()?;
    let state = context.engine.state();
    let ids = state.rooms_of.get(&caller.user).into_iter().flat_map(|ids| ids.range(range));
    let rooms = ids.filter_map(|id| member_of(&state, &caller.user, *id).ok());
    let page = Page::take(rooms, items_max, |room| room.info.id, |room| show(&context, &state, &caller.user, room));
    let items = page.items.into_iter().collect::<Result<_, StoreError>>()?;
    Ok(Json(Page { items, next: page.next }))
}

/// Make a room
///
/// An internal room, or an external group when somebody of a partner organization is among the members. When there are
/// rooms with exactly these members, the answer is a problem `EXISTS` whose `rooms` offers them; `new` makes another.
#[utoipa::path(
    post, path = "/api/v1/rooms", tag = "rooms",
    request_body = dto::NewRoom,
    responses((status = 201, body = dto::Room))
)]
pub async fn create(
    axum::extract::State(context): Context,
    caller: Caller,
    write: Write,
) -> Result<(StatusCode, Json<dto::Room>), Problem> {
    let request: dto::NewRoom = write.parse()?;
    let members: Vec<Address> = field::parse_all("members", &request.members)?;
    let key = write.key(caller.user.as_str())?;
    let id = room_id(&context, key);
    if !request.new {
        offer(&context, &caller, id, &members)?;
    }
    let op = UserOp::CreateRoom {
        id,
        name: field::parse("name", &request.name)?,
        description: field::parse("description", request.description.as_deref().unwrap_or_default())?,
        history: parse_history(request.history.as_deref())?.unwrap_or(History::Arrival),
        members,
    };
    caller.submit(&context, key, op).await?;
    Ok((StatusCode::CREATED, read_room(&context, &caller, id)?))
}

/// Under an idempotency key the id follows from the key, so that a repeated request finds the room that it made.
fn room_id(context: &ClientContext, key: Option<IdempotencyKey>) -> RoomId {
    RoomId::group(key.map_or_else(|| context.entropy.bytes(), |key| key.key))
}

/// Offers the rooms with exactly these members (P12), unless the room of this very request is there already.
fn offer(context: &ClientContext, caller: &Caller, id: RoomId, members: &[Address]) -> Result<(), Problem> {
    let state = context.engine.state();
    let same = groups::rooms_with_exactly(&state, &caller.user, members);
    if same.is_empty() || state.rooms.contains_key(&id) {
        return Ok(());
    }
    let rooms = same.iter().filter_map(|id| state.rooms.get(id));
    let rooms = rooms.map(|room| show(context, &state, &caller.user, room)).collect::<Result<Vec<_>, _>>()?;
    let detail = "there are rooms with exactly these members; use one of `rooms`, or ask for another with `new`";
    Err(Problem::new(Code::Exists, detail).with("rooms", rooms))
}

fn parse_history(text: Option<&str>) -> Result<Option<History>, Problem> {
    text.map(|text| field::parse_word("history", text, &HISTORY)).transpose()
}

/// Read a room
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}", tag = "rooms",
    params(RoomPath),
    responses((status = 200, body = dto::Room))
)]
pub async fn read(context: Context, caller: Caller, segments: Segments) -> Result<Json<dto::Room>, Problem> {
    read_room(&context, &caller, segments.parse("room")?)
}

/// Change a room's name, description, history rule, tools, who may call all, or the largest file
///
/// Masters only. The history rule applies to members added later. When the partner hosts the room, the change takes
/// effect when its daemon confirms it.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{room}", tag = "rooms",
    params(RoomPath), request_body = dto::RoomChange,
    responses((status = 202, description = "Done, or asked of the partner that hosts the room.", body = dto::Room))
)]
pub async fn change(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Json<dto::Room>), Problem> {
    let room: RoomId = segments.parse("room")?;
    let request: dto::RoomChange = write.parse()?;
    let change = SettingsChange {
        name: field::parse_opt("name", request.name.as_deref())?,
        description: field::parse_opt("description", request.description.as_deref())?,
        history: parse_history(request.history.as_deref())?,
        rules: RulesChange {
            note: request.tools.note,
            calendar: request.tools.calendar,
            folder: request.tools.folder,
            callers: request.callers.as_deref().map(|word| field::parse_word("callers", word, &CALLERS)).transpose()?,
            file_bytes_max: request.file_bytes_max,
        },
        photo: None,
    };
    if change == SettingsChange::default() {
        let detail = "give at least one of `name`, `description`, `history`, `tools`, `callers`, `file_bytes_max`";
        return Err(Problem::new(Code::Invalid, detail));
    }
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::ChangeRoom(room, change)).await?;
    Ok((StatusCode::ACCEPTED, read_room(&context, &caller, room)?))
}

/// Say how far one has read
///
/// The other members see it as the live event `reader`, unless one has switched read markers off.
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/read", tag = "rooms",
    params(RoomPath), request_body = dto::Read,
    responses((status = 204, description = "Noted; only forward."))
)]
pub async fn mark_read(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let room: RoomId = segments.parse("room")?;
    let request: dto::Read = write.parse()?;
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::MarkRead(room, request.index)).await?;
    context.signals.read(&caller.user, room);
    Ok(StatusCode::NO_CONTENT)
}

/// The room as the caller sees it now.
pub fn read_room(context: &ClientContext, caller: &Caller, id: RoomId) -> Result<Json<dto::Room>, Problem> {
    let state = context.engine.state();
    let room = member_of(&state, &caller.user, id)?;
    Ok(Json(show(context, &state, &caller.user, room)?))
}

/// A room with the time of its last visible event.
pub fn show(
    context: &ClientContext,
    state: &State,
    user: &LocalPart,
    room: &Arc<Room>,
) -> Result<dto::Room, StoreError> {
    let (last_event_at, quiet) = (last_event_at(context, state, user, room)?, quiet(context, state, user, room)?);
    Ok(view::room(state, user, room, context.engine.now(), view::Seen { last_event_at, quiet }))
}

/// How many of the unread events are not for reading: they only change what is there. Far behind, nobody counts.
fn quiet(context: &ClientContext, state: &State, user: &LocalPart, room: &Room) -> Result<u64, StoreError> {
    let (from, to) = view::unread_range(state, user, room);
    let is_far = to.saturating_sub(from) > limits::UNREAD_EXACT_MAX;
    if room.touched_end == 0 || is_far {
        return Ok(0);
    }
    let hidden = hidden_ranges(state, user, room);
    let rows = context.engine.reader().timeline(room.info.id, from, to, usize::MAX, usize::MAX)?;
    let is_shown = |index: u64| !hidden.iter().any(|(start, end)| (*start..*end).contains(&index));
    let quiet = rows.iter().filter(|row| matches!(row.regards, Regards::Item(_)) && is_shown(row.index));
    Ok(quiet.count() as u64)
}

fn last_event_at(
    context: &ClientContext,
    state: &State,
    user: &LocalPart,
    room: &Room,
) -> Result<Option<Millis>, StoreError> {
    let Some(index) = view::last_visible(state, user, room) else { return Ok(None) };
    let rows = context.engine.reader().timeline(room.info.id, index, index + 1, 1, usize::MAX)?;
    Ok(rows.first().map(|row| row.at))
}
