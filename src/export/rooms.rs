//! Reads the rooms of a transcript part by part, for an archive (P30, ADR 15).

use super::lines::{EventLine, Line, RoomLine};
use crate::{
    model::{Address, Digest, RoomId, event::Content},
    wire,
};
use serde_json::value::RawValue;
use std::{
    collections::HashMap,
    io::{self, BufRead},
};

/// An event that the transcript holds whole.
#[derive(Debug)]
pub struct Told {
    /// Its index.
    pub index: u64,
    /// When it became durable, milliseconds since 1970.
    pub at: u64,
    /// The chain head after it.
    pub head: Digest,
    /// The event, byte for byte.
    pub event: Box<RawValue>,
}

/// Some of the events of a room, ascending. A room without any makes one part too.
pub struct Part {
    /// The room's line.
    pub room: std::rc::Rc<RoomLine>,
    /// The events; withheld and erased ones are left out.
    pub events: Vec<Told>,
}

/// From which index on each member of each room saw it: where they came in last, else the first one.
pub type Seen = HashMap<(RoomId, Address), u64>;

/// Looks through a whole transcript for when people came in.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn seen(input: impl BufRead) -> io::Result<Seen> {
    let mut seen = Seen::new();
    for line in input.lines() {
        let line = line?;
        let parsed: Line<'_> = serde_json::from_str(&line)?;
        if parsed.kind != "event" {
            continue;
        }
        let told: EventLine<'_> = serde_json::from_str(parsed.body.get())?;
        let event = told.event.and_then(|event| wire::event::open(event.get().as_bytes()).ok());
        if let Some(Content::Joined { users }) = event.map(|sealed| sealed.event.content) {
            seen.extend(users.into_iter().map(|user| ((told.room, user), told.index)));
        }
    }
    Ok(seen)
}

/// The parts of a transcript, in its order.
pub struct Parts<R> {
    input: R,
    bytes_max: usize,
    room: Option<std::rc::Rc<RoomLine>>,
    /// Whether the present room was told at all.
    told: bool,
    /// A room that began behind the last part.
    next: Option<RoomLine>,
}

impl<R: BufRead> Parts<R> {
    /// Parts of at most so many bytes of events; at least one event each.
    pub fn new(input: R, bytes_max: usize) -> Self {
        Self { input, bytes_max, room: None, told: false, next: None }
    }

    /// The next part; none at the end of the rooms.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn take(&mut self) -> io::Result<Option<Part>> {
        if let Some(room) = self.next.take() {
            (self.room, self.told) = (Some(room.into()), false);
        }
        let (mut events, mut bytes) = (Vec::new(), 0);
        let mut line = String::new();
        while bytes < self.bytes_max {
            line.clear();
            if self.input.read_line(&mut line)? == 0 {
                break;
            }
            let parsed: Line<'_> = serde_json::from_str(&line)?;
            match parsed.kind {
                "room" if self.room.is_none() => {
                    self.room = Some(serde_json::from_str::<RoomLine>(parsed.body.get())?.into());
                }
                "room" => {
                    self.next = Some(serde_json::from_str(parsed.body.get())?);
                    break;
                }
                "event" => {
                    let told: EventLine<'_> = serde_json::from_str(parsed.body.get())?;
                    if let Some(event) = told.event {
                        bytes += event.get().len();
                        events.push(Told { index: told.index, at: told.at, head: told.head, event: event.to_owned() });
                    }
                }
                _ => {}
            }
        }
        let Some(room) = self.room.clone() else { return Ok(None) };
        if events.is_empty() && self.told {
            // Only a room that follows makes another part.
            self.room = None;
            return if self.next.is_some() { self.take() } else { Ok(None) };
        }
        self.told = true;
        Ok(Some(Part { room, events }))
    }
}
