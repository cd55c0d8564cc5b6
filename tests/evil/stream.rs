//! Rows of the stream: proofs, forms, numbers, repetition, forks, poison (A2, A5, A7 to A12, A27, A28).

use handclasp::{
    clock::SystemRandom,
    crypto::{
        SigningKey,
        digest::direct_room,
        dsse::{self, Kind},
    },
    model::{
        Code, EpochId,
        grant::Scopes,
        limits,
        link::LinkState,
        org::{KeyUse, SigningKey as CardKey},
        record::{Epoch, RecordBody},
    },
    testing::{
        Node,
        evil::{EvilLink, Reply},
        fixtures::parsed,
    },
    wire,
};

async fn victim() -> Node {
    Node::start("acme.example", &["alice"]).await
}

fn profile(name: &str) -> RecordBody {
    RecordBody::Profile { user: parsed("mallory@globex.example"), name: parsed(name), available: true, photo: None }
}

/// The link works as if nothing had happened.
async fn goes_on(link: &mut EvilLink) {
    assert_eq!(link.verdict(&profile("Fine")).await, None, "the next honest record is applied");
}

#[tokio::test]
async fn a2_an_envelope_of_another_org_is_refused() {
    let node = victim().await;
    let mut honest = EvilLink::open(&node, "globex.example").await;
    let mut liar = EvilLink::open(&node, "initech.example").await;
    let stolen = honest.seal(&honest.head(), &[honest.record(&profile("Stolen"))]);
    assert_eq!(liar.envelope(stolen).await.code(), Some(Code::Proof), "signed by the org that it names");
    let mut head = liar.head();
    head.origin = honest.domain().clone();
    let forged = liar.seal(&head, &[liar.record(&profile("Forged"))]);
    assert_eq!(liar.envelope(forged).await.code(), Some(Code::Proof), "signed by the org that sends it");
    assert_eq!((honest.cursor(&node), liar.cursor(&node)), (Some(0), Some(0)));
    goes_on(&mut honest).await;
}

#[tokio::test]
async fn a5_a_damaged_proof_is_refused() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let document = link.seal(&link.head(), &[link.record(&profile("Damaged"))]);
    let places = ["payload\":\"", "payloadType\":\"", "keyid\":\"", "sig\":\""];
    for (n, place) in places.iter().enumerate() {
        let at = document.find(place).expect("the field is there") + place.len() + 5 * n;
        let mut damaged = document.clone().into_bytes();
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(link.envelope(damaged).await.code(), Some(Code::Proof), "{place}");
    }
    let signature = document.find("[{").expect("signatures");
    let one = &document[signature + 1..document.len() - 2];
    for signatures in [String::new(), format!("{one},{one}")] {
        let damaged = format!("{}[{signatures}]}}", &document[..signature]);
        assert_eq!(link.envelope(damaged).await.code(), Some(Code::Proof), "none or two signatures");
    }
    assert_eq!(link.cursor(&node), Some(0));
    goes_on(&mut link).await;
}

#[tokio::test]
async fn a5_keys_that_do_not_sign_now_prove_nothing() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    for (version, state) in [(2, KeyUse::Next), (3, KeyUse::Retired), (4, KeyUse::Revoked)] {
        let other = SigningKey::generate(&mut SystemRandom);
        let mut card = link.keys.card(version, "127.0.0.1:9").card;
        card.signing_keys.push(CardKey { key: other.public(), state });
        let card = wire::proof::seal_card(card, &link.keys.identity).expect("a card in form");
        assert_eq!(link.post("/federation/v1/cards", card.document.to_string()).await.code(), None);
        let record = link.record(&profile("Wrong key"));
        let document = wire::proof::seal_envelope(&link.head(), [record.as_slice()].into_iter(), &other);
        assert_eq!(link.envelope(document).await.code(), Some(Code::Proof), "{state:?}");
    }
    assert_eq!(link.cursor(&node), Some(0));
    goes_on(&mut link).await;
}

#[tokio::test]
async fn a7_an_object_of_another_kind_is_refused() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let grant = link.grant.document.to_string();
    let envelope = link.seal(&link.head(), &[link.record(&profile("Kind"))]);
    let hello = wire::proof::seal_hello(&link.hello(), &link.keys.signing).expect("in form");
    for (path, documents) in [
        ("/federation/v1/envelopes", [&grant, &hello]),
        ("/federation/v1/grants", [&envelope, &hello]),
        ("/federation/v1/cards", [&grant, &envelope]),
        ("/federation/v1/hello", [&grant, &envelope]),
    ] {
        for document in documents {
            let code = link.post(path, document.clone()).await.code();
            assert!(matches!(code, Some(Code::Proof | Code::Malformed)), "{path}: {code:?}");
        }
    }
    assert_eq!(link.cursor(&node), Some(0));
    goes_on(&mut link).await;
}

#[tokio::test]
async fn a8_hostile_json_is_refused_also_when_it_is_signed() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let good = wire::envelope::encode(&link.head(), [link.record(&profile("Json")).as_slice()].into_iter());
    let good = String::from_utf8(good).expect("JSON is text");
    let hostile = [
        good.replacen("{\"", "{\"from_seq\":1,\"", 1),
        good.replacen("{\"", "{\"extra\":1,\"", 1),
        good.replace("\"from_seq\":1", "\"from_seq\":1.0"),
        good.replace("\"from_seq\":1", "\"from_seq\":9007199254740993"),
        good.replace("\"from_seq\":1", "\"from_seq\":1e400"),
        good.replace("\"from_seq\":1", "\"from_seq\":\"\\ud800\""),
        format!("\u{FEFF}{good}"),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("\"{}\"", "x".repeat(1_000_000)),
        format!("{good}{good}"),
        good[..good.len() - 1].to_owned(),
    ];
    for payload in &hostile {
        let document = dsse::sign(Kind::Envelope, payload.as_bytes(), &link.keys.signing);
        let code = link.envelope(document).await.code();
        assert!(
            matches!(code, Some(Code::Malformed | Code::TooLarge)),
            "{}: {code:?}",
            &payload[..40.min(payload.len())]
        );
    }
    assert_eq!(link.cursor(&node), Some(0));
    goes_on(&mut link).await;
}

#[tokio::test]
async fn a9_f3_repetition_has_its_effect_once() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let records: Vec<_> = (1..=6).map(|seq| link.record_at(seq, &profile(&format!("Name {seq}")))).collect();
    let head = link.head();
    let document = link.seal(&head, &records[..4]);
    for _ in 0..50 {
        let reply = link.envelope(document.clone()).await;
        assert_eq!(link.ack(&reply).cursor, 4);
    }
    let regrouped = link.seal(&head, &records);
    for _ in 0..3 {
        let reply = link.envelope(regrouped.clone()).await;
        assert_eq!(link.ack(&reply).cursor, 6, "only what is new counts");
    }
    let single = link.seal(&head, &records[..1]);
    let reply = link.envelope(single).await;
    assert_eq!(link.ack(&reply).cursor, 6);
    let peer = link.domain().clone();
    node.grant(&peer, None).await;
    link.cut().await;
    node.grant(&peer, Some(Scopes::all())).await;
    node.until("the old term is cleaned up", |state| state.links[&peer].peer.cleanup.is_none()).await;
    link.reconnect(&node).await;
    assert_eq!(link.envelope(regrouped).await.code(), Some(Code::Epoch), "the old epoch is over");
}

#[tokio::test]
async fn a10_reflected_and_misdirected_envelopes_are_refused() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let other = EvilLink::open(&node, "initech.example").await;
    let reflected = {
        let mut head = link.head();
        (head.origin, head.destination) = (head.destination, head.origin);
        let record = link.record(&profile("Mirror"));
        wire::proof::seal_envelope(&head, [record.as_slice()].into_iter(), &node.keys.signing)
    };
    assert_eq!(link.envelope(reflected).await.code(), Some(Code::Proof), "the daemon's own");
    let mut head = link.head();
    head.link = other.link;
    let misdirected = link.seal(&head, &[link.record(&profile("Elsewhere"))]);
    assert_eq!(link.envelope(misdirected).await.code(), Some(Code::Proof), "of another link");
    let mut head = link.head();
    head.destination = other.domain().clone();
    let misdirected = link.seal(&head, &[link.record(&profile("Elsewhere"))]);
    assert_eq!(link.envelope(misdirected).await.code(), Some(Code::Proof), "for another org");
    assert_eq!(link.cursor(&node), Some(0));
    goes_on(&mut link).await;
}

#[tokio::test]
async fn a11_gaps_and_impossible_numbers_are_refused() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let numbered = |link: &EvilLink, from_seq: u64, seqs: &[u64]| {
        let mut head = link.head();
        head.from_seq = from_seq;
        let records: Vec<_> = seqs.iter().map(|seq| link.record_at(*seq, &profile("Numbers"))).collect();
        link.seal(&head, &records)
    };
    for (from, seqs, code) in [
        (3, &[3][..], Code::Gap),
        (1, &[2], Code::Malformed),
        (1, &[2, 1], Code::Malformed),
        (1, &[1, 3], Code::Malformed),
        (0, &[0], Code::Malformed),
        (limits::INTEGER_MAX, &[limits::INTEGER_MAX, limits::INTEGER_MAX + 1], Code::Malformed),
        (limits::INTEGER_MAX + 1, &[limits::INTEGER_MAX + 1], Code::Malformed),
    ] {
        let document = numbered(&link, from, seqs);
        assert_eq!(link.envelope(document).await.code(), Some(code), "from {from}: {seqs:?}");
    }
    let mut head = link.head();
    head.epoch = Epoch { n: 2, id: EpochId([2; 16]) };
    let minted = link.seal(&head, &[link.record(&profile("Mine"))]);
    assert_eq!(link.envelope(minted).await.code(), Some(Code::Epoch), "an epoch that no hello agreed on");
    assert_eq!(link.cursor(&node), Some(0));
    goes_on(&mut link).await;
}

#[tokio::test]
async fn a12_two_contents_for_one_number_quarantine_the_link() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let mut bystander = EvilLink::open(&node, "initech.example").await;
    let (head, first, second) = (link.head(), link.record(&profile("One")), link.record(&profile("Other")));
    assert_eq!(link.send(&[first]).await.code(), None);
    let forked = link.seal(&head, &[second]);
    assert_eq!(link.envelope(forked).await.code(), Some(Code::Fork));
    assert_eq!(node.link_state(link.domain()), Some(LinkState::Quarantined));
    let state = node.engine.state();
    let quarantine = state.links[link.domain()].peer.quarantine.clone().expect("quarantined");
    assert_eq!(quarantine.code, Code::Fork);
    assert!(!quarantine.evidence.is_empty(), "what proves it is kept");
    let bystander_profile = RecordBody::Profile {
        user: parsed("carol@initech.example"),
        name: parsed("Carol"),
        available: true,
        photo: None,
    };
    assert_eq!(bystander.verdict(&bystander_profile).await, None, "other links go on");
}

#[tokio::test]
async fn a27_content_that_makes_no_sense_is_consumed_and_the_next_record_applied() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let odd = [
        "{\"seq\":1,\"type\":\"telepathy\",\"made_at\":1,\"body\":{}}",
        "{\"seq\":2,\"type\":\"profile\",\"made_at\":1,\"body\":{\"user\":7}}",
        "{\"seq\":3,\"type\":\"profile\",\"made_at\":1,\"body\":[]}",
        "{\"seq\":4,\"type\":\"profile\",\"made_at\":1,\"crit\":[\"future\"],\"body\":{}}",
    ];
    let mut records: Vec<_> = odd.iter().map(|record| record.as_bytes().to_vec()).collect();
    let add = RecordBody::ContactAdd {
        from: parsed("mallory@globex.example"),
        name: parsed("Mallory"),
        to: node.user_address("alice"),
    };
    records.push(link.record_at(5, &add));
    let reply = link.send(&records).await;
    let ack = link.ack(&reply);
    assert_eq!(ack.cursor, 5);
    assert_eq!(
        ack.rejects,
        [(1, Code::UnknownType), (2, Code::Malformed), (3, Code::Malformed), (4, Code::UnknownType)]
    );
    let room = direct_room(&node.user_address("alice"), &parsed("mallory@globex.example"));
    assert!(node.engine.state().rooms.contains_key(&room), "the sensible record had its effect");
}

#[tokio::test]
async fn a28_endless_poison_holds_that_direction_only() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let poison = link.seal(&link.head(), &[b"{\"seq\":1}".to_vec()]);
    let mut codes = Vec::new();
    for _ in 0..limits::UNSOUND_ENVELOPES_MAX + 1 {
        let reply = link.envelope(poison.clone()).await;
        if let Reply::Refused(problem) = &reply {
            assert!(problem.code == Code::Quarantined || problem.seq == Some(1), "it names the record");
        }
        codes.push(reply.code());
    }
    assert_eq!(codes.first(), Some(&Some(Code::Malformed)));
    assert_eq!(codes.last(), Some(&Some(Code::Quarantined)), "looked at no more");
    link.cut().await;
    link.reconnect(&node).await;
    link.greet().await;
    assert_eq!(node.link_state(link.domain()), Some(LinkState::Open), "our own direction goes on");
    assert_eq!(link.cursor(&node), Some(0));
}

#[tokio::test]
async fn f27_a_peer_of_a_later_version_is_understood_as_far_as_this_one_reaches() {
    let node = victim().await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let mut hello = link.hello();
    hello.features = vec!["polls".to_owned(), "threads".to_owned()];
    assert_eq!(link.say(&hello).await.code(), None, "features that are unknown here are passed over");
    let claimed = link.heard.as_ref().map(|heard| heard.features.iter().any(|own| hello.features.contains(own)));
    assert_eq!(claimed, Some(false), "and are not claimed");
    let add = RecordBody::ContactAdd {
        from: parsed("mallory@globex.example"),
        name: parsed("Mallory"),
        to: node.user_address("alice"),
    };
    let later = [
        r#"{"seq":1,"type":"reaction","made_at":5,"body":{"to":7,"sign":"+1"}}"#,
        r#"{"seq":2,"type":"profile","made_at":5,"crit":["threads"],"body":{"thread":9}}"#,
        r#"{"seq":3,"type":"void","made_at":5,"crit":["threads"],"body":{}}"#,
    ];
    let mut records: Vec<_> = later.iter().map(|record| record.as_bytes().to_vec()).collect();
    records.push(link.record_at(4, &add));
    let reply = link.send(&records).await;
    let ack = link.ack(&reply);
    assert_eq!(ack.cursor, 4);
    assert_eq!(ack.rejects, [1, 2, 3].map(|seq| (seq, Code::UnknownType)), "consumed, and told to the sender");
    let room = direct_room(&node.user_address("alice"), &parsed("mallory@globex.example"));
    assert!(node.engine.state().rooms.contains_key(&room), "what both know has its effect");
    assert_eq!(node.link_state(link.domain()), Some(LinkState::Open));
}
