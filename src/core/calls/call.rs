//! One call: where each of its people stands, and when it is over (P25).

use crate::model::{
    Address, CallId, DeviceId, Millis, RoomId,
    call::{Leg, Medium, Outcome, Seat, Shows, Why},
    limits,
};
use std::collections::{BTreeMap, BTreeSet};

/// One call. All changes go through [`Call::ring`], [`Call::sit`], [`Call::show`] and [`Call::out`]; what they do not let through is
/// [`Stale`], and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Which.
    pub id: CallId,
    /// In which room.
    pub room: RoomId,
    /// Whether it is between two people only: then it ends with either of them.
    pub direct: bool,
    /// Who started it.
    pub starter: Address,
    /// By voice or by video.
    pub medium: Medium,
    /// When, by our own clock.
    pub started_at: Millis,
    /// Where everybody stands who was rung or came in.
    pub legs: BTreeMap<Address, Leg>,
    /// Since when two were in it.
    pub connected_at: Option<Millis>,
    /// Since when one is alone in it, after others were in it too.
    pub alone_since: Option<Millis>,
    /// Everybody who ever was in.
    pub came: BTreeSet<Address>,
}

/// The word does not fit where the person stands: doubled, late, or of a call that went on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale;

impl Call {
    /// A call that rings nobody yet.
    #[must_use]
    pub fn new((id, room): (CallId, RoomId), starter: Address, medium: Medium, started_at: Millis) -> Self {
        Self {
            id,
            room,
            direct: room.is_direct(),
            starter,
            medium,
            started_at,
            legs: BTreeMap::new(),
            connected_at: None,
            alone_since: None,
            came: BTreeSet::new(),
        }
    }

    /// A person's devices ring.
    ///
    /// # Errors
    /// When they were rung before, or the time for it is over.
    pub fn ring(&mut self, who: &Address, now: Millis) -> Result<(), Stale> {
        if self.legs.contains_key(who) || now.since(self.started_at) >= limits::RING_MS {
            return Err(Stale);
        }
        self.legs.insert(who.clone(), Leg::Ringing);
        Ok(())
    }

    /// A partner's daemon tells that a person rings: whatever was known of them, they are not in.
    pub(super) fn ring_anew(&mut self, who: &Address, now: Millis) {
        if self.seat(who).is_some() {
            self.legs.insert(who.clone(), Leg::Ringing);
            self.count(now);
        } else {
            // Doubled, or too late to ring.
            let _ = self.ring(who, now);
        }
    }

    /// A person comes in, changes the device, or shows other things of themselves; also who declined or left before.
    pub fn sit(&mut self, who: &Address, seat: Seat, now: Millis) {
        self.legs.insert(who.clone(), Leg::Joined(seat));
        self.came.insert(who.clone());
        self.count(now);
    }

    /// A person goes, or does not come. Who only rings cannot hang up: they decline.
    ///
    /// # Errors
    /// When they are not in it, or are out for a reason that this one does not change.
    pub fn out(&mut self, who: &Address, why: Why, now: Millis) -> Result<(), Stale> {
        match (self.legs.get(who), why) {
            (Some(Leg::Ringing), Why::Declined | Why::Busy | Why::Missed | Why::Cut | Why::HungUp | Why::Lost) => {}
            (Some(Leg::Joined(_)), Why::HungUp | Why::Lost | Why::Cut) => {}
            // Told by the partner about somebody whom it did not let ring at all.
            (None, Why::Busy | Why::Declined | Why::Missed) => {}
            _ => return Err(Stale),
        }
        self.legs.insert(who.clone(), Leg::Out(why));
        self.count(now);
        Ok(())
    }

    fn count(&mut self, now: Millis) {
        let joined = self.joined().count();
        if joined >= 2 && self.connected_at.is_none() {
            self.connected_at = Some(now);
        }
        self.alone_since = match (joined, self.connected_at) {
            (0, _) => self.alone_since,
            (1, Some(_)) => self.alone_since.or(Some(now)),
            _ => None,
        };
    }

    /// Everybody who is in, with their seats.
    pub fn joined(&self) -> impl Iterator<Item = (&Address, Seat)> {
        self.legs.iter().filter_map(|(who, leg)| Some((who, leg.seat()?)))
    }

    /// Everybody who rings.
    pub fn ringing(&self) -> impl Iterator<Item = &Address> {
        self.legs.iter().filter(|(_, leg)| **leg == Leg::Ringing).map(|(who, _)| who)
    }

    /// The seat of somebody who is in.
    #[must_use]
    pub fn seat(&self, who: &Address) -> Option<Seat> {
        self.legs.get(who)?.seat()
    }

    /// Whether somebody rings or is in.
    #[must_use]
    pub fn concerns(&self, who: &Address) -> bool {
        self.legs.get(who).is_some_and(|leg| !matches!(leg, Leg::Out(_)))
    }

    /// Whether `who` is in by this device.
    #[must_use]
    pub fn is_in_by(&self, who: &Address, device: DeviceId) -> bool {
        self.seat(who).is_some_and(|seat| seat.device == device)
    }

    /// What the call shows of somebody from now on.
    ///
    /// # Errors
    /// When they are not in by this device.
    pub fn show(&mut self, who: &Address, device: DeviceId, shows: Shows) -> Result<(), Stale> {
        let seat = self.seat(who).filter(|seat| seat.device == device).ok_or(Stale)?;
        self.legs.insert(who.clone(), Leg::Joined(Seat { shows, ..seat }));
        Ok(())
    }

    /// Whether the clock was put back since something of it was noted.
    pub(super) fn is_ahead(&self, now: Millis) -> bool {
        [Some(self.started_at), self.connected_at, self.alone_since].into_iter().flatten().any(|at| at > now)
    }

    /// What seems to be still to come happened just now.
    pub(super) fn put_back(&mut self, now: Millis) {
        self.started_at = self.started_at.min(now);
        self.connected_at = self.connected_at.map(|at| at.min(now));
        self.alone_since = self.alone_since.map(|at| at.min(now));
    }

    /// When something of it ends by itself.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        let ring = self.ringing().next().map(|_| self.started_at.plus(limits::RING_MS));
        let alone = self.alone_since.map(|since| since.plus(limits::CALL_ALONE_MS));
        ring.into_iter().chain(alone).min()
    }

    /// How it ended, if it is over.
    #[must_use]
    pub fn outcome(&self, now: Millis) -> Option<Outcome> {
        let waits = self.ringing().next().is_some();
        match self.joined().count() {
            0 => Some(self.verdict()),
            1 if self.connected_at.is_some() && (self.direct || self.is_deserted(now)) => Some(Outcome::Answered),
            1 if self.connected_at.is_none() && !waits && self.was_rung() => Some(self.verdict()),
            _ => None,
        }
    }

    fn is_deserted(&self, now: Millis) -> bool {
        let waits = self.ringing().next().is_some();
        !waits && self.alone_since.is_some_and(|since| now.since(since) >= limits::CALL_ALONE_MS)
    }

    /// Whether anybody beside the starter was rung: until then whoever is rung may still be told.
    fn was_rung(&self) -> bool {
        self.legs.keys().any(|who| *who != self.starter)
    }

    /// Nobody stays in a call that is over: a partner who knows less of it is told so.
    pub(super) fn close(&mut self) {
        let seated = self.legs.values_mut().filter(|leg| leg.seat().is_some());
        seated.for_each(|leg| *leg = Leg::Out(Why::HungUp));
    }

    fn verdict(&self) -> Outcome {
        let others = || self.legs.iter().filter(|(who, _)| **who != self.starter).map(|(_, leg)| *leg);
        if self.connected_at.is_some() {
            return Outcome::Answered;
        }
        if self.seat(&self.starter).is_none() {
            return Outcome::Cancelled;
        }
        match () {
            () if others().any(|leg| leg == Leg::Out(Why::Declined)) => Outcome::Declined,
            () if others().all(|leg| leg == Leg::Out(Why::Busy)) => Outcome::Busy,
            () => Outcome::Missed,
        }
    }

    /// How long people talked until `now`, milliseconds.
    #[must_use]
    pub fn length_ms(&self, now: Millis) -> u64 {
        let until = self.alone_since.unwrap_or(now);
        self.connected_at.map_or(0, |since| until.since(since))
    }
}
