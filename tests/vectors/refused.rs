//! Objects with a valid signature that are refused all the same: wrong key, wrong kind, wrong org, hostile JSON.

use super::{fixtures::*, golden::payload_of};
use handclasp::{
    crypto::{
        KeySet, ProofError,
        dsse::{self, Kind},
    },
    model::{
        Code, Digest,
        id::PublicKey,
        org::{self, Card, KeyUse, SignedCard},
        record::Hello,
    },
    wire::proof::{self, OpenError},
};

/// Signs any payload of Acme, as only a hostile daemon would.
fn sign(kind: Kind, payload: &str) -> Vec<u8> {
    let seed = if kind == Kind::Card { ACME.identity } else { ACME.signing };
    dsse::sign(kind, payload.as_bytes(), &key(seed)).into_bytes()
}

fn open(kind: Kind, document: &[u8]) -> Result<(), OpenError> {
    let card = ACME.card();
    match kind {
        Kind::Card => proof::open_card(document, Some(&card.identity)).map(|_| ()),
        Kind::Grant => proof::open_grant(document, &card).map(|_| ()),
        Kind::Hello => proof::open_hello(document, &card).map(|_| ()),
        Kind::Envelope => proof::open_envelope(document, &card).map(|_| ()),
        Kind::Ack => proof::open_ack(document, &card).map(|_| ()),
        Kind::Signals => proof::open_signals(document, &card).map(|_| ()),
        // No peer ever opens a seal: nothing on a link passes for one.
        Kind::Export => Err(OpenError::Proof(ProofError::Kind)),
    }
}

/// A payload of Acme for each kind that stands alone in its document.
fn payloads() -> Vec<(Kind, String)> {
    let mut ack = ack();
    std::mem::swap(&mut ack.origin, &mut ack.destination);
    vec![
        (Kind::Card, payload_of(&ACME.signed_card().document)),
        (Kind::Grant, payload_of(&signed_grant(ACME, GLOBEX).document)),
        (Kind::Envelope, payload_of(&envelope_document(&records()))),
        (Kind::Ack, payload_of(&proof::seal_ack(&ack, &ACME.signing_key()))),
        (Kind::Signals, payload_of(&signals_document())),
    ]
}

#[test]
fn a5_only_current_keys_of_the_org_sign() {
    let payload = payload_of(&signed_grant(ACME, GLOBEX).document);
    let by = |seed: u8| open(Kind::Grant, dsse::sign(Kind::Grant, payload.as_bytes(), &key(seed)).as_bytes());
    assert_eq!(by(ACME.signing), Ok(()));
    let [next, retired, revoked] = [0x10, 0x20, 0x30].map(|state| ACME.signing + state);
    for seed in [next, retired, revoked, ACME.identity, GLOBEX.signing, 0x77] {
        assert_eq!(by(seed), Err(OpenError::Proof(ProofError::UnknownKey)), "seed {seed}");
    }
}

#[test]
fn a7_no_object_passes_for_another() {
    for (made, payload) in payloads() {
        let document = sign(made, &payload);
        assert_eq!(open(made, &document), Ok(()), "{made:?}");
        for asked in Kind::ALL.into_iter().filter(|asked| *asked != made) {
            assert!(open(asked, &document).is_err(), "{made:?} as {asked:?}");
        }
    }
    // The right type around another object's payload is no better.
    for (made, payload) in payloads() {
        for asked in Kind::ALL.into_iter().filter(|asked| *asked != made) {
            assert!(open(asked, &sign(asked, &payload)).is_err(), "{made:?} signed as {asked:?}");
        }
    }
}

#[test]
fn a8_hostile_payloads_are_refused_though_signed() {
    for (kind, payload) in payloads() {
        let inner = &payload[1..payload.len() - 1];
        let (first, _) = inner.split_once(',').expect("several fields");
        let values: serde_json::Value = serde_json::from_str(&payload).expect("JSON");
        let as_array = serde_json::to_string(&values.as_object().expect("an object").values().collect::<Vec<_>>());
        for hostile in [
            String::new(),
            "null".to_owned(),
            "{}".to_owned(),
            format!("{{{inner},{first}}}"),
            format!("{{{inner},\"more\":1}}"),
            format!("{{{inner},\"more\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000)),
            format!("{{{inner},\"more\":\"{}\"}}", "x".repeat(1 << 20)),
            format!("\u{feff}{payload}"),
            format!("{payload}\0"),
            format!("{payload}\n"),
            format!("{payload}{payload}"),
            payload.replacen("1767323045678", "9007199254740992", 1),
            payload.replacen("1767323045678", "1767323045678.0", 1),
            payload.replacen("1767323045678", "1e400", 1),
            payload.replacen("1767323045678", "-1", 1),
            payload.replacen("1767323045678", "null", 1),
            payload.replacen("1767323045678", "\"1767323045678\"", 1),
            payload.replacen("acme.example", "Acme.example", 1),
            payload.replacen("acme.example", "acme.example.", 1),
            payload.replacen("acme.example", "acme\\ud800.example", 1),
            payload.replacen("acme.example", "acme\\u0000.example", 1),
            payload.replacen(':', ": ", 1),
            as_array.expect("an array has a text"),
        ] {
            assert_ne!(hostile, payload, "{kind:?}: the case changes nothing");
            assert!(open(kind, &sign(kind, &hostile)).is_err(), "{kind:?} taken: {:.300}", hostile);
        }
        let mut broken = payload.clone().into_bytes();
        broken[3] = 0xff;
        assert!(open(kind, dsse::sign(kind, &broken, &key(ACME.signing)).as_bytes()).is_err(), "{kind:?}: not UTF-8");
    }
}

#[test]
fn a10_nobody_speaks_for_another_org() {
    let foreign =
        dsse::sign(Kind::Grant, payload_of(&signed_grant(GLOBEX, ACME).document).as_bytes(), &key(ACME.signing));
    assert_eq!(open(Kind::Grant, foreign.as_bytes()), Err(OpenError::Proof(ProofError::Owner)));
    let reflected = proof::seal_ack(&ack(), &ACME.signing_key());
    assert_eq!(open(Kind::Ack, reflected.as_bytes()), Err(OpenError::Proof(ProofError::Owner)));
    let payload = payload_of(&envelope_document(&records()));
    let to_itself = payload.replacen("\"destination\":\"globex.example\"", "\"destination\":\"acme.example\"", 1);
    assert!(open(Kind::Envelope, &sign(Kind::Envelope, &to_itself)).is_err());
}

#[test]
fn a11_numbers_of_records_are_dense_and_in_range() {
    let payload = payload_of(&envelope_document(&records()));
    let refused = |from: &str, to: &str| {
        let changed = payload.replacen(from, to, 1);
        assert_ne!(changed, payload);
        open(Kind::Envelope, &sign(Kind::Envelope, &changed)).expect_err("refused")
    };
    assert_eq!(refused("\"seq\":6,", "\"seq\":7,").seq(), Some(6));
    assert_eq!(refused("\"seq\":6,", "\"seq\":0,").seq(), Some(6));
    assert_eq!(refused("\"seq\":6,", "\"seq\":9007199254740992,").seq(), Some(6));
    assert_eq!(refused("\"from_seq\":4,", "\"from_seq\":5,").seq(), Some(5));
    for from_seq in ["0", "9007199254740991", "9007199254740992"] {
        assert!(refused("\"from_seq\":4,", &format!("\"from_seq\":{from_seq},")).seq().is_none());
    }
    assert!(refused("\"n\":2,", "\"n\":0,").seq().is_none());
    assert!(refused("\"settled\":3,", "\"settled\":4,").seq().is_none());
}

#[test]
fn an_envelope_holds_1_to_512_records() {
    let count = |count: usize| {
        let record = |seq| {
            handclasp::wire::record::encode(
                seq,
                NOW,
                &handclasp::model::record::RecordBody::Void { digest: handclasp::model::Digest([0x0c; 32]) },
            )
        };
        let records: Vec<_> = (4..4 + count as u64).map(record).collect();
        open(Kind::Envelope, envelope_document(&records).as_bytes())
    };
    assert_eq!((count(1), count(512)), (Ok(()), Ok(())));
    assert!(count(0).is_err() && count(513).is_err());
}

#[test]
fn a27_a_poisoned_record_does_not_hold_up_the_next() {
    let mut records = records();
    records[1] = br#"{"seq":5,"type":"from_the_future","made_at":1,"body":{"x":[null,-1.5e9]}}"#.to_vec();
    records[2] = br#"{"seq":6,"type":"profile","made_at":1,"body":{"nonsense":true}}"#.to_vec();
    let document = envelope_document(&records);
    let (envelope, _) = proof::open_envelope(document.as_bytes(), &ACME.card()).expect("proven and in form");
    assert_eq!(envelope.records[1].body, Err(Code::UnknownType));
    assert_eq!(envelope.records[2].body, Err(Code::Malformed));
    assert!(envelope.records[0].body.is_ok() && envelope.records[3].body.is_ok());
}

#[test]
fn a29_credit_is_cut_and_rejects_stay_below_the_cursor() {
    let payload = payload_of(&proof::seal_ack(&ack(), &GLOBEX.signing_key()));
    let open = |from: &str, to: &str| {
        let changed = payload.replacen(from, to, 1);
        let document = dsse::sign(Kind::Ack, changed.as_bytes(), &GLOBEX.signing_key());
        proof::open_ack(document.as_bytes(), &GLOBEX.card())
    };
    let greedy =
        open("{\"records\":4096,\"bytes\":4194304}", "{\"records\":9007199254740991,\"bytes\":9007199254740991}");
    assert_eq!(greedy.expect("in form").credit, handclasp::model::record::Credit::FULL);
    let modest = open("{\"records\":4096,\"bytes\":4194304}", "{\"records\":7,\"bytes\":0}").expect("in form");
    assert!(modest.credit.is_spent());
    open("{\"records\":4096,\"bytes\":4194304}", "4096").unwrap_err();
    assert!(open("\"cursor\":17", "\"cursor\":10").is_err());
    assert!(open("[8,", "[11,").is_err());
    assert!(open("[8,", "[0,").is_err());
    assert!(open("NOT_MEMBER", "not a code").is_err());
    let later = open("NOT_MEMBER", "FROM_THE_FUTURE").expect("a code of a later version");
    assert_eq!(later.rejects[0], (8, Code::Invalid));
}

/// Signs a card that breaks rules, which `seal_card` would not.
fn open_changed_card(change: impl FnOnce(&mut Card)) -> Result<(), OpenError> {
    let mut card = ACME.card();
    change(&mut card);
    let document = dsse::sign(Kind::Card, &handclasp::wire::card::encode(&card), &key(ACME.identity));
    open(Kind::Card, document.as_bytes())
}

#[test]
fn a6_a_card_with_a_weak_key_is_refused() {
    let alias = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    for weak in [PublicKey([0; 32]), text(alias), text(&format!("01{}", "00".repeat(31)))] {
        assert!(open_changed_card(|card| card.signing_keys[1].key = weak).is_err(), "{weak}");
    }
}

#[test]
fn a30_cards_keep_the_rules() {
    assert_eq!(open_changed_card(|_| {}), Ok(()));
    assert_eq!(open_changed_card(|card| card.tls_pins.truncate(1)), Ok(()));
    let pin = |n: u8| Digest([n; 32]);
    type Change = fn(&mut Card);
    let changes: [(&str, Change); 13] = [
        ("no pin", |card| card.tls_pins.clear()),
        ("a pin twice", |card| card.tls_pins = vec![card.tls_pins[0]; 2]),
        ("no key", |card| card.signing_keys.clear()),
        ("a key twice", |card| card.signing_keys[1] = card.signing_keys[0].clone()),
        ("no current key", |card| card.signing_keys[0].state = KeyUse::Next),
        ("the identity key signs", |card| card.signing_keys[1].key = card.identity),
        ("another identity", |card| card.identity = key(0x55).public()),
        ("version 0", |card| card.version = 0),
        ("no endpoint", |card| card.endpoints.clear()),
        ("an endpoint without port", |card| card.endpoints[0] = "link.acme.example".to_owned()),
        ("an endpoint with a path", |card| card.endpoints[0] = "link.acme.example/x:1".to_owned()),
        ("port 0", |card| card.endpoints[0] = "link.acme.example:0".to_owned()),
        ("a feature with a space", |card| card.features.push("a b".to_owned())),
    ];
    for (what, change) in changes {
        assert!(open_changed_card(change).is_err(), "{what}");
    }
    assert!(open_changed_card(|card| card.tls_pins = (0..5).map(pin).collect()).is_err(), "five pins");
    let extra = org::SigningKey { key: key(0x66).public(), state: KeyUse::Current };
    assert!(open_changed_card(|card| card.signing_keys.push(extra)).is_err(), "five keys");
}

#[test]
fn a30_a_card_signed_by_a_signing_key_is_refused() {
    let document = dsse::sign(Kind::Card, &handclasp::wire::card::encode(&ACME.card()), &ACME.signing_key());
    assert_eq!(open(Kind::Card, document.as_bytes()), Err(OpenError::Proof(ProofError::UnknownKey)));
    let from_file = proof::open_card(document.as_bytes(), None).map(|_| ());
    assert_eq!(from_file, Err(OpenError::Proof(ProofError::Owner)));
}

/// Acme's card with another version, on which another key signs.
fn rotated(version: u64, signing: u8) -> SignedCard {
    let mut card = ACME.card();
    card.version = version;
    card.signing_keys = vec![
        org::SigningKey { key: key(signing).public(), state: KeyUse::Current },
        org::SigningKey { key: ACME.signing_key().public(), state: KeyUse::Revoked },
    ];
    proof::seal_card(card, &key(ACME.identity)).expect("the card keeps the rules")
}

fn open_hello_with(card: SignedCard, signing: u8) -> Result<(), OpenError> {
    let hello = Hello { card, ..first_hello() };
    let bundle = proof::seal_hello(&hello, &key(signing)).expect("in form");
    proof::open_hello(bundle.as_bytes(), &ACME.card()).map(|_| ())
}

#[test]
fn a31_a_newer_card_in_a_hello_brings_its_keys_and_takes_the_old_ones() {
    assert_eq!(open_hello_with(rotated(4, 0x66), 0x66), Ok(()));
    let stolen = open_hello_with(rotated(4, 0x66), ACME.signing);
    assert_eq!(stolen, Err(OpenError::Proof(ProofError::UnknownKey)));
}

#[test]
fn a30_an_older_card_in_a_hello_brings_no_keys() {
    for version in [2, 3] {
        let by_old_key = open_hello_with(rotated(version, 0x66), 0x66);
        assert_eq!(by_old_key, Err(OpenError::Proof(ProofError::UnknownKey)), "version {version}");
        assert_eq!(open_hello_with(rotated(version, 0x66), ACME.signing), Ok(()), "the pinned card's key counts");
    }
}

#[test]
fn a30_a_hello_with_the_card_of_another_identity_or_domain_is_refused() {
    let foreign = open_hello_with(GLOBEX.signed_card(), ACME.signing);
    assert_eq!(foreign, Err(OpenError::Proof(ProofError::UnknownKey)));
    let renamed = Card { domain: text("other.example"), version: 4, ..ACME.card() };
    let renamed = proof::seal_card(renamed, &key(ACME.identity)).expect("the card keeps the rules");
    assert_eq!(open_hello_with(renamed, ACME.signing), Err(OpenError::Proof(ProofError::Owner)));
}

#[test]
fn a_hello_stands_only_with_the_documents_it_names() {
    let bundle = proof::seal_hello(&hello(), &ACME.signing_key()).expect("in form");
    let bare = proof::seal_hello(&first_hello(), &ACME.signing_key()).expect("in form");
    let mut parts: serde_json::Value = serde_json::from_str(&bundle).expect("JSON");
    let bare: serde_json::Value = serde_json::from_str(&bare).expect("JSON");
    parts["hello"] = bare["hello"].clone();
    let mixed = serde_json::to_string(&parts).expect("a value has a text");
    assert_eq!(open(Kind::Hello, mixed.as_bytes()), Err(OpenError::Proof(ProofError::Bundle)));
}

#[test]
fn a6_the_identity_point_signs_nothing() {
    // A "signature" of R = identity, s = 0 would hold for every message under a key of small order.
    let card = payload_of(&ACME.signed_card().document);
    let weak =
        PublicKey([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let signed = dsse::sign(Kind::Card, card.as_bytes(), &key(ACME.identity));
    let forged = format!("\"sig\":\"AQ{}==\"}}]}}", "A".repeat(84));
    let from = signed.find("\"sig\"").expect("a signature");
    let forged = signed[..from].replace(&ACME.card().identity.to_string(), &weak.to_string()) + &forged;
    let opened = dsse::open(Kind::Card, forged.as_bytes(), &KeySet::identity(weak)).map(|_| ());
    assert_eq!(opened, Err(ProofError::WeakKey));
}
