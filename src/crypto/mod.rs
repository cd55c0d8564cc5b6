//! Signatures, digests, keys: verification returns a value that cannot be made elsewhere.

pub mod digest;
pub mod dsse;
pub mod fingerprint;
pub mod keys;
pub mod keyset;
pub(crate) mod object;
pub mod turn;
pub mod verified;

pub use keys::SigningKey;
pub use keyset::KeySet;
pub use verified::{ProofError, Verified};
