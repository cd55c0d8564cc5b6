//! Why not? Which conditions fail for a user and an external address, and who can change it (P5).

use super::{permit, state::State};
use crate::{
    crypto::digest::direct_room,
    model::{
        Address, Code, Domain, LocalPart, Millis, Reject,
        contact::ContactState,
        grant::{Scope, SignedGrant},
    },
};

/// Who can change a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The user who asks.
    You,
    /// The admin of the user's own org.
    YourAdmin,
    /// The admin of the partner org.
    TheirAdmin,
    /// Nobody: it passes by itself, or there is nothing to be done.
    Nobody,
}

impl Who {
    /// The name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::YourAdmin => "your_admin",
            Self::TheirAdmin => "their_admin",
            Self::Nobody => "nobody",
        }
    }
}

/// One condition that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The refusal that one would get.
    pub code: Code,
    /// One sentence for a person.
    pub detail: String,
    /// Who can change it.
    pub who: Who,
}

impl Reason {
    fn new(code: Code, who: Who, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), who }
    }

    fn of(reject: Reject, who: Who) -> Self {
        Self { code: reject.code, detail: reject.detail, who }
    }
}

/// Everything that stands between one of our users and an external person; empty when nothing does. What only the
/// partner's daemon knows is never told apart: its one answer is *unavailable* (P8).
#[must_use]
pub fn why_not(state: &State, user: &LocalPart, address: &Address, scope: Scope, now: Millis) -> Vec<Reason> {
    if state.is_ours(address) {
        return why_not_inside(state, user, address);
    }
    let mut reasons = Vec::new();
    reasons.extend(permit::check_permission(state, user).err().map(|reject| Reason::of(reject, Who::YourAdmin)));
    reasons.extend(why_not_link(state, &address.domain(), scope, now));
    reasons.extend(why_not_person(state, user, address, scope));
    reasons
}

fn why_not_inside(state: &State, user: &LocalPart, address: &Address) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !state.users.get(user).is_some_and(|user| user.active) {
        reasons.push(Reason::new(Code::NotFound, Who::YourAdmin, format!("no active user {user} here")));
    }
    if !state.user_at(address).is_some_and(|user| user.active) {
        reasons.push(Reason::new(Code::NotFound, Who::YourAdmin, format!("no active user {address} here")));
    }
    reasons
}

fn why_not_link(state: &State, peer: &Domain, scope: Scope, now: Millis) -> Vec<Reason> {
    let Some(link) = state.links.get(peer) else {
        let detail = format!("{peer} is not a partner of this organization; your admin can pair with it");
        return vec![Reason::new(Code::UnknownPeer, Who::YourAdmin, detail)];
    };
    let mut reasons = Vec::new();
    if link.peer.quarantine.is_some() {
        let detail = format!("the link with {peer} is quarantined until your admin decides");
        reasons.push(Reason::new(Code::Quarantined, Who::YourAdmin, detail));
    }
    if state.unconfirmed {
        let detail = "all links are held until your admin confirms the grants after a restore";
        reasons.push(Reason::new(Code::Unconfirmed, Who::YourAdmin, detail));
    }
    reasons.extend(why_not_granted(link.peer.ours.as_ref(), scope, now, (Who::YourAdmin, Code::ClosedByUs, peer)));
    reasons.extend(why_not_granted(link.peer.theirs.as_ref(), scope, now, (Who::TheirAdmin, Code::ClosedByThem, peer)));
    if reasons.is_empty()
        && let Err(reject) = permit::authorize(state, peer, scope, now)
    {
        reasons.push(Reason::of(reject, Who::Nobody));
    }
    reasons
}

fn why_not_granted(
    grant: Option<&SignedGrant>,
    scope: Scope,
    now: Millis,
    (who, closed, peer): (Who, Code, &Domain),
) -> Option<Reason> {
    let whose = if who == Who::YourAdmin { "your admin".to_owned() } else { format!("the admin of {peer}") };
    match grant.map(|signed| &signed.grant).filter(|grant| grant.is_active(now)) {
        None => Some(Reason::new(closed, who, format!("{whose} has given no grant that is active now"))),
        Some(grant) if !grant.scopes.holds(scope) => {
            Some(Reason::new(Code::Scope, who, format!("`{}` is not in the grant; {whose} can add it", scope.as_str())))
        }
        Some(_) => None,
    }
}

fn why_not_person(state: &State, user: &LocalPart, address: &Address, scope: Scope) -> Vec<Reason> {
    let contact = state.contacts.get(&(user.clone(), address.clone()));
    let mut reasons = Vec::new();
    if contact.is_some_and(|contact| contact.blocked) {
        reasons.push(Reason::new(Code::Blocked, Who::You, format!("you have blocked {address}; unblock to write")));
    }
    if needs_contact(state, user, address, scope) {
        reasons.extend(why_not_contact(contact.map_or(ContactState::None, |contact| contact.state), address));
    }
    let known_unavailable = state.profiles.get(address).is_some_and(|profile| !profile.available);
    if known_unavailable && reasons.iter().all(|reason| reason.code != Code::Unavailable) {
        let detail = format!("{address} cannot be reached at present; their organization does not say why");
        reasons.push(Reason::new(Code::Unavailable, Who::Nobody, detail));
    }
    reasons
}

/// To add somebody, they need not be a contact; nor where a direct room is there, because they have added the user.
fn needs_contact(state: &State, user: &LocalPart, address: &Address, scope: Scope) -> bool {
    match scope {
        Scope::Contacts => false,
        Scope::Rooms => true,
        Scope::Messages | Scope::Files | Scope::Calls => {
            !state.rooms.contains_key(&direct_room(&state.address(user), address))
        }
    }
}

fn why_not_contact(state: ContactState, address: &Address) -> Option<Reason> {
    match state {
        ContactState::Added => None,
        ContactState::Pending => {
            let detail = format!("{address} was asked; their organization has not answered yet");
            Some(Reason::new(Code::NotContact, Who::Nobody, detail))
        }
        ContactState::Unavailable => {
            let detail = format!("{address} cannot be reached; their organization does not say why");
            Some(Reason::new(Code::Unavailable, Who::Nobody, detail))
        }
        ContactState::Undelivered | ContactState::None => {
            let detail = format!("{address} is not in your contacts; add them first");
            Some(Reason::new(Code::NotContact, Who::You, detail))
        }
    }
}
