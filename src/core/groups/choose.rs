//! Who is to be added: sorted by org, and the conditions for each (P3, P12).

use super::{
    super::{
        permit::check_permission,
        rooms,
        state::{Room, State},
    },
    third_org,
};
use crate::model::{Address, Code, Domain, LocalPart, Reject, contact::ContactState, limits};
use std::collections::BTreeSet;

/// People to be added, each once.
pub(super) struct Chosen {
    /// Of our org.
    pub ours: Vec<Address>,
    /// Of the partner.
    pub theirs: Vec<Address>,
    /// The partner, if any of its people is among them.
    pub partner: Option<Domain>,
}

/// Sorts the people by org, without those who are in already.
pub(super) fn choose(state: &State, users: &[Address], is_in: impl Fn(&Address) -> bool) -> Result<Chosen, Reject> {
    if users.len() > limits::MEMBERS_PER_ADD_MAX {
        let detail = format!("at most {} people can be added at once", limits::MEMBERS_PER_ADD_MAX);
        return Err(Reject { field: Some("members"), ..Reject::limit(Code::TooLarge, "room_members_per_add", detail) });
    }
    let mut seen = BTreeSet::new();
    let fresh = users.iter().filter(|user| !is_in(user) && seen.insert(*user)).cloned();
    let (ours, theirs): (Vec<_>, Vec<_>) = fresh.partition(|user| state.is_ours(user));
    let partner = theirs.first().map(Address::domain);
    if let Some(third) = partner.as_ref().and_then(|partner| theirs.iter().find(|user| !user.is_of(partner))) {
        return Err(third_org(&third.domain()));
    }
    Ok(Chosen { ours, theirs, partner })
}

/// Our own people must exist, and in a room with a partner each must hold the permission (P15).
pub(super) fn check_ours(state: &State, partner: Option<&Domain>, users: &[Address]) -> Result<(), Reject> {
    for user in users {
        if state.user_at(user).is_none_or(|user| !user.active) {
            return Err(Reject::field("members", format!("names {user}, who has no account here")));
        }
        if partner.is_some() && check_permission(state, &user.local()).is_err() {
            let detail = format!("{user} may not use external messaging; your admin can permit it");
            return Err(Reject { field: Some("members"), ..Reject::new(Code::NotPermitted, detail) });
        }
    }
    Ok(())
}

/// The partner's people must be in the user's contacts, or have been in this room before (P12, P18).
pub(super) fn check_theirs(
    state: &State,
    user: &LocalPart,
    room: Option<&Room>,
    users: &[Address],
) -> Result<(), Reject> {
    for other in users {
        let contact = state.contacts.get(&(user.clone(), other.clone()));
        let added = contact.is_some_and(|contact| contact.state == ContactState::Added);
        let former = room.is_some_and(|room| room.former.contains_key(other));
        let refuse = |code, detail| Err(Reject { field: Some("members"), ..Reject::new(code, detail) });
        if rooms::blocks(state, user, other) {
            return refuse(Code::Blocked, format!("you have blocked {other}; unblock them first"));
        }
        if !added && !former {
            return refuse(Code::NotContact, format!("{other} is not in your contacts; add them first"));
        }
        if state.profiles.get(other).is_some_and(|profile| !profile.available) {
            return refuse(Code::Unavailable, format!("{other} cannot be reached now"));
        }
    }
    Ok(())
}
