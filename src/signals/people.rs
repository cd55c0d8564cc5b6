//! Our own people: who is there, as their event streams and what they do say, and to whom it was told.

use super::{Inner, Signals};
use crate::{
    core::{State, signals},
    model::{
        Domain, LocalPart, Millis, RoomId, limits,
        signal::{Presence, Sign, SignKind, Signal},
    },
};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

const AWAY_AFTER: Duration = Duration::from_millis(limits::AWAY_AFTER_MS);
const OFFLINE_AFTER: Duration = Duration::from_millis(limits::OFFLINE_AFTER_MS);

/// One of our people with an event stream.
#[derive(Debug)]
pub struct Person {
    streams: usize,
    /// When they last did something.
    active_at: Instant,
    /// When the last of their streams ended.
    left_at: Option<Instant>,
    presence: Presence,
    /// What peers know, by room.
    pub told: BTreeMap<RoomId, (Domain, Presence)>,
}

impl Person {
    fn new(at: Instant) -> Self {
        Self { streams: 0, active_at: at, left_at: None, presence: Presence::Offline, told: BTreeMap::new() }
    }

    fn at(&self, at: Instant) -> Presence {
        match self.left_at {
            Some(left) if at >= left + OFFLINE_AFTER => Presence::Offline,
            _ if at >= self.active_at + AWAY_AFTER => Presence::Away,
            _ => Presence::Online,
        }
    }

    /// When their presence changes by itself.
    pub fn deadline(&self) -> Option<Instant> {
        let away = (self.presence == Presence::Online).then(|| self.active_at + AWAY_AFTER);
        let offline = self.left_at.map(|left| left + OFFLINE_AFTER);
        away.into_iter().chain(offline).min()
    }
}

impl Signals {
    /// A user did something.
    pub fn active(&self, user: &LocalPart) {
        let mut inner = self.lock();
        let Some(person) = inner.people.get_mut(user) else { return };
        person.active_at = Instant::now();
        if person.presence != Presence::Online {
            let state = self.state();
            inner.review_person(&state, user, self.0.engine.now());
            self.person_due(&mut inner, user);
        }
    }

    pub(super) fn person_due(&self, inner: &mut Inner, user: &LocalPart) {
        if let Some(at) = inner.people.get(user).and_then(Person::deadline) {
            self.0.due(inner, at);
        }
    }
}

impl Inner {
    /// A stream of a user began.
    pub(super) fn arrive(&mut self, state: &State, user: &LocalPart, now: Millis) {
        let at = Instant::now();
        let person = self.people.entry(user.clone()).or_insert_with(|| Person::new(at));
        person.streams += 1;
        // A stream that is only renewed is no sign that anybody is there.
        person.left_at = None;
        self.review_person(state, user, now);
    }

    /// A stream of a user ended.
    pub(super) fn depart(&mut self, user: &LocalPart) {
        let Some(person) = self.people.get_mut(user) else { return };
        person.streams = person.streams.saturating_sub(1);
        if person.streams == 0 {
            person.left_at = Some(Instant::now());
        }
    }

    /// Shows and tells a user's presence if it is another one now.
    fn review_person(&mut self, state: &State, user: &LocalPart, now: Millis) {
        let Some(person) = self.people.get_mut(user) else { return };
        let presence = person.at(Instant::now());
        if presence == person.presence {
            return;
        }
        person.presence = presence;
        self.tell_presence(state, user, now);
        self.show_own(state, user, now);
        if presence == Presence::Offline {
            self.people.remove(user);
        }
    }

    pub(super) fn expire_people(&mut self, state: &State, at: Instant, now: Millis) {
        let due = |person: &Person| person.deadline().is_some_and(|deadline| deadline <= at);
        let users: Vec<LocalPart> =
            self.people.iter().filter(|(_, person)| due(person)).map(|(user, _)| user.clone()).collect();
        for user in users {
            self.review_person(state, &user, now);
        }
    }

    /// Brings what peers know of a user's presence in line with what it is, and with where they may know it.
    pub(super) fn tell_presence(&mut self, state: &State, user: &LocalPart, now: Millis) {
        let Some(person) = self.people.get_mut(user) else { return };
        let presence = person.presence;
        let rooms = match presence {
            Presence::Offline => Vec::new(),
            _ => signals::rooms_towards(state, user, Sign::Presence(presence), now),
        };
        let tell: BTreeMap<_, _> = rooms.into_iter().map(|(room, peer)| (room, (peer, presence))).collect();
        let told = std::mem::replace(&mut person.told, tell.clone());
        let about = state.address(user);
        let mut wait = |peer: &Domain, room: RoomId, presence| {
            let signal = Signal { room, user: about.clone(), sign: Sign::Presence(presence) };
            self.waiting.entry(peer.clone()).or_default().put(signal);
        };
        for (room, (peer, _)) in told.iter().filter(|(room, _)| !tell.contains_key(*room)) {
            wait(peer, *room, Presence::Offline);
        }
        for (room, (peer, presence)) in tell.iter().filter(|(room, tell)| told.get(*room) != Some(*tell)) {
            wait(peer, *room, *presence);
        }
    }

    /// Shows a user's presence to colleagues.
    fn show_own(&self, state: &State, user: &LocalPart, now: Millis) {
        let about = state.address(user);
        let rooms = state.rooms_of.get(user).into_iter().flatten();
        for room in rooms.filter_map(|id| state.rooms.get(id)) {
            self.each_viewer(state, room, |viewer| {
                let presence = self.presence_for(state, viewer.user(), &about, now);
                viewer.put_presence(&about, presence);
            });
        }
    }

    /// The presence of one of our own people as a colleague sees it.
    pub(super) fn own_presence(&self, state: &State, viewer: &LocalPart, about: &LocalPart) -> Presence {
        let both = [viewer, about];
        let on = both.iter().all(|user| signals::switches(state, user).holds(SignKind::Presence));
        let presence = self.people.get(about).map(|person| person.presence).unwrap_or_default();
        match presence != Presence::Offline && on && signals::share_room(state, viewer, about) {
            true => presence,
            false => Presence::Offline,
        }
    }
}
