//! What the audit log holds (P28): who did what to what, with the outcome.

use super::{Code, Digest, Millis};
use serde::{Deserialize, Serialize};

/// One entry. Its hash chains it to the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Dense number from 1.
    pub seq: u64,
    /// When, by our clock.
    pub at: Millis,
    /// Who: `admin:NAME`, an address, `peer:DOMAIN` or `system`.
    pub actor: String,
    /// What: `grant.revoked`, `link.closed`, `member.excluded`, `record.refused` …
    pub action: String,
    /// To what: a domain, address or room.
    pub subject: String,
    /// The refusal, if it was one.
    pub code: Option<Code>,
    /// Further facts as short text; never message content.
    pub detail: String,
    /// Hash of the entry before.
    pub prev: Digest,
}

/// An entry before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditNote {
    /// Who.
    pub actor: String,
    /// What.
    pub action: &'static str,
    /// To what.
    pub subject: String,
    /// The refusal, if it was one.
    pub code: Option<Code>,
    /// Further facts.
    pub detail: String,
}
