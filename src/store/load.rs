//! From the store to the state: at creation and at every start.

use super::{
    anchor,
    codec::{self, CommitRow, SCHEMA, SkipRow, damaged},
    items,
    keyspace::{Key, LogId, state_rows},
    kv::{Batch, Kv, StoreError},
    log,
    stage::Stage,
};
use crate::{
    core::{
        State,
        state::{Link, Quota, Room},
    },
    model::{
        Code, Digest, Millis, RoomId,
        audit::AuditEntry,
        contact::Contact,
        file::Erasure,
        journal::Entry,
        limits,
        link::{Parted, Peer, Streams},
        org::OwnOrg,
        room::{FormerMember, Invitation, Member, RoomInfo},
        user::{Feed, Policy, Profile, Session, User},
    },
    wire,
};
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

/// Rows of one scan.
const ROWS_PER_SCAN: usize = 512;
/// Journal entries that are looked through for remembered requests, newest first.
const DONE_SCAN_ENTRIES_MAX: usize = 1_000_000;

/// The first position of the journal: 0 is left to those who have seen nothing yet.
pub(super) const JOURNAL_FIRST: u64 = 1;

/// What a store held.
#[derive(Debug)]
pub struct Loaded {
    /// The state after the last commit.
    pub state: State,
    /// Goes on after the last commit.
    pub stage: Stage,
    /// Remembered requests, oldest first: entries of the variant [`Entry::Done`] only.
    pub done: Vec<Entry>,
}

/// Makes an empty store an org's store, and its anchor.
///
/// # Errors
/// When it is not empty, or cannot be written.
pub fn create(kv: &dyn Kv, org: &OwnOrg) -> Result<(), StoreError> {
    if kv.read(&Key::Schema.encode())?.is_some() {
        return Err(StoreError::Io("this store has an organization already; choose another directory".to_owned()));
    }
    let commit = CommitRow { commit: 1, digest: Digest::ZERO, journal_next: JOURNAL_FIRST, audit_next: 1 };
    let mut rows = codec::encode_value(&Key::Schema, &SCHEMA)?;
    rows.extend(codec::encode_value(&Key::Org, org)?);
    rows.extend(codec::encode_value(&Key::Commit, &commit)?);
    kv.commit(Batch { rows: rows.into_iter().map(|(key, value)| (key, Some(value))).collect() })?;
    kv.save_anchor(&anchor::of(&State::new(org.clone()), commit.commit))
}

/// Marks a store as put back to an earlier state: whoever loads it next asks the peers first what they hold of ours.
///
/// # Errors
/// When it cannot be written.
pub fn mark_restored(kv: &dyn Kv) -> Result<(), StoreError> {
    let rows = codec::encode_value(&Key::Restored, &true)?;
    kv.commit(Batch { rows: rows.into_iter().map(|(key, value)| (key, Some(value))).collect() })
}

/// Rebuilds the state. None when the store is empty.
///
/// # Errors
/// When the store cannot be read, is damaged, or has the layout of another version.
pub fn load(kv: &Arc<dyn Kv>) -> Result<Option<Loaded>, StoreError> {
    let Some(schema) = value::<u32>(&**kv, &Key::Schema)? else { return Ok(None) };
    if schema != SCHEMA {
        return Err(StoreError::Corrupt(format!(
            "it has layout {schema} and this version reads {SCHEMA}; start the version of handclasp that wrote it"
        )));
    }
    let missing = |what| damaged(format_args!("the row with {what} is missing"));
    let org: OwnOrg = value(&**kv, &Key::Org)?.ok_or_else(|| missing("our organization"))?;
    let commit: CommitRow = value(&**kv, &Key::Commit)?.ok_or_else(|| missing("the last commit"))?;
    let mut rebuild = Rebuild { state: State::new(org), further: BTreeMap::new(), parts: BTreeMap::new() };
    rebuild.read_rows(&**kv)?;
    let Rebuild { mut state, parts, .. } = rebuild;
    follow_timelines(&**kv, &mut state)?;
    follow_outboxes(&**kv, &mut state)?;
    follow_notices(&**kv, &mut state)?;
    follow_audit(&**kv, &mut state)?;
    check_ends(&**kv, &state, &commit)?;
    let done = remembered(&**kv)?;
    Ok(Some(Loaded { state, stage: Stage::new(kv.clone(), commit, parts), done }))
}

fn value<T: DeserializeOwned>(kv: &dyn Kv, key: &Key) -> Result<Option<T>, StoreError> {
    let key = key.encode();
    // Only short values are read alone.
    kv.read(&key)?.map(|row| codec::decode_value(&key, &row, &[])).transpose()
}

struct Rebuild {
    state: State,
    /// Further rows of long values, which come before all values.
    further: BTreeMap<Vec<u8>, BTreeMap<u8, Vec<u8>>>,
    parts: BTreeMap<Vec<u8>, u8>,
}

impl Rebuild {
    fn read_rows(&mut self, kv: &dyn Kv) -> Result<(), StoreError> {
        let (mut from, to) = state_rows();
        loop {
            let rows = kv.scan(&from, &to, ROWS_PER_SCAN)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            from = [&last[..], &[0]].concat();
            for (key, row) in rows {
                self.read_row(&key, row)?;
            }
        }
    }

    fn read_row(&mut self, key: &[u8], row: Vec<u8>) -> Result<(), StoreError> {
        let Some(known) = Key::decode(key) else {
            return Err(damaged(format_args!("the key {} names nothing", crate::model::id::hex(key))));
        };
        if let Key::More(main, part) = known {
            self.further.entry(main).or_default().insert(part, row);
            return Ok(());
        }
        let parts = codec::parts_after(&row)?;
        let mut further = Vec::new();
        if parts > 0 {
            self.parts.insert(key.to_vec(), parts);
            further.extend(self.further.remove(key).unwrap_or_default().into_values().take(usize::from(parts)));
        }
        self.put(known, &Value { key, row: &row, further: &further })
    }

    fn put(&mut self, key: Key, value: &Value<'_>) -> Result<(), StoreError> {
        let state = &mut self.state;
        match key {
            Key::Policy => state.policy = value.decode::<Policy>()?,
            Key::Unconfirmed => state.unconfirmed = value.decode()?,
            Key::Restored => state.restored = value.decode()?,
            Key::User(user) => drop(state.users.insert(user, value.decode::<Arc<User>>()?)),
            Key::Session(secret) => drop(state.sessions.insert(secret, value.decode::<Arc<Session>>()?)),
            Key::Feed(secret) => drop(state.feeds.insert(secret, value.decode::<Arc<Feed>>()?)),
            Key::Peer(domain) => {
                let peer = value.decode::<Arc<Peer>>()?;
                state.links.insert(domain, Arc::new(Link { peer, streams: Streams::default(), last_refusal: None }));
            }
            Key::Streams(domain) => {
                let link = state.links.get_mut(&domain).ok_or_else(|| value.orphan())?;
                Arc::make_mut(link).streams = value.decode()?;
            }
            Key::Parted(domain) => drop(state.parted.insert(domain, value.decode::<Arc<Parted>>()?)),
            Key::Contact(owner, user) => {
                state.contacts.insert((owner, user), value.decode::<Arc<Contact>>()?);
            }
            Key::Profile(user) => drop(state.profiles.insert(user, value.decode::<Arc<Profile>>()?)),
            Key::Mark(user, room) => drop(state.marks.insert((user, room), value.decode()?)),
            Key::NoticesRead(user) => drop(state.notices.insert(user, (0, value.decode()?))),
            Key::Refused(peer, epoch_n, seq) => {
                state.refused.insert((peer, epoch_n, seq), value.decode::<Code>()?);
            }
            Key::UserQuota(user) => drop(state.adds_by_user.insert(user, value.decode::<Quota>()?)),
            Key::LinkQuota(peer, theirs) => drop(state.adds_by_link.insert((peer, theirs), value.decode()?)),
            Key::Retention => state.keeping.retention = value.decode()?,
            Key::Hold(held) => drop(state.keeping.holds.insert(held, value.decode()?)),
            Key::Case(n) => drop(state.keeping.cases.insert(n, value.decode()?)),
            Key::ErasedUser(user) => drop(state.keeping.erasures.insert(user, value.decode()?)),
            Key::Room(room) => drop(state.rooms.insert(room, Arc::new(empty_room(value.decode()?)))),
            Key::Skip(room) => {
                let skip: SkipRow = value.decode()?;
                let room = self.room(room, value)?;
                (room.next_index, room.head) = (skip.next_index, skip.head);
            }
            Key::Member(room, user) => {
                self.room(room, value)?.members.insert(user.clone(), value.decode::<Member>()?);
                if self.state.is_ours(&user) {
                    self.state.rooms_of.entry(user.local()).or_default().insert(room);
                }
            }
            Key::Former(room, user) => {
                self.room(room, value)?.former.insert(user, value.decode::<FormerMember>()?);
            }
            Key::Invitation(room, user) => {
                self.room(room, value)?.invited.insert(user, value.decode::<Invitation>()?);
            }
            Key::FilePolicy => state.file_policy = value.decode()?,
            Key::FileQuota(peer) => drop(state.file_bytes_by_link.insert(peer, value.decode()?)),
            Key::Awaited(peer, digest, room, index) => {
                state.awaited.insert((peer, digest, room, index), value.decode()?);
            }
            Key::Erasure(room, index) => {
                let erasure: Arc<Erasure> = value.decode()?;
                if erasure.is_open() {
                    state.erasures.insert((room, index), erasure);
                }
            }
            Key::Trash(room, index) => drop(state.trash.insert((value.decode()?, room, index))),
            // Read before all others.
            Key::Schema | Key::Org | Key::Commit | Key::More(..) => {}
            // Read when somebody asks for them.
            Key::Paper(..) | Key::Proof(_) | Key::Item(..) | Key::Listed(..) | Key::File(..) | Key::Row(..) => {}
        }
        Ok(())
    }

    fn room(&mut self, id: RoomId, value: &Value<'_>) -> Result<&mut Room, StoreError> {
        self.state.rooms.get_mut(&id).map(Arc::make_mut).ok_or_else(|| value.orphan())
    }
}

struct Value<'a> {
    key: &'a [u8],
    row: &'a [u8],
    further: &'a [Vec<u8>],
}

impl Value<'_> {
    fn decode<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        codec::decode_value(self.key, self.row, self.further)
    }

    fn orphan(&self) -> StoreError {
        damaged(format_args!("the row {} has lost the row it belongs to", crate::model::id::hex(self.key)))
    }
}

fn empty_room(info: Arc<RoomInfo>) -> Room {
    Room {
        info,
        members: imbl::OrdMap::new(),
        former: imbl::OrdMap::new(),
        invited: imbl::OrdMap::new(),
        next_index: 0,
        head: Digest::ZERO,
        begins: 0,
        touched_end: 0,
    }
}

/// A room stands after its last event, or after a gap that is known to reach further; it begins with its first event.
fn follow_timelines(kv: &dyn Kv, state: &mut State) -> Result<(), StoreError> {
    let ids: Vec<RoomId> = state.rooms.keys().copied().collect();
    for id in ids {
        let log = LogId::Timeline(id);
        let touched_end = items::last(kv, id)?.map_or(0, |index| index + 1);
        let last = log::last(kv, &log)?;
        let first = last.as_ref().map(|_| log::first_seq(kv, &log)).transpose()?.flatten();
        let Some(room) = state.rooms.get_mut(&id).map(Arc::make_mut) else { continue };
        room.touched_end = touched_end;
        if let Some((index, entry)) = last.filter(|(index, _)| room.next_index <= *index) {
            (room.next_index, room.head) = (index + 1, codec::decode_timeline(index, &entry)?.head);
        }
        room.begins = first.unwrap_or(room.next_index);
    }
    Ok(())
}

/// An outgoing stream stands after its last record; sending does not rewrite the row of positions.
fn follow_outboxes(kv: &dyn Kv, state: &mut State) -> Result<(), StoreError> {
    let epochs: Vec<_> =
        state.links.iter().filter_map(|(peer, link)| Some((peer.clone(), link.streams.written()?.epoch.n))).collect();
    for (peer, epoch_n) in epochs {
        let Some((seq, entry)) = log::last(kv, &LogId::Outbox(peer.clone(), epoch_n))? else { continue };
        let row = codec::decode_outbox(seq, &entry)?;
        let out = state.links.get_mut(&peer).and_then(|link| Arc::make_mut(link).streams.written_mut());
        if let Some(out) = out.filter(|out| out.next_seq <= seq) {
            (out.next_seq, out.head) = (seq + 1, row.head);
        }
    }
    Ok(())
}

fn follow_notices(kv: &dyn Kv, state: &mut State) -> Result<(), StoreError> {
    let users: Vec<_> = state.users.keys().cloned().collect();
    for user in users {
        if let Some((n, _)) = log::last(kv, &LogId::Notices(user.clone()))? {
            state.notices.entry(user).or_insert((0, 0)).0 = n + 1;
        }
    }
    Ok(())
}

fn follow_audit(kv: &dyn Kv, state: &mut State) -> Result<(), StoreError> {
    if let Some((seq, entry)) = log::last(kv, &LogId::Audit)? {
        let entry: AuditEntry = codec::decode_entry(&entry, "the audit log")?;
        state.audit = (seq + 1, wire::audit::entry_hash(&entry));
    }
    Ok(())
}

/// Journal and audit log end where the last commit says; otherwise their tails are lost.
fn check_ends(kv: &dyn Kv, state: &State, commit: &CommitRow) -> Result<(), StoreError> {
    let journal_next = log::last(kv, &LogId::Journal)?.map_or(JOURNAL_FIRST, |(position, _)| position + 1);
    if journal_next != commit.journal_next {
        let wanted = commit.journal_next;
        return Err(damaged(format_args!("the journal ends before {journal_next}, and was written up to {wanted}")));
    }
    if state.audit.0 != commit.audit_next {
        let (found, wanted) = (state.audit.0, commit.audit_next);
        return Err(damaged(format_args!("the audit log ends before {found}, and was written up to {wanted}")));
    }
    Ok(())
}

fn remembered(kv: &dyn Kv) -> Result<Vec<Entry>, StoreError> {
    let mut done = Vec::new();
    let mut newest = None;
    let mut looked_at = 0;
    log::visit_back(kv, &LogId::Journal, u64::MAX, &mut |_, entry| {
        let (_, entry): (Millis, Entry) = codec::decode_entry(entry, "the journal")?;
        looked_at += 1;
        if let Entry::Done { at, .. } = entry {
            let newest = *newest.get_or_insert(at);
            if newest.saturating_sub(at) > limits::IDEMPOTENCY_MS_MAX {
                return Ok(ControlFlow::Break(()));
            }
            done.push(entry);
        }
        let full = done.len() >= limits::IDEMPOTENCY_KEYS_MAX || looked_at >= DONE_SCAN_ENTRIES_MAX;
        Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    done.reverse();
    Ok(done)
}

#[cfg(test)]
mod crash_tests;
#[cfg(test)]
mod tests;
