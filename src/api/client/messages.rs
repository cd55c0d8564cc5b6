//! Reading timelines and posting. Posting is the hot path: one parse, one submit, one small answer.

use super::{
    ClientContext, Context, acts,
    beside::{Beside, Derived},
    caller::Caller,
    dto::{self, MessagesQuery},
    paths::RoomPath,
    render, uploads, view,
};
use crate::{
    api::{
        body::Write,
        field::{self, Query, Segments},
        paging,
        problem::Problem,
    },
    core::{
        rooms::{hidden_ranges, member_of, visible_range},
        state::{Delivery, Room, State},
    },
    model::{EventId, LocalPart, RoomId, event::Message, journal::Place, limits, room::RoomKind, text::MessageText},
    store::{
        kv::StoreError,
        reader::{PendingRow, TimelineRow},
    },
};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use std::io::Write as _;

/// Events of one page, bytes; a page has at least one.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// Post a message
///
/// Answered when it is durable here. Whether the partner has it is told by `delivery` and by live events.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/messages", tag = "messages",
    params(RoomPath), request_body = dto::NewMessage,
    responses((status = 201, description = "Durable here.", body = dto::Posted))
)]
pub async fn post(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Json<dto::Posted>), Problem> {
    let room: RoomId = segments.parse("room")?;
    let request: dto::NewMessage<'_> = write.parse()?;
    let named = uploads::resolve(&context, &caller, &request.files).await?;
    let message = Message {
        text: parse_text(&request)?,
        files: named.files.clone(),
        reply_to: request.reply_to,
        mentions: field::parse_all("mentions", &request.mentions)?,
        all: request.all,
    };
    let key = write.key(caller.user.as_str())?;
    let posted = acts::share(&context, &caller, key, room, (message.into(), named.sources.clone())).await?;
    named.done(&context, &caller).await;
    Ok((StatusCode::CREATED, Json(posted.expect("a message is always an event of its own"))))
}

/// The text may be empty beside files.
fn parse_text(request: &dto::NewMessage<'_>) -> Result<MessageText, Problem> {
    if request.text.is_empty() && !request.files.is_empty() {
        return Ok(MessageText::none());
    }
    field::parse("text", &request.text)
}

/// What is said of an event that is durable here.
pub fn posted(state: &State, room: RoomId, id: EventId, place: Place) -> dto::Posted {
    let crosses = |room: &Room| room.info.kind != RoomKind::Internal && room.info.partner_present;
    let (index, pending, delivery) = match place {
        Place::Index(index) => {
            let queued = state.rooms.get(&room).is_some_and(|room| crosses(room));
            (Some(index), None, queued.then_some(Delivery::Queued))
        }
        Place::Pending(pending) => (None, Some(pending), Some(Delivery::Queued)),
    };
    dto::Posted { room: room.to_string(), id: id.to_string(), index, pending, delivery: delivery.map(view::delivery) }
}

/// Read a room's timeline
///
/// Without `before` and `after`: the newest events, and one's own submissions that have no place.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/messages", tag = "messages",
    params(RoomPath, MessagesQuery),
    responses((status = 200, body = dto::Messages))
)]
pub async fn list(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<MessagesQuery>,
) -> Result<Response, Problem> {
    let id: RoomId = segments.parse("room")?;
    let part = Part::parse(&query)?;
    let items_max = paging::items_max(query.limit.as_deref())?;
    let state = context.engine.state();
    let room = member_of(&state, &caller.user, id)?;
    let page = read_page(&context, &state, &caller.user, room, part, items_max)?;
    let pending = match part {
        Part::Newest => read_pending(&context, &state, &caller.user, room)?,
        Part::Before(_) | Part::After(_) => Vec::new(),
    };
    let body = render_page(&state, room, &page, &pending);
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// Which part of a timeline is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Newest,
    Before(u64),
    After(u64),
}

impl Part {
    fn parse(query: &MessagesQuery) -> Result<Self, Problem> {
        match (&query.before, &query.after) {
            (None, None) => Ok(Self::Newest),
            (Some(before), None) => field::parse_number("before", before).map(Self::Before),
            (None, Some(after)) => field::parse_number("after", after).map(Self::After),
            (Some(_), Some(_)) => Err(Problem::field("after", "cannot be used together with before")),
        }
    }
}

/// Rows by ascending index, and where the pages before and after begin.
struct Rows {
    rows: Vec<(TimelineRow, Derived)>,
    next_before: Option<u64>,
    next_after: Option<u64>,
}

/// Reads what the user may see, up to what is durable.
fn read_page(
    context: &ClientContext,
    state: &State,
    user: &LocalPart,
    room: &Room,
    part: Part,
    items_max: usize,
) -> Result<Rows, StoreError> {
    let (first, end) = visible_range(state, user, room);
    let (reader, id) = (context.engine.reader(), room.info.id);
    let mut rows = match part {
        Part::Newest => reader.timeline_back(id, first, end, items_max, PAGE_BYTES_MAX)?,
        Part::Before(before) => reader.timeline_back(id, first, before.min(end), items_max, PAGE_BYTES_MAX)?,
        Part::After(after) => {
            let from = after.saturating_add(1).max(first);
            reader.timeline(id, from, end, items_max, PAGE_BYTES_MAX)?
        }
    };
    if !matches!(part, Part::After(_)) {
        rows.reverse();
    }
    let oldest = rows.first().map(|row| row.index).filter(|index| *index > first);
    let newest = rows.last().map(|row| row.index).filter(|index| index + 1 < end);
    let hidden = hidden_ranges(state, user, room);
    rows.retain(|row| !hidden.iter().any(|(start, end)| (*start..*end).contains(&row.index)));
    let beside = Beside::of_rows(reader, room, &rows)?;
    rows.retain(|row| beside.shows(state, user, room, row));
    let derived = |row: TimelineRow| beside.derived(state, user, room, &row).map(|derived| (row, derived));
    let rows = rows.into_iter().map(derived).collect::<Result<_, _>>()?;
    Ok(Rows { rows, next_before: oldest, next_after: newest })
}

/// The user's own submissions that have no place: the newest that wait, and the newest that will never have one.
fn read_pending(
    context: &ClientContext,
    state: &State,
    user: &LocalPart,
    room: &Room,
) -> Result<Vec<(PendingRow, Delivery)>, StoreError> {
    let queued = std::iter::once((room.info.pending.from, room.info.pending.to, None));
    let ended = room.info.unplaced.iter().rev();
    // What the link's end overtook may have arrived all the same: the streams know.
    let ended = ended.map(|ended| (ended.range.from, ended.range.to, ended.code.map(Delivery::Refused)));
    let mut left = limits::PAGE_ITEMS_MAX as u64;
    let mut found = Vec::new();
    for (from, to, verdict) in queued.chain(ended) {
        let from = from.max(to.saturating_sub(left));
        if from >= to {
            continue;
        }
        left -= to - from;
        let rows = context.engine.reader().pending(room.info.id, from, to)?;
        let own = rows.into_iter().filter(|row| row.author == *user);
        found.extend(own.filter_map(|row| {
            let delivery = verdict.or_else(|| pending_delivery(state, room, &row))?;
            Some((row, delivery))
        }));
    }
    found.sort_by_key(|(row, _)| row.p);
    found.dedup_by_key(|(row, _)| row.p);
    Ok(found)
}

/// Where a submission without a verdict stands. Delivered means here: the host has it and will give it a place.
pub fn pending_delivery(state: &State, room: &Room, row: &PendingRow) -> Option<Delivery> {
    let host = room.other(&state.org.domain)?;
    Some(state.delivery(host, row.sent.epoch_n, row.sent.seq))
}

fn render_page(state: &State, room: &Room, page: &Rows, pending: &[(PendingRow, Delivery)]) -> Vec<u8> {
    let bytes: usize = page.rows.iter().map(|(row, _)| row.bytes.len() + 128).sum();
    let mut out = Vec::with_capacity(bytes + 256);
    out.extend_from_slice(br#"{"items":"#);
    render::list(&mut out, &page.rows, |out, (row, derived)| {
        render::timeline_item(out, row, render::delivery_of(state, room, row), derived);
    });
    out.extend_from_slice(br#","pending":"#);
    render::list(&mut out, pending, |out, (row, delivery)| render::pending_item(out, row, *delivery));
    if let Some(before) = page.next_before {
        let _ = write!(out, r#","next_before":{before}"#);
    }
    if let Some(after) = page.next_after {
        let _ = write!(out, r#","next_after":{after}"#);
    }
    out.push(b'}');
    out
}
