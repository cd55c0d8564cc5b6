//! Who is in a room, was in it, or is asked in.

use super::{
    Context,
    caller::Caller,
    dto,
    paths::{PersonPath, RoomPath},
    rooms::read_room,
    view,
};
use crate::{
    api::{
        body::Write,
        field::{self, Query, Segments},
        paging::{Page, PageQuery, Range},
        problem::Problem,
    },
    core::{
        command::UserOp,
        rooms::{member_of, present_members},
    },
    model::{Address, RoomId, event::Role},
};
use axum::{Json, http::StatusCode};

const ROLES: [(&str, Role); 2] = [("member", Role::Member), ("master", Role::Master)];

/// List a room's members, by address
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/members", tag = "members",
    params(RoomPath, PageQuery),
    responses((status = 200, body = Page<dto::Member>))
)]
pub async fn list(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<dto::Member>>, Problem> {
    let (after, items_max) = (query.after::<Address>()?, query.items_max()?);
    let state = context.engine.state();
    let room = member_of(&state, &caller.user, segments.parse("room")?)?;
    let rest =
        present_members(&state, room).skip_while(|(address, _)| after.as_ref().is_some_and(|after| *address <= after));
    let show = |(address, member)| view::member(&state, address, member);
    Ok(Json(Page::take(rest, items_max, |(address, _)| (*address).clone(), show)))
}

/// Add people to a room
///
/// Masters only. People of the partner are asked in and join when their daemon accepts.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/members", tag = "members",
    params(RoomPath), request_body = dto::NewMembers,
    responses((status = 202, body = dto::Room))
)]
pub async fn add(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<(StatusCode, Json<dto::Room>), Problem> {
    let room: RoomId = segments.parse("room")?;
    let request: dto::NewMembers = write.parse()?;
    let users = field::parse_all("users", &request.users)?;
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::AddMembers(room, users)).await?;
    Ok((StatusCode::ACCEPTED, read_room(&context, &caller, room)?))
}

/// Remove a member
///
/// Masters only; nobody leaves by themselves.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/members/{address}", tag = "members",
    params(RoomPath, PersonPath),
    responses((status = 202, description = "Done, or asked of the partner that hosts the room."))
)]
pub async fn remove(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let op = UserOp::RemoveMember(segments.parse("room")?, segments.parse("address")?);
    caller.submit(&context, write.key(caller.user.as_str())?, op).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Name a master, or end the role
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}/members/{address}/role", tag = "members",
    params(RoomPath, PersonPath), request_body = dto::NewRole,
    responses((status = 202, description = "Done, or asked of the partner that hosts the room."))
)]
pub async fn set_role(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    write: Write,
) -> Result<StatusCode, Problem> {
    let (room, address) = (segments.parse("room")?, segments.parse("address")?);
    let request: dto::NewRole = write.parse()?;
    let role = field::parse_word("role", &request.role, &ROLES)?;
    caller.submit(&context, write.key(caller.user.as_str())?, UserOp::SetRole(room, address, role)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// List former members, by address
///
/// So that a master can add them again in one step.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/former", tag = "members",
    params(RoomPath, PageQuery),
    responses((status = 200, body = Page<dto::FormerMember>))
)]
pub async fn former(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<dto::FormerMember>>, Problem> {
    let range: Range<Address> = query.range()?;
    let items_max = query.items_max()?;
    let state = context.engine.state();
    let room = member_of(&state, &caller.user, segments.parse("room")?)?;
    let gone = room.former.range(range).filter(|(address, _)| !room.members.contains_key(*address));
    let show = |(address, former)| view::former(&state, address, former);
    Ok(Json(Page::take(gone, items_max, |(address, _)| (*address).clone(), show)))
}

/// List people who are asked in and whose daemon has not answered, by address
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/invitations", tag = "members",
    params(RoomPath, PageQuery),
    responses((status = 200, body = Page<dto::Invitation>))
)]
pub async fn invitations(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<dto::Invitation>>, Problem> {
    let range: Range<Address> = query.range()?;
    let items_max = query.items_max()?;
    let state = context.engine.state();
    let room = member_of(&state, &caller.user, segments.parse("room")?)?;
    let show = |(address, invitation): (&Address, &crate::model::room::Invitation)| dto::Invitation {
        address: address.to_string(),
        by: invitation.by.to_string(),
        at: invitation.at.0,
    };
    Ok(Json(Page::take(room.invited.range(range), items_max, |(address, _)| (*address).clone(), show)))
}
