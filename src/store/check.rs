//! Reads everything once and says what does not fit: rows that cannot be read, gaps, broken chains (`handclasp check`).

mod references;
#[cfg(test)]
mod tests;

use self::references::References;
use super::{
    codec::{self, CommitRow, SkipRow},
    keyspace::{Key, LogId, all_rows},
    kv::{Kv, StoreError},
    load::JOURNAL_FIRST,
    log,
};
use crate::{
    core::state::Quota,
    crypto::digest::{chain, sha256},
    model::{
        Code, Digest, Millis, RoomId,
        audit::AuditEntry,
        contact::Contact,
        file::{Erasure, FilePolicy},
        id::hex,
        journal::Entry,
        keeping::{self, Case, Hold, Proof, Retention},
        limits::ROW_BYTES_MAX,
        link::{Parted, Peer, Streams},
        notice::Notice,
        org::OwnOrg,
        room::{FormerMember, Invitation, Member, RoomInfo},
        user::{Feed, Policy, Profile, Session, User},
    },
    wire,
};
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
};

/// Rows of one scan.
const ROWS_PER_SCAN: usize = 256;
/// Findings that are told; the rest is counted.
const FINDINGS_MAX: usize = 100;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows that were read.
    pub rows: u64,
    /// Log entries that were read.
    pub entries: u64,
    /// What does not fit, in words; at most the first hundred.
    pub findings: Vec<String>,
    /// How many there are in all.
    pub findings_total: u64,
    /// Files whose bytes are to be beside the database, with their lengths in bytes where an event tells them.
    pub files: BTreeMap<Digest, Option<u64>>,
}

/// Reads the whole store.
///
/// What was overwritten or deleted since cannot be told from what was lost; whatever the chains, the numbers and the
/// last commit say can.
///
/// # Errors
/// When the store cannot be read at all.
pub fn check(kv: &dyn Kv) -> Result<Checked, StoreError> {
    let mut pass = Pass::default();
    let (mut from, to) = all_rows();
    let mut logs = Vec::new();
    loop {
        let rows = kv.scan(&from, &to, ROWS_PER_SCAN)?;
        let Some((last, _)) = rows.last() else { break };
        from = [&last[..], &[0]].concat();
        for (key, row) in rows {
            pass.row(&key, row, &mut logs);
        }
    }
    if let Err(error) = pass.references.end_item() {
        pass.find(error.to_string());
    }
    for log in logs {
        pass.log(kv, &log)?;
    }
    pass.ends();
    Ok(pass.checked)
}

#[derive(Default)]
struct Pass {
    checked: Checked,
    further: HashMap<Vec<u8>, BTreeMap<u8, Vec<u8>>>,
    skips: HashMap<RoomId, SkipRow>,
    commit: Option<CommitRow>,
    journal_next: Option<u64>,
    audit: Option<(u64, Digest)>,
    references: References,
}

impl Pass {
    fn find(&mut self, what: String) {
        self.checked.findings_total += 1;
        if self.checked.findings.len() < FINDINGS_MAX {
            self.checked.findings.push(what);
        }
    }

    fn row(&mut self, key: &[u8], row: Vec<u8>, logs: &mut Vec<LogId>) {
        self.checked.rows += 1;
        if row.len() > ROW_BYTES_MAX {
            self.find(format!("the row {} is over {ROW_BYTES_MAX} bytes", hex(key)));
        }
        match Key::decode(key) {
            None => self.find(format!("the key {} names nothing", hex(key))),
            Some(Key::More(main, part)) => drop(self.further.entry(main).or_default().insert(part, row)),
            Some(Key::Row(log, ..)) => {
                if logs.last() != Some(&log) {
                    logs.push(log);
                }
            }
            Some(known) => {
                if let Err(error) = self.value(&known, key, &row) {
                    self.find(error.to_string());
                }
                for finding in self.references.row(&known, key, &row) {
                    self.find(finding);
                }
            }
        }
    }

    fn value(&mut self, known: &Key, key: &[u8], row: &[u8]) -> Result<(), StoreError> {
        let parts = usize::from(codec::parts_after(row)?);
        let further: Vec<Vec<u8>> = self.further.remove(key).unwrap_or_default().into_values().take(parts).collect();
        match known {
            Key::Schema => readable::<u32>(key, row, &further),
            Key::Org => readable::<OwnOrg>(key, row, &further),
            Key::Policy => readable::<Policy>(key, row, &further),
            Key::Unconfirmed | Key::Restored => readable::<bool>(key, row, &further),
            Key::User(_) => readable::<User>(key, row, &further),
            Key::Session(_) => readable::<Session>(key, row, &further),
            Key::Feed(_) => readable::<Feed>(key, row, &further),
            Key::Peer(_) => readable::<Peer>(key, row, &further),
            Key::Streams(_) => readable::<Streams>(key, row, &further),
            Key::Parted(_) => readable::<Parted>(key, row, &further),
            Key::Room(room) => {
                let info: RoomInfo = codec::decode_value(key, row, &further)?;
                if info.frozen == Some(Code::Archive) {
                    self.references.archives.insert(*room);
                }
                Ok(())
            }
            Key::Member(..) => readable::<Member>(key, row, &further),
            Key::Former(..) => readable::<FormerMember>(key, row, &further),
            Key::Invitation(..) => readable::<Invitation>(key, row, &further),
            Key::Contact(..) => readable::<Contact>(key, row, &further),
            Key::Profile(_) => readable::<Profile>(key, row, &further),
            Key::Mark(..) | Key::NoticesRead(_) => readable::<u64>(key, row, &further),
            Key::Refused(..) => readable::<Code>(key, row, &further),
            Key::UserQuota(_) | Key::LinkQuota(..) => readable::<Quota>(key, row, &further),
            Key::Retention => readable::<Retention>(key, row, &further),
            Key::Hold(_) => readable::<Hold>(key, row, &further),
            Key::Paper(..) => readable::<String>(key, row, &further),
            Key::Case(_) => readable::<Case>(key, row, &further),
            Key::Proof(_) => readable::<Proof>(key, row, &further),
            Key::ErasedUser(_) => readable::<keeping::Erasure>(key, row, &further),
            Key::Commit => {
                self.commit = Some(codec::decode_value(key, row, &further)?);
                Ok(())
            }
            Key::Skip(room) => {
                self.skips.insert(*room, codec::decode_value(key, row, &further)?);
                Ok(())
            }
            Key::FilePolicy => readable::<FilePolicy>(key, row, &further),
            Key::FileQuota(_) => readable::<(Millis, u64)>(key, row, &further),
            Key::Awaited(..) => readable::<u64>(key, row, &further),
            Key::Trash(..) => readable::<Millis>(key, row, &further),
            Key::Erasure(..) => readable::<Erasure>(key, row, &further),
            Key::File(..) => readable::<()>(key, row, &further),
            // Items are read with all their rows.
            Key::More(..) | Key::Item(..) | Key::Row(..) => Ok(()),
            Key::Listed(..) => readable::<()>(key, row, &further),
        }
    }

    fn log(&mut self, kv: &dyn Kv, log: &LogId) -> Result<(), StoreError> {
        let mut before = Before::default();
        let read = log::visit(kv, log, 0, &mut |seq, entry| {
            self.checked.entries += 1;
            match self.entry(log, seq, entry, &mut before) {
                Ok(None) => {}
                Ok(Some(finding)) => self.find(format!("{log:?}, entry {seq}: {finding}")),
                Err(error) => self.find(format!("{log:?}, entry {seq}: {error}")),
            }
            Ok(ControlFlow::Continue(()))
        });
        match read {
            Err(StoreError::Corrupt(what)) => self.find(format!("{log:?}: {what}")),
            read => read?,
        }
        Ok(())
    }

    fn entry(
        &mut self,
        log: &LogId,
        seq: u64,
        entry: &[u8],
        before: &mut Before,
    ) -> Result<Option<String>, StoreError> {
        let gap = before.seq.filter(|before| before + 1 != seq);
        let head = before.head;
        before.seq = Some(seq);
        match log {
            LogId::Timeline(room) => {
                let row = codec::decode_timeline(seq, entry)?;
                before.head = Some(row.head);
                // A follower's copy may go on after a gap, under the head that its host named.
                // Only the last skip is kept: heads are compared from there on.
                let skip = self.skips.get(room);
                let at_skip = skip.filter(|skip| skip.next_index == seq).map(|skip| skip.head);
                let is_older = skip.is_some_and(|skip| seq < skip.next_index);
                let head = if gap.is_some() || is_older { at_skip } else { at_skip.or(head) };
                let broken = broken_chain(head, row.head, row.digest());
                return Ok(broken.or_else(|| self.references.event(*room, &row)));
            }
            LogId::Outbox(..) => {
                let row = codec::decode_outbox(seq, entry)?;
                before.head = Some(row.head);
                if let Some(broken) = broken_chain(head, row.head, sha256(&row.bytes)) {
                    return Ok(Some(broken));
                }
            }
            LogId::Audit => {
                let audit: AuditEntry = codec::decode_entry(entry, "the audit log")?;
                let hash = wire::audit::entry_hash(&audit);
                before.head = Some(hash);
                self.audit = Some((seq + 1, hash));
                if audit.seq != seq || audit.prev != head.unwrap_or(Digest::ZERO) {
                    return Ok(Some("it does not follow from the entry before".to_owned()));
                }
            }
            LogId::Journal => {
                codec::decode_entry::<(Millis, Entry)>(entry, "the journal")?;
                self.journal_next = Some(seq + 1);
            }
            LogId::Notices(_) => drop(codec::decode_entry::<Notice>(entry, "notices")?),
            LogId::Pending(_) => drop(codec::decode_pending(seq, entry)?),
            LogId::Inbox(..) => drop(codec::decode_inbox(seq, entry)?),
        }
        // Settled submissions leave gaps, and an envelope has the number of its first record.
        let may_have_gaps = matches!(log, LogId::Pending(_) | LogId::Inbox(..));
        Ok(gap.filter(|_| !may_have_gaps).map(|before| format!("the entries after {before} are missing")))
    }

    fn ends(&mut self) {
        for finding in self.references.ends() {
            self.find(finding);
        }
        self.checked.files = std::mem::take(&mut self.references.files);
        let Some(commit) = self.commit else { return self.find("the row with the last commit is missing".to_owned()) };
        let journal_next = self.journal_next.unwrap_or(JOURNAL_FIRST);
        if journal_next != commit.journal_next {
            self.find(format!("the journal ends before {journal_next}, not {}", commit.journal_next));
        }
        let audit_next = self.audit.map_or(1, |(next, _)| next);
        if audit_next != commit.audit_next {
            self.find(format!("the audit log ends before {audit_next}, not {}", commit.audit_next));
        }
    }
}

/// The entry before in the same log.
#[derive(Default)]
struct Before {
    seq: Option<u64>,
    head: Option<Digest>,
}

/// The first entry that is still there has nothing to be compared with.
fn broken_chain(before: Option<Digest>, found: Digest, item: Digest) -> Option<String> {
    let broken = before.is_some_and(|before| chain(before, item) != found);
    broken.then(|| "its chain head does not follow from the entry before".to_owned())
}

fn readable<T: DeserializeOwned>(key: &[u8], row: &[u8], further: &[Vec<u8>]) -> Result<(), StoreError> {
    codec::decode_value::<T>(key, row, further).map(drop)
}
