//! Audit entries as JSON, and the hash that chains them (P28).

use super::{
    WireError,
    strict::{self, Integer, present},
    words::CodeV1,
};
use crate::{
    crypto::digest::sha256,
    model::{Digest, audit::AuditEntry, limits},
};
use serde::{Deserialize, Serialize};

/// The hash of an entry: SHA-256 of [`encode`]. The next entry names it as `prev`.
#[must_use]
pub fn entry_hash(entry: &AuditEntry) -> Digest {
    sha256(&encode(entry))
}

/// The canonical form of an entry: compact JSON, fields in this order, `code` absent when there is none. An export
/// has one such line an entry, so that anybody can check the chain.
#[must_use]
pub fn encode(entry: &AuditEntry) -> Vec<u8> {
    strict::write(&EntryV1 {
        seq: Integer(entry.seq),
        at: entry.at.into(),
        actor: entry.actor.clone(),
        action: entry.action.clone(),
        subject: entry.subject.clone(),
        code: entry.code.map(CodeV1),
        detail: entry.detail.clone(),
        prev: entry.prev,
    })
}

/// Reads an exported entry. It hashes to the same digest as the entry that was exported.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<AuditEntry, WireError> {
    let entry: EntryV1 = strict::parse("audit entry", bytes, limits::RECORD_BYTES_MAX)?;
    Ok(AuditEntry {
        seq: entry.seq.0,
        at: entry.at.into(),
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        code: entry.code.map(|code| code.0),
        detail: entry.detail,
        prev: entry.prev,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryV1 {
    seq: Integer,
    at: Integer,
    actor: String,
    action: String,
    subject: String,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    code: Option<CodeV1>,
    detail: String,
    prev: Digest,
}
