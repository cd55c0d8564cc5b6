//! What the way in and the way out share of each peer in memory: rate, bounds, and a bell.

use crate::model::{Domain, limits, record::Credit};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, Semaphore},
    time::Instant,
};

/// One peer's share.
#[derive(Debug)]
pub struct Line {
    /// Bounds the bodies that are in memory at once. One is in flight by the protocol; the second place is for the
    /// connection that replaces a broken one.
    pub bodies: Semaphore,
    /// The same for signals: they wait for nothing and hold nothing back.
    pub signals: Semaphore,
    /// Bounds the pieces of files that are read for the peer at once.
    pub pieces: Semaphore,
    bucket: Mutex<Bucket>,
    signal_bucket: Mutex<Bucket>,
    poison: Mutex<Poison>,
    /// What the last ack has allowed.
    credit: Mutex<Credit>,
    away: AtomicBool,
    behind: AtomicBool,
    bell: Notify,
}

/// All lines.
#[derive(Debug, Default)]
pub struct Lines(Mutex<HashMap<Domain, Arc<Line>>>);

impl Lines {
    /// The peer's line.
    pub fn of(&self, peer: &Domain) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match lines.get(peer) {
            Some(line) => line.clone(),
            None => lines.entry(peer.clone()).or_insert_with(|| Arc::new(Line::new())).clone(),
        }
    }

    /// Forgets a peer that is not pinned any more.
    pub fn forget(&self, peer: &Domain) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(peer);
    }

    /// Wakes all tasks.
    pub fn ring_all(&self) {
        for line in self.0.lock().unwrap_or_else(PoisonError::into_inner).values() {
            line.bell.notify_one();
        }
    }
}

impl Line {
    fn new() -> Self {
        Self {
            bodies: Semaphore::new(limits::PEER_BODIES_MAX),
            signals: Semaphore::new(1),
            pieces: Semaphore::new(limits::FILE_READS_PER_PEER_MAX),
            bucket: Mutex::new(Bucket::new(limits::PEER_REQUESTS_PER_SECOND_MAX, 2)),
            signal_bucket: Mutex::new(Bucket::new(limits::SIGNAL_BATCHES_PER_SECOND_MAX, 4)),
            poison: Mutex::new(Poison::default()),
            credit: Mutex::new(Credit::FULL),
            away: AtomicBool::new(false),
            behind: AtomicBool::new(false),
            bell: Notify::new(),
        }
    }

    /// Takes one request from the peer's allowance.
    pub fn admits(&self) -> bool {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Takes one batch of signals from its allowance.
    pub fn admits_signals(&self) -> bool {
        self.signal_bucket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Charges the peer's allowance, also below nothing.
    pub fn charge(&self, requests: u32) {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner).charge(requests);
    }

    /// An ack allows so much.
    pub fn grant(&self, credit: Credit) {
        *self.credit.lock().unwrap_or_else(PoisonError::into_inner) = credit;
    }

    /// What the last ack has allowed.
    pub fn granted(&self) -> Credit {
        *self.credit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sign of life: ends the pause of the way out, if it is in one.
    pub fn alive(&self) {
        if self.away.load(Ordering::Relaxed) && self.away.swap(false, Ordering::Relaxed) {
            self.bell.notify_one();
        }
    }

    /// From now on a sign of life rings the bell, once.
    pub fn set_away(&self) {
        self.away.store(true, Ordering::Relaxed);
    }

    /// The peer's hello tells a position behind what it has acknowledged: a hello of ours has to find out from where on
    /// it needs our records again (W10).
    pub fn fell_behind(&self) {
        self.behind.store(true, Ordering::Relaxed);
        self.bell.notify_one();
    }

    /// Whether it fell behind since this was asked last.
    pub fn has_fallen_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed) && self.behind.swap(false, Ordering::Relaxed)
    }

    /// Returns when the bell has been rung since the last time.
    pub async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Whether envelopes are taken at all: not for a while after many in a row had no valid proof or form (A28).
    pub fn takes_envelopes(&self) -> bool {
        let poison = self.poison.lock().unwrap_or_else(PoisonError::into_inner);
        poison.until.is_none_or(|until| Instant::now() >= until)
    }

    /// An envelope held in proof and form.
    pub fn sound(&self) {
        *self.poison.lock().unwrap_or_else(PoisonError::into_inner) = Poison::default();
    }

    /// An envelope did not. True when it was one too many and the direction is held from now on.
    pub fn unsound(&self) -> bool {
        let mut poison = self.poison.lock().unwrap_or_else(PoisonError::into_inner);
        poison.count = poison.count.saturating_add(1);
        if poison.count < limits::UNSOUND_ENVELOPES_MAX {
            return false;
        }
        poison.until = Some(Instant::now() + Duration::from_millis(limits::PROBE_MS_MIN));
        true
    }
}

#[derive(Debug, Default)]
struct Poison {
    count: u32,
    until: Option<Instant>,
}

/// A token bucket: refills with time, holds some seconds' worth, and can owe as much.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    per_second: f64,
    held_max: f64,
    at: Instant,
}

impl Bucket {
    fn new(per_second: u32, held_seconds: u32) -> Self {
        let [per_second, held_seconds] = [per_second, held_seconds].map(f64::from);
        let held_max = per_second * held_seconds;
        Self { tokens: held_max, per_second, held_max, at: Instant::now() }
    }

    fn take(&mut self) -> bool {
        let now = Instant::now();
        let refill = (now - self.at).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + refill).min(self.held_max);
        self.at = now;
        let enough = self.tokens >= 1.0;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }

    fn charge(&mut self, requests: u32) {
        self.tokens = (self.tokens - f64::from(requests)).max(-self.held_max);
    }
}
