//! Plain values for the tests of the store.

use crate::{
    core::{
        State,
        command::Ref,
        draft::{Appended, Queued, Sent},
        state::Link,
    },
    crypto::digest::{chain, sha256},
    model::{
        Address, Digest, Domain, EventId, InstanceId, LinkId, LocalPart, Millis, RoomId,
        event::{Content, Event, Regards, Sealed},
        grant::{Grant, GrantState, Scopes, SignedGrant},
        id::PublicKey,
        link::{Peer, Streams},
        org::{Card, OwnOrg, SignedCard},
        room::{History, PendingRange, RoomInfo, RoomKind},
        text::Reason,
        user::User,
    },
};
use std::sync::Arc;

pub fn own() -> Domain {
    "acme.example".parse().expect("a domain")
}

pub fn local(text: &str) -> LocalPart {
    text.parse().expect("a local part")
}

pub fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

pub fn org() -> OwnOrg {
    OwnOrg { domain: own(), identity: PublicKey([1; 32]), instance: InstanceId([2; 16]), created_at: Millis(1) }
}

pub fn user(name: &str) -> User {
    User {
        local: local(name),
        name: name.parse().expect("a display name"),
        active: true,
        chosen: true,
        external: true,
        files: true,
        photo: None,
        password: None,
        created_at: Millis(5),
        signals: Default::default(),
    }
}

pub fn peer(domain: &str, serial: u64, state: GrantState) -> Peer {
    let domain: Domain = domain.parse().expect("a domain");
    let card = Card {
        domain: domain.clone(),
        name: "Globex".parse().expect("a display name"),
        identity: PublicKey([3; 32]),
        version: 1,
        signing_keys: Vec::new(),
        tls_pins: vec![Digest([4; 32])],
        endpoints: vec!["globex.example:7443".to_owned()],
        features: Vec::new(),
        issued_at: Millis(2),
    };
    let grant = Grant {
        link: LinkId([5; 16]),
        issuer: own(),
        subject: domain.clone(),
        subject_identity: card.identity,
        serial,
        since: 1,
        state,
        scopes: Scopes::all(),
        not_after: None,
        issued_at: Millis(3),
        reason: Reason::default(),
    };
    Peer {
        domain,
        link: grant.link,
        card: SignedCard { card, document: "{}".into() },
        ours: Some(SignedGrant { grant, document: "{}".into() }),
        theirs: None,
        quarantine: None,
        pinned_at: Millis(4),
        instance: None,
        runs: Vec::new(),
        seen_card: 0,
        features: Vec::new(),
        files: None,
        cleanup: None,
    }
}

pub fn state_with_peer(peer: &Peer) -> State {
    let mut state = State::new(org());
    let link = Link { peer: Arc::new(peer.clone()), streams: Streams::default(), last_refusal: None };
    state.links.insert(peer.domain.clone(), Arc::new(link));
    state
}

pub fn room(id: RoomId) -> RoomInfo {
    RoomInfo {
        id,
        kind: RoomKind::Group,
        host: own(),
        partner: Some("globex.example".parse().expect("a domain")),
        name: Some("Plans".parse().expect("a room name")),
        description: "all of them".parse().expect("a description"),
        history: History::Arrival,
        rules: crate::model::tool::Rules::default(),
        photo: None,
        photo_asked: None,
        created_by: address("alice@acme.example"),
        created_at: Millis(6),
        synced_epoch: Some(1),
        partner_present: true,
        frozen: None,
        pending: PendingRange::default(),
        unplaced: Vec::new(),
        joins: 2,
    }
}

/// An event whose bytes the store must not look into.
pub fn sealed(bytes: &[u8]) -> Sealed {
    let content = Content::Created { name: "Plans".parse().expect("a room name") };
    let event = Event { id: EventId([8; 16]), author: None, made_at: Millis(5), content };
    Sealed { event, bytes: bytes.into() }
}

/// The next event of a timeline, chained to `head`.
pub fn event(room: RoomId, index: u64, head: Digest, bytes: &[u8]) -> Appended {
    Appended {
        room,
        index,
        at: Millis(1_000 + index),
        sent: Some(Sent { epoch_n: 1, seq: index + 1 }),
        head: chain(head, sha256(bytes)),
        regards: Regards::Nothing,
        event: Arc::new(sealed(bytes)),
    }
}

/// The next record of an outbox, chained to `head`.
pub fn record(peer: &str, seq: u64, head: Digest, made_at: Millis, bytes: &[u8]) -> Queued {
    Queued {
        peer: peer.parse().expect("a domain"),
        epoch_n: 1,
        seq,
        head: chain(head, sha256(bytes)),
        made_at,
        reference: Ref::Event(RoomId([9; 16]), seq),
        bytes: bytes.into(),
    }
}
