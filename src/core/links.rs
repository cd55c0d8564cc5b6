//! Pinning, opening, closing, quarantine (W2, W7, P26).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn pin(draft: &mut Draft<'_>, actor: &str, card: SignedCard) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn unpin(draft: &mut Draft<'_>, actor: &str, peer: &Domain) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn lift(draft: &mut Draft<'_>, actor: &str, peer: &Domain) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn hear_card(draft: &mut Draft<'_>, peer: &Domain, card: SignedCard) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn quarantine(
    draft: &mut Draft<'_>,
    peer: &Domain,
    code: Code,
    detail: String,
    evidence: Vec<std::sync::Arc<str>>,
) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn refused_us(draft: &mut Draft<'_>, peer: &Domain, what: String) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn tick(draft: &mut Draft<'_>) -> Result<Answer, Reject> {
    unimplemented!()
}
