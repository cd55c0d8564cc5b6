//! Operation lists on two cores: against the naive model when everything crosses at once, and for what must hold after
//! any history when it does not.

use handclasp::testing::{
    Org, Pair,
    model::{Crossing, Model, Op, Place, Posted, Who, assert_sound, cross, org_of, perform},
};
use proptest::prelude::*;

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

fn crossing() -> impl Strategy<Value = Crossing> {
    prop_oneof![
        6 => Just(Crossing::Nothing),
        2 => org().prop_map(Crossing::Greeting),
        4 => org().prop_map(Crossing::Envelopes),
        1 => org().prop_map(Crossing::LostAck),
        1 => Just(Crossing::Everything),
    ]
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
