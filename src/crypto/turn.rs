//! STUN and TURN servers, with credentials that hold for some time: the convention that coturn calls `use-auth-secret`.

use crate::model::Millis;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use std::fmt;

/// What the relay and we both know. Does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// From the text that stands in the relay's configuration as well.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where browsers learn how they are reached, and relays that they may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IceServers {
    /// `stun:` addresses.
    pub stun: Vec<String>,
    /// `turn:` and `turns:` addresses.
    pub turn: Vec<String>,
    /// For the relays.
    pub secret: Option<Secret>,
}

/// A username with the end of its time in it, and the password that proves that we gave it. SHA-1 is the convention's; a
/// keyed hash does not need it to be free of collisions.
#[must_use]
pub fn credentials(secret: &Secret, user: &str, ends_at: Millis) -> (String, String) {
    let username = format!("{}:{user}", ends_at.0 / 1_000);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.0.as_bytes());
    let password = STANDARD.encode(hmac::sign(&key, username.as_bytes()));
    (username, password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p25_a_relay_takes_what_openssl_computes() {
        // printf '1767366245:alice' | openssl dgst -sha1 -hmac north -binary | base64
        let (username, password) = credentials(&Secret::new("north".to_owned()), "alice", Millis(1_767_366_245_678));
        assert_eq!(username, "1767366245:alice");
        assert_eq!(password, "vZ0eQB4EqKDsBhhnxUtttrFmWGU=");
    }
}
