//! Contacts, direct rooms and blocks (P6 to P10).

use super::*;
use crate::{
    core::{
        command::{AdminOp, BlockSwitch, UserChange},
        rooms,
    },
    model::{
        LocalPart,
        contact::{ContactState, Overlay},
        limits,
        notice::NoticeKind,
        record::RecordBody,
    },
    testing::fixtures::local,
};

fn contact_state(pair: &Pair, org: Org, user: &str, other: &Address) -> Option<ContactState> {
    pair.side(org).state.contacts.get(&(local(user), other.clone())).map(|contact| contact.state)
}

fn block(pair: &mut Pair, org: Org, user: &str, other: &str, switch: BlockSwitch) {
    let other = pair.address(org.other(), other);
    pair.user(org, user, UserOp::Block(other, switch)).expect("a block is one's own affair");
}

fn permit(pair: &mut Pair, org: Org, user: &str, change: UserChange) {
    let local: LocalPart = local(user);
    pair.admin(org, AdminOp::ChangeUser { local, change }).expect("an admin changes a user");
}

#[test]
fn p6_an_add_makes_a_direct_room_on_both_sides() {
    for (org, user, other) in [(ACME, "alice", "bob"), (GLOBEX, "bob", "alice")] {
        let mut pair = Pair::open();
        let id = acquaint(&mut pair, org, user, other);
        let added = pair.address(org.other(), other);
        assert_eq!(contact_state(&pair, org, user, &added), Some(ContactState::Added));
        for side in [ACME, GLOBEX] {
            assert_eq!(members(&pair, side, id), ["alice", "bob"]);
            assert_eq!(room(&pair, side, id).info.host, ACME.domain(), "the domain that sorts first hosts (P7)");
        }
        assert_in_step(&pair, id);
        let adder = pair.address(org, user);
        let told = pair.side(org.other()).notices_of(other);
        assert!(told.contains(&&NoticeKind::DirectRoom { user: adder, room: id }));
        assert!(pair.side(org).notices_of(user).contains(&&NoticeKind::ContactAdded { user: added }));
    }
}

#[test]
fn p7_people_who_add_each_other_at_once_share_one_room() {
    let mut pair = Pair::open();
    let (alice, bob) = (pair.address(ACME, "alice"), pair.address(GLOBEX, "bob"));
    pair.user(ACME, "alice", UserOp::AddContact(bob.clone())).expect("taken");
    pair.user(GLOBEX, "bob", UserOp::AddContact(alice.clone())).expect("taken");
    pair.sync();
    assert_eq!(contact_state(&pair, ACME, "alice", &bob), Some(ContactState::Added));
    assert_eq!(contact_state(&pair, GLOBEX, "bob", &alice), Some(ContactState::Added));
    for org in [ACME, GLOBEX] {
        assert_eq!(pair.side(org).state.rooms.len(), 1);
    }
}

#[test]
fn p6_adding_again_changes_nothing() {
    let (mut pair, _) = acquainted();
    let bob = pair.address(GLOBEX, "bob");
    let before = pair.side(ACME).outbox.len();
    let answer = pair.user(ACME, "alice", UserOp::AddContact(bob)).expect("idempotent");
    assert!(matches!(answer, Answer::Outcome(Outcome::Contact(ContactState::Added))));
    assert_eq!(pair.side(ACME).outbox.len(), before);
}

/// Runs a change on the partner's side, then adds bob from acme; what the adder is told.
fn answer_after(change: impl FnOnce(&mut Pair), whom: &str) -> (Option<ContactState>, Vec<NoticeKind>, usize) {
    let mut pair = Pair::open();
    change(&mut pair);
    pair.sync();
    let other = address(whom);
    pair.user(ACME, "alice", UserOp::AddContact(other.clone())).expect("taken");
    pair.sync();
    let told =
        pair.side(ACME).notices_of("alice").into_iter().filter(|kind| !matches!(kind, NoticeKind::Available { .. }));
    let told = told.cloned().collect();
    (contact_state(&pair, ACME, "alice", &other), told, pair.side(GLOBEX).state.rooms.len())
}

#[test]
fn p8_every_reason_gives_the_adder_the_same_answer() {
    let bob = "bob@globex.example";
    let off = UserChange { external: Some(false), ..UserChange::default() };
    let gone = UserChange { active: Some(false), ..UserChange::default() };
    let nobody = "nobody@globex.example";
    let answers = [
        answer_after(|_| {}, nobody),
        answer_after(|pair| permit(pair, GLOBEX, "bob", off), bob),
        answer_after(|pair| permit(pair, GLOBEX, "bob", gone), bob),
        answer_after(|pair| block(pair, GLOBEX, "bob", "alice", BlockSwitch::On), bob),
    ];
    for (n, (state, told, rooms)) in answers.into_iter().enumerate() {
        let user = address(if n == 0 { nobody } else { bob });
        assert_eq!(state, Some(ContactState::Unavailable), "answer {n}");
        assert_eq!(told, [NoticeKind::ContactUnavailable { user, code: Code::Unavailable }], "answer {n}");
        assert_eq!(rooms, 0, "answer {n}: nothing was made");
    }
}

#[test]
fn p8_adds_are_limited_per_user_and_hour() {
    let mut pair = Pair::open();
    for n in 0..limits::CONTACT_ADDS_PER_USER_PER_HOUR_MAX {
        pair.user(ACME, "alice", UserOp::AddContact(address(&format!("u{n}@globex.example"))))
            .expect("within the limit");
    }
    let more = UserOp::AddContact(address("bob@globex.example"));
    assert_eq!(code(pair.user(ACME, "alice", more)), Code::RateLimited);
    pair.user(ACME, "carol", UserOp::AddContact(address("bob@globex.example"))).expect("others may");
    pair.now = pair.now.plus(3_600_000);
    pair.user(ACME, "alice", UserOp::AddContact(address("bob@globex.example"))).expect("an hour later");
}

#[test]
fn a21_a_partner_cannot_count_our_users() {
    let mut pair = Pair::open();
    let guesses = limits::CONTACT_ADDS_PER_LINK_PER_DAY_MAX + 5;
    let mut answers = Vec::new();
    for n in 0..guesses {
        let to = address(&format!("guess{n}@globex.example"));
        let body = RecordBody::ContactAdd { from: address("alice@acme.example"), name: parsed("Alice"), to };
        answers.push(hostile::apply(&mut pair, GLOBEX, &body));
    }
    let limited = answers.iter().filter(|answer| **answer == Err(Code::RateLimited)).count();
    assert_eq!(limited, 5, "refused adds count as well");
    assert!(answers.iter().all(|answer| matches!(answer, Err(Code::RateLimited | Code::Unavailable))));
}

#[test]
fn p6_an_add_is_refused_here_when_our_own_side_forbids_it() {
    let mut pair = Pair::open();
    let add = |to: &str| UserOp::AddContact(address(to));
    assert_eq!(code(pair.user(ACME, "alice", add("carol@acme.example"))), Code::Invalid);
    assert_eq!(code(pair.user(ACME, "alice", add("x@unknown.example"))), Code::UnknownPeer);
    block(&mut pair, ACME, "alice", "bob", BlockSwitch::On);
    assert_eq!(code(pair.user(ACME, "alice", add("bob@globex.example"))), Code::Blocked);
    permit(&mut pair, ACME, "carol", UserChange { external: Some(false), ..UserChange::default() });
    assert_eq!(code(pair.user(ACME, "carol", add("bob@globex.example"))), Code::NotPermitted);
    pair.revoke(GLOBEX);
    pair.sync();
    assert_eq!(code(pair.user(ACME, "erin", add("bob@globex.example"))), Code::ClosedByThem);
}

#[test]
fn p18_an_add_that_did_not_cross_is_undelivered_and_can_be_asked_again() {
    let mut pair = Pair::open();
    let bob = pair.address(GLOBEX, "bob");
    pair.user(ACME, "alice", UserOp::AddContact(bob.clone())).expect("taken");
    pair.revoke(ACME);
    pair.sync();
    assert_eq!(contact_state(&pair, ACME, "alice", &bob), Some(ContactState::Undelivered));
    pair.grant(ACME, crate::model::grant::Scopes::all());
    pair.sync();
    assert_eq!(pair.side(GLOBEX).state.rooms.len(), 0, "a re-opened link sends nothing that was queued before");
    acquaint(&mut pair, ACME, "alice", "bob");
    assert_eq!(contact_state(&pair, ACME, "alice", &bob), Some(ContactState::Added));
}

#[test]
fn p9_notes_on_a_contact_stay_here() {
    let (mut pair, _) = acquainted();
    let bob = pair.address(GLOBEX, "bob");
    let overlay = Overlay { name: Some(parsed("Bobby")), ..Overlay::default() };
    let before = pair.side(ACME).outbox.len();
    pair.user(ACME, "alice", UserOp::EditContact(bob.clone(), overlay.clone())).expect("one's own notes");
    assert_eq!(pair.side(ACME).state.contacts[&(local("alice"), bob)].overlay, overlay);
    assert_eq!(pair.side(ACME).outbox.len(), before);
    let stranger = UserOp::EditContact(address("dave@globex.example"), Overlay::default());
    assert_eq!(code(pair.user(ACME, "alice", stranger)), Code::NotFound);
}

#[test]
fn p10_a_block_hides_forbids_and_is_not_told() {
    let (mut pair, id) = acquainted();
    post(&mut pair, ACME, "alice", id, "before").expect("open");
    pair.sync();
    let (sent, told) = (pair.side(GLOBEX).outbox.len(), pair.side(ACME).notices.len());
    block(&mut pair, GLOBEX, "bob", "alice", BlockSwitch::On);
    assert_eq!(pair.side(GLOBEX).outbox.len(), sent, "nothing crosses");
    post(&mut pair, ACME, "alice", id, "hidden").expect("the blocked person is not told");
    pair.sync();
    assert_eq!(pair.side(ACME).notices.len(), told);
    assert_eq!(code(post(&mut pair, GLOBEX, "bob", id, "no")), Code::Blocked);
    let seen =
        |pair: &Pair, index| rooms::visible(&pair.side(GLOBEX).state, &local("bob"), room(pair, GLOBEX, id), index);
    assert!(seen(&pair, 0) && !seen(&pair, 1));
    block(&mut pair, GLOBEX, "bob", "alice", BlockSwitch::Off);
    post(&mut pair, ACME, "alice", id, "after").expect("open");
    pair.sync();
    assert!(seen(&pair, 0) && !seen(&pair, 1) && seen(&pair, 2), "what was hidden stays hidden");
    post(&mut pair, GLOBEX, "bob", id, "again").expect("unblocked");
}

#[test]
fn p10_a_block_outlives_the_contact() {
    let (mut pair, _) = acquainted();
    let bob = pair.address(GLOBEX, "bob");
    block(&mut pair, ACME, "alice", "bob", BlockSwitch::On);
    pair.user(ACME, "alice", UserOp::RemoveContact(bob.clone())).expect("removed");
    assert!(pair.side(ACME).state.contacts[&(local("alice"), bob.clone())].blocked);
    assert_eq!(code(pair.user(ACME, "alice", UserOp::RemoveContact(bob.clone()))), Code::NotFound);
    block(&mut pair, ACME, "alice", "bob", BlockSwitch::Off);
    assert_eq!(contact_state(&pair, ACME, "alice", &bob), None, "nothing is left to keep");
}

#[test]
fn p15_who_lost_the_permission_cannot_be_written_to() {
    let (mut pair, id) = acquainted();
    permit(&mut pair, GLOBEX, "bob", UserChange { external: Some(false), ..UserChange::default() });
    pair.sync();
    assert_eq!(code(post(&mut pair, ACME, "alice", id, "hello")), Code::Unavailable);
    assert_eq!(code(post(&mut pair, GLOBEX, "bob", id, "hello")), Code::NotPermitted);
    permit(&mut pair, GLOBEX, "bob", UserChange { external: Some(true), ..UserChange::default() });
    pair.sync();
    post(&mut pair, ACME, "alice", id, "hello").expect("reachable again");
}

#[test]
fn p6_an_answer_that_was_lost_with_the_link_is_given_again() {
    for (org, user, other) in [(ACME, "alice", "bob"), (GLOBEX, "bob", "alice")] {
        let mut pair = Pair::open();
        let added = pair.address(org.other(), other);
        pair.user(org, user, UserOp::AddContact(added.clone())).expect("taken");
        pair.deliver(org);
        pair.revoke(org);
        pair.sync();
        assert_eq!(contact_state(&pair, org, user, &added), Some(ContactState::Undelivered));
        pair.grant(org, crate::model::grant::Scopes::all());
        pair.sync();
        assert_eq!(contact_state(&pair, org, user, &added), Some(ContactState::Added));
        let id = direct_room(&pair.address(org, user), &added);
        post(&mut pair, org.other(), other, id, "so there you are").expect("the room is on both sides");
        pair.sync();
        assert_in_step(&pair, id);
    }
}
