//! What a call goes through, step by step in a table; and two daemons that tell each other, also badly (P25, P10, P15, P26).

mod model;
mod pair;

use super::Call;
use crate::{
    model::{
        Address, CallId, DeviceId, Millis, RoomId,
        call::{Leg, Medium, Outcome, Seat, Shows, Why},
        limits::{CALL_ALONE_MS, RING_MS},
    },
    testing::fixtures::address,
};

fn who(name: &str) -> Address {
    match name {
        "bob" | "bea" => address(&format!("{name}@globex.example")),
        _ => address(&format!("{name}@acme.example")),
    }
}

fn seat(device: u8) -> Seat {
    Seat { device: DeviceId([device; 16]), shows: Shows::default() }
}

/// What happens in a call, with the seconds that pass before.
#[derive(Clone, Copy, Debug)]
enum Step {
    Rings(&'static str),
    Joins(&'static str),
    Goes(&'static str, Why),
    Waits(u64),
}
use Step::{Goes, Joins, Rings, Waits};

const T0: Millis = Millis(1_000_000);

fn play(direct: bool, steps: &[Step]) -> (Call, Millis, usize) {
    let room = if direct { RoomId::direct([7; 16]) } else { RoomId::group([7; 16]) };
    let mut call = Call::new((CallId([1; 16]), room), who("alice"), Medium::Voice, T0);
    call.sit(&who("alice"), seat(1), T0);
    let (mut now, mut stale) = (T0, 0);
    for step in steps {
        let result = match *step {
            Rings(name) => call.ring(&who(name), now),
            Joins(name) => {
                call.sit(&who(name), seat(2), now);
                Ok(())
            }
            Goes(name, why) => call.out(&who(name), why, now),
            Waits(ms) => {
                now = now.plus(ms);
                Ok(())
            }
        };
        stale += usize::from(result.is_err());
    }
    (call, now, stale)
}

#[test]
fn p25_how_a_direct_call_ends() {
    use Outcome::{Answered, Busy, Cancelled, Declined, Missed};
    let table: &[(&[Step], Option<Outcome>, u64)] = &[
        (&[], None, 0),
        (&[Rings("bob")], None, 0),
        (&[Rings("bob"), Goes("bob", Why::Declined)], Some(Declined), 0),
        (&[Rings("bob"), Goes("bob", Why::Busy)], Some(Busy), 0),
        (&[Rings("bob"), Waits(RING_MS), Goes("bob", Why::Missed)], Some(Missed), 0),
        (&[Rings("bob"), Goes("bob", Why::Cut)], Some(Missed), 0),
        (&[Rings("bob"), Goes("alice", Why::HungUp)], Some(Cancelled), 0),
        (&[Rings("bob"), Goes("alice", Why::Lost)], Some(Cancelled), 0),
        (&[Rings("bob"), Joins("bob")], None, 0),
        (&[Rings("bob"), Joins("bob"), Waits(9_000), Goes("bob", Why::HungUp)], Some(Answered), 9_000),
        (&[Rings("bob"), Waits(5_000), Joins("bob"), Waits(7_000), Goes("alice", Why::Cut)], Some(Answered), 7_000),
        (&[Rings("bob"), Joins("bob"), Waits(1), Goes("bob", Why::Lost), Waits(50)], Some(Answered), 1),
        // Who says nothing to the ring, and comes by themselves.
        (&[Joins("bob"), Waits(3)], None, 3),
    ];
    for (steps, outcome, length_ms) in table {
        let (call, now, stale) = play(true, steps);
        assert_eq!((call.outcome(now), call.length_ms(now), stale), (*outcome, *length_ms, 0), "{steps:?}");
    }
}

#[test]
fn p25_a_group_goes_on_while_people_come_and_go() {
    use Outcome::{Answered, Cancelled, Declined, Missed};
    let both: &[Step] = &[Rings("bob"), Rings("bea")];
    let table: &[(&[Step], Option<Outcome>)] = &[
        (&[Goes("bob", Why::Declined)], None),
        (&[Goes("bob", Why::Declined), Goes("bea", Why::Missed)], Some(Declined)),
        (&[Goes("bob", Why::Busy), Goes("bea", Why::Missed)], Some(Missed)),
        (&[Goes("alice", Why::HungUp)], Some(Cancelled)),
        (&[Joins("bob"), Goes("bea", Why::Declined), Goes("bob", Why::HungUp)], None),
        (&[Joins("bob"), Goes("alice", Why::HungUp)], None),
        (&[Joins("bob"), Goes("alice", Why::HungUp), Goes("bob", Why::HungUp)], Some(Answered)),
        (&[Joins("bob"), Goes("bea", Why::Missed), Goes("bob", Why::Lost), Waits(CALL_ALONE_MS)], Some(Answered)),
        (&[Joins("bob"), Goes("bea", Why::Missed), Goes("bob", Why::Lost), Joins("bob"), Waits(CALL_ALONE_MS)], None),
        (&[Joins("bob"), Goes("bob", Why::HungUp), Waits(CALL_ALONE_MS)], None),
    ];
    for (steps, outcome) in table {
        let steps: Vec<Step> = both.iter().chain(*steps).copied().collect();
        let (call, now, stale) = play(false, &steps);
        assert_eq!((call.outcome(now), stale), (*outcome, 0), "{steps:?}");
    }
}

#[test]
fn p25_what_does_not_fit_changes_nothing() {
    let table: &[&[Step]] = &[
        &[Rings("bob"), Rings("bob")],
        &[Waits(RING_MS), Rings("bob")],
        &[Goes("bob", Why::HungUp)],
        &[Rings("bob"), Joins("bob"), Goes("bob", Why::Declined)],
        &[Rings("bob"), Joins("bob"), Goes("bob", Why::Missed)],
        &[Rings("bob"), Goes("bob", Why::Declined), Goes("bob", Why::Missed)],
        &[Rings("bob"), Goes("bob", Why::Declined), Rings("bob")],
    ];
    for steps in table {
        let ((after, now, stale), (before, ..)) = (play(true, steps), play(true, &steps[..steps.len() - 1]));
        assert_eq!((stale, after.legs, after.came), (1, before.legs, before.came), "{steps:?} at {now}");
    }
}

#[test]
fn p25_who_left_may_come_back_while_it_goes_on() {
    let (call, ..) = play(false, &[Rings("bob"), Rings("bea"), Goes("bea", Why::Declined), Joins("bob"), Joins("bea")]);
    assert!(matches!(call.legs[&who("bea")], Leg::Joined(_)));
    assert_eq!(call.joined().count(), 3);
}
