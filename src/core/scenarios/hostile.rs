//! A partner that is authenticated and not entitled: one record at a time (A16 to A19, W13, W14).

use super::*;
use crate::{
    crypto::digest::chain,
    model::{
        Digest,
        event::{Content, Event, Sealed},
        grant::{Scope, Scopes},
        notice::NoticeKind,
        record::{Ask, Envelope, RecordBody},
        room::{MemberImage, RoomImage, RoomKind},
    },
    testing::pair::record,
    wire,
};

/// Hands `to` one record that its partner never decided to send; the verdict.
pub fn apply(pair: &mut Pair, to: Org, body: &RecordBody) -> Result<(), Code> {
    let link = &pair.side(to).state.links[&to.other().domain()];
    let inn = link.streams.inn.clone().expect("the link is open");
    let seq = inn.cursor + 1;
    let envelope = Envelope {
        link: link.peer.link,
        origin: to.other().domain(),
        destination: to.domain(),
        epoch: inn.epoch,
        from_seq: seq,
        prev: inn.head,
        grants: (0, 0),
        settled: inn.cursor,
        sent_at: pair.now,
        records: vec![record(&wire::record::encode(seq, pair.now, body))],
    };
    let ack = pair.ingest(to, envelope).expect("a refused record is consumed (W13)");
    assert_eq!(ack.cursor, seq);
    match ack.rejects.iter().find(|(of, _)| *of == seq) {
        Some((_, code)) => Err(*code),
        None => Ok(()),
    }
}

fn sealed(author: Option<&str>, content: Content) -> Sealed {
    let author = author.map(address);
    wire::event::seal(Event { id: EventId([3; 16]), author, made_at: crate::model::Millis(5), content })
}

fn said(author: &str, words: &str) -> Sealed {
    sealed(Some(author), text(words).into())
}

/// An event as the next of a room, from globex, which may or may not host it.
fn next_event(pair: &Pair, to: Org, id: RoomId, event: Sealed) -> RecordBody {
    RecordBody::RoomEvent { room: id, index: room(pair, to, id).next_index, event }
}

fn image(id: RoomId, kind: RoomKind, users: &[&str]) -> RoomImage {
    let member = |user: &&str| MemberImage {
        user: address(user),
        name: Some(parsed("Somebody")),
        role: Role::Master,
        visible_from: 0,
    };
    RoomImage {
        id,
        kind,
        name: (kind == RoomKind::Group).then(|| parsed("Trap")),
        description: parsed(""),
        history: History::All,
        rules: crate::model::tool::Rules::default(),
        photo: None,
        created_by: address("bob@globex.example"),
        created_at: crate::model::Millis(1),
        members: users.iter().map(member).collect(),
        next_index: 4,
        head: Digest::ZERO,
    }
}

#[test]
fn a16_nobody_submits_as_a_user_of_another_org() {
    let (mut pair, id) = acquainted();
    for author in ["alice@acme.example", "eve@third.example"] {
        let body = RecordBody::RoomSubmit { room: id, event: said(author, "forged") };
        assert_eq!(apply(&mut pair, ACME, &body), Err(Code::Authority), "{author}");
    }
    let body = RecordBody::RoomSubmit { room: id, event: said("dave@globex.example", "not in it") };
    assert_eq!(apply(&mut pair, ACME, &body), Err(Code::NotMember));
    let settings =
        sealed(Some("bob@globex.example"), Content::Settings(crate::model::event::SettingsChange::default()));
    let body = RecordBody::RoomSubmit { room: id, event: settings };
    assert_eq!(apply(&mut pair, ACME, &body), Err(Code::Authority), "a follower only speaks");
    assert!(texts(&pair, ACME, id).is_empty());
}

#[test]
fn a17_nobody_claims_a_room_that_we_host() {
    let (mut pair, id) = group(ACME);
    let before = room(&pair, ACME, id).clone();
    let claim = RecordBody::RoomState(Box::new(image(id, RoomKind::Group, &["bob@globex.example"])));
    assert_eq!(apply(&mut pair, ACME, &claim), Err(Code::Authority));
    let event = next_event(&pair, ACME, id, said("bob@globex.example", "mine now"));
    assert_eq!(apply(&mut pair, ACME, &event), Err(Code::Authority));
    let invite = RecordBody::RoomInvite {
        room: id,
        by: address("bob@globex.example"),
        users: vec![address("erin@acme.example")],
    };
    assert_eq!(apply(&mut pair, ACME, &invite), Err(Code::Authority));
    assert_eq!(room(&pair, ACME, id).members, before.members);
    assert_eq!(room(&pair, ACME, id).next_index, before.next_index);
}

#[test]
fn a17_a_direct_room_is_only_what_its_id_says() {
    let mut pair = Pair::open();
    let (alice, bob) = ("alice@acme.example", "bob@globex.example");
    let id = direct_room(&address(alice), &address(bob));
    for (id, users) in [(id, [alice, "dave@globex.example"]), (room_id(4), [alice, bob]), (id, [alice, bob])] {
        let claim = RecordBody::RoomState(Box::new(image(id, RoomKind::Direct, &users)));
        assert_eq!(apply(&mut pair, ACME, &claim), Err(Code::Authority), "acme hosts, whatever globex says");
    }
    let mut claim = image(id, RoomKind::Direct, &[alice, bob]);
    claim.created_by = address(alice);
    assert_eq!(apply(&mut pair, GLOBEX, &RecordBody::RoomState(Box::new(claim.clone()))), Err(Code::Authority));
    assert!(pair.side(GLOBEX).state.rooms.is_empty(), "bob never asked for it");
    pair.user(GLOBEX, "bob", UserOp::AddContact(address(alice))).expect("taken");
    assert_eq!(apply(&mut pair, GLOBEX, &RecordBody::RoomState(Box::new(claim))), Ok(()), "now he has");
    assert_eq!(members(&pair, GLOBEX, id), ["alice", "bob"]);
}

#[test]
fn a17_nobody_makes_a_group_under_the_id_of_a_direct_room() {
    let mut pair = Pair::open();
    let (alice, third) = (address("alice@acme.example"), address("carol@third.example"));
    for id in [direct_room(&alice, &third), direct_room(&alice, &address("bob@globex.example"))] {
        let claim = RecordBody::RoomState(Box::new(image(id, RoomKind::Group, &["bob@globex.example"])));
        assert_eq!(apply(&mut pair, ACME, &claim), Err(Code::Authority));
        assert_eq!(code(create(&mut pair, ACME, "alice", id, Vec::new())), Code::Invalid);
    }
    assert!(pair.side(ACME).state.rooms.is_empty());
    acquaint(&mut pair, ACME, "alice", "bob");
}

#[test]
fn a18_a_host_adds_nobody_of_ours_without_our_daemons_word() {
    let (mut pair, id) = group(GLOBEX);
    let erin = address("erin@acme.example");
    let joined = sealed(Some("bob@globex.example"), Content::Joined { users: vec![erin.clone()] });
    let before = room(&pair, ACME, id).next_index;
    let event = next_event(&pair, ACME, id, joined);
    assert_eq!(apply(&mut pair, ACME, &event), Err(Code::Authority));
    assert!(!room(&pair, ACME, id).members.contains_key(&erin));
    assert_eq!(room(&pair, ACME, id).next_index, before);
    let mut state = image(room_id(5), RoomKind::Group, &["bob@globex.example", "erin@acme.example"]);
    assert_eq!(apply(&mut pair, ACME, &RecordBody::RoomState(Box::new(state.clone()))), Ok(()));
    assert_eq!(members(&pair, ACME, room_id(5)), ["bob"], "erin is left out");
    state.id = room_id(6);
    state.members[1].user = address("eve@third.example");
    assert_eq!(apply(&mut pair, ACME, &RecordBody::RoomState(Box::new(state))), Err(Code::ThirdOrg));
}

#[test]
fn a18_an_invitation_for_a_stranger_is_declined() {
    let (mut pair, id) = group(GLOBEX);
    let invite = RecordBody::RoomInvite {
        room: id,
        by: address("bob@globex.example"),
        users: vec![address("erin@acme.example"), address("nobody@acme.example")],
    };
    assert_eq!(apply(&mut pair, ACME, &invite), Ok(()));
    let answer = pair.side(ACME).outbox.values().last().expect("answered");
    let answer = record(&answer.bytes).body.expect("in form");
    let RecordBody::RoomAnswer { accepted, declined, .. } = answer else { panic!("an answer, not {answer:?}") };
    assert!(accepted.is_empty(), "erin and bob do not know each other");
    assert_eq!(declined.len(), 2, "and nothing tells who exists (P8)");
    let by_member = RecordBody::RoomInvite {
        room: id,
        by: address("dave@globex.example"),
        users: vec![address("erin@acme.example")],
    };
    assert_eq!(apply(&mut pair, ACME, &by_member), Err(Code::NotMaster));
}

#[test]
fn a19_a_host_that_invents_skips_or_repeats_freezes_the_room() {
    let bob = "bob@globex.example";
    let next = |pair: &Pair, id| room(pair, ACME, id).next_index;
    type Forge = fn(u64, RoomId) -> RecordBody;
    let forge: [(Forge, Code, Code); 3] = [
        (
            |next, room| RecordBody::RoomEvent { room, index: next + 1, event: said("bob@globex.example", "later") },
            Code::Frozen,
            Code::Gap,
        ),
        (
            |next, room| RecordBody::RoomEvent { room, index: next - 1, event: said("bob@globex.example", "other") },
            Code::Frozen,
            Code::Fork,
        ),
        (
            |next, room| RecordBody::RoomEvent { room, index: next, event: said("alice@acme.example", "words") },
            Code::Authority,
            Code::Authority,
        ),
    ];
    for (forge, verdict, frozen) in forge {
        let (mut pair, id) = group(GLOBEX);
        post(&mut pair, GLOBEX, "bob", id, "true").expect("open");
        pair.sync();
        let before = texts(&pair, ACME, id);
        let body = forge(next(&pair, id), id);
        assert_eq!(apply(&mut pair, ACME, &body), Err(verdict));
        assert_eq!(room(&pair, ACME, id).info.frozen, Some(frozen));
        assert!(pair.side(ACME).notices_of("alice").contains(&&NoticeKind::Frozen { room: id }));
        assert_eq!(pair.side(ACME).audited("room.frozen").len(), 1);
        let body = next_event(&pair, ACME, id, said(bob, "too late"));
        assert_eq!(apply(&mut pair, ACME, &body), Err(Code::Frozen));
        assert_eq!(texts(&pair, ACME, id), before);
        assert_eq!(code(post(&mut pair, ACME, "alice", id, "anybody?")), Code::Frozen);
    }
}

#[test]
fn a19_a_state_that_goes_back_freezes_the_room() {
    let (mut pair, id) = group(GLOBEX);
    let next_index = room(&pair, ACME, id).next_index;
    let mut state = image(id, RoomKind::Group, &["bob@globex.example"]);
    state.next_index = next_index - 1;
    assert_eq!(apply(&mut pair, ACME, &RecordBody::RoomState(Box::new(state))), Err(Code::Frozen));
    assert_eq!(room(&pair, ACME, id).info.frozen, Some(Code::Fork));
}

#[test]
fn a19_a_placement_of_what_nobody_sent_is_refused() {
    let (mut pair, id) = group(GLOBEX);
    let index = room(&pair, ACME, id).next_index;
    let body = RecordBody::RoomPlaced { room: id, index, epoch_n: None, submits: vec![(900, 900)] };
    assert_eq!(apply(&mut pair, ACME, &body), Err(Code::Malformed));
    post(&mut pair, ACME, "alice", id, "waits").expect("open");
    let seq = pair.side(ACME).pending.values().next().expect("it waits").seq;
    let body = RecordBody::RoomPlaced { room: id, index: index + 1, epoch_n: None, submits: vec![(seq, seq)] };
    assert_eq!(apply(&mut pair, ACME, &body), Err(Code::Frozen));
}

#[test]
fn w13_a_refused_message_consumes_its_index() {
    let (mut pair, id) = group(GLOBEX);
    let before = room(&pair, ACME, id).clone();
    let event = said("frank@globex.example", "not a member");
    let digest = crate::crypto::digest::sha256(&event.bytes);
    let body = next_event(&pair, ACME, id, event);
    assert_eq!(apply(&mut pair, ACME, &body), Err(Code::NotMember));
    let after = room(&pair, ACME, id);
    assert_eq!((after.next_index, after.head), (before.next_index + 1, chain(before.head, digest)));
    let body = next_event(&pair, ACME, id, said("bob@globex.example", "next"));
    assert_eq!(apply(&mut pair, ACME, &body), Ok(()));
}

#[test]
fn p2_messages_need_their_scope_on_arrival_too() {
    let (mut pair, id) = group(GLOBEX);
    let without = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Messages).collect::<Scopes>();
    pair.grant(ACME, without);
    let body = next_event(&pair, ACME, id, said("bob@globex.example", "out of scope"));
    assert_eq!(apply(&mut pair, ACME, &body), Err(Code::Scope));
    assert_eq!(code(post(&mut pair, ACME, "alice", id, "neither")), Code::Scope);
    let removed = sealed(Some("bob@globex.example"), Content::Removed { users: vec![address("carol@acme.example")] });
    let body = next_event(&pair, ACME, id, removed);
    assert_eq!(apply(&mut pair, ACME, &body), Ok(()), "removals always get through");
    assert_eq!(members(&pair, ACME, id), ["alice", "bob", "dave"]);
}

#[test]
fn w14_what_a_partners_master_may_ask_is_checked_at_the_host() {
    let (mut pair, id) = group(ACME);
    let ask = |by: &str, ask: Ask| RecordBody::RoomAsk { room: id, by: address(by), ask };
    let remove = |user: &str| Ask::Remove { users: vec![address(user)] };
    let (bob, alice) = ("bob@globex.example", "alice@acme.example");
    assert_eq!(apply(&mut pair, ACME, &ask(bob, remove(alice))), Err(Code::NotMaster));
    assert_eq!(apply(&mut pair, ACME, &ask(alice, remove(bob))), Err(Code::Authority), "alice is not theirs");
    assert_eq!(apply(&mut pair, ACME, &ask("frank@globex.example", remove(alice))), Err(Code::NotMember));
    let name = UserOp::SetRole(id, address(bob), Role::Master);
    pair.user(ACME, "alice", name).expect("a master names another");
    let add = |user: &str| Ask::Add { users: vec![(address(user), None)] };
    assert_eq!(apply(&mut pair, ACME, &ask(bob, add("eve@third.example"))), Err(Code::ThirdOrg));
    assert_eq!(
        apply(&mut pair, ACME, &ask(bob, add("erin@acme.example"))),
        Err(Code::Unavailable),
        "a stranger to bob"
    );
    assert_eq!(apply(&mut pair, ACME, &ask(bob, add("nobody@acme.example"))), Err(Code::Unavailable), "the same (P8)");
    assert_eq!(apply(&mut pair, ACME, &ask(bob, remove(bob))), Err(Code::NoLeaving));
    assert_eq!(apply(&mut pair, ACME, &ask(bob, remove("carol@acme.example"))), Ok(()));
    assert_eq!(members(&pair, ACME, id), ["alice", "bob", "dave"]);
}

#[test]
fn w14_an_acceptance_that_nobody_asked_for_is_refused() {
    let mut pair = Pair::open();
    let accepted = |from: &str, to: &str| RecordBody::ContactAccepted {
        from: address(from),
        name: parsed("Somebody"),
        to: address(to),
    };
    for (from, to) in [
        ("bob@globex.example", "alice@acme.example"),
        ("eve@third.example", "alice@acme.example"),
        ("bob@globex.example", "dave@globex.example"),
    ] {
        assert_eq!(apply(&mut pair, ACME, &accepted(from, to)), Err(Code::Authority), "{from} to {to}");
    }
    assert!(pair.side(ACME).state.rooms.is_empty());
}
