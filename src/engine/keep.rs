//! Finds in the store what retention and erasures ask for, a small part at a time (P30).

use crate::{
    core::{
        State,
        command::KeepFact,
        keeping::{is_held, is_waiting, rooms_of, without_words},
        state::Room,
    },
    model::{Digest, LocalPart, Millis, RoomId, event::ItemKind, item::Item, keeping::Erasure, limits},
    store::{
        kv::StoreError,
        reader::{Reader, TimelineRow, event_of, files_named},
    },
    wire,
};
use std::{collections::BTreeMap, ops::Bound};

/// Bytes of events that one step reads at most.
const BYTES_PER_STEP: usize = 1024 * 1024;

/// A walk through all rooms, one after the other, again and again.
#[derive(Debug, Default)]
pub struct Round {
    /// The room where the walk goes on; none between two rounds.
    next: Option<RoomId>,
    /// When the last round began; none before the first.
    begun_at: Option<Millis>,
}

impl Round {
    /// What the next step has found.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn step(&mut self, reader: &Reader, state: &State, now: Millis) -> Result<Vec<KeepFact>, StoreError> {
        let mut facts = Vec::new();
        let under_way = state.keeping.erasures.iter().find_map(|(user, it)| Some((user, it, it.next?)));
        // One thing at a time: two facts about a room would write the same rows.
        if let Some((user, erasure, place)) = under_way {
            facts.extend(written(reader, state, (user, erasure), place)?);
        } else if self.is_due(state, now) {
            self.walk(reader, state, now, &mut facts)?;
        }
        Ok(facts)
    }

    fn is_due(&mut self, state: &State, now: Millis) -> bool {
        if state.keeping.retention.is_endless() {
            (self.next, self.begun_at) = (None, None);
            return false;
        }
        if self.next.is_some() {
            return true;
        }
        let due = self.begun_at.is_none_or(|at| now.since(at) >= limits::RETENTION_ROUND_MS || now < at);
        if due {
            self.begun_at = Some(now);
            self.next = state.rooms.get_min().map(|(id, _)| *id);
        }
        due
    }

    fn walk(
        &mut self,
        reader: &Reader,
        state: &State,
        now: Millis,
        facts: &mut Vec<KeepFact>,
    ) -> Result<(), StoreError> {
        let Some(from) = self.next.take() else { return Ok(()) };
        let mut events = limits::RETENTION_EVENTS_PER_STEP;
        for (seen, (id, room)) in state.rooms.range((Bound::Included(from), Bound::Unbounded)).enumerate() {
            if seen == limits::RETENTION_ROOMS_PER_STEP || events == 0 {
                self.next = Some(*id);
                return Ok(());
            }
            let (before, rows) = overdue(reader, state, room, now, events)?;
            let count = before.saturating_sub(room.begins);
            if count > 0 {
                let (files, subfolders) = (files_of(&rows)?, emptier(reader, *id, &rows, before)?);
                facts.push(KeepFact::Old { room: *id, before, events: count, files, subfolders });
            }
            events = events.saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
            if events == 0 {
                // There may be more of it.
                self.next = Some(*id);
                return Ok(());
            }
        }
        Ok(())
    }
}

/// The first index of a room that stays: the first event that is young enough, or waits for the partner. With it those that
/// go.
fn overdue(
    reader: &Reader,
    state: &State,
    room: &Room,
    now: Millis,
    events_max: usize,
) -> Result<(u64, Vec<TimelineRow>), StoreError> {
    let nothing = |from| Ok((from, Vec::new()));
    let (from, to) = (room.begins, room.next_index);
    let Some(kept_ms) = state.keeping.retention.kept_ms(room.info.kind).filter(|_| from < to) else {
        return nothing(from);
    };
    if is_held(state, room) {
        return nothing(from);
    }
    // Mostly nothing is old: the first event tells, without a look at the others.
    let goes = |row: &TimelineRow| now.since(row.at) >= kept_ms && now >= row.at && !is_waiting(state, room, row.sent);
    let first = reader.timeline(room.info.id, from, to, 1, BYTES_PER_STEP)?;
    if first.first().is_none_or(|row| !goes(row)) {
        return nothing(from);
    }
    let mut rows = reader.timeline(room.info.id, from, to, events_max, BYTES_PER_STEP)?;
    let stays = rows.iter().position(|row| !goes(row));
    // Indices may have gaps; what comes next is young or is looked at next time.
    let before = stays.map_or_else(|| rows.last().map_or(from, |row| row.index + 1), |at| rows[at].index);
    rows.truncate(stays.unwrap_or(rows.len()));
    Ok((before, rows))
}

/// The subfolders that stay and in which some of these entries stand, as they are without them.
fn emptier(reader: &Reader, room: RoomId, rows: &[TimelineRow], before: u64) -> Result<Vec<(u64, Item)>, StoreError> {
    let mut fewer: BTreeMap<u64, u64> = BTreeMap::new();
    for row in rows {
        let Ok(event) = event_of(&row.bytes) else { continue };
        if event.content.act().and_then(|act| act.makes()) != Some(ItemKind::Entry) {
            continue;
        }
        let Some(fact) = reader.item(room, row.index)? else { continue };
        let stands = fact.item.recalled.is_none() && fact.item.entry.deleted.is_none();
        if let Some(place) = fact.place().filter(|place| stands && *place >= before) {
            *fewer.entry(place).or_default() += 1;
        }
    }
    let mut subfolders = Vec::new();
    for (index, count) in fewer {
        if let Some(mut fact) = reader.item(room, index)? {
            fact.item.entry.holds = fact.item.entry.holds.saturating_sub(count);
            subfolders.push((index, fact.item));
        }
    }
    Ok(subfolders)
}

/// The files that events name, by index.
fn files_of<'a>(rows: impl IntoIterator<Item = &'a TimelineRow>) -> Result<Vec<(u64, Digest)>, StoreError> {
    let mut files = Vec::new();
    for row in rows {
        files.extend(files_named(&row.bytes)?.into_iter().map(|file| (row.index, file.digest)));
    }
    Ok(files)
}

/// What an erased person wrote in the next part of a room.
fn written(
    reader: &Reader,
    state: &State,
    (user, _): (&LocalPart, &Erasure),
    (room, from): (RoomId, u64),
) -> Result<Option<KeepFact>, StoreError> {
    let author = state.address(user);
    let to = state.rooms.get(&room).map_or(0, |room| room.next_index);
    let rows = reader.timeline(room, from, to, limits::RETENTION_EVENTS_PER_STEP, BYTES_PER_STEP)?;
    let theirs = |bytes: &[u8]| {
        wire::event::open(bytes)
            .is_ok_and(|it| it.event.author.as_ref() == Some(&author) && without_words(&it.event.content).is_some())
    };
    let wrote: Vec<&TimelineRow> = rows.iter().filter(|row| row.erased.is_none() && theirs(&row.bytes)).collect();
    let indices = wrote.iter().map(|row| row.index).collect();
    let files = files_of(wrote)?;
    let after = rows.last().map_or(to, |row| row.index + 1);
    let next = if after < to {
        Some((room, after))
    } else {
        rooms_of(state, user).into_iter().find(|id| *id > room).map(|id| (id, 0))
    };
    Ok(Some(KeepFact::Written { user: user.clone(), room, indices, files, next }))
}

#[cfg(test)]
mod tests;
