//! The single writer and its handle: submit a command, get an answer once it is durable.

use crate::{
    core::{
        Command, State,
        command::{Answer, Ref},
    },
    model::{Domain, Millis, Reject},
    store::kv::StoreError,
};
use std::sync::Arc;
use tokio::sync::watch;

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
    /// The disk is full.
    #[error("the disk of the daemon is full")]
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

/// One record as it waits in an outbox.
#[derive(Clone, Debug)]
pub struct OutboxItem {
    /// Its number.
    pub seq: u64,
    /// The chain head after it.
    pub head: crate::model::Digest,
    /// When it was made.
    pub made_at: Millis,
    /// What it was about.
    pub reference: Ref,
    /// Its exact JSON.
    pub bytes: Arc<[u8]>,
}

/// The handle to the writer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {}

#[expect(missing_docs, clippy::unimplemented, clippy::unused_async, unused_variables, reason = "stub")]
impl Engine {
    /// Decides and commits a command; answers when it is durable.
    pub async fn submit(&self, command: Command) -> Result<Answer, Refusal> {
        unimplemented!()
    }

    /// The same under an idempotency key: a repeated key with the same request gets the first answer again.
    pub async fn submit_once(&self, key: IdempotencyKey, command: Command) -> Result<Answer, Refusal> {
        unimplemented!()
    }

    /// The durable state.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        unimplemented!()
    }

    /// Now, by the daemon's clock.
    #[must_use]
    pub fn now(&self) -> Millis {
        unimplemented!()
    }

    /// Rings after every commit, with the next journal position.
    #[must_use]
    pub fn bell(&self) -> watch::Receiver<u64> {
        unimplemented!()
    }

    /// Records that wait for a peer, from a number on, within limits; from memory while they are hot.
    pub fn outbox(
        &self,
        peer: &Domain,
        epoch_n: u64,
        from_seq: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<OutboxItem>, StoreError> {
        unimplemented!()
    }
}
