//! Signed objects of the past, for those who check a transcript: any key that ever signed for the org may have signed them.

use super::{envelope, grant, proof::OpenError};
use crate::{
    crypto::{
        KeySet,
        dsse::{self, Kind, Payload},
        verified::Verified,
    },
    model::{grant::Grant, record::Envelope},
};
use std::sync::Arc;

/// Opens a grant.
///
/// # Errors
/// When the proof does not hold or the form is wrong.
pub fn open_grant(document: &[u8], keys: &KeySet) -> Result<Grant, OpenError> {
    let verified = dsse::open(Kind::Grant, document, keys)?;
    Ok(verified.try_map(|payload: Payload| grant::decode(&payload))?.into_inner())
}

/// Opens an envelope.
///
/// # Errors
/// When the proof does not hold or the form is wrong.
pub fn open_envelope(document: &[u8], keys: &KeySet) -> Result<Envelope, OpenError> {
    let verified: Verified<Payload> = dsse::open(Kind::Envelope, document, keys)?;
    Ok(verified.try_map(|payload| envelope::decode(&payload))?.into_inner())
}

/// An envelope of our own that a peer has kept.
#[derive(Debug)]
pub struct KeptEnvelope {
    /// What it says.
    pub envelope: Envelope,
    /// The exact bytes of its records.
    pub records: Vec<Arc<[u8]>>,
}

/// Opens an envelope of our own that a peer has kept (W10).
///
/// # Errors
/// When the proof does not hold or the form is wrong.
pub fn open_kept(document: &[u8], keys: &KeySet) -> Result<KeptEnvelope, OpenError> {
    let verified: Verified<Payload> = dsse::open(Kind::Envelope, document, keys)?;
    let kept = verified.try_map(|payload| {
        let records = envelope::raw_records(&payload)?.into_iter().map(|raw| raw.as_bytes().into()).collect();
        Ok::<_, OpenError>(KeptEnvelope { envelope: envelope::decode(&payload)?, records })
    })?;
    Ok(kept.into_inner())
}
