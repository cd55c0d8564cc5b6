//! What a user may see now, room by room: the same rules as for pages of a timeline (P10, P16, P17).

use crate::{
    core::{
        State,
        rooms::{hidden_ranges, member_of, visible_range},
    },
    model::{LocalPart, RoomId},
};
use std::collections::HashMap;

/// The visible part of each room of one user, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    rooms: HashMap<RoomId, Visible>,
}

/// The visible part of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    from: u64,
    to: u64,
    hidden: Vec<(u64, u64)>,
}

/// A room with its visible part.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Which room.
    pub room: RoomId,
    /// What of it is visible.
    pub range: &'a Visible,
}

impl Sight {
    /// What this user sees under this state; only of one room, if one is named.
    #[must_use]
    pub fn of(state: &State, user: &LocalPart, only: Option<RoomId>) -> Self {
        let mine = state.rooms_of.get(user).into_iter().flatten().copied();
        let asked = mine.filter(|room| only.is_none_or(|only| only == *room));
        let rooms = asked.filter_map(|id| {
            let room = member_of(state, user, id).ok()?;
            let (from, to) = visible_range(state, user, room);
            Some((id, Visible { from, to, hidden: hidden_ranges(state, user, room).to_vec() }))
        });
        Self { rooms: rooms.collect() }
    }

    /// Everything of these rooms; for measurements.
    #[must_use]
    pub fn whole(rooms: impl IntoIterator<Item = RoomId>) -> Self {
        let whole = |room| (room, Visible { from: 0, to: u64::MAX, hidden: Vec::new() });
        Self { rooms: rooms.into_iter().map(whole).collect() }
    }

    /// The rooms.
    pub fn rooms(&self) -> impl Iterator<Item = Seen<'_>> {
        self.rooms.iter().map(|(room, range)| Seen { room: *room, range })
    }
}

impl Visible {
    /// Whether this index is visible.
    #[must_use]
    pub fn holds(&self, index: u64) -> bool {
        (self.from..self.to).contains(&index) && !self.hidden.iter().any(|(start, end)| (*start..*end).contains(&index))
    }
}
