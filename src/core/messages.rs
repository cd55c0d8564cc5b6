//! Messages (P20, P21).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn post(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    room: RoomId,
    id: EventId,
    message: Message,
) -> Result<Answer, Reject> {
    unimplemented!()
}
