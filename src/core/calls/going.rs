//! A call that is going on, with what only the book of calls needs of it.

use super::{
    call::{Call, Stale},
    rules::may_be_in,
};
use crate::{
    core::state::State,
    model::{
        Address, Millis,
        call::{Leg, Why},
        limits,
    },
};
use std::collections::BTreeMap;

/// A call, and what only the book needs of it.
#[derive(Debug)]
pub(super) struct Going {
    pub(super) call: Call,
    /// When the devices of our people who are in were last heard of.
    pub(super) heard: BTreeMap<Address, Millis>,
    /// Partners' people of whom the partner has not told in its new session, since when.
    pub(super) unsure: BTreeMap<Address, Millis>,
    /// What was passed on from each person in which second.
    passed: BTreeMap<Address, (u64, u32)>,
}

impl Going {
    pub(super) fn new(call: Call) -> Self {
        Self { call, heard: BTreeMap::new(), unsure: BTreeMap::new(), passed: BTreeMap::new() }
    }

    pub(super) fn out(&mut self, who: &Address, why: Why, now: Millis) {
        let _: Result<(), Stale> = self.call.out(who, why, now);
        self.heard.remove(who);
        self.unsure.remove(who);
    }

    /// What the partner tells of one of its people.
    pub(super) fn hear(&mut self, who: &Address, leg: Leg, now: Millis) {
        self.unsure.remove(who);
        match leg {
            Leg::Ringing => self.call.ring_anew(who, now),
            Leg::Joined(seat) => self.call.sit(who, seat, now),
            Leg::Out(why) => self.out(who, why, now),
        }
    }

    /// Counts something that a person's browser sends; false when it is too much.
    pub(super) fn passes(&mut self, who: &Address, now: Millis) -> bool {
        let second = now.0 / 1_000;
        let passed = self.passed.entry(who.clone()).or_insert((second, 0));
        if passed.0 != second {
            *passed = (second, 0);
        }
        passed.1 += 1;
        passed.1 <= limits::CALL_SIGNALS_PER_SECOND_MAX
    }

    /// Whether a look changes anything: most looks at most calls do not.
    pub(super) fn is_due(&self, state: &State, now: Millis) -> bool {
        let mut people = self.call.legs.keys().filter(|who| self.call.concerns(who));
        self.is_ahead(now)
            || self.deadline().is_some_and(|at| at <= now)
            || people.any(|who| !may_be_in(state, self.call.room, who, now))
    }

    /// Whether the clock was put back since something of this was noted.
    fn is_ahead(&self, now: Millis) -> bool {
        self.heard.values().chain(self.unsure.values()).any(|at| *at > now) || self.call.is_ahead(now)
    }

    /// What seems to be still to come happened just now: else it would ring until the clock is there again.
    fn put_back(&mut self, now: Millis) {
        self.heard.values_mut().chain(self.unsure.values_mut()).for_each(|at| *at = now.min(*at));
        self.call.put_back(now);
    }

    pub(super) fn review(&mut self, state: &State, now: Millis) {
        if self.is_ahead(now) {
            self.put_back(now);
        }
        let people: Vec<Address> = self.call.legs.keys().filter(|who| self.call.concerns(who)).cloned().collect();
        for who in &people {
            if !may_be_in(state, self.call.room, who, now) {
                self.out(who, Why::Cut, now);
            }
        }
        let over = |since: &BTreeMap<Address, Millis>, after_ms| -> Vec<Address> {
            since.iter().filter(|(_, at)| now.since(**at) >= after_ms).map(|(who, _)| who.clone()).collect()
        };
        let silent = over(&self.heard, limits::CALL_SILENCE_MS).into_iter();
        for who in silent.chain(over(&self.unsure, limits::CALL_UNSURE_MS)) {
            self.out(&who, Why::Lost, now);
        }
        if now.since(self.call.started_at) >= limits::RING_MS {
            let rung: Vec<Address> = self.call.ringing().cloned().collect();
            rung.iter().for_each(|who| self.out(who, Why::Missed, now));
        }
    }

    pub(super) fn deadline(&self) -> Option<Millis> {
        let silence = self.heard.values().map(|at| at.plus(limits::CALL_SILENCE_MS));
        let unsure = self.unsure.values().map(|at| at.plus(limits::CALL_UNSURE_MS));
        silence.chain(unsure).chain(self.call.deadline()).min()
    }
}
