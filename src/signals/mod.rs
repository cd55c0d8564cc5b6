//! What is true for a moment: who is there, who types, who has read what (P22). In memory only, and never in a stream.
//!
//! Three sides meet here: people's live event streams, which show signals and say who is there; the lanes to peers,
//! which take what waits; and what peers tell. The rules of who may tell and see what are in [`crate::core::signals`].

mod calls;
mod heard;
mod people;
mod tell;
mod viewer;
mod waiting;

#[cfg(test)]
mod tests;

pub use calls::{ForDevice, Shown};
pub use heard::Unknown;
pub use viewer::{News, Picture, Viewing};
pub use waiting::Taken;

use crate::{
    core::{
        Command, State,
        calls::{CallNote, Calls},
    },
    engine::Engine,
    model::{Address, Domain, LocalPart, Millis, RoomId, signal::Switches},
};
use heard::Heard;
use people::Person;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use viewer::Viewer;
use waiting::Waiting;

/// Deadlines that are close to each other are kept together.
const TIMER_PAUSE: Duration = Duration::from_millis(100);

/// All signals of the daemon. Cheap to clone.
#[derive(Clone)]
pub struct Signals(Arc<Shared>);

struct Shared {
    engine: Engine,
    inner: Mutex<Inner>,
    /// Rings when a deadline came that is earlier than all before.
    timer: Notify,
    /// Rings when something about a call is to be kept.
    keeper: Notify,
}

/// What is known now.
#[derive(Default)]
struct Inner {
    /// Our people who have an event stream, or had one lately.
    people: HashMap<LocalPart, Person>,
    /// Event streams, by whose they are.
    viewers: HashMap<LocalPart, Vec<Arc<Viewer>>>,
    /// Who types where.
    typing: BTreeMap<(RoomId, Address), Typist>,
    /// What peers told.
    heard: HashMap<Domain, Heard>,
    /// What waits for peers.
    waiting: HashMap<Domain, Waiting>,
    /// All calls.
    calls: Calls,
    /// When it was last looked at who may be in them.
    reviewed: Option<Instant>,
    /// What of them is to be kept.
    notes: Vec<CallNote>,
    /// The next deadline, as the timer knows it.
    next: Option<Instant>,
}

/// Somebody who types.
#[derive(Clone, Copy, Debug)]
struct Typist {
    /// Until when, unless they go on.
    until: Instant,
    /// When it was passed on last.
    told: Instant,
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signals")
    }
}

impl Signals {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self(Arc::new(Shared { engine, inner: Mutex::default(), timer: Notify::new(), keeper: Notify::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> Arc<State> {
        self.0.engine.state()
    }

    /// Lets what ends by itself end, keeps what calls leave behind, and follows the state, until `stop` resolves.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => {}
            () = self.keep_time() => {}
            () = self.keep_notes() => {}
        }
    }

    async fn keep_time(&self) {
        let mut bell = self.0.engine.bell();
        let mut switches = self.state().policy.signals;
        loop {
            let next = self.lock().next;
            tokio::select! {
                () = self.0.timer.notified() => {}
                () = until(next) => {
                    self.expire();
                    tokio::time::sleep(TIMER_PAUSE).await;
                }
                changed = bell.changed() => match changed {
                    Ok(()) => self.follow(&mut switches),
                    Err(_) => return,
                },
            }
        }
    }

    async fn keep_notes(&self) {
        loop {
            self.0.keeper.notified().await;
            let notes = std::mem::take(&mut self.lock().notes);
            let kept = notes.into_iter().map(|note| self.0.engine.submit(Command::Call(note)));
            for refused in futures_util::future::join_all(kept).await.into_iter().filter_map(Result::err) {
                tracing::debug!(?refused, "what a call left behind is not kept");
            }
        }
    }

    /// Something was committed. Who may be in a call is looked at soon; when an admin has switched something on or off,
    /// everybody is told and shown anew.
    fn follow(&self, known: &mut Switches) {
        let state = self.state();
        self.review_soon();
        if state.policy.signals != *known {
            *known = state.policy.signals;
            let mut inner = self.lock();
            inner.waiting.values_mut().for_each(Waiting::renew);
            let users: Vec<LocalPart> = inner.people.keys().cloned().collect();
            users.iter().for_each(|user| inner.tell_presence(&state, user, self.0.engine.now()));
            inner.viewers.values().flatten().for_each(|viewer| viewer.show_all());
        }
    }

    /// Ends typing, presence and silence whose time is over.
    fn expire(&self) {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        let at = Instant::now();
        inner.expire_typing(&state, at, now);
        inner.expire_people(&state, at, now);
        inner.expire_heard(&state, at, now);
        inner.review_calls(&state, now);
        inner.next = inner.deadline(now);
        self.keep(&inner);
    }
}

impl Inner {
    /// The earliest of everything that ends by itself.
    fn deadline(&self, now: Millis) -> Option<Instant> {
        let typing = self.typing.values().map(|typist| typist.until);
        let people = self.people.values().filter_map(Person::deadline);
        let called = self.heard.iter().filter(|(peer, _)| self.calls_with(peer));
        let silence = called.map(|(_, heard)| heard.silent_at());
        let heard = self.heard.values().filter_map(Heard::deadline);
        let calls = self.calls.deadline().map(|at| Instant::now() + Duration::from_millis(at.since(now)));
        typing.chain(people).chain(heard).chain(silence).chain(calls).min()
    }
}

impl Shared {
    /// Makes sure that the timer looks at this moment at the latest.
    fn due(&self, inner: &mut Inner, at: Instant) {
        if inner.next.is_none_or(|next| at < next) {
            inner.next = Some(at);
            self.timer.notify_one();
        }
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
