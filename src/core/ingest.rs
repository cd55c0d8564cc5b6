//! Applying a proven envelope: one fixed order of checks, one verdict a record (W12 to W14).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn apply(
    draft: &mut Draft<'_>,
    peer: &Domain,
    envelope: Envelope,
    evidence: Evidence,
    pending: &[super::command::PendingFact],
) -> Result<Answer, Reject> {
    unimplemented!()
}
