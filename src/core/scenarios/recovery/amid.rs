//! What happens while a restore is under way: envelopes that come too early, and another restore (W10).
//!
//! Each of these was found by the simulation.

use super::*;
use crate::model::{
    event::{Act, Message},
    file::{FileName, FileRef, FileSource, MediaType},
};

/// Bob's messages stand in a room that acme hosts, after acme's backup. Acme is back at it and has heard the partner.
fn restored() -> (Pair, RoomId, Side) {
    let (mut pair, direct) = acquainted();
    let backup = pair.acme.clone();
    for words in ["one", "two"] {
        post(&mut pair, GLOBEX, "bob", direct, words).expect("said");
        pair.sync();
    }
    pair.restore(ACME, &backup, 7);
    pair.greet(ACME).expect("the partner holds more");
    assert!(pair.take_back(ACME) > 0);
    (pair, direct, backup)
}

fn assert_each_once(pair: &mut Pair, direct: RoomId, before: &[&str]) {
    level(pair);
    post(pair, ACME, "alice", direct, "three").expect("said");
    level(pair);
    assert_in_step(pair, direct);
    let said: Vec<String> = texts(pair, ACME, direct).into_iter().map(|(_, text)| text).collect();
    assert_eq!(said, [before, &["three"]].concat());
}

#[test]
fn w10_an_envelope_before_our_stream_has_begun_anew_is_refused_until_the_next_hello() {
    let (mut pair, direct, _) = restored();
    post(&mut pair, GLOBEX, "bob", direct, "early").expect("the partner may write");
    let envelope = pair.next_envelope(GLOBEX).expect("it waits");
    assert_eq!(code(pair.ingest(ACME, envelope).map(|_| ())), Code::Epoch);
    level(&mut pair);
    assert_in_step(&pair, direct);
    let said: Vec<String> = texts(&pair, GLOBEX, direct).into_iter().map(|(_, text)| text).collect();
    assert_eq!(said, ["one", "two", "early"]);
}

#[test]
fn w10_a_second_restore_before_anything_of_the_new_epoch_has_crossed_does_nothing_twice() {
    let (mut pair, direct, backup) = restored();
    pair.greet(ACME).expect("a new epoch is agreed");
    pair.restore(ACME, &backup, 8);
    assert_each_once(&mut pair, direct, &["one", "two"]);
}

#[test]
fn w10_a_backup_amid_a_replay_does_nothing_twice() {
    let (mut pair, direct, _) = restored();
    pair.greet(ACME).expect("a new epoch is agreed");
    let amid = pair.acme.clone();
    post(&mut pair, ACME, "alice", direct, "lost").expect("the link is open");
    pair.sync();
    pair.restore(ACME, &amid, 8);
    assert_each_once(&mut pair, direct, &["one", "two", "lost"]);
}

#[test]
fn w10_a_replay_ends_at_once_when_the_partner_has_nothing_to_send_again() {
    let (mut pair, direct) = acquainted();
    let backup = pair.acme.clone();
    post(&mut pair, ACME, "alice", direct, "one").expect("said");
    pair.sync();
    pair.restore(ACME, &backup, 7);
    level(&mut pair);
    assert_eq!(pair.acme.state.links[&GLOBEX.domain()].streams.replay, None);
}

#[test]
fn f14_the_bytes_of_own_files_are_awaited_from_the_partner_who_may_have_the_only_copy() {
    let (mut pair, direct) = acquainted();
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        let backup = pair.side(org).clone();
        let digest = crate::crypto::digest::sha256(user.as_bytes());
        let (name, media_type) = (FileName::clean("plan.pdf"), MediaType::unknown());
        let file = FileRef { digest, bytes: 4, name, media_type, image: None };
        let act = Act::Message(Message { files: vec![file], ..Message::plain(parsed("the plan")) });
        let share = UserOp::Share { room: direct, id: EventId([8; 16]), act, sources: vec![FileSource::Upload] };
        pair.user(org, user, share).expect("files are taken");
        pair.sync();
        pair.peer(org.other(), PeerOp::FileArrived(digest)).expect("it is there");
        pair.restore(org, &backup, 7);
        level(&mut pair);
        let peer = org.other().domain();
        assert!(pair.side(org).state.awaits(&peer, digest), "{org:?}");
        pair.peer(org, PeerOp::FileArrived(digest)).expect("it is back");
        assert!(!pair.side(org).state.awaits(&peer, digest));
        assert_in_step(&pair, direct);
    }
}
