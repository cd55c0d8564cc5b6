//! Grants: our own, and what peers tell of theirs (P1, P26, W5, D7).

use super::{
    command::{Answer, GrantRequest},
    draft::Draft,
    links,
    state::{Link, State},
};
use crate::model::{
    Address, Code, Domain, Millis, Reject,
    audit::AuditNote,
    grant::{Grant, GrantState, Scopes, SignedGrant},
    journal::{Entry, Outcome},
    limits,
    link::Peer,
    room::RoomKind,
};
use std::collections::BTreeSet;

/// Our next grant for a peer as an admin asks for it, for the caller to sign.
///
/// # Errors
/// `UNKNOWN_PEER`, `CONFLICT` when the admin saw another serial, `INVALID` with the field.
pub fn build_own(state: &State, request: &GrantRequest, now: Millis) -> Result<Grant, Reject> {
    let link = links::find(state, &request.peer)?;
    let serial = serial_of(link.peer.ours.as_ref());
    check_expected(request.expected_serial.unwrap_or(serial), serial)?;
    if request.scopes.is_some_and(Scopes::is_empty) {
        return Err(Reject::field("scopes", "must name at least one scope; to end the permission, revoke"));
    }
    if request.scopes.is_some() && request.not_after.is_some_and(|end| end <= now) {
        return Err(Reject::field("not_after", "must lie in the future"));
    }
    let state_asked = if request.scopes.is_some() { GrantState::Active } else { GrantState::Revoked };
    Ok(Grant {
        link: link.peer.link,
        issuer: state.org.domain.clone(),
        subject: request.peer.clone(),
        subject_identity: link.peer.card.card.identity,
        serial: serial + 1,
        since: since_after(link.peer.ours.as_ref(), state_asked, now),
        state: state_asked,
        scopes: request.scopes.unwrap_or_default(),
        not_after: request.not_after.filter(|_| request.scopes.is_some()),
        issued_at: now,
        reason: request.reason.clone(),
    })
}

/// Puts our own grant in force. What it ends has ended when this is answered (P26).
///
/// # Errors
/// `UNKNOWN_PEER`; `CONFLICT` when another grant came in between; `INVALID` when the document does not fit.
pub fn put_own(
    draft: &mut Draft<'_>,
    actor: &str,
    peer: &Domain,
    expected_serial: u64,
    grant: SignedGrant,
) -> Result<Answer, Reject> {
    // A grant that ended by itself a moment ago has to end its term before a new one can begin.
    links::settle_term(draft, peer);
    let link = links::find(&draft.state, peer)?;
    check_expected(expected_serial, serial_of(link.peer.ours.as_ref()))?;
    check_own(draft, &link, &grant.grant)?;
    let (serial, was_open) = (grant.grant.serial, links::is_open(&draft.state, &link, draft.now));
    let action = match grant.grant.state {
        GrantState::Active => "grant.given",
        GrantState::Revoked => "grant.revoked",
    };
    audit(draft, format!("admin:{actor}"), action, (peer, &grant.grant));
    draft.put_peer(Peer { ours: Some(grant), ..Peer::clone(&link.peer) });
    after_change(draft, peer, was_open);
    Ok(Answer::Outcome(Outcome::Serial(serial)))
}

/// The present own grant has a proof by another signing key from now on, and says what it said (W1).
///
/// # Errors
/// `UNKNOWN_PEER`; `CONFLICT` when the present grant is another by now.
pub fn prove_own(draft: &mut Draft<'_>, actor: &str, peer: &Domain, grant: SignedGrant) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    if link.peer.ours.as_ref().is_none_or(|present| present.grant != grant.grant) {
        return Err(Reject::new(Code::Conflict, format!("the grant for {peer} is another one by now")));
    }
    audit(draft, format!("admin:{actor}"), "grant.proven_again", (peer, &grant.grant));
    draft.put_peer(Peer { ours: Some(grant), ..Peer::clone(&link.peer) });
    Ok(Answer::done())
}

/// An admin confirms that the own grants in the database are what is wanted: links may open again (D7).
///
/// # Errors
/// `CONFLICT` when nothing waits for it.
pub fn confirm(draft: &mut Draft<'_>, actor: &str) -> Result<Answer, Reject> {
    if !draft.state.unconfirmed {
        return Err(Reject::new(Code::Conflict, "the grants need no confirmation"));
    }
    draft.put_unconfirmed(false);
    let (actor, subject) = (format!("admin:{actor}"), "grants".to_owned());
    draft.audit(AuditNote { actor, action: "grants.confirmed", subject, code: None, detail: String::new() });
    let peers: Vec<Domain> = draft.state.links.keys().cloned().collect();
    for peer in peers {
        draft.journal(Entry::Link { peer: peer.clone() });
        links::announce_open(draft, &peer, false);
    }
    Ok(Answer::done())
}

/// Takes the peer's newer grant for us. An older one changes nothing; another one of the same serial is a fork (A13).
///
/// # Errors
/// `PROOF` when it is not for this link, or its serial is too far ahead; `UNKNOWN_PEER`.
pub fn hear(draft: &mut Draft<'_>, peer: &Domain, heard: SignedGrant) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    check_theirs(draft, &link, &heard.grant)?;
    let known = serial_of(link.peer.theirs.as_ref());
    if heard.grant.serial <= known {
        return hear_old(draft, peer, &link, &heard);
    }
    if known > 0 && heard.grant.serial - known > limits::GRANT_SERIAL_STEP_MAX {
        return Err(Reject::new(Code::Proof, "the grant's serial is too far ahead of the last one"));
    }
    check_unbroken(link.peer.theirs.as_ref(), &heard.grant)?;
    let was_open = links::is_open(&draft.state, &link, draft.now);
    audit(draft, format!("peer:{peer}"), "grant.heard", (peer, &heard.grant));
    draft.put_peer(Peer { theirs: Some(heard), ..Peer::clone(&link.peer) });
    after_change(draft, peer, was_open);
    Ok(Answer::Heard { again: true })
}

/// What a revocation would end (P27).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consequences {
    /// External groups whose members of the follower org would be excluded.
    pub rooms: u64,
    /// Direct rooms that would become read-only.
    pub direct_rooms: u64,
    /// Our people in those rooms.
    pub our_people: u64,
    /// The partner's people in those rooms.
    pub their_people: u64,
    /// Records that wait to be sent and would be undelivered.
    pub queued_records: u64,
}

/// Counts what a revocation for a peer would end. Nothing for an unknown peer.
#[must_use]
pub fn consequences(state: &State, peer: &Domain) -> Consequences {
    let mut counted = Consequences::default();
    let mut people: BTreeSet<Address> = BTreeSet::new();
    for room in state.rooms.values().filter(|room| room.other(&state.org.domain) == Some(peer)) {
        let present = room.members.keys().any(|member| member.is_of(peer));
        match room.info.kind {
            RoomKind::Direct => counted.direct_rooms += 1,
            RoomKind::Group if present => counted.rooms += 1,
            _ => continue,
        }
        people.extend(room.members.keys().cloned());
    }
    counted.our_people = people.iter().filter(|person| state.is_ours(person)).count() as u64;
    counted.their_people = people.len() as u64 - counted.our_people;
    counted.queued_records = state.links.get(peer).map_or(0, |link| link.streams.unacknowledged());
    counted
}

fn serial_of(grant: Option<&SignedGrant>) -> u64 {
    grant.map_or(0, |signed| signed.grant.serial)
}

/// The serial since which the next grant is active: the term goes on only from one active grant to the next.
fn since_after(previous: Option<&SignedGrant>, next: GrantState, now: Millis) -> u64 {
    match previous {
        Some(signed) if next == GrantState::Active && signed.grant.is_active(now) => signed.grant.since,
        previous => serial_of(previous) + 1,
    }
}

fn check_expected(expected: u64, present: u64) -> Result<(), Reject> {
    if expected == present {
        return Ok(());
    }
    Err(Reject::new(
        Code::Conflict,
        format!("the present grant has serial {present}, not {expected}; look at it and ask again"),
    ))
}

/// The caller built the document from a slightly older state; what it says must still be the next grant.
fn check_own(draft: &Draft<'_>, link: &Link, grant: &Grant) -> Result<(), Reject> {
    let previous = link.peer.ours.as_ref();
    let fits = grant.link == link.peer.link
        && grant.issuer == draft.state.org.domain
        && grant.subject == link.peer.domain
        && grant.subject_identity == link.peer.card.card.identity
        && grant.serial == serial_of(previous) + 1
        && grant.scopes.is_empty() == (grant.state == GrantState::Revoked);
    if !fits {
        return Err(Reject::field("grant", "does not follow the present one for this peer"));
    }
    if grant.since != since_after(previous, grant.state, draft.now) {
        return Err(Reject::new(Code::Conflict, "the last grant ended while this one was made; ask again"));
    }
    Ok(())
}

fn check_theirs(draft: &Draft<'_>, link: &Link, grant: &Grant) -> Result<(), Reject> {
    let own = &draft.state.org;
    let fits = grant.link == link.peer.link
        && grant.issuer == link.peer.domain
        && grant.subject == own.domain
        && grant.subject_identity == own.identity
        && grant.serial >= 1
        && (1..=grant.serial).contains(&grant.since);
    if fits { Ok(()) } else { Err(Reject::new(Code::Proof, "the grant is not for this link")) }
}

/// A term cannot reach back over a revocation, nor over the start of the term that we know.
fn check_unbroken(known: Option<&SignedGrant>, next: &Grant) -> Result<(), Reject> {
    let Some(known) = known.map(|signed| &signed.grant) else { return Ok(()) };
    let starts_later = next.since > known.serial;
    let goes_on = known.state == GrantState::Active && next.since == known.since;
    if next.state == GrantState::Revoked || starts_later || goes_on {
        Ok(())
    } else {
        Err(Reject::new(Code::Proof, "the grant claims to go on from before a revocation"))
    }
}

fn hear_old(draft: &mut Draft<'_>, peer: &Domain, link: &Link, heard: &SignedGrant) -> Result<Answer, Reject> {
    match &link.peer.theirs {
        Some(known) if known.grant.serial == heard.grant.serial && known.grant != heard.grant => {
            let detail = format!("{peer} has signed two grants with serial {}", heard.grant.serial);
            let evidence = vec![known.document.clone(), heard.document.clone()];
            links::quarantine(draft, peer, Code::Fork, detail, evidence)
        }
        _ => Ok(Answer::Heard { again: false }),
    }
}

fn after_change(draft: &mut Draft<'_>, peer: &Domain, was_open: bool) {
    links::settle_term(draft, peer);
    links::announce_open(draft, peer, was_open);
    draft.journal(Entry::Link { peer: peer.clone() });
}

fn audit(draft: &mut Draft<'_>, actor: String, action: &'static str, (peer, grant): (&Domain, &Grant)) {
    let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.as_str()).collect();
    let end = grant.not_after.map_or_else(String::new, |end| format!(", until {end}"));
    let detail = format!("serial {}, scopes [{}]{end}, reason: {}", grant.serial, scopes.join(" "), grant.reason);
    let subject = peer.to_string();
    draft.audit(AuditNote { actor, action, subject, code: None, detail });
}
