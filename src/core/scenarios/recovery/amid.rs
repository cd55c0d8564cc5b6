//! What happens while a restore is under way: envelopes that come too early, and another restore (W10).
//!
//! Each of these was found by the simulation.

use super::*;

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
