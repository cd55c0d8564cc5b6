//! The lines of an export. Each names its number, its kind, and the hash of the line before; what it holds is `body`.

use crate::model::{Address, Digest, Domain, LocalPart, RoomId, id::PublicKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What the first line calls the format.
pub const FORMAT: &str = "handclasp-export";
/// Its version.
pub const VERSION: u32 = 1;

/// Any line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line<'a> {
    pub n: u64,
    pub prev: Digest,
    pub kind: &'a str,
    #[serde(borrow)]
    pub body: &'a RawValue,
}

/// What an export is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Everything.
    All,
    /// One room.
    Room(RoomId),
    /// One of our users, and what they could see.
    Person(LocalPart),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: String,
    pub version: u32,
    pub org: Domain,
    pub identity: PublicKey,
    pub what: What,
    /// Whether the signed envelopes are in it, and our own records.
    pub evidence: bool,
    pub exported_at: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardLine<'a> {
    pub org: Domain,
    #[serde(borrow)]
    pub document: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantLine<'a> {
    pub issuer: Domain,
    pub subject: Domain,
    pub serial: u64,
    #[serde(borrow)]
    pub document: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserLine {
    pub user: Address,
    pub name: String,
    pub active: bool,
    pub erased: bool,
    pub created_at: u64,
    pub photo: Option<Digest>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactLine {
    pub owner: Address,
    pub contact: Address,
    pub added: bool,
    pub blocked: bool,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub email: Option<String>,
    pub note: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeLine {
    pub user: Address,
    pub n: u64,
    pub at: u64,
    pub notice: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomLine {
    pub room: RoomId,
    pub kind: String,
    pub host: Domain,
    pub partner: Option<Domain>,
    pub name: Option<String>,
    pub description: String,
    pub created_by: Address,
    pub created_at: u64,
    pub photo: Option<Digest>,
    pub members: Vec<Address>,
    pub former: Vec<Address>,
    /// The first index that this copy holds.
    pub begins: u64,
    /// One past the last index, and the chain head there.
    pub next_index: u64,
    pub head: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLine<'a> {
    pub room: RoomId,
    pub index: u64,
    pub at: u64,
    /// Epoch and number of the record of ours that carried it.
    pub sent: Option<(u64, u64)>,
    pub head: Digest,
    /// The event, byte for byte.
    #[serde(borrow)]
    pub event: Option<&'a RawValue>,
    /// Its digest, when it is withheld or erased.
    pub digest: Option<Digest>,
    /// What is left of it, when it is erased.
    #[serde(borrow)]
    pub erased: Option<&'a RawValue>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingLine<'a> {
    pub room: RoomId,
    pub author: Address,
    pub sent: (u64, u64),
    #[serde(borrow)]
    pub event: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLine {
    pub digest: Digest,
    pub bytes: u64,
    /// Whether the bytes were here: on their way from a partner, or removed after a recall, they are not.
    pub here: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordLine<'a> {
    pub peer: Domain,
    pub epoch: u64,
    pub seq: u64,
    pub head: Digest,
    #[serde(borrow)]
    pub record: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeLine<'a> {
    pub peer: Domain,
    pub epoch: u64,
    pub from_seq: u64,
    pub to_seq: u64,
    pub at: u64,
    #[serde(borrow)]
    pub document: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndLine<'a> {
    #[serde(borrow)]
    pub document: &'a RawValue,
}

/// What the exporting org signs at the end.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    pub org: Domain,
    pub lines: u64,
    pub head: Digest,
    pub exported_at: u64,
}
