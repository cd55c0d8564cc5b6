//! What a daemon has kept of the asker's own stream: envelope documents, one after the other (W10).

use super::{WireError, strict};
use crate::model::limits;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Most bytes of documents in one answer; one goes in any case.
pub const DOCUMENTS_BYTES_MAX: usize = limits::ENVELOPE_BYTES_MAX;

/// Writes an answer.
#[must_use]
pub fn encode(envelopes: &[String]) -> Vec<u8> {
    strict::write(&KeptV1 { envelopes: envelopes.iter().map(|document| Cow::from(document.as_str())).collect() })
}

/// Reads an answer. Nothing in it is proven yet.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<Vec<Cow<'_, str>>, WireError> {
    let parsed: KeptV1<'_> = strict::parse("kept", bytes, limits::FEDERATION_BODY_BYTES_MAX)?;
    strict::ensure(!parsed.envelopes.is_empty(), "kept", "envelopes", "must not be empty")?;
    Ok(parsed.envelopes)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptV1<'a> {
    #[serde(borrow)]
    envelopes: Vec<Cow<'a, str>>,
}
