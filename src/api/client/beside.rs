//! What is shown beside the events of a page: what has become of their items, and what they answer. An event that nothing
//! touched and that answers nothing costs no read.

use super::{dto, files, render, view};
use crate::{
    core::{
        rooms::visible,
        state::{Room, State},
    },
    model::{
        LocalPart, RoomId,
        event::{Act, Content, Event, Regards},
        item::Item,
        limits,
    },
    store::{
        kv::StoreError,
        reader::{Reader, TimelineRow, event_of},
    },
};
use std::collections::HashMap;

/// The items of some events of a room.
pub struct Beside<'a> {
    reader: &'a Reader,
    room: RoomId,
    items: HashMap<u64, Item>,
}

/// What is written beside an event, and whether the event itself is kept back.
#[derive(Clone, Debug, Default)]
pub struct Derived {
    /// The item that it changes.
    pub target: Option<u64>,
    /// What has become of it.
    pub now: dto::Now,
    /// Whether only its head is shown.
    pub tombstone: bool,
}

impl<'a> Beside<'a> {
    /// The items of these rows, of what they change, and of what they answer.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of_rows(reader: &'a Reader, room: &Room, rows: &[TimelineRow]) -> Result<Self, StoreError> {
        let mut beside = Self { reader, room: room.info.id, items: HashMap::new() };
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(beside) };
        let page = first.index..(last.index + 1).min(room.touched_end);
        beside.items.extend(reader.items(beside.room, page.start, page.end)?);
        for index in rows.iter().filter_map(|row| pointed_at(row.regards)) {
            if index < room.touched_end && !page.contains(&index) && !beside.items.contains_key(&index) {
                beside.items.extend(reader.items(beside.room, index, index + 1)?);
            }
        }
        Ok(beside)
    }

    /// Whether the event is for this user to see: what changes a hidden item is hidden with it (P17).
    pub fn shows(&self, state: &State, user: &LocalPart, room: &Room, row: &TimelineRow) -> bool {
        target_of(row).is_none_or(|index| visible(state, user, room, index))
    }

    /// Whether what its author said was taken back.
    pub fn is_recalled(&self, row: &TimelineRow) -> bool {
        let concerned = [Some(row.index), target_of(row)].into_iter().flatten();
        let mut recalled = concerned.filter_map(|index| self.items.get(&index)?.recalled.as_ref());
        // The recall itself is what is left to be seen.
        recalled.any(|trace| trace.index != row.index)
    }

    /// What this user sees beside an event.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn derived(
        &self,
        state: &State,
        user: &LocalPart,
        room: &Room,
        row: &TimelineRow,
    ) -> Result<Derived, StoreError> {
        let mut now = dto::Now::default();
        let sees = |index: u64| visible(state, user, room, index);
        match row.regards {
            Regards::Reply(index) if sees(index) => now.quote = self.quote(index, sees)?,
            Regards::Item(_) | Regards::Under(_) | Regards::Reply(_) | Regards::Nothing => {}
        }
        let tombstone = self.is_recalled(row);
        let item = self.items.get(&row.index);
        if let Some(item) = item {
            now.recalled = match &item.recalled {
                Some(trace) => Some(view::trace(trace, self.delivery(state, room, trace.index)?)),
                None => None,
            };
            now.reactions = view::reactions(item, sees);
            if !tombstone {
                now.edited = self.edited(item, sees)?;
                if let Some(edited) = &mut now.edited {
                    edited.delivery = self.delivery(state, room, edited.index)?;
                }
            }
        }
        if tombstone {
            now.quote = None;
        }
        files::note(self.reader, state, room, row, &mut now)?;
        Ok(Derived { target: target_of(row), now, tombstone })
    }

    /// The last text that replaced the first one.
    fn edited(&self, item: &Item, sees: impl Fn(u64) -> bool) -> Result<Option<dto::Edited>, StoreError> {
        let seen: Vec<u64> = item.edits.iter().copied().filter(|index| sees(*index)).collect();
        let Some(last) = seen.last() else { return Ok(None) };
        Ok(self.event(*last)?.and_then(|event| {
            let Content::Act(Act::Edit(edit)) = event.content else { return None };
            Some(dto::Edited {
                index: *last,
                at: event.made_at.0,
                count: seen.len() as u64,
                text: edit.text.to_string(),
                mentions: edit.mentions.iter().map(ToString::to_string).collect(),
                delivery: None,
            })
        }))
    }

    /// The beginning of what is answered, as it reads now.
    fn quote(&self, index: u64, sees: impl Fn(u64) -> bool) -> Result<Option<dto::Quote>, StoreError> {
        let Some(event) = self.event(index)? else { return Ok(None) };
        let author = event.author.as_ref().map(ToString::to_string);
        let item = self.items.get(&index);
        let recalled = item.is_some_and(|item| item.recalled.is_some());
        let edited = item.map_or(Ok(None), |item| self.edited(item, sees))?;
        let text = match (recalled, edited, event.content) {
            (true, ..) => None,
            (_, Some(edited), _) => Some(excerpt(&edited.text)),
            (_, None, Content::Act(Act::Message(message))) => Some(excerpt(message.text.as_str())),
            _ => None,
        };
        Ok(Some(dto::Quote { index, author, text, recalled }))
    }

    /// Whether the partner has an event; none when it has it from there, or need not have it.
    fn delivery(&self, state: &State, room: &Room, index: u64) -> Result<Option<dto::Delivery>, StoreError> {
        let rows = self.reader.timeline(self.room, index, index + 1, 1, usize::MAX)?;
        Ok(rows.first().and_then(|row| render::delivery_of(state, room, row)).map(view::delivery))
    }

    fn event(&self, index: u64) -> Result<Option<Event>, StoreError> {
        let rows = self.reader.timeline(self.room, index, index + 1, 1, usize::MAX)?;
        rows.first().map(|row| event_of(&row.bytes)).transpose()
    }
}

/// The index of the item that the event of a row changes.
pub fn target_of(row: &TimelineRow) -> Option<u64> {
    row.regards.item()
}

fn pointed_at(regards: Regards) -> Option<u64> {
    match regards {
        Regards::Nothing => None,
        Regards::Reply(index) | Regards::Item(index) | Regards::Under(index) => Some(index),
    }
}

fn excerpt(text: &str) -> String {
    let mut chars = text.chars();
    let mut cut: String = chars.by_ref().take(limits::QUOTE_CHARS_MAX).collect();
    if chars.next().is_some() {
        cut.push('…');
    }
    cut
}
