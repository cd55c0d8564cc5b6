//! Why not? The first condition that fails for a user and an external address (P5).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};
