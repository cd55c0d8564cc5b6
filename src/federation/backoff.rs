//! How long to wait before the next try: at random, longer the longer it lasts, back to the start at a sign of life (W16).

use super::Jitter;
use crate::model::limits;
use std::time::Duration;
use tokio::time::Instant;

/// The longest pause is this part of the time since the first failure: a peer that is back for two seconds in every seven
/// is met each time (F10).
const PART: u32 = 3;

/// Since when it has been in vain.
#[derive(Debug, Default)]
pub struct Backoff {
    since: Option<Instant>,
}

impl Backoff {
    pub fn new() -> Self {
        Self::default()
    }

    /// The next pause.
    pub fn next(&mut self, jitter: &Jitter) -> Duration {
        let lasted = self.since.get_or_insert_with(Instant::now).elapsed() / PART;
        let longest_ms = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX);
        let longest_ms = longest_ms.clamp(limits::BACKOFF_MS_MIN, limits::BACKOFF_MS_MAX);
        Duration::from_millis(jitter.between(limits::BACKOFF_MS_MIN / 2, longest_ms))
    }

    /// The peer lives.
    pub fn reset(&mut self) {
        self.since = None;
    }
}
