//! Pinning, cards, quarantine, clean-up (W2, W7, P26, A30, F23).

use crate::{
    core::{
        Command,
        command::{AdminOp, Answer, PeerOp, UserOp},
        links::is_due,
        state::Delivery,
    },
    model::{
        Code, Domain,
        grant::Scopes,
        limits,
        link::LinkState,
        notice::NoticeKind,
        org::{Card, SignedCard},
        room::History,
    },
    testing::{
        Org, Pair,
        fixtures::{card, domain, identity, parsed, room_id, signed_card},
    },
};

fn globex() -> Domain {
    Org::Globex.domain()
}

fn pin(pair: &mut Pair, card: SignedCard) -> Result<Answer, crate::model::Reject> {
    pair.admin(Org::Acme, AdminOp::PinPeer(Box::new(card)))
}

fn hear(pair: &mut Pair, card: SignedCard) -> Result<Answer, crate::model::Reject> {
    pair.peer(Org::Acme, PeerOp::HeardCard(Box::new(card)))
}

fn with_other_identity(version: u64) -> SignedCard {
    let card = Card { identity: identity(&domain("other.example")), ..card(&globex(), version).card };
    signed_card(card)
}

fn version(pair: &Pair) -> u64 {
    pair.acme.state.links[&globex()].peer.card.card.version
}

#[test]
fn a30_a_card_that_cannot_be_a_partners_is_refused() {
    let mut pair = Pair::pinned();
    let other = card(&domain("other.example"), 1).card;
    let wrong = [
        card(&Org::Acme.domain(), 1).card,
        Card { identity: identity(&Org::Acme.domain()), ..other.clone() },
        Card { tls_pins: Vec::new(), ..other.clone() },
        Card { tls_pins: vec![crate::model::Digest::ZERO; 5], ..other.clone() },
        Card { signing_keys: Vec::new(), ..other.clone() },
    ];
    for card in wrong {
        let refused = pin(&mut pair, signed_card(card)).unwrap_err();
        assert_eq!((refused.code, refused.field), (Code::Invalid, Some("card")));
    }
    pin(&mut pair, signed_card(other)).expect("this one can");
}

#[test]
fn w2_one_identity_cannot_be_pinned_under_two_domains() {
    let mut pair = Pair::pinned();
    let twin = Card { identity: identity(&globex()), ..card(&domain("other.example"), 1).card };
    assert_eq!(pin(&mut pair, signed_card(twin)).unwrap_err().code, Code::Conflict);
}

#[test]
fn w2_pinning_again_replaces_an_older_card_only() {
    let mut pair = Pair::pinned();
    assert_eq!(pin(&mut pair, card(&globex(), 1)).unwrap_err().code, Code::Exists);
    pin(&mut pair, card(&globex(), 3)).expect("a newer card");
    assert_eq!(version(&pair), 3);
    assert_eq!(pin(&mut pair, card(&globex(), 2)).unwrap_err().code, Code::Conflict);
}

#[test]
fn w2_a_newer_card_is_taken_in_band() {
    let mut pair = Pair::open();
    hear(&mut pair, card(&globex(), 2)).expect("the next card");
    hear(&mut pair, card(&globex(), 7)).expect("some were missed");
    hear(&mut pair, card(&globex(), 3)).expect("an old one changes nothing");
    assert_eq!(version(&pair), 7);
    assert_eq!(hear(&mut pair, card(&globex(), 1_000_000)).unwrap_err().code, Code::Proof);
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
}

#[test]
fn a30_a_card_of_another_identity_or_domain_is_not_taken_in_band() {
    let mut pair = Pair::open();
    assert_eq!(hear(&mut pair, with_other_identity(2)).unwrap_err().code, Code::Proof);
    let moved = Card { domain: domain("other.example"), ..card(&globex(), 2).card };
    assert_eq!(hear(&mut pair, signed_card(moved)).unwrap_err().code, Code::Proof);
}

#[test]
fn w3_a_card_with_a_pin_of_another_org_is_not_pinned() {
    let mut pair = Pair::pinned();
    let own = card(&Org::Acme.domain(), 1).card;
    pair.acme.state.own_card = Some(own.clone().into());
    let third = card(&domain("third.example"), 1).card;
    let globex = card(&globex(), 1).card;
    let wrong = [
        Card { tls_pins: vec![third.tls_pins[0], globex.tls_pins[1]], ..third.clone() },
        Card { tls_pins: vec![own.tls_pins[1]], ..third.clone() },
        Card { signing_keys: globex.signing_keys.clone(), ..third.clone() },
        Card { signing_keys: own.signing_keys.clone(), ..third.clone() },
    ];
    for card in wrong {
        assert_eq!(pin(&mut pair, signed_card(card)).unwrap_err().code, Code::KeyTaken);
    }
    pin(&mut pair, signed_card(third)).expect("its own keys are its own");
}

#[test]
fn w3_a_newer_card_that_claims_the_pin_of_another_org_locks_nobody_out() {
    let mut pair = Pair::open();
    let third = card(&domain("third.example"), 1).card;
    pin(&mut pair, signed_card(third.clone())).expect("a third org");
    let before = pair.acme.state.links[&globex()].peer.clone();
    let newer = card(&globex(), 2).card;
    for grasping in [
        Card { tls_pins: third.tls_pins.clone(), ..newer.clone() },
        Card { signing_keys: third.signing_keys.clone(), ..newer.clone() },
    ] {
        assert_eq!(hear(&mut pair, signed_card(grasping)).unwrap_err().code, Code::KeyTaken);
    }
    assert_eq!(pair.acme.state.links[&globex()].peer, before);
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    let audited = pair.acme.audited("request.refused");
    assert!(audited.iter().filter(|entry| entry.code == Some(Code::KeyTaken)).count() == 2, "each refusal is audited");
    hear(&mut pair, signed_card(newer)).expect("an honest card is taken");
}

#[test]
fn w3_a_parted_peers_pins_that_another_org_has_by_now_do_not_come_back() {
    let mut pair = Pair::open();
    pair.revoke(Org::Acme);
    pair.sync();
    hear(&mut pair, card(&globex(), 5)).expect("a newer card");
    pair.admin(Org::Acme, AdminOp::UnpinPeer(globex())).expect("the link has ended");
    let third = Card { tls_pins: card(&globex(), 5).card.tls_pins, ..card(&domain("third.example"), 1).card };
    pin(&mut pair, signed_card(third)).expect("nobody has these pins now");
    let older = Card { tls_pins: vec![crate::model::Digest([7; 32])], ..card(&globex(), 1).card };
    assert_eq!(pin(&mut pair, signed_card(older)).unwrap_err().code, Code::KeyTaken, "the known card counts");
}

#[test]
fn two_cards_of_one_version_are_a_fork() {
    let mut pair = Pair::open();
    let other = Card { endpoints: vec!["elsewhere:1".to_owned()], ..card(&globex(), 1).card };
    let Err(reject) = hear(&mut pair, signed_card(other)) else { panic!("a fork is refused") };
    assert_eq!((reject.code, pair.link_state(Org::Acme)), (Code::Fork, LinkState::Quarantined));
}

#[test]
fn w2_a_new_identity_needs_the_link_closed() {
    let mut pair = Pair::open();
    assert_eq!(pin(&mut pair, with_other_identity(1)).unwrap_err().code, Code::Conflict);
    let epoch = pair.acme.state.links[&globex()].out_epoch().expect("an epoch is agreed");
    pair.revoke(Org::Acme);
    pair.sync();
    let link = pair.acme.state.links[&globex()].peer.link;
    pin(&mut pair, with_other_identity(1)).expect("the link is closed");
    let fresh = &pair.acme.state.links[&globex()];
    assert_ne!(fresh.peer.link, link);
    assert!(fresh.peer.ours.is_none() && fresh.peer.theirs.is_none());
    assert_eq!(fresh.streams.ended.last().map(|ended| ended.epoch), Some(epoch), "epoch numbers go on");
}

#[test]
fn unpinning_needs_a_revocation_first() {
    let mut pair = Pair::open();
    let unpin = || AdminOp::UnpinPeer(globex());
    let refused = pair.admin(Org::Acme, unpin()).unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
    assert!(refused.detail.contains("revoke"));
    pair.revoke(Org::Acme);
    assert_eq!(pair.admin(Org::Acme, unpin()).unwrap_err().code, Code::Conflict, "the clean-up comes first");
    pair.command(Org::Acme, Command::Tick).expect("time passes");
    pair.admin(Org::Acme, unpin()).expect("the link has ended");
    assert_eq!(pair.admin(Org::Acme, unpin()).unwrap_err().code, Code::UnknownPeer);
}

#[test]
fn p21_what_was_delivered_stays_so_when_the_peer_is_unpinned() {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob)).expect("bob can be added");
    pair.sync();
    pair.revoke(Org::Acme);
    pair.sync();
    pair.admin(Org::Acme, AdminOp::UnpinPeer(globex())).expect("the link has ended");
    assert_eq!(pair.acme.state.delivery(&globex(), 1, 1), Delivery::Delivered);
    assert_eq!(pair.acme.state.delivery(&globex(), 1, 2), Delivery::Undelivered);
}

#[test]
fn a_peer_that_is_pinned_again_goes_on_under_new_numbers() {
    let mut pair = Pair::open();
    pair.revoke(Org::Acme);
    pair.sync();
    pair.admin(Org::Acme, AdminOp::UnpinPeer(globex())).expect("the link has ended");
    pin(&mut pair, card(&globex(), 1)).expect("it can be pinned again");
    pair.grant(Org::Acme, Scopes::all());
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
    assert_eq!(pair.acme.state.links[&globex()].out_epoch().map(|epoch| epoch.n), Some(2));
}

#[test]
fn a_quarantine_ends_and_lifting_it_restores() {
    let mut pair = Pair::open();
    let contradiction =
        PeerOp::Contradiction { code: Code::Proof, detail: "seen".to_owned(), evidence: vec!["one".into()] };
    pair.peer(Org::Acme, contradiction).unwrap_err();
    let second = PeerOp::Contradiction { code: Code::Fork, detail: "later".to_owned(), evidence: Vec::new() };
    pair.peer(Org::Acme, second).unwrap_err();
    let kept = pair.acme.state.links[&globex()].peer.quarantine.clone().expect("quarantined");
    assert_eq!((kept.code, kept.evidence.len()), (Code::Proof, 1), "the first finding stands");
    let bob = pair.address(Org::Globex, "bob");
    let refused = pair.user(Org::Acme, "alice", UserOp::AddContact(bob)).unwrap_err();
    assert_eq!(refused.code, Code::Quarantined);
    pair.admin(Org::Acme, AdminOp::LiftQuarantine(globex())).expect("it can be lifted");
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    let told = pair.acme.notices_of("alice");
    assert_eq!(told.last(), Some(&&NoticeKind::Available { peer: globex() }));
    assert_eq!(pair.admin(Org::Acme, AdminOp::LiftQuarantine(globex())).unwrap_err().code, Code::Conflict);
}

#[test]
fn a_revocation_and_a_new_grant_get_out_of_a_quarantine() {
    let mut pair = Pair::open();
    let contradiction = PeerOp::Contradiction { code: Code::Fork, detail: "seen".to_owned(), evidence: Vec::new() };
    pair.peer(Org::Acme, contradiction).unwrap_err();
    pair.revoke(Org::Acme);
    pair.admin(Org::Acme, AdminOp::LiftQuarantine(globex())).expect("it can be lifted");
    pair.grant(Org::Acme, Scopes::all());
    pair.sync();
    assert_eq!(pair.link_state(Org::Acme), LinkState::Open);
    assert_eq!(pair.link_state(Org::Globex), LinkState::Open);
}

#[test]
fn what_the_peer_refused_is_shown_and_not_stored() {
    let mut pair = Pair::open();
    pair.peer(Org::Acme, PeerOp::RefusedUs("SCOPE".to_owned())).expect("noted");
    let refusal = pair.acme.state.links[&globex()].last_refusal.clone().expect("noted");
    assert_eq!(refusal, (pair.now, "SCOPE".to_owned()));
}

#[test]
fn f23_the_clean_up_goes_step_by_step_and_once() {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob.clone())).expect("bob can be added");
    pair.sync();
    let groups = limits::CLEANUP_ROOMS_PER_STEP * 2 + 3;
    for n in 0..groups {
        let create = UserOp::CreateRoom {
            id: room_id(u8::try_from(n).expect("few rooms")),
            name: parsed("Room"),
            description: parsed(""),
            history: History::All,
            members: vec![bob.clone()],
        };
        pair.user(Org::Acme, "alice", create).expect("a group can be made");
    }
    pair.sync();
    let with_bob = |pair: &Pair| {
        let groups = pair.acme.state.rooms.values().filter(|room| room.info.name.is_some());
        groups.filter(|room| room.members.contains_key(&bob)).count()
    };
    assert_eq!(with_bob(&pair), groups);
    pair.revoke(Org::Acme);
    assert_eq!(with_bob(&pair), groups, "the revocation itself touches no room");
    let mut left = groups;
    while is_due(&pair.acme.state, pair.now) {
        pair.command(Org::Acme, Command::Tick).expect("time passes");
        assert!(left - with_bob(&pair) <= limits::CLEANUP_ROOMS_PER_STEP, "one step at a time");
        left = with_bob(&pair);
    }
    assert_eq!(left, 0);
    let excluded = pair.acme.audited("member.excluded").len();
    pair.command(Org::Acme, Command::Tick).expect("time passes");
    assert_eq!(pair.acme.audited("member.excluded").len(), excluded);
}
