//! Two sides that tell each other of calls: every rule alone, and signals that are lost, doubled and late.

use super::seat;
use crate::{
    core::{
        calls::{Calls, Heard, Plan, Turn, may_tell, rung, told},
        command::{AdminOp, BlockSwitch, UserChange, UserOp},
        signals::Drop,
    },
    crypto::digest::direct_room,
    model::{
        Address, CallId, Code, DeviceId, Reject, RoomId,
        call::{CallSignal, CallWord, Leg, Media, MediaContent, Medium, Outcome, Seat, Shows, Why},
        grant::{Scope, Scopes},
        limits,
    },
    testing::{Org, Pair, fixtures::local},
};
use proptest::prelude::*;

const SDP: &str = "v=0\r\na=fingerprint:sha-256 AB:CD\r\n";

/// alice of acme and bob of globex, who know each other, and the calls of both daemons.
struct Scene {
    pair: Pair,
    room: RoomId,
    calls: [Calls; 2],
    /// What each side has told and the other has not heard yet.
    way: [Vec<CallSignal>; 2],
    /// How calls ended, side by side.
    over: [Vec<Outcome>; 2],
}

fn at(org: Org) -> usize {
    usize::from(org == Org::Globex)
}

impl Scene {
    fn new() -> Self {
        let mut pair = Pair::open();
        for (org, user, other) in [(Org::Acme, "alice", "bob"), (Org::Globex, "bob", "alice")] {
            let other = pair.address(org.other(), other);
            pair.user(org, user, UserOp::AddContact(other)).expect("an add is taken");
            pair.sync();
        }
        let room = direct_room(&pair.address(Org::Acme, "alice"), &pair.address(Org::Globex, "bob"));
        Self { pair, room, calls: Default::default(), way: Default::default(), over: Default::default() }
    }

    fn address(&self, user: &str) -> Address {
        self.pair.address(if user == "bob" { Org::Globex } else { Org::Acme }, user)
    }

    fn act(
        &mut self,
        org: Org,
        act: impl FnOnce(&mut Calls, &crate::core::State, crate::model::Millis) -> Result<Turn, Reject>,
    ) -> Result<Turn, Reject> {
        let state = self.pair.side(org).state.clone();
        let turn = act(&mut self.calls[at(org)], &state, self.pair.now)?;
        self.tell(org, &turn);
        Ok(turn)
    }

    fn tell(&mut self, org: Org, turn: &Turn) {
        let state = self.pair.side(org).state.clone();
        let (now, peer) = (self.pair.now, org.other().domain());
        let ring = turn.before.is_none().then(|| rung(&state, &turn.call, now)).flatten();
        let words = ring.into_iter().chain(told(&state, &turn.call, turn.changed()));
        self.way[at(org)].extend(words.filter(|word| may_tell(&state, &peer, word, now)));
        self.over[at(org)].extend(turn.over);
    }

    fn start(&mut self, org: Org, id: u8) -> Result<Turn, Reject> {
        let room = self.room;
        let user = if org == Org::Acme { "alice" } else { "bob" };
        let plan = Plan { id: CallId([id; 16]), room, medium: Medium::Video, seat: seat(id), invited: None };
        self.act(org, |calls, state, now| calls.start(state, &local(user), plan, now))
    }

    fn join(&mut self, id: u8, device: u8) -> Result<Turn, Reject> {
        self.act(Org::Globex, |calls, state, now| calls.join(state, &local("bob"), CallId([id; 16]), seat(device), now))
    }

    /// Both hear what the other told.
    fn sync(&mut self) {
        while self.way.iter().any(|way| !way.is_empty()) {
            for org in [Org::Acme, Org::Globex] {
                for signal in std::mem::take(&mut self.way[at(org)]) {
                    self.hear(org.other(), signal).expect("an honest signal is taken");
                }
            }
        }
    }

    fn hear(&mut self, org: Org, signal: CallSignal) -> Result<(), Drop> {
        let state = self.pair.side(org).state.clone();
        let heard = self.calls[at(org)].hear(&state, &org.other().domain(), signal, self.pair.now)?;
        if let Heard::Turns(turns) = heard {
            turns.iter().for_each(|turn| self.tell(org, turn));
        }
        Ok(())
    }

    fn review(&mut self, org: Org) {
        let state = self.pair.side(org).state.clone();
        let turns = self.calls[at(org)].review(&state, self.pair.now);
        turns.iter().for_each(|turn| self.tell(org, turn));
    }

    /// Both look at the time, and hear what the other told of it.
    fn settle(&mut self) {
        for org in [Org::Acme, Org::Globex, Org::Acme] {
            self.review(org);
            let ways = std::mem::take(&mut self.way);
            for (from, signals) in [Org::Acme, Org::Globex].into_iter().zip(ways) {
                for signal in signals {
                    let _ = self.hear(from.other(), signal);
                }
            }
        }
    }

    fn leg(&self, org: Org, id: u8, user: &str) -> Option<Leg> {
        self.calls[at(org)].of(CallId([id; 16]))?.legs.get(&self.address(user)).copied()
    }

    fn connected() -> Self {
        let mut scene = Self::new();
        scene.start(Org::Acme, 1).expect("alice may call");
        scene.sync();
        scene.join(1, 9).expect("bob may answer");
        scene.sync();
        scene
    }

    fn media(&self, from: u8, to: u8) -> Media {
        let content = MediaContent::Offer(SDP.parse().expect("an SDP"));
        Media { device: DeviceId([from; 16]), to: self.address("bob"), to_device: DeviceId([to; 16]), content }
    }

    fn pass(&mut self, media: &Media) -> Result<RoomId, Reject> {
        let state = self.pair.side(Org::Acme).state.clone();
        self.calls[0].pass(&state, &local("alice"), (CallId([1; 16]), media), self.pair.now)
    }
}

#[test]
fn p25_ringing_answering_and_hanging_up_are_the_same_on_both_sides() {
    let mut scene = Scene::connected();
    for org in [Org::Acme, Org::Globex] {
        assert!(matches!(scene.leg(org, 1, "alice"), Some(Leg::Joined(_))), "{org:?}");
        assert_eq!(scene.leg(org, 1, "bob"), Some(Leg::Joined(seat(9))));
    }
    scene.pair.now = scene.pair.now.plus(5_000);
    let hung_up = |calls: &mut Calls, state: &crate::core::State, now| {
        calls.leave(state, &local("bob"), (CallId([1; 16]), DeviceId([9; 16])), now)
    };
    scene.act(Org::Globex, hung_up).expect("bob is in");
    let [_, from_bob] = std::mem::take(&mut scene.way);
    scene.hear(Org::Acme, from_bob[0].clone()).expect("an honest signal");
    assert_eq!(scene.over, [[Outcome::Answered], [Outcome::Answered]]);
    assert_eq!((scene.calls[0].all().count(), scene.calls[1].all().count()), (0, 0));
}

#[test]
fn p25_one_device_answers_and_the_others_are_told() {
    let mut scene = Scene::connected();
    assert_eq!(scene.join(1, 8).expect_err("another device").code, Code::Conflict);
    assert!(!scene.join(1, 9).expect("the same one, after a reload").is_news());
    let other_device = scene.act(Org::Globex, |calls, state, now| {
        calls.leave(state, &local("bob"), (CallId([1; 16]), DeviceId([8; 16])), now)
    });
    assert_eq!(other_device.expect_err("it is not in").code, Code::NotFound);
    assert_eq!(scene.start(Org::Acme, 2).expect_err("there is one").code, Code::Conflict);
}

#[test]
fn p25_a_call_that_nobody_answers_is_missed_on_both_sides() {
    let mut scene = Scene::new();
    scene.start(Org::Acme, 1).expect("alice may call");
    scene.sync();
    assert_eq!(scene.leg(Org::Globex, 1, "bob"), Some(Leg::Ringing));
    ring_out(scene);
}

/// Found by the simulation: it rang on for the hours that the clock had lost.
#[test]
fn p25_a_call_does_not_ring_on_when_the_clock_is_put_back() {
    let mut scene = Scene::new();
    let before = scene.pair.now;
    scene.pair.now = before.plus(6 * 3_600_000);
    scene.start(Org::Acme, 1).expect("alice may call");
    scene.sync();
    scene.pair.now = before;
    scene.review(Org::Acme);
    scene.review(Org::Globex);
    assert_eq!(scene.leg(Org::Globex, 1, "bob"), Some(Leg::Ringing));
    ring_out(scene);
}

/// Nobody comes for as long as it rings.
fn ring_out(mut scene: Scene) {
    for _ in 0..2 {
        scene.pair.now = scene.pair.now.plus(limits::RING_MS / 2);
        let there = |calls: &mut Calls, state: &crate::core::State, now| {
            calls.show(state, &local("alice"), (CallId([1; 16]), DeviceId([1; 16])), Shows::default(), now)
        };
        scene.act(Org::Acme, there).expect("alice's device is there");
    }
    scene.pair.now = scene.pair.now.plus(1);
    scene.review(Org::Acme);
    scene.review(Org::Globex);
    assert_eq!(scene.over, [[Outcome::Missed], [Outcome::Missed]]);
}

#[test]
fn p25_two_who_call_each_other_at_once_are_in_one_call() {
    let mut scene = Scene::new();
    scene.start(Org::Acme, 2).expect("alice may call");
    scene.start(Org::Globex, 1).expect("bob may call");
    let [from_alice, from_bob] = std::mem::take(&mut scene.way);
    for signal in from_bob {
        scene.hear(Org::Acme, signal).expect("the lower id goes on");
    }
    for signal in from_alice {
        assert_eq!(scene.hear(Org::Globex, signal), Err(Drop::Stale));
    }
    for org in [Org::Acme, Org::Globex] {
        assert_eq!(scene.leg(org, 1, "alice"), Some(Leg::Ringing), "{org:?}");
        assert!(matches!(scene.leg(org, 1, "bob"), Some(Leg::Joined(_))));
        assert_eq!(scene.calls[at(org)].all().count(), 1);
    }
}

#[test]
fn p10_a_blocked_caller_rings_nobody_and_is_not_told() {
    let mut scene = Scene::new();
    let alice = scene.address("alice");
    scene.pair.user(Org::Globex, "bob", UserOp::Block(alice, BlockSwitch::On)).expect("a block is taken");
    scene.start(Org::Acme, 1).expect("alice does not know");
    for signal in std::mem::take(&mut scene.way[0]) {
        assert!(matches!(scene.hear(Org::Globex, signal), Err(Drop::Blocked | Drop::Stale)));
    }
    assert_eq!(scene.calls[1].all().count(), 0);
    assert_eq!(scene.leg(Org::Acme, 1, "bob"), Some(Leg::Ringing), "until it is missed");
    assert_eq!(scene.start(Org::Globex, 2).expect_err("bob blocks alice").code, Code::Blocked);
}

#[test]
fn p26_p15_whoever_loses_the_right_is_cut_on_both_sides() {
    type Loss = fn(&mut Pair);
    let losses: [(&str, Loss); 4] = [
        ("revocation by acme", |pair| pair.revoke(Org::Acme)),
        ("revocation by globex", |pair| pair.revoke(Org::Globex)),
        ("a scope", |pair| {
            let scopes: Scopes = [Scope::Contacts, Scope::Messages].into_iter().collect();
            pair.grant(Org::Globex, scopes);
        }),
        ("permission", |pair| {
            let change = UserChange { external: Some(false), ..UserChange::default() };
            pair.admin(Org::Globex, AdminOp::ChangeUser { local: local("bob"), change }).expect("an admin may");
        }),
    ];
    for (what, lose) in losses {
        let mut scene = Scene::connected();
        lose(&mut scene.pair);
        scene.pair.sync();
        scene.review(Org::Acme);
        scene.review(Org::Globex);
        for org in [Org::Acme, Org::Globex] {
            assert_eq!(scene.calls[at(org)].all().count(), 0, "{what} at {org:?}");
        }
        assert!(scene.start(Org::Acme, 3).is_err(), "{what}");
    }
}

#[test]
fn w14_nobody_speaks_for_others_or_in_calls_that_are_not_theirs() {
    let mut scene = Scene::connected();
    let (call, room, alice, bob) = (CallId([1; 16]), scene.room, scene.address("alice"), scene.address("bob"));
    let out = CallWord::Leg(Leg::Out(Why::HungUp));
    let cases = [
        (CallSignal { room, user: alice.clone(), call, word: out.clone() }, Drop::Forged),
        (CallSignal { room: RoomId([9; 16]), user: bob.clone(), call, word: out }, Drop::Forged),
        (CallSignal { room, user: bob.clone(), call: CallId([7; 16]), word: CallWord::Leg(Leg::Ringing) }, Drop::Stale),
        (CallSignal { room, user: bob.clone(), call, word: CallWord::Media(scene.media(9, 1)) }, Drop::Forged),
    ];
    for (signal, reason) in cases {
        assert_eq!(scene.hear(Org::Acme, signal.clone()), Err(reason), "{signal:?}");
    }
    let to_alice = |device: u8, to: u8| {
        let media = Media { to: alice.clone(), ..scene.media(device, to) };
        CallSignal { room, user: bob.clone(), call, word: CallWord::Media(media) }
    };
    let (good, wrong, other) = (to_alice(9, 1), to_alice(8, 1), to_alice(9, 2));
    assert_eq!(scene.hear(Org::Acme, wrong), Err(Drop::Stale), "from a device that is not in");
    assert_eq!(scene.hear(Org::Acme, other), Err(Drop::Stale), "to a device that is not in");
    for _ in 0..limits::CALL_SIGNALS_PER_SECOND_MAX {
        assert_eq!(scene.hear(Org::Acme, good.clone()), Ok(()));
    }
    assert_eq!(scene.hear(Org::Acme, good), Err(Drop::Flood));
    assert_eq!(scene.calls[0].all().count(), 1, "nothing of it changed the call");
}

#[test]
fn p25_an_org_that_relays_only_lets_no_address_out() {
    let mut scene = Scene::connected();
    let host = format!("{SDP}a=candidate:1 1 udp 1 192.0.2.7 9 typ host\r\n");
    let (plain, media) = (scene.media(1, 9), scene.media(1, 9));
    let telling = Media { content: MediaContent::Offer(host.parse().expect("an SDP")), ..media };
    assert!(scene.pass(&telling).is_ok());
    let mut policy = scene.pair.side(Org::Acme).state.policy;
    policy.relay_only = true;
    scene.pair.admin(Org::Acme, AdminOp::SetPolicy(policy)).expect("an admin may");
    assert_eq!(scene.pass(&telling).expect_err("it names an address").code, Code::Forbidden);
    assert!(scene.pass(&plain).is_ok());
    assert_eq!(scene.pass(&scene.media(2, 9)).expect_err("not this device").code, Code::NotFound);
}

#[test]
fn p25_after_a_new_session_what_is_not_told_again_is_over() {
    let mut scene = Scene::connected();
    scene.calls[0].renewed(&Org::Globex.domain(), scene.pair.now);
    let state = scene.pair.side(Org::Globex).state.clone();
    for signal in scene.calls[1].snapshot(&state, &Org::Acme.domain(), scene.pair.now) {
        scene.hear(Org::Acme, signal).expect("an honest signal");
    }
    scene.pair.now = scene.pair.now.plus(limits::CALL_UNSURE_MS);
    scene.review(Org::Acme);
    assert_eq!(scene.calls[0].all().count(), 1, "it was told again");
    scene.calls[0].renewed(&Org::Globex.domain(), scene.pair.now);
    scene.pair.now = scene.pair.now.plus(limits::CALL_UNSURE_MS);
    scene.review(Org::Acme);
    assert_eq!(scene.over[0], [Outcome::Answered]);
}

#[test]
fn p25_who_is_in_a_call_is_busy_and_starts_are_limited() {
    let mut scene = Scene::new();
    for n in 0..limits::CALL_STARTS_PER_MINUTE_MAX {
        let id = u8::try_from(n + 1).expect("few");
        scene.start(Org::Acme, id).expect("within the limit");
        let give_up = |calls: &mut Calls, state: &crate::core::State, now| {
            calls.leave(state, &local("alice"), (CallId([id; 16]), DeviceId([id; 16])), now)
        };
        scene.act(Org::Acme, give_up).expect("alice is in");
    }
    assert_eq!(scene.start(Org::Acme, 99).expect_err("too many").code, Code::RateLimited);
    scene.pair.now = scene.pair.now.plus(60_000);
    scene.start(Org::Acme, 99).expect("a minute later");
    assert!(scene.over[0].iter().all(|over| *over == Outcome::Cancelled));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Signals are lost, doubled and late; when the sessions begin anew and time passes, both sides agree again, and no
    /// call outlives everybody.
    #[test]
    fn p25_sides_agree_again_however_badly_signals_cross(steps in prop::collection::vec((0_u8..9, 0_u8..6), 1..40)) {
        let mut scene = Scene::new();
        let mut late: Vec<(Org, CallSignal)> = Vec::new();
        for (step, luck) in steps {
            let org = if step % 2 == 0 { Org::Acme } else { Org::Globex };
            let user = if org == Org::Acme { "alice" } else { "bob" };
            let id = scene.calls[at(org)].all().next().map(|call| call.id);
            let _ = match (step, id) {
                (0 | 1, _) => scene.start(org, 2 * luck + 1 + step).map(drop),
                (2 | 3, Some(id)) => {
                    let plan = Seat { device: DeviceId([luck; 16]), shows: Shows::default() };
                    scene.act(org, |calls, state, now| calls.join(state, &local(user), id, plan, now)).map(drop)
                }
                (4 | 5, Some(id)) => scene.act(org, |calls, state, now| calls.decline(state, &local(user), id, now)).map(drop),
                (6 | 7, Some(id)) => {
                    let me = scene.address(user);
                    let device = scene.calls[at(org)].of(id).and_then(|call| call.seat(&me)).map(|seat| seat.device);
                    match device {
                        Some(device) => scene.act(org, |calls, state, now| calls.leave(state, &local(user), (id, device), now)).map(drop),
                        None => Ok(()),
                    }
                }
                _ => { scene.pair.now = scene.pair.now.plus(7_000); Ok(()) }
            };
            for from in [Org::Acme, Org::Globex] {
                for signal in std::mem::take(&mut scene.way[at(from)]) {
                    match luck {
                        0 => {}
                        1 => late.push((from.other(), signal)),
                        2 => { let _ = scene.hear(from.other(), signal.clone()); let _ = scene.hear(from.other(), signal); }
                        _ => { let _ = scene.hear(from.other(), signal); }
                    }
                }
            }
            if luck == 5 {
                for (to, signal) in std::mem::take(&mut late).into_iter().rev() {
                    let _ = scene.hear(to, signal);
                }
            }
        }
        // Both begin new sessions.
        for from in [Org::Acme, Org::Globex] {
            let now = scene.pair.now;
            scene.calls[at(from.other())].renewed(&from.domain(), now);
            let state = scene.pair.side(from).state.clone();
            for signal in scene.calls[at(from)].snapshot(&state, &from.other().domain(), now) {
                let _ = scene.hear(from.other(), signal);
            }
        }
        scene.way = Default::default();
        scene.pair.now = scene.pair.now.plus(limits::CALL_UNSURE_MS);
        scene.settle();
        let standing = |side: usize| -> Vec<CallId> {
            let two = scene.calls[side].all().filter(|call| call.joined().count() == 2);
            two.map(|call| call.id).collect()
        };
        prop_assert_eq!(standing(0), standing(1));
        // No device is heard of: nothing goes on.
        scene.pair.now = scene.pair.now.plus(limits::RING_MS.max(limits::CALL_SILENCE_MS));
        scene.settle();
        prop_assert_eq!((scene.calls[0].all().count(), scene.calls[1].all().count()), (0, 0));
    }
}
