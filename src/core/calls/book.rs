//! All calls of the daemon: what people and peers may do with them, one turn at a time.

use super::{
    call::Call,
    going::Going,
    rules::{self, check_calls, may_be_in},
};
use crate::{
    core::state::{Room, State},
    model::{
        Address, CallId, Code, DeviceId, Domain, LocalPart, Millis, Reject, RoomId,
        call::{Leg, Media, Medium, Outcome, Seat, Shows, Why},
        limits,
    },
};
use std::collections::{BTreeMap, HashMap, VecDeque};

/// All calls that are going on.
#[derive(Debug, Default)]
pub struct Calls {
    pub(super) going: BTreeMap<CallId, Going>,
    /// When our people started calls lately.
    starts: HashMap<LocalPart, VecDeque<Millis>>,
}

/// What somebody wants to start.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The id of the call, from the randomness seam.
    pub id: CallId,
    /// Where.
    pub room: RoomId,
    /// By voice or by video.
    pub medium: Medium,
    /// How they are in it themselves.
    pub seat: Seat,
    /// Whom to ring; none for everybody else in the room.
    pub invited: Option<Vec<Address>>,
}

/// A call before and after something happened to it.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Before; none when it has just begun.
    pub before: Option<Call>,
    /// After.
    pub call: Call,
    /// How it ended, if it is over now.
    pub over: Option<Outcome>,
}

impl Turn {
    /// Whose standing changed, with what it is now.
    pub fn changed(&self) -> impl Iterator<Item = (&Address, Leg)> {
        let before = |who: &Address| self.before.as_ref().and_then(|call| call.legs.get(who));
        self.call.legs.iter().filter(move |(who, leg)| before(who) != Some(*leg)).map(|(who, leg)| (who, *leg))
    }

    /// Whether anything is to be told or shown.
    #[must_use]
    pub fn is_news(&self) -> bool {
        self.over.is_some() || self.changed().next().is_some()
    }
}

/// What became of a signal of a peer.
#[derive(Debug)]
pub enum Heard {
    /// A call changed, or more than one: a new one can end another.
    Turns(Vec<Turn>),
    /// Something for the device of one of our people.
    Media(Address, Media),
}

impl Calls {
    /// A call that is going on.
    #[must_use]
    pub fn of(&self, id: CallId) -> Option<&Call> {
        self.going.get(&id).map(|going| &going.call)
    }

    /// All calls.
    pub fn all(&self) -> impl Iterator<Item = &Call> {
        self.going.values().map(|going| &going.call)
    }

    /// The call of a room.
    #[must_use]
    pub fn in_room(&self, room: RoomId) -> Option<&Call> {
        self.all().find(|call| call.room == room)
    }

    /// The call that somebody is in.
    #[must_use]
    pub fn with(&self, who: &Address) -> Option<&Call> {
        self.all().find(|call| call.seat(who).is_some())
    }

    /// When something ends by itself.
    #[must_use]
    pub fn deadline(&self) -> Option<Millis> {
        self.going.values().filter_map(Going::deadline).min()
    }

    pub(super) fn turn(&mut self, id: CallId, now: Millis, change: impl FnOnce(&mut Going)) -> Option<Turn> {
        let going = self.going.get_mut(&id)?;
        let before = going.call.clone();
        change(going);
        Some(self.settle(id, Some(before), now))
    }

    /// Ends the call if it is over.
    pub(super) fn settle(&mut self, id: CallId, before: Option<Call>, now: Millis) -> Turn {
        let mut call = self.going[&id].call.clone();
        let over = call.outcome(now);
        if over.is_some() {
            self.going.remove(&id);
            call.close();
        }
        Turn { before, call, over }
    }
}

/// What our own people do.
impl Calls {
    /// Starts a call and rings.
    ///
    /// # Errors
    /// The first condition that fails; `CONFLICT` when there is a call in the room, or one is in another.
    pub fn start(&mut self, state: &State, user: &LocalPart, plan: Plan, now: Millis) -> Result<Turn, Reject> {
        let (room, peer) = check_calls(state, user, plan.room, now)?;
        let starter = state.address(user);
        if self.in_room(plan.room).is_some() {
            return Err(Reject::new(Code::Conflict, "there is a call in this room already; join it"));
        }
        self.check_free(&starter)?;
        self.check_places(state, peer.as_ref())?;
        let invited = whom_to_ring(room, &starter, plan.invited)?;
        self.count_start(user, now)?;
        let mut call = Call::new((plan.id, plan.room), starter.clone(), plan.medium, now);
        call.sit(&starter, plan.seat, now);
        for who in &invited {
            let rung = call.ring(who, now);
            if rung.is_ok() && state.is_ours(who) {
                self.answer_at_once(state, &mut call, who, now);
            }
        }
        let mut going = Going::new(call);
        going.heard.insert(starter, now);
        self.going.insert(plan.id, going);
        Ok(self.settle(plan.id, None, now))
    }

    /// Comes in, by one device; the same again only renews it.
    ///
    /// # Errors
    /// `NOT_FOUND`; why one may not call; `CONFLICT` when one is in by another device, or in another call; `TOO_LARGE`.
    pub fn join(
        &mut self,
        state: &State,
        user: &LocalPart,
        id: CallId,
        seat: Seat,
        now: Millis,
    ) -> Result<Turn, Reject> {
        let who = state.address(user);
        let call = self.seen(state, &who, id)?;
        check_calls(state, user, call.room, now)?;
        match call.seat(&who) {
            Some(present) if present.device != seat.device => {
                return Err(Reject::new(Code::Conflict, "this call was answered on another device"));
            }
            None if call.joined().count() >= limits::CALL_PEOPLE_MAX => {
                let detail = format!("a call takes at most {} people", limits::CALL_PEOPLE_MAX);
                return Err(Reject::limit(Code::TooLarge, "call_people", detail));
            }
            None => self.check_free(&who)?,
            Some(_) => {}
        }
        let turn = self.turn(id, now, |going| {
            going.call.sit(&who, seat, now);
            going.heard.insert(who, now);
        });
        turn.ok_or_else(unknown)
    }

    /// Says no to a call that rings.
    ///
    /// # Errors
    /// `NOT_FOUND`, also when it does not ring any more.
    pub fn decline(&mut self, state: &State, user: &LocalPart, id: CallId, now: Millis) -> Result<Turn, Reject> {
        let who = state.address(user);
        let rings = self.of(id).and_then(|call| call.legs.get(&who)) == Some(&Leg::Ringing);
        if rings { self.put_out(id, &who, Why::Declined, now) } else { Err(unknown()) }
    }

    /// Hangs up. Who started a call and nobody came gives it up.
    ///
    /// # Errors
    /// `NOT_FOUND` when one is not in it by this device.
    pub fn leave(
        &mut self,
        state: &State,
        user: &LocalPart,
        (id, device): (CallId, DeviceId),
        now: Millis,
    ) -> Result<Turn, Reject> {
        let who = state.address(user);
        let is_in = self.of(id).is_some_and(|call| call.is_in_by(&who, device));
        if is_in { self.put_out(id, &who, Why::HungUp, now) } else { Err(unknown()) }
    }

    /// Says what one shows; also the sign that the device is there.
    ///
    /// # Errors
    /// `NOT_FOUND` when one is not in it by this device.
    pub fn show(
        &mut self,
        state: &State,
        user: &LocalPart,
        (id, device): (CallId, DeviceId),
        shows: Shows,
        now: Millis,
    ) -> Result<Turn, Reject> {
        let who = state.address(user);
        let is_in = self.of(id).is_some_and(|call| call.is_in_by(&who, device));
        let turn = self.turn(id, now, |going| {
            let _ = going.call.show(&who, device, shows);
            going.heard.insert(who, now);
        });
        turn.filter(|_| is_in).ok_or_else(unknown)
    }

    /// Whether something of one's browser may be passed on to another's. Counts it.
    ///
    /// # Errors
    /// `NOT_FOUND` when not both are in it by these devices; why one may not call; `FORBIDDEN` when it names an address
    /// and the org lets only relays be used; `RATE_LIMITED`.
    pub fn pass(
        &mut self,
        state: &State,
        user: &LocalPart,
        (id, media): (CallId, &Media),
        now: Millis,
    ) -> Result<RoomId, Reject> {
        let who = state.address(user);
        let call = self.of(id).filter(|call| call.is_in_by(&who, media.device)).ok_or_else(unknown)?;
        let room = call.room;
        check_calls(state, user, room, now)?;
        if !call.is_in_by(&media.to, media.to_device) {
            return Err(Reject::new(Code::NotFound, "the other is not in this call by that device"));
        }
        if state.policy.relay_only && media.content.shows_address() {
            let detail = "your organization connects calls through its relay only; set iceTransportPolicy to `relay`";
            return Err(Reject::new(Code::Forbidden, detail));
        }
        let going = self.going.get_mut(&id).ok_or_else(unknown)?;
        going.heard.insert(who.clone(), now);
        match going.passes(&who, now) {
            true => Ok(room),
            false => {
                let detail = format!("at most {} a second", limits::CALL_SIGNALS_PER_SECOND_MAX);
                Err(Reject::limit(Code::RateLimited, "call_signals", detail))
            }
        }
    }

    /// The call, if the user is in it, is rung by it, or is a member of its room.
    fn seen(&self, state: &State, who: &Address, id: CallId) -> Result<&Call, Reject> {
        let member = |call: &&Call| state.rooms.get(&call.room).is_some_and(|room| room.members.contains_key(who));
        self.of(id).filter(member).ok_or_else(unknown)
    }

    fn put_out(&mut self, id: CallId, who: &Address, why: Why, now: Millis) -> Result<Turn, Reject> {
        self.turn(id, now, |going| going.out(who, why, now)).ok_or_else(unknown)
    }

    fn check_free(&self, who: &Address) -> Result<(), Reject> {
        let calls = self.all().filter(|call| call.seat(who).is_some()).count();
        if calls >= limits::CALLS_PER_USER_MAX {
            return Err(Reject::limit(Code::Conflict, "calls_per_user", "you are in a call; hang up first"));
        }
        Ok(())
    }

    pub(super) fn check_places(&self, state: &State, peer: Option<&Domain>) -> Result<(), Reject> {
        let shared = |call: &&Call| peer.is_some() && rules::peer_of(state, call.room).as_ref() == peer;
        let limit = match () {
            () if self.going.len() >= limits::CALLS_MAX => "calls",
            () if self.all().filter(shared).count() >= limits::CALLS_PER_LINK_MAX => "calls_per_link",
            () => return Ok(()),
        };
        let detail = "there are as many calls as there can be; try again later";
        Err(Reject::limit(Code::Overloaded, limit, detail))
    }

    fn count_start(&mut self, user: &LocalPart, now: Millis) -> Result<(), Reject> {
        let recent = |at: &Millis| *at <= now && now.since(*at) < 60_000;
        self.starts.retain(|_, starts| starts.back().is_some_and(recent));
        let starts = self.starts.entry(user.clone()).or_default();
        starts.retain(recent);
        if starts.len() >= limits::CALL_STARTS_PER_MINUTE_MAX {
            let detail = format!("at most {} calls a minute", limits::CALL_STARTS_PER_MINUTE_MAX);
            return Err(Reject::limit(Code::RateLimited, "call_starts", detail));
        }
        starts.push_back(now);
        Ok(())
    }

    /// Somebody of ours who is rung is in another call, or may not be called.
    pub(super) fn answer_at_once(&self, state: &State, call: &mut Call, who: &Address, now: Millis) {
        let why = match () {
            () if !may_be_in(state, call.room, who, now) => Why::Missed,
            () if self.with(who).is_some() => Why::Busy,
            () => return,
        };
        let _ = call.out(who, why, now);
    }
}

/// Whom a call rings: members, each once, and not more than there is room for.
fn whom_to_ring(room: &Room, starter: &Address, invited: Option<Vec<Address>>) -> Result<Vec<Address>, Reject> {
    let others = || room.members.keys().filter(|who| *who != starter);
    let max = limits::CALL_PEOPLE_MAX - 1;
    let Some(mut invited) = invited else {
        let all: Vec<Address> = others().take(limits::CALL_PEOPLE_MAX).cloned().collect();
        return match all.len() {
            0 => Err(Reject::new(Code::Conflict, "there is nobody else in this room")),
            n if n > max => Err(Reject::field("invited", format!("must name whom to ring, at most {max}"))),
            _ => Ok(all),
        };
    };
    invited.sort();
    invited.dedup();
    if !(1..=max).contains(&invited.len()) || !invited.iter().all(|who| others().any(|member| member == who)) {
        return Err(Reject::field("invited", format!("must name 1 to {max} other members of this room")));
    }
    Ok(invited)
}

fn unknown() -> Reject {
    Reject::new(Code::NotFound, "there is no such call, or it is over, or you are not in it")
}
