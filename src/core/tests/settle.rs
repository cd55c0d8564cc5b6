//! Acks: what they settle, and what they cannot claim (W11, P21, A29).

use crate::{
    core::{
        command::{Answer, PeerOp, Ref, UserOp},
        state::Delivery,
    },
    model::{
        Code, Digest, EpochId, Reject, RoomId,
        contact::ContactState,
        journal::Entry,
        limits,
        link::{LinkState, OutStream},
        notice::NoticeKind,
        record::Ack,
    },
    testing::{
        Org, Pair,
        fixtures::{local, room_id},
    },
};

fn out(pair: &Pair) -> OutStream {
    pair.acme.state.links[&Org::Globex.domain()].streams.out.expect("a stream is agreed")
}

/// Three adds of acme's wait; with the ack that an honest globex would give.
fn waiting() -> (Pair, Ack) {
    let mut pair = Pair::open();
    for user in ["alice", "carol", "erin"] {
        let bob = pair.address(Org::Globex, "bob");
        pair.user(Org::Acme, user, UserOp::AddContact(bob)).expect("an add is sent");
    }
    let mut twin = pair.clone();
    let envelope = twin.next_envelope(Org::Acme).expect("adds wait");
    let ack = twin.ingest(Org::Globex, envelope).expect("they are applied");
    (pair, ack)
}

fn settle_with(pair: &mut Pair, ack: Ack, refs: Vec<(u64, Ref)>) {
    pair.peer(Org::Acme, PeerOp::Settle(ack, refs)).expect("an honest ack is settled");
}

#[test]
fn an_ack_moves_the_sender_forward() {
    let (mut pair, ack) = waiting();
    pair.settle(Org::Acme, ack.clone()).expect("settled");
    assert_eq!(out(&pair).acked, ack.cursor);
    let state = &pair.acme.state;
    assert_eq!(state.delivery(&Org::Globex.domain(), out(&pair).epoch.n, ack.cursor), Delivery::Delivered);
}

#[test]
fn a29_an_ack_ahead_of_what_was_sent_quarantines() {
    let (mut pair, mut ack) = waiting();
    ack.cursor = out(&pair).next_seq;
    let Err(reject) = pair.settle(Org::Acme, ack) else { panic!("the claim is refused") };
    assert_eq!((reject.code, out(&pair).acked), (Code::Chain, 0));
    assert_eq!(pair.link_state(Org::Acme), LinkState::Quarantined);
}

#[test]
fn a29_an_ack_with_another_head_quarantines() {
    let (mut pair, mut ack) = waiting();
    ack.head = Digest([9; 32]);
    let Err(reject) = pair.settle(Org::Acme, ack) else { panic!("the claim is refused") };
    assert_eq!(reject.code, Code::Fork);
}

#[test]
fn a29_an_ack_behind_takes_nothing_back() {
    let (mut pair, ack) = waiting();
    let behind = Ack { cursor: 1, rejects: vec![(1, Code::Malformed)], ..ack.clone() };
    pair.settle(Org::Acme, ack.clone()).expect("settled");
    pair.settle(Org::Acme, behind).expect("an older ack is ignored");
    assert_eq!(out(&pair).acked, ack.cursor);
    assert!(pair.acme.state.refused.is_empty(), "a verdict that was given stands");
}

#[test]
fn a29_an_ack_for_another_link_or_epoch_is_refused() {
    let (mut pair, ack) = waiting();
    let wrong_link = Ack { link: crate::model::LinkId([9; 16]), ..ack.clone() };
    assert_eq!(pair.settle(Org::Acme, wrong_link).unwrap_err().code, Code::Proof);
    let reflected = Ack { origin: ack.destination.clone(), destination: ack.origin.clone(), ..ack.clone() };
    assert_eq!(pair.settle(Org::Acme, reflected).unwrap_err().code, Code::Proof);
    let mut wrong_epoch = ack;
    wrong_epoch.epoch.id = EpochId([9; 16]);
    assert_eq!(pair.settle(Org::Acme, wrong_epoch).unwrap_err().code, Code::Epoch);
}

#[test]
fn f22_an_ack_that_comes_after_the_end_of_its_epoch_still_counts() {
    let (mut pair, ack) = waiting();
    let epoch_n = out(&pair).epoch.n;
    pair.revoke(Org::Acme);
    let of = |pair: &Pair| pair.acme.state.delivery(&Org::Globex.domain(), epoch_n, ack.cursor);
    assert_eq!(of(&pair), Delivery::Undelivered);
    pair.settle(Org::Acme, ack.clone()).expect("settled");
    assert_eq!(of(&pair), Delivery::Delivered);
}

#[test]
fn p21_a_refused_record_is_told_once_where_it_belongs() {
    let (mut pair, mut ack) = waiting();
    ack.rejects = vec![(2, Code::Unavailable)];
    pair.settle(Org::Acme, ack.clone()).expect("settled");
    pair.settle(Org::Acme, ack).expect("settled");
    let bob = pair.address(Org::Globex, "bob");
    let state = |user: &str| pair.acme.state.contacts[&(local(user), bob.clone())].state;
    assert_eq!(state("carol"), ContactState::Unavailable);
    assert_eq!(state("alice"), ContactState::Pending);
    let told = NoticeKind::ContactUnavailable { user: bob.clone(), code: Code::Unavailable };
    assert_eq!(pair.acme.notices_of("carol").into_iter().filter(|kind| **kind == told).count(), 1);
    let delivery = pair.acme.state.delivery(&Org::Globex.domain(), out(&pair).epoch.n, 2);
    assert_eq!(delivery, Delivery::Refused(Code::Unavailable));
}

#[test]
fn p21_delivery_is_told_once_a_room() {
    let (mut pair, ack) = waiting();
    let [one, other] = [room_id(1), room_id(2)];
    let refs = vec![(1, Ref::Event(one, 4)), (2, Ref::Event(one, 5)), (3, Ref::Event(other, 0))];
    let rejects = vec![(3, Code::NotMember)];
    settle_with(&mut pair, Ack { rejects, ..ack }, refs);
    let told = |room: RoomId| {
        let of = |entry: &&Entry| matches!(entry, Entry::Delivered { room: of, .. } | Entry::Refused { room: of, .. } if *of == room);
        pair.acme.journal.iter().filter(of).cloned().collect::<Vec<_>>()
    };
    assert_eq!(told(one), [Entry::Delivered { room: one, through: 5 }]);
    assert_eq!(told(other), [Entry::Refused { room: other, index: 0, code: Code::NotMember }]);
}

#[test]
fn a_refused_request_of_a_master_is_told_to_them() {
    let (mut pair, ack) = waiting();
    let room = room_id(1);
    let refs = vec![(1, Ref::Ask(room, local("alice")))];
    settle_with(&mut pair, Ack { rejects: vec![(1, Code::NotMaster)], ..ack }, refs);
    assert!(pair.acme.notices_of("alice").contains(&&NoticeKind::Refused { room, code: Code::NotMaster }));
}

#[test]
fn w11_behind_a_full_list_of_rejects_nothing_is_settled() {
    let (mut pair, mut ack) = waiting();
    ack.rejects = vec![(2, Code::Malformed); limits::REJECTS_PER_ACK_MAX];
    pair.settle(Org::Acme, ack).expect("settled");
    assert_eq!(out(&pair).acked, 2);
}

#[test]
fn a29_rejects_of_records_that_were_never_sent_are_ignored() {
    let (mut pair, mut ack) = waiting();
    ack.rejects = vec![(1_000, Code::Malformed), (0, Code::Malformed)];
    pair.settle(Org::Acme, ack).expect("settled");
    assert!(pair.acme.state.refused.is_empty());
}

#[test]
fn w13_a_record_that_the_peer_cannot_take_in_form_is_voided() {
    let (mut pair, _) = waiting();
    unacceptable(&mut pair, 1, Ref::None).expect("it is voided");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    unacceptable(&mut pair, 1, Ref::None).expect_err("the void is not taken either");
    assert_eq!(pair.acme.audited("record.unacceptable").len(), 2);
    assert_eq!(pair.link_state(Org::Acme), LinkState::Quarantined);
}

fn unacceptable(pair: &mut Pair, seq: u64, reference: Ref) -> Result<Answer, Reject> {
    let epoch = out(pair).epoch;
    pair.peer(Org::Acme, PeerOp::Unacceptable { epoch, seq, reference, code: Code::Malformed })
}

#[test]
fn w13_three_voids_of_ours_in_an_hour_quarantine() {
    let (mut pair, _) = waiting();
    unacceptable(&mut pair, 1, Ref::None).expect("one is voided");
    unacceptable(&mut pair, 2, Ref::None).expect("two are voided");
    pair.now = pair.now.plus(limits::VOID_WINDOW_MS);
    unacceptable(&mut pair, 3, Ref::None).expect("the first two are long ago");
    let mut pair = waiting().0;
    for seq in 1..=2 {
        unacceptable(&mut pair, seq, Ref::None).expect("it is voided");
    }
    unacceptable(&mut pair, 3, Ref::None).expect_err("this is one too many");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Quarantined);
}

#[test]
fn w13_only_what_is_under_way_can_be_voided() {
    let (mut pair, ack) = waiting();
    let next = out(&pair).next_seq;
    assert_eq!(unacceptable(&mut pair, next, Ref::None).unwrap_err().code, Code::Malformed);
    settle_with(&mut pair, ack, Vec::new());
    assert_eq!(unacceptable(&mut pair, 1, Ref::None).unwrap_err().code, Code::Malformed, "an ack has covered it");
    let epoch = crate::model::record::Epoch { n: 9, id: EpochId([9; 16]) };
    let op = PeerOp::Unacceptable { epoch, seq: 1, reference: Ref::None, code: Code::Malformed };
    assert_eq!(pair.peer(Org::Acme, op).unwrap_err().code, Code::Epoch);
    assert!(pair.acme.state.refused.is_empty());
}

#[test]
fn w13_a_voided_record_is_never_delivered_and_its_author_is_told_once() {
    let (mut pair, ack) = waiting();
    let room = room_id(1);
    let ask = Ref::Ask(room, local("alice"));
    unacceptable(&mut pair, 2, ask.clone()).expect("it is voided");
    let cursor = ack.cursor;
    settle_with(&mut pair, Ack { rejects: vec![(2, Code::Scope)], ..ack }, vec![(2, ask)]);
    let (state, epoch_n) = (&pair.acme.state, out(&pair).epoch.n);
    let of = |seq| state.delivery(&Org::Globex.domain(), epoch_n, seq);
    assert_eq!((of(1), of(2), of(cursor)), (Delivery::Delivered, Delivery::Refused(Code::Void), Delivery::Delivered));
    let told = |kind: &&&NoticeKind| matches!(kind, NoticeKind::Refused { .. });
    assert_eq!(pair.acme.notices_of("alice").iter().filter(told).count(), 1);
}
