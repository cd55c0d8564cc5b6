//! Search: a full-text index beside the database, which follows the journal and can be built anew at any time.
//!
//! The index knows terms, rooms, people, times. What is shown of a finding is read from the store, and what a user may
//! find is decided when it is asked, by the same rules as for pages of a timeline.

pub mod content;
mod directory;
mod find;
mod follow;
pub mod index;
pub mod question;
mod shown;
pub mod sight;
pub mod snippet;
#[cfg(test)]
mod tests;
pub mod words;

pub use find::find;
pub use follow::Follower;
pub use index::Place;

use crate::{
    core::State,
    engine::Engine,
    model::{Address, LocalPart, Millis, limits},
    store::kv::StoreError,
};
use question::{Kind, Question, Rank};
use shown::Present;
use sight::Sight;
use snippet::Piece;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};
use tokio::sync::Semaphore;

/// Why a search gives no answer, or the index cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The index failed.
    #[error("the search index failed: {0}")]
    Index(#[from] tantivy::TantivyError),
    /// The index's files failed.
    #[error("the search index failed: {0}")]
    Io(#[from] std::io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It takes too long.
    #[error("the search takes too long; ask for less: another word, one room, or a shorter time")]
    TooLong,
    /// Too many wait.
    #[error("too many searches wait; try again soon")]
    TooMany,
    /// The index is not open.
    #[error("the search index is not ready; try again soon")]
    NotReady,
}

impl SearchError {
    /// Whether the files of the index are not what was written.
    fn is_damage(&self) -> bool {
        use tantivy::{TantivyError, directory::error::OpenReadError};
        match self {
            Self::Index(TantivyError::DataCorruption(_)) => true,
            Self::Index(TantivyError::OpenReadError(error)) => !matches!(error, OpenReadError::IoError { .. }),
            _ => false,
        }
    }
}

/// What the follower and the searches share.
struct Shared {
    shown: index::Shown,
    signals: Arc<follow::Signals>,
    /// The next position of the journal that cannot be found yet.
    found: AtomicU64,
    /// Whether the index is being built from the timelines.
    building: AtomicBool,
    turns: Semaphore,
    waiting: AtomicUsize,
}

impl Shared {
    fn found_up_to(&self, next: u64) {
        self.found.store(next, Ordering::Release);
    }
}

/// The handle to the search. Cheap to clone.
#[derive(Clone)]
pub struct Search {
    engine: Engine,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Search")
    }
}

/// How the index stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Documents that can be found.
    pub documents: u64,
    /// Positions of the journal that are not in the index yet.
    pub behind: u64,
    /// Whether it is being built from the timelines.
    pub is_building: bool,
}

/// One page of findings.
#[derive(Clone, Debug)]
pub struct Findings {
    /// Best first.
    pub items: Vec<Found>,
    /// The last one, when there are more.
    pub next: Option<Rank>,
    /// Whether the index holds everything, but for what happened in the last moments.
    pub is_complete: bool,
}

/// One finding as it is shown.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it stands, and what it is.
    pub rank: Rank,
    /// What it is.
    pub kind: Kind,
    /// Who made it; none when a rule did.
    pub author: Option<Address>,
    /// When, by the clock of the author's daemon.
    pub made_at: Millis,
    /// Its words around what was looked for.
    pub snippet: Vec<Piece>,
}

impl Search {
    /// A search over an engine's rooms, and the follower that has to run for it.
    #[must_use]
    pub fn new(engine: Engine, place: Place, memory_bytes: u64) -> (Self, Follower) {
        let shared = Arc::new(Shared {
            shown: index::Shown::empty(),
            signals: Arc::default(),
            found: AtomicU64::new(0),
            building: AtomicBool::new(false),
            turns: Semaphore::new(limits::SEARCHES_AT_ONCE_MAX),
            waiting: AtomicUsize::new(0),
        });
        let follower = Follower { engine: engine.clone(), place, memory_bytes, shared: shared.clone() };
        (Self { engine, shared }, follower)
    }

    /// What this user finds now.
    ///
    /// # Errors
    /// When the index is not open, too much is asked at once, or it takes too long.
    pub async fn ask(&self, user: &LocalPart, question: Question) -> Result<Findings, SearchError> {
        let began = std::time::Instant::now();
        let _place = Waiting::join(&self.shared)?;
        let _turn = self.shared.turns.acquire().await.map_err(|_| SearchError::NotReady)?;
        let (search, user) = (self.clone(), user.clone());
        let found = tokio::task::spawn_blocking(move || search.look(&user, &question)).await;
        metrics::histogram!("handclasp_search_seconds").record(began.elapsed().as_secs_f64());
        found.unwrap_or(Err(SearchError::NotReady))
    }

    fn look(&self, user: &LocalPart, question: &Question) -> Result<Findings, SearchError> {
        let readable = self.shared.shown.load_full().ok_or(SearchError::NotReady)?;
        let state = self.engine.state();
        let sight = Sight::of(&state, user, question.room);
        let mut ranks = find(&readable, &sight, question)?;
        let has_more = ranks.len() > question.items_max;
        ranks.truncate(question.items_max);
        let next = ranks.last().copied().filter(|_| has_more);
        let mut items = Vec::with_capacity(ranks.len());
        for rank in ranks {
            items.extend(self.show(&state, user, rank, question)?);
        }
        Ok(Findings { items, next, is_complete: !self.standing_is_building() })
    }

    /// Reads what was found; none when it is gone meanwhile.
    fn show(
        &self,
        state: &State,
        user: &LocalPart,
        rank: Rank,
        question: &Question,
    ) -> Result<Option<Found>, StoreError> {
        let reader = self.engine.reader();
        let Some(Present { event, says, .. }) = shown::present(reader, rank.room, rank.index)? else { return Ok(None) };
        let Some((kind, text)) = content::words_of(&event, &says) else { return Ok(None) };
        if !shown::stands(reader, state, user, rank.room, &event)? {
            return Ok(None);
        }
        let snippet = snippet::cut(&text, &question.clauses);
        Ok(Some(Found { rank, kind, author: event.author, made_at: event.made_at, snippet }))
    }

    /// How the index stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let end = *self.engine.bell().borrow();
        let readable = self.shared.shown.load();
        Standing {
            documents: readable.as_ref().map_or(0, |readable| readable.reader.searcher().num_docs()),
            behind: end.saturating_sub(self.shared.found.load(Ordering::Acquire)),
            is_building: self.standing_is_building(),
        }
    }

    fn standing_is_building(&self) -> bool {
        self.shared.building.load(Ordering::Acquire) || self.shared.signals.is_rebuild_asked()
    }

    /// Asks for the index to be built anew from the store. Searches go on meanwhile, over what is there already.
    pub fn rebuild(&self) {
        self.shared.signals.rebuild();
    }
}

/// A place among those who wait.
struct Waiting<'a>(&'a Shared);

impl<'a> Waiting<'a> {
    fn join(shared: &'a Shared) -> Result<Self, SearchError> {
        let before = shared.waiting.fetch_add(1, Ordering::AcqRel);
        let place = Self(shared);
        let places = limits::SEARCHES_WAITING_MAX + limits::SEARCHES_AT_ONCE_MAX;
        if before < places { Ok(place) } else { Err(SearchError::TooMany) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}
