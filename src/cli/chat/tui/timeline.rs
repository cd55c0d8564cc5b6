//! The timeline of the room that is open: events by index with what has become of them, and what waits for a place.

use crate::api::client::dto::{
    Delivery, Edited, Event, Messages, Now, PendingItem, Reaction, Reader, TimelineItem, Trace,
};
use std::{borrow::Cow, collections::BTreeMap};

/// An event at its place.
#[derive(Clone, Debug)]
pub struct Item {
    /// What happened.
    pub event: Event,
    /// Whether the partner has it.
    pub delivery: Option<Delivery>,
    /// What has become of it.
    pub now: Now,
}

impl Item {
    /// Whether it was taken back: then nothing is left of it.
    #[must_use]
    pub fn is_taken_back(&self) -> bool {
        self.now.recalled.is_some() || (self.event.text.is_none() && self.event.files.is_empty())
    }

    /// What it says now.
    #[must_use]
    pub fn text(&self) -> &str {
        let edited = self.now.edited.as_ref().map(|edited| edited.text.as_str());
        edited.or(self.event.text.as_deref()).unwrap_or_default()
    }
}

/// What names a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The event at this index.
    Item(u64),
    /// The submission of this number.
    Pending(u64),
    /// A letter that the daemon has not taken yet, by its place in the queue.
    Letter(usize),
}

/// What of the timeline is in sight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Its end, whatever comes.
    #[default]
    End,
    /// The last line in sight stands so many lines above the end of this row.
    Above(Key, usize),
}

/// The timeline of a room.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The room.
    pub room: String,
    /// Events that are items of their own, by index.
    pub items: BTreeMap<u64, Item>,
    /// One's own submissions without a place, by number.
    pub pending: BTreeMap<u64, (Event, Delivery)>,
    /// Where the older events are to be read from.
    pub next_before: Option<u64>,
    /// Whether the first page is there.
    pub is_read: bool,
    /// Whether older events are on their way.
    pub is_reading: bool,
    /// The first index that had not been read when the room was opened.
    pub first_unread: Option<u64>,
    /// What is in sight.
    pub place: Place,
    /// The message that is chosen.
    pub picked: Option<u64>,
    /// How far others have read.
    pub readers: BTreeMap<String, u64>,
    /// Whether the partner orders the room: then what has a place was there.
    pub is_theirs: bool,
    through: Option<u64>,
    refusals: BTreeMap<u64, String>,
}

impl Timeline {
    /// Of a room, nothing read yet.
    #[must_use]
    pub fn new(room: String, first_unread: Option<u64>) -> Self {
        Self { room, first_unread, ..Self::default() }
    }

    /// Takes the newest page in, or an older one.
    pub fn take_page(&mut self, page: Messages, is_newest: bool) {
        if is_newest {
            let first = page.items.first().map_or(0, |item| item.index);
            let follows = self.items.last_key_value().is_some_and(|(last, _)| *last + 1 >= first);
            if !follows {
                let last = page.items.last().map_or(0, |item| item.index);
                self.items.retain(|index, _| *index > last);
                self.next_before = page.next_before;
            }
            self.pending.clear();
            page.pending.into_iter().for_each(|item| self.take_pending(item));
            self.is_read = true;
        } else {
            self.next_before = page.next_before;
            self.is_reading = false;
        }
        // What a page's acts have done stands in its items already.
        page.items.into_iter().filter(|item| item.target.is_none()).for_each(|item| self.take_item(item));
    }

    /// Takes what the live stream brought.
    pub fn take_item(&mut self, item: TimelineItem) {
        let Ok(event) = serde_json::from_str::<Event>(item.event.get()) else { return };
        self.pending.retain(|_, (waiting, _)| waiting.id != event.id);
        match item.target {
            Some(target) => self.change(target, item.index, event),
            None => {
                let known = self.items.remove(&item.index).map(|known| known.now);
                let now = item.now.or(known).unwrap_or_default();
                let delivery = self.settled(item.index, item.delivery);
                self.items.insert(item.index, Item { event, delivery, now });
            }
        }
    }

    /// Takes a submission that waits for its place.
    pub fn take_pending(&mut self, item: PendingItem) {
        let Ok(event) = serde_json::from_str::<Event>(item.event.get()) else { return };
        if !self.items.values().any(|known| known.event.id == event.id) {
            self.pending.insert(item.pending, (event, item.delivery));
        }
    }

    /// An act changes what it is about.
    fn change(&mut self, target: u64, index: u64, event: Event) {
        let Some(Item { now, .. }) = self.items.get_mut(&target) else { return };
        match event.kind.as_str() {
            "edit" if now.edited.as_ref().is_none_or(|edited| edited.index < index) => {
                let count = now.edited.as_ref().map_or(0, |edited| edited.count) + 1;
                let text = event.text.unwrap_or_default();
                let mentions = event.mentions;
                now.edited = Some(Edited { index, at: event.made_at, count, text, mentions, delivery: None });
            }
            "recall" | "note_delete" => {
                now.recalled = Some(Trace { by: event.author.unwrap_or_default(), index, delivery: None });
                self.forget(target);
            }
            "react" => {
                let person = event.author.unwrap_or_default();
                react(&mut now.reactions, &event.emoji.unwrap_or_default(), person, event.on != Some(false));
            }
            _ => {}
        }
    }

    /// What was taken back does not stay in the quotes of its answers.
    fn forget(&mut self, target: u64) {
        for item in self.items.values_mut() {
            if let Some(quote) = item.now.quote.as_mut().filter(|quote| quote.index == target) {
                (quote.text, quote.recalled) = (None, true);
            }
        }
    }

    /// The partner has what is ours up to there.
    pub fn delivered(&mut self, through: u64) {
        self.through = self.through.max(Some(through));
        for (_, item) in self.items.range_mut(..=through) {
            if item.delivery.as_ref().is_some_and(|it| it.state == "queued") {
                item.delivery = Some(delivery("delivered", None));
            }
        }
    }

    /// The partner refused one.
    pub fn refused(&mut self, index: u64, code: String) {
        if let Some(item) = self.items.get_mut(&index) {
            item.delivery = Some(delivery("refused", Some(code.clone())));
        }
        self.refusals.insert(index, code);
    }

    /// A submission will get no place.
    pub fn unplaced(&mut self, number: u64, code: Option<String>) {
        if let Some((_, state)) = self.pending.get_mut(&number) {
            let verdict = if code.is_some() { "refused" } else { "undelivered" };
            *state = delivery(verdict, code);
        }
    }

    /// A page can be older than what the live stream told of delivery.
    fn settled(&self, index: u64, read: Option<Delivery>) -> Option<Delivery> {
        if let Some(code) = self.refusals.get(&index) {
            return Some(delivery("refused", Some(code.clone())));
        }
        let is_there = self.is_theirs || self.through.is_some_and(|through| index <= through);
        read.map(|read| if read.state == "queued" && is_there { delivery("delivered", None) } else { read })
    }

    /// Notes how far others have read.
    pub fn take_readers(&mut self, readers: Vec<Reader>) {
        self.readers.extend(readers.into_iter().map(|reader| (reader.address, reader.index)));
    }

    /// The messages, by index.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = (u64, &Item)> {
        self.items.iter().filter(|(_, item)| item.event.kind == "message").map(|(index, item)| (*index, item))
    }
}

fn delivery(state: &'static str, code: Option<String>) -> Delivery {
    Delivery { state: Cow::Borrowed(state), code: code.map(Cow::Owned) }
}

fn react(reactions: &mut Vec<Reaction>, emoji: &str, person: String, on: bool) {
    if let Some(known) = reactions.iter_mut().find(|one| one.emoji == emoji) {
        known.people.retain(|one| *one != person);
        if on {
            known.people.push(person);
        }
    } else if on {
        reactions.push(Reaction { emoji: emoji.to_owned(), people: vec![person] });
    }
    reactions.retain(|one| !one.people.is_empty());
}
