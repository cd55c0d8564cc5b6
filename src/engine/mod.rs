//! The single writer and its handle: submit a command, get an answer once it is durable (D3, D4).

mod done;
mod group;
mod keep;
mod outbox;
mod placed;
mod writer;

pub use outbox::OutboxItem;
pub use writer::{Parts, Running, Runs};

use crate::{
    clock::Clock,
    core::{Command, State, command::Answer},
    feed::Feed,
    model::{Domain, Millis, Reject, limits},
    store::{kv::StoreError, reader::Reader},
};
use arc_swap::ArcSwap;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::{mpsc, oneshot, watch};

/// Why a command was not done.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// A rule refused it.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// Too many commands wait.
    #[error("the daemon has too much to do; try again in {retry_after_ms} ms")]
    Overloaded {
        /// When to try again, milliseconds.
        retry_after_ms: u64,
    },
    /// The disk is full; nothing was done.
    #[error("the disk of the daemon is full; nothing was done")]
    StorageFull,
    /// The daemon is stopping.
    #[error("the daemon is stopping")]
    Stopping,
}

/// Names a request so that doing it again answers the same and does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Digest of the caller and the caller's key, shortened.
    pub key: [u8; 16],
    /// Digest of method, path and body, shortened.
    pub request: [u8; 8],
}

/// A command on its way to the writer.
#[derive(Debug)]
struct Submitted {
    command: Command,
    key: Option<IdempotencyKey>,
    reply: oneshot::Sender<Result<Answer, Refusal>>,
}

/// What the writer shows to everybody else: only what is durable.
struct Published {
    state: ArcSwap<State>,
    outbox: outbox::Recent,
    feed: Feed,
    bell: watch::Sender<u64>,
    /// When one of our people asked for something last, milliseconds.
    served_at: AtomicU64,
}

/// The handle to the writer. Cheap to clone; the writer ends when the last one is dropped.
#[derive(Clone)]
pub struct Engine {
    queue: mpsc::Sender<Submitted>,
    published: Arc<Published>,
    reader: Reader,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Starts the writer on a loaded store.
    #[must_use]
    pub fn start(parts: Parts) -> (Self, writer::Running) {
        writer::start(parts)
    }

    /// Decides and commits a command; answers when it is durable.
    ///
    /// # Errors
    /// The refusal of a rule, or why the writer could not take it. After an error nothing has changed, except that
    /// `Stopping` may come for a command that was still done: ask again under the same idempotency key.
    pub async fn submit(&self, command: Command) -> Result<Answer, Refusal> {
        self.queue(command, None).await
    }

    /// The same under an idempotency key: a repeated key with the same request gets the first answer again.
    ///
    /// # Errors
    /// As [`Engine::submit`], and `KEY_REUSED` when the key named another request.
    pub async fn submit_once(&self, key: IdempotencyKey, command: Command) -> Result<Answer, Refusal> {
        self.queue(command, Some(key)).await
    }

    /// The same for what nobody asks again: waits until the queue has room.
    ///
    /// # Errors
    /// The refusal; never that there is too much to do.
    pub async fn submit_in_turn(&self, command: Command) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        let submitted = Submitted { command, key: None, reply };
        self.queue.send(submitted).await.map_err(|_| Refusal::Stopping)?;
        answer.await.unwrap_or(Err(Refusal::Stopping))
    }

    async fn queue(&self, command: Command, key: Option<IdempotencyKey>) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        match self.queue.try_send(Submitted { command, key, reply }) {
            Ok(()) => answer.await.unwrap_or(Err(Refusal::Stopping)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Refusal::Overloaded { retry_after_ms: 250 }),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Refusal::Stopping),
        }
    }

    /// The durable state.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.published.state.load_full()
    }

    /// Whether our own people ask for something at this time.
    #[must_use]
    pub fn serves_people(&self) -> bool {
        let (served_at, now) = (Millis(self.published.served_at.load(Ordering::Relaxed)), self.now());
        // What lies ahead is from before the clock was put back.
        served_at <= now && now.since(served_at) < limits::SERVED_MS
    }

    /// Now, by the daemon's clock.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Reads of what stands in logs. Cap them by [`Engine::state`].
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The users' live feeds.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.published.feed
    }

    /// Rings after every commit, with the next journal position.
    #[must_use]
    pub fn bell(&self) -> watch::Receiver<u64> {
        self.published.bell.subscribe()
    }

    /// Records that wait for a peer, from a number on, within limits; from memory while they are hot.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn outbox(
        &self,
        peer: &Domain,
        epoch_n: u64,
        from_seq: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        match self.published.outbox.read(peer, epoch_n, from_seq, records_max, bytes_max) {
            Some(items) => Ok(items),
            None => self.outbox_from_store(peer, epoch_n, from_seq, records_max, bytes_max),
        }
    }

    /// The store may already show what is not durable yet; what is published is.
    fn outbox_from_store(
        &self,
        peer: &Domain,
        epoch_n: u64,
        from_seq: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        let state = self.state();
        let durable = state.links.get(peer).and_then(|link| link.streams.outgoing_in(epoch_n));
        let end = durable.map_or(u64::MAX, |out| out.next_seq);
        let mut rows = self.reader.outbox(peer, epoch_n, from_seq, records_max, bytes_max)?;
        rows.retain(|row| row.seq < end);
        Ok(rows)
    }
}
