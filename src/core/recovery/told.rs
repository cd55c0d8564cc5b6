//! What our own records told the peer, done here a second time: nobody is asked and nothing is sent.

use crate::{
    core::{
        acts, contacts,
        draft::{Draft, Sent},
        recovery::Submit,
        rooms,
        state::Room,
    },
    model::{
        Address, Code, Domain, Millis, RoomId,
        event::{Content, Sealed},
        link::RecordPlace,
        record::{Record, RecordBody},
        room::{Invitation, Member, MemberImage, RoomImage, RoomInfo},
    },
};
use std::sync::Arc;

/// Does what a record told. Returns the last submission of the peer that it gives a place; (0, 0) for none.
pub fn apply(
    draft: &mut Draft<'_>,
    peer: &Domain,
    (epoch_n, record): (u64, &Record),
    (their_epoch_n, submits): (u64, &[Submit]),
) -> RecordPlace {
    let Ok(body) = &record.body else { return RecordPlace::default() };
    let made_at = record.made_at;
    match body {
        RecordBody::RoomState(image) => tell_state(draft, peer, image, made_at),
        RecordBody::RoomEvent { room, index, event } => {
            tell_event(draft, peer, (*room, *index), event, Sent { epoch_n, seq: record.seq });
        }
        RecordBody::RoomPlaced { room, index, epoch_n, submits: runs } => {
            let of = epoch_n.unwrap_or(their_epoch_n);
            let named = |submit: &&Submit| {
                submit.epoch_n == of
                    && submit.room == *room
                    && runs.iter().any(|(from, to)| (*from..=*to).contains(&submit.seq))
            };
            tell_places(draft, peer, (*room, *index), submits.iter().filter(named));
            return runs.iter().map(|(_, to)| (of, *to)).max().unwrap_or_default();
        }
        RecordBody::RoomInvite { room, by, users } if hosted(draft, peer, *room).is_some() => {
            for user in users {
                draft.put_invitation(*room, user, Some(Invitation { by: by.clone(), at: made_at }));
            }
        }
        RecordBody::ContactAdd { from, to, .. } => contacts::ask_again(draft, from, to, made_at),
        // What the peer's people asked for and how it was answered, comes back with the peer's own stream.
        _ => {}
    }
    RecordPlace::default()
}

/// The room, if we order it for this peer.
fn hosted(draft: &Draft<'_>, peer: &Domain, id: RoomId) -> Option<Arc<Room>> {
    rooms::hosted_for(&draft.state, peer, id).ok().cloned()
}

/// The room at its next index. An index that is taken, or leaves a gap, freezes the room: something was ordered here
/// since the restore, or the partner does not keep what came before (F16, F18).
fn at_end(draft: &mut Draft<'_>, peer: &Domain, (id, index): (RoomId, u64)) -> Option<Arc<Room>> {
    let room = hosted(draft, peer, id)?;
    if index != room.next_index {
        rooms::freeze(draft, id, if index > room.next_index { Code::Gap } else { Code::Fork });
        return None;
    }
    Some(room)
}

fn tell_event(draft: &mut Draft<'_>, peer: &Domain, (id, index): (RoomId, u64), sealed: &Sealed, sent: Sent) {
    if at_end(draft, peer, (id, index)).is_none() {
        return;
    }
    draft.append(id, sealed.clone(), Some(sent));
    match &sealed.event.content {
        Content::Act(_) => acts::replay(draft, id, index, sealed),
        change => {
            rooms::apply_change(draft, id, (sealed, index), change, None);
            rooms::end_presence_if_empty(draft, id);
        }
    }
}

fn tell_places<'s>(
    draft: &mut Draft<'_>,
    peer: &Domain,
    (id, index): (RoomId, u64),
    submits: impl Iterator<Item = &'s Submit>,
) {
    if at_end(draft, peer, (id, index)).is_none() {
        return;
    }
    for submit in submits {
        let index = draft.append(id, submit.event.clone(), None);
        acts::replay(draft, id, index, &submit.event);
    }
}

/// The whole state of a room as the partner was told it. What lies between our copy and it never crossed.
fn tell_state(draft: &mut Draft<'_>, peer: &Domain, image: &RoomImage, made_at: Millis) {
    if draft.state.rooms.contains_key(&image.id) {
        let Some(room) = hosted(draft, peer, image.id) else { return };
        if image.next_index < room.next_index {
            return;
        }
    }
    let photo_asked = draft.state.rooms.get(&image.id).and_then(|room| room.info.photo_asked);
    let (us, joins) = (draft.state.org.domain.clone(), image.members.len() as u64);
    draft.put_room(RoomInfo { photo: image.photo, photo_asked, joins, ..rooms::info_of(&us, peer, image) });
    draft.skip_to(image.id, image.next_index, image.head);
    let gone: Vec<Address> = draft.state.rooms.get(&image.id).map_or_else(Vec::new, |room| {
        let stays = |user: &&Address| image.members.iter().any(|member| member.user == **user);
        room.members.keys().filter(|user| !stays(user)).cloned().collect()
    });
    for user in gone {
        rooms::end_member(draft, image.id, &user, None);
    }
    for (joined, member) in (0..).zip(&image.members) {
        let MemberImage { user, role, visible_from, .. } = member;
        let member = Member { role: *role, visible_from: *visible_from, joined, joined_at: made_at };
        draft.put_member(image.id, user, member);
    }
}
