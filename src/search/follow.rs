//! The follower: reads the journal behind everybody else, and keeps the index up with it.
//!
//! It has a thread of its own at the lowest priority, which the threads of the index inherit. It asks the writer for
//! nothing, and nobody waits for it: under load it falls behind and comes after.

use super::{
    SearchError, Shared,
    content::{self, Effect},
    index::{self, Followed, Indexer, Place},
    shown,
};
use crate::{
    core::State,
    crypto::digest::sha256,
    engine::Engine,
    model::{Millis, RoomId, event::Event, journal::Entry, limits},
    store::{kv::StoreError, reader::TimelineRow},
    wire,
};
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{runtime::Handle, sync::Notify, sync::watch, time::timeout};

/// Journal entries read at a time.
const ENTRIES_PER_READ: usize = 512;
/// Bytes of a timeline read at a time.
const READ_BYTES_MAX: usize = 1024 * 1024;
/// Pause after each look at the journal that found its end, so that many small commits make one batch.
const PAUSE: Duration = Duration::from_millis(50);
/// What is new can be found after about this time …
const COMMIT_AFTER: Duration = Duration::from_millis(500);
/// … or after the last commit's time so often, so that committing takes a small part of all time …
const COMMIT_SHARE: u32 = 50;
/// … but not later than this.
const COMMIT_AFTER_MAX: Duration = Duration::from_secs(10);
/// Positions without a document after which the index notes how far it is.
const POSITIONS_PER_COMMIT: u64 = 100_000;
/// Pause after a failure, as when the disk is full.
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// The lowest priority of a thread.
const NICE: i32 = 19;

/// Keeps the index up with the journal until it is stopped.
pub struct Follower {
    pub(super) engine: Engine,
    pub(super) place: Place,
    pub(super) memory_bytes: u64,
    pub(super) shared: Arc<Shared>,
}

/// Asks the thread to end, also when nobody waits for it any more.
struct StopOnDrop(Arc<Signals>);

/// What a follower is told.
#[derive(Debug, Default)]
pub struct Signals {
    stop: AtomicBool,
    rebuild: AtomicBool,
    bell: Notify,
}

impl Signals {
    /// Asks for the index to be built anew.
    pub fn rebuild(&self) {
        self.rebuild.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    /// Whether the index is to be built anew, and that was not begun.
    pub fn is_rebuild_asked(&self) -> bool {
        self.rebuild.load(Ordering::Acquire)
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.bell.notify_one();
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Follower {
    /// Follows until `stop` comes.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let signals = self.shared.signals.clone();
        let stopper = StopOnDrop(signals);
        let runtime = Handle::current();
        let thread = std::thread::Builder::new().name("search".to_owned()).spawn(move || self.follow(&runtime));
        let thread = match thread {
            Ok(thread) => thread,
            Err(error) => {
                tracing::error!(%error, "there is no thread for the search index; searches find nothing");
                return;
            }
        };
        stop.await;
        drop(stopper);
        if !matches!(tokio::task::spawn_blocking(move || thread.join()).await, Ok(Ok(()))) {
            tracing::error!("the search index ended by a panic");
        }
    }

    fn follow(self, runtime: &Handle) {
        lower_priority();
        while !self.shared.signals.is_stopped() {
            let Err(error) = self.session(runtime) else { break };
            tracing::warn!(%error, "the search index failed, and is opened again");
            self.shared.shown.store(None);
            if error.is_damage()
                && let Err(error) = index::erase(&self.place)
            {
                tracing::error!(%error, "the damaged search index cannot be deleted; stop the daemon and delete it");
            }
            runtime.block_on(self.pause(RETRY_AFTER));
        }
        self.shared.shown.store(None);
    }

    /// From opening the index until stop or a failure.
    fn session(&self, runtime: &Handle) -> Result<(), SearchError> {
        let indexer = Indexer::open(&self.place, self.memory_bytes)?;
        let mut bell = self.engine.bell();
        let next = self.continues(&indexer)?;
        let mut session = Session { follower: self, indexer, next: next.unwrap_or_default() };
        index::show(&self.shared.shown, &session.indexer);
        if next.is_none() && !session.rebuild()? {
            return Ok(());
        }
        while !self.shared.signals.is_stopped() {
            if self.shared.signals.rebuild.swap(false, Ordering::AcqRel) && !session.rebuild()? {
                return Ok(());
            }
            let end = *bell.borrow_and_update();
            match session.step(end)? {
                Step::More => {}
                Step::Gap => {
                    tracing::warn!("the journal does not reach back to the search index, which is built anew");
                    self.shared.signals.rebuild();
                }
                Step::End => runtime.block_on(self.wait(&mut bell, &session)),
            }
        }
        session.commit_if_pending()
    }

    /// The position from which an index goes on; none when it has to be built anew.
    fn continues(&self, indexer: &Indexer) -> Result<Option<u64>, SearchError> {
        let Some(followed) = indexer.followed().filter(|followed| !followed.building) else { return Ok(None) };
        let is_ours = followed.instance == self.engine.state().org.instance.to_string();
        // What is ahead of the journal, or marks another entry, followed a database that was lost since.
        let is_behind = followed.next <= *self.engine.bell().borrow();
        let fits = is_ours && is_behind && followed.mark == self.mark(followed.next)?;
        Ok(fits.then_some(followed.next))
    }

    /// The digest of the entry before a position.
    fn mark(&self, next: u64) -> Result<String, StoreError> {
        let Some(before) = next.checked_sub(1) else { return Ok(String::new()) };
        let entry = self.engine.reader().journal(before, 1)?.pop().filter(|(position, _)| *position == before);
        let bytes = entry.map(|(_, entry)| postcard::to_stdvec(&entry).expect("a journal entry is plain"));
        Ok(bytes.map_or_else(String::new, |bytes| sha256(&bytes).to_string()))
    }

    async fn pause(&self, time: Duration) {
        // Told or not: the caller looks.
        drop(timeout(time, self.shared.signals.bell.notified()).await);
    }

    /// Waits for news; what is pending is committed in time.
    async fn wait(&self, bell: &mut watch::Receiver<u64>, session: &Session<'_>) {
        let signals = &self.shared.signals;
        let patience = if session.indexer.pending() > 0 { session.commit_after() } else { Duration::from_secs(3_600) };
        let left = patience.saturating_sub(session.indexer.waits());
        tokio::select! {
            // A writer that is gone rings no more; stop comes soon.
            changed = bell.changed() => if changed.is_err() { signals.bell.notified().await },
            () = signals.bell.notified() => return,
            () = tokio::time::sleep(left) => return,
        }
        self.pause(PAUSE).await;
    }
}

/// What a look at the journal found.
enum Step {
    /// There is more.
    More,
    /// That was all.
    End,
    /// What comes next is not there any more.
    Gap,
}

struct Session<'a> {
    follower: &'a Follower,
    indexer: Indexer,
    /// The next position of the journal that is not in the index.
    next: u64,
}

impl Session<'_> {
    /// Takes what the journal has before `end`, and commits when it is time.
    fn step(&mut self, end: u64) -> Result<Step, SearchError> {
        let reader = self.follower.engine.reader();
        let entries = if self.next < end { reader.journal(self.next, ENTRIES_PER_READ)? } else { Vec::new() };
        if self.is_gap(&entries, end)? {
            return Ok(Step::Gap);
        }
        let is_last = entries.len() < ENTRIES_PER_READ;
        for (position, entry) in entries {
            // The store may show what is not durable yet.
            if position >= end {
                break;
            }
            if let Entry::Events { room, from, to } = entry {
                self.add_events(room, from, to)?;
            }
            self.next = position + 1;
        }
        let is_due = self.indexer.waits() >= self.commit_after();
        let is_full = self.indexer.pending() >= limits::INDEX_DOCUMENTS_PER_COMMIT_MAX;
        let has_moved = self.next >= self.committed().saturating_add(POSITIONS_PER_COMMIT);
        if is_full || has_moved || (is_due && self.indexer.pending() > 0) {
            self.commit(false)?;
        }
        if self.indexer.pending() == 0 {
            self.follower.shared.found_up_to(self.next);
        }
        Ok(if is_last || self.next >= end { Step::End } else { Step::More })
    }

    fn is_gap(&self, entries: &[(u64, Entry)], end: u64) -> Result<bool, StoreError> {
        let first = entries.first().map_or(end, |(position, _)| *position);
        if first <= self.next {
            return Ok(false);
        }
        let kept_from = self.follower.engine.reader().journal_first()?;
        Ok(kept_from.is_none_or(|kept_from| kept_from > self.next))
    }

    fn committed(&self) -> u64 {
        self.indexer.followed().map_or(0, |followed| followed.next)
    }

    fn commit_after(&self) -> Duration {
        (self.indexer.committed_in() * COMMIT_SHARE).clamp(COMMIT_AFTER, COMMIT_AFTER_MAX)
    }

    fn commit_if_pending(&mut self) -> Result<(), SearchError> {
        if self.indexer.pending() > 0 { self.commit(false) } else { Ok(()) }
    }

    fn commit(&mut self, building: bool) -> Result<(), SearchError> {
        let instance = self.follower.engine.state().org.instance;
        let documents = self.indexer.pending();
        self.indexer.commit(Followed::new(instance, self.next, self.follower.mark(self.next)?, building))?;
        metrics::histogram!("handclasp_search_commit_seconds").record(self.indexer.committed_in().as_secs_f64());
        metrics::counter!("handclasp_search_indexed_total").increment(documents as u64);
        self.follower.shared.found_up_to(if building { 0 } else { self.next });
        Ok(())
    }

    fn add_events(&mut self, room: RoomId, from: u64, to: u64) -> Result<(), SearchError> {
        let mut next = from;
        while next < to {
            let rows = self.follower.engine.reader().timeline(room, next, to, usize::MAX, READ_BYTES_MAX)?;
            let Some(last) = rows.last().map(|row| row.index) else { break };
            next = last + 1;
            for row in rows {
                self.add_event(room, &row)?;
            }
        }
        Ok(())
    }

    fn add_event(&mut self, room: RoomId, row: &TimelineRow) -> Result<(), SearchError> {
        // A kind of a later version holds no words for us.
        let Ok(sealed) = wire::event::open(&row.bytes) else { return Ok(()) };
        match content::effect(&sealed.event) {
            Effect::Nothing => Ok(()),
            Effect::Add => match entry_of(room, row.index, row.at, &sealed.event, &sealed.event) {
                Some(entry) => self.indexer.add(entry),
                None => Ok(()),
            },
            Effect::Refresh(target) => self.refresh(room, target),
        }
    }

    /// Puts an item into the index as the store holds it now.
    fn refresh(&mut self, room: RoomId, index: u64) -> Result<(), SearchError> {
        let reader = self.follower.engine.reader();
        let present = shown::present(reader, room, index)?;
        let entry = present.and_then(|it| entry_of(room, index, it.at, &it.event, &it.says));
        match entry {
            Some(entry) => self.indexer.replace(entry),
            None => {
                self.indexer.remove(room, index);
                Ok(())
            }
        }
    }

    /// Builds the index from the timelines; false when it was stopped meanwhile.
    fn rebuild(&mut self) -> Result<bool, SearchError> {
        let shared = &self.follower.shared;
        shared.signals.rebuild.store(false, Ordering::Release);
        shared.building.store(true, Ordering::Release);
        // State and position are of one moment: what is in the one is before the other.
        let Some((state, position)) = self.follower.engine.feed().moment() else { return Ok(true) };
        tracing::info!(rooms = state.rooms.len(), "the search index is built from the timelines");
        self.next = position;
        self.indexer.clear()?;
        self.commit(true)?;
        if !self.add_rooms(&state)? {
            return Ok(false);
        }
        self.commit(false)?;
        shared.building.store(false, Ordering::Release);
        tracing::info!("the search index is complete");
        Ok(true)
    }

    fn add_rooms(&mut self, state: &State) -> Result<bool, SearchError> {
        for room in state.rooms.values() {
            let mut from = 0;
            while from < room.next_index {
                if self.follower.shared.signals.is_stopped() {
                    return Ok(false);
                }
                let to = room.next_index.min(from + ENTRIES_PER_READ as u64);
                self.add_events(room.info.id, from, to)?;
                from = to;
                if self.indexer.pending() >= limits::INDEX_DOCUMENTS_PER_COMMIT_MAX {
                    self.commit(true)?;
                }
            }
        }
        Ok(true)
    }
}

/// The entry of the item that `event` made, with the words of the event that says what it is now.
fn entry_of(room: RoomId, index: u64, at: Millis, event: &Event, says: &Event) -> Option<content::Entry> {
    let (kind, text) = content::words_of(event, says)?;
    Some(content::Entry { room, index, at, author: event.author.clone(), kind, text })
}

/// Everything else comes first. Where the system does not allow it, the index is as important as the rest.
fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICE) {
        tracing::warn!(%error, "the search index runs at the priority of everything else");
    }
}
