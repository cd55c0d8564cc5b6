//! Finds what proves an event of a partner's person: the signed envelope that carried it.

use super::{
    kv::StoreError,
    reader::{InboxRow, Reader, TimelineRow},
};
use crate::{
    core::State,
    crypto::dsse::{self, Kind},
    model::{
        RoomId,
        keeping::Proof,
        limits,
        link::Streams,
        record::{Envelope, RecordBody},
    },
    wire,
};

/// The event at an index, and the envelope that carried it if that is still kept.
///
/// # Errors
/// When the store cannot be read.
pub fn of_message(reader: &Reader, state: &State, room: RoomId, index: u64) -> Result<Proof, StoreError> {
    let Some(row) = reader.timeline(room, index, index + 1, 1, usize::MAX)?.pop() else { return Ok(Proof::default()) };
    let envelope = envelope_of(reader, state, room, &row)?;
    let event = std::str::from_utf8(&row.bytes).ok().map(Into::into);
    let envelope = envelope.map(|row| document(&row).into());
    Ok(Proof { event, envelope })
}

/// The envelope that carried an event of the other org of a room.
///
/// # Errors
/// When the store cannot be read.
pub fn envelope_of(
    reader: &Reader,
    state: &State,
    id: RoomId,
    row: &TimelineRow,
) -> Result<Option<InboxRow>, StoreError> {
    let Some(room) = state.rooms.get(&id) else { return Ok(None) };
    let peer = room.other(&state.org.domain).filter(|_| room.info.partner.is_some());
    let (Some(peer), None) = (peer, row.sent) else { return Ok(None) };
    let streams = state.links.get(peer).map(|link| &link.streams);
    let streams = streams.or_else(|| state.parted.get(peer).map(|parted| &parted.streams));
    let epoch = streams.map_or(0, Streams::last_in);
    // What is applied in one step has one time; epochs before the present one are tried from the newest on.
    for epoch_n in (1..=epoch).rev() {
        let found = reader.inbox_at(peer, epoch_n, row.at, limits::PROOF_ENVELOPES_MAX)?;
        let carries = |it: &InboxRow| wire::envelope::decode(&it.evidence.payload).is_ok_and(|it| holds(&it, id, row));
        if let Some(found) = found.into_iter().find(carries) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn holds(envelope: &Envelope, id: RoomId, row: &TimelineRow) -> bool {
    envelope.records.iter().any(|record| match &record.body {
        Ok(RecordBody::RoomEvent { room, event, .. } | RecordBody::RoomSubmit { room, event }) => {
            *room == id && event.bytes == row.bytes
        }
        _ => false,
    })
}

/// The envelope as the document that its sender signed.
#[must_use]
pub fn document(row: &InboxRow) -> String {
    let evidence = &row.evidence;
    dsse::document(Kind::Envelope, &evidence.payload, &evidence.key, &evidence.signature)
}
