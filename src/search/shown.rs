//! What is shown of a finding: the item as the store holds it at that moment, or nothing.

use crate::{
    core::{State, rooms::visible},
    model::{
        LocalPart, Millis, RoomId,
        event::{Act, Content, Event, Note},
    },
    store::{
        kv::StoreError,
        reader::{Reader, event_of},
    },
};

/// An item that stands.
pub struct Present {
    /// When it became durable here.
    pub at: Millis,
    /// The event that made it.
    pub event: Event,
    /// The event that says what it is now: the last edit, or the one that made it.
    pub says: Event,
}

/// An item as it is now; none when it was taken back, or is not here.
///
/// # Errors
/// When the store cannot be read, or holds an event that is none.
pub fn present(reader: &Reader, room: RoomId, index: u64) -> Result<Option<Present>, StoreError> {
    let Some((at, event)) = event_at(reader, room, index)? else { return Ok(None) };
    let item = reader.items(room, index, index.saturating_add(1))?.pop().map(|(_, item)| item).unwrap_or_default();
    if item.recalled.is_some() || item.entry.deleted.is_some() {
        return Ok(None);
    }
    let edited = match item.edits.last() {
        Some(edit) => event_at(reader, room, *edit)?.map(|(_, event)| event),
        None => None,
    };
    let says = edited.unwrap_or_else(|| event.clone());
    Ok(Some(Present { at, event, says }))
}

/// Whether what the item is about is there for this user: a comment goes with its note (P17).
///
/// # Errors
/// When the store cannot be read, or holds an event that is none.
pub fn stands(
    reader: &Reader,
    state: &State,
    user: &LocalPart,
    room: RoomId,
    event: &Event,
) -> Result<bool, StoreError> {
    let Content::Act(Act::Note(Note::Commented { target, .. })) = event.content else { return Ok(true) };
    let is_visible = state.rooms.get(&room).is_some_and(|known| visible(state, user, known, target));
    Ok(is_visible && present(reader, room, target)?.is_some())
}

fn event_at(reader: &Reader, room: RoomId, index: u64) -> Result<Option<(Millis, Event)>, StoreError> {
    let row = reader.timeline(room, index, index.saturating_add(1), 1, usize::MAX)?.pop();
    row.map(|row| Ok((row.at, event_of(&row.bytes)?))).transpose()
}
