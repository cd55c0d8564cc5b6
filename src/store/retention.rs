//! Which rows of logs are too old to keep (W10): acknowledged records, evidence, journal. Found in small portions.

use super::{
    codec,
    keyspace::{Key, LogId, box_rows},
    kv::{Kv, StoreError},
    log::{self, rows_before},
};
use crate::{
    core::State,
    model::{Millis, journal::Entry, limits},
};

/// Rows of a log that are looked at in one go: more than the longest entry has.
const ROWS_IN_VIEW: usize = 512;

/// The keys of about `rows_max` rows that may go now, for [`super::stage::Stage::delete`]; empty when there are none.
///
/// A row goes when the one after it begins too old as well, and the last two of a log always stay: the open one tells
/// where the log stands. A long entry goes with all its rows.
///
/// # Errors
/// When the store cannot be read.
pub fn outdated(kv: &dyn Kv, now: Millis, state: &State, rows_max: usize) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut keys = Vec::new();
    collect(kv, now, &Kept::journal(), rows_max, &mut keys)?;
    for (mut from, to) in box_rows() {
        while let Some((key, _)) = kv.scan(&from, &to, 1)?.pop().filter(|_| keys.len() < rows_max) {
            let Some(Key::Row(log, ..)) = Key::decode(&key) else {
                return Err(codec::damaged("a key among the outboxes and inboxes names nothing"));
            };
            from = log.rows().1;
            collect(kv, now, &Kept::boxed(state, log), rows_max, &mut keys)?;
        }
    }
    Ok(keys)
}

/// What is kept of one log.
struct Kept {
    log: LogId,
    /// Entries from this number on are kept, however old.
    from: u64,
    /// The others are kept this long.
    ms: u64,
}

impl Kept {
    fn journal() -> Self {
        Self { log: LogId::Journal, from: u64::MAX, ms: limits::JOURNAL_KEPT_MS }
    }

    /// Of what is to be sent, all that the peer has not acknowledged. Ended epochs and unpinned peers wait for nothing.
    fn boxed(state: &State, log: LogId) -> Self {
        let present = match &log {
            LogId::Outbox(peer, epoch_n) => state.links.get(peer).and_then(|link| link.streams.outgoing_in(*epoch_n)),
            _ => None,
        };
        Self { log, from: present.map_or(u64::MAX, |out| out.acked + 1), ms: limits::OUTBOX_KEPT_MS_MAX }
    }

    fn is_outdated(&self, kv: &dyn Kv, now: Millis, seq: u64) -> Result<bool, StoreError> {
        let Some((_, entry)) = log::read(kv, &self.log, seq, 1, usize::MAX)?.pop() else { return Ok(false) };
        let at = match self.log {
            LogId::Outbox(..) => codec::decode_outbox(seq, &entry)?.made_at,
            LogId::Inbox(..) => codec::decode_inbox(seq, &entry)?.at,
            _ => codec::decode_entry::<(Millis, Entry)>(&entry, "the journal")?.0,
        };
        // What has no time was written before any change told one.
        Ok(at != Millis(0) && now.since(at) > self.ms)
    }
}

fn collect(kv: &dyn Kv, now: Millis, kept: &Kept, rows_max: usize, keys: &mut Vec<Vec<u8>>) -> Result<(), StoreError> {
    let Some(first) = log::first_seq(kv, &kept.log)? else { return Ok(()) };
    // Mostly nothing is old: the first entry tells, without a look at the others.
    if !kept.is_outdated(kv, now, first)? {
        return Ok(());
    }
    let rows = rows_before(kv, &kept.log, kept.from, ROWS_IN_VIEW)?;
    let groups: Vec<_> = rows.chunk_by(|(one, _), (other, _)| one == other).collect();
    for pair in groups.windows(2) {
        if keys.len() >= rows_max || !kept.is_outdated(kv, now, pair[1][0].0)? {
            break;
        }
        keys.extend(pair[0].iter().map(|(_, key)| key.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
