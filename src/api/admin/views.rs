//! From the model to what admins read.

use super::dto::{
    AuditView, Consequences, FilePolicyView, GrantPair, GrantView, PeerStatus, PolicyView, QuarantineView, RefusalView,
    RoomView, UserView,
};
use super::recovery;
use crate::{
    core::{
        State, grants,
        permit::{self, link_state},
        state::{Link, Room},
    },
    crypto::fingerprint::Fingerprint,
    model::{
        Domain, Millis,
        audit::AuditEntry,
        event::Role,
        file::{FilePolicy, MediaRange},
        grant::{GrantState, Scope, SignedGrant},
        room::RoomKind,
        tool::Tool,
        user::{Audience, Policy, User},
    },
    wire,
};

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
        lag_records: link.streams.unacknowledged(),
        oldest_queued_at: oldest_queued_at.map(|at| at.0),
        last_refusal: link.last_refusal.as_ref().map(|(at, what)| RefusalView { at: at.0, what: what.clone() }),
        quarantine: peer.quarantine.as_ref().map(|quarantine| QuarantineView {
            code: quarantine.code.to_string(),
            detail: quarantine.detail.clone(),
            at: quarantine.at.0,
            evidence: quarantine.evidence.iter().map(|document| document.to_string()).collect(),
        }),
        fingerprint: Fingerprint::of(&peer.card.card.identity).to_string(),
        recovery: recovery::view(link),
        frozen_rooms: recovery::frozen_rooms(state, &peer.domain),
        seen_card: peer.seen_card,
        epoch: link.out_epoch().map(|epoch| epoch.n),
        endpoints: peer.card.card.endpoints.clone(),
        certificate_not_after: None,
    }
}

/// A room with a partner; none of internal ones.
#[must_use]
pub fn room(state: &State, room: &Room) -> Option<RoomView> {
    let info = &room.info;
    let kind = match info.kind {
        RoomKind::Internal => return None,
        RoomKind::Direct => "direct",
        RoomKind::Group => "group",
    };
    let (ours, theirs): (Vec<_>, Vec<_>) = room.members.keys().partition(|member| state.is_ours(member));
    let masters = room.members.iter().filter(|(_, member)| member.role == Role::Master);
    Some(RoomView {
        id: info.id.to_string(),
        kind: kind.to_owned(),
        peer: room.other(&state.org.domain)?.to_string(),
        host: info.host.to_string(),
        name: info.name.as_ref().map(ToString::to_string),
        created_by: info.created_by.to_string(),
        created_at: info.created_at.0,
        members_ours: ours.into_iter().map(ToString::to_string).collect(),
        members_theirs: theirs.into_iter().map(ToString::to_string).collect(),
        masters: masters.map(|(address, _)| address.to_string()).collect(),
        events: room.next_index,
        frozen: info.frozen.map(|code| code.to_string()),
    })
}

/// What a revocation would end (P27).
#[must_use]
pub fn consequences(peer: &Domain, counted: grants::Consequences) -> Consequences {
    Consequences {
        peer: peer.to_string(),
        direct_rooms: counted.direct_rooms,
        groups: counted.rooms,
        people_ours: counted.our_people,
        people_theirs: counted.their_people,
        queued_records: counted.queued_records,
    }
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
        files: user.files,
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
    let tools = Tool::ALL.iter().filter(|tool| policy.tools.has(**tool)).map(|tool| tool.as_str().to_owned()).collect();
    PolicyView {
        audience: audience.to_owned(),
        newcomers: policy.newcomers,
        edit_window_ms: Some(policy.edit_window_ms),
        receipts: Some(policy.signals.receipts),
        typing: Some(policy.signals.typing),
        presence: Some(policy.signals.presence),
        relay_only: Some(policy.relay_only),
        tools: Some(tools),
    }
}

/// What files may be sent and taken.
#[must_use]
pub fn file_policy(policy: &FilePolicy) -> FilePolicyView {
    let texts = |ranges: &[MediaRange]| ranges.iter().map(ToString::to_string).collect();
    FilePolicyView {
        sending: policy.sending,
        bytes_max: policy.bytes_max,
        allowed: texts(&policy.allowed),
        forbidden: texts(&policy.forbidden),
        folder_kept_days: Some(policy.folder_kept_days),
    }
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
