//! Calls: starting, joining, leaving, and what browsers tell each other to connect. Rules are the core's.

use super::{
    Context,
    caller::Caller,
    dto,
    paths::{CallPath, RoomPath},
};
use crate::{
    api::{
        body::Write,
        field::{Segments, parse, parse_all, parse_word},
        problem::Problem,
    },
    core::calls::{Plan, check_calls},
    crypto::turn,
    model::{
        Address, CallId, DeviceId, Millis, RoomId,
        call::{Candidate, Leg, Media, MediaContent, Medium, Seat, Shows},
        limits,
    },
    signals::{ForDevice, Shown},
};
use axum::{Json, http::StatusCode};
/// Start a call
///
/// It rings on all devices of those who are invited, for 45 s. Everything that follows comes as live events: `call` and
/// `call_signal`. Whoever joins connects to everybody who is in.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/calls", tag = "calls",
    params(RoomPath), request_body = dto::NewCall,
    responses((status = 201, body = dto::Call, description = "`CONFLICT` when there is a call in this room, or one is in another."))
)]
pub async fn start(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Json<dto::Call>), Problem> {
    let room: RoomId = segments.parse("room")?;
    let request: dto::NewCall = write.parse()?;
    let medium = parse_word("medium", &request.medium, &[("voice", Medium::Voice), ("video", Medium::Video)])?;
    let seat = seat(&request.device, request.shows)?;
    let invited = request.invited.map(|invited| parse_all("invited", &invited)).transpose()?;
    let plan = Plan { id: CallId(context.entropy.bytes()), room, medium, seat, invited };
    let shown = context.signals.start_call(&caller.user, plan)?;
    Ok((StatusCode::CREATED, Json(show(&shown))))
}

/// Read whether one can call in a room, and the call that is going on there
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/calls", tag = "calls",
    params(RoomPath),
    responses((status = 200, body = dto::RoomCalls))
)]
pub async fn of_room(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Json<dto::RoomCalls>, Problem> {
    let room: RoomId = segments.parse("room")?;
    let state = context.engine.state();
    crate::core::rooms::member_of(&state, &caller.user, room)?;
    Ok(Json(match check_calls(&state, &caller.user, room, context.engine.now()) {
        Ok(_) => {
            let call = context.signals.call_in(room).as_ref().map(show);
            dto::RoomCalls { possible: true, code: None, detail: None, call }
        }
        Err(reject) => {
            let code = Some(reject.code.as_str().to_owned());
            dto::RoomCalls { possible: false, code, detail: Some(reject.detail), call: None }
        }
    }))
}

/// List the calls that one may know of
#[utoipa::path(
    get, path = "/api/v1/calls", tag = "calls",
    responses((status = 200, body = dto::Calls))
)]
pub async fn list(axum::extract::State(context): Context, caller: Caller) -> Json<dto::Calls> {
    Json(dto::Calls { items: context.signals.calls_of(&caller.user).iter().map(show).collect() })
}

/// Come into a call
///
/// By one device; the others cease to ring. The same device may join again, as after a reload.
#[utoipa::path(
    post, path = "/api/v1/calls/{call}/join", tag = "calls",
    params(CallPath), request_body = dto::JoinCall,
    responses((status = 200, body = dto::Call, description = "`CONFLICT` when it was answered on another device, or one is in another call; `TOO_LARGE` when 8 people are in."))
)]
pub async fn join(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Json<dto::Call>, Problem> {
    let request: dto::JoinCall = write.parse()?;
    let seat = seat(&request.device, request.shows)?;
    Ok(Json(show(&context.signals.join_call(&caller.user, segments.parse("call")?, seat)?)))
}

/// Say what one shows, and that the device is there
///
/// To be repeated every 10 s while one is in a call: after 30 s of silence one is out.
#[utoipa::path(
    put, path = "/api/v1/calls/{call}/shows", tag = "calls",
    params(CallPath), request_body = dto::JoinCall,
    responses((status = 200, body = dto::Call))
)]
pub async fn shows(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Json<dto::Call>, Problem> {
    let request: dto::JoinCall = write.parse()?;
    let Seat { device, shows } = seat(&request.device, request.shows)?;
    Ok(Json(show(&context.signals.show_in_call(&caller.user, (segments.parse("call")?, device), shows)?)))
}

/// Hang up; before anybody came, give up
#[utoipa::path(
    post, path = "/api/v1/calls/{call}/leave", tag = "calls",
    params(CallPath), request_body = dto::LeaveCall,
    responses((status = 200, body = dto::Call))
)]
pub async fn leave(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<Json<dto::Call>, Problem> {
    let request: dto::LeaveCall = write.parse()?;
    let device = parse("device", &request.device)?;
    Ok(Json(show(&context.signals.leave_call(&caller.user, segments.parse("call")?, device)?)))
}

/// Decline a call that rings, on all one's devices
#[utoipa::path(
    post, path = "/api/v1/calls/{call}/decline", tag = "calls",
    params(CallPath),
    responses((status = 200, body = dto::Call))
)]
pub async fn decline(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Json<dto::Call>, Problem> {
    Ok(Json(show(&context.signals.decline_call(&caller.user, segments.parse("call")?)?)))
}

/// Tell another's browser something
///
/// At most once: nobody is told whether it arrived, and what does not arrive within 10 s never does. Who hears nothing
/// restarts ICE.
#[utoipa::path(
    post, path = "/api/v1/calls/{call}/signals", tag = "calls",
    params(CallPath), request_body = dto::NewCallSignal,
    responses((status = 204, description = "On its way. `NOT_FOUND` when not both are in by these devices."))
)]
pub async fn signal(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let call: CallId = segments.parse("call")?;
    context.signals.pass_in_call(&caller.user, call, media(write.parse()?)?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read how browsers connect: STUN and TURN servers, with credentials for some hours
#[utoipa::path(
    get, path = "/api/v1/calls/ice", tag = "calls",
    responses((status = 200, body = dto::IceServers))
)]
pub async fn ice(axum::extract::State(context): Context, caller: Caller) -> Json<dto::IceServers> {
    let ends_at = context.engine.now().plus(limits::RELAY_CREDENTIAL_MS);
    let turn::IceServers { stun, turn, secret } = &context.ice;
    let mut servers = Vec::new();
    if !stun.is_empty() {
        servers.push(dto::IceServer { urls: stun.clone(), username: None, credential: None });
    }
    if let Some(secret) = secret.as_ref().filter(|_| !turn.is_empty()) {
        let (username, credential) = turn::credentials(secret, caller.user.as_str(), Millis(ends_at.0));
        let (username, credential) = (Some(username), Some(credential));
        servers.push(dto::IceServer { urls: turn.clone(), username, credential });
    }
    let relay_only = context.engine.state().policy.relay_only;
    Json(dto::IceServers { ice_servers: servers, relay_only, ends_at: ends_at.0 })
}

fn seat(device: &str, shows: dto::Shows) -> Result<Seat, Problem> {
    let dto::Shows { muted, camera, screen } = shows;
    Ok(Seat { device: parse("device", device)?, shows: Shows { muted, camera, screen } })
}

fn media(request: dto::NewCallSignal) -> Result<Media, Problem> {
    let content = match (request.offer, request.answer, request.candidates) {
        (Some(sdp), None, None) => MediaContent::Offer(parse("offer", &sdp)?),
        (None, Some(sdp), None) => MediaContent::Answer(parse("answer", &sdp)?),
        (None, None, Some(candidates)) => MediaContent::Candidates(read_candidates(candidates)?),
        _ => return Err(Problem::field("offer", "must be the only one, of offer, answer and candidates")),
    };
    let device: DeviceId = parse("device", &request.device)?;
    Ok(Media { device, to: parse("to", &request.to)?, to_device: parse("to_device", &request.to_device)?, content })
}

fn read_candidates(candidates: Vec<dto::IceCandidate>) -> Result<Vec<Candidate>, Problem> {
    if !(1..=limits::CANDIDATES_PER_SIGNAL_MAX).contains(&candidates.len()) {
        return Err(Problem::field("candidates", format!("must be 1 to {}", limits::CANDIDATES_PER_SIGNAL_MAX)));
    }
    let read = |candidate: dto::IceCandidate| {
        Ok(Candidate { text: parse("candidates", &candidate.candidate)?, line: candidate.line })
    };
    candidates.into_iter().map(read).collect()
}

/// A call as it is shown.
pub fn show(shown: &Shown) -> dto::Call {
    let call = &shown.call;
    dto::Call {
        id: call.id.to_string(),
        room: call.room.to_string(),
        starter: call.starter.to_string(),
        medium: call.medium.as_str().to_owned(),
        started_at: call.started_at.0,
        connected_at: call.connected_at.map(|at| at.0),
        people: call.legs.iter().map(|(who, leg)| person(who, *leg)).collect(),
        outcome: shown.over.map(|outcome| outcome.as_str().to_owned()),
    }
}

fn person(who: &Address, leg: Leg) -> dto::InCall {
    let shows = |seat: Seat| {
        let Shows { muted, camera, screen } = seat.shows;
        dto::Shows { muted, camera, screen }
    };
    dto::InCall {
        address: who.to_string(),
        state: leg.as_str().to_owned(),
        device: leg.seat().map(|seat| seat.device.to_string()),
        shows: leg.seat().map(shows),
    }
}

/// Something from another's browser, as it is shown.
pub fn show_signal(signal: &ForDevice) -> dto::CallSignal {
    let (mut offer, mut answer, mut candidates) = (None, None, None);
    let show = |candidate: &Candidate| dto::IceCandidate {
        candidate: candidate.text.as_str().to_owned(),
        line: candidate.line,
    };
    match &signal.media.content {
        MediaContent::Offer(sdp) => offer = Some(sdp.as_str().to_owned()),
        MediaContent::Answer(sdp) => answer = Some(sdp.as_str().to_owned()),
        MediaContent::Candidates(list) => candidates = Some(list.iter().map(show).collect()),
    }
    dto::CallSignal {
        room: signal.room.to_string(),
        call: signal.call.to_string(),
        from: signal.from.to_string(),
        device: signal.media.device.to_string(),
        to_device: signal.media.to_device.to_string(),
        offer,
        answer,
        candidates,
    }
}
