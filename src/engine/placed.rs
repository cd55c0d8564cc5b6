//! Our own submissions that the records of an envelope give their places (W17): the state does not hold them.

use crate::{
    core::{State, command::PendingFact, state::Link},
    model::{
        RoomId,
        event::Sealed,
        limits,
        record::{Record, RecordBody},
    },
    store::{
        kv::StoreError,
        reader::{Reader, event_of},
    },
    wire,
};

/// The submissions, by the numbers of their records.
///
/// # Errors
/// When the store cannot be read.
pub fn find(reader: &Reader, state: &State, link: &Link, records: &[Record]) -> Result<Vec<PendingFact>, StoreError> {
    let Some(last) = link.streams.written() else { return Ok(Vec::new()) };
    let mut facts = Vec::new();
    for (room, last_seq) in placed_rooms(records) {
        let Some(known) = state.rooms.get(&room) else { continue };
        let pending = known.info.pending;
        for row in reader.pending(room, pending.from, pending.to)? {
            if row.sent.epoch_n == last.epoch.n && row.sent.seq > last_seq {
                break;
            }
            facts.push(PendingFact {
                room,
                p: Some(row.p),
                seq: row.sent.seq,
                epoch_n: row.sent.epoch_n,
                author: row.author,
                event: Sealed { event: event_of(&row.bytes)?, bytes: row.bytes },
            });
        }
    }
    // Only a restore loses what waits: at any other time a peer that names other epochs has nothing looked up.
    if let Some(replay) = &link.streams.replay {
        taken_back(reader, link, replay.epoch_n, records, &mut facts)?;
    }
    Ok(facts)
}

/// The rooms of the placements in an envelope, each with the last of our records that is placed in it.
fn placed_rooms(records: &[Record]) -> Vec<(RoomId, u64)> {
    let mut rooms: Vec<(RoomId, u64)> = Vec::new();
    for record in records {
        let Ok(RecordBody::RoomPlaced { room, submits, .. }) = &record.body else { continue };
        let Some((_, last)) = submits.last() else { continue };
        match rooms.iter_mut().find(|(known, _)| known == room) {
            Some((_, seq)) => *seq = (*last).max(*seq),
            None => rooms.push((*room, *last)),
        }
    }
    rooms
}

/// After a restore the queue of a room has lost submissions whose records are back in the outbox (W10).
fn taken_back(
    reader: &Reader,
    link: &Link,
    before: u64,
    records: &[Record],
    facts: &mut Vec<PendingFact>,
) -> Result<(), StoreError> {
    for record in records {
        let Ok(RecordBody::RoomPlaced { room, epoch_n, submits, .. }) = &record.body else { continue };
        let epoch_n = epoch_n.unwrap_or(before);
        for (from, to) in submits {
            let most = usize::try_from(to - from + 1).unwrap_or(usize::MAX).min(limits::ENVELOPE_RECORDS_MAX);
            for row in reader.outbox(&link.peer.domain, epoch_n, *from, most, limits::ENVELOPE_BYTES_MAX)? {
                let known = facts.iter().any(|fact| fact.epoch_n == epoch_n && fact.seq == row.seq);
                if let Some(fact) = submission(&row.bytes).filter(|fact| !known && fact.room == *room) {
                    facts.push(PendingFact { epoch_n, ..fact });
                }
            }
        }
    }
    facts.sort_by_key(|fact| (fact.epoch_n, fact.seq));
    Ok(())
}

/// The submission that a record of ours is, if it is one.
fn submission(bytes: &[u8]) -> Option<PendingFact> {
    let record = wire::record::decode(bytes).ok()?;
    let Ok(RecordBody::RoomSubmit { room, event }) = record.body else { return None };
    let author = event.event.author.as_ref()?.local();
    Some(PendingFact { room, p: None, seq: record.seq, epoch_n: 0, author, event })
}
