//! Messages: order, places, refusals, delivery (P20, P21, P23, W17).

use super::*;
use crate::{
    core::{
        acts::{self, PlacedRun},
        rooms,
        state::Delivery,
    },
    model::{
        limits,
        notice::NoticeKind,
        record::RecordBody,
        room::{PendingRange, Unplaced},
        text::MessageText,
    },
    testing::{fixtures::local, pair::record},
};

#[test]
fn p23_both_sides_show_one_order_the_hosts() {
    let (mut pair, id) = acquainted();
    post(&mut pair, ACME, "alice", id, "one").expect("open");
    assert_eq!(post(&mut pair, GLOBEX, "bob", id, "two"), Ok(Place::Pending(0)));
    assert_eq!(post(&mut pair, GLOBEX, "bob", id, "three"), Ok(Place::Pending(1)));
    assert_eq!(post(&mut pair, ACME, "alice", id, "four"), Ok(Place::Index(1)));
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(texts(&pair, ACME, id), texts(&pair, GLOBEX, id));
    let words: Vec<String> = texts(&pair, ACME, id).into_iter().map(|(_, text)| text).collect();
    assert_eq!(words, ["one", "four", "two", "three"]);
    assert!(pair.side(GLOBEX).pending.is_empty());
}

#[test]
fn w17_one_record_places_a_row_of_submissions() {
    let (mut pair, id) = acquainted();
    for n in 0..20 {
        post(&mut pair, GLOBEX, "bob", id, &format!("m{n}")).expect("open");
    }
    pair.sync();
    let placed: Vec<_> =
        pair.side(ACME).outbox.values().map(|item| record(&item.bytes).body.expect("in form")).collect();
    let placed: Vec<_> = placed.iter().filter(|body| matches!(body, RecordBody::RoomPlaced { .. })).collect();
    let [RecordBody::RoomPlaced { index: 0, submits, .. }] = placed.as_slice() else {
        panic!("one record: {placed:?}")
    };
    assert_eq!(submits.len(), 1);
    assert_eq!(submits[0].1 - submits[0].0, 19);
    assert_eq!(texts(&pair, GLOBEX, id).len(), 20);
}

#[test]
fn w17_rows_break_where_indices_or_rooms_do() {
    let (mut pair, direct) = acquainted();
    let run = |room, index, seq| PlacedRun { room, index, seq };
    let other = room_id(200);
    let placed = vec![run(direct, 4, 10), run(other, 0, 11), run(direct, 5, 12), run(direct, 7, 13), run(other, 1, 14)];
    let (now, mut random) = (pair.now, crate::testing::Seeded::new(3));
    let mut draft = crate::core::Draft::new(pair.side_mut(ACME).state.clone(), now, &mut random);
    acts::flush_placed(&mut draft, &GLOBEX.domain(), placed);
    let (_, changes) = draft.finish();
    let sent = changes.into_iter().filter_map(|change| match change {
        crate::core::Change::Send(item) => record(&item.bytes).body.ok(),
        _ => None,
    });
    let placed = |room, index, submits| RecordBody::RoomPlaced { room, index, epoch_n: Some(1), submits };
    let mut expected = vec![
        placed(direct, 4, vec![(10, 10), (12, 12)]),
        placed(direct, 7, vec![(13, 13)]),
        placed(other, 0, vec![(11, 11), (14, 14)]),
    ];
    expected.sort_by_key(|body| match body {
        RecordBody::RoomPlaced { room, index, .. } => (*room, *index),
        _ => unreachable!("only places"),
    });
    assert_eq!(sent.collect::<Vec<_>>(), expected);
}

#[test]
fn p20_replies_and_mentions_point_at_what_the_author_sees() {
    let (mut pair, id) = group(ACME);
    let last = room(&pair, ACME, id).next_index - 1;
    let reply = |index| Message { reply_to: Some(index), ..text("re") };
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        assert_eq!(code(post_message(&mut pair, org, user, id, reply(last + 1))), Code::NoSuchMessage);
        post_message(&mut pair, org, user, id, reply(last)).expect("visible");
        let stranger = Message { mentions: vec![address("erin@acme.example")], ..text("hey") };
        let refused = post_message(&mut pair, org, user, id, stranger).expect_err("not a member");
        assert_eq!((refused.code, refused.field), (Code::Invalid, Some("mentions")));
    }
    assert_eq!(
        code(post_message(&mut pair, GLOBEX, "bob", id, reply(0))),
        Code::NoSuchMessage,
        "before bob's arrival (P17)"
    );
}

#[test]
fn p20_who_is_mentioned_is_told_on_either_side() {
    let (mut pair, id) = group(ACME);
    let all = ["alice@acme.example", "carol@acme.example", "dave@globex.example", "bob@globex.example"];
    let mentions: Vec<Address> = all.into_iter().map(address).collect();
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        let index = room(&pair, ACME, id).next_index;
        post_message(&mut pair, org, user, id, Message { mentions: mentions.clone(), ..text("all of you") })
            .expect("open");
        pair.sync();
        let told = NoticeKind::Mentioned { room: id, index };
        for (side, name) in [(ACME, "alice"), (ACME, "carol"), (GLOBEX, "bob"), (GLOBEX, "dave")] {
            let count = pair.side(side).notices_of(name).iter().filter(|kind| ***kind == told).count();
            assert_eq!(count, usize::from(name != user), "{name}, mentioned by {user}");
        }
    }
}

#[test]
fn p10_a_blocked_persons_mention_is_not_told() {
    let (mut pair, id) = group(ACME);
    let alice = address("alice@acme.example");
    pair.user(GLOBEX, "bob", UserOp::Block(alice, crate::core::command::BlockSwitch::On)).expect("own affair");
    let mentions = vec![address("bob@globex.example")];
    post_message(&mut pair, ACME, "alice", id, Message { mentions, ..text("hey") }).expect("open");
    pair.sync();
    assert!(!pair.side(GLOBEX).notices_of("bob").iter().any(|kind| matches!(kind, NoticeKind::Mentioned { .. })));
    assert_eq!(texts(&pair, GLOBEX, id).len(), 1, "in a group the message itself is shown");
}

#[test]
fn p14_only_members_write_and_strangers_learn_nothing() {
    let (mut pair, id) = group(ACME);
    assert_eq!(code(post(&mut pair, ACME, "erin", id, "hi")), Code::NotFound);
    assert_eq!(code(post(&mut pair, GLOBEX, "frank", id, "hi")), Code::NotFound);
    assert_eq!(code(post(&mut pair, ACME, "alice", room_id(77), "hi")), Code::NotFound);
}

#[test]
fn a34_the_longest_message_that_is_taken_here_is_taken_there() {
    let (mut pair, id) = acquainted();
    let words: MessageText = parsed(&"\"".repeat(limits::TEXT_BYTES_MAX));
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        post_message(&mut pair, org, user, id, Message { text: words.clone(), ..text("x") })
            .expect("as long as allowed");
    }
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(texts(&pair, GLOBEX, id).len(), 2);
}

#[test]
fn p21_a_message_is_queued_and_then_delivered() {
    let (mut pair, id) = acquainted();
    let first = pair.side(ACME).state.links[&GLOBEX.domain()].streams.out.expect("open").next_seq;
    post(&mut pair, ACME, "alice", id, "hello").expect("open");
    let delivery = |pair: &Pair, seq| pair.side(ACME).state.delivery(&GLOBEX.domain(), 1, seq);
    // The room's state goes before the first event of an epoch (W18).
    assert_eq!(delivery(&pair, first + 1), Delivery::Queued);
    pair.sync();
    assert_eq!(delivery(&pair, first + 1), Delivery::Delivered);
}

#[test]
fn p21_what_did_not_cross_is_undelivered_and_stays_so() {
    let (mut pair, id) = acquainted();
    post(&mut pair, GLOBEX, "bob", id, "crosses").expect("open");
    pair.sync();
    post(&mut pair, GLOBEX, "bob", id, "stuck one").expect("open");
    post(&mut pair, GLOBEX, "bob", id, "stuck two").expect("open");
    pair.revoke(GLOBEX);
    pair.sync();
    let info = &room(&pair, GLOBEX, id).info;
    assert_eq!(info.unplaced, [Unplaced { range: PendingRange { from: 1, to: 3 }, code: None }]);
    assert_eq!((info.pending.from, info.pending.to), (3, 3));
    assert_eq!(code(post(&mut pair, GLOBEX, "bob", id, "closed")), Code::ClosedByUs);
    assert_eq!(code(post(&mut pair, ACME, "alice", id, "closed")), Code::ClosedByThem);
    pair.grant(GLOBEX, crate::model::grant::Scopes::all());
    pair.sync();
    post(&mut pair, GLOBEX, "bob", id, "writable again (P18)").expect("re-opened");
    pair.sync();
    assert_in_step(&pair, id);
    let words: Vec<String> = texts(&pair, ACME, id).into_iter().map(|(_, text)| text).collect();
    assert_eq!(words, ["crosses", "writable again (P18)"]);
}

#[test]
fn p18_what_the_host_could_not_deliver_leaves_a_gap_that_is_known() {
    let (mut pair, id) = acquainted();
    post(&mut pair, ACME, "alice", id, "crosses").expect("open");
    pair.sync();
    post(&mut pair, ACME, "alice", id, "stuck").expect("open");
    pair.revoke(ACME);
    pair.sync();
    pair.grant(ACME, crate::model::grant::Scopes::all());
    pair.sync();
    post(&mut pair, ACME, "alice", id, "again").expect("re-opened");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(texts(&pair, ACME, id).iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(texts(&pair, GLOBEX, id), [(0, "crosses".to_owned()), (2, "again".to_owned())]);
}

#[test]
fn p21_a_refused_submission_is_shown_and_the_next_has_its_place() {
    let (mut pair, id) = group(ACME);
    // Bob is out at the host before his words arrive; dave's go on.
    pair.user(ACME, "alice", UserOp::RemoveMember(id, address("bob@globex.example"))).expect("a master removes");
    post(&mut pair, GLOBEX, "bob", id, "too late").expect("bob does not know yet");
    post(&mut pair, GLOBEX, "dave", id, "still here").expect("open");
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(texts(&pair, GLOBEX, id).len(), 1);
    let unplaced = &room(&pair, GLOBEX, id).info.unplaced;
    assert_eq!(*unplaced, [Unplaced { range: PendingRange { from: 0, to: 1 }, code: Some(Code::NotMember) }]);
}

#[test]
fn p21_a_place_that_overtakes_a_refusal_settles_both() {
    let (mut pair, id) = group(ACME);
    pair.user(ACME, "alice", UserOp::RemoveMember(id, address("bob@globex.example"))).expect("a master removes");
    post(&mut pair, GLOBEX, "bob", id, "too late").expect("bob does not know yet");
    post(&mut pair, GLOBEX, "dave", id, "still here").expect("open");
    let envelope = pair.next_envelope(GLOBEX).expect("two submissions");
    let ack = pair.ingest(ACME, envelope).expect("applied");
    pair.deliver(ACME);
    assert_eq!(room(&pair, GLOBEX, id).info.pending, PendingRange { from: 2, to: 2 });
    pair.settle(GLOBEX, ack).expect("the ack comes last");
    pair.sync();
    let unplaced = &room(&pair, GLOBEX, id).info.unplaced;
    assert_eq!(*unplaced, [Unplaced { range: PendingRange { from: 0, to: 1 }, code: Some(Code::NotMember) }]);
    assert_in_step(&pair, id);
}

#[test]
fn p21_a_refusal_that_overtakes_a_place_settles_both() {
    let (mut pair, id) = group(ACME);
    post(&mut pair, GLOBEX, "dave", id, "one").expect("open");
    pair.deliver(GLOBEX);
    pair.user(ACME, "alice", UserOp::RemoveMember(id, address("bob@globex.example"))).expect("a master removes");
    post(&mut pair, GLOBEX, "bob", id, "too late").expect("bob does not know yet");
    post(&mut pair, GLOBEX, "dave", id, "two").expect("open");
    pair.deliver(GLOBEX);
    let unplaced = [Unplaced { range: PendingRange { from: 1, to: 2 }, code: Some(Code::NotMember) }];
    assert_eq!(room(&pair, GLOBEX, id).info.unplaced, unplaced, "the refusal is here, no place is yet");
    assert_eq!(room(&pair, GLOBEX, id).info.pending, PendingRange { from: 0, to: 3 });
    pair.sync();
    assert_in_step(&pair, id);
    assert_eq!(room(&pair, GLOBEX, id).info.unplaced, unplaced);
    assert_eq!(room(&pair, GLOBEX, id).info.pending, PendingRange { from: 3, to: 3 });
}

#[test]
fn p21_an_outbox_that_is_full_refuses_and_drops_nothing() {
    let (mut pair, id) = acquainted();
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        let peer = org.other().domain();
        let link = pair.side_mut(org).state.links.get_mut(&peer).expect("pinned");
        let out = std::sync::Arc::make_mut(link).streams.out.as_mut().expect("open");
        out.next_seq = out.acked + 1 + limits::OUTBOX_RECORDS_MAX;
        assert_eq!(code(post(&mut pair, org, user, id, "one more")), Code::OutboxFull);
    }
}

#[test]
fn p21_verdicts_on_submissions_are_kept_in_few_ranges() {
    let (mut pair, id) = acquainted();
    for n in 0..6 {
        post(&mut pair, GLOBEX, "bob", id, &format!("m{n}")).expect("open");
    }
    let (now, mut random) = (pair.now, crate::testing::Seeded::new(3));
    let mut draft = crate::core::Draft::new(pair.side(GLOBEX).state.clone(), now, &mut random);
    for (p, code) in [(0, Code::Scope), (1, Code::Scope), (3, Code::Scope), (2, Code::Scope), (1, Code::NotMember)] {
        rooms::unplace(&mut draft, id, p, code);
    }
    rooms::unplace(&mut draft, id, 99, Code::Scope);
    let (state, _) = draft.finish();
    let range = |from, to, code| Unplaced { range: PendingRange { from, to }, code: Some(code) };
    let expected = [range(0, 1, Code::Scope), range(1, 2, Code::NotMember), range(2, 4, Code::Scope)];
    assert_eq!(state.rooms[&id].info.unplaced, expected);
    assert_eq!(state.rooms[&id].info.pending.from, 4, "nothing before the fifth waits any more");
}

#[test]
fn p22_reading_goes_only_forward_and_not_past_the_end() {
    let (mut pair, id) = acquainted();
    for words in ["one", "two"] {
        post(&mut pair, ACME, "alice", id, words).expect("open");
    }
    let mark = |pair: &Pair| pair.side(ACME).state.marks.get(&(local("alice"), id)).copied();
    for (index, read) in [(0, Some(1)), (900, Some(2)), (0, Some(2))] {
        pair.user(ACME, "alice", UserOp::MarkRead(id, index)).expect("a member reads");
        assert_eq!(mark(&pair), read);
    }
    assert_eq!(code(pair.user(ACME, "carol", UserOp::MarkRead(id, 0))), Code::NotFound);
}
