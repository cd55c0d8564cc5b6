//! What admins may look up in rooms, for audit: each look is in the audit log itself (P28).

use super::{
    Actor, Context,
    dto::{RoomView, RoomsQuery, VersionView},
    views,
};
use crate::{
    api::{
        field::{Query, Segments},
        paging::{Page, PageQuery},
        problem::Problem,
    },
    core::command::AdminOp,
    model::{
        Code, RoomId,
        event::{Act, Content, Event},
    },
    store::{kv::StoreError, reader::Reader},
};
use axum::Json;

/// Rooms with partners
///
/// Who is in them and how much was said, never what.
#[utoipa::path(get, path = "/rooms", tag = "rooms", params(RoomsQuery), responses((status = 200, body = Page<RoomView>)))]
pub async fn list(context: Context, Query(query): Query<RoomsQuery>) -> Result<Json<Page<RoomView>>, Problem> {
    let state = context.engine.state();
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let (range, items_max) = (page.range::<RoomId>()?, page.items_max()?);
    let views = state.rooms.range(range).filter_map(|(id, room)| Some((*id, views::room(&state, room)?)));
    let wanted = views.filter(|(_, view)| query.peer.as_ref().is_none_or(|peer| view.peer == *peer));
    Ok(Json(Page::take(wanted, items_max, |(id, _)| *id, |(_, view)| view)))
}

/// Read all versions of a message
///
/// Also of one that was recalled. That an admin looked is noted in the audit log, the texts are not.
#[utoipa::path(get, path = "/rooms/{room}/messages/{index}/history", tag = "rooms",
    params(("room" = String, Path, description = "The room's id."), ("index" = u64, Path, description = "The message's index.")),
    responses((status = 200, body = Page<VersionView>)))]
pub async fn history(context: Context, actor: Actor, segments: Segments) -> Result<Json<Page<VersionView>>, Problem> {
    let (room, index): (RoomId, u64) = (segments.parse("room")?, segments.parse("index")?);
    let versions = versions(context.engine.reader(), room, index)?;
    if versions.is_empty() {
        return Err(Problem::new(Code::NotFound, "there is no message at this index of this room"));
    }
    let note =
        AdminOp::Note { action: "message.history_read", subject: room.to_string(), detail: format!("index {index}") };
    context.submit(&actor, None, note).await?;
    Ok(Json(Page::whole(versions)))
}

/// What was said, each edit after it, and the recall.
fn versions(reader: &Reader, room: RoomId, index: u64) -> Result<Vec<VersionView>, StoreError> {
    let Some(fact) = reader.item(room, index)? else { return Ok(Vec::new()) };
    let mut versions = Vec::new();
    versions.extend(version(index, &fact.event));
    for edit in fact.item.edits.iter().chain(fact.item.recalled.iter().map(|trace| &trace.index)) {
        if let Some(later) = reader.item(room, *edit)? {
            versions.extend(version(*edit, &later.event));
        }
    }
    Ok(versions)
}

fn version(index: u64, event: &Event) -> Option<VersionView> {
    let (kind, text) = match &event.content {
        Content::Act(Act::Message(message)) => ("message", Some(message.text.to_string())),
        Content::Act(Act::Edit(edit)) => ("edit", Some(edit.text.to_string())),
        Content::Act(Act::Recall(_)) => ("recall", None),
        _ => return None,
    };
    let by = event.author.as_ref().map(ToString::to_string).unwrap_or_default();
    Some(VersionView { index, kind: kind.to_owned(), by, at: event.made_at.0, text })
}
