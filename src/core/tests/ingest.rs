//! Envelopes: the fixed order of checks, duplicates, forks, verdicts, credit (W11 to W13, A9 to A12, A27, A34).

use crate::{
    core::command::{AdminOp, Answer, PeerOp, UserChange, UserOp},
    model::{
        Code, Digest, EpochId, LinkId, Reject, RoomId,
        contact::ContactState,
        event::{Message, Role},
        grant::{Scope, Scopes},
        limits,
        link::{InStream, LinkState},
        record::{Ack, Envelope, RecordBody},
        room::History,
    },
    testing::{
        Org, Pair,
        fixtures::{domain, local, parsed, room_id},
        pair::evidence,
    },
};

fn with_direct_room() -> (Pair, RoomId) {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob.clone())).expect("bob can be added");
    pair.sync();
    let room = crate::crypto::digest::direct_room(&pair.address(Org::Acme, "alice"), &bob);
    (pair, room)
}

fn say(pair: &mut Pair, org: Org, user: &str, room: RoomId) {
    let id = crate::model::EventId(crate::clock::random_16(&mut crate::testing::Seeded::new(pair.now.0)));
    let message = Message::plain(parsed("hello"));
    pair.user(org, user, UserOp::Act { room, id, act: message.into() }).expect("the message is taken");
}

fn inn(pair: &Pair, org: Org) -> &InStream {
    pair.side(org).state.links[&org.other().domain()].streams.inn.as_ref().expect("a stream is agreed")
}

/// Four messages of alice's in one envelope that has not been delivered.
fn waiting() -> (Pair, Envelope) {
    let (mut pair, room) = with_direct_room();
    for _ in 0..4 {
        say(&mut pair, Org::Acme, "alice", room);
    }
    let envelope = pair.next_envelope(Org::Acme).expect("messages wait");
    assert!(envelope.records.len() >= 4);
    (pair, envelope)
}

fn refused(change: impl FnOnce(&mut Envelope)) -> Code {
    let (mut pair, mut envelope) = waiting();
    let before = inn(&pair, Org::Globex).clone();
    change(&mut envelope);
    let code = pair.ingest(Org::Globex, envelope).unwrap_err().code;
    assert_eq!(inn(&pair, Org::Globex), &before, "the cursor is unchanged");
    code
}

#[test]
fn a10_an_envelope_of_another_link_is_refused() {
    assert_eq!(refused(|envelope| envelope.link = LinkId([9; 16])), Code::Proof);
    assert_eq!(refused(|envelope| envelope.origin = domain("other.example")), Code::Proof);
    assert_eq!(refused(|envelope| envelope.destination = domain("other.example")), Code::Proof);
    assert_eq!(refused(|envelope| std::mem::swap(&mut envelope.origin, &mut envelope.destination)), Code::Proof);
}

#[test]
fn a11_holes_and_wrong_numbers_hold_the_stream() {
    assert_eq!(refused(|envelope| envelope.epoch.id = EpochId([9; 16])), Code::Epoch);
    assert_eq!(refused(|envelope| envelope.epoch.n += 1), Code::Epoch);
    assert_eq!(refused(|envelope| envelope.from_seq = 0), Code::Malformed);
    assert_eq!(refused(|envelope| envelope.records.clear()), Code::Malformed);
    assert_eq!(refused(|envelope| envelope.records.swap(0, 1)), Code::Malformed);
    assert_eq!(refused(|envelope| drop(envelope.records.remove(1))), Code::Malformed);
    let ahead = |envelope: &mut Envelope| {
        envelope.records.remove(0);
        envelope.from_seq += 1;
    };
    assert_eq!(refused(ahead), Code::Gap);
    let absurd = |envelope: &mut Envelope| {
        envelope.from_seq = u64::MAX - 1;
        (0..).zip(&mut envelope.records).for_each(|(n, record)| record.seq = (u64::MAX - 1).saturating_add(n));
    };
    assert_eq!(refused(absurd), Code::Malformed);
}

#[test]
fn grants_that_are_unknown_here_are_told_by_a_hello_first() {
    assert_eq!(refused(|envelope| envelope.grants.0 += 1), Code::Epoch);
    assert_eq!(refused(|envelope| envelope.grants.1 += 1), Code::Epoch);
}

#[test]
fn a14_after_our_revocation_nothing_is_applied() {
    let (mut pair, envelope) = waiting();
    pair.revoke(Org::Globex);
    for _ in 0..3 {
        assert_eq!(pair.ingest(Org::Globex, envelope.clone()).unwrap_err().code, Code::ClosedByUs);
    }
}

#[test]
fn a9_an_envelope_of_the_last_epoch_is_unknown_after_a_new_grant() {
    let (mut pair, envelope) = waiting();
    pair.revoke(Org::Globex);
    pair.grant(Org::Globex, Scopes::all());
    pair.sync();
    assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
    assert_eq!(pair.ingest(Org::Globex, envelope).unwrap_err().code, Code::Epoch);
}

#[test]
fn a9_duplicates_in_any_grouping_have_one_effect() {
    let (mut pair, envelope) = waiting();
    let first = pair.ingest(Org::Globex, envelope.clone()).expect("it is applied");
    let (events, notices) = (pair.globex.timelines.len(), pair.globex.notices.len());
    for _ in 0..100 {
        let again = pair.ingest(Org::Globex, envelope.clone()).expect("a duplicate is answered");
        assert_eq!((again.cursor, again.head), (first.cursor, first.head));
    }
    let out = pair.acme.state.links[&Org::Globex.domain()].streams.out.expect("a stream is agreed");
    for from in 1..out.next_seq {
        for end in from + 1..=out.next_seq {
            let part = pair.envelope(Org::Acme, out, from, end);
            assert_eq!(pair.ingest(Org::Globex, part).expect("a part is answered").cursor, first.cursor);
        }
    }
    assert_eq!((pair.globex.timelines.len(), pair.globex.notices.len()), (events, notices));
}

#[test]
fn a_prefix_that_was_applied_is_skipped_and_the_rest_taken() {
    let (mut pair, envelope) = waiting();
    let out = pair.acme.state.links[&Org::Globex.domain()].streams.out.expect("a stream is agreed");
    let part = pair.envelope(Org::Acme, out, envelope.from_seq, envelope.from_seq + 2);
    pair.ingest(Org::Globex, part).expect("the first two");
    let ack = pair.ingest(Org::Globex, envelope).expect("the rest");
    assert_eq!((ack.cursor, ack.head), (out.next_seq - 1, out.head));
    assert!(ack.rejects.is_empty());
}

fn forked(change: impl FnOnce(&mut Pair, &mut Envelope)) -> (Pair, Reject) {
    let (mut pair, mut envelope) = waiting();
    change(&mut pair, &mut envelope);
    let before = inn(&pair, Org::Globex).clone();
    let reject = pair.ingest(Org::Globex, envelope).unwrap_err();
    assert_eq!(inn(&pair, Org::Globex), &before, "the cursor is unchanged");
    (pair, reject)
}

#[test]
fn a12_two_contents_for_one_number_quarantine_the_link() {
    let (pair, reject) = forked(|_, envelope| envelope.prev = Digest([9; 32]));
    assert_eq!((reject.code, pair.link_state(Org::Globex)), (Code::Fork, LinkState::Quarantined));
    let (pair, reject) = forked(|pair, envelope| {
        pair.ingest(Org::Globex, envelope.clone()).expect("the first content");
        envelope.records.last_mut().expect("there are records").digest = Digest([9; 32]);
    });
    assert_eq!((reject.code, pair.link_state(Org::Globex)), (Code::Fork, LinkState::Quarantined));
    let quarantine = pair.globex.state.links[&Org::Acme.domain()].peer.quarantine.clone().expect("quarantined");
    assert!(quarantine.evidence.len() == 2, "signature and payload are kept");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open, "the other side is not told a lie about itself");
}

#[test]
fn a27_poison_is_consumed_and_the_next_record_is_applied() {
    let (mut pair, mut envelope) = waiting();
    let poison = envelope.from_seq;
    envelope.records[0].body = Err(Code::UnknownType);
    let before = pair.globex.timelines.len();
    let ack = pair.ingest(Org::Globex, envelope).expect("it is applied");
    assert_eq!(ack.rejects[0], (poison, Code::UnknownType));
    assert_eq!(pair.globex.audited("record.refused").len(), ack.rejects.len());
    assert!(pair.globex.timelines.len() >= before);
    assert_eq!(ack.credit.records, limits::CREDIT_RECORDS_MAX - ack.rejects.len() as u64);
    assert_eq!(ack.credit.bytes, limits::CREDIT_BYTES_MAX);
}

#[test]
fn f2_rejects_are_repeated_until_they_are_settled() {
    let (mut pair, mut envelope) = waiting();
    envelope.records[0].body = Err(Code::Malformed);
    let first = pair.ingest(Org::Globex, envelope.clone()).expect("it is applied");
    assert!(!first.rejects.is_empty());
    let again = pair.ingest(Org::Globex, envelope.clone()).expect("the same again");
    assert_eq!(again.rejects, first.rejects);
    envelope.settled = first.cursor;
    let settled = pair.ingest(Org::Globex, envelope).expect("the same again, settled");
    assert!(settled.rejects.is_empty());
    assert!(inn(&pair, Org::Globex).rejects.is_empty());
}

#[test]
fn w13_three_voids_in_an_hour_quarantine() {
    let (mut pair, mut envelope) = waiting();
    for record in &mut envelope.records[..3] {
        record.body = Ok(RecordBody::Void { digest: crate::model::Digest::ZERO });
    }
    let ack = pair.ingest(Org::Globex, envelope).expect("voids keep their numbers");
    assert_eq!(ack.cursor, inn(&pair, Org::Globex).cursor);
    assert_eq!(pair.link_state(Org::Globex), LinkState::Quarantined);
}

#[test]
fn w13_voids_far_apart_do_not_quarantine() {
    let (mut pair, mut envelope) = waiting();
    let rest = envelope.records.split_off(2);
    for record in &mut envelope.records {
        record.body = Ok(RecordBody::Void { digest: crate::model::Digest::ZERO });
    }
    let ack = pair.ingest(Org::Globex, envelope.clone()).expect("voids keep their numbers");
    pair.now = pair.now.plus(3_600_000);
    envelope = Envelope { from_seq: ack.cursor + 1, prev: ack.head, records: rest, ..envelope };
    envelope.records[0].body = Ok(RecordBody::Void { digest: crate::model::Digest::ZERO });
    pair.ingest(Org::Globex, envelope).expect("voids keep their numbers");
    assert_ne!(pair.link_state(Org::Globex), LinkState::Quarantined);
}

#[test]
fn w11_too_many_unsettled_rejects_stop_the_sender() {
    let (mut pair, envelope) = waiting();
    let link = pair.globex.state.links.get_mut(&Org::Acme.domain()).expect("acme is pinned");
    let streams = &mut std::sync::Arc::make_mut(link).streams;
    let rejects = &mut streams.inn.as_mut().expect("a stream is agreed").rejects;
    *rejects = vec![(envelope.settled + 1, Code::Malformed); limits::REJECTS_UNSETTLED_MAX];
    assert_eq!(pair.ingest(Org::Globex, envelope).unwrap_err().code, Code::Credit);
}

#[test]
fn p2_a_scope_that_went_refuses_and_does_not_hold_the_stream() {
    let (mut pair, room) = with_direct_room();
    say(&mut pair, Org::Globex, "bob", room);
    let in_flight = pair.next_envelope(Org::Globex).expect("a submission waits");
    pair.grant(Org::Acme, [Scope::Contacts].into_iter().collect());
    let ack = pair.ingest(Org::Acme, in_flight).expect("it is consumed");
    assert!(ack.rejects.iter().all(|(_, code)| *code == Code::Scope) && !ack.rejects.is_empty());
    pair.settle(Org::Globex, ack).expect("the verdict is settled");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
}

#[test]
fn w17_submissions_get_their_places_before_any_further_event() {
    let (mut pair, room) = with_direct_room();
    for _ in 0..5 {
        say(&mut pair, Org::Globex, "bob", room);
    }
    say(&mut pair, Org::Acme, "alice", room);
    pair.sync();
    let of = |pair: &Pair, org: Org| {
        let all = &pair.side(org).timelines;
        all.iter().filter(|((of, _), _)| *of == room).map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(&pair, Org::Acme).len(), 6);
    assert_eq!(of(&pair, Org::Acme), of(&pair, Org::Globex), "both sides have one order (P23)");
    assert!(pair.globex.pending.is_empty());
}

#[test]
fn a34_whatever_is_enqueued_is_taken() {
    let (mut pair, room) = with_direct_room();
    let group = room_id(7);
    let create = UserOp::CreateRoom {
        id: group,
        name: parsed("Launch"),
        description: parsed(""),
        history: History::Arrival,
        members: vec![pair.address(Org::Globex, "bob"), pair.address(Org::Acme, "carol")],
    };
    pair.user(Org::Acme, "alice", create).expect("a group can be made");
    pair.sync();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::SetRole(group, bob.clone(), Role::Master)).expect("bob becomes a master");
    pair.sync();
    let carol = pair.address(Org::Acme, "carol");
    pair.user(Org::Globex, "bob", UserOp::RemoveMember(group, carol)).expect("bob may ask for it");
    say(&mut pair, Org::Globex, "bob", group);
    say(&mut pair, Org::Acme, "alice", room);
    pair.sync();
    let external = UserChange { external: Some(false), ..UserChange::default() };
    pair.admin(Org::Globex, AdminOp::ChangeUser { local: local("bob"), change: external }).expect("bob is there");
    pair.sync();
    assert!(!pair.acme.state.rooms[&group].members.contains_key(&bob), "excluded on both sides (P15)");
    for org in [Org::Acme, Org::Globex] {
        assert!(pair.side(org).audited("record.refused").is_empty(), "{:?}", pair.side(org).audit);
    }
}

#[test]
fn p8_an_add_that_is_refused_reaches_the_adder() {
    let mut pair = Pair::open();
    let nobody = crate::testing::fixtures::address("nobody@globex.example");
    pair.user(Org::Acme, "alice", UserOp::AddContact(nobody.clone())).expect("the question is taken");
    pair.sync();
    assert_eq!(pair.acme.state.contacts[&(local("alice"), nobody)].state, ContactState::Unavailable);
}

#[test]
fn an_envelope_of_a_stranger_is_refused() {
    let (mut pair, envelope) = waiting();
    let op = PeerOp::Ingest(Box::new(envelope), evidence(), Vec::new());
    let command = crate::core::Command::Peer { peer: domain("other.example"), op };
    assert_eq!(pair.command(Org::Globex, command).unwrap_err().code, Code::UnknownPeer);
}

#[test]
fn w11_the_ack_says_how_far_it_durably_is() {
    let (mut pair, envelope) = waiting();
    let last = envelope.from_seq + envelope.records.len() as u64 - 1;
    let Ok(Answer::Applied(Ack { link, origin, destination, epoch, cursor, .. })) =
        pair.peer(Org::Globex, PeerOp::Ingest(Box::new(envelope.clone()), evidence(), Vec::new()))
    else {
        panic!("it is applied");
    };
    assert_eq!((link, epoch, cursor), (envelope.link, envelope.epoch, last));
    assert_eq!((origin, destination), (envelope.destination, envelope.origin));
}
