//! Who may send and who may see signals: each condition alone, in both roles (P22, P10, P15, P26).

use crate::{
    core::{
        command::{AdminOp, BlockSwitch, UserChange, UserOp},
        signals::{Drop, admit, goes_to, sees, switches},
    },
    crypto::digest::direct_room,
    model::{
        Address, RoomId,
        grant::{Scope, Scopes},
        room::History,
        signal::{Presence, Sign, SignKind, Signal, Switches, Typing},
        user::Policy,
    },
    testing::{
        Org, Pair,
        fixtures::{address, local, parsed, room_id},
    },
};

const ON: Sign = Sign::Typing(Typing::On);

/// alice and bob know each other; their direct room is hosted by acme.
fn acquainted() -> (Pair, RoomId) {
    let mut pair = Pair::open();
    for (org, user, other) in [(Org::Acme, "alice", "bob"), (Org::Globex, "bob", "alice")] {
        let other = pair.address(org.other(), other);
        pair.user(org, user, UserOp::AddContact(other)).expect("an add is taken");
        pair.sync();
    }
    let room = direct_room(&pair.address(Org::Acme, "alice"), &pair.address(Org::Globex, "bob"));
    (pair, room)
}

fn crosses(pair: &Pair, org: Org, user: &str, room: RoomId) -> bool {
    let side = &pair.side(org).state;
    goes_to(side, &local(user), room, ON, pair.now) == Some(org.other().domain())
}

/// How the other side takes a sign of somebody.
fn taken(pair: &Pair, at: Org, user: Address, room: RoomId, sign: Sign) -> Result<(), Drop> {
    admit(&pair.side(at).state, &at.other().domain(), &Signal { room, user, sign }, pair.now)
}

fn seen(pair: &Pair, at: Org, viewer: &str, about: &Address, room: RoomId) -> bool {
    let state = &pair.side(at).state;
    let Some(room) = state.rooms.get(&room) else { return false };
    sees(state, &local(viewer), room, about, SignKind::Typing, pair.now)
}

/// Whether alice's and bob's signs cross, are taken, and are seen: all three, each way.
fn ways(pair: &Pair, room: RoomId) -> [[bool; 3]; 2] {
    [(Org::Acme, "alice", "bob"), (Org::Globex, "bob", "alice")].map(|(org, from, to)| {
        let about = pair.address(org, from);
        let is_taken = taken(pair, org.other(), about.clone(), room, ON).is_ok();
        [crosses(pair, org, from, room), is_taken, seen(pair, org.other(), to, &about, room)]
    })
}

#[test]
fn p22_signals_pass_between_people_who_can_write_to_each_other() {
    let (pair, room) = acquainted();
    assert_eq!(ways(&pair, room), [[true; 3]; 2]);
    assert!(!crosses(&pair, Org::Acme, "carol", room), "carol is not in the room");
    assert!(!seen(&pair, Org::Acme, "carol", &pair.address(Org::Globex, "bob"), room));
}

#[test]
fn p10_a_block_stops_signals_both_ways_on_the_side_of_the_blocker() {
    let (mut pair, room) = acquainted();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::Block(bob, BlockSwitch::On)).expect("a block is taken");
    let [[sent, ..], [.., shown]] = ways(&pair, room);
    assert_eq!((sent, shown), (false, false), "alice neither tells nor sees");
}

#[test]
fn p26_a_closed_link_passes_nothing_on_either_side() {
    for org in [Org::Acme, Org::Globex] {
        let (mut pair, room) = acquainted();
        pair.revoke(org);
        let at = usize::from(org == Org::Acme);
        let [from_us, to_us] = {
            let ways = ways(&pair, room);
            [ways[1 - at], ways[at]]
        };
        assert!(!from_us[0], "the revoker sends nothing");
        assert!(!to_us[1] && !to_us[2], "and takes nothing");
        let gone = Sign::Presence(Presence::Offline);
        let user = if org == Org::Acme { "alice" } else { "bob" };
        assert_eq!(goes_to(&pair.side(org).state, &local(user), room, gone, pair.now), None);
    }
}

#[test]
fn p2_without_the_scope_of_messages_nothing_passes() {
    let (mut pair, room) = acquainted();
    pair.grant(Org::Globex, [Scope::Contacts, Scope::Rooms].into_iter().collect::<Scopes>());
    pair.sync();
    assert_eq!(ways(&pair, room), [[false; 3]; 2]);
}

#[test]
fn p15_who_loses_the_permission_neither_tells_nor_sees() {
    let (mut pair, room) = acquainted();
    let change = UserChange { external: Some(false), ..UserChange::default() };
    pair.admin(Org::Globex, AdminOp::ChangeUser { local: local("bob"), change }).expect("bob is there");
    let bob = pair.address(Org::Globex, "bob");
    assert!(!crosses(&pair, Org::Globex, "bob", room));
    assert!(!seen(&pair, Org::Globex, "bob", &pair.address(Org::Acme, "alice"), room));
    pair.sync();
    assert_eq!(taken(&pair, Org::Acme, bob, room, ON), Err(Drop::Stranger), "the partner knows by then");
}

#[test]
fn w14_forged_people_and_foreign_rooms_are_dropped() {
    let (mut pair, room) = acquainted();
    let (alice, bob) = (pair.address(Org::Acme, "alice"), pair.address(Org::Globex, "bob"));
    assert_eq!(taken(&pair, Org::Acme, alice, room, ON), Err(Drop::Forged), "one of ours");
    assert_eq!(taken(&pair, Org::Acme, address("eve@initech.example"), room, ON), Err(Drop::Forged), "of a third org");
    assert_eq!(taken(&pair, Org::Acme, bob.clone(), room_id(77), ON), Err(Drop::Forged), "no such room");
    let dave = pair.address(Org::Globex, "dave");
    assert_eq!(taken(&pair, Org::Acme, dave, room, ON), Err(Drop::Stranger), "not in the room");
    let op = UserOp::CreateRoom {
        id: room_id(5),
        name: parsed("Inside"),
        description: parsed(""),
        history: History::Arrival,
        members: vec![pair.address(Org::Acme, "carol")],
    };
    pair.user(Org::Acme, "alice", op).expect("an internal room");
    assert_eq!(taken(&pair, Org::Acme, bob, room_id(5), ON), Err(Drop::Forged), "an internal room");
    assert_eq!(goes_to(&pair.side(Org::Acme).state, &local("alice"), room_id(5), ON, pair.now), None);
}

#[test]
fn p22_nobody_has_read_what_has_no_place() {
    let (pair, room) = acquainted();
    let (alice, bob) = (pair.address(Org::Acme, "alice"), pair.address(Org::Globex, "bob"));
    assert_eq!(taken(&pair, Org::Acme, bob, room, Sign::Read(9)), Err(Drop::Impossible), "acme hosts the room");
    assert_eq!(taken(&pair, Org::Globex, alice, room, Sign::Read(9)), Ok(()), "the follower may be behind");
}

#[test]
fn p22_switches_hold_for_sending_and_seeing_and_the_org_comes_first() {
    let (mut pair, room) = acquainted();
    let off = Switches { typing: false, ..Switches::default() };
    pair.user(Org::Acme, "alice", UserOp::SetSignals(off)).expect("taken");
    let [[sent, ..], [.., shown]] = ways(&pair, room);
    assert_eq!((sent, shown), (false, false));
    assert_eq!(switches(&pair.side(Org::Acme).state, &local("alice")), off);
    let policy = Policy { signals: off, ..Policy::default() };
    pair.admin(Org::Globex, AdminOp::SetPolicy(policy)).expect("taken");
    assert!(!crosses(&pair, Org::Globex, "bob", room));
    let alice = pair.address(Org::Acme, "alice");
    assert_eq!(taken(&pair, Org::Globex, alice, room, ON), Err(Drop::Off));
}
