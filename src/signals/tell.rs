//! What our own people do that others see for a moment: typing and reading.

use super::{Inner, Signals};
use crate::{
    core::{State, signals},
    model::{
        Address, LocalPart, Millis, Reject, RoomId, limits,
        signal::{Sign, SignKind, Signal, Typing},
    },
};
use std::time::Duration;
use tokio::time::Instant;

impl Signals {
    /// A user types in a room, or ceased to. Passed on at most every [`limits::TYPING_RENEW_MS`]; nothing happens
    /// where typing is switched off.
    ///
    /// # Errors
    /// Why nothing can be written there.
    pub fn typing(&self, user: &LocalPart, room: RoomId, typing: Typing) -> Result<(), Reject> {
        let (state, now) = (self.state(), self.0.engine.now());
        signals::check_sender(&state, user, room, now)?;
        if !signals::switches(&state, user).holds(SignKind::Typing) {
            return Ok(());
        }
        let about = state.address(user);
        let mut inner = self.lock();
        if typing == Typing::On && inner.is_told(room, &about) {
            return Ok(());
        }
        inner.note_typing(&state, room, &about, typing, now);
        inner.wait(&state, user, room, Sign::Typing(typing), now);
        self.0.due(&mut inner, Instant::now() + Duration::from_millis(limits::TYPING_MS));
        Ok(())
    }

    /// A user's read marker moved; it is durable already.
    pub fn read(&self, user: &LocalPart, room: RoomId) {
        let (state, now) = (self.state(), self.0.engine.now());
        let read = state.marks.get(&(user.clone(), room)).and_then(|read| read.checked_sub(1));
        let Some(index) = read.filter(|_| signals::switches(&state, user).holds(SignKind::Read)) else { return };
        let mut inner = self.lock();
        inner.show_own_read(&state, room, &state.address(user), index, now);
        inner.wait(&state, user, room, Sign::Read(index), now);
    }

    /// A user switched signals on or off: partners are told anew what they may know, and their streams are shown it.
    pub fn switched(&self, user: &LocalPart) {
        let (state, now) = (self.state(), self.0.engine.now());
        let mut inner = self.lock();
        let own = &state.org.domain;
        let rooms = state.rooms_of.get(user).into_iter().flatten().filter_map(|id| state.rooms.get(id));
        for peer in rooms.filter_map(|room| room.other(own)).filter(|peer| *peer != own) {
            if let Some(waiting) = inner.waiting.get_mut(peer) {
                waiting.renew();
            }
        }
        inner.tell_presence(&state, user, now);
        // Colleagues see them differently, too.
        inner.viewers.values().flatten().for_each(|viewer| viewer.show_all());
    }

    /// How far the members of a room have read it, as one of its members may know.
    ///
    /// # Errors
    /// `NOT_FOUND` when they are no member.
    pub fn readers(&self, viewer: &LocalPart, room: RoomId) -> Result<Vec<(Address, u64)>, Reject> {
        let (state, now) = (self.state(), self.0.engine.now());
        let room = crate::core::rooms::member_of(&state, viewer, room)?;
        let inner = self.lock();
        let theirs = |about: &Address| inner.heard.get(&about.domain())?.mark(room.info.id, about);
        Ok(signals::readers(&state, viewer, room, now, theirs))
    }
}

impl Inner {
    fn is_told(&self, room: RoomId, about: &Address) -> bool {
        let renew = Duration::from_millis(limits::TYPING_RENEW_MS);
        self.typing.get(&(room, about.clone())).is_some_and(|typist| typist.told.elapsed() < renew)
    }

    /// Lets a signal wait for the peer that it goes to, if any.
    fn wait(&mut self, state: &State, user: &LocalPart, room: RoomId, sign: Sign, now: Millis) {
        if let Some(peer) = signals::goes_to(state, user, room, sign, now) {
            let signal = Signal { room, user: state.address(user), sign };
            self.waiting.entry(peer).or_default().put(signal);
        }
    }
}
