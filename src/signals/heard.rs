//! What a peer told of its people: bounded, in memory only, and forgotten when its daemon is silent.

use super::{Inner, Signals, Typist};
use crate::{
    core::{State, signals},
    model::{
        Address, Domain, EpochId, Millis, RoomId,
        call::Why,
        limits,
        signal::{Presence, Sign, SignKind, Signal, SignalBatch, Typing},
    },
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tokio::time::Instant;

/// Sessions that have ended and may not come back.
const ENDED_MAX: usize = 16;

/// What one peer told.
#[derive(Debug)]
pub struct Heard {
    session: EpochId,
    /// The number of the last batch.
    n: u64,
    ended: VecDeque<EpochId>,
    /// When the last batch came.
    at: Instant,
    presence: BTreeMap<(Address, RoomId), Presence>,
    marks: BTreeMap<(RoomId, Address), u64>,
}

/// The batch belongs to a session whose beginning was not heard: the peer has to begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown;

/// Whether a batch is the next one.
enum Turn {
    Next,
    /// Doubled, late or reordered.
    Stale,
    Begins,
    Unknown,
}

impl Heard {
    fn new(session: EpochId) -> Self {
        let at = Instant::now();
        Self { session, n: 0, ended: VecDeque::new(), at, presence: BTreeMap::new(), marks: BTreeMap::new() }
    }

    /// When the presences end by themselves.
    pub fn deadline(&self) -> Option<Instant> {
        (!self.presence.is_empty()).then(|| self.silent_at())
    }

    /// When the peer counts as silent.
    pub fn silent_at(&self) -> Instant {
        self.at + Duration::from_millis(limits::PRESENCE_MS)
    }

    fn turn(&self, batch: &SignalBatch) -> Turn {
        match (batch.session == self.session, batch.n) {
            (true, n) if n > self.n => Turn::Next,
            (true, _) => Turn::Stale,
            (false, _) if self.ended.contains(&batch.session) => Turn::Stale,
            (false, 1) => Turn::Begins,
            (false, _) => Turn::Unknown,
        }
    }

    /// Begins another session; returns where somebody was there in the one before.
    fn begin(&mut self, session: EpochId) -> Vec<(Address, RoomId)> {
        self.ended.push_back(std::mem::replace(&mut self.session, session));
        if self.ended.len() > ENDED_MAX {
            self.ended.pop_front();
        }
        self.marks.clear();
        std::mem::take(&mut self.presence).into_keys().collect()
    }

    fn has_room(&self) -> bool {
        self.presence.len() < limits::SIGNALS_HELD_PER_PEER_MAX && self.marks.len() < limits::SIGNALS_HELD_PER_PEER_MAX
    }

    /// What was told of a person, room by room.
    pub fn presence_of<'a>(&'a self, about: &'a Address) -> impl Iterator<Item = (RoomId, Presence)> + 'a {
        let range = self.presence.range((about.clone(), RoomId([0; 16]))..=(about.clone(), RoomId([0xff; 16])));
        range.map(|((_, room), presence)| (*room, *presence))
    }

    /// The last index that a person has read, as told.
    pub fn mark(&self, room: RoomId, about: &Address) -> Option<u64> {
        self.marks.get(&(room, about.clone())).copied()
    }
}

impl Signals {
    /// Takes what a peer told; `batch` is proven. What a rule does not let through is dropped and counted.
    ///
    /// # Errors
    /// When the peer has to begin its session anew.
    pub fn hear(&self, peer: &Domain, batch: SignalBatch) -> Result<(), Unknown> {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        count_dropped(peer, "unknown", batch.unknown);
        let first = || Heard::new(batch.session);
        let known = inner.heard.contains_key(peer);
        if !known && batch.n != 1 {
            return Err(Unknown);
        }
        let heard = inner.heard.entry(peer.clone()).or_insert_with(first);
        let turn = heard.turn(&batch);
        let begins = matches!(turn, Turn::Begins);
        let mut changed = match turn {
            Turn::Next => Vec::new(),
            Turn::Begins => heard.begin(batch.session),
            Turn::Stale => {
                count_dropped(peer, "stale", batch.signals.len());
                return Ok(());
            }
            Turn::Unknown => return Err(Unknown),
        };
        (heard.n, heard.at) = (batch.n, Instant::now());
        for signal in batch.signals {
            match signals::admit(&state, peer, &signal, now) {
                Ok(()) => changed.extend(inner.apply(&state, peer, signal, now)),
                Err(reason) => count_dropped(peer, reason.as_str(), 1),
            }
        }
        for (about, room) in changed {
            inner.show_told(&state, &about, room, now);
        }
        if begins {
            inner.calls.renewed(peer, now);
        }
        for signal in batch.calls {
            inner.hear_call(&state, peer, signal, now);
        }
        self.calls_due(&mut inner, now);
        self.0.due(&mut inner, Instant::now() + Duration::from_millis(limits::TYPING_MS));
        Ok(())
    }

    /// Nothing that a peer told counts any longer: the link closed, or the peer is gone.
    pub fn forget(&self, peer: &Domain) {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        inner.discard(peer);
        inner.lose_calls(&state, peer, Why::Cut, now);
        self.keep(&inner);
        let Some(heard) = inner.heard.remove(peer) else { return };
        for (about, room) in heard.presence.into_keys() {
            inner.show_told(&state, &about, room, now);
        }
    }
}

impl Inner {
    /// Takes one signal; returns where a presence changed.
    fn apply(&mut self, state: &State, peer: &Domain, signal: Signal, now: Millis) -> Option<(Address, RoomId)> {
        let Signal { room, user, sign } = signal;
        let heard = self.heard.get_mut(peer)?;
        match sign {
            Sign::Presence(Presence::Offline) => heard.presence.remove(&(user.clone(), room)).map(|_| (user, room)),
            Sign::Presence(presence) if heard.has_room() => {
                let before = heard.presence.insert((user.clone(), room), presence);
                (before != Some(presence)).then_some((user, room))
            }
            Sign::Read(index) if heard.has_room() => {
                let mark = heard.marks.entry((room, user.clone())).or_insert(index);
                // Only forward: what is read stays read.
                *mark = index.max(*mark);
                let index = *mark;
                self.show_read(state, room, &user, index, now);
                None
            }
            Sign::Typing(typing) => {
                self.note_typing(state, room, &user, typing, now);
                None
            }
            Sign::Presence(_) | Sign::Read(_) => {
                count_dropped(peer, "full", 1);
                None
            }
        }
    }

    /// Keeps who types; shows it when it is news.
    pub(super) fn note_typing(&mut self, state: &State, room: RoomId, user: &Address, typing: Typing, now: Millis) {
        let key = (room, user.clone());
        let at = Instant::now();
        let news = match typing {
            Typing::On => {
                let until = at + Duration::from_millis(limits::TYPING_MS);
                // Also when they go on: a client lets it end by itself as well.
                self.typing.insert(key, Typist { until, told: at });
                true
            }
            Typing::Off => self.typing.remove(&key).is_some(),
        };
        if news {
            self.show_typing(state, room, user, typing, now);
        }
    }

    pub(super) fn expire_typing(&mut self, state: &State, at: Instant, now: Millis) {
        let over: Vec<(RoomId, Address)> =
            self.typing.iter().filter(|(_, typist)| typist.until <= at).map(|(key, _)| key.clone()).collect();
        for (room, user) in over {
            self.note_typing(state, room, &user, Typing::Off, now);
        }
    }

    pub(super) fn expire_heard(&mut self, state: &State, at: Instant, now: Millis) {
        let mut gone = Vec::new();
        for heard in self.heard.values_mut() {
            if heard.deadline().is_some_and(|deadline| deadline <= at) {
                gone.extend(std::mem::take(&mut heard.presence).into_keys());
            }
        }
        for (about, room) in gone {
            self.show_told(state, &about, room, now);
        }
        let silent = |heard: &Heard| heard.silent_at() <= at;
        let silent: Vec<Domain> =
            self.heard.iter().filter(|(_, heard)| silent(heard)).map(|(peer, _)| peer.clone()).collect();
        for peer in silent.iter().filter(|peer| self.calls_with(peer)).cloned().collect::<Vec<_>>() {
            self.lose_calls(state, &peer, Why::Lost, now);
        }
    }

    fn show_read(&self, state: &State, id: RoomId, about: &Address, index: u64, now: Millis) {
        let Some(room) = state.rooms.get(&id) else { return };
        self.each_viewer(state, room, |viewer| {
            if signals::sees(state, viewer.user(), room, about, SignKind::Read, now) {
                viewer.put_read(id, about, index);
            }
        });
    }

    fn show_typing(&self, state: &State, id: RoomId, about: &Address, typing: Typing, now: Millis) {
        let Some(room) = state.rooms.get(&id) else { return };
        self.each_viewer(state, room, |viewer| {
            // That it ended is also for those who may no longer see that it began.
            if typing == Typing::Off || signals::sees(state, viewer.user(), room, about, SignKind::Typing, now) {
                viewer.put_typing(id, about, typing);
            }
        });
    }

    /// Shows the presence of a partner's person to those in a room where it changed.
    fn show_told(&self, state: &State, about: &Address, room: RoomId, now: Millis) {
        let Some(room) = state.rooms.get(&room) else { return };
        self.each_viewer(state, room, |viewer| {
            viewer.put_presence(about, self.presence_for(state, viewer.user(), about, now));
        });
    }

    /// A read marker of one of ours goes to colleagues at once.
    pub(super) fn show_own_read(&self, state: &State, room: RoomId, about: &Address, index: u64, now: Millis) {
        self.show_read(state, room, about, index, now);
    }
}

pub(super) fn count_dropped(peer: &Domain, reason: &'static str, signals: usize) {
    if signals > 0 {
        metrics::counter!("handclasp_signals_dropped_total", "peer" => peer.to_string(), "reason" => reason)
            .increment(signals as u64);
    }
}
