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
