//! What was sent and what was shown: latencies, losses, duplicates.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How many streams have to show a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// One of them: the receiver's.
    ByOne,
    /// All of them: everybody in the room.
    ByAll,
}

#[derive(Debug)]
struct Counts {
    /// When each message was sent, microseconds since the tally began.
    sent_us: Vec<u64>,
    /// How many streams have yet to show it.
    left: Vec<u16>,
    /// How often each stream has shown it.
    seen: Vec<Vec<u8>>,
    latencies_us: Vec<u32>,
    accepted: usize,
    complete: usize,
    awaited: usize,
    duplicated: u64,
    /// How many were accepted before the measuring began.
    warm: usize,
    first: Option<Instant>,
    last: Option<Instant>,
}

/// Counts numbered messages. Shared by the tasks of one driver.
#[derive(Debug)]
pub struct Tally {
    began: Instant,
    counts: Mutex<Counts>,
    bell: Notify,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Messages that the daemon accepted since the measuring began.
    pub accepted: usize,
    /// Messages that were shown wherever they had to be.
    pub complete: usize,
    /// How often a stream showed a message again.
    pub duplicated: u64,
    /// From the first to the last time that a message was shown.
    pub shown_for: Duration,
    /// When the last message was shown.
    pub last: Option<Instant>,
    /// Sorted.
    pub latencies_us: Vec<u32>,
}

impl Tally {
    /// For so many messages and streams.
    #[must_use]
    pub fn new(messages: usize, streams: usize, shown: Shown) -> Self {
        let left = match shown {
            Shown::ByOne => 1,
            Shown::ByAll => u16::try_from(streams).expect("a bench has few streams"),
        };
        let counts = Counts {
            sent_us: vec![0; messages],
            left: vec![left; messages],
            seen: vec![vec![0; messages]; streams],
            latencies_us: Vec::with_capacity(messages),
            accepted: 0,
            complete: 0,
            awaited: usize::MAX,
            duplicated: 0,
            warm: 0,
            first: None,
            last: None,
        };
        Self { began: Instant::now(), counts: Mutex::new(counts), bell: Notify::new() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        // The counts are numbers; a panic of another task leaves them readable.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_us(&self, now: Instant) -> u64 {
        u64::try_from(now.duration_since(self.began).as_micros()).unwrap_or(u64::MAX)
    }

    /// A message is about to be sent.
    pub fn sent(&self, n: usize) {
        let now_us = self.now_us(Instant::now());
        self.counts().sent_us[n] = now_us;
    }

    /// The daemon has accepted a message.
    pub fn accepted(&self) {
        self.counts().accepted += 1;
    }

    /// A stream has shown some messages.
    pub fn shown(&self, stream: usize, numbers: &[usize]) {
        let now = Instant::now();
        let now_us = self.now_us(now);
        let mut counts = self.counts();
        let counts = &mut *counts;
        counts.first.get_or_insert(now);
        counts.last = Some(now);
        let known = counts.left.len();
        for n in numbers.iter().copied().filter(|n| *n < known) {
            let seen = &mut counts.seen[stream][n];
            *seen = seen.saturating_add(1);
            if *seen > 1 {
                counts.duplicated += 1;
                continue;
            }
            counts.left[n] = counts.left[n].saturating_sub(1);
            if counts.left[n] == 0 {
                counts.complete += 1;
                let latency_us = now_us.saturating_sub(counts.sent_us[n]);
                counts.latencies_us.push(u32::try_from(latency_us).unwrap_or(u32::MAX));
            }
        }
        if counts.complete >= counts.awaited {
            self.bell.notify_one();
        }
    }

    /// How many are accepted.
    #[must_use]
    pub fn accepted_count(&self) -> usize {
        self.counts().accepted
    }

    /// How many are shown wherever they have to be.
    #[must_use]
    pub fn complete_count(&self) -> usize {
        self.counts().complete
    }

    /// Waits until so many are shown wherever they have to be; false when nothing more comes for `patience`.
    pub async fn wait_complete(&self, messages: usize, patience: Duration) -> bool {
        self.counts().awaited = messages;
        let mut before = usize::MAX;
        loop {
            let complete = self.complete_count();
            if complete >= messages {
                return true;
            }
            let is_quiet = tokio::time::timeout(patience, self.bell.notified()).await.is_err();
            if is_quiet && complete == before {
                return false;
            }
            if is_quiet {
                before = complete;
            }
        }
    }

    /// Forgets the latencies and times so far: what follows is measured.
    pub fn begin(&self) {
        let mut counts = self.counts();
        counts.latencies_us.clear();
        counts.warm = counts.complete;
        counts.first = None;
        counts.last = None;
    }

    /// What it came to.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let counts = self.counts();
        let shown_for = counts.first.zip(counts.last).map_or(Duration::ZERO, |(first, last)| last - first);
        let mut latencies_us = counts.latencies_us.clone();
        latencies_us.sort_unstable();
        Sums {
            accepted: counts.accepted - counts.warm,
            complete: counts.complete - counts.warm,
            duplicated: counts.duplicated,
            shown_for,
            last: counts.last,
            latencies_us,
        }
    }
}

impl Sums {
    /// From the beginning of a run until the last message was shown, seconds.
    #[must_use]
    pub fn seconds_since(&self, began: Instant) -> f64 {
        self.last.map_or(0.0, |last| last.saturating_duration_since(began).as_secs_f64())
    }

    /// The latency that this share of the messages did not exceed, milliseconds.
    #[must_use]
    pub fn percentile_ms(&self, share: f64) -> Option<f64> {
        let last = self.latencies_us.len().checked_sub(1)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (last as f64 * share).round() as usize;
        self.latencies_us.get(index).map(|us| f64::from(*us) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_complete_when_every_stream_has_shown_it() {
        let tally = Tally::new(2, 3, Shown::ByAll);
        tally.sent(0);
        tally.shown(0, &[0]);
        tally.shown(1, &[0]);
        assert_eq!(tally.complete_count(), 0);
        tally.shown(2, &[0]);
        assert_eq!(tally.complete_count(), 1);
        assert_eq!(tally.sums().latencies_us.len(), 1);
    }

    #[test]
    fn what_a_stream_shows_again_is_a_duplicate_and_completes_nothing() {
        let tally = Tally::new(2, 2, Shown::ByAll);
        tally.shown(0, &[1]);
        tally.shown(0, &[1]);
        assert_eq!((tally.complete_count(), tally.sums().duplicated), (0, 1));
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_latencies() {
        let sums = Sums { latencies_us: (1..=100).map(|ms| ms * 1000).collect(), ..Sums::default() };
        assert_eq!(sums.percentile_ms(0.5), Some(51.0));
        assert_eq!(sums.percentile_ms(0.99), Some(99.0));
        assert_eq!(Sums::default().percentile_ms(0.5), None);
    }

    #[tokio::test]
    async fn waiting_ends_when_all_are_shown_and_when_nothing_comes() {
        let tally = std::sync::Arc::new(Tally::new(2, 1, Shown::ByOne));
        let other = tally.clone();
        let shower = tokio::spawn(async move { other.shown(0, &[0]) });
        assert!(tally.wait_complete(1, Duration::from_secs(60)).await);
        shower.await.expect("shown");
        assert!(!tally.wait_complete(2, Duration::from_millis(1)).await);
    }
}
