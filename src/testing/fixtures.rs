//! Small makers of model values: orgs, cards, users, grants. Documents are not signed; the core does not look at them.

use crate::{
    clock::Random,
    core::state::State,
    crypto::digest::{link_id, sha256},
    model::{
        Address, Digest, Domain, InstanceId, LinkId, LocalPart, Millis, RoomId,
        grant::{Grant, GrantState, Scopes, SignedGrant},
        id::PublicKey,
        org::{Card, KeyUse, OwnOrg, SignedCard, SigningKey},
        text::Reason,
        user::User,
    },
};
use std::{fmt, str::FromStr};

/// Reproducible randomness: each seed is one endless sequence.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Random for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            // SplitMix64, one output byte a step.
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            *byte = (z >> 32) as u8;
        }
    }
}

/// A model value from its text; panics when the text does not fit, which is a mistake in the test.
#[must_use]
pub fn parsed<T: FromStr<Err: fmt::Debug>>(text: &str) -> T {
    text.parse().expect("the text in the test fits its type")
}

/// A domain.
#[must_use]
pub fn domain(text: &str) -> Domain {
    parsed(text)
}

/// An address.
#[must_use]
pub fn address(text: &str) -> Address {
    parsed(text)
}

/// A local part.
#[must_use]
pub fn local(text: &str) -> LocalPart {
    parsed(text)
}

/// A room id that is told apart by one byte.
#[must_use]
pub fn room_id(n: u8) -> RoomId {
    RoomId([n; 16])
}

/// The identity key that [`card`] and [`own_org`] give an org: derived from its domain, not a real key.
#[must_use]
pub fn identity(domain: &Domain) -> PublicKey {
    PublicKey(sha256(domain.as_str().as_bytes()).0)
}

/// Our own org.
#[must_use]
pub fn own_org(domain: &Domain) -> OwnOrg {
    let Digest(digest) = sha256(domain.as_str().as_bytes());
    let instance = InstanceId(digest[..16].try_into().expect("16 of 32 bytes"));
    OwnOrg { domain: domain.clone(), identity: identity(domain), instance, created_at: Millis(1) }
}

/// A card of an org under a version.
#[must_use]
pub fn card(domain: &Domain, version: u64) -> SignedCard {
    let card = Card {
        domain: domain.clone(),
        name: parsed(domain.as_str().split('.').next().unwrap_or("org")),
        identity: identity(domain),
        version,
        signing_keys: vec![SigningKey { key: identity(domain), state: KeyUse::Current }],
        tls_pins: ["one", "two"].map(|key| sha256(format!("{domain} {key}").as_bytes())).into(),
        endpoints: vec![format!("{domain}:7443")],
        features: Vec::new(),
        issued_at: Millis(1),
    };
    signed_card(card)
}

/// A card with a document that names what it holds.
#[must_use]
pub fn signed_card(card: Card) -> SignedCard {
    let document = format!("card {card:?}").into();
    SignedCard { card, document }
}

/// A grant with a document that names what it holds.
#[must_use]
pub fn signed_grant(grant: Grant) -> SignedGrant {
    let document = format!("grant {grant:?}").into();
    SignedGrant { grant, document }
}

/// The link between two orgs with the identities of [`identity`].
#[must_use]
pub fn link_between(one: &Domain, other: &Domain) -> LinkId {
    link_id((one, &identity(one)), (other, &identity(other)))
}

/// An active grant that starts a new term.
#[must_use]
pub fn active_grant(issuer: &Domain, subject: &Domain, serial: u64, scopes: Scopes) -> Grant {
    Grant {
        link: link_between(issuer, subject),
        issuer: issuer.clone(),
        subject: subject.clone(),
        subject_identity: identity(subject),
        serial,
        since: serial,
        state: GrantState::Active,
        scopes,
        not_after: None,
        issued_at: Millis(1),
        reason: Reason::default(),
    }
}

/// A revocation.
#[must_use]
pub fn revoked_grant(issuer: &Domain, subject: &Domain, serial: u64) -> Grant {
    Grant {
        state: GrantState::Revoked,
        scopes: Scopes::default(),
        ..active_grant(issuer, subject, serial, Scopes::default())
    }
}

/// A user who holds the permission under the default policy.
#[must_use]
pub fn user(name: &str) -> User {
    let mut display = name.to_owned();
    display[..1].make_ascii_uppercase();
    User {
        local: local(name),
        name: parsed(&display),
        active: true,
        chosen: true,
        external: true,
        files: true,
        photo: None,
        password: None,
        created_at: Millis(1),
        signals: Default::default(),
    }
}

/// The state of an org with these users and no peers.
#[must_use]
pub fn org_with_users(domain: &Domain, names: &[&str]) -> State {
    let mut state = State::new(own_org(domain));
    for name in names {
        state.users.insert(local(name), user(name).into());
    }
    state
}
