//! What a verified signature yields, and why one does not hold.

use crate::model::{Code, id::PublicKey};
use std::{fmt, ops::Deref};

/// A value that a signature stands for. Only this crate's `crypto` makes one from bytes; `wire` parses it further.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    value: T,
    key: PublicKey,
    signature: [u8; 64],
}

impl<T> Verified<T> {
    pub(super) fn new(value: T, key: PublicKey, signature: [u8; 64]) -> Self {
        Self { value, key, signature }
    }

    /// The key that signed.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> [u8; 64] {
        self.signature
    }

    /// The value alone; from here on the type no longer says that it was proven.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// The same proof for what the value says in another form.
    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Verified<U> {
        Verified { value: convert(self.value), key: self.key, signature: self.signature }
    }

    /// As [`Verified::map`], when the conversion can fail.
    pub(crate) fn try_map<U, E>(self, convert: impl FnOnce(T) -> Result<U, E>) -> Result<Verified<U>, E> {
        Ok(Verified { value: convert(self.value)?, key: self.key, signature: self.signature })
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Why a proof does not hold. `Display` says the same for every variant, because the answer to a peer must not help it
/// to try keys; [`ProofError::detail`] is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// Larger than any document of the protocol.
    TooLarge,
    /// Not a DSSE document with exactly one signature.
    Form,
    /// A document of another kind (A7).
    Kind,
    /// Not standard base64 with padding in its only form.
    Encoding,
    /// The key id names no key that may sign this now (A5).
    UnknownKey,
    /// A key of small order or in another than its only form (A6).
    WeakKey,
    /// The signature is not that key's over this payload.
    Signature,
    /// Proven, but it speaks for another org than the key's owner.
    Owner,
    /// The digest in the signed hello is not that of the document beside it.
    Bundle,
}

impl ProofError {
    /// The reason, for the log only.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::TooLarge => "the document is larger than any of the protocol",
            Self::Form => "not a DSSE document with exactly one signature",
            Self::Kind => "the payload type is of another kind of object",
            Self::Encoding => "not canonical base64",
            Self::UnknownKey => "the key id names no key that may sign this now",
            Self::WeakKey => "the key is of small order or not in canonical form",
            Self::Signature => "the signature does not match",
            Self::Owner => "the object speaks for another org than the owner of the key",
            Self::Bundle => "the hello names another card or grant than the one beside it",
        }
    }

    /// The one code that a peer sees.
    #[must_use]
    pub fn code(self) -> Code {
        Code::Proof
    }
}

impl fmt::Display for ProofError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the proof does not hold")
    }
}

impl std::error::Error for ProofError {}
