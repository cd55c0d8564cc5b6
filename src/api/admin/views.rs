//! From the model to what admins read.

use super::dto::{
    AuditView, Consequences, GrantPair, GrantView, PeerStatus, PolicyView, QuarantineView, RefusalView, UserView,
};
use crate::{
    core::{
        State,
        permit::{self, link_state},
        state::{Link, Room},
    },
    crypto::fingerprint::Fingerprint,
    model::{
        Domain, Millis,
        audit::AuditEntry,
        contact::ContactState,
        grant::{GrantState, Scope, SignedGrant},
        link::OutStream,
        room::RoomKind,
        user::{Audience, Policy, User},
    },
    wire,
};
use std::collections::BTreeSet;

/// A grant as it stands at `now`.
#[must_use]
pub fn grant(signed: &SignedGrant, now: Millis) -> GrantView {
    let grant = &signed.grant;
    let state = match grant.state {
        GrantState::Active => "active",
        GrantState::Revoked => "revoked",
    };
    GrantView {
        serial: grant.serial,
        state: state.to_owned(),
        in_force: grant.is_active(now),
        scopes: grant.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        not_after: grant.not_after.map(|end| end.0),
        issued_at: grant.issued_at.0,
        reason: grant.reason.to_string(),
    }
}

/// Both grants of a link.
#[must_use]
pub fn grant_pair(state: &State, link: &Link, now: Millis) -> GrantPair {
    GrantPair {
        peer: link.peer.domain.to_string(),
        state: link_state(state, link, now).as_str().to_owned(),
        serial: link.peer.ours.as_ref().map_or(0, |signed| signed.grant.serial),
        ours: link.peer.ours.as_ref().map(|signed| grant(signed, now)),
        theirs: link.peer.theirs.as_ref().map(|signed| grant(signed, now)),
    }
}

/// Records of our stream that the peer has not acknowledged.
#[must_use]
pub fn lag_records(out: Option<OutStream>) -> u64 {
    out.map_or(0, |out| out.next_seq.saturating_sub(1).saturating_sub(out.acked))
}

/// A link as it stands at `now`. `oldest_queued_at` is when the first record that waits was made.
#[must_use]
pub fn peer_status(state: &State, link: &Link, oldest_queued_at: Option<Millis>, now: Millis) -> PeerStatus {
    let peer = &link.peer;
    let why = permit::authorize(state, &peer.domain, Scope::Messages, now).err();
    let pair = grant_pair(state, link, now);
    PeerStatus {
        peer: pair.peer,
        org_name: peer.card.card.name.to_string(),
        state: pair.state,
        why: why.map(|reject| reject.detail),
        ours: pair.ours,
        theirs: pair.theirs,
        last_contact_at: link.streams.last_contact.map(|at| at.0),
        lag_records: lag_records(link.streams.out),
        oldest_queued_at: oldest_queued_at.map(|at| at.0),
        last_refusal: link.last_refusal.as_ref().map(|(at, what)| RefusalView { at: at.0, what: what.clone() }),
        quarantine: peer.quarantine.as_ref().map(|quarantine| QuarantineView {
            code: quarantine.code.to_string(),
            detail: quarantine.detail.clone(),
            at: quarantine.at.0,
            evidence: quarantine.evidence.iter().map(|document| document.to_string()).collect(),
        }),
        fingerprint: Fingerprint::of(&peer.card.card.identity).to_string(),
        epoch: link.out_epoch().map(|epoch| epoch.n),
        endpoints: peer.card.card.endpoints.clone(),
    }
}

/// What a revocation of our grant for a peer would end (P27). Reads only.
#[must_use]
pub fn consequences(state: &State, link: &Link) -> Consequences {
    let peer = &link.peer.domain;
    let shared: Vec<&Room> =
        state.rooms.values().map(AsRef::as_ref).filter(|room| is_shared(state, room, peer)).collect();
    let people = |org: &Domain| {
        let people: BTreeSet<&str> =
            shared.iter().flat_map(|room| room.members_of(org)).map(|(address, _)| address.as_str()).collect();
        people.len() as u64
    };
    let count = |kind: RoomKind| shared.iter().filter(|room| room.info.kind == kind).count() as u64;
    let is_pending = |domain: &str, contact_state| domain == peer.as_str() && contact_state == ContactState::Pending;
    let pending = state.contacts.iter().filter(|((_, who), contact)| is_pending(who.domain_str(), contact.state));
    Consequences {
        peer: peer.to_string(),
        direct_rooms: count(RoomKind::Direct),
        groups: count(RoomKind::Group),
        people_ours: people(&state.org.domain),
        people_theirs: people(peer),
        pending_contacts: pending.count() as u64,
        queued_records: lag_records(link.streams.out),
    }
}

fn is_shared(state: &State, room: &Room, peer: &Domain) -> bool {
    room.info.kind != RoomKind::Internal
        && room.other(&state.org.domain) == Some(peer)
        && room.members_of(&state.org.domain).next().is_some()
        && room.members_of(peer).next().is_some()
}

/// One of our users.
#[must_use]
pub fn user(state: &State, user: &User) -> UserView {
    UserView {
        local: user.local.to_string(),
        address: state.address(&user.local).to_string(),
        name: user.name.to_string(),
        active: user.active,
        chosen: user.chosen,
        external: user.external,
        permitted: user.is_permitted(state.policy),
        has_password: user.password.is_some(),
        created_at: user.created_at.0,
    }
}

/// The words for who may use external messaging.
pub const AUDIENCES: [(&str, Audience); 2] = [("all", Audience::All), ("chosen", Audience::Chosen)];

/// The org's policy.
#[must_use]
pub fn policy(policy: Policy) -> PolicyView {
    let audience = match policy.audience {
        Audience::All => "all",
        Audience::Chosen => "chosen",
    };
    PolicyView { audience: audience.to_owned(), newcomers: policy.newcomers }
}

/// An audit entry with its hash.
#[must_use]
pub fn audit_entry(entry: AuditEntry) -> AuditView {
    let hash = wire::audit::entry_hash(&entry).to_string();
    AuditView {
        seq: entry.seq,
        at: entry.at.0,
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        code: entry.code.map(|code| code.to_string()),
        detail: entry.detail,
        prev: entry.prev.to_string(),
        hash,
    }
}
