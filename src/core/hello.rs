//! Greeting and being greeted (W8 to W10).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn greet(draft: &mut Draft<'_>, peer: &Domain) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn hear(draft: &mut Draft<'_>, peer: &Domain, hello: Hello) -> Result<Answer, Reject> {
    unimplemented!()
}
