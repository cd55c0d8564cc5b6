//! The subscribers, and the handing out of what is fresh.

use super::{FeedError, FeedItem, Fresh, filter::visible_to};
use crate::{
    core::State,
    model::{LocalPart, journal::Entry, limits},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use tokio::sync::Notify;

/// Items that wait for one subscriber before it is sent to the journal instead.
const QUEUE_ITEMS_MAX: usize = 256;

/// One subscriber's queue.
#[derive(Debug, Default)]
pub struct Slot {
    queue: Mutex<Queue>,
    bell: Notify,
}

/// What waits for a subscriber.
#[derive(Debug, Default)]
pub struct Queue {
    /// The items.
    pub items: VecDeque<Arc<FeedItem>>,
    /// The queue overflowed: what was in it has to be read from the journal.
    pub lagging: bool,
    /// There will be nothing more.
    pub closed: bool,
}

/// All subscribers.
pub struct Hub {
    inner: Mutex<Inner>,
}

struct Inner {
    position: u64,
    state: Option<Arc<State>>,
    slots: HashMap<LocalPart, Vec<Arc<Slot>>>,
    closed: bool,
}

impl Slot {
    /// Takes what waits.
    pub fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until something was put in.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    fn put(&self, item: Arc<FeedItem>) {
        let mut queue = self.lock();
        if queue.items.len() >= QUEUE_ITEMS_MAX {
            queue.items.clear();
            queue.lagging = true;
        }
        if !queue.lagging {
            queue.items.push_back(item);
        }
        drop(queue);
        self.bell.notify_one();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.bell.notify_one();
    }
}

impl Hub {
    /// No subscribers yet.
    pub fn new(position: u64) -> Self {
        Self { inner: Mutex::new(Inner { position, state: None, slots: HashMap::new(), closed: false }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a subscriber; its queue holds everything from the returned position on.
    pub fn join(&self, user: &LocalPart) -> Result<(Arc<Slot>, u64), FeedError> {
        let mut inner = self.lock();
        let slots = inner.slots.entry(user.clone()).or_default();
        if slots.len() >= limits::STREAMS_PER_USER_MAX {
            return Err(FeedError::TooMany);
        }
        let slot = Arc::new(Slot::default());
        slots.push(slot.clone());
        if inner.closed {
            slot.close();
        }
        Ok((slot, inner.position))
    }

    /// Starts a lagging subscriber's queue again; it holds everything from the returned position on.
    pub fn rejoin(&self, slot: &Slot) -> u64 {
        let inner = self.lock();
        let mut queue = slot.lock();
        queue.items.clear();
        queue.lagging = false;
        inner.position
    }

    /// Removes a subscriber.
    pub fn leave(&self, user: &LocalPart, slot: &Arc<Slot>) {
        let mut inner = self.lock();
        if let Some(slots) = inner.slots.get_mut(user) {
            slots.retain(|other| !Arc::ptr_eq(other, slot));
            if slots.is_empty() {
                inner.slots.remove(user);
            }
        }
    }

    /// The durable state under which the last items were handed out.
    pub fn state(&self) -> Option<Arc<State>> {
        self.lock().state.clone()
    }

    /// The same with the position after those items.
    pub fn moment(&self) -> Option<(Arc<State>, u64)> {
        let inner = self.lock();
        inner.state.clone().map(|state| (state, inner.position))
    }

    /// Hands out what has become durable.
    pub fn publish(&self, state: &Arc<State>, fresh: Vec<Fresh>) {
        let mut inner = self.lock();
        inner.state = Some(state.clone());
        for Fresh { position, entry, rows } in fresh {
            inner.position = position + 1;
            if inner.slots.is_empty() {
                continue;
            }
            let item = Arc::new(FeedItem { position, entry, events: rows, shared: OnceLock::new() });
            inner.hand_out(state, &item);
        }
    }

    /// Ends all subscriptions.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.slots.values().flatten().for_each(|slot| slot.close());
    }
}

impl Inner {
    fn hand_out(&self, state: &State, item: &Arc<FeedItem>) {
        match audience(state, &item.entry) {
            Audience::One(user) => self.hand_to(state, user, item),
            Audience::Room(members) if members.len() < self.slots.len() => {
                for member in members.keys().filter(|member| state.is_ours(member)) {
                    self.hand_to(state, &member.local(), item);
                }
            }
            Audience::Room(_) | Audience::All => self.slots.keys().for_each(|user| self.hand_to(state, user, item)),
            Audience::Nobody => {}
        }
    }

    fn hand_to(&self, state: &State, user: &LocalPart, item: &Arc<FeedItem>) {
        let Some(slots) = self.slots.get(user) else { return };
        if let Some(seen) = visible_to(state, user, item) {
            slots.iter().for_each(|slot| slot.put(seen.clone()));
        }
    }
}

enum Audience<'a> {
    One(&'a LocalPart),
    Room(&'a imbl::OrdMap<crate::model::Address, crate::model::room::Member>),
    All,
    Nobody,
}

/// Roughly who may be concerned; [`visible_to`] has the last word.
fn audience<'a>(state: &'a State, entry: &'a Entry) -> Audience<'a> {
    match entry {
        Entry::Pending { user, .. }
        | Entry::Contact { user, .. }
        | Entry::Notice { user, .. }
        | Entry::Me { user }
        | Entry::Read { user, .. }
        | Entry::RoomLeft { user, .. } => Audience::One(user),
        Entry::Events { room, .. }
        | Entry::Unplaced { room, .. }
        | Entry::Delivered { room, .. }
        | Entry::Refused { room, .. }
        | Entry::File { room, .. }
        | Entry::Room { room } => state.rooms.get(room).map_or(Audience::Nobody, |room| Audience::Room(&room.members)),
        Entry::Profile { .. } | Entry::Link { .. } => Audience::All,
        Entry::Done { .. } => Audience::Nobody,
    }
}
