//! Notices as their user sees them.

use crate::{
    api::client::dto::Notification,
    model::{
        RoomId,
        notice::{Notice, NoticeKind},
    },
};

/// A notification.
pub fn notification(n: u64, notice: &Notice) -> Notification {
    let blank = |kind: &str| Notification { n, at: notice.at.0, kind: kind.to_owned(), ..Notification::default() };
    let code = |code: &crate::model::Code| Some(code.as_str().to_owned());
    match &notice.kind {
        NoticeKind::Available { peer } => Notification { peer: Some(peer.to_string()), ..blank("available") },
        NoticeKind::Ended { peer, code: cause } => {
            Notification { peer: Some(peer.to_string()), code: code(cause), ..blank("ended") }
        }
        NoticeKind::ContactAdded { user } => Notification { address: Some(user.to_string()), ..blank("contact_added") },
        NoticeKind::ContactUnavailable { user, code: cause } => {
            Notification { address: Some(user.to_string()), code: code(cause), ..blank("contact_unavailable") }
        }
        NoticeKind::DirectRoom { user, room } => {
            Notification { address: Some(user.to_string()), room: Some(room.to_string()), ..blank("direct_room") }
        }
        NoticeKind::Joined { room } => Notification { room: Some(room.to_string()), ..blank("joined") },
        NoticeKind::Removed { room, cause } => {
            Notification { room: Some(room.to_string()), code: cause.as_ref().and_then(code), ..blank("removed") }
        }
        NoticeKind::InvitationDeclined { room, user } => Notification {
            room: Some(room.to_string()),
            address: Some(user.to_string()),
            ..blank("invitation_declined")
        },
        NoticeKind::Mentioned { room, index } => at_item(blank("mentioned"), *room, *index),
        NoticeKind::Note { room, index } => at_item(blank("note"), *room, *index),
        NoticeKind::Comment { room, index } => at_item(blank("comment"), *room, *index),
        NoticeKind::Date { room, index } => at_item(blank("date"), *room, *index),
        NoticeKind::Refused { room, code: cause } => {
            Notification { room: Some(room.to_string()), code: code(cause), ..blank("refused") }
        }
        NoticeKind::Frozen { room } => Notification { room: Some(room.to_string()), ..blank("frozen") },
    }
}

fn at_item(blank: Notification, room: RoomId, index: u64) -> Notification {
    Notification { room: Some(room.to_string()), index: Some(index), ..blank }
}
