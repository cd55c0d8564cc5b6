//! Contacts and blocks (P6 to P10).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn add(draft: &mut Draft<'_>, user: &LocalPart, address: &Address) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn remove(draft: &mut Draft<'_>, user: &LocalPart, address: &Address) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn edit(draft: &mut Draft<'_>, user: &LocalPart, address: &Address, overlay: Overlay) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn block(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    address: &Address,
    switch: BlockSwitch,
) -> Result<Answer, Reject> {
    unimplemented!()
}
