//! Our own users, sessions, permission and policy (P3, P4).
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use super::{
    command::{Answer, BlockSwitch, Ref, UserChange},
    draft::Draft,
    state::State,
};
use crate::model::{
    contact::Overlay, event::*, grant::SignedGrant, org::SignedCard, record::*, room::*, text::*, user::*, *,
};

pub fn check_active(state: &State, user: &LocalPart) -> Result<(), Reject> {
    unimplemented!()
}

pub fn read_notices(draft: &mut Draft<'_>, user: &LocalPart, before: u64) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn rename(draft: &mut Draft<'_>, user: &LocalPart, name: DisplayName) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn set_password(draft: &mut Draft<'_>, user: &LocalPart, hash: String, keep: Digest) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn open_session(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    secret: Digest,
    session: Session,
) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn end_session(draft: &mut Draft<'_>, user: &LocalPart, secret: Digest) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn create(
    draft: &mut Draft<'_>,
    actor: &str,
    local: LocalPart,
    name: DisplayName,
    password: Option<String>,
) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn change(draft: &mut Draft<'_>, actor: &str, local: &LocalPart, change: UserChange) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn set_policy(draft: &mut Draft<'_>, actor: &str, policy: Policy) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn issue_token(draft: &mut Draft<'_>, actor: &str, secret: Digest, session: Session) -> Result<Answer, Reject> {
    unimplemented!()
}

pub fn end_sessions(draft: &mut Draft<'_>, actor: &str, local: &LocalPart) -> Result<Answer, Reject> {
    unimplemented!()
}
