//! Which key names which row: the only place that makes keys or takes them apart.
//!
//! A key is a tag byte and the fields in order: ids raw, numbers big-endian, texts ended by a zero byte (no text of the
//! model holds one). So keys of one kind stand together, in the order of their fields.

use crate::model::{
    Address, Digest, Domain, LocalPart, RoomId,
    event::ItemKind,
    keeping::{Held, PaperKind},
};

/// One packed log: a sequence of numbered entries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogId {
    /// The events of a room, by index.
    Timeline(RoomId),
    /// The submissions to a room that a peer hosts, by their number.
    Pending(RoomId),
    /// The records of our stream to a peer in the epoch of this number, by seq.
    Outbox(Domain, u64),
    /// The envelopes of a peer's stream in the epoch of this number, by the seq of their first record.
    Inbox(Domain, u64),
    /// The notices of a user, by number.
    Notices(LocalPart),
    /// The audit log, by seq.
    Audit,
    /// The journal, by position.
    Journal,
}

/// The name of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A further part of the long value of another key.
    More(Vec<u8>, u8),
    /// The version of this layout.
    Schema,
    /// Ourselves.
    Org,
    /// The last commit.
    Commit,
    /// Who may use external messaging.
    Policy,
    /// Whether all links are held closed (D7).
    Unconfirmed,
    /// Whether the database was put back to an earlier state and that was not acted upon yet (W10).
    Restored,
    /// A user.
    User(LocalPart),
    /// A session, by the digest of its secret.
    Session(Digest),
    /// A calendar feed, by the digest of its secret.
    Feed(Digest),
    /// A peer.
    Peer(Domain),
    /// The stream positions of a link.
    Streams(Domain),
    /// What is remembered of an unpinned peer.
    Parted(Domain),
    /// A room.
    Room(RoomId),
    /// Where a follower's copy goes on after a gap.
    Skip(RoomId),
    /// A member of a room.
    Member(RoomId, Address),
    /// A former member of a room.
    Former(RoomId, Address),
    /// Somebody who is asked into a room.
    Invitation(RoomId, Address),
    /// A user's contact.
    Contact(LocalPart, Address),
    /// A person of a partner org.
    Profile(Address),
    /// How far a user has read a room.
    Mark(LocalPart, RoomId),
    /// How many notices a user has read.
    NoticesRead(LocalPart),
    /// A refused record: peer, epoch number, seq.
    Refused(Domain, u64, u64),
    /// A user's count of contact adds.
    UserQuota(LocalPart),
    /// A link's count of contact adds; whether it is theirs to us.
    LinkQuota(Domain, bool),
    /// How long timelines are kept.
    Retention,
    /// A legal hold.
    Hold(Held),
    /// A signed document of a link: card or grant, by version or serial.
    Paper(Domain, PaperKind, u64),
    /// A reported case, by its number.
    Case(u64),
    /// What proves a case.
    Proof(u64),
    /// A person who was erased.
    ErasedUser(LocalPart),
    /// What has become of an item: room, index, and which part of it when it is long. Not loaded at the start.
    Item(RoomId, u64, u8),
    /// An item that a tool of a room lists. Not loaded at the start.
    Listed(RoomId, ItemKind, u64),
    /// What files may be sent and taken.
    FilePolicy,
    /// A file that a peer has announced and that is not here yet: peer, file, room, event.
    Awaited(Domain, Digest, RoomId, u64),
    /// The erasure of the files of an event.
    Erasure(RoomId, u64),
    /// Until when a deleted entry of a folder can be brought back.
    Trash(RoomId, u64),
    /// Bytes of files that a peer has announced.
    FileQuota(Domain),
    /// An event of a room names a file.
    File(Digest, RoomId, u64),
    /// A row of a log: number of its first entry, and which part of it when that entry needs several rows.
    Row(LogId, u64, u8),
}

mod tag {
    pub const MORE: u8 = 0x01;
    pub const SCHEMA: u8 = 0x10;
    pub const ORG: u8 = 0x11;
    pub const COMMIT: u8 = 0x12;
    pub const POLICY: u8 = 0x13;
    pub const UNCONFIRMED: u8 = 0x14;
    pub const FILE_POLICY: u8 = 0x15;
    pub const RESTORED: u8 = 0x16;
    pub const USER: u8 = 0x20;
    pub const SESSION: u8 = 0x21;
    pub const PEER: u8 = 0x22;
    pub const STREAMS: u8 = 0x23;
    pub const PARTED: u8 = 0x24;
    pub const FEED: u8 = 0x25;
    // Members and the like come after their room, so that one pass in key order can rebuild rooms.
    pub const ROOM: u8 = 0x30;
    pub const SKIP: u8 = 0x31;
    pub const MEMBER: u8 = 0x32;
    pub const FORMER: u8 = 0x33;
    pub const INVITATION: u8 = 0x34;
    pub const CONTACT: u8 = 0x40;
    pub const PROFILE: u8 = 0x41;
    pub const MARK: u8 = 0x42;
    pub const NOTICES_READ: u8 = 0x43;
    pub const REFUSED: u8 = 0x44;
    pub const USER_QUOTA: u8 = 0x45;
    pub const LINK_QUOTA: u8 = 0x46;
    pub const RETENTION: u8 = 0x50;
    pub const HOLD: u8 = 0x51;
    pub const PAPER: u8 = 0x52;
    pub const CASE: u8 = 0x53;
    pub const PROOF: u8 = 0x54;
    pub const ERASED_USER: u8 = 0x55;
    pub const AWAITED: u8 = 0x47;
    pub const ERASURE: u8 = 0x48;
    pub const FILE_QUOTA: u8 = 0x49;
    pub const TRASH: u8 = 0x4a;
    // From here on nothing is loaded at the start.
    pub const UNLOADED_FIRST: u8 = 0x60;
    pub const ITEM: u8 = 0x60;
    pub const LISTED: u8 = 0x61;
    pub const FILE: u8 = 0x62;
    pub const LOG_FIRST: u8 = 0x80;
    pub const TIMELINE: u8 = 0x80;
    pub const PENDING: u8 = 0x81;
    pub const OUTBOX: u8 = 0x82;
    pub const INBOX: u8 = 0x83;
    pub const NOTICES: u8 = 0x84;
    pub const AUDIT: u8 = 0x85;
    pub const JOURNAL: u8 = 0x86;
}

/// A range of keys, end excluded.
pub type KeyRange = (Vec<u8>, Vec<u8>);

/// All rows that the state is made of.
#[must_use]
pub fn state_rows() -> KeyRange {
    (Vec::new(), vec![tag::UNLOADED_FIRST])
}

/// The rows that list the items of a kind with `index < before`.
#[must_use]
pub fn listed_rows(room: RoomId, kind: ItemKind, before: u64) -> KeyRange {
    (Key::Listed(room, kind, 0).encode(), Key::Listed(room, kind, before).encode())
}

/// The rows of the items of a room with `from <= index < to`.
#[must_use]
pub fn item_rows(room: RoomId, from: u64, to: u64) -> KeyRange {
    (Key::Item(room, from, 0).encode(), Key::Item(room, to, 0).encode())
}

/// The rows of erasures of files of a room with `index < before`.
#[must_use]
pub fn erasure_rows(room: RoomId, before: u64) -> KeyRange {
    (Key::Erasure(room, 0).encode(), Key::Erasure(room, before).encode())
}

/// The rows that name a file: in all rooms, or in one.
#[must_use]
pub fn file_rows(digest: Digest, room: Option<RoomId>) -> KeyRange {
    let prefix = Encoder::new(tag::FILE).raw(&digest.0).raw(room.as_ref().map_or(&[], |room| &room.0)).0;
    let end = [&prefix[..], &[0xff; 25]].concat();
    (prefix, end)
}

/// All rows.
#[must_use]
pub fn all_rows() -> KeyRange {
    (Vec::new(), vec![0xff])
}

/// All rows of outboxes, then all of inboxes.
#[must_use]
pub fn box_rows() -> [KeyRange; 2] {
    [(vec![tag::OUTBOX], vec![tag::OUTBOX + 1]), (vec![tag::INBOX], vec![tag::INBOX + 1])]
}

/// All rows with signed documents of a link.
#[must_use]
pub fn paper_rows(peer: &Domain) -> KeyRange {
    let prefix = Encoder::new(tag::PAPER).text(peer.as_str()).0;
    (prefix.clone(), [&prefix[..], &[0xff]].concat())
}

impl LogId {
    /// What the keys of the log's rows begin with.
    #[must_use]
    pub fn prefix(&self) -> Vec<u8> {
        match self {
            Self::Timeline(room) => Encoder::new(tag::TIMELINE).raw(&room.0),
            Self::Pending(room) => Encoder::new(tag::PENDING).raw(&room.0),
            Self::Outbox(peer, epoch_n) => Encoder::new(tag::OUTBOX).text(peer.as_str()).number(*epoch_n),
            Self::Inbox(peer, epoch_n) => Encoder::new(tag::INBOX).text(peer.as_str()).number(*epoch_n),
            Self::Notices(user) => Encoder::new(tag::NOTICES).text(user.as_str()),
            Self::Audit => Encoder::new(tag::AUDIT),
            Self::Journal => Encoder::new(tag::JOURNAL),
        }
        .0
    }

    /// All rows of the log.
    #[must_use]
    pub fn rows(&self) -> KeyRange {
        let prefix = self.prefix();
        (prefix.clone(), after_row(&prefix, u64::MAX))
    }
}

/// The key of a row of a log with this prefix.
#[must_use]
pub fn row_key(prefix: &[u8], seq: u64, part: u8) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + 9);
    key.extend_from_slice(prefix);
    key.extend_from_slice(&seq.to_be_bytes());
    key.push(part);
    key
}

/// The least key after all parts of the row that begins with entry `seq`.
#[must_use]
pub fn after_row(prefix: &[u8], seq: u64) -> Vec<u8> {
    let mut key = row_key(prefix, seq, u8::MAX);
    key.push(0);
    key
}

/// First entry and part of a row of a log, from its key.
#[must_use]
pub fn row_place(key: &[u8]) -> Option<(u64, u8)> {
    let (head, part) = key.split_last_chunk::<1>()?;
    let (_, seq) = head.split_last_chunk::<8>()?;
    Some((u64::from_be_bytes(*seq), part[0]))
}

impl Key {
    /// The key's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let start = Encoder::new;
        match self {
            Self::More(key, part) => start(tag::MORE).raw(key).raw(&[*part]),
            Self::Schema => start(tag::SCHEMA),
            Self::Org => start(tag::ORG),
            Self::Commit => start(tag::COMMIT),
            Self::Policy => start(tag::POLICY),
            Self::Unconfirmed => start(tag::UNCONFIRMED),
            Self::Restored => start(tag::RESTORED),
            Self::User(user) => start(tag::USER).text(user.as_str()),
            Self::Session(secret) => start(tag::SESSION).raw(&secret.0),
            Self::Feed(secret) => start(tag::FEED).raw(&secret.0),
            Self::Peer(peer) => start(tag::PEER).text(peer.as_str()),
            Self::Streams(peer) => start(tag::STREAMS).text(peer.as_str()),
            Self::Parted(peer) => start(tag::PARTED).text(peer.as_str()),
            Self::Room(room) => start(tag::ROOM).raw(&room.0),
            Self::Skip(room) => start(tag::SKIP).raw(&room.0),
            Self::Member(room, user) => start(tag::MEMBER).raw(&room.0).text(user.as_str()),
            Self::Former(room, user) => start(tag::FORMER).raw(&room.0).text(user.as_str()),
            Self::Invitation(room, user) => start(tag::INVITATION).raw(&room.0).text(user.as_str()),
            Self::Contact(owner, user) => start(tag::CONTACT).text(owner.as_str()).text(user.as_str()),
            Self::Profile(user) => start(tag::PROFILE).text(user.as_str()),
            Self::Mark(user, room) => start(tag::MARK).text(user.as_str()).raw(&room.0),
            Self::NoticesRead(user) => start(tag::NOTICES_READ).text(user.as_str()),
            Self::Refused(peer, epoch_n, seq) => start(tag::REFUSED).text(peer.as_str()).number(*epoch_n).number(*seq),
            Self::UserQuota(user) => start(tag::USER_QUOTA).text(user.as_str()),
            Self::LinkQuota(peer, theirs) => start(tag::LINK_QUOTA).text(peer.as_str()).raw(&[u8::from(*theirs)]),
            Self::Retention => start(tag::RETENTION),
            Self::Hold(Held::User(user)) => start(tag::HOLD).raw(&[0]).text(user.as_str()),
            Self::Hold(Held::Room(room)) => start(tag::HOLD).raw(&[1]).raw(&room.0),
            Self::Paper(peer, kind, n) => start(tag::PAPER).text(peer.as_str()).raw(&[*kind as u8]).number(*n),
            Self::Case(n) => start(tag::CASE).number(*n),
            Self::Proof(n) => start(tag::PROOF).number(*n),
            Self::ErasedUser(user) => start(tag::ERASED_USER).text(user.as_str()),
            Self::Item(room, index, part) => start(tag::ITEM).raw(&room.0).number(*index).raw(&[*part]),
            Self::Listed(room, kind, index) => start(tag::LISTED).raw(&room.0).raw(&[kind_byte(*kind)]).number(*index),
            Self::FilePolicy => start(tag::FILE_POLICY),
            Self::Awaited(peer, digest, room, index) => {
                start(tag::AWAITED).text(peer.as_str()).raw(&digest.0).raw(&room.0).number(*index)
            }
            Self::Erasure(room, index) => start(tag::ERASURE).raw(&room.0).number(*index),
            Self::Trash(room, index) => start(tag::TRASH).raw(&room.0).number(*index),
            Self::FileQuota(peer) => start(tag::FILE_QUOTA).text(peer.as_str()),
            Self::File(digest, room, index) => start(tag::FILE).raw(&digest.0).raw(&room.0).number(*index),
            Self::Row(log, seq, part) => return row_key(&log.prefix(), *seq, *part),
        }
        .0
    }

    /// The key of these bytes; none when no key has them.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        let mut rest = Decoder(rest);
        let key = match *tag {
            tag::MORE => {
                let (part, key) = rest.0.split_last()?;
                return Some(Self::More(key.to_vec(), *part));
            }
            tag::SCHEMA => Self::Schema,
            tag::ORG => Self::Org,
            tag::COMMIT => Self::Commit,
            tag::POLICY => Self::Policy,
            tag::UNCONFIRMED => Self::Unconfirmed,
            tag::RESTORED => Self::Restored,
            tag::USER => Self::User(rest.text()?),
            tag::SESSION => Self::Session(Digest(rest.raw()?)),
            tag::FEED => Self::Feed(Digest(rest.raw()?)),
            tag::PEER => Self::Peer(rest.text()?),
            tag::STREAMS => Self::Streams(rest.text()?),
            tag::PARTED => Self::Parted(rest.text()?),
            tag::ROOM => Self::Room(RoomId(rest.raw()?)),
            tag::SKIP => Self::Skip(RoomId(rest.raw()?)),
            tag::MEMBER => Self::Member(RoomId(rest.raw()?), rest.text()?),
            tag::FORMER => Self::Former(RoomId(rest.raw()?), rest.text()?),
            tag::INVITATION => Self::Invitation(RoomId(rest.raw()?), rest.text()?),
            tag::CONTACT => Self::Contact(rest.text()?, rest.text()?),
            tag::PROFILE => Self::Profile(rest.text()?),
            tag::MARK => Self::Mark(rest.text()?, RoomId(rest.raw()?)),
            tag::NOTICES_READ => Self::NoticesRead(rest.text()?),
            tag::REFUSED => Self::Refused(rest.text()?, rest.number()?, rest.number()?),
            tag::USER_QUOTA => Self::UserQuota(rest.text()?),
            tag::LINK_QUOTA => Self::LinkQuota(rest.text()?, rest.raw::<1>()? == [1]),
            tag::RETENTION => Self::Retention,
            tag::HOLD => Self::Hold(rest.held()?),
            tag::PAPER => Self::Paper(rest.text()?, rest.paper_kind()?, rest.number()?),
            tag::CASE => Self::Case(rest.number()?),
            tag::PROOF => Self::Proof(rest.number()?),
            tag::ERASED_USER => Self::ErasedUser(rest.text()?),
            tag::ITEM => Self::Item(RoomId(rest.raw()?), rest.number()?, rest.raw::<1>()?[0]),
            tag::LISTED => Self::Listed(RoomId(rest.raw()?), kind_of(rest.raw::<1>()?[0])?, rest.number()?),
            tag::FILE_POLICY => Self::FilePolicy,
            tag::AWAITED => Self::Awaited(rest.text()?, Digest(rest.raw()?), RoomId(rest.raw()?), rest.number()?),
            tag::ERASURE => Self::Erasure(RoomId(rest.raw()?), rest.number()?),
            tag::TRASH => Self::Trash(RoomId(rest.raw()?), rest.number()?),
            tag::FILE_QUOTA => Self::FileQuota(rest.text()?),
            tag::FILE => Self::File(Digest(rest.raw()?), RoomId(rest.raw()?), rest.number()?),
            tag::LOG_FIRST.. => Self::Row(rest.log(*tag)?, rest.number()?, rest.raw::<1>()?[0]),
            _ => return None,
        };
        rest.0.is_empty().then_some(key)
    }
}

pub(super) const KINDS: [ItemKind; 5] =
    [ItemKind::Message, ItemKind::Note, ItemKind::Comment, ItemKind::Date, ItemKind::Entry];

fn kind_byte(kind: ItemKind) -> u8 {
    KINDS.iter().position(|known| *known == kind).and_then(|at| u8::try_from(at).ok()).expect("KINDS has them all")
}

fn kind_of(byte: u8) -> Option<ItemKind> {
    KINDS.get(usize::from(byte)).copied()
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn new(tag: u8) -> Self {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(tag);
        Self(bytes)
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, text: &str) -> Self {
        self.raw(text.as_bytes()).raw(&[0])
    }

    fn number(self, number: u64) -> Self {
        self.raw(&number.to_be_bytes())
    }
}

struct Decoder<'a>(&'a [u8]);

impl Decoder<'_> {
    fn raw<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (raw, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*raw)
    }

    fn text<T: std::str::FromStr>(&mut self) -> Option<T> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = std::str::from_utf8(&self.0[..end]).ok()?;
        self.0 = &self.0[end + 1..];
        text.parse().ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.raw().map(u64::from_be_bytes)
    }

    fn held(&mut self) -> Option<Held> {
        match self.raw()? {
            [0] => self.text().map(Held::User),
            [1] => self.raw().map(|room| Held::Room(RoomId(room))),
            _ => None,
        }
    }

    fn paper_kind(&mut self) -> Option<PaperKind> {
        let [kind] = self.raw()?;
        PaperKind::ALL.into_iter().find(|known| *known as u8 == kind)
    }

    fn log(&mut self, tag: u8) -> Option<LogId> {
        Some(match tag {
            tag::TIMELINE => LogId::Timeline(RoomId(self.raw()?)),
            tag::PENDING => LogId::Pending(RoomId(self.raw()?)),
            tag::OUTBOX => LogId::Outbox(self.text()?, self.number()?),
            tag::INBOX => LogId::Inbox(self.text()?, self.number()?),
            tag::NOTICES => LogId::Notices(self.text()?),
            tag::AUDIT => LogId::Audit,
            tag::JOURNAL => LogId::Journal,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests;
