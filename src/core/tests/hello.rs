//! Greeting: epochs, positions, contradictions (W8 to W10, A11, A12, A15, F13, F14).

use crate::{
    core::{
        Command,
        command::{Answer, PeerOp, UserOp},
    },
    model::{
        Code, Digest, Domain, EpochId, InstanceId, Reject, RunId,
        grant::Scopes,
        limits,
        link::{LinkState, Streams},
        notice::NoticeKind,
        record::{Epoch, Hello},
    },
    testing::{
        Org, Pair,
        fixtures::{card, domain, parsed},
    },
};

fn streams(pair: &Pair, org: Org) -> &Streams {
    &pair.side(org).state.links[&org.other().domain()].streams
}

fn quarantine(pair: &Pair) -> Option<Code> {
    pair.acme.state.links[&Org::Globex.domain()].peer.quarantine.as_ref().map(|quarantine| quarantine.code)
}

fn with_traffic() -> Pair {
    let mut pair = Pair::open();
    for (user, contact) in [("alice", "bob"), ("carol", "dave")] {
        let contact = pair.address(Org::Globex, contact);
        pair.user(Org::Acme, user, UserOp::AddContact(contact)).expect("an add is sent");
    }
    pair.sync();
    pair
}

/// Globex's hello with a change, as acme hears it.
fn hear_changed(pair: &mut Pair, change: impl FnOnce(&mut Hello)) -> Result<Answer, Reject> {
    let mut hello = pair.hello(Org::Globex);
    change(&mut hello);
    pair.peer(Org::Acme, PeerOp::Heard(Box::new(hello)))
}

fn contradicts(change: impl FnOnce(&mut Hello)) -> Option<Code> {
    let mut pair = with_traffic();
    let Err(reject) = hear_changed(&mut pair, change) else { return None };
    assert_eq!(quarantine(&pair), Some(reject.code));
    assert_eq!(pair.link_state(Org::Acme), LinkState::Quarantined);
    assert_eq!(pair.acme.audited("link.quarantined").len(), 1);
    let ended = NoticeKind::Ended { peer: Org::Globex.domain(), code: Code::Quarantined };
    assert!(pair.acme.notices_of("alice").contains(&&ended), "own users are told (A12)");
    Some(reject.code)
}

#[test]
fn w9_an_epoch_is_minted_only_when_both_grants_are_active() {
    let mut pair = Pair::pinned();
    assert!(pair.hello(Org::Acme).outgoing.is_none());
    pair.grant(Org::Acme, Scopes::all());
    assert!(pair.hello(Org::Acme).outgoing.is_none());
    pair.grant(Org::Globex, Scopes::all());
    pair.greet(Org::Globex).expect("hellos are taken");
    assert_eq!(pair.hello(Org::Acme).outgoing.map(|position| position.epoch.n), Some(1));
}

#[test]
fn two_exchanges_open_a_link_and_then_there_is_no_more_news() {
    let mut pair = Pair::pinned();
    pair.grant(Org::Acme, Scopes::all());
    pair.grant(Org::Globex, Scopes::all());
    let mut exchanges = 1;
    while pair.greet(Org::Acme).expect("hellos are taken") {
        exchanges += 1;
        assert!(exchanges < 10, "hellos come to an end");
    }
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
    assert!(exchanges <= 3, "{exchanges} exchanges");
    assert!(!pair.greet(Org::Globex).expect("hellos are taken"));
}

#[test]
fn p4_everybody_permitted_is_told_once_that_the_link_opened() {
    let mut pair = Pair::open();
    pair.sync();
    for user in ["alice", "carol", "erin"] {
        assert_eq!(pair.acme.notices_of(user), [&NoticeKind::Available { peer: Org::Globex.domain() }]);
    }
    assert_eq!(pair.acme.audited("link.opened").len(), 1);
    assert_eq!(pair.globex.audited("link.opened").len(), 1);
}

#[test]
fn a10_a_hello_of_another_link_is_refused() {
    let other = domain("other.example");
    let changes: [fn(&mut Hello, &Domain); 4] = [
        |hello, _| hello.link.0[0] ^= 1,
        |hello, other| hello.origin = other.clone(),
        |hello, other| hello.destination = other.clone(),
        |hello, other| hello.card = card(other, 1),
    ];
    for change in changes {
        let mut pair = with_traffic();
        let refused = hear_changed(&mut pair, |hello| change(hello, &other)).unwrap_err();
        assert_eq!(refused.code, Code::Proof);
        assert_eq!(quarantine(&pair), None);
    }
    let mut pair = with_traffic();
    let reflected = pair.hello(Org::Acme);
    let refused = pair.peer(Org::Acme, PeerOp::Heard(Box::new(reflected))).unwrap_err();
    assert_eq!(refused.code, Code::Proof);
}

#[test]
fn a12_another_head_at_the_same_record_quarantines() {
    let found = contradicts(|hello| {
        hello.incoming.as_mut().expect("a stream is agreed").head = Digest([9; 32]);
    });
    assert_eq!(found, Some(Code::Fork));
    let found = contradicts(|hello| {
        hello.outgoing.as_mut().expect("a stream is agreed").head = Digest([9; 32]);
    });
    assert_eq!(found, Some(Code::Fork));
}

#[test]
fn w9_two_ids_for_one_epoch_quarantine() {
    let found = contradicts(|hello| {
        hello.outgoing.as_mut().expect("a stream is agreed").epoch.id = EpochId([9; 16]);
    });
    assert_eq!(found, Some(Code::Fork));
    let found = contradicts(|hello| {
        hello.incoming.as_mut().expect("a stream is agreed").epoch.id = EpochId([9; 16]);
    });
    assert_eq!(found, Some(Code::Epoch));
}

#[test]
fn a11_an_epoch_that_passes_over_more_than_a_restore_can_lose_quarantines() {
    let ahead = |n: u64| {
        move |hello: &mut Hello| {
            let outgoing = hello.outgoing.as_mut().expect("a stream is agreed");
            outgoing.epoch = Epoch { n: outgoing.epoch.n + n, id: EpochId([9; 16]) };
        }
    };
    assert_eq!(contradicts(ahead(limits::EPOCHS_LOST_MAX + 1)), Some(Code::Epoch));
    let mut pair = with_traffic();
    let heard = hear_changed(&mut pair, ahead(limits::EPOCHS_LOST_MAX));
    assert!(matches!(heard, Ok(Answer::Heard { .. })), "{heard:?}");
}

#[test]
fn an_epoch_of_another_term_is_not_taken() {
    let mut pair = with_traffic();
    let before = streams(&pair, Org::Acme).inn.clone();
    let heard = hear_changed(&mut pair, |hello| {
        let outgoing = hello.outgoing.as_mut().expect("a stream is agreed");
        outgoing.epoch = Epoch { n: outgoing.epoch.n + 1, id: EpochId([9; 16]) };
        outgoing.term.0 += 1;
    });
    assert!(matches!(heard, Ok(Answer::Heard { .. })));
    assert_eq!(streams(&pair, Org::Acme).inn, before);
}

#[test]
fn a_hello_that_was_overtaken_by_records_is_no_contradiction() {
    let mut pair = with_traffic();
    let old = pair.hello(Org::Globex);
    let alice = pair.address(Org::Acme, "alice");
    pair.user(Org::Globex, "frank", UserOp::AddContact(alice)).expect("an add is sent");
    pair.sync();
    let heard = pair.peer(Org::Acme, PeerOp::Heard(Box::new(old)));
    assert!(matches!(heard, Ok(Answer::Heard { again: false })), "{heard:?}");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
}

#[test]
fn f13_a_receiver_that_lost_its_tail_is_heard_and_sent_again() {
    let mut pair = with_traffic();
    let before = pair.globex.state.clone();
    pair.user(Org::Acme, "alice", UserOp::Rename(parsed("Alice L."))).expect("a profile is sent");
    pair.sync();
    pair.globex.state = before;
    pair.greet(Org::Globex).expect("a lower cursor is no contradiction");
    let out = streams(&pair, Org::Acme).out.expect("a stream is agreed");
    let cursor = streams(&pair, Org::Globex).inn.as_ref().expect("a stream is agreed").cursor;
    assert!(cursor < out.acked);
    let again = pair.envelope(Org::Acme, out, cursor + 1, out.next_seq);
    let ack = pair.ingest(Org::Globex, again).expect("the records fit on");
    let alice = pair.address(Org::Acme, "alice");
    assert_eq!(pair.globex.state.profiles[&alice].name.as_str(), "Alice L.");
    assert_eq!((ack.cursor, ack.head), (out.next_seq - 1, out.head));
}

#[test]
fn f22_the_fate_of_what_was_in_flight_is_known_at_the_next_contact() {
    let mut pair = with_traffic();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "erin", UserOp::AddContact(bob)).expect("an add is sent");
    let in_flight = pair.next_envelope(Org::Acme).expect("the add waits");
    pair.ingest(Org::Globex, in_flight).expect("it is applied, and the ack is lost");
    pair.revoke(Org::Acme);
    let ended = |pair: &Pair| *streams(pair, Org::Acme).ended.last().expect("the epoch ended");
    assert_eq!(ended(&pair).acked + 2, ended(&pair).next_seq);
    pair.greet(Org::Acme).expect("hellos are taken on a closed link");
    assert_eq!(ended(&pair).acked + 1, ended(&pair).next_seq);
}

#[test]
fn w10_an_ended_position_beyond_what_was_sent_is_ignored() {
    let mut pair = with_traffic();
    pair.revoke(Org::Acme);
    pair.greet(Org::Acme).expect("hellos are taken");
    let before = streams(&pair, Org::Acme).ended.clone();
    hear_changed(&mut pair, |hello| hello.ended.as_mut().expect("an epoch ended").cursor = 1_000).expect("heard");
    assert_eq!(streams(&pair, Org::Acme).ended, before);
}

#[test]
fn p18_no_epoch_before_the_rooms_of_the_last_term_are_cleaned_up() {
    let mut pair = with_traffic();
    pair.revoke(Org::Acme);
    pair.grant(Org::Acme, Scopes::all());
    pair.greet(Org::Acme).expect("hellos are taken");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Opening);
    assert!(streams(&pair, Org::Acme).out.is_none());
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
}

#[test]
fn another_database_of_the_peer_is_noted() {
    let mut pair = with_traffic();
    hear_changed(&mut pair, |hello| hello.instance = InstanceId([9; 16])).expect("heard");
    assert_eq!(pair.acme.audited("link.instance_changed").len(), 1);
}

#[test]
fn a_greeting_of_a_stranger_is_refused() {
    let mut pair = Pair::pinned();
    let stranger = domain("other.example");
    let greet = Command::Peer { peer: stranger, op: PeerOp::Greet };
    assert_eq!(pair.command(Org::Acme, greet).unwrap_err().code, Code::UnknownPeer);
}

#[test]
fn f26_a_run_that_another_has_followed_is_fenced() {
    let mut pair = with_traffic();
    for run in [1, 1, 2, 3, 3] {
        hear_changed(&mut pair, |hello| hello.run = Some(RunId([run; 16]))).expect("a daemon can be started again");
    }
    let refused = hear_changed(&mut pair, |hello| hello.run = Some(RunId([2; 16]))).unwrap_err();
    assert_eq!((refused.code, quarantine(&pair)), (Code::Fenced, None), "the later one is heard");
    hear_changed(&mut pair, |hello| hello.run = Some(RunId([3; 16]))).expect("heard");
    hear_changed(&mut pair, |hello| hello.run = None).expect("one of before runs were named");
}
