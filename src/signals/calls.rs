//! Calls on their way between people's programs and partners: what the core decided is told, shown and kept (P25).

use super::{Inner, Signals, heard::count_dropped};
use crate::{
    core::{
        State,
        calls::{self, Call, Heard, Plan, Turn},
    },
    model::{
        Address, CallId, DeviceId, Domain, LocalPart, Millis, Reject, RoomId,
        call::{CallSignal, CallWord, Media, Outcome, Seat, Shows, Why},
    },
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Who may be in a call is looked at after a commit, but not again before this: many commits share a look.
const REVIEW_PAUSE: Duration = Duration::from_millis(200);

/// A call as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The call.
    pub call: Arc<Call>,
    /// How it ended, if it is over.
    pub over: Option<Outcome>,
}

/// Something from another's browser for one's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForDevice {
    /// In which room.
    pub room: RoomId,
    /// In which call.
    pub call: CallId,
    /// From whom.
    pub from: Address,
    /// What.
    pub media: Media,
}

impl Signals {
    /// A user starts a call.
    ///
    /// # Errors
    /// As [`calls::Calls::start`].
    pub fn start_call(&self, user: &LocalPart, plan: Plan) -> Result<Shown, Reject> {
        self.call(|calls, state, now| calls.start(state, user, plan, now))
    }

    /// A user comes into a call.
    ///
    /// # Errors
    /// As [`calls::Calls::join`].
    pub fn join_call(&self, user: &LocalPart, call: CallId, seat: Seat) -> Result<Shown, Reject> {
        self.call(|calls, state, now| calls.join(state, user, call, seat, now))
    }

    /// A user declines a call.
    ///
    /// # Errors
    /// As [`calls::Calls::decline`].
    pub fn decline_call(&self, user: &LocalPart, call: CallId) -> Result<Shown, Reject> {
        self.call(|calls, state, now| calls.decline(state, user, call, now))
    }

    /// A user hangs up.
    ///
    /// # Errors
    /// As [`calls::Calls::leave`].
    pub fn leave_call(&self, user: &LocalPart, call: CallId, device: DeviceId) -> Result<Shown, Reject> {
        self.call(|calls, state, now| calls.leave(state, user, (call, device), now))
    }

    /// A user shows other things, or only that the device is there.
    ///
    /// # Errors
    /// As [`calls::Calls::show`].
    pub fn show_in_call(&self, user: &LocalPart, seat: (CallId, DeviceId), shows: Shows) -> Result<Shown, Reject> {
        self.call(|calls, state, now| calls.show(state, user, seat, shows, now))
    }

    /// Passes something of a user's browser on to another's.
    ///
    /// # Errors
    /// As [`calls::Calls::pass`].
    pub fn pass_in_call(&self, user: &LocalPart, call: CallId, media: Media) -> Result<(), Reject> {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        let room = inner.calls.pass(&state, user, (call, &media), now)?;
        let from = state.address(user);
        if state.is_ours(&media.to) {
            inner.show_media(&ForDevice { room, call, from, media });
        } else if let Some(peer) = calls::reach(&state, room, now) {
            let signal = CallSignal { room, user: from, call, word: CallWord::Media(media) };
            inner.waiting.entry(peer).or_default().put_call(signal);
        }
        Ok(())
    }

    /// The calls that a user may know of: in rooms where they could be in one.
    #[must_use]
    pub fn calls_of(&self, user: &LocalPart) -> Vec<Shown> {
        let (state, now) = (self.state(), self.0.engine.now());
        self.lock().calls_for(&state, user, now)
    }

    /// The call of a room.
    #[must_use]
    pub fn call_in(&self, room: RoomId) -> Option<Shown> {
        self.lock().calls.in_room(room).map(|call| Shown { call: Arc::new(call.clone()), over: None })
    }

    fn call(
        &self,
        act: impl FnOnce(&mut calls::Calls, &State, Millis) -> Result<Turn, Reject>,
    ) -> Result<Shown, Reject> {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        let turn = act(&mut inner.calls, &state, now)?;
        let shown = inner.turned(&state, &turn, now);
        self.calls_due(&mut inner, now);
        Ok(shown)
    }

    pub(super) fn calls_due(&self, inner: &mut Inner, now: Millis) {
        if let Some(at) = inner.calls.deadline() {
            self.0.due(inner, Instant::now() + Duration::from_millis(at.since(now)));
        }
        self.keep(inner);
    }

    pub(super) fn keep(&self, inner: &Inner) {
        if !inner.notes.is_empty() {
            self.0.keeper.notify_one();
        }
    }

    pub(super) fn review_soon(&self) {
        let mut inner = self.lock();
        if inner.calls.all().next().is_some() {
            let next = inner.reviewed.map_or_else(Instant::now, |at| at + REVIEW_PAUSE);
            self.0.due(&mut inner, next);
        }
    }
}

impl Inner {
    /// Tells, shows and keeps what happened to a call.
    fn turned(&mut self, state: &State, turn: &Turn, now: Millis) -> Shown {
        self.notes.extend(calls::notes(turn, now));
        let call = Arc::new(turn.call.clone());
        let shown = Shown { call: call.clone(), over: turn.over };
        if let Some(peer) = calls::reach(state, call.room, now) {
            let ring = turn.before.is_none().then(|| calls::rung(state, &call, now)).flatten();
            let waiting = self.waiting.entry(peer).or_default();
            ring.into_iter().chain(calls::told(state, &call, turn.changed())).for_each(|word| waiting.put_call(word));
        }
        if turn.is_news() {
            self.show_call(state, turn, &shown, now);
        }
        shown
    }

    /// To those who may be in it, and to whoever was and is not any more.
    fn show_call(&self, state: &State, turn: &Turn, shown: &Shown, now: Millis) {
        let room = shown.call.room;
        let concerned = turn.call.legs.keys().filter(|who| state.is_ours(who));
        let mut users: std::collections::BTreeSet<LocalPart> = concerned.map(Address::local).collect();
        if let Some(room) = state.rooms.get(&room) {
            users.extend(room.members.keys().filter(|who| state.is_ours(who)).map(Address::local));
        }
        for user in users {
            let Some(viewers) = self.viewers.get(&user) else { continue };
            let who = state.address(&user);
            let was = turn.before.as_ref().is_some_and(|call| call.concerns(&who));
            if was || calls::may_be_in(state, room, &who, now) {
                viewers.iter().for_each(|viewer| viewer.put_call(shown));
            }
        }
    }

    fn show_media(&self, media: &ForDevice) {
        let viewers = self.viewers.get(&media.media.to.local()).into_iter().flatten();
        viewers.for_each(|viewer| viewer.put_media(media));
    }

    /// Takes a call signal of a peer; what a rule does not let through is dropped and counted.
    pub(super) fn hear_call(&mut self, state: &State, peer: &Domain, signal: CallSignal, now: Millis) {
        let (room, call) = (signal.room, signal.call);
        match self.calls.hear(state, peer, signal, now) {
            Ok(Heard::Turns(turns)) => self.turned_all(state, &turns, now),
            Ok(Heard::Media(from, media)) => self.show_media(&ForDevice { room, call, from, media }),
            Err(reason) => count_dropped(peer, reason.as_str(), 1),
        }
    }

    fn turned_all(&mut self, state: &State, turns: &[Turn], now: Millis) {
        for turn in turns {
            self.turned(state, turn, now);
        }
    }

    /// A peer is silent, or nothing may cross any more.
    pub(super) fn lose_calls(&mut self, state: &State, peer: &Domain, why: Why, now: Millis) {
        let turns = self.calls.gone(peer, why, now);
        self.turned_all(state, &turns, now);
    }

    pub(super) fn review_calls(&mut self, state: &State, now: Millis) {
        self.reviewed = Some(Instant::now());
        let turns = self.calls.review(state, now);
        self.turned_all(state, &turns, now);
    }

    /// Whether somebody of a peer is in a call here, or rings.
    pub(super) fn calls_with(&self, peer: &Domain) -> bool {
        self.calls.all().any(|call| call.legs.keys().any(|who| who.is_of(peer) && call.concerns(who)))
    }

    /// The calls that a user may know of.
    pub(super) fn calls_for(&self, state: &State, user: &LocalPart, now: Millis) -> Vec<Shown> {
        let who = state.address(user);
        let seen = |call: &&Call| {
            let member = state.rooms.get(&call.room).is_some_and(|room| room.members.contains_key(&who));
            member && calls::may_be_in(state, call.room, &who, now)
        };
        let shown = |call: &Call| Shown { call: Arc::new(call.clone()), over: None };
        self.calls.all().filter(seen).map(shown).collect()
    }
}
