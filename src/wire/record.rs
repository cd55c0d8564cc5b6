//! Records as JSON: `{"seq","type","made_at","crit"?,"body"}`, the unit that is numbered, chained and refused (W6, W13).

mod bodies;

use super::{
    WireError,
    strict::{self, Integer, ensure, present},
};
use crate::{
    crypto::digest::sha256,
    model::{
        Code, Millis, limits,
        record::{Record, RecordBody},
    },
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Write as _;

const OBJECT: &str = "record";

/// Writes a record. The bytes of an event stand in it as they are.
#[must_use]
pub fn encode(seq: u64, made_at: Millis, body: &RecordBody) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    write!(bytes, "{{\"seq\":{seq},\"type\":\"{}\",\"made_at\":{made_at},\"body\":", bodies::type_name(body))
        .expect("writing to memory");
    bodies::write(body, &mut bytes);
    bytes.push(b'}');
    bytes
}

/// The record that holds the place of one which the peer cannot take in form (W13).
#[must_use]
pub fn encode_void(seq: u64, made_at: Millis, bytes: &[u8]) -> Vec<u8> {
    encode(seq, made_at, &RecordBody::Void { digest: sha256(bytes) })
}

/// Reads a record. What is wrong with its content is inside the record (W13); what is wrong with its form is an error.
///
/// # Errors
/// When the record itself cannot be taken: sizes, JSON, or the fields around the body.
pub fn decode(bytes: &[u8]) -> Result<Record, WireError> {
    decode_scanned(strict::scan(OBJECT, bytes, limits::ROOM_STATE_BYTES_MAX)?)
}

/// As [`decode`], for text that was scanned as a part of an envelope.
pub(super) fn decode_scanned(text: &str) -> Result<Record, WireError> {
    let parsed: RecordV1<'_> = strict::read(OBJECT, text)?;
    ensure(parsed.seq.0 >= 1, OBJECT, "seq", "starts at 1")?;
    let bytes_max = bodies::bytes_max(parsed.kind);
    if text.len() > bytes_max {
        return Err(WireError::TooLarge { object: OBJECT, bytes_max });
    }
    ensure(
        parsed.crit.as_ref().is_none_or(|crit| !crit.is_empty()),
        OBJECT,
        "crit",
        "must be absent or name features",
    )?;
    // This version knows no features that change what a record means.
    let body = if parsed.crit.is_some() {
        Err(Code::UnknownType)
    } else {
        bodies::read(parsed.kind, parsed.body).map_err(|error| match error {
            WireError::UnknownType { .. } => Code::UnknownType,
            _ => Code::Malformed,
        })
    };
    let digest = match &body {
        // It stands where that record stood: one number has one place in the chain, whichever of the two was read.
        Ok(RecordBody::Void { digest }) => *digest,
        _ => sha256(text.as_bytes()),
    };
    Ok(Record { seq: parsed.seq.0, made_at: parsed.made_at.into(), digest, body })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordV1<'a> {
    seq: Integer,
    #[serde(rename = "type")]
    kind: &'a str,
    made_at: Integer,
    #[serde(borrow, default, deserialize_with = "present")]
    crit: Option<Vec<&'a str>>,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[cfg(test)]
mod tests;
