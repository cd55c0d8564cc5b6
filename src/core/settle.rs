//! Verdicts of the peer on our records (W11, W13, P21).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn settle(draft: &mut Draft<'_>, peer: &Domain, ack: &Ack, refs: &[(u64, Ref)]) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn unacceptable(draft: &mut Draft<'_>, peer: &Domain, seq: u64, code: Code) -> Result<Answer, Reject> {
    unimplemented!()
}
