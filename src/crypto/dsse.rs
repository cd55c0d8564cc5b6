//! DSSE v1: every signed object of the protocol, verified over its exact bytes before anything reads them (W4).

use super::{KeySet, ProofError, SigningKey, Verified, keyset::verifying_key, object::Object};
use crate::model::{id::PublicKey, id::unhex, limits};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use std::{ops::Deref, sync::Arc};

/// What kind of object a document holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The description of an org.
    Card,
    /// A permission.
    Grant,
    /// A greeting.
    Hello,
    /// Records.
    Envelope,
    /// The receipt of records.
    Ack,
    /// What is true for a moment.
    Signals,
    /// The seal of an export. Never crosses a link.
    Export,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] =
        [Self::Card, Self::Grant, Self::Hello, Self::Envelope, Self::Ack, Self::Signals, Self::Export];

    /// The DSSE payload type.
    #[must_use]
    pub fn payload_type(self) -> &'static str {
        match self {
            Self::Card => "application/vnd.handclasp.card.v1+json",
            Self::Grant => "application/vnd.handclasp.grant.v1+json",
            Self::Hello => "application/vnd.handclasp.hello.v1+json",
            Self::Envelope => "application/vnd.handclasp.envelope.v1+json",
            Self::Ack => "application/vnd.handclasp.ack.v1+json",
            Self::Signals => "application/vnd.handclasp.signals.v1+json",
            Self::Export => "application/vnd.handclasp.export.v1+json",
        }
    }
}

/// The exact bytes that were signed, without their DSSE prefix.
#[derive(Clone, Debug)]
pub struct Payload {
    signed: Vec<u8>,
    start: usize,
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.signed[self.start..]
    }
}

impl From<&Payload> for Arc<[u8]> {
    fn from(payload: &Payload) -> Self {
        (**payload).into()
    }
}

/// The document for bytes that we serialized ourselves: compact JSON with one signature.
#[must_use]
pub fn sign(kind: Kind, payload: &[u8], key: &SigningKey) -> String {
    let mut signed = prefix(kind, payload.len());
    signed.extend_from_slice(payload);
    document(kind, payload, &key.public(), &key.sign(&signed))
}

/// The document of a payload whose signature is known: what was verified and taken apart is put together again.
#[must_use]
pub fn document(kind: Kind, payload: &[u8], key: &PublicKey, signature: &[u8; 64]) -> String {
    let signature = STANDARD.encode(signature);
    let mut document = String::with_capacity(payload.len().div_ceil(3) * 4 + 300);
    document.push_str("{\"payload\":\"");
    STANDARD.encode_string(payload, &mut document);
    document.push_str("\",\"payloadType\":\"");
    document.push_str(kind.payload_type());
    document.push_str("\",\"signatures\":[{\"keyid\":\"");
    document.push_str(&key.to_string());
    document.push_str("\",\"sig\":\"");
    document.push_str(&signature);
    document.push_str("\"}]}");
    document
}

/// The key that a document says it is signed by. Proves nothing: for documents that were verified before.
#[must_use]
pub fn signer(document: &str) -> Option<PublicKey> {
    let Object(parsed): Object<DocumentV1<'_>> = serde_json::from_str(document).ok()?;
    unhex(parsed.signatures[0].0.key_id).ok().map(PublicKey)
}

/// Verifies a document with one of the given keys.
///
/// # Errors
/// When it is another kind of object, not exactly one signature, by a key outside the set, or does not match.
pub fn open(kind: Kind, document: &[u8], keys: &KeySet) -> Result<Verified<Payload>, ProofError> {
    let parsed = parse(kind, document)?;
    let key = keys.find(parsed.signatures[0].0.key_id)?;
    verify(kind, &parsed, key)
}

/// Verifies a document with the key that it names itself. Proves only that the owner of that key wrote it: the caller
/// compares the key with one that the payload or a person names.
///
/// # Errors
/// As [`open`].
pub fn open_self_signed(kind: Kind, document: &[u8]) -> Result<Verified<Payload>, ProofError> {
    let parsed = parse(kind, document)?;
    let key = PublicKey(unhex(parsed.signatures[0].0.key_id).map_err(|_| ProofError::Form)?);
    verify(kind, &parsed, key)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DocumentV1<'a> {
    payload: &'a str,
    #[serde(rename = "payloadType")]
    payload_type: &'a str,
    #[serde(borrow)]
    signatures: [Object<SignatureV1<'a>>; 1],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureV1<'a> {
    #[serde(rename = "keyid")]
    key_id: &'a str,
    sig: &'a str,
}

fn parse(kind: Kind, document: &[u8]) -> Result<DocumentV1<'_>, ProofError> {
    if document.len() > limits::FEDERATION_BODY_BYTES_MAX {
        return Err(ProofError::TooLarge);
    }
    let Object(parsed): Object<DocumentV1<'_>> = serde_json::from_slice(document).map_err(|_| ProofError::Form)?;
    if parsed.payload_type == kind.payload_type() { Ok(parsed) } else { Err(ProofError::Kind) }
}

fn verify(kind: Kind, parsed: &DocumentV1<'_>, key: PublicKey) -> Result<Verified<Payload>, ProofError> {
    let mut signature = [0; 64];
    match STANDARD.decode_slice(parsed.signatures[0].0.sig, &mut signature) {
        Ok(64) => {}
        _ => return Err(ProofError::Encoding),
    }
    let payload = decode(kind, parsed.payload)?;
    verifying_key(&key)?
        .verify_strict(&payload.signed, &ed25519_dalek::Signature::from_bytes(&signature))
        .map_err(|_| ProofError::Signature)?;
    Ok(Verified::new(payload, key, signature))
}

/// Decodes the payload right behind its prefix, so that the bytes to verify are made without a further copy.
fn decode(kind: Kind, payload: &str) -> Result<Payload, ProofError> {
    let padding = payload.bytes().rev().take_while(|byte| *byte == b'=').count();
    let payload_len = (payload.len() / 4 * 3).checked_sub(padding).ok_or(ProofError::Encoding)?;
    let mut signed = prefix(kind, payload_len);
    let start = signed.len();
    STANDARD.decode_vec(payload, &mut signed).map_err(|_| ProofError::Encoding)?;
    if signed.len() - start == payload_len { Ok(Payload { signed, start }) } else { Err(ProofError::Encoding) }
}

/// The pre-authentication encoding up to the payload, with room for it.
fn prefix(kind: Kind, payload_len: usize) -> Vec<u8> {
    let kind = kind.payload_type();
    let text = format!("DSSEv1 {} {kind} {payload_len} ", kind.len());
    let mut bytes = Vec::with_capacity(text.len() + payload_len + 3);
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests;
