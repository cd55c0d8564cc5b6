//! One subscriber: what it missed from the journal, then what is live, without a gap and without a repeat.

use super::{
    FeedItem,
    filter::visible_to,
    hub::{Hub, Slot},
};
use crate::{
    model::{LocalPart, journal::Entry},
    store::{kv::StoreError, reader::Reader},
};
use std::sync::{Arc, OnceLock};

/// Journal entries read at a time while catching up.
const CATCH_UP_ITEMS_MAX: usize = 256;

/// What a look into the queue found.
enum Live {
    Items(Vec<Arc<FeedItem>>),
    /// The queue overflowed and was started again; the journal has what was in it.
    Lagging,
    Nothing,
    Ended,
}

/// A user's feed.
pub struct Subscription {
    user: LocalPart,
    hub: Arc<Hub>,
    reader: Reader,
    slot: Arc<Slot>,
    /// The next position that the subscriber has not been given.
    next: u64,
    /// The queue holds everything from here on; what is before it comes from the journal.
    live_from: u64,
}

impl Subscription {
    pub(super) fn new(
        user: LocalPart,
        hub: Arc<Hub>,
        reader: Reader,
        slot: Arc<Slot>,
        next: u64,
        live_from: u64,
    ) -> Self {
        Self { user, hub, reader, slot, next, live_from }
    }

    /// The last position that the subscriber has: what to resume after.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.next.saturating_sub(1)
    }

    /// The next items, in order; waits for them. None when the feed ended, and the subscriber has to come again.
    pub async fn next(&mut self) -> Option<Vec<Arc<FeedItem>>> {
        loop {
            if self.next < self.live_from {
                match self.catch_up() {
                    Ok(items) if items.is_empty() => continue,
                    Ok(items) => return Some(items),
                    Err(error) => {
                        tracing::error!(%error, "the journal cannot be read for a feed");
                        return None;
                    }
                }
            }
            match self.take_live() {
                Live::Items(items) => return Some(items),
                Live::Ended => return None,
                Live::Lagging => {}
                Live::Nothing => self.slot.rung().await,
            }
        }
    }

    fn take_live(&mut self) -> Live {
        let mut queue = self.slot.lock();
        if queue.lagging {
            drop(queue);
            self.live_from = self.hub.rejoin(&self.slot);
            return Live::Lagging;
        }
        if queue.items.is_empty() {
            return if queue.closed { Live::Ended } else { Live::Nothing };
        }
        let items: Vec<Arc<FeedItem>> = queue.items.drain(..).collect();
        drop(queue);
        if let Some(last) = items.last() {
            self.next = last.position + 1;
            self.live_from = self.next;
        }
        Live::Items(items)
    }

    fn catch_up(&mut self) -> Result<Vec<Arc<FeedItem>>, StoreError> {
        let Some(state) = self.hub.state() else { return Ok(Vec::new()) };
        let mut items = Vec::new();
        let entries = self.reader.journal(self.next, CATCH_UP_ITEMS_MAX)?;
        if entries.is_empty() {
            self.next = self.live_from;
        }
        for (position, entry) in entries {
            if position >= self.live_from {
                self.next = self.live_from;
                break;
            }
            self.next = position + 1;
            let events = match &entry {
                Entry::Events { room, from, to } => self.reader.timeline(*room, *from, *to, usize::MAX, usize::MAX)?,
                _ => Vec::new(),
            };
            let item = Arc::new(FeedItem { position, entry, events, shared: OnceLock::new() });
            items.extend(visible_to(&state, &self.user, &item));
        }
        Ok(items)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(&self.user, &self.slot);
    }
}
