//! Grants: our own, and what peers tell of theirs (P1, P26, W5, D7).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn put_own(
    draft: &mut Draft<'_>,
    actor: &str,
    peer: &Domain,
    expected_serial: u64,
    grant: SignedGrant,
) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn confirm(draft: &mut Draft<'_>, actor: &str) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn hear(draft: &mut Draft<'_>, peer: &Domain, grant: SignedGrant) -> Result<Answer, Reject> {
    unimplemented!()
}
