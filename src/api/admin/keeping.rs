//! What is kept for how long, legal holds, and the erasure of a person (P30).

use super::{
    Actor, Context,
    dto::keeping::{ErasureAsk, ErasureView, HoldPut, HoldView, RetentionView},
};
use crate::{
    api::{
        body::Write,
        field::{Query, Segments, parse, parse_word},
        paging::{Page, PageQuery},
        problem::Problem,
    },
    core::command::{AdminOp, KeepOp},
    model::{
        Code, LocalPart, RoomId,
        keeping::{Erasure, Held, Hold, Retention, Texts},
    },
};
use axum::{Json, http::StatusCode};

/// The words for what happens to the texts of an erased person.
const TEXTS: [(&str, Texts); 2] = [("keep", Texts::Keep), ("remove", Texts::Remove)];

/// How long timelines are kept.
#[utoipa::path(get, path = "/retention", tag = "retention", responses((status = 200, body = RetentionView)))]
pub async fn show(context: Context) -> Json<RetentionView> {
    Json(view(context.engine.state().keeping.retention))
}

/// Set how long timelines are kept. What is absent is kept for ever.
#[utoipa::path(put, path = "/retention", tag = "retention", request_body = RetentionView, responses(
    (status = 200, body = RetentionView),
))]
pub async fn put(context: Context, actor: Actor, write: Write) -> Result<Json<RetentionView>, Problem> {
    let RetentionView { internal_days, direct_days, group_days } = write.parse()?;
    let retention = Retention { internal_days, direct_days, group_days };
    let op = AdminOp::Keep(KeepOp::SetRetention(retention));
    context.submit(&actor, write.key(&actor.caller())?, op).await?;
    Ok(Json(view(context.engine.state().keeping.retention)))
}

fn view(retention: Retention) -> RetentionView {
    let Retention { internal_days, direct_days, group_days } = retention;
    RetentionView { internal_days, direct_days, group_days }
}

/// All legal holds.
#[utoipa::path(get, path = "/holds", tag = "retention", params(PageQuery), responses(
    (status = 200, body = Page<HoldView>),
))]
pub async fn holds(context: Context, Query(query): Query<PageQuery>) -> Result<Json<Page<HoldView>>, Problem> {
    let state = context.engine.state();
    let (items_max, after) = (query.items_max()?, query.after::<u64>()?.unwrap_or(0));
    let holds = state.keeping.holds.iter().zip(1_u64..).skip_while(|(_, n)| *n <= after);
    Ok(Json(Page::take(holds, items_max, |(_, n)| *n, |((held, hold), _)| hold_view(held, hold))))
}

fn hold_view(held: &Held, hold: &Hold) -> HoldView {
    let (user, room) = match held {
        Held::User(user) => (Some(user.to_string()), None),
        Held::Room(room) => (None, Some(room.to_string())),
    };
    HoldView { user, room, by: hold.by.clone(), at: hold.at.0, reason: hold.reason.to_string() }
}

/// Hold a user: nothing of any room in which they are or were a member is deleted, and they cannot be erased.
#[utoipa::path(
    put, path = "/holds/users/{local}", tag = "retention", params(("local" = String, Path)), request_body = HoldPut,
    responses((status = 204))
)]
pub async fn hold_user(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let local: LocalPart = segments.parse("local")?;
    hold(&context, &actor, Held::User(local), &write).await
}

/// Hold a room: nothing of it is deleted.
#[utoipa::path(
    put, path = "/holds/rooms/{room}", tag = "retention", params(("room" = String, Path)), request_body = HoldPut,
    responses((status = 204))
)]
pub async fn hold_room(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let room: RoomId = segments.parse("room")?;
    hold(&context, &actor, Held::Room(room), &write).await
}

async fn hold(context: &Context, actor: &Actor, held: Held, write: &Write) -> Result<StatusCode, Problem> {
    let request: HoldPut = write.parse()?;
    let op = AdminOp::Keep(KeepOp::Hold(held, parse("reason", &request.reason)?));
    context.submit(actor, write.key(&actor.caller())?, op).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Release a user.
#[utoipa::path(
    delete, path = "/holds/users/{local}", tag = "retention", params(("local" = String, Path)),
    responses((status = 204))
)]
pub async fn release_user(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    release(&context, &actor, Held::User(segments.parse("local")?), &write).await
}

/// Release a room.
#[utoipa::path(
    delete, path = "/holds/rooms/{room}", tag = "retention", params(("room" = String, Path)),
    responses((status = 204))
)]
pub async fn release_room(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    release(&context, &actor, Held::Room(segments.parse("room")?), &write).await
}

async fn release(context: &Context, actor: &Actor, held: Held, write: &Write) -> Result<StatusCode, Problem> {
    context.submit(actor, write.key(&actor.caller())?, AdminOp::Keep(KeepOp::Release(held))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Erase a person: profile, contacts, notes, notices, sessions and password go at once; with `remove` what they wrote
/// follows, room by room. It cannot be taken back.
#[utoipa::path(
    post, path = "/users/{local}/erasure", tag = "users", params(("local" = String, Path)), request_body = ErasureAsk,
    responses((status = 202, body = ErasureView))
)]
pub async fn erase(
    context: Context,
    actor: Actor,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Json<ErasureView>), Problem> {
    let local: LocalPart = segments.parse("local")?;
    let request: ErasureAsk = write.parse()?;
    if request.confirm != local.as_str() {
        return Err(Problem::field("confirm", "must repeat the name of the user"));
    }
    let texts = parse_word("texts", &request.texts, &TEXTS)?;
    let op = AdminOp::Keep(KeepOp::Erase(local.clone(), texts));
    context.submit(&actor, write.key(&actor.caller())?, op).await?;
    Ok((StatusCode::ACCEPTED, Json(erasure(&context, &local)?)))
}

/// How far the erasure of a person is.
#[utoipa::path(
    get, path = "/users/{local}/erasure", tag = "users", params(("local" = String, Path)),
    responses((status = 200, body = ErasureView))
)]
pub async fn show_erasure(context: Context, segments: Segments) -> Result<Json<ErasureView>, Problem> {
    Ok(Json(erasure(&context, &segments.parse("local")?)?))
}

fn erasure(context: &Context, local: &LocalPart) -> Result<ErasureView, Problem> {
    let state = context.engine.state();
    let known = state.keeping.erasures.get(local);
    let unknown = || Problem::new(Code::NotFound, format!("{local} is not erased"));
    let Erasure { by, at, texts, events, next } = known.cloned().ok_or_else(unknown)?;
    let word = TEXTS.iter().find(|(_, it)| *it == texts).map_or("", |(word, _)| word);
    Ok(ErasureView { user: local.to_string(), by, at: at.0, texts: word.to_owned(), events, done: next.is_none() })
}
