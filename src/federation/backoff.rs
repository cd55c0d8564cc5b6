//! How long to wait before the next try: full jitter, doubling up to a limit, back to the start at a sign of life (W16).

use super::Jitter;
use crate::model::limits;
use std::time::Duration;

/// The present step of the backoff.
#[derive(Debug)]
pub struct Backoff {
    step_ms: u64,
}

impl Backoff {
    pub fn new() -> Self {
        Self { step_ms: limits::BACKOFF_MS_MIN }
    }

    /// The next pause.
    pub fn next(&mut self, jitter: &Jitter) -> Duration {
        let pause_ms = jitter.between(limits::BACKOFF_MS_MIN / 2, self.step_ms);
        self.step_ms = (self.step_ms * 2).min(limits::BACKOFF_MS_MAX);
        Duration::from_millis(pause_ms)
    }

    /// The peer lives.
    pub fn reset(&mut self) {
        self.step_ms = limits::BACKOFF_MS_MIN;
    }
}
