//! The host's order: each event gets the next index and goes out in the same step (P23, W17, W18).

use super::{
    super::{
        command::Ref,
        draft::Draft,
        features::{Feature, offers},
        permit,
        state::{Room, State},
        users,
    },
    awaits_cleanup, link_of, our_members,
};
use crate::model::{
    Domain, Millis, RoomId,
    event::Sealed,
    record::RecordBody,
    room::{MemberImage, RoomImage},
    tool::Rules,
};

/// Gives an event its place in a room that we host, or in an internal one, and sends it to the partner if one is
/// present and the link is open. Returns the index.
pub fn order(draft: &mut Draft<'_>, id: RoomId, event: Sealed) -> u64 {
    sync(draft, id);
    let Some(room) = draft.state.rooms.get(&id) else { return 0 };
    let index = room.next_index;
    let peer = receiver(&draft.state, room, draft.now).map(|(peer, _)| peer);
    let sent = peer.and_then(|peer| {
        let body = RecordBody::RoomEvent { room: id, index, event: event.clone() };
        draft.send(&peer, &body, Ref::Event(id, index))
    });
    draft.append(id, event, sent)
}

/// Sends the partner the whole state of a room that we host, unless it was sent in this epoch already. Comes before
/// the first event of the epoch.
pub fn sync(draft: &mut Draft<'_>, id: RoomId) {
    let Some(room) = draft.state.rooms.get(&id) else { return };
    let Some((peer, epoch_n)) = receiver(&draft.state, room, draft.now) else { return };
    if room.info.synced_epoch == Some(epoch_n) {
        return;
    }
    let (image, ours) = (image_of(&draft.state, room), our_members(&draft.state, room));
    draft.send(&peer, &RecordBody::RoomState(Box::new(image)), Ref::State(id));
    draft.change_room(id, |info| info.synced_epoch = Some(epoch_n));
    for user in ours {
        users::tell_photo(draft, &user, &peer);
    }
}

/// To whom the room's events go now, and in which epoch of our stream.
///
/// A missing scope or a quarantine does not keep an event back: the indices have to stay dense for the follower. What
/// may be said at all was decided before.
fn receiver(state: &State, room: &Room, now: Millis) -> Option<(Domain, u64)> {
    if !room.info.partner_present || !room.is_hosted_by(&state.org.domain) || awaits_cleanup(state, room) {
        return None;
    }
    let link = link_of(state, room)?;
    let out = link.streams.written()?;
    (permit::term(link, now)? == out.term).then(|| (link.peer.domain.clone(), out.epoch.n))
}

/// The room's state as its follower needs it.
fn image_of(state: &State, room: &Room) -> RoomImage {
    let mut members: Vec<_> = room.members.iter().collect();
    members.sort_by_key(|(_, member)| member.joined);
    let members = members.into_iter().map(|(user, member)| MemberImage {
        user: user.clone(),
        name: state.user_at(user).map(|user| user.name.clone()),
        role: member.role,
        visible_from: member.visible_from,
    });
    let info = &room.info;
    RoomImage {
        id: info.id,
        kind: info.kind,
        name: info.name.clone(),
        description: info.description.clone(),
        history: info.history,
        rules: rules_for(state, room),
        photo: info.photo.filter(|_| link_of(state, room).is_some_and(|link| offers(link, Feature::Photos))),
        created_by: info.created_by.clone(),
        created_at: info.created_at,
        members: members.collect(),
        next_index: room.next_index,
        head: room.head,
    }
}

/// A partner that does not know rules could not read them.
fn rules_for(state: &State, room: &Room) -> Rules {
    let knows = |feature| link_of(state, room).is_some_and(|link| offers(link, feature));
    if !knows(Feature::Rules) {
        return Rules::default();
    }
    let file_bytes_max = room.info.rules.file_bytes_max.filter(|_| knows(Feature::RoomFiles));
    Rules { file_bytes_max, ..room.info.rules }
}
