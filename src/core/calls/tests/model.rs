//! A call against a naive one: a list of everything that was done, read from the beginning each time it is asked.

use super::{Call, seat, who};
use crate::model::{
    CallId, Millis, RoomId,
    call::{Leg, Medium, Outcome, Why},
    limits::{CALL_ALONE_MS, RING_MS},
};
use proptest::prelude::*;

const PEOPLE: [&str; 4] = ["alice", "carol", "bob", "bea"];

#[derive(Clone, Copy, Debug)]
enum Deed {
    Rings(usize),
    Joins(usize),
    Goes(usize, Why),
    Waits(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let why = prop_oneof![
        Just(Why::HungUp),
        Just(Why::Declined),
        Just(Why::Busy),
        Just(Why::Missed),
        Just(Why::Lost),
        Just(Why::Cut)
    ];
    prop_oneof![
        3 => (0_usize..4).prop_map(Deed::Rings),
        3 => (0_usize..4).prop_map(Deed::Joins),
        4 => (0_usize..4, why).prop_map(|(who, why)| Deed::Goes(who, why)),
        2 => prop_oneof![Just(1), Just(9_000), Just(RING_MS), Just(CALL_ALONE_MS)].prop_map(Deed::Waits),
    ]
}

/// Where somebody stands, by the list alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Unknown,
    Rings,
    In,
    Out(Why),
}

/// Everything that follows from a list of deeds.
struct Naive {
    stands: [Stand; 4],
    connected_at: Option<u64>,
    alone_since: Option<u64>,
    now: u64,
}

impl Naive {
    fn read(deeds: &[Deed]) -> Self {
        let stands = [Stand::In, Stand::Unknown, Stand::Unknown, Stand::Unknown];
        let mut it = Self { stands, connected_at: None, alone_since: None, now: 0 };
        deeds.iter().for_each(|deed| it.step(*deed));
        it
    }

    fn step(&mut self, deed: Deed) {
        match deed {
            Deed::Waits(ms) => self.now += ms,
            Deed::Rings(at) if self.stands[at] == Stand::Unknown && self.now < RING_MS => {
                self.stands[at] = Stand::Rings
            }
            Deed::Joins(at) => self.stands[at] = Stand::In,
            Deed::Goes(at, why) => {
                let fits = match self.stands[at] {
                    Stand::Unknown => matches!(why, Why::Busy | Why::Declined | Why::Missed),
                    Stand::Rings => true,
                    Stand::In => matches!(why, Why::HungUp | Why::Lost | Why::Cut),
                    Stand::Out(_) => false,
                };
                if fits {
                    self.stands[at] = Stand::Out(why);
                }
            }
            Deed::Rings(_) => {}
        }
        match self.inside() {
            0 => {}
            1 if self.connected_at.is_some() => self.alone_since = self.alone_since.or(Some(self.now)),
            1 => {}
            _ => {
                self.connected_at = self.connected_at.or(Some(self.now));
                self.alone_since = None;
            }
        }
    }

    fn inside(&self) -> usize {
        self.stands.iter().filter(|stand| **stand == Stand::In).count()
    }

    fn outcome(&self, direct: bool) -> Option<Outcome> {
        let others = &self.stands[1..];
        let rung = others.iter().any(|it| *it != Stand::Unknown);
        let waits = self.stands.contains(&Stand::Rings);
        let deserted = !waits && self.alone_since.is_some_and(|since| self.now - since >= CALL_ALONE_MS);
        let is_over = match (self.inside(), self.connected_at) {
            (0, _) => true,
            (1, Some(_)) => direct || deserted,
            (1, None) => !waits && rung,
            _ => false,
        };
        let unanswered = || match () {
            () if self.stands[0] != Stand::In => Outcome::Cancelled,
            () if others.contains(&Stand::Out(Why::Declined)) => Outcome::Declined,
            () if others.iter().all(|it| matches!(it, Stand::Unknown | Stand::Out(Why::Busy))) => Outcome::Busy,
            () => Outcome::Missed,
        };
        is_over.then(|| if self.connected_at.is_some() { Outcome::Answered } else { unanswered() })
    }
}

fn stand_of(call: &Call, at: usize) -> Stand {
    match call.legs.get(&who(PEOPLE[at])) {
        None => Stand::Unknown,
        Some(Leg::Ringing) => Stand::Rings,
        Some(Leg::Joined(_)) => Stand::In,
        Some(Leg::Out(why)) => Stand::Out(*why),
    }
}

proptest! {
    #[test]
    fn p25_a_call_is_what_was_done_in_it(deeds in prop::collection::vec(deed(), 0..30), direct in any::<bool>()) {
        const T0: u64 = 1_000_000;
        let room = if direct { RoomId::direct([7; 16]) } else { RoomId::group([7; 16]) };
        let mut call = Call::new((CallId([1; 16]), room), who("alice"), Medium::Voice, Millis(T0));
        call.sit(&who("alice"), seat(1), Millis(T0));
        let mut now = Millis(T0);
        for (n, deed) in deeds.iter().enumerate() {
            let before = call.clone();
            let told = match *deed {
                Deed::Rings(at) => call.ring(&who(PEOPLE[at]), now),
                Deed::Joins(at) => { call.sit(&who(PEOPLE[at]), seat(2), now); Ok(()) }
                Deed::Goes(at, why) => call.out(&who(PEOPLE[at]), why, now),
                Deed::Waits(ms) => { now = now.plus(ms); Ok(()) }
            };
            if told.is_err() {
                prop_assert_eq!(&before, &call, "what is stale changes nothing");
            }
            let naive = Naive::read(&deeds[..=n]);
            for (at, name) in PEOPLE.iter().enumerate() {
                prop_assert_eq!(stand_of(&call, at), naive.stands[at], "{} after {:?}", name, &deeds[..=n]);
            }
            prop_assert_eq!(call.outcome(now), naive.outcome(direct), "after {:?}", &deeds[..=n]);
            prop_assert!(call.length_ms(now) <= now.since(Millis(T0)));
        }
    }
}
