//! Leaving a room: removal, automatic exclusion, succession, and the end of a link (P13 to P16, P18, P26).

use super::{
    super::{draft::Draft, state::Room},
    order::order,
    unplace_range,
};
use crate::model::{
    Address, Code, Domain, RoomId,
    audit::AuditNote,
    event::{Content, Role},
    journal::Entry,
    limits,
    notice::NoticeKind,
    room::{FormerMember, Member, RoomKind},
};
use std::sync::Arc;

/// Excludes somebody who lost the permission from every external group (P15). Where we host, the partner is told by
/// an event; where the partner hosts, ours is out at once and the partner orders the event when it hears of it.
pub fn exclude_user(draft: &mut Draft<'_>, user: &Address, cause: Code) {
    let us = draft.state.org.domain.clone();
    for room in groups_with(draft, user) {
        let id = room.info.id;
        if !room.members.contains_key(user) {
            take_back(draft, id, user);
            end_presence_if_empty(draft, id);
            draft.journal(Entry::Room { room: id });
        } else if room.is_hosted_by(&us) {
            note_exclusion(draft, id, user, cause);
            end_memberships(draft, id, vec![user.clone()], None, Some(cause));
        } else if user.is_of(&us) {
            note_exclusion(draft, id, user, cause);
            end_member(draft, id, user, Some(cause));
            draft.journal(Entry::Room { room: id });
        }
    }
}

/// Forgets that somebody was asked in, and tells who asked that they cannot come.
pub fn take_back(draft: &mut Draft<'_>, id: RoomId, user: &Address) {
    let invitation = draft.state.rooms.get(&id).and_then(|room| room.invited.get(user)).cloned();
    let Some(invitation) = invitation else { return };
    draft.put_invitation(id, user, None);
    if draft.state.is_ours(&invitation.by) {
        let declined = NoticeKind::InvitationDeclined { room: id, user: user.clone() };
        draft.notify(&invitation.by.local(), declined);
    }
}

/// The groups in which somebody is a member. For the partner's people also those that ask them in.
fn groups_with(draft: &Draft<'_>, user: &Address) -> Vec<Arc<Room>> {
    let state = &draft.state;
    let is_group = |room: &&Arc<Room>| room.info.kind == RoomKind::Group;
    if state.is_ours(user) {
        let ids = state.rooms_of.get(&user.local()).into_iter().flatten();
        return ids.filter_map(|id| state.rooms.get(id)).filter(is_group).cloned().collect();
    }
    let concerned = |room: &&Arc<Room>| {
        room.is_hosted_by(&state.org.domain) && (room.members.contains_key(user) || room.invited.contains_key(user))
    };
    state.rooms.values().filter(is_group).filter(concerned).cloned().collect()
}

fn note_exclusion(draft: &mut Draft<'_>, id: RoomId, user: &Address, cause: Code) {
    draft.audit(AuditNote {
        actor: "system".to_owned(),
        action: "member.excluded",
        subject: user.to_string(),
        code: Some(cause),
        detail: format!("room {id}"),
    });
}

/// Ends memberships in a room that we host, or an internal one: by a master, or by a rule when there is a cause. The
/// event goes to the partner also when its last member is among them (W18).
pub fn end_memberships(
    draft: &mut Draft<'_>,
    id: RoomId,
    users: Vec<Address>,
    by: Option<&Address>,
    cause: Option<Code>,
) {
    let content = match cause {
        None => Content::Removed { users: users.clone() },
        Some(cause) => Content::Excluded { users: users.clone(), cause },
    };
    let sealed = draft.seal(by.cloned(), content);
    order(draft, id, sealed);
    for user in &users {
        end_member(draft, id, user, cause);
    }
    pass_on_mastery(draft, id);
    end_presence_if_empty(draft, id);
    draft.journal(Entry::Room { room: id });
}

/// Ends one membership, and tells our user.
pub fn end_member(draft: &mut Draft<'_>, id: RoomId, user: &Address, cause: Option<Code>) {
    let Some(room) = draft.state.rooms.get(&id) else { return };
    let Some(role) = room.members.get(user).map(|member| member.role) else { return };
    draft.end_member(id, user, FormerMember { role, ended_at: draft.now, cause });
    if draft.state.is_ours(user) {
        draft.journal(Entry::RoomLeft { room: id, user: user.local() });
        draft.notify(&user.local(), NoticeKind::Removed { room: id, cause });
    }
}

/// A room without a master gets one: the longest-standing member of the host org, else of the partner's (P15).
fn pass_on_mastery(draft: &mut Draft<'_>, id: RoomId) {
    let Some(room) = draft.state.rooms.get(&id) else { return };
    if room.members.values().any(|member| member.role == Role::Master) {
        return;
    }
    let standing = |(user, member): &(&Address, &Member)| (!user.is_of(&room.info.host), member.joined);
    let Some((heir, member)) = room.members.iter().min_by_key(standing) else { return };
    let (heir, member) = (heir.clone(), Member { role: Role::Master, ..member.clone() });
    let sealed = draft.seal(None, Content::Role { user: heir.clone(), role: Role::Master });
    order(draft, id, sealed);
    draft.put_member(id, &heir, member);
}

/// A partner without members and invitations is sent nothing more; coming back, it is sent the whole state again.
pub fn end_presence_if_empty(draft: &mut Draft<'_>, id: RoomId) {
    let Some(room) = draft.state.rooms.get(&id) else { return };
    let Some(partner) = room.info.partner.as_ref().filter(|_| room.info.kind == RoomKind::Group) else { return };
    if room.invited.is_empty() && room.members_of(partner).next().is_none() {
        end_presence(draft, id);
    }
}

fn end_presence(draft: &mut Draft<'_>, id: RoomId) {
    draft.change_room(id, |info| {
        info.partner_present = false;
        info.synced_epoch = None;
    });
}

/// What the end of a link means for one room (P15, P18, P21, P26): the follower org's people are out of a group, and
/// what was queued will not cross. Direct rooms stay. Doing it again changes nothing.
pub fn end_link_in_room(draft: &mut Draft<'_>, id: RoomId, peer: &Domain, cause: Code) {
    let us = draft.state.org.domain.clone();
    let Some(room) = draft.state.rooms.get(&id).filter(|room| room.other(&us) == Some(peer)).cloned() else { return };
    unplace_range(draft, id, room.info.pending, None);
    if room.info.kind != RoomKind::Group {
        return;
    }
    for user in room.invited.keys() {
        draft.put_invitation(id, user, None);
    }
    let leaving = if room.is_hosted_by(&us) {
        end_presence(draft, id);
        room.members_of(peer).map(|(user, _)| user.clone()).collect()
    } else {
        Vec::new()
    };
    for some in leaving.chunks(limits::MEMBERS_PER_ADD_MAX) {
        some.iter().for_each(|user| note_exclusion(draft, id, user, cause));
        end_memberships(draft, id, some.to_vec(), None, Some(cause));
    }
    if !room.is_hosted_by(&us) {
        end_copy(draft, &room, cause);
    }
}

/// The follower's copy stays for those who keep records, but nobody is in it any more.
fn end_copy(draft: &mut Draft<'_>, room: &Room, cause: Code) {
    let id = room.info.id;
    for user in room.members.keys() {
        if draft.state.is_ours(user) {
            note_exclusion(draft, id, user, cause);
        }
        end_member(draft, id, user, Some(cause));
    }
}
