//! Live feeds: each user's items in the order of the journal, resumable without a gap, holding nobody back (F31).
//!
//! A subscriber has a short queue in memory. When it falls behind, or comes back with an old position, it reads the
//! journal up to where its queue begins, and goes on live from there.

mod filter;
mod hub;
mod subscription;
#[cfg(test)]
mod tests;

pub use filter::{hidden_from, visible_to};
pub use subscription::Subscription;

use crate::{
    core::State,
    model::{LocalPart, journal::Entry},
    store::reader::{Reader, TimelineRow},
};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};

/// Something that has just become durable.
#[derive(Clone, Debug)]
pub struct Fresh {
    /// Its position in the journal.
    pub position: u64,
    /// What happened.
    pub entry: Entry,
    /// For new events of a room: the events.
    pub rows: Vec<TimelineRow>,
}

/// One item of a user's feed: exactly what this user may see.
#[derive(Debug)]
pub struct FeedItem {
    /// Its position in the journal: the id to resume after.
    pub position: u64,
    /// What happened.
    pub entry: Entry,
    /// For new events of a room: the events.
    pub events: Vec<TimelineRow>,
    /// The rendered frame, made by the first reader; the same item is shared by all who see the same of it.
    pub shared: OnceLock<Bytes>,
}

/// Why there is no subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The user has as many event streams as are allowed.
    #[error("too many event streams are open for this user")]
    TooMany,
    /// The position is not in the journal any more, or was never given out: read everything afresh.
    #[error("this position cannot be resumed")]
    Gone,
}

/// All feeds of the daemon. Cheap to clone.
#[derive(Clone)]
pub struct Feed {
    hub: Arc<hub::Hub>,
    reader: Reader,
}

impl Feed {
    /// Feeds that start at a journal position.
    #[must_use]
    pub fn new(reader: Reader, position: u64) -> Self {
        Self { hub: Arc::new(hub::Hub::new(position)), reader }
    }

    /// Hands out what has become durable, under the state in which it did. Called by the writer alone.
    pub fn publish(&self, state: &Arc<State>, fresh: Vec<Fresh>) {
        self.hub.publish(state, fresh);
    }

    /// A user's feed after a position, or from now on.
    ///
    /// # Errors
    /// Too many streams of this user, or a position that cannot be resumed.
    pub fn subscribe(&self, user: &LocalPart, after: Option<u64>) -> Result<Subscription, FeedError> {
        let (slot, live_from) = self.hub.join(user)?;
        let next = after.map_or(live_from, |after| after.saturating_add(1));
        let first = self.reader.journal_first().unwrap_or(None).unwrap_or(live_from);
        if next > live_from || (next < first && next < live_from) {
            self.hub.leave(user, &slot);
            return Err(FeedError::Gone);
        }
        Ok(Subscription::new(user.clone(), self.hub.clone(), self.reader.clone(), slot, next, live_from))
    }

    /// The durable state, and the position of the journal up to which it goes, of one moment.
    #[must_use]
    pub fn moment(&self) -> Option<(Arc<State>, u64)> {
        self.hub.moment()
    }

    /// Ends all subscriptions: the daemon stops.
    pub fn close(&self) {
        self.hub.close();
    }
}
