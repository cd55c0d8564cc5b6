//! Operation lists on two cores: against the naive model when everything crosses at once, and for what must hold after
//! any history when it does not.

use handclasp::{
    model::{Code, RoomId},
    testing::{
        Org, Pair,
        model::{Model, Op, Place, Who, org_of, perform, room_of, texts},
    },
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn anybody() -> impl Strategy<Value = Who> {
    0_usize..6
}

/// Two people of two orgs.
fn across() -> impl Strategy<Value = (Who, Who)> {
    (0_usize..3, 3_usize..6, any::<bool>())
        .prop_map(|(one, other, turn)| if turn { (other, one) } else { (one, other) })
}

fn org() -> impl Strategy<Value = Org> {
    prop_oneof![Just(Org::Acme), Just(Org::Globex)]
}

fn group() -> impl Strategy<Value = u8> {
    1_u8..5
}

/// Ids are random in life: two orgs never make a room with the same one. Acme's are odd here.
fn new_group() -> impl Strategy<Value = Op> {
    let people = proptest::sample::subsequence(vec![0, 1, 2, 3, 4, 5], 1..5);
    (across(), 0_u8..2, people).prop_map(|((who, other), n, mut members)| {
        let group = if org_of(who) == Org::Acme { 1 + 2 * n } else { 2 + 2 * n };
        members.retain(|member| *member != who && *member != other);
        members.push(other);
        Op::Create(who, group, members)
    })
}

fn op() -> impl Strategy<Value = Op> {
    let member_op = (anybody(), group(), anybody(), 0_u8..4).prop_map(|(who, group, other, kind)| match kind {
        0 => Op::Invite(who, group, other),
        1 => Op::Remove(who, group, other),
        2 => Op::Promote(who, group, other),
        _ => Op::Demote(who, group, other),
    });
    prop_oneof![
        2 => org().prop_map(Op::Grant),
        1 => org().prop_map(Op::Revoke),
        2 => anybody().prop_map(Op::Permit),
        1 => anybody().prop_map(Op::Forbid),
        6 => across().prop_map(|(who, other)| Op::Add(who, other)),
        1 => across().prop_map(|(who, other)| Op::Block(who, other)),
        1 => across().prop_map(|(who, other)| Op::Unblock(who, other)),
        4 => new_group(),
        8 => member_op,
        5 => across().prop_map(|(who, other)| Op::Say(who, Place::With(other))),
        8 => (anybody(), group()).prop_map(|(who, group)| Op::Say(who, Place::In(group))),
        12 => (anybody(), group(), 0_u8..13).prop_map(|(who, group, kind)| change(who, Place::In(group), kind)),
        4 => (across(), 0_u8..13).prop_map(|((who, other), kind)| change(who, Place::With(other), kind)),
    ]
}

/// What admins keep and delete, what people report, and how rooms and people look.
fn keep_op() -> impl Strategy<Value = Op> {
    let place = || {
        prop_oneof![
            across().prop_map(|(who, other)| (who, Place::With(other))),
            (anybody(), group()).prop_map(|(who, group)| (who, Place::In(group))),
        ]
    };
    prop_oneof![
        2 => (anybody(), group(), any::<bool>()).prop_map(|(who, group, small)| Op::Bound(who, group, small)),
        2 => (anybody(), group(), 2_u8..4).prop_map(|(who, group, number)| Op::Picture(who, group, number)),
        2 => (anybody(), 2_u8..4).prop_map(|(who, number)| Op::Portray(who, number)),
        2 => place().prop_map(|(who, place)| Op::Report(who, place)),
        1 => anybody().prop_map(Op::Hold),
        1 => anybody().prop_map(Op::Release),
        4 => (org(), place()).prop_map(|(org, (who, place))| Op::Trim(org, who, place)),
        1 => any::<bool>().prop_map(|acme| Op::Erase(if acme { 2 } else { 5 })),
    ]
}

/// What somebody does to the last message, or with a tool.
fn change(who: Who, place: Place, kind: u8) -> Op {
    match kind {
        4 => Op::Note(who, place),
        5 => Op::Comment(who, place),
        6 => Op::Date(who, place),
        7 | 8 => Op::Answer(who, place, kind == 7),
        9 => Op::Put(who, place),
        10 => Op::Trash(who, place),
        11 => Op::Undo(who, place),
        12 => Op::Call(who, place),
        0 => Op::Edit(who, place),
        1 => Op::Recall(who, place),
        _ => Op::React(who, place, kind == 2),
    }
}

fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    proptest::collection::vec(prop_oneof![5 => op(), 1 => keep_op()], 1..most)
}

/// How far the world gets between two operations.
#[derive(Clone, Copy, Debug)]
enum Crossing {
    Nothing,
    Greeting(Org),
    Envelopes(Org),
    LostAck(Org),
    Everything,
}

fn crossing() -> impl Strategy<Value = Crossing> {
    prop_oneof![
        6 => Just(Crossing::Nothing),
        2 => org().prop_map(Crossing::Greeting),
        4 => org().prop_map(Crossing::Envelopes),
        1 => org().prop_map(Crossing::LostAck),
        1 => Just(Crossing::Everything),
    ]
}

fn cross(pair: &mut Pair, crossing: Crossing) {
    match crossing {
        Crossing::Nothing => {}
        Crossing::Greeting(org) => drop(pair.greet(org)),
        Crossing::Envelopes(org) => drop(pair.deliver(org)),
        Crossing::LostAck(org) => {
            if let Some(envelope) = pair.next_envelope(org) {
                drop(pair.ingest(org.other(), envelope));
            }
        }
        Crossing::Everything => pair.sync(),
    }
}

/// What every post was answered with, by its words.
type Posted = BTreeMap<String, (Who, Place)>;

/// Each accepted message stands once in its author's copy or is known not to have crossed, and at most once in the
/// other; copies with members on both sides are the same.
fn assert_sound(pair: &Pair, posted: &Posted) {
    for (words, (who, place)) in posted {
        let (home, id) = (org_of(*who), room_of(*who, *place));
        let count = |org| texts(pair, org, id).iter().filter(|text| *text == words).count();
        let unplaced = pair.side(home).state.rooms[&id].info.unplaced.iter();
        let unplaced = unplaced.map(|unplaced| unplaced.range.to - unplaced.range.from).sum::<u64>();
        assert!(count(home) == 1 || (count(home) == 0 && unplaced > 0), "{words} of {who} is lost or doubled");
        assert!(count(home.other()) <= 1, "{words} of {who} is shown twice");
    }
    for org in [Org::Acme, Org::Globex] {
        let state = &pair.side(org).state;
        for room in state.rooms.values() {
            assert_eq!(room.info.frozen, None, "honest daemons freeze nothing: {}", room.info.id);
            assert_eq!(room.info.pending.from, room.info.pending.to, "everything has its verdict");
        }
        let form = [Code::Malformed, Code::UnknownType, Code::Authority, Code::ThirdOrg, Code::Frozen];
        let broken: Vec<_> = state.refused.iter().filter(|(_, code)| form.contains(code)).collect();
        assert!(broken.is_empty(), "what enqueues, ingests (A34): {broken:?}");
    }
    assert_in_step(pair);
}

/// Whether the host has sent the room's state in the present epoch. Before, what did not cross is missing in the copy.
fn is_synced(pair: &Pair, host: Org, id: RoomId) -> bool {
    let state = &pair.side(host).state;
    let epoch = state.links[&host.other().domain()].out_epoch();
    epoch.is_some() && state.rooms[&id].info.synced_epoch == epoch.map(|epoch| epoch.n)
}

fn assert_in_step(pair: &Pair) {
    let (acme, globex) = (&pair.side(Org::Acme).state, &pair.side(Org::Globex).state);
    for (id, room) in &acme.rooms {
        let Some(copy) = globex.rooms.get(id) else { continue };
        let both = [Org::Acme, Org::Globex].iter().all(|org| room.members_of(&org.domain()).next().is_some());
        if !both {
            continue;
        }
        let roles = |room: &handclasp::core::state::Room| {
            room.members.iter().map(|(user, it)| (user.clone(), it.role, it.visible_from)).collect::<Vec<_>>()
        };
        assert_eq!(roles(room), roles(copy), "members of {id}");
        let host = if room.info.host == Org::Acme.domain() { Org::Acme } else { Org::Globex };
        if is_synced(pair, host, *id) {
            assert_eq!((room.next_index, room.head), (copy.next_index, copy.head), "order of {id} (P23)");
        }
    }
}

proptest! {
    #[test]
    fn two_cores_at_rest_look_like_the_model(ops in ops(60)) {
        let (mut pair, mut model) = (Pair::open(), Model::default());
        let mut words = 0;
        for op in &ops {
            let text = format!("words {words}");
            words += usize::from(matches!(op, Op::Say(..)));
            let expected = model.apply(op);
            let found = perform(&mut pair, op, &text).map_err(|reject| reject.code);
            prop_assert_eq!(found, expected, "{:?}", op);
            pair.sync();
            model.assert_matches(&pair);
        }
    }

    #[test]
    fn nothing_is_lost_doubled_or_frozen_whatever_crosses_when(steps in proptest::collection::vec((op(), crossing()), 1..80)) {
        let mut pair = Pair::open();
        let mut posted = Posted::new();
        for (n, (op, crossing)) in steps.iter().enumerate() {
            let words = format!("words {n}");
            let done = perform(&mut pair, op, &words).is_ok();
            if let (Op::Say(who, place), true) = (op, done) {
                posted.insert(words, (*who, *place));
            }
            cross(&mut pair, *crossing);
        }
        for org in [Org::Acme, Org::Globex] {
            pair.grant(org, handclasp::model::grant::Scopes::all());
        }
        pair.sync();
        assert_sound(&pair, &posted);
    }
}
