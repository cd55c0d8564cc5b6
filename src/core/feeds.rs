//! Addresses at which other calendar software reads a room's calendar (P19).

use super::{command::Answer, draft::Draft, rooms};
use crate::model::{Digest, LocalPart, Reject, RoomId, audit::AuditNote, limits, user::Feed};
use std::sync::Arc;

/// Opens a feed; beyond the limit the user's oldest one ends.
///
/// # Errors
/// `NOT_FOUND` when the user is no member.
pub fn open(draft: &mut Draft<'_>, user: &LocalPart, secret: Digest, room: RoomId) -> Result<Answer, Reject> {
    rooms::member_of(&draft.state, user, room)?;
    let mut known = feeds_of(draft, user);
    known.sort_by_key(|(_, feed)| feed.created_at);
    let surplus = (known.len() + 1).saturating_sub(limits::FEEDS_PER_USER_MAX);
    for (oldest, _) in known.into_iter().take(surplus) {
        draft.put_feed(oldest, None);
    }
    draft.put_feed(secret, Some(Feed { user: user.clone(), room, created_at: draft.now }));
    audit(draft, user, "calendar.feed_opened", room);
    Ok(Answer::done())
}

/// Ends all feeds of a user for a room, also of one that they have left.
///
/// # Errors
/// None.
pub fn end(draft: &mut Draft<'_>, user: &LocalPart, room: RoomId) -> Result<Answer, Reject> {
    let ended: Vec<_> = feeds_of(draft, user).into_iter().filter(|(_, feed)| feed.room == room).collect();
    for (secret, _) in &ended {
        draft.put_feed(*secret, None);
    }
    if !ended.is_empty() {
        audit(draft, user, "calendar.feeds_ended", room);
    }
    Ok(Answer::done())
}

fn feeds_of(draft: &Draft<'_>, user: &LocalPart) -> Vec<(Digest, Arc<Feed>)> {
    let own = draft.state.feeds.iter().filter(|(_, feed)| feed.user == *user);
    own.map(|(secret, feed)| (*secret, feed.clone())).collect()
}

fn audit(draft: &mut Draft<'_>, user: &LocalPart, action: &'static str, room: RoomId) {
    let actor = draft.state.address(user).to_string();
    draft.audit(AuditNote { actor, action, subject: room.to_string(), code: None, detail: String::new() });
}
