//! Stable codes of refusals, and the refusal itself.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// Why something was refused. The text is stable: clients and peers may rely on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// All codes, for documents and tests.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable text.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// A field is not what it must be; the refusal names the field.
    Invalid = "INVALID",
    /// No such thing, or not for this caller to know.
    NotFound = "NOT_FOUND",
    /// No valid sign-in.
    Unauthenticated = "UNAUTHENTICATED",
    /// The caller may not do this.
    Forbidden = "FORBIDDEN",
    /// The thing exists already.
    Exists = "EXISTS",
    /// The serial or state that the caller expected is not the present one.
    Conflict = "CONFLICT",
    /// The idempotency key was used for another request.
    KeyReused = "KEY_REUSED",
    /// Too many of these in a short time.
    RateLimited = "RATE_LIMITED",
    /// A limit of size or count; the refusal names it.
    TooLarge = "TOO_LARGE",
    /// The person cannot be reached: no such user, not permitted, blocked or switched off (P8).
    Unavailable = "UNAVAILABLE",
    /// One's own account may not use external messaging (P3); one's own admin can change it.
    NotPermitted = "NOT_PERMITTED",
    /// One has blocked this person (P10).
    Blocked = "BLOCKED",
    /// The person is not in one's contacts (P12).
    NotContact = "NOT_CONTACT",
    /// We know no such partner org.
    UnknownPeer = "UNKNOWN_PEER",
    /// Our own grant is not active.
    ClosedByUs = "CLOSED_BY_US",
    /// The partner's grant is not active.
    ClosedByThem = "CLOSED_BY_THEM",
    /// Both grants are active, the daemons have not greeted each other yet.
    Opening = "OPENING",
    /// The link is quarantined after a contradiction; an admin must decide.
    Quarantined = "QUARANTINED",
    /// The database was put back to an earlier state; what was lost of the link is being fetched back (W10).
    Recovering = "RECOVERING",
    /// A later run of the same organization's daemon has spoken: two daemons run on copies of one database (F26).
    Fenced = "FENCED",
    /// The scope is not in both grants (P2).
    Scope = "SCOPE",
    /// All links stay closed until an admin confirms the own grants (D7).
    Unconfirmed = "UNCONFIRMED",
    /// Not a member of the room.
    NotMember = "NOT_MEMBER",
    /// Only a Group Master may do this (P13).
    NotMaster = "NOT_MASTER",
    /// Members cannot leave by themselves (P14).
    NoLeaving = "NO_LEAVING",
    /// The last master cannot give up the role (P13).
    LastMaster = "LAST_MASTER",
    /// A room holds one partner org, never a third (P12).
    ThirdOrg = "THIRD_ORG",
    /// The room is frozen after a contradiction.
    Frozen = "FROZEN",
    /// The direct room or group takes nothing now.
    RoomClosed = "ROOM_CLOSED",
    /// The message that is answered is not in the room's timeline, or not visible to the author.
    NoSuchMessage = "NO_SUCH_MESSAGE",
    /// What is to be changed is not in the room's timeline, not of that kind, or not visible to who asks.
    NoSuchItem = "NO_SUCH_ITEM",
    /// Only its author may do this.
    NotAuthor = "NOT_AUTHOR",
    /// The time in which one's own messages can be changed is over (P20).
    TooLate = "TOO_LATE",
    /// It was recalled or deleted: nothing changes it any more.
    Recalled = "RECALLED",
    /// The subfolder holds something: only empty ones can be deleted.
    NotEmpty = "NOT_EMPTY",
    /// This tool of the room is off: by its masters, or by the admin of either org (P19).
    ToolOff = "TOOL_OFF",
    /// The partner's daemon does not offer what this needs.
    NotOffered = "NOT_OFFERED",
    /// A file that is named is no finished upload, and in no message that the author may see.
    NoSuchFile = "NO_SUCH_FILE",
    /// The bytes of a file are on their way from the partner.
    FileAwaited = "FILE_AWAITED",
    /// Files of this type are not taken, or the bytes are of another type than declared.
    FileType = "FILE_TYPE",
    /// One's own org does not let files be sent (P3).
    FilesOff = "FILES_OFF",
    /// The sender's org may not cause this effect (W14).
    Authority = "AUTHORITY",
    /// The type of record is unknown to this version.
    UnknownType = "UNKNOWN_TYPE",
    /// The content of a record is not what its type asks for.
    Malformed = "MALFORMED",
    /// The outbox is full: the partner has been away for too long.
    OutboxFull = "OUTBOX_FULL",
    /// The daemon has too much to do; try again.
    Overloaded = "OVERLOADED",
    /// The admin has switched search off.
    SearchOff = "SEARCH_OFF",
    /// The daemon is stopping.
    Stopping = "STOPPING",
    /// The disk is full.
    StorageFull = "STORAGE_FULL",
    /// A proof, key or identity does not hold. Details are in the log only.
    Proof = "PROOF",
    /// The stream epoch is not the one that was agreed in the hello.
    Epoch = "EPOCH",
    /// A record is missing before this envelope.
    Gap = "GAP",
    /// The chain head before the envelope is another.
    Chain = "CHAIN",
    /// Two contents for one number (W5, W9).
    Fork = "FORK",
    /// The credit of the last ack is used up.
    Credit = "CREDIT",
    /// A card shows a key or TLS pin that is another org's.
    KeyTaken = "KEY_TAKEN",
    /// It is on legal hold: nothing of it is deleted until an admin releases it (P30).
    OnHold = "ON_HOLD",
    /// The partner could not read it; a void holds its number.
    Void = "VOID",
    /// The room is an archive of an export: it is read, and never written to (P30).
    Archive = "ARCHIVE",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}

/// An expected refusal: the request was understood and will not be done. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Reject {
    /// Stable code.
    pub code: Code,
    /// The field at fault, as a client names it.
    pub field: Option<&'static str>,
    /// The name of the limit that refuses it, as `GET /api/v1/limits` lists it.
    pub limit: Option<&'static str>,
    /// One sentence for a person: what is wrong, and what to do next. Never holds message content.
    pub detail: String,
}

impl Reject {
    /// A refusal with its sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, field: None, limit: None, detail: detail.into() }
    }

    /// A refusal of one field of the request.
    pub fn field(field: &'static str, detail: impl fmt::Display) -> Self {
        Self { field: Some(field), ..Self::new(Code::Invalid, format!("{field} {detail}")) }
    }

    /// A refusal by a limit.
    pub fn limit(code: Code, limit: &'static str, detail: impl Into<String>) -> Self {
        Self { limit: Some(limit), ..Self::new(code, detail) }
    }
}
