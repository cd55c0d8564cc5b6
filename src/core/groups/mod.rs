//! External groups and internal rooms: making them, and what their masters may do (P12 to P14, P16 to P18).

mod choose;
mod receive;

pub use receive::{receive_answer, receive_ask, receive_invite, settle_invite_refused};

use super::{
    command::{Answer, Ref},
    draft::Draft,
    features::{self, Feature},
    permit::{authorize, check_permission},
    photos, rooms,
    state::{Room, State},
};
use crate::model::{
    Address, Code, Domain, LocalPart, Reject, RoomId,
    event::{Content, Role, SettingsChange},
    grant::Scope,
    journal::{Entry, Outcome},
    limits,
    record::{Ask, RecordBody},
    room::{History, Invitation, PendingRange, RoomInfo, RoomKind},
    text::{Description, RoomName},
    tool::{Rules, RulesChange},
};
use choose::{Chosen, check_ours, check_theirs, choose};
use std::{collections::BTreeSet, sync::Arc};

/// What a new room is to be.
#[derive(Debug)]
pub struct Plan {
    /// Name.
    pub name: RoomName,
    /// Description.
    pub description: Description,
    /// What new members see.
    pub history: History,
    /// Whom to add beside the creator.
    pub members: Vec<Address>,
}

/// Makes a room: an external group when a partner's person is among the members, else an internal room (P12). The
/// creator is its master (P13).
///
/// # Errors
/// The first condition that fails, with the member at fault.
pub fn create(draft: &mut Draft<'_>, user: &LocalPart, id: RoomId, plan: Plan) -> Result<Answer, Reject> {
    if draft.state.rooms.contains_key(&id) {
        return Err(Reject::new(Code::Exists, "a room with this id exists"));
    }
    if id.is_direct() {
        return Err(Reject::field("id", "must not be one of a direct room"));
    }
    let creator = draft.state.address(user);
    let chosen = choose(&draft.state, &plan.members, |member| *member == creator)?;
    let partner = chosen.partner.clone();
    if let Some(peer) = &partner {
        check_permission(&draft.state, user)?;
        authorize(&draft.state, peer, Scope::Rooms, draft.now)?;
        rooms::check_outbox(&draft.state, peer)?;
        if rooms::shared_rooms(&draft.state, peer) >= limits::ROOMS_PER_LINK_MAX {
            return Err(Reject::limit(
                Code::TooLarge,
                "rooms_per_link",
                format!("there are too many rooms with {peer}"),
            ));
        }
    }
    check_ours(&draft.state, partner.as_ref(), &chosen.ours)?;
    check_theirs(&draft.state, user, None, &chosen.theirs)?;
    let name = plan.name.clone();
    draft.put_room(new_info(draft, &creator, id, partner, plan));
    open(draft, id, &creator, name, chosen);
    Ok(Outcome::Room(id).into())
}

fn new_info(draft: &Draft<'_>, creator: &Address, id: RoomId, partner: Option<Domain>, plan: Plan) -> RoomInfo {
    RoomInfo {
        id,
        kind: if partner.is_some() { RoomKind::Group } else { RoomKind::Internal },
        host: draft.state.org.domain.clone(),
        partner,
        name: Some(plan.name),
        description: plan.description,
        history: plan.history,
        rules: Rules::default(),
        photo: None,
        photo_asked: None,
        created_by: creator.clone(),
        created_at: draft.now,
        synced_epoch: None,
        partner_present: false,
        frozen: None,
        pending: PendingRange::default(),
        unplaced: Vec::new(),
        joins: 0,
    }
}

fn open(draft: &mut Draft<'_>, id: RoomId, creator: &Address, name: RoomName, chosen: Chosen) {
    let created = draft.seal(Some(creator.clone()), Content::Created { name });
    rooms::order(draft, id, created);
    let mut founders = vec![creator.clone()];
    founders.extend(chosen.ours);
    rooms::join(draft, id, founders, Some(creator));
    rooms::set_role(draft, id, creator, Role::Master);
    invite(draft, id, creator, chosen.theirs);
}

/// Asks the partner's daemon for some of its people. From now on the partner is sent the room's events.
fn invite(draft: &mut Draft<'_>, id: RoomId, by: &Address, users: Vec<Address>) {
    let Some(peer) = users.first().map(Address::domain) else { return };
    draft.change_room(id, |info| info.partner_present = true);
    for user in &users {
        draft.put_invitation(id, user, Some(Invitation { by: by.clone(), at: draft.now }));
    }
    rooms::sync(draft, id);
    let body = RecordBody::RoomInvite { room: id, by: by.clone(), users };
    draft.send(&peer, &body, Ref::Invite(id, by.clone()));
    draft.journal(Entry::Room { room: id });
}

/// Adds people (P13). Where the partner hosts, its daemon is asked; our daemon's word for our own people goes along.
///
/// # Errors
/// The first condition that fails, with the member at fault.
pub fn add(draft: &mut Draft<'_>, user: &LocalPart, id: RoomId, users: &[Address]) -> Result<Answer, Reject> {
    let room = mastered(&draft.state, user, id)?.clone();
    let chosen = choose(&draft.state, users, |member| {
        room.members.contains_key(member) || (!draft.state.is_ours(member) && room.invited.contains_key(member))
    })?;
    check_partner(&draft.state, &room, &chosen)?;
    check_count(&room, &chosen)?;
    if let Some(peer) = &chosen.partner {
        authorize(&draft.state, peer, Scope::Rooms, draft.now)?;
        rooms::check_outbox(&draft.state, peer)?;
    }
    check_ours(&draft.state, room.info.partner.as_ref(), &chosen.ours)?;
    check_theirs(&draft.state, user, Some(&room), &chosen.theirs)?;
    let by = draft.state.address(user);
    if !room.is_hosted_by(&draft.state.org.domain) {
        return ask_to_add(draft, &room, user, chosen);
    }
    rooms::join(draft, id, chosen.ours, Some(&by));
    invite(draft, id, &by, chosen.theirs);
    Ok(Outcome::Room(id).into())
}

fn check_partner(state: &State, room: &Room, chosen: &Chosen) -> Result<(), Reject> {
    match &chosen.partner {
        Some(_) if room.info.kind == RoomKind::Internal => {
            Err(Reject::field("members", "can only be people of this organization: it is an internal room"))
        }
        Some(partner) if room.other(&state.org.domain) != Some(partner) => Err(third_org(partner)),
        _ => Ok(()),
    }
}

fn third_org(domain: &Domain) -> Reject {
    Reject::new(Code::ThirdOrg, format!("a group holds people of one partner only; {domain} would be a third"))
}

fn check_count(room: &Room, chosen: &Chosen) -> Result<(), Reject> {
    let count = room.members.len() + room.invited.len() + chosen.ours.len() + chosen.theirs.len();
    if count <= limits::MEMBERS_MAX {
        return Ok(());
    }
    Err(Reject::limit(Code::TooLarge, "room_members", format!("a room has at most {} members", limits::MEMBERS_MAX)))
}

fn ask_to_add(draft: &mut Draft<'_>, room: &Room, user: &LocalPart, chosen: Chosen) -> Result<Answer, Reject> {
    let by = draft.state.address(user);
    let named = |state: &State, user: &Address| state.name_of(user).filter(|_| state.is_ours(user)).cloned();
    let users: Vec<_> = chosen.ours.iter().chain(&chosen.theirs).cloned().collect();
    let users: Vec<_> = users.into_iter().map(|user| (named(&draft.state, &user), user)).collect();
    if users.is_empty() {
        return Ok(Outcome::Room(room.info.id).into());
    }
    let users = users.into_iter().map(|(name, user)| (user, name)).collect();
    let answer = ask(draft, room, user, Ask::Add { users })?;
    for user in &chosen.ours {
        draft.put_invitation(room.info.id, user, Some(Invitation { by: by.clone(), at: draft.now }));
    }
    Ok(answer)
}

/// Sends a master's request to the host.
fn ask(draft: &mut Draft<'_>, room: &Room, user: &LocalPart, ask: Ask) -> Result<Answer, Reject> {
    let host = room.info.host.clone();
    check_permission(&draft.state, user)?;
    authorize(&draft.state, &host, Scope::Rooms, draft.now)?;
    rooms::check_outbox(&draft.state, &host)?;
    let id = room.info.id;
    let by = draft.state.address(user);
    draft.send(&host, &RecordBody::RoomAsk { room: id, by, ask }, Ref::Ask(id, user.clone()));
    Ok(Outcome::Room(id).into())
}

/// The room, if the user is a master of it and it takes changes.
fn mastered<'a>(state: &'a State, user: &LocalPart, id: RoomId) -> Result<&'a Arc<Room>, Reject> {
    let room = rooms::member_of(state, user, id)?;
    rooms::check_frozen(room)?;
    check_master(room, &state.address(user))?;
    Ok(room)
}

fn check_master(room: &Room, by: &Address) -> Result<(), Reject> {
    match room.members.get(by).map(|member| member.role) {
        Some(Role::Master) => Ok(()),
        Some(Role::Member) => Err(Reject::new(Code::NotMaster, "only a Group Master may do this; ask one of them")),
        None => Err(Reject::new(Code::NotMember, "not a member of this room")),
    }
}

/// Removes somebody, or takes back an invitation (P13, P14, P16). Out of an internal room one may also go by oneself.
///
/// # Errors
/// `NO_LEAVING` for oneself, `NOT_MASTER`, `LAST_MASTER`, `NOT_FOUND` for who is not in the room.
pub fn remove(draft: &mut Draft<'_>, user: &LocalPart, id: RoomId, member: &Address) -> Result<Answer, Reject> {
    let by = draft.state.address(user);
    let room = rooms::member_of(&draft.state, user, id)?.clone();
    if *member == by {
        check_leaving(&room, &by)?;
    } else {
        mastered(&draft.state, user, id)?;
    }
    if !room.is_hosted_by(&draft.state.org.domain) {
        check_member(&room, member)?;
        return ask(draft, &room, user, Ask::Remove { users: vec![member.clone()] });
    }
    if room.invited.contains_key(member) {
        draft.put_invitation(id, member, None);
        rooms::end_presence_if_empty(draft, id);
        draft.journal(Entry::Room { room: id });
    } else {
        check_member(&room, member)?;
        rooms::end_memberships(draft, id, vec![member.clone()], Some(&by), None);
    }
    Ok(Outcome::Room(id).into())
}

fn check_leaving(room: &Room, by: &Address) -> Result<(), Reject> {
    if room.info.kind != RoomKind::Internal {
        return Err(no_leaving());
    }
    if room.members.len() > 1 { check_other_master(room, by) } else { Ok(()) }
}

fn no_leaving() -> Reject {
    Reject::new(
        Code::NoLeaving,
        "nobody leaves a room with external people by themselves; a Group Master removes members",
    )
}

fn check_member(room: &Room, member: &Address) -> Result<(), Reject> {
    if room.members.contains_key(member) {
        return Ok(());
    }
    Err(Reject::new(Code::NotFound, format!("{member} is not a member of this room")))
}

/// There is always a master (P13).
fn check_other_master(room: &Room, but: &Address) -> Result<(), Reject> {
    if room.members.iter().any(|(user, member)| user != but && member.role == Role::Master) {
        return Ok(());
    }
    Err(Reject::new(Code::LastMaster, "a room needs a master; name another one first"))
}

/// Names a master, or ends the role (P13).
///
/// # Errors
/// `NOT_MASTER`, `LAST_MASTER`, `NOT_FOUND` for who is not in the room.
pub fn set_role(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    id: RoomId,
    member: &Address,
    role: Role,
) -> Result<Answer, Reject> {
    let by = draft.state.address(user);
    let room = mastered(&draft.state, user, id)?.clone();
    check_role(&room, member, role)?;
    if !room.is_hosted_by(&draft.state.org.domain) {
        return ask(draft, &room, user, Ask::Role { user: member.clone(), role });
    }
    order_role(draft, &room, Some(&by), member, role);
    Ok(Outcome::Room(id).into())
}

fn check_role(room: &Room, member: &Address, role: Role) -> Result<(), Reject> {
    check_member(room, member)?;
    let was_master = room.members.get(member).is_some_and(|member| member.role == Role::Master);
    if was_master && role == Role::Member { check_other_master(room, member) } else { Ok(()) }
}

fn order_role(draft: &mut Draft<'_>, room: &Room, by: Option<&Address>, member: &Address, role: Role) {
    if room.members.get(member).is_some_and(|known| known.role == role) {
        return;
    }
    let id = room.info.id;
    let sealed = draft.seal(by.cloned(), Content::Role { user: member.clone(), role });
    rooms::order(draft, id, sealed);
    rooms::set_role(draft, id, member, role);
    draft.journal(Entry::Room { room: id });
}

/// Changes name, description, history rule, tools, or who may call all (P13, P17, P19).
///
/// # Errors
/// `NOT_MASTER`, `NOT_FOUND`.
pub fn change(draft: &mut Draft<'_>, user: &LocalPart, id: RoomId, change: SettingsChange) -> Result<Answer, Reject> {
    let by = draft.state.address(user);
    let room = mastered(&draft.state, user, id)?.clone();
    if change == SettingsChange::default() {
        return Ok(Outcome::Room(id).into());
    }
    if change.rules != RulesChange::default() {
        features::check(&draft.state, &room, Feature::Rules)?;
    }
    if change.photo.is_some() {
        features::check(&draft.state, &room, Feature::Photos)?;
    }
    if let Some(bytes) = change.rules.file_bytes_max {
        features::check(&draft.state, &room, Feature::RoomFiles)?;
        check_file_bytes(bytes)?;
    }
    if !room.is_hosted_by(&draft.state.org.domain) {
        if let Some(photo) = change.photo {
            photos::ask(draft, id, photo);
        }
        return ask(draft, &room, user, Ask::Settings(change));
    }
    order_settings(draft, id, Some(&by), change);
    Ok(Outcome::Room(id).into())
}

fn check_file_bytes(bytes: u64) -> Result<(), Reject> {
    if bytes <= limits::FILE_BYTES_MAX {
        return Ok(());
    }
    Err(Reject::field("file_bytes_max", format!("must be at most {}", limits::FILE_BYTES_MAX)))
}

fn order_settings(draft: &mut Draft<'_>, id: RoomId, by: Option<&Address>, change: SettingsChange) {
    let sealed = draft.seal(by.cloned(), Content::Settings(change.clone()));
    rooms::order(draft, id, sealed);
    // What has no author was asked for by the partner's masters.
    let peer = draft.state.rooms.get(&id).and_then(|room| room.info.partner.clone()).filter(|_| by.is_none());
    rooms::apply_settings(draft, id, &change, peer.as_ref());
    draft.journal(Entry::Room { room: id });
}

/// The user's rooms with exactly these people beside the user: offered before another one is made (P12). Those who are
/// asked in count as in.
#[must_use]
pub fn rooms_with_exactly(state: &State, user: &LocalPart, members: &[Address]) -> Vec<RoomId> {
    let own = state.address(user);
    let wanted: BTreeSet<&Address> = members.iter().chain([&own]).collect();
    let same = |room: &&Arc<Room>| {
        let present: BTreeSet<&Address> = room.members.keys().chain(room.invited.keys()).collect();
        room.info.kind != RoomKind::Direct && present == wanted
    };
    let ids = state.rooms_of.get(user).into_iter().flatten();
    ids.filter_map(|id| rooms::member_of(state, user, *id).ok()).filter(same).map(|room| room.info.id).collect()
}
