//! What waits for one peer: the latest of each, so that however much people do, little has to be sent.

use super::{Inner, Signals};
use crate::{
    core::{State, signals},
    model::{
        Address, Domain, Millis, RoomId, limits,
        signal::{Presence, Sign, SignKind, Signal, Typing},
    },
};
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::Notify;

/// One peer's lane.
#[derive(Debug, Default)]
pub struct Waiting {
    signals: BTreeMap<(SignKind, RoomId, Address), Sign>,
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
        self.lock().waiting.get(peer).is_some_and(|waiting| !waiting.signals.is_empty())
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
        let waiting = inner.waiting.entry(peer.clone()).or_default();
        waiting.renew = false;
        waiting.signals = snapshot;
    }

    /// Takes what waits for the peer, as much as one batch holds, and of it what may still cross.
    #[must_use]
    pub fn take(&self, peer: &Domain) -> Vec<Signal> {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        let Some(waiting) = inner.waiting.get_mut(peer) else { return Vec::new() };
        let mut taken = Vec::new();
        while taken.len() < limits::SIGNALS_PER_BATCH_MAX {
            let Some(((_, room, user), sign)) = waiting.signals.pop_first() else { break };
            if signals::goes_to(&state, &user.local(), room, sign, now).as_ref() == Some(peer) {
                taken.push(Signal { room, user, sign });
            }
        }
        taken
    }

    /// Nothing may cross to the peer: what waits is dropped.
    pub fn discard(&self, peer: &Domain) {
        self.lock().discard(peer);
    }

    /// Whether the peer was told that somebody is there.
    #[must_use]
    pub fn tells_presence(&self, peer: &Domain) -> bool {
        self.lock().people.values().any(|person| person.told.values().any(|(told, _)| told == peer))
    }
}

impl Inner {
    pub(super) fn discard(&mut self, peer: &Domain) {
        if let Some(waiting) = self.waiting.get_mut(peer) {
            waiting.signals.clear();
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
