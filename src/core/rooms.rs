//! What all rooms share: order, visibility, read positions, exclusion (P15, P17, P23).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn mark_read(draft: &mut Draft<'_>, user: &LocalPart, room: RoomId, index: u64) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn exclude_user(draft: &mut Draft<'_>, user: &Address, cause: Code) {
    unimplemented!()
}

pub fn end_link_in_room(draft: &mut Draft<'_>, room: RoomId, peer: &Domain, cause: Code) {
    unimplemented!()
}
