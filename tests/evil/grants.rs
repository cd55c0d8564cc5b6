//! Rows of grants, cards and hellos (A6, A13 to A15).

use handclasp::{
    clock::SystemRandom,
    crypto::SigningKey,
    model::{
        Code, Domain,
        grant::{GrantState, Scopes},
        id::PublicKey,
        link::LinkState,
        org::{KeyUse, SigningKey as CardKey},
        record::{Ack, Envelope, InPosition, RecordBody},
    },
    testing::{
        Node,
        evil::{EvilLink, EvilServer, Reply},
        fixtures::parsed,
    },
    wire,
};

async fn open() -> (Node, EvilLink) {
    let node = Node::start("acme.example", &["alice"]).await;
    let link = EvilLink::open(&node, "globex.example").await;
    (node, link)
}

fn profile() -> RecordBody {
    RecordBody::Profile {
        user: parsed("mallory@globex.example"),
        name: parsed("Mallory"),
        available: true,
        photo: None,
    }
}

#[tokio::test]
async fn a6_weak_keys_are_refused_when_a_card_brings_them() {
    let (node, mut link) = open().await;
    let mut small_order = [0; 32];
    small_order[0] = 1;
    let mut non_canonical = [0xff; 32];
    non_canonical[31] = 0x7f;
    for key in [small_order, [0; 32], non_canonical] {
        let mut card = link.keys.card(2, "127.0.0.1:9").card;
        card.signing_keys.push(CardKey { key: PublicKey(key), state: KeyUse::Current });
        let sealed = wire::proof::seal_card(card.clone(), &link.keys.identity);
        assert!(sealed.is_err(), "no honest daemon makes such a card");
        let document = handclasp::crypto::dsse::sign(
            handclasp::crypto::dsse::Kind::Card,
            &wire::card::encode(&card),
            &link.keys.identity,
        );
        let code = link.post("/federation/v1/cards", document).await.code();
        assert!(code.is_some(), "refused");
    }
    assert_eq!(node.engine.state().links[link.domain()].peer.card.card.version, 1);
}

#[tokio::test]
async fn a13_an_older_grant_is_answered_with_the_newer_one() {
    let (node, mut link) = open().await;
    let revoked = link.grant_with(2, GrantState::Revoked);
    assert_eq!(link.post("/federation/v1/grants", revoked.document.to_string()).await.code(), None);
    assert_eq!(node.link_state(link.domain()), Some(LinkState::ClosedByThem));
    link.cut().await;
    link.reconnect(&node).await;
    let old = link.grant.document.to_string();
    let Reply::Refused(problem) = link.post("/federation/v1/grants", old).await else { panic!("an old grant") };
    assert_eq!(problem.evidence.as_deref(), Some(&*revoked.document));
    assert_eq!(node.link_state(link.domain()), Some(LinkState::ClosedByThem));
}

#[tokio::test]
async fn a13_jumps_and_foreign_grants_are_refused() {
    let (node, mut link) = open().await;
    let jump = link.grant_with(1_000_000, GrantState::Revoked);
    let subject = link.grant_from(|grant| {
        grant.serial = 2;
        grant.subject = parsed("initech.example");
    });
    let identity = link.grant_from(|grant| {
        grant.serial = 2;
        grant.subject_identity = PublicKey([7; 32]);
    });
    let issuer = link.grant_from(|grant| {
        grant.serial = 2;
        grant.issuer = parsed("initech.example");
    });
    for grant in [jump, subject, identity, issuer] {
        let code = link.post("/federation/v1/grants", grant.document.to_string()).await.code();
        assert_eq!(code, Some(Code::Proof), "{:?}", grant.grant);
    }
    assert_eq!(node.link_state(link.domain()), Some(LinkState::Open));
}

#[tokio::test]
async fn a13_two_contents_under_one_serial_quarantine_the_link() {
    let (node, mut link) = open().await;
    let other = link.grant_from(|grant| grant.scopes = Scopes::default());
    let other = if other.grant.scopes.is_empty() { link.grant_with(1, GrantState::Revoked) } else { other };
    let code = link.post("/federation/v1/grants", other.document.to_string()).await.code();
    assert_eq!(code, Some(Code::Fork));
    let quarantine = node.engine.state().links[link.domain()].peer.quarantine.clone().expect("quarantined");
    assert_eq!(quarantine.evidence.len(), 2, "both documents are kept");
}

#[tokio::test]
async fn a14_whoever_goes_on_after_a_revocation_is_refused_with_the_proof_and_slowed_down() {
    let (node, mut link) = open().await;
    assert_eq!(link.verdict(&profile()).await, None);
    node.grant(link.domain(), None).await;
    link.cut().await;
    let revocation = node.engine.state().links[link.domain()].peer.ours.clone().expect("a grant");
    let mut codes = Vec::new();
    for _ in 0..100 {
        link.reconnect(&node).await;
        let document = link.seal(&link.head(), &[link.record(&profile())]);
        let Reply::Refused(problem) = link.envelope(document).await else { panic!("nothing crosses a closed link") };
        if problem.code == Code::ClosedByUs {
            assert_eq!(problem.evidence.as_deref(), Some(&*revocation.document));
        }
        codes.push(problem.code);
        link.cut().await;
    }
    assert_eq!(codes.first(), Some(&Code::ClosedByUs));
    assert!(codes.contains(&Code::RateLimited), "the flood is slowed down");
    assert!(codes.iter().all(|code| matches!(code, Code::ClosedByUs | Code::RateLimited)));
}

#[tokio::test]
async fn a14_a_closed_link_still_hears_hellos() {
    let (node, mut link) = open().await;
    node.grant(link.domain(), None).await;
    link.cut().await;
    link.reconnect(&node).await;
    link.greet().await;
    let heard = link.heard.as_ref().and_then(|hello| hello.grant.as_ref()).expect("a grant");
    assert_eq!(heard.grant.state, GrantState::Revoked);
}

#[tokio::test]
async fn a15_a_claim_to_hold_what_was_never_sent_holds_the_link_until_it_is_shown_or_withdrawn() {
    let (node, mut link) = open().await;
    let mut hello = link.hello();
    let theirs = link.heard.as_ref().and_then(|heard| heard.outgoing).expect("our stream");
    hello.incoming = Some(InPosition { epoch: theirs.epoch, cursor: 1_000, head: theirs.head, backed_up: 0 });
    assert_eq!(link.say(&hello).await.code(), None, "it may be so: after a restore");
    assert_eq!(node.link_state(link.domain()), Some(LinkState::Recovering));
    link.greet().await;
    assert_eq!(node.link_state(link.domain()), Some(LinkState::Open), "taken back");
}

/// What a peer shows for its claim is verified: nothing, no document, or one of its own.
#[tokio::test]
async fn a15_a_claim_without_our_signature_for_it_quarantines_the_link() {
    for shown in ["nothing", "{}", "its own"] {
        let node = Node::start("acme.example", &["alice"]).await;
        let honest = |side: &EvilLink, _: &Envelope, ack: Ack| {
            Reply::Taken(wire::proof::seal_ack(&ack, &side.keys.signing).into())
        };
        let server = EvilServer::start(&node, "globex.example", Box::new(honest)).await;
        let peer: Domain = "globex.example".parse().expect("a domain");
        node.until_link(&peer, LinkState::Open).await;
        server.change(|side| {
            side.held = (1_000, handclasp::model::Digest([9; 32]));
            side.kept = match shown {
                "nothing" => None,
                "its own" => Some(side.keys.card(1, "127.0.0.1:9").document.to_string()),
                other => Some(other.to_owned()),
            };
        });
        node.grant(&peer, Some(Scopes::all())).await;
        node.until_link(&peer, LinkState::Quarantined).await;
        let state = node.engine.state();
        let quarantine = state.links[&peer].peer.quarantine.clone().expect("it is held");
        assert_eq!(quarantine.code, Code::Chain);
        assert!(quarantine.detail.contains("cannot show our signature"), "{}", quarantine.detail);
    }
}

#[tokio::test]
async fn a15_endless_claims_of_a_loss_change_nothing() {
    let (node, mut link) = open().await;
    assert_eq!(link.verdict(&profile()).await, None);
    for _ in 0..50 {
        link.greet().await;
    }
    let out = node.engine.state().links[link.domain()].streams.out.expect("a stream");
    assert_eq!(out.epoch.n, 1, "no new epoch without a new term");
    assert_eq!(link.cursor(&node), Some(1));
}

#[tokio::test]
async fn a4_a_card_without_the_pin_ends_the_connection_that_used_it() {
    let (node, mut link) = open().await;
    let mut card = link.keys.card(2, "127.0.0.1:9").card;
    card.tls_pins = vec![handclasp::model::Digest([7; 32])];
    let card = wire::proof::seal_card(card, &link.keys.identity).expect("a card in form");
    assert_eq!(link.post("/federation/v1/cards", card.document.to_string()).await.code(), None);
    tokio::time::timeout(std::time::Duration::from_secs(1), link.cut()).await.expect("closed within a second");
    let again = link.keys.connect(node.address).await;
    let refused = match again {
        Ok(mut connection) => connection.post("/federation/v1/hello", "{}").await.is_err(),
        Err(_) => true,
    };
    assert!(refused, "the key opens nothing any more");
}

#[tokio::test]
async fn w5_a31_a_grant_of_a_key_that_has_ended_proves_nothing_when_it_is_heard_later() {
    let (node, mut link) = open().await;
    let [stolen, fresh] = [link.keys.signing.clone(), SigningKey::generate(&mut SystemRandom)];
    for (version, state) in [(2, KeyUse::Retired), (3, KeyUse::Revoked)] {
        let mut card = link.keys.card(version, "127.0.0.1:9").card;
        card.signing_keys =
            vec![CardKey { key: fresh.public(), state: KeyUse::Current }, CardKey { key: stolen.public(), state }];
        let card = wire::proof::seal_card(card, &link.keys.identity).expect("a card in form");
        assert_eq!(link.post("/federation/v1/cards", card.document.to_string()).await.code(), None);
        let theirs = node.engine.state().links[link.domain()].peer.theirs.clone();
        assert_eq!(theirs.is_some(), state == KeyUse::Retired, "what a revoked key has signed is void (A31)");
        if state == KeyUse::Revoked {
            link.cut().await;
            link.reconnect(&node).await;
        }
        let late = link.grant_with(2, GrantState::Active).document.to_string();
        assert_eq!(link.post("/federation/v1/grants", late).await.code(), Some(Code::Proof), "{state:?}");
    }
    link.keys.signing = fresh;
    let signed_anew = link.grant_with(2, GrantState::Active).document.to_string();
    assert_eq!(link.post("/federation/v1/grants", signed_anew).await.code(), None);
    let theirs = node.engine.state().links[link.domain()].peer.theirs.clone();
    assert_eq!(theirs.map(|signed| signed.grant.serial), Some(2));
}

#[tokio::test]
async fn w3_a_peer_that_shows_the_pin_of_another_locks_nobody_out() {
    let (node, mut victim) = open().await;
    let mut thief = EvilLink::open(&node, "initech.example").await;
    let own_pin = node.keys.pin();
    for stolen in [victim.keys.pin(), own_pin] {
        let mut card = thief.keys.card(2, "127.0.0.1:9").card;
        card.tls_pins.push(stolen);
        let card = wire::proof::seal_card(card, &thief.keys.identity).expect("a card in form");
        let code = thief.post("/federation/v1/cards", card.document.to_string()).await.code();
        assert_eq!(code, Some(Code::KeyTaken));
    }
    for link in [&mut victim, &mut thief] {
        link.reconnect(&node).await;
        link.greet().await;
        assert_eq!(node.link_state(link.domain()), Some(LinkState::Open));
    }
}
