//! External groups and internal rooms (P12 to P18).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn create(draft: &mut Draft<'_>, user: &LocalPart, id: RoomId, plan: Plan) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn add(draft: &mut Draft<'_>, user: &LocalPart, room: RoomId, users: &[Address]) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn remove(draft: &mut Draft<'_>, user: &LocalPart, room: RoomId, member: &Address) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn set_role(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    room: RoomId,
    member: &Address,
    role: Role,
) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn change(draft: &mut Draft<'_>, user: &LocalPart, room: RoomId, change: SettingsChange) -> Result<Answer, Reject> {
    unimplemented!()
}

/// What a new room is to be.
#[derive(Debug)]
pub struct Plan {
    /// Name.
    pub name: RoomName,
    /// Description.
    pub description: Description,
    /// What new members see.
    pub history: History,
    /// Whom to add beside the creator.
    pub members: Vec<Address>,
}
