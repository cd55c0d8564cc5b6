//! Whether something may cross a link now: a [`Permit`] can be made nowhere else.

use super::state::{Link, State};
use crate::model::{
    Code, Domain, LocalPart, Millis, Reject,
    grant::{Scope, Scopes},
    limits,
    link::{LinkState, Term},
};

/// Proof that a link was open for a scope when it was asked for, in the same step of the writer (P1, P2).
#[derive(Debug)]
pub struct Permit {
    epoch_n: u64,
}

impl Permit {
    /// The number of our stream's epoch in which the permit holds.
    #[must_use]
    pub fn epoch_n(&self) -> u64 {
        self.epoch_n
    }
}

/// The present term of a link: none unless both grants are active at `now`.
#[must_use]
pub fn term(link: &Link, now: Millis) -> Option<Term> {
    let ours = link.peer.ours.as_ref().filter(|signed| signed.grant.is_active(now))?;
    let theirs = link.peer.theirs.as_ref().filter(|signed| signed.grant.is_active(now))?;
    Some(Term { ours: ours.grant.since, theirs: theirs.grant.since })
}

/// What both grants name.
#[must_use]
pub fn scopes(link: &Link, now: Millis) -> Scopes {
    match (&link.peer.ours, &link.peer.theirs) {
        (Some(ours), Some(theirs)) if term(link, now).is_some() => ours.grant.scopes.and(theirs.grant.scopes),
        _ => Scopes::default(),
    }
}

/// The state of a link as people see it (W7).
#[must_use]
pub fn link_state(state: &State, link: &Link, now: Millis) -> LinkState {
    if link.peer.quarantine.is_some() {
        return LinkState::Quarantined;
    }
    let ours_active = link.peer.ours.as_ref().is_some_and(|signed| signed.grant.is_active(now));
    let Some(term) = term(link, now).filter(|_| !state.unconfirmed) else {
        let never = |signed: &Option<crate::model::grant::SignedGrant>| {
            signed.as_ref().is_none_or(|signed| signed.grant.serial == 0)
        };
        return match (ours_active && !state.unconfirmed, never(&link.peer.ours) && never(&link.peer.theirs)) {
            (true, _) => LinkState::ClosedByThem,
            (false, true) => LinkState::Pinned,
            (false, false) => LinkState::ClosedByUs,
        };
    };
    if link.streams.recovery.is_some() {
        return LinkState::Recovering;
    }
    let out_ready = link.streams.out.is_some_and(|out| out.term == term && out.confirmed);
    let in_ready = link.streams.inn.as_ref().is_some_and(|inn| inn.term == term);
    match (out_ready && in_ready, link.streams.last_contact) {
        (false, _) => LinkState::Opening,
        (true, Some(at)) if now.since(at) <= limits::STALE_AFTER_MS => LinkState::Open,
        (true, _) => LinkState::Stale,
    }
}

/// Whether something of `scope` may be queued for, or taken from, a peer now.
///
/// # Errors
/// The first condition that fails, with whose admin can change it (P5).
pub fn authorize(state: &State, peer: &Domain, scope: Scope, now: Millis) -> Result<Permit, Reject> {
    let Some(link) = state.links.get(peer) else {
        return Err(Reject::new(
            Code::UnknownPeer,
            format!("{peer} is not a partner of this organization; an admin can pair with it"),
        ));
    };
    check_link(state, link, now)?;
    if !scopes(link, now).holds(scope) {
        let ours = link.peer.ours.as_ref().is_some_and(|signed| signed.grant.scopes.holds(scope));
        let whose = if ours { format!("the admin of {peer}") } else { "your admin".to_owned() };
        return Err(Reject::new(
            Code::Scope,
            format!("`{}` is not part of both grants; {whose} can add it", scope.as_str()),
        ));
    }
    let current = term(link, now);
    match link.streams.written() {
        Some(out) if Some(out.term) == current => Ok(Permit { epoch_n: out.epoch.n }),
        _ => Err(Reject::new(
            Code::Opening,
            format!(
                "both grants are active, and the daemons have yet to greet each other; try again in a moment ({peer})"
            ),
        )),
    }
}

/// Whether both grants are active and nothing holds the link.
///
/// # Errors
/// Which condition fails.
pub fn check_link(state: &State, link: &Link, now: Millis) -> Result<(), Reject> {
    check_granted(state, link, now)?;
    if link.streams.recovery.is_some() {
        let detail = format!(
            "the database was put back to an earlier state, and what was lost of the link with {} is being fetched \
             back; try again in a moment",
            link.peer.domain
        );
        return Err(Reject::new(Code::Recovering, detail));
    }
    Ok(())
}

/// The same, also while something lost is being fetched back: then questions are answered, and nothing else crosses.
///
/// # Errors
/// Which condition fails.
pub fn check_granted(state: &State, link: &Link, now: Millis) -> Result<(), Reject> {
    let peer = &link.peer.domain;
    if link.peer.quarantine.is_some() {
        return Err(Reject::new(
            Code::Quarantined,
            format!("the link with {peer} is quarantined until an admin decides"),
        ));
    }
    if state.unconfirmed {
        return Err(Reject::new(
            Code::Unconfirmed,
            "all links are held until your admin confirms the grants after a restore",
        ));
    }
    let active = |signed: &Option<crate::model::grant::SignedGrant>| {
        signed.as_ref().is_some_and(|signed| signed.grant.is_active(now))
    };
    if !active(&link.peer.ours) {
        return Err(Reject::new(
            Code::ClosedByUs,
            format!("your organization has no active grant for {peer}; your admin can give one"),
        ));
    }
    if !active(&link.peer.theirs) {
        return Err(Reject::new(
            Code::ClosedByThem,
            format!("{peer} has no active grant for your organization; its admin can give one"),
        ));
    }
    Ok(())
}

/// Whether one of our users may use external messaging (P3).
///
/// # Errors
/// `NOT_PERMITTED` with what to do, or `NOT_FOUND`.
pub fn check_permission(state: &State, user: &LocalPart) -> Result<(), Reject> {
    match state.users.get(user) {
        None => Err(Reject::new(Code::NotFound, format!("no user {user} here"))),
        Some(user) if user.is_permitted(state.policy) => Ok(()),
        Some(_) => Err(Reject::new(
            Code::NotPermitted,
            "this account may not use external messaging; your admin can permit it",
        )),
    }
}

/// Why a link is closed, for notices and exclusions. A link with both grants active counts as closed by us.
#[must_use]
pub fn closing_cause(link: &Link, now: Millis) -> Code {
    match &link.peer.ours {
        Some(signed) if signed.grant.is_active(now) => Code::ClosedByThem,
        _ => Code::ClosedByUs,
    }
}
