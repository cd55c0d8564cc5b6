//! Signals: typing, who has read what, who is there, and what of it one sends and sees.

use super::{Context, caller::Caller, calls, dto, paths::RoomPath};
use crate::{
    api::{body::Write, field::Segments, problem::Problem},
    core::{command::UserOp, rooms::member_of, signals::switches},
    model::{
        RoomId, limits,
        signal::{SignKind, Switches, Typing},
    },
    signals::{News, Picture},
};
use axum::{Json, http::StatusCode};

/// Say that one types, or has ceased to
///
/// To be repeated every 3 s or so while one types; it ends by itself after 6 s. Others see it as the live event `typing`.
/// Without effect while typing is switched off.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/typing", tag = "signals",
    params(RoomPath), request_body = dto::TypingNow,
    responses((status = 204, description = "Passed on, if anybody may see it. Nobody is told whether it arrived."))
)]
pub async fn typing(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let room: RoomId = segments.parse("room")?;
    let request: dto::TypingNow = write.parse()?;
    let typing = if request.typing { Typing::On } else { Typing::Off };
    context.signals.typing(&caller.user, room, typing)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read how far the members of a room have read it
///
/// Of partners as far as their daemon has told since it was last connected. Who has switched read markers off is not
/// named, and does not see those of others; nor is anybody whose messages could not reach one now.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/readers", tag = "signals",
    params(RoomPath),
    responses((status = 200, body = dto::Readers))
)]
pub async fn readers(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Json<dto::Readers>, Problem> {
    let room: RoomId = segments.parse("room")?;
    let show = |(address, index): (crate::model::Address, u64)| dto::Reader { address: address.to_string(), index };
    let items = context.signals.readers(&caller.user, room)?.into_iter().map(show).collect();
    Ok(Json(dto::Readers { items, on: is_on(&context, &caller, SignKind::Read) }))
}

/// Read who of a room's members is there
///
/// `online` has a live event stream and did something within 5 minutes; `away` did not; `offline` has none, is not known,
/// or has switched presence off. Who has switched it off sees everybody as offline.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/presence", tag = "signals",
    params(RoomPath),
    responses((status = 200, body = dto::RoomPresence))
)]
pub async fn presence(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Json<dto::RoomPresence>, Problem> {
    let state = context.engine.state();
    let room = member_of(&state, &caller.user, segments.parse("room")?)?;
    let items = context.signals.presence_in(&caller.user, room);
    let items = items.into_iter().map(|(address, presence)| present(&address, presence)).collect();
    Ok(Json(dto::RoomPresence { items, on: is_on(&context, &caller, SignKind::Presence) }))
}

/// Read which signals one sends and sees
#[utoipa::path(
    get, path = "/api/v1/me/presence-settings", tag = "signals",
    responses((status = 200, body = dto::PresenceSettings))
)]
pub async fn settings(
    axum::extract::State(context): Context,
    caller: Caller,
) -> Result<Json<dto::PresenceSettings>, Problem> {
    let state = context.engine.state();
    let user = state.users.get(&caller.user).ok_or_else(Problem::unauthenticated)?;
    let Switches { receipts, typing, presence } = user.signals;
    let organization = show(state.policy.signals);
    Ok(Json(dto::PresenceSettings { receipts, typing, presence, organization }))
}

/// Choose which signals one sends and sees
///
/// Whoever switches a kind off neither sends it nor sees that of others. What the organization has switched off stays
/// off.
#[utoipa::path(
    put, path = "/api/v1/me/presence-settings", tag = "signals",
    request_body = dto::SignalSwitches,
    responses((status = 200, body = dto::PresenceSettings))
)]
pub async fn change_settings(
    axum::extract::State(context): Context,
    caller: Caller,
    write: Write,
) -> Result<Json<dto::PresenceSettings>, Problem> {
    let dto::SignalSwitches { receipts, typing, presence } = write.parse()?;
    let op = UserOp::SetSignals(Switches { receipts, typing, presence });
    caller.submit(&context, write.key(caller.user.as_str())?, op).await?;
    context.signals.switched(&caller.user);
    settings(axum::extract::State(context), caller).await
}

/// The name and data of a live event.
pub fn frame(news: News) -> (&'static str, serde_json::Value) {
    let data = match news {
        News::Picture(Picture { presence, typing }) => to_json(&dto::Signals {
            presence: presence.into_iter().map(|(address, presence)| present(&address, presence)).collect(),
            typing: typing.into_iter().map(|(room, address)| types(room, &address, Typing::On)).collect(),
        }),
        News::Call(shown) => return ("call", to_json(&calls::show(&shown))),
        News::Media(media) => return ("call_signal", to_json(&calls::show_signal(&media))),
        News::Presence(address, presence) => return ("presence", to_json(&present(&address, presence))),
        News::Typing(room, address, typing) => return ("typing", to_json(&types(room, &address, typing))),
        News::Read(room, address, index) => {
            let frame = dto::ReaderMoved { room: room.to_string(), address: address.to_string(), index };
            return ("reader", to_json(&frame));
        }
    };
    ("signals", data)
}

fn to_json(frame: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(frame).expect("frames are plain structures of text and numbers")
}

fn present(address: &crate::model::Address, presence: crate::model::signal::Presence) -> dto::Present {
    dto::Present { address: address.to_string(), state: presence.as_str().to_owned() }
}

fn types(room: RoomId, address: &crate::model::Address, typing: Typing) -> dto::Typing {
    let typing = typing == Typing::On;
    let ends_in_ms = typing.then_some(limits::TYPING_MS);
    dto::Typing { room: room.to_string(), address: address.to_string(), typing, ends_in_ms }
}

fn show(switches: Switches) -> dto::SignalSwitches {
    let Switches { receipts, typing, presence } = switches;
    dto::SignalSwitches { receipts, typing, presence }
}

fn is_on(context: &super::ClientContext, caller: &Caller, kind: SignKind) -> bool {
    switches(&context.engine.state(), &caller.user).holds(kind)
}
