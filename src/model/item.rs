//! What has become of an item since the event that made it: one row for each item that was touched.

use super::{Address, Millis, calendar::Attendance, text::Emoji};
use serde::{Deserialize, Serialize};

/// An item as the events after its own have left it. Texts stand in the timeline only; this names the events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The events that replaced its content, oldest first: the last one holds what is shown.
    pub edits: Vec<u64>,
    /// Who took it back, by which event.
    pub recalled: Option<Trace>,
    /// Who called it off, by which event: a date stays to be seen.
    pub cancelled: Option<Trace>,
    /// Reactions, in the order in which their emoji came up.
    pub reactions: Vec<Reaction>,
    /// Who pinned it, by which event.
    pub pinned: Option<Trace>,
    /// The events of its comments, oldest first; deleted ones stay.
    pub comments: Vec<u64>,
    /// Who comes, each person once, in the order of their first answers.
    pub answers: Vec<(Trace, Attendance)>,
    /// What only entries of the folder have; its new names are edits.
    pub entry: Entry,
}

/// What has become of an entry of the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who moved it last, and into which subfolder, none for the top. None while it is where it was made.
    pub moved: Option<(Trace, Option<u64>)>,
    /// The events of its further versions, oldest first.
    pub versions: Vec<u64>,
    /// That it was deleted.
    pub deleted: Option<Deleted>,
    /// How many entries are in this subfolder that are not deleted.
    pub holds: u64,
}

/// The deletion of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// By whom, and by which event.
    pub trace: Trace,
    /// Until when it can be brought back, by our clock.
    pub until: Millis,
    /// Whether that is over, and its bytes are given up here.
    pub is_final: bool,
}

/// Who did something, and by which event. The index decides who may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Who.
    pub by: Address,
    /// The event.
    pub index: u64,
}

/// Who has reacted by one emoji.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// The emoji.
    pub emoji: Emoji,
    /// Who, in their order; never empty.
    pub people: Vec<Trace>,
}

impl Item {
    /// Whether somebody has reacted by this emoji.
    #[must_use]
    pub fn has_reaction(&self, emoji: &Emoji, by: &Address) -> bool {
        let people = self.reactions.iter().filter(|reaction| reaction.emoji == *emoji);
        people.flat_map(|reaction| &reaction.people).any(|trace| trace.by == *by)
    }

    /// Adds a reaction.
    pub fn add_reaction(&mut self, emoji: &Emoji, trace: Trace) {
        if self.has_reaction(emoji, &trace.by) {
            return;
        }
        match self.reactions.iter_mut().find(|reaction| reaction.emoji == *emoji) {
            Some(reaction) => reaction.people.push(trace),
            None => self.reactions.push(Reaction { emoji: emoji.clone(), people: vec![trace] }),
        }
    }

    /// Notes whether somebody comes; the last answer counts.
    pub fn answer(&mut self, trace: Trace, answer: Attendance) {
        match self.answers.iter_mut().find(|(known, _)| known.by == trace.by) {
            Some(known) => *known = (trace, answer),
            None => self.answers.push((trace, answer)),
        }
    }

    /// Takes a reaction back.
    pub fn remove_reaction(&mut self, emoji: &Emoji, by: &Address) {
        for reaction in self.reactions.iter_mut().filter(|reaction| reaction.emoji == *emoji) {
            reaction.people.retain(|trace| trace.by != *by);
        }
        self.reactions.retain(|reaction| !reaction.people.is_empty());
    }
}
