//! One org's numbered permission for one peer (W5): active or revoked, with scopes and an optional end.

use super::{Domain, LinkId, Millis, id::PublicKey, text::Reason};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What may cross a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// Contact adds and profiles.
    Contacts,
    /// Messages in direct rooms and groups.
    Messages,
    /// External groups and their members.
    Rooms,
    /// Files and photos.
    Files,
    /// Voice and video signals.
    Calls,
}

impl Scope {
    /// All scopes, in the order of the wire.
    pub const ALL: [Self; 5] = [Self::Contacts, Self::Messages, Self::Rooms, Self::Files, Self::Calls];

    /// The scope's name on the wire and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contacts => "contacts",
            Self::Messages => "messages",
            Self::Rooms => "rooms",
            Self::Files => "files",
            Self::Calls => "calls",
        }
    }

    /// The scope of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes(u8);

impl Scopes {
    /// Every scope.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether the scope is in the set.
    #[must_use]
    pub fn holds(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// What is in both sets (P2).
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes in the set, in the order of the wire.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.holds(*scope))
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | 1 << scope as u8))
    }
}

/// Whether a grant permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantState {
    /// The peer may exchange what the scopes name.
    Active,
    /// Nothing may cross.
    Revoked,
}

/// A grant as its issuer states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The link it is for.
    pub link: LinkId,
    /// Who permits.
    pub issuer: Domain,
    /// Who is permitted.
    pub subject: Domain,
    /// The subject's identity key, so that a new key under the same name holds nothing.
    pub subject_identity: PublicKey,
    /// Grows by at least one with each grant for this subject.
    pub serial: u64,
    /// The serial since which the permission has been active without a break; its own serial when it starts one.
    /// Both daemons tell from it that a link was closed in between, also when neither saw the revocation.
    pub since: u64,
    /// Active or revoked.
    pub state: GrantState,
    /// What may cross. Empty when revoked.
    pub scopes: Scopes,
    /// When an active grant ends by itself.
    pub not_after: Option<Millis>,
    /// When it was issued, by the issuer's clock.
    pub issued_at: Millis,
    /// Why, for both admins to read. May be empty.
    pub reason: Reason,
}

impl Grant {
    /// Whether this grant permits anything at `now`.
    #[must_use]
    pub fn is_active(&self, now: Millis) -> bool {
        self.state == GrantState::Active && self.not_after.is_none_or(|end| now < end)
    }
}

/// A grant with the signed document that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedGrant {
    /// What it says.
    pub grant: Grant,
    /// The DSSE document, byte for byte.
    pub document: Arc<str>,
}
