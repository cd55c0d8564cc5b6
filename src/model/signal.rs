//! Signals: what is true for a moment and is never stored in a stream: who types, who has read, who is there (P22, W15).

use super::{Address, Domain, EpochId, LinkId, Millis, RoomId, call::CallSignal};
use serde::{Deserialize, Serialize};

/// One signal: about one person in one room, so that the rules of the room decide who may send and who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// In which room.
    pub room: RoomId,
    /// About whom.
    pub user: Address,
    /// What.
    pub sign: Sign,
}

/// What a signal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// The person is there, or not.
    Presence(Presence),
    /// The person types. Ends by itself after [`super::limits::TYPING_MS`].
    Typing(Typing),
    /// The person has read everything up to this index.
    Read(u64),
}

/// Which of the three a signal is: each can be switched off alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignKind {
    /// Presence.
    Presence,
    /// Typing.
    Typing,
    /// Read markers.
    Read,
}

/// Whether a person is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// No live event stream, or nothing is known.
    #[default]
    Offline,
    /// There, and did nothing for a while.
    Away,
    /// There.
    Online,
}

/// Whether a person types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// They began, or go on.
    On,
    /// They ceased.
    Off,
}

/// Signals on their way between two daemons, under one signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalBatch {
    /// The link.
    pub link: LinkId,
    /// Who signals.
    pub origin: Domain,
    /// To whom.
    pub destination: Domain,
    /// When, by the origin's clock.
    pub sent_at: Millis,
    /// The session: random, begins with a snapshot. What was told before it counts no longer.
    pub session: EpochId,
    /// The number within the session, from 1.
    pub n: u64,
    /// The signals that this version knows.
    pub signals: Vec<Signal>,
    /// Signals of calls, in their order.
    pub calls: Vec<CallSignal>,
    /// How many it did not know.
    pub unknown: usize,
}

/// Which signals are on. Whoever switches a kind off neither sends it nor sees that of others (P22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    /// Read markers.
    pub receipts: bool,
    /// Typing.
    pub typing: bool,
    /// Presence.
    pub presence: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self { receipts: true, typing: true, presence: true }
    }
}

impl Switches {
    /// What both leave on.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            receipts: self.receipts && other.receipts,
            typing: self.typing && other.typing,
            presence: self.presence && other.presence,
        }
    }

    /// Whether signals of a kind are on.
    #[must_use]
    pub fn holds(self, kind: SignKind) -> bool {
        match kind {
            SignKind::Presence => self.presence,
            SignKind::Typing => self.typing,
            SignKind::Read => self.receipts,
        }
    }
}

impl Sign {
    /// Which kind it is.
    #[must_use]
    pub fn kind(self) -> SignKind {
        match self {
            Self::Presence(_) => SignKind::Presence,
            Self::Typing(_) => SignKind::Typing,
            Self::Read(_) => SignKind::Read,
        }
    }
}

impl SignKind {
    /// Its word, on the wire and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Typing => "typing",
            Self::Read => "read",
        }
    }
}

impl Presence {
    /// Its word, on the wire and for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Away => "away",
            Self::Online => "online",
        }
    }
}
