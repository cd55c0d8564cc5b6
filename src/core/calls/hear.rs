//! What partners tell of calls, what they are told, and what time and commits bring.

use super::{
    book::{Calls, Heard, Turn},
    call::Call,
    going::Going,
    rules::{self, may_be_in},
};
use crate::{
    core::{signals::Drop, state::State},
    model::{
        Address, CallId, DeviceId, Domain, Millis, RoomId,
        call::{CallSignal, CallWord, Leg, Media, Outcome, Ring, Seat, Shows, Why},
        limits,
    },
};

impl Calls {
    /// Takes a signal of a peer.
    ///
    /// # Errors
    /// Why it is dropped.
    pub fn hear(&mut self, state: &State, peer: &Domain, signal: CallSignal, now: Millis) -> Result<Heard, Drop> {
        let CallSignal { room, user, call: id, word } = signal;
        let farewell = matches!(word, CallWord::Leg(Leg::Out(_)));
        match self.of(id) {
            Some(call) if call.room != room => return Err(Drop::Forged),
            // Both sides end a call, and tell each other.
            None if farewell => return Ok(Heard::Turns(Vec::new())),
            None if !matches!(word, CallWord::Ring(_)) => return Err(Drop::Stale),
            _ => {}
        }
        let signal = CallSignal { room, user, call: id, word };
        match rules::admit(state, peer, &signal, now) {
            // That somebody is out is taken also when they may not be in.
            Err(Drop::Stranger | Drop::Blocked) if farewell => {}
            admitted => admitted?,
        }
        let CallSignal { user, word, .. } = signal;
        match word {
            CallWord::Ring(ring) => self.hear_ring(state, (id, room), &user, ring, now).map(Heard::Turns),
            CallWord::Leg(leg) => {
                self.check_leg(id, &user, leg)?;
                let turn = self.turn(id, now, |going| going.hear(&user, leg, now));
                Ok(Heard::Turns(turn.into_iter().collect()))
            }
            CallWord::Media(media) => self.hear_media(state, id, &user, media, now),
        }
    }

    fn hear_ring(
        &mut self,
        state: &State,
        (id, room): (CallId, RoomId),
        starter: &Address,
        ring: Ring,
        now: Millis,
    ) -> Result<Vec<Turn>, Drop> {
        if let Some(going) = self.going.get_mut(&id) {
            going.unsure.remove(starter);
            return if going.call.starter == *starter { Ok(Vec::new()) } else { Err(Drop::Forged) };
        }
        let mut turns = Vec::new();
        if let Some(other) = self.in_room(room) {
            // Both called each other at the same moment: the lower id goes on, on both sides.
            if other.connected_at.is_none() && state.is_ours(&other.starter) && other.id < id {
                return Err(Drop::Stale);
            }
            // Else the partner knows nothing of the other call any more, or gave its own up.
            turns.extend(self.end(other.id, now));
        }
        let peer = starter.domain();
        self.check_places(state, Some(&peer)).map_err(|_| Drop::Full)?;
        let started_at = Millis(now.0.saturating_sub(ring.age_ms));
        let mut call = Call::new((id, room), starter.clone(), ring.medium, started_at);
        call.sit(starter, Seat { device: DeviceId([0; 16]), shows: Shows::default() }, now);
        for who in ring.invited.iter().filter(|who| state.is_ours(who)) {
            let member = state.rooms.get(&room).is_some_and(|room| room.members.contains_key(who));
            if member && may_be_in(state, room, who, now) && call.ring(who, now).is_ok() {
                self.answer_at_once(state, &mut call, who, now);
            }
        }
        self.going.insert(id, Going::new(call));
        turns.push(self.settle(id, None, now));
        Ok(turns)
    }

    fn check_leg(&self, id: CallId, who: &Address, leg: Leg) -> Result<(), Drop> {
        let call = self.of(id).ok_or(Drop::Stale)?;
        let comes = matches!(leg, Leg::Joined(_)) && call.seat(who).is_none();
        let known = call.legs.contains_key(who) || call.legs.len() < limits::CALL_LEGS_MAX;
        // Two can come in at once on both sides; one more than that is too many.
        let full = comes && call.joined().count() > limits::CALL_PEOPLE_MAX;
        if full || !known { Err(Drop::Full) } else { Ok(()) }
    }

    fn hear_media(
        &mut self,
        state: &State,
        id: CallId,
        from: &Address,
        media: Media,
        now: Millis,
    ) -> Result<Heard, Drop> {
        let going = self.going.get_mut(&id).ok_or(Drop::Stale)?;
        if !state.is_ours(&media.to) {
            return Err(Drop::Forged);
        }
        let both = going.call.is_in_by(from, media.device) && going.call.is_in_by(&media.to, media.to_device);
        if !both || !may_be_in(state, going.call.room, &media.to, now) {
            return Err(Drop::Stale);
        }
        if going.passes(from, now) { Ok(Heard::Media(from.clone(), media)) } else { Err(Drop::Flood) }
    }

    /// Ends a call at once: nobody is in it any more.
    fn end(&mut self, id: CallId, now: Millis) -> Option<Turn> {
        let mut turn = self.turn(id, now, |going| {
            let people: Vec<Address> = going.call.joined().map(|(who, _)| who.clone()).collect();
            people.iter().for_each(|who| going.out(who, Why::Lost, now));
        })?;
        // Nobody gave it up: it was crossed by another.
        turn.over = turn.over.map(|over| if over == Outcome::Cancelled { Outcome::Missed } else { over });
        Some(turn)
    }

    /// A peer's session began anew: what it does not tell again of its people within some seconds counts no longer.
    pub fn renewed(&mut self, peer: &Domain, now: Millis) {
        for going in self.going.values_mut() {
            let theirs = going.call.legs.keys().filter(|who| who.is_of(peer) && going.call.concerns(who));
            going.unsure = theirs.map(|who| (who.clone(), now)).collect();
        }
    }

    /// A peer is silent, or its link closed: its people are gone.
    pub fn gone(&mut self, peer: &Domain, why: Why, now: Millis) -> Vec<Turn> {
        let ids: Vec<CallId> = self.going.keys().copied().collect();
        let turns = ids.into_iter().filter_map(|id| {
            self.turn(id, now, |going| {
                let theirs: Vec<Address> = going.call.legs.keys().filter(|who| who.is_of(peer)).cloned().collect();
                theirs.iter().for_each(|who| going.out(who, why, now));
            })
        });
        turns.filter(Turn::is_news).collect()
    }

    /// Cuts whoever may not be in any more (P15, P26), and ends what ends by itself.
    pub fn review(&mut self, state: &State, now: Millis) -> Vec<Turn> {
        let due = self.going.iter().filter(|(_, going)| going.is_due(state, now));
        let ids: Vec<CallId> = due.map(|(id, _)| *id).collect();
        let turns = ids.into_iter().filter_map(|id| self.turn(id, now, |going| going.review(state, now)));
        turns.filter(Turn::is_news).collect()
    }

    /// Everything that a peer has to know of our people in calls with its people.
    #[must_use]
    pub fn snapshot(&self, state: &State, peer: &Domain, now: Millis) -> Vec<CallSignal> {
        let shared = self.all().filter(|call| rules::reach(state, call.room, now).as_ref() == Some(peer));
        let legs = |call: &Call| told(state, call, call.legs.iter().map(|(who, leg)| (who, *leg)));
        shared.flat_map(|call| rung(state, call, now).into_iter().chain(legs(call))).collect()
    }
}

/// Whom a call of ours rings, as the partner is told; none for a call of theirs.
#[must_use]
pub fn rung(state: &State, call: &Call, now: Millis) -> Option<CallSignal> {
    let invited = call.legs.keys().filter(|who| !state.is_ours(who)).cloned().collect();
    let ring = Ring { medium: call.medium, age_ms: now.since(call.started_at), invited };
    state.is_ours(&call.starter).then(|| signal(call, &call.starter, CallWord::Ring(ring)))
}

/// Where our own people stand, as the partner is told.
#[must_use]
pub fn told<'a>(state: &State, call: &Call, legs: impl Iterator<Item = (&'a Address, Leg)>) -> Vec<CallSignal> {
    legs.filter(|(who, _)| state.is_ours(who)).map(|(who, leg)| signal(call, who, CallWord::Leg(leg))).collect()
}

fn signal(call: &Call, user: &Address, word: CallWord) -> CallSignal {
    CallSignal { room: call.room, user: user.clone(), call: call.id, word }
}
