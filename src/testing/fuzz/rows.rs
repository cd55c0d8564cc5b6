//! What stands on the disk: rows of every type, keys, and whole stores of which some rows are something else. A damaged
//! store is reported; nothing panics, and what is read is written as what reads the same.

use super::{segments, world::template};
use crate::{
    core::state::Quota,
    model::{
        Code, Millis,
        audit::AuditEntry,
        contact::Contact,
        file::{Erasure, FilePolicy},
        item::Item,
        journal::Entry,
        keeping::{self, Case, Hold, Proof, Retention},
        link::{Parted, Peer, Streams},
        notice::Notice,
        org::OwnOrg,
        room::{FormerMember, Invitation, Member, RoomInfo},
        user::{Feed, Policy, Profile, Session, User},
    },
    store::{
        anchor,
        check::check,
        codec::{self, CommitRow, SkipRow},
        keyspace::{Key, all_rows},
        kv::{Batch, Kv},
        load::{self, Loaded},
        reader::Reader,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Bytes as rows: the first picks of which type, or that they change a whole store.
pub fn rows(bytes: &[u8]) {
    match bytes.split_first() {
        Some((b'k', key)) => same_key(key),
        Some((b'l', entry)) => entries(entry),
        Some((b'v', [pick, value @ ..])) => values(*pick, value),
        Some((b's', changes)) => store(changes),
        _ => {}
    }
}

fn same_key(bytes: &[u8]) {
    if let Some(key) = Key::decode(bytes) {
        assert_eq!(Key::decode(&key.encode()).as_ref(), Some(&key), "a key has one form");
    }
}

fn entries(entry: &[u8]) {
    if let Ok(row) = codec::decode_timeline(1, entry) {
        let mut erased = Vec::new();
        codec::encode_erased(&mut erased, &row, &row.bytes);
        let again = codec::decode_timeline(1, &erased).expect("what is erased can be read");
        assert_eq!((again.digest(), &again.bytes), (row.digest(), &row.bytes), "an erased event keeps its place");
    }
    if let Ok(row) = codec::decode_pending(1, entry) {
        let mut again = Vec::new();
        codec::encode_pending(&mut again, row.sent, &row.author, &row.bytes);
        assert_eq!(codec::decode_pending(1, &again).ok(), Some(row));
    }
    if let Ok(row) = codec::decode_inbox(1, entry) {
        let mut again = Vec::new();
        codec::encode_inbox(&mut again, row.at, row.epoch, row.to_seq, &row.evidence);
        let again = codec::decode_inbox(1, &again).expect("what we write, we read");
        assert_eq!((again.at, again.epoch, again.evidence.payload), (row.at, row.epoch, row.evidence.payload));
    }
    let _ = codec::decode_outbox(1, entry);
}

macro_rules! values {
    ($pick:expr, $bytes:expr; $($letter:literal $type:ty,)*) => {
        match $pick {
            $($letter => same_value::<$type>($bytes),)*
            _ => {}
        }
    };
}

fn values(pick: u8, bytes: &[u8]) {
    values!(pick, bytes;
        b'a' OwnOrg, b'b' Policy, b'c' bool, b'd' User, b'e' Session, b'f' Feed, b'g' Peer, b'h' Streams, b'i' Parted,
        b'j' RoomInfo, b'k' SkipRow, b'l' Member, b'm' FormerMember, b'n' Invitation, b'o' Contact, b'p' Profile,
        b'q' u64, b'r' Code, b's' Quota, b't' Retention, b'u' Hold, b'v' Case, b'w' Proof, b'x' keeping::Erasure,
        b'y' Item, b'z' FilePolicy, b'A' (Millis, u64), b'B' Erasure, b'C' CommitRow, b'D' Notice, b'E' AuditEntry,
        b'F' (Millis, Entry), b'G' String,
    );
}

fn same_value<T: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Ok(value) = codec::decode_entry::<T>(bytes, "a test") else { return };
    let written = |value: &T| {
        let mut bytes = Vec::new();
        codec::encode_entry(&mut bytes, value);
        bytes
    };
    let once = written(&value);
    let again = codec::decode_entry::<T>(&once, "a test").expect("what we write, we read");
    assert_eq!(written(&again), once, "what is read is written as what reads the same");
}

/// Changes rows of a sound store. A part is two bytes that pick the row, one that says what becomes of it, and bytes.
fn store(changes: &[u8]) {
    let kv: Arc<dyn Kv> = Arc::new(template().crash());
    let (from, to) = all_rows();
    let present = kv.scan(&from, &to, usize::MAX).expect("memory");
    for (high, part) in segments(changes).take(16) {
        let [low, what, bytes @ ..] = part else { continue };
        let (key, row) = &present[usize::from(u16::from_be_bytes([high, *low])) % present.len()];
        let (key, row) = match what {
            b'd' => (key.clone(), None),
            b'w' => (key.clone(), Some(bytes.to_vec())),
            b'c' => (key.clone(), Some(row[..row.len().min(bytes.len())].to_vec())),
            b'k' => (bytes.to_vec(), Some(row.clone())),
            _ => (
                key.clone(),
                Some(row.iter().zip(bytes.iter().chain(std::iter::repeat(&0))).map(|(a, b)| a ^ b).collect()),
            ),
        };
        let batch = Batch { rows: vec![(key, row)] };
        if batch.check().is_ok() {
            kv.commit(batch).expect("memory");
        }
    }
    let _ = check(&*kv);
    if let Ok(Some(loaded)) = load::load(&kv) {
        let _ = anchor::check(&*kv, &loaded);
        read(&kv, &loaded);
    }
}

/// Reads what requests read.
fn read(kv: &Arc<dyn Kv>, loaded: &Loaded) {
    let reader = Reader::new(kv.clone());
    for room in loaded.state.rooms.keys() {
        let _ = reader.timeline(*room, 0, u64::MAX, 100, usize::MAX);
        let _ = reader.timeline_back(*room, 0, u64::MAX, 100, usize::MAX);
        let _ = reader.items(*room, 0, u64::MAX);
        let _ = reader.pending(*room, 0, u64::MAX);
    }
    for peer in loaded.state.links.keys() {
        let _ = reader.outbox(peer, 1, 1, 100, usize::MAX);
        let _ = reader.inbox(peer, 1, 1, 100, usize::MAX);
        let _ = reader.papers(peer);
    }
    for user in loaded.state.users.keys() {
        let _ = reader.notices(user, u64::MAX, 100);
    }
    let _ = reader.audit(1, 100);
    let _ = reader.journal(1, 100);
}
