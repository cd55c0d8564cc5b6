//! Changes of the room itself: its making, its members, their roles. Settings have the words of a master's request.

use super::{
    super::{
        WireError,
        words::{CodeV1, RoleV1},
    },
    people,
};
use crate::model::{
    Address, Code,
    event::{Content, Role},
    limits,
    text::RoomName,
};
use serde::{Deserialize, Serialize};

/// The room was made.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CreatedV1 {
    pub name: RoomName,
}

/// People came in, or were removed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsersV1 {
    pub users: Vec<Address>,
}

impl UsersV1 {
    pub(super) fn into_users(self) -> Result<Vec<Address>, WireError> {
        people("users", Some(self.users), limits::MEMBERS_MAX, "must name 1 to 500 people")
    }
}

/// A rule ended memberships.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExcludedV1 {
    users: Vec<Address>,
    cause: CodeV1,
}

impl ExcludedV1 {
    pub(super) fn new(users: &[Address], cause: Code) -> Self {
        Self { users: users.to_vec(), cause: CodeV1(cause) }
    }

    pub(super) fn into_content(self) -> Result<Content, WireError> {
        Ok(Content::Excluded { users: UsersV1 { users: self.users }.into_users()?, cause: self.cause.0 })
    }
}

/// Somebody has another role.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberRoleV1 {
    user: Address,
    role: RoleV1,
}

impl MemberRoleV1 {
    pub(super) fn new(user: &Address, role: Role) -> Self {
        Self { user: user.clone(), role: role.into() }
    }

    pub(super) fn into_content(self) -> Content {
        Content::Role { user: self.user, role: self.role.into() }
    }
}
