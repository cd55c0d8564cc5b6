//! What waits for one peer: the latest of each, so that however much people do, little has to be sent.

use super::{Inner, Signals, people::Person};
use crate::{
    core::{State, calls, signals},
    model::{
        Address, CallId, Domain, Millis, RoomId,
        call::{CallSignal, CallWord, Media, MediaContent},
        limits,
        signal::{Presence, Sign, SignKind, Signal, Typing},
    },
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// What one signal takes in a batch at most, bytes.
const SIGNAL_BYTES: usize = 504;

/// What is told of a call first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Ring,
    Leg,
}

/// What one batch takes along.
#[derive(Debug, Default)]
pub struct Taken {
    /// Signals about people.
    pub signals: Vec<Signal>,
    /// Signals of calls.
    pub calls: Vec<CallSignal>,
}

/// One peer's lane.
#[derive(Debug, Default)]
pub struct Waiting {
    signals: BTreeMap<(SignKind, RoomId, Address), Sign>,
    /// Where people stand in calls: the latest of each, and before it whom the call rings.
    calls: BTreeMap<(CallId, Step, Address), CallSignal>,
    /// What browsers tell each other, in its order, and since when it waits.
    media: VecDeque<(Instant, CallSignal)>,
    /// The session has to begin anew, with a snapshot.
    renew: bool,
    bell: Arc<Notify>,
}

impl Waiting {
    /// Adds a signal, in place of one about the same.
    pub fn put(&mut self, signal: Signal) {
        if self.signals.len() >= limits::SIGNALS_WAITING_MAX {
            self.renew();
        }
        self.signals.insert((signal.sign.kind(), signal.room, signal.user), signal.sign);
        self.bell.notify_one();
    }

    /// Adds a signal of a call. What browsers tell each other is never told twice; the oldest is dropped when it is too
    /// much.
    pub fn put_call(&mut self, signal: CallSignal) {
        let step = match signal.word {
            CallWord::Ring(_) => Some(Step::Ring),
            CallWord::Leg(_) => Some(Step::Leg),
            CallWord::Media(_) => None,
        };
        match step {
            Some(step) => drop(self.calls.insert((signal.call, step, signal.user.clone()), signal)),
            None => self.media.push_back((Instant::now(), signal)),
        }
        if self.media.len() > limits::CALL_SIGNALS_WAITING_MAX {
            self.media.pop_front();
        }
        self.bell.notify_one();
    }

    /// The next signal of a call, if it takes at most so many bytes.
    fn next_call(&mut self, bytes_max: usize) -> Option<CallSignal> {
        let fits = |signal: &CallSignal| bytes_of(signal) <= bytes_max;
        if let Some(first) = self.calls.first_entry() {
            return fits(first.get()).then(|| first.remove());
        }
        let fresh = |at: &Instant| at.elapsed() < Duration::from_millis(limits::CALL_SIGNAL_MS);
        while self.media.front().is_some_and(|(at, signal)| !fresh(at) || fits(signal)) {
            if let Some((_, signal)) = self.media.pop_front().filter(|(at, _)| fresh(at)) {
                return Some(signal);
            }
        }
        None
    }

    fn is_empty(&self) -> bool {
        self.signals.is_empty() && self.calls.is_empty() && self.media.is_empty()
    }

    /// Drops what waits; a snapshot will say it.
    pub fn renew(&mut self) {
        self.signals.clear();
        self.renew = true;
        self.bell.notify_one();
    }
}

impl Signals {
    /// Rings when something waits for the peer, or it greeted.
    #[must_use]
    pub fn lane_bell(&self, peer: &Domain) -> Arc<Notify> {
        self.lock().waiting.entry(peer.clone()).or_default().bell.clone()
    }

    /// The peer greeted: its daemon may be a new one, to which nothing was told.
    pub fn greeted(&self, peer: &Domain) {
        if let Some(waiting) = self.lock().waiting.get(peer) {
            waiting.bell.notify_one();
        }
    }

    /// Whether something waits for the peer.
    #[must_use]
    pub fn wait_for(&self, peer: &Domain) -> bool {
        self.lock().waiting.get(peer).is_some_and(|waiting| !waiting.is_empty())
    }

    /// Whether the session with the peer has to begin anew.
    #[must_use]
    pub fn needs_session(&self, peer: &Domain) -> bool {
        self.lock().waiting.get(peer).is_some_and(|waiting| waiting.renew)
    }

    /// A session begins: what is true now waits for the peer, and nothing else.
    pub fn begin_session(&self, peer: &Domain) {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        let snapshot = inner.snapshot(&state, peer, now);
        let calls = inner.calls.snapshot(&state, peer, now);
        let waiting = inner.waiting.entry(peer.clone()).or_default();
        waiting.renew = false;
        waiting.signals = snapshot;
        waiting.calls.clear();
        calls.into_iter().for_each(|signal| waiting.put_call(signal));
    }

    /// Takes what waits for the peer, as much as one batch holds, and of it what may still cross.
    #[must_use]
    pub fn take(&self, peer: &Domain) -> Taken {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        let mut taken = Taken::default();
        let Some(waiting) = inner.waiting.get_mut(peer) else { return taken };
        let mut free_bytes = SIGNAL_BYTES * limits::SIGNALS_PER_BATCH_MAX;
        // People wait for calls.
        while taken.calls.len() < limits::SIGNALS_PER_BATCH_MAX {
            let Some(signal) = waiting.next_call(free_bytes) else { break };
            if calls::may_tell(&state, peer, &signal, now) {
                free_bytes -= bytes_of(&signal);
                taken.calls.push(signal);
            }
        }
        while taken.signals.len() + taken.calls.len() < limits::SIGNALS_PER_BATCH_MAX && free_bytes >= SIGNAL_BYTES {
            let Some(((_, room, user), sign)) = waiting.signals.pop_first() else { break };
            if signals::goes_to(&state, &user.local(), room, sign, now).as_ref() == Some(peer) {
                free_bytes -= SIGNAL_BYTES;
                taken.signals.push(Signal { room, user, sign });
            }
        }
        taken
    }

    /// Nothing may cross to the peer: what waits is dropped.
    pub fn discard(&self, peer: &Domain) {
        self.lock().discard(peer);
    }

    /// Whether the peer was told that somebody is there, or shares a call.
    #[must_use]
    pub fn tells_presence(&self, peer: &Domain) -> bool {
        let inner = self.lock();
        let told = |person: &Person| person.told.values().any(|(told, _)| told == peer);
        inner.people.values().any(told) || inner.calls_with(peer)
    }
}

impl Inner {
    pub(super) fn discard(&mut self, peer: &Domain) {
        if let Some(waiting) = self.waiting.get_mut(peer) {
            waiting.signals.clear();
            waiting.calls.clear();
            waiting.media.clear();
        }
    }

    /// Everything that is true now and that the peer may know.
    fn snapshot(&self, state: &State, peer: &Domain, now: Millis) -> BTreeMap<(SignKind, RoomId, Address), Sign> {
        let mut snapshot = BTreeMap::new();
        for (user, person) in &self.people {
            for (room, (_, presence)) in person.told.iter().filter(|(_, (told, _))| told == peer) {
                snapshot.insert((SignKind::Presence, *room, state.address(user)), Sign::Presence(*presence));
            }
        }
        for (room, typist) in self.typing.keys().filter(|(_, typist)| state.is_ours(typist)) {
            snapshot.insert((SignKind::Typing, *room, typist.clone()), Sign::Typing(Typing::On));
        }
        let shared =
            |room: &RoomId| state.rooms.get(room).is_some_and(|known| known.other(&state.org.domain) == Some(peer));
        for ((user, room), read) in state.marks.iter().filter(|((_, room), _)| shared(room)) {
            let sign = Sign::Read(read.saturating_sub(1));
            let crosses = signals::goes_to(state, user, *room, sign, now).is_some();
            if crosses && snapshot.len() < limits::SIGNALS_HELD_PER_PEER_MAX {
                snapshot.insert((SignKind::Read, *room, state.address(user)), sign);
            }
        }
        snapshot.retain(|(_, room, _), sign| shared(room) && *sign != Sign::Presence(Presence::Offline));
        snapshot
    }
}

/// What a signal of a call takes in a batch at most, bytes: every character of a text may need an escape.
fn bytes_of(signal: &CallSignal) -> usize {
    let text = match &signal.word {
        CallWord::Media(Media { content: MediaContent::Offer(sdp) | MediaContent::Answer(sdp), .. }) => {
            sdp.as_str().len()
        }
        CallWord::Media(Media { content: MediaContent::Candidates(candidates), .. }) => {
            candidates.iter().map(|candidate| candidate.text.as_str().len() + 32).sum()
        }
        CallWord::Ring(ring) => ring.invited.len() * 160,
        CallWord::Leg(_) => 0,
    };
    700 + 2 * text
}
