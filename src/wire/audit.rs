//! The hash over an audit entry.
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use crate::model::{audit::*, *};
pub fn entry_hash(entry: &AuditEntry) -> Digest {
    unimplemented!()
}
