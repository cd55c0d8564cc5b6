//! The daemon's pulse: time passes for the writer, and its answers say that it lives.

use crate::{
    core::{Command, State},
    engine::{Engine, Refusal},
    model::Millis,
    net::Stop,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{task::JoinSet, time::Instant};

/// Called whenever the writer has answered.
pub type Beat = Box<dyn FnMut() + Send>;

/// The longest pause between two ticks.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// The pause while an erasure goes on room by room.
const PAUSE_ERASING: Duration = Duration::from_millis(20);
/// Without an answer for this long the daemon is not ready.
const SILENCE_MAX: Duration = Duration::from_secs(10);

/// When the writer last answered. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Mutex<Option<Instant>>>);

impl Pulse {
    /// Starts to tick until stop is requested.
    pub fn start(engine: Engine, beat: Beat, stop: Stop, tasks: &mut JoinSet<()>) -> Self {
        let pulse = Self(Arc::default());
        tasks.spawn(run(pulse.clone(), engine, beat, stop));
        pulse
    }

    /// Whether the writer has answered lately.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.last().is_some_and(|at| at.elapsed() <= SILENCE_MAX)
    }

    fn last(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, at: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}

async fn run(pulse: Pulse, engine: Engine, mut beat: Beat, mut stop: Stop) {
    let mut commits = engine.bell();
    loop {
        let lives = match engine.submit(Command::Tick).await {
            Ok(_) | Err(Refusal::Reject(_) | Refusal::StorageFull) => true,
            // A full queue that moves is a writer that works.
            Err(Refusal::Overloaded { .. }) => commits.has_changed().unwrap_or(false),
            Err(Refusal::Stopping) => break,
        };
        commits.mark_unchanged();
        if lives {
            pulse.set(Some(Instant::now()));
            beat();
        }
        tokio::select! {
            () = stop.requested() => break,
            () = tokio::time::sleep(pause(&engine.state(), engine.now())) => {}
        }
    }
    pulse.set(None);
}

/// Until the next grant ends, at most a second; no pause while rooms of a closed link wait to be cleaned up.
fn pause(state: &State, now: Millis) -> Duration {
    if state.links.values().any(|link| link.peer.cleanup.is_some()) {
        return Duration::ZERO;
    }
    if state.keeping.erasures.values().any(|erasure| erasure.next.is_some()) {
        return PAUSE_ERASING;
    }
    let grants = state.links.values().flat_map(|link| [&link.peer.ours, &link.peer.theirs]).flatten();
    let ends = grants.filter_map(|signed| signed.grant.not_after).filter(|end| *end > now);
    let next = ends.min().map_or(PAUSE_MAX, |end| Duration::from_millis(end.since(now)));
    next.min(PAUSE_MAX)
}
