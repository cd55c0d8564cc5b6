//! When a sending task does what again (W16).

use super::{Federation, backoff::Backoff};
use crate::model::{limits, record::Epoch};
use std::time::Duration;
use tokio::time::Instant;

/// When to do what again.
pub struct Pauses {
    /// The peer cannot be reached: nothing until then.
    pub away: Option<Instant>,
    /// The peer takes no records of this epoch until then. Another epoch is another question: the link was closed and
    /// opened again since.
    data: Option<(Epoch, Instant)>,
    /// The next hello.
    pub hello: Instant,
    pub unreachable: Backoff,
    /// Both grants are active, and the other side is not ready.
    pub opening: Backoff,
    /// Answers that made no progress, in a row.
    conflict: Backoff,
    conflicts: u32,
    conflict_at: Instant,
    /// Hellos that may begin at once, and when that was counted.
    hellos: u32,
    hellos_at: Instant,
}

impl Pauses {
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            away: None,
            data: None,
            hello: now,
            unreachable: Backoff::new(),
            opening: Backoff::new(),
            conflict: Backoff::new(),
            conflicts: 0,
            conflict_at: now,
            hellos: limits::HELLO_BURST_MAX,
            hellos_at: now,
        }
    }

    /// Sends no records of an epoch until then.
    pub fn hold(&mut self, epoch: Option<Epoch>, until: Instant) {
        self.data = epoch.map(|epoch| (epoch, until));
    }

    /// The peer has answered a hello: what it refused before, it may take now.
    pub fn release(&mut self) {
        self.data = None;
    }

    /// Until when no records of this epoch are sent.
    pub fn held(&self, epoch: Epoch) -> Option<Instant> {
        self.data.filter(|(of, until)| *of == epoch && Instant::now() < *until).map(|(_, until)| until)
    }

    /// How long to wait before a hello, so that a peer that changes its mind all the time cannot keep us greeting.
    pub fn burst(&mut self) -> Duration {
        let pause = Duration::from_millis(limits::HELLO_PAUSE_MS);
        let refill = u32::try_from(self.hellos_at.elapsed().as_millis() / pause.as_millis()).unwrap_or(u32::MAX);
        if refill > 0 {
            self.hellos = self.hellos.saturating_add(refill).min(limits::HELLO_BURST_MAX);
            self.hellos_at = Instant::now();
        }
        match self.hellos.checked_sub(1) {
            Some(left) => {
                self.hellos = left;
                Duration::ZERO
            }
            None => pause,
        }
    }

    /// At once the first times, then with growing pauses; a long quiet time forgives.
    pub fn conflict(&mut self, federation: &Federation) -> Duration {
        if self.conflict_at.elapsed() > Duration::from_millis(2 * limits::BACKOFF_MS_MAX) {
            self.calm();
        }
        self.conflict_at = Instant::now();
        self.conflicts = self.conflicts.saturating_add(1);
        match self.conflicts {
            1..=3 => Duration::ZERO,
            _ => self.conflict.next(&federation.jitter),
        }
    }

    /// Records move: conflicts are over.
    pub fn calm(&mut self) {
        self.conflicts = 0;
        self.conflict.reset();
    }
}

/// The pause between hellos to a peer that refuses us or is refused.
pub fn probe_pause(federation: &Federation) -> Duration {
    Duration::from_millis(federation.jitter.between(limits::PROBE_MS_MIN, limits::PROBE_MS_MAX))
}
