//! The calendar of a room (P19): dates, attendance, occurrences, and what other calendar software reads.

use super::{
    ClientContext, Context, acts,
    caller::Caller,
    dto,
    ics::{self, IcsDate},
    occurrences::occurrences,
    paths::{FeedPath, ItemPath, RoomPath},
    shown::{Shown, View},
    view,
};
use crate::{
    api::{
        auth,
        body::Write,
        field::{self, Query, Segments},
        paging::Page,
        problem::Problem,
    },
    core::{command::UserOp, rooms::member_of, users::check_active},
    model::{
        Code, RoomId,
        calendar::{Attendance, When},
        event::{Act, Calendar, Content, DateBody, ItemKind},
        limits,
    },
    store::kv::StoreError,
};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};

const ANSWERS: [(&str, Attendance); 3] =
    [("yes", Attendance::Yes), ("no", Attendance::No), ("maybe", Attendance::Maybe)];
/// Dates of one feed, the newest.
const FEED_DATES_MAX: usize = 1_000;

fn body(request: &dto::DateBody) -> Result<DateBody, Problem> {
    let when = match (&request.days, &request.times) {
        (Some(days), None) => {
            When::Days { first: field::parse("days.first", &days.first)?, last: field::parse("days.last", &days.last)? }
        }
        (None, Some(times)) => When::Times {
            start: field::parse("times.start", &times.start)?,
            end: field::parse("times.end", &times.end)?,
            zone: field::parse("times.zone", &times.zone)?,
        },
        _ => return Err(Problem::field("days", "or `times` must be given, and not both")),
    };
    when.check().map_err(|error| Problem::field(if request.days.is_some() { "days" } else { "times" }, error))?;
    if request.reminder_minutes.is_some_and(|minutes| minutes > limits::REMINDER_MINUTES_MAX) {
        let rule = format!("must be at most {}", limits::REMINDER_MINUTES_MAX);
        return Err(Problem::field("reminder_minutes", rule));
    }
    let body = DateBody {
        title: field::parse("title", &request.title)?,
        text: field::parse_opt("text", request.text.as_deref())?,
        place: field::parse_opt("place", request.place.as_deref())?,
        when,
        repeats: field::parse_opt("repeats", request.repeats.as_deref())?,
        reminder_minutes: request.reminder_minutes,
    };
    // Whether the zone exists, and whether the rule goes with the start.
    let field = if body.repeats.is_some() { "repeats" } else { "times.zone" };
    occurrences(&body.when, body.repeats.as_ref(), 0, u64::MAX).map_err(|error| Problem::field(field, error))?;
    Ok(body)
}

/// List a room's dates, the newest made first
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/calendar", tag = "calendar",
    params(RoomPath, dto::ItemsQuery),
    responses((status = 200, body = Page<dto::Date>))
)]
pub async fn list(
    context: Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<dto::ItemsQuery>,
) -> Result<Json<Page<dto::Date>>, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    Ok(Json(view.page(ItemKind::Date, &query, |shown| show(&view, &shown))?))
}

/// Read a date
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/calendar/{index}", tag = "calendar",
    params(ItemPath),
    responses((status = 200, body = dto::Date))
)]
pub async fn read(context: Context, caller: Caller, segments: Segments) -> Result<Json<dto::Date>, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let shown = view.wanted(segments.parse("index")?, ItemKind::Date)?;
    Ok(Json(show(&view, &shown)))
}

fn show(view: &View<'_>, shown: &Shown) -> dto::Date {
    let item = &shown.fact.item;
    let answers = item.answers.iter().filter(|(trace, _)| view.sees(trace.index));
    let answers = answers
        .map(|(trace, answer)| dto::Answer { address: trace.by.to_string(), answer: answer_word(*answer).to_owned() });
    dto::Date {
        index: shown.index,
        author: shown.author(),
        made_at: shown.fact.event.made_at.0,
        changed_at: shown.latest.as_ref().map(|latest| latest.at.0),
        cancelled: item.cancelled.is_some(),
        answers: answers.collect(),
        reactions: view::reactions(item, |index| view.sees(index)),
        body: date_of(shown).map(show_body).unwrap_or_default(),
    }
}

fn date_of(shown: &Shown) -> Option<&DateBody> {
    match shown.content() {
        Content::Act(Act::Calendar(Calendar::Posted(body) | Calendar::Changed { body, .. })) => Some(body),
        _ => None,
    }
}

fn show_body(body: &DateBody) -> dto::DateBody {
    let (days, times) = match &body.when {
        When::Days { first, last } => (Some(dto::Days { first: first.to_string(), last: last.to_string() }), None),
        When::Times { start, end, zone } => {
            (None, Some(dto::Times { start: start.to_string(), end: end.to_string(), zone: zone.to_string() }))
        }
    };
    dto::DateBody {
        title: body.title.to_string(),
        text: body.text.as_ref().map(ToString::to_string),
        place: body.place.as_ref().map(ToString::to_string),
        days,
        times,
        repeats: body.repeats.as_ref().map(ToString::to_string),
        reminder_minutes: body.reminder_minutes,
    }
}

fn answer_word(answer: Attendance) -> &'static str {
    ANSWERS.iter().find(|(_, known)| *known == answer).map_or("maybe", |(word, _)| word)
}

/// Make a date
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/calendar", tag = "calendar",
    params(RoomPath), request_body = dto::DateBody,
    responses((status = 201, description = "Durable here.", body = dto::Posted))
)]
pub async fn post(
    context: Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Response), Problem> {
    let request: dto::DateBody = write.parse()?;
    let calendar = Calendar::Posted(body(&request)?);
    Ok((StatusCode::CREATED, acts::perform(&context, &caller, &segments, &write, Act::Calendar(calendar)).await?))
}

/// Change a date
///
/// Its author, or a Group Master. The answers stay.
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/calendar/{index}", tag = "calendar",
    params(ItemPath), request_body = dto::DateBody,
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn change(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let request: dto::DateBody = write.parse()?;
    let calendar = Calendar::Changed { target: segments.parse("index")?, body: body(&request)? };
    acts::perform(&context, &caller, &segments, &write, Act::Calendar(calendar)).await
}

/// Call a date off
///
/// Its author, or a Group Master. It stays to be seen.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/calendar/{index}", tag = "calendar",
    params(ItemPath),
    responses((status = 200, description = "Durable here.", body = dto::Posted))
)]
pub async fn cancel(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let calendar = Calendar::Cancelled { target: segments.parse("index")? };
    acts::perform(&context, &caller, &segments, &write, Act::Calendar(calendar)).await
}

/// Say whether one comes
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/calendar/{index}/answer", tag = "calendar",
    params(ItemPath), request_body = dto::NewAnswer,
    responses(
        (status = 200, description = "Durable here.", body = dto::Posted),
        (status = 204, description = "One has said so already.")
    )
)]
pub async fn answer(context: Context, caller: Caller, segments: Segments, write: Write) -> Result<Response, Problem> {
    let request: dto::NewAnswer = write.parse()?;
    let answer = field::parse_word("answer", &request.answer, &ANSWERS)?;
    let calendar = Calendar::Answered { target: segments.parse("index")?, answer };
    acts::perform(&context, &caller, &segments, &write, Act::Calendar(calendar)).await
}

/// List when a date happens
///
/// At most 1,000 times, from its first one on.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/calendar/{index}/occurrences", tag = "calendar",
    params(ItemPath, dto::OccurrencesQuery),
    responses((status = 200, body = Page<dto::Occurrence>))
)]
pub async fn list_occurrences(
    context: Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<dto::OccurrencesQuery>,
) -> Result<Json<Page<dto::Occurrence>>, Problem> {
    let number =
        |field: &str, text: Option<&str>, default| text.map_or(Ok(default), |it| field::parse_number(field, it));
    let (from, to) = (number("from", query.from.as_deref(), 0)?, number("to", query.to.as_deref(), u64::MAX)?);
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let shown = view.wanted(segments.parse("index")?, ItemKind::Date)?;
    let found = date_of(&shown).map(|body| occurrences(&body.when, body.repeats.as_ref(), from, to));
    // What the author's daemon took and we cannot work out has no occurrences here.
    let found = found.and_then(Result::ok).unwrap_or_default();
    Ok(Json(Page::whole(found.into_iter().map(|(start, end)| dto::Occurrence { start, end }).collect())))
}

/// Export a date as iCalendar
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/calendar/{index}/event.ics", tag = "calendar",
    params(ItemPath),
    responses((status = 200, content_type = "text/calendar", body = String))
)]
pub async fn export(context: Context, caller: Caller, segments: Segments) -> Result<Response, Problem> {
    let state = context.engine.state();
    let view = View::new(&context, &state, &caller, segments.parse("room")?)?;
    let shown = view.wanted(segments.parse("index")?, ItemKind::Date)?;
    Ok(ics_of(&view, &[shown]))
}

fn ics_of(view: &View<'_>, shown: &[Shown]) -> Response {
    let info = &view.room.info;
    let host = info.host.to_string();
    let dates = shown.iter().filter_map(|shown| {
        Some(IcsDate {
            room: info.id,
            host: &host,
            index: shown.index,
            body: date_of(shown)?,
            changed_at: shown.latest.as_ref().map_or(shown.fact.event.made_at.0, |latest| latest.at.0),
            changes: shown.fact.item.edits.len() as u64 + u64::from(shown.fact.item.cancelled.is_some()),
            cancelled: shown.fact.item.cancelled.is_some(),
        })
    });
    let name = info.name.as_ref().map_or_else(|| "Handclasp".to_owned(), ToString::to_string);
    let text = ics::calendar(&name, &dates.collect::<Vec<_>>());
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"calendar.ics\""),
    ];
    (headers, text).into_response()
}

/// Open a feed of the room's calendar for other software
///
/// Whoever has the address reads the calendar as one does oneself, until one takes it back or is no member any more.
/// The idempotency key has no effect here: the address is shown once.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/calendar/feed", tag = "calendar",
    params(RoomPath),
    responses((status = 201, body = dto::Feed))
)]
pub async fn open_feed(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<(StatusCode, Json<dto::Feed>), Problem> {
    let room: RoomId = segments.parse("room")?;
    let (secret, digest) = auth::issue(&context.entropy);
    caller.submit(&context, None, UserOp::OpenFeed(digest, room)).await?;
    Ok((StatusCode::CREATED, Json(dto::Feed { path: format!("/api/v1/feeds/{secret}/calendar.ics") })))
}

/// Take all one's feeds of the room's calendar back
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/calendar/feed", tag = "calendar",
    params(RoomPath),
    responses((status = 204, description = "Their addresses answer nothing any more."))
)]
pub async fn end_feeds(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let room: RoomId = segments.parse("room")?;
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::EndFeeds(room)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read a feed
///
/// The secret in the path is all that is asked for. The newest 1,000 dates.
#[utoipa::path(
    get, path = "/api/v1/feeds/{secret}/calendar.ics", tag = "calendar", security(()),
    params(FeedPath),
    responses((status = 200, content_type = "text/calendar", body = String))
)]
pub async fn feed(axum::extract::State(context): Context, segments: Segments) -> Result<Response, Problem> {
    read_feed(&context, &segments.parse::<String>("secret")?)
}

fn read_feed(context: &ClientContext, secret: &str) -> Result<Response, Problem> {
    let unknown = || Problem::new(Code::NotFound, "there is no such feed");
    let state = context.engine.state();
    let feed = auth::digest_of(secret).and_then(|digest| state.feeds.get(&digest)).ok_or_else(unknown)?;
    check_active(&state, &feed.user).map_err(|_| unknown())?;
    let room = member_of(&state, &feed.user, feed.room).map_err(|_| unknown())?;
    let view = View { reader: context.engine.reader(), state: &state, user: &feed.user, room };
    let listed = view.reader.listed(feed.room, ItemKind::Date, u64::MAX, FEED_DATES_MAX)?;
    let shown = listed.into_iter().map(|index| view.item(index, ItemKind::Date)).filter_map(Result::transpose);
    Ok(ics_of(&view, &shown.collect::<Result<Vec<_>, StoreError>>()?))
}
