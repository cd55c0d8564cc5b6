//! Grants: compare and set, terms, revocation, forks, the hold after a restore (P1, P26, P27, W5, D7, A13).

use crate::{
    core::{
        Command,
        command::{AdminOp, Answer, GrantRequest, PeerOp, UserOp},
        grants::{build_own, consequences},
    },
    model::{
        Code, Millis,
        contact::ContactState,
        grant::{Grant, Scope, Scopes},
        journal::Outcome,
        link::LinkState,
        notice::NoticeKind,
        text::Reason,
    },
    testing::{
        Org, Pair,
        fixtures::{active_grant, domain, local, revoked_grant, signed_grant},
    },
};

fn request(scopes: Option<Scopes>) -> GrantRequest {
    GrantRequest {
        peer: Org::Globex.domain(),
        scopes,
        not_after: None,
        reason: Reason::default(),
        expected_serial: None,
    }
}

fn hear(pair: &mut Pair, grant: Grant) -> Result<Answer, crate::model::Reject> {
    pair.peer(Org::Acme, PeerOp::HeardGrant(Box::new(signed_grant(grant))))
}

/// Globex's grant for acme.
fn theirs(serial: u64) -> Grant {
    active_grant(&Org::Globex.domain(), &Org::Acme.domain(), serial, Scopes::all())
}

fn quarantine(pair: &Pair) -> Option<Code> {
    pair.acme.state.links[&Org::Globex.domain()].peer.quarantine.as_ref().map(|quarantine| quarantine.code)
}

#[test]
fn p1_one_grant_alone_opens_nothing() {
    let mut pair = Pair::pinned();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Pinned);
    pair.grant(Org::Acme, Scopes::all());
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::ClosedByThem);
    assert_eq!(pair.link_state(Org::Globex), LinkState::ClosedByUs);
    pair.grant(Org::Globex, Scopes::all());
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
}

#[test]
fn a_grant_is_put_only_on_the_serial_that_the_admin_saw() {
    let mut pair = Pair::pinned();
    pair.grant(Org::Acme, Scopes::all());
    let stale = GrantRequest { expected_serial: Some(0), ..request(None) };
    let refused = build_own(&pair.acme.state, &stale, pair.now).unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert!(refused.detail.contains("serial 1"), "the admin is told the present serial");
    let grant = build_own(&pair.acme.state, &request(None), pair.now).expect("a revocation can be built");
    let put = |expected_serial| AdminOp::PutGrant {
        peer: Org::Globex.domain(),
        expected_serial,
        grant: Box::new(signed_grant(grant.clone())),
    };
    assert_eq!(pair.admin(Org::Acme, put(0)).unwrap_err().code, Code::Conflict);
    let Ok(Answer::Outcome(Outcome::Serial(2))) = pair.admin(Org::Acme, put(1)) else {
        panic!("the second grant has serial 2");
    };
}

#[test]
fn a_document_that_does_not_follow_the_present_grant_is_refused() {
    let mut pair = Pair::pinned();
    let good = build_own(&pair.acme.state, &request(Some(Scopes::all())), pair.now).expect("a grant can be built");
    let other = domain("other.example");
    let wrong = [
        Grant { issuer: other.clone(), ..good.clone() },
        Grant { subject: other.clone(), ..good.clone() },
        Grant { link: crate::model::LinkId([9; 16]), ..good.clone() },
        Grant { serial: 2, ..good.clone() },
        Grant { scopes: Scopes::default(), ..good.clone() },
        Grant { subject_identity: crate::testing::fixtures::identity(&other), ..good.clone() },
    ];
    for grant in wrong {
        let put = AdminOp::PutGrant {
            peer: Org::Globex.domain(),
            expected_serial: 0,
            grant: Box::new(signed_grant(grant.clone())),
        };
        assert_eq!(pair.admin(Org::Acme, put).unwrap_err().code, Code::Invalid, "{grant:?}");
    }
}

#[test]
fn bad_requests_name_their_field() {
    let mut pair = Pair::pinned();
    let empty = build_own(&pair.acme.state, &request(Some(Scopes::default())), pair.now).unwrap_err();
    assert_eq!(empty.field, Some("scopes"));
    let late = pair.put_grant(Org::Acme, Some(Scopes::all()), Some(Millis(1))).unwrap_err();
    assert_eq!(late.field, Some("not_after"));
}

#[test]
fn a_change_of_scopes_goes_on_with_the_term() {
    let mut pair = Pair::open();
    let epoch = pair.acme.state.links[&Org::Globex.domain()].out_epoch();
    pair.grant(Org::Acme, [Scope::Contacts, Scope::Messages].into_iter().collect());
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    assert_eq!(pair.acme.state.links[&Org::Globex.domain()].out_epoch(), epoch);
    assert!(pair.acme.audited("link.closed").is_empty());
}

#[test]
fn p26_a_revocation_holds_from_its_answer_on() {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob.clone())).expect("bob can be added");
    pair.user(Org::Globex, "bob", UserOp::AddContact(pair.address(Org::Acme, "carol"))).expect("carol can be added");
    let in_flight = pair.next_envelope(Org::Globex).expect("the add waits");
    pair.revoke(Org::Acme);
    assert_eq!(pair.link_state(Org::Acme), LinkState::ClosedByUs);
    assert!(pair.next_envelope(Org::Acme).is_none(), "nothing is sent any more");
    assert_eq!(pair.ingest(Org::Acme, in_flight).unwrap_err().code, Code::ClosedByUs);
    assert_eq!(pair.acme.state.contacts[&(local("alice"), bob)].state, ContactState::Undelivered);
    let ended = NoticeKind::Ended { peer: Org::Globex.domain(), code: Code::ClosedByUs };
    for user in ["alice", "carol", "erin"] {
        assert!(pair.acme.notices_of(user).contains(&&ended), "{user} is told");
    }
    assert_eq!(pair.acme.audited("link.closed").len(), 1);
    assert_eq!(pair.acme.audited("grant.revoked").len(), 1);
}

#[test]
fn p26_the_peer_learns_of_a_revocation_at_the_next_contact() {
    let mut pair = Pair::open();
    pair.revoke(Org::Acme);
    assert_eq!(pair.link_state(Org::Globex), LinkState::Open, "it cannot know yet (F20)");
    pair.greet(Org::Acme).expect("a hello is taken on a closed link");
    assert_eq!(pair.link_state(Org::Globex), LinkState::ClosedByThem);
    let ended = NoticeKind::Ended { peer: Org::Acme.domain(), code: Code::ClosedByThem };
    assert!(pair.globex.notices_of("bob").contains(&&ended));
}

#[test]
fn p18_a_new_grant_opens_a_new_epoch() {
    let mut pair = Pair::open();
    for round in 2..=4 {
        pair.revoke(Org::Acme);
        pair.grant(Org::Acme, Scopes::all());
        pair.sync();
        assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
        assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
        for org in [Org::Acme, Org::Globex] {
            let link = &pair.side(org).state.links[&org.other().domain()];
            assert_eq!(link.out_epoch().map(|epoch| epoch.n), Some(round), "also where nobody saw the revocation");
            assert_eq!(link.streams.ended.len() as u64, round - 1);
        }
    }
}

#[test]
fn f21_toggles_under_traffic_leave_both_sides_in_agreement() {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    for round in 0..20 {
        let org = if round % 2 == 0 { Org::Acme } else { Org::Globex };
        drop(pair.user(Org::Acme, "alice", UserOp::AddContact(bob.clone())));
        pair.deliver(Org::Acme);
        pair.revoke(org);
        if round % 3 == 0 {
            pair.sync();
        }
        pair.grant(org, Scopes::all());
        if round % 5 == 0 {
            pair.sync();
        }
    }
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
    assert_eq!(quarantine(&pair), None);
}

#[test]
fn a_grant_ends_by_itself() {
    let mut pair = Pair::pinned();
    pair.grant(Org::Globex, Scopes::all());
    let end = pair.now.plus(60_000);
    pair.put_grant(Org::Acme, Some(Scopes::all()), Some(end)).expect("a grant with an end");
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    pair.now = end;
    assert_eq!(pair.link_state(Org::Acme), LinkState::ClosedByUs, "the filter needs no tick");
    pair.command(Org::Acme, Command::Tick).expect("time passes");
    pair.command(Org::Acme, Command::Tick).expect("time passes");
    assert_eq!(pair.acme.audited("link.closed").len(), 1, "it is told once");
    let ended = NoticeKind::Ended { peer: Org::Globex.domain(), code: Code::ClosedByUs };
    assert_eq!(pair.acme.notices_of("alice").into_iter().filter(|kind| **kind == ended).count(), 1);
    pair.grant(Org::Acme, Scopes::all());
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
}

#[test]
fn a13_an_old_grant_replayed_after_a_revocation_opens_nothing() {
    let mut pair = Pair::pinned();
    pair.grant(Org::Acme, Scopes::all());
    hear(&mut pair, theirs(1)).expect("the first grant");
    hear(&mut pair, revoked_grant(&Org::Globex.domain(), &Org::Acme.domain(), 2)).expect("its revocation");
    let Ok(Answer::Heard { again: false }) = hear(&mut pair, theirs(1)) else { panic!("an old grant changes nothing") };
    assert_eq!(pair.link_state(Org::Acme), LinkState::ClosedByThem);
    let going_on = Grant { since: 1, ..theirs(3) };
    assert_eq!(hear(&mut pair, going_on).unwrap_err().code, Code::Proof, "a term cannot reach back over the end");
}

#[test]
fn a13_a_serial_far_ahead_is_refused() {
    let mut pair = Pair::pinned();
    hear(&mut pair, theirs(1)).expect("the first grant");
    assert_eq!(hear(&mut pair, theirs(1_000_000)).unwrap_err().code, Code::Proof);
    hear(&mut pair, theirs(900)).expect("some may have been missed");
}

#[test]
fn a13_two_contents_of_one_serial_are_a_fork() {
    let mut pair = Pair::open();
    let known = pair.acme.state.links[&Org::Globex.domain()].peer.theirs.clone().expect("globex has granted");
    let other = Grant { scopes: [Scope::Calls].into_iter().collect(), ..known.grant.clone() };
    let Err(reject) = hear(&mut pair, other.clone()) else { panic!("a fork is refused and kept") };
    assert_eq!((reject.code, quarantine(&pair)), (Code::Fork, Some(Code::Fork)));
    let quarantine = pair.acme.state.links[&Org::Globex.domain()].peer.quarantine.clone().expect("quarantined");
    assert_eq!(quarantine.evidence, [known.document, signed_grant(other).document], "both are kept as evidence");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Quarantined);
}

#[test]
fn a13_a_grant_for_somebody_else_is_refused() {
    let mut pair = Pair::pinned();
    let other = domain("other.example");
    let wrong = [
        Grant { subject: other.clone(), ..theirs(1) },
        Grant { issuer: other.clone(), ..theirs(1) },
        Grant { link: crate::model::LinkId([9; 16]), ..theirs(1) },
        Grant { subject_identity: crate::testing::fixtures::identity(&other), ..theirs(1) },
        Grant { since: 2, ..theirs(1) },
        Grant { serial: 0, since: 0, ..theirs(1) },
    ];
    for grant in wrong {
        assert_eq!(hear(&mut pair, grant.clone()).unwrap_err().code, Code::Proof, "{grant:?}");
    }
}

#[test]
fn d7_nothing_crosses_until_the_grants_are_confirmed() {
    let mut pair = Pair::open();
    pair.acme.state.unconfirmed = true;
    let bob = pair.address(Org::Globex, "bob");
    let refused = pair.user(Org::Acme, "alice", UserOp::AddContact(bob)).unwrap_err();
    assert_eq!(refused.code, Code::Unconfirmed);
    pair.admin(Org::Acme, AdminOp::ConfirmGrants).expect("an admin confirms");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    assert_eq!(pair.acme.audited("grants.confirmed").len(), 1);
    assert_eq!(pair.admin(Org::Acme, AdminOp::ConfirmGrants).unwrap_err().code, Code::Conflict);
}

#[test]
fn p27_the_consequences_of_a_revocation_can_be_asked_for() {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob)).expect("bob can be added");
    let before = consequences(&pair.acme.state, &Org::Globex.domain());
    assert_eq!((before.direct_rooms, before.queued_records), (0, 1));
    pair.sync();
    let after = consequences(&pair.acme.state, &Org::Globex.domain());
    assert_eq!((after.direct_rooms, after.rooms, after.queued_records), (1, 0, 0));
    assert_eq!((after.our_people, after.their_people), (1, 1));
}
