//! Which keys may verify, and which public keys are fit to be pinned at all.

use super::ProofError;
use crate::model::{
    id::{PublicKey, unhex},
    org::{Card, KeyUse},
};
use ed25519_dalek::VerifyingKey;

/// The keys that may verify one document.
#[derive(Clone, Debug)]
pub struct KeySet(Vec<PublicKey>);

impl KeySet {
    /// The keys of an org that sign now. Announced, retired and revoked ones verify nothing (A5).
    #[must_use]
    pub fn current(card: &Card) -> Self {
        Self(card.signing_keys.iter().filter(|key| key.state == KeyUse::Current).map(|key| key.key).collect())
    }

    /// The keys that sign or signed for an org by any of its cards, for those who check what was signed long ago. A key
    /// that one of the cards calls revoked verifies nothing.
    #[must_use]
    pub fn past<'a>(cards: impl Iterator<Item = &'a Card> + Clone) -> Self {
        let keys = || cards.clone().flat_map(|card| &card.signing_keys);
        let revoked: Vec<_> = keys().filter(|key| key.state == KeyUse::Revoked).map(|key| key.key).collect();
        let signed = |state| matches!(state, KeyUse::Current | KeyUse::Retired);
        Self(keys().filter(|key| signed(key.state) && !revoked.contains(&key.key)).map(|key| key.key).collect())
    }

    /// The identity key alone: it signs cards.
    #[must_use]
    pub fn identity(key: PublicKey) -> Self {
        Self(vec![key])
    }

    /// The key with this id, if it is in the set.
    pub(super) fn find(&self, key_id: &str) -> Result<PublicKey, ProofError> {
        let named = PublicKey(unhex(key_id).map_err(|_| ProofError::Form)?);
        if self.0.contains(&named) { Ok(named) } else { Err(ProofError::UnknownKey) }
    }
}

/// Whether a public key may be pinned: a point of the curve in its only encoding, and not of small order (A6).
///
/// # Errors
/// `WeakKey`.
pub fn check_public_key(key: &PublicKey) -> Result<(), ProofError> {
    verifying_key(key).map(|_| ())
}

/// The key, ready to verify.
pub(super) fn verifying_key(key: &PublicKey) -> Result<VerifyingKey, ProofError> {
    let verifying = VerifyingKey::from_bytes(&key.0).map_err(|_| ProofError::WeakKey)?;
    // The library keeps the bytes as given; another encoding of the same point would be a second name for the key.
    let canonical = verifying.to_edwards().compress().to_bytes() == key.0;
    if canonical && !verifying.is_weak() { Ok(verifying) } else { Err(ProofError::WeakKey) }
}

#[cfg(test)]
mod tests;
