//! Grants: one org's numbered permission for one peer (W5).

use super::{
    WireError,
    strict::{self, Integer, ensure, present},
    words::words,
};
use crate::model::{
    Domain, LinkId,
    grant::{Grant, GrantState, Scope, Scopes},
    id::PublicKey,
    text::Reason,
};
use serde::{Deserialize, Serialize};

const OBJECT: &str = "grant";

/// Largest payload of a grant, bytes.
pub const GRANT_BYTES_MAX: usize = 8 * 1024;

/// Writes the payload of a grant.
#[must_use]
pub fn encode(grant: &Grant) -> Vec<u8> {
    strict::write(&GrantV1 {
        link: grant.link,
        issuer: grant.issuer.clone(),
        subject: grant.subject.clone(),
        subject_identity: grant.subject_identity,
        serial: Integer(grant.serial),
        since: Integer(grant.since),
        state: grant.state.into(),
        scopes: grant.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        not_after: grant.not_after.map(Into::into),
        issued_at: grant.issued_at.into(),
        reason: grant.reason.clone(),
    })
}

/// Reads the payload of a grant, once its proof holds.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<Grant, WireError> {
    let parsed: GrantV1 = strict::parse(OBJECT, bytes, GRANT_BYTES_MAX)?;
    let state = GrantState::from(parsed.state);
    ensure(parsed.serial.0 >= 1, OBJECT, "serial", "starts at 1")?;
    ensure((1..=parsed.serial.0).contains(&parsed.since.0), OBJECT, "since", "must be 1 to the serial")?;
    ensure(parsed.issuer != parsed.subject, OBJECT, "subject", "must not be the issuer")?;
    ensure(
        state == GrantState::Active || (parsed.scopes.is_empty() && parsed.not_after.is_none()),
        OBJECT,
        "state",
        "revoked leaves neither scopes nor an end",
    )?;
    Ok(Grant {
        link: parsed.link,
        issuer: parsed.issuer,
        subject: parsed.subject,
        subject_identity: parsed.subject_identity,
        serial: parsed.serial.0,
        since: parsed.since.0,
        state,
        scopes: scopes(&parsed.scopes)?,
        not_after: parsed.not_after.map(Into::into),
        issued_at: parsed.issued_at.into(),
        reason: parsed.reason,
    })
}

/// Scopes stand in the order of the wire, each at most once.
fn scopes(names: &[String]) -> Result<Scopes, WireError> {
    let set: Scopes = names.iter().filter_map(|name| Scope::parse(name)).collect();
    let canonical = set.iter().map(Scope::as_str).eq(names.iter().map(String::as_str));
    ensure(canonical, OBJECT, "scopes", "must be of contacts, messages, rooms, files, calls, in this order")?;
    Ok(set)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GrantV1 {
    link: LinkId,
    issuer: Domain,
    subject: Domain,
    subject_identity: PublicKey,
    serial: Integer,
    since: Integer,
    state: StateV1,
    scopes: Vec<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    not_after: Option<Integer>,
    issued_at: Integer,
    reason: Reason,
}

words!(
    /// Whether a grant permits.
    StateV1 for GrantState { Active = "active", Revoked = "revoked", }
);
