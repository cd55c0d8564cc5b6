//! What an org says of itself: its card (W1, W2).

use super::{Digest, Domain, Millis, id::PublicKey};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, sync::Arc};

/// Whether a signing key on a card may sign now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyUse {
    /// Signs now.
    Current,
    /// Announced, will sign later; nothing signed by it is accepted yet.
    Next,
    /// Signed until a newer card retired it; nothing new by it is accepted.
    Retired,
    /// Was compromised: nothing by it is accepted.
    Revoked,
}

/// One signing key of an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The Ed25519 public key. Its hex is the key id in DSSE signatures.
    pub key: PublicKey,
    /// Whether it may sign.
    pub state: KeyUse,
}

/// The signed description of an org.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The org's domain.
    pub domain: Domain,
    /// The org's name for people.
    pub name: super::text::DisplayName,
    /// The identity key: signs only cards.
    pub identity: PublicKey,
    /// Grows by one with each card.
    pub version: u64,
    /// 1 to 4 signing keys.
    pub signing_keys: Vec<SigningKey>,
    /// 1 to 4 SHA-256 hashes of the SPKI of TLS keys.
    pub tls_pins: Vec<Digest>,
    /// Where the federation listener is reached: `host:port`, 1 to 4.
    pub endpoints: Vec<String>,
    /// Features of the protocol that the daemon speaks.
    pub features: Vec<String>,
    /// When the card was made.
    pub issued_at: Millis,
}

impl Card {
    /// Whether the card says that this key was compromised.
    #[must_use]
    pub fn revokes(&self, key: &PublicKey) -> bool {
        self.signing_keys.iter().any(|listed| listed.key == *key && listed.state == KeyUse::Revoked)
    }
}

/// A card with the signed document that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCard {
    /// What it says.
    pub card: Card,
    /// The DSSE document, byte for byte.
    pub document: Arc<str>,
}

/// Our own org, as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnOrg {
    /// Our domain.
    pub domain: Domain,
    /// Our identity key.
    pub identity: PublicKey,
    /// This database.
    pub instance: super::InstanceId,
    /// When the database was made.
    pub created_at: Millis,
}

/// Whether a text is `host:port`: a domain name in lower case, an IPv4 address or an IPv6 address in brackets, and a port
/// from 1 to 65535.
#[must_use]
pub fn is_endpoint(text: &str) -> bool {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return address.port() != 0;
    }
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let port_ok = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0);
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    port_ok && host.len() <= 253 && host.split('.').all(label_ok)
}
