//! Cards: what an org says of itself, signed by its identity key (W1, W2).

use super::{
    WireError,
    strict::{self, Integer, ensure, refuse},
    words::{check_features, words},
};
use crate::{
    crypto::{keyset::check_public_key, object::Object},
    model::{
        Digest, Domain,
        id::PublicKey,
        limits,
        org::{Card, KeyUse, SigningKey, is_endpoint},
        text::DisplayName,
    },
};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, hash::Hash};

const OBJECT: &str = "card";

/// Most endpoints on a card.
pub const ENDPOINTS_MAX: usize = 4;

/// Writes the payload of a card.
#[must_use]
pub fn encode(card: &Card) -> Vec<u8> {
    strict::write(&CardV1 {
        domain: card.domain.clone(),
        name: card.name.clone(),
        identity: card.identity,
        version: Integer(card.version),
        signing_keys: card.signing_keys.iter().map(KeyV1::from).map(Object).collect(),
        tls_pins: card.tls_pins.clone(),
        endpoints: card.endpoints.clone(),
        features: card.features.clone(),
        issued_at: card.issued_at.into(),
    })
}

/// Reads the payload of a card, once its proof holds.
///
/// # Errors
/// What is wrong with its form, or which rule it breaks.
pub fn decode(bytes: &[u8]) -> Result<Card, WireError> {
    let parsed: CardV1 = strict::parse(OBJECT, bytes, limits::CARD_BYTES_MAX)?;
    let key = |Object(key): Object<KeyV1>| SigningKey { key: key.key, state: key.state.into() };
    let card = Card {
        domain: parsed.domain,
        name: parsed.name,
        identity: parsed.identity,
        version: parsed.version.0,
        signing_keys: parsed.signing_keys.into_iter().map(key).collect(),
        tls_pins: parsed.tls_pins,
        endpoints: parsed.endpoints,
        features: parsed.features,
        issued_at: parsed.issued_at.into(),
    };
    check(&card)?;
    Ok(card)
}

/// Whether a card keeps the rules: keys that are fit to be pinned, one that signs now, 1 to 4 pins and endpoints.
///
/// # Errors
/// The first rule that it breaks.
pub fn check(card: &Card) -> Result<(), WireError> {
    let keys = &card.signing_keys;
    ensure(card.version >= 1, OBJECT, "version", "starts at 1")?;
    ensure((1..=limits::CARD_SIGNING_KEYS_MAX).contains(&keys.len()), OBJECT, "signing_keys", "must be 1 to 4")?;
    ensure(is_set(keys.iter().map(|key| key.key)), OBJECT, "signing_keys", "must differ from each other")?;
    ensure(keys.iter().all(|key| key.key != card.identity), OBJECT, "signing_keys", "must not be the identity key")?;
    ensure(
        keys.iter().any(|key| key.state == KeyUse::Current),
        OBJECT,
        "signing_keys",
        "must hold one that is current",
    )?;
    if check_public_key(&card.identity).is_err() || keys.iter().any(|key| check_public_key(&key.key).is_err()) {
        return refuse(OBJECT, "identity or signing_keys", "hold a weak key or another than its only form");
    }
    ensure((1..=limits::CARD_PINS_MAX).contains(&card.tls_pins.len()), OBJECT, "tls_pins", "must be 1 to 4")?;
    ensure(is_set(card.tls_pins.iter()), OBJECT, "tls_pins", "must differ from each other")?;
    ensure((1..=ENDPOINTS_MAX).contains(&card.endpoints.len()), OBJECT, "endpoints", "must be 1 to 4")?;
    ensure(card.endpoints.iter().all(|text| is_endpoint(text)), OBJECT, "endpoints", "must be host:port")?;
    check_features(OBJECT, &card.features)
}

fn is_set<T: Hash + Eq>(mut items: impl Iterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.all(|item| seen.insert(item))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CardV1 {
    domain: Domain,
    name: DisplayName,
    identity: PublicKey,
    version: Integer,
    signing_keys: Vec<Object<KeyV1>>,
    tls_pins: Vec<Digest>,
    endpoints: Vec<String>,
    features: Vec<String>,
    issued_at: Integer,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyV1 {
    key: PublicKey,
    state: KeyUseV1,
}

impl From<&SigningKey> for KeyV1 {
    fn from(key: &SigningKey) -> Self {
        Self { key: key.key, state: key.state.into() }
    }
}

words!(
    /// Whether a signing key signs now.
    KeyUseV1 for KeyUse { Current = "current", Next = "next", Retired = "retired", Revoked = "revoked", }
);
