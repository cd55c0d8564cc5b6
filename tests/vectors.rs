//! Golden bytes of the wire protocol, both ways; and everything beside them is refused (A5 to A8, A10, A11, A27, A30).
//!
//! The files in `tests/vectors/` are for whoever writes a peer in another language. They change only with the protocol:
//! `cargo test --test vectors -- --ignored regenerate` writes them anew from `tests/vectors/fixtures.rs`.

#[path = "vectors/fixtures.rs"]
mod fixtures;
#[path = "vectors/golden.rs"]
mod golden;
#[path = "vectors/refused.rs"]
mod refused;

use fixtures::*;
use handclasp::{
    crypto::Verified,
    model::{Digest, Millis, org::Card, record::Record},
    wire::{self, problem, proof},
};
use serde_json::Value;
use std::{fs, path::PathBuf};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn file(name: &str) -> Value {
    let text = fs::read_to_string(path(name)).expect("the golden file is committed");
    serde_json::from_str(&text).expect("a golden file is JSON")
}

fn document(name: &str) -> String {
    file(name)["document"].as_str().expect("a document").to_owned()
}

fn strings(value: &Value, field: &str) -> Vec<String> {
    let items = value.as_array().expect("a list").iter();
    items.map(|item| item[field].as_str().or(item.as_str()).expect("a text").to_owned()).collect()
}

#[test]
#[ignore = "writes the golden files"]
fn regenerate() {
    for (name, contents) in golden::files() {
        let text = serde_json::to_string_pretty(&contents).expect("a value has a text");
        fs::write(path(name), text + "\n").expect("the golden file can be written");
    }
}

#[test]
fn the_golden_files_are_what_this_version_writes() {
    for (name, contents) in golden::files() {
        assert_eq!(file(name), contents, "{name}: the protocol changed; if that is meant, raise its version");
    }
}

#[test]
fn the_golden_card_opens() {
    let document = document("card.json");
    let by_pin = proof::open_card(document.as_bytes(), Some(&ACME.card().identity)).expect("proven");
    let by_itself = proof::open_card(format!("{document}\n").as_bytes(), None).expect("proven");
    for opened in [by_pin, by_itself] {
        assert_eq!((&opened.card, &*opened.document), (&ACME.card(), &*document));
    }
}

#[test]
fn the_golden_grants_open() {
    for (name, grant) in [("grant.json", grant(ACME, GLOBEX)), ("revocation.json", revocation(ACME, GLOBEX))] {
        let document = document(name);
        let opened = proof::open_grant(document.as_bytes(), &ACME.card()).expect("proven");
        assert_eq!((&opened.grant, &*opened.document), (&grant, &*document));
        assert_eq!(opened.key(), ACME.signing_key().public());
    }
}

#[test]
fn the_golden_hellos_open() {
    for (name, hello) in
        [("hello.json", hello()), ("hello_resending.json", hello_resending()), ("hello_first.json", first_hello())]
    {
        let opened = proof::open_hello(document(name).as_bytes(), &ACME.card()).expect("proven");
        assert_eq!(*opened, hello);
    }
}

#[test]
fn the_golden_envelope_opens_and_proves_itself() {
    let document = document("envelope.json");
    let (opened, evidence) = proof::open_envelope(document.as_bytes(), &ACME.card()).expect("proven");
    let head = envelope_head();
    assert_eq!((opened.link, &opened.origin, &opened.destination), (head.link, &head.origin, &head.destination));
    assert_eq!((opened.epoch, opened.from_seq, opened.prev), (head.epoch, head.from_seq, head.prev));
    assert_eq!((opened.grants, opened.settled, opened.sent_at), (head.grants, head.settled, head.sent_at));
    let bodies: Vec<_> = opened.records.iter().map(|record| record.body.clone().expect("a known type")).collect();
    assert_eq!(bodies, fixtures::bodies());
    let seqs: Vec<_> = opened.records.iter().map(|record| record.seq).collect();
    assert_eq!(seqs, (4..4 + bodies.len() as u64).collect::<Vec<u64>>());
    assert_eq!(std::str::from_utf8(&evidence.payload).expect("JSON"), golden::payload_of(&document));
    assert_eq!((evidence.key, evidence.signature), (opened.key(), opened.signature()));
}

#[test]
fn the_golden_ack_opens() {
    let opened = proof::open_ack(document("ack.json").as_bytes(), &GLOBEX.card()).expect("proven");
    assert_eq!(*opened, ack());
}

#[test]
fn the_golden_signals_open() {
    let opened = proof::open_signals(document("signals.json").as_bytes(), &ACME.card()).expect("proven");
    assert_eq!(*opened, signals());
}

#[test]
fn the_golden_events_and_records_decode() {
    for (text, sealed) in strings(&file("events.json")["events"], "").iter().zip(events()) {
        assert_eq!(wire::event::open(text.as_bytes()), Ok(sealed));
    }
    let records = &file("records.json")["records"];
    let digests = strings(records, "item");
    for ((text, digest), body) in strings(records, "record").iter().zip(digests).zip(bodies()) {
        let Record { made_at, digest: found, body: read, .. } = wire::record::decode(text.as_bytes()).expect("in form");
        assert_eq!((made_at, found.to_string(), read), (NOW, digest, Ok(body)));
    }
}

#[test]
fn the_golden_audit_entries_chain() {
    let mut prev = Digest::ZERO;
    for (text, entry) in strings(&file("audit.json")["entries"], "entry").iter().zip(audit_entries()) {
        let decoded = wire::audit::decode(text.as_bytes()).expect("in form");
        assert_eq!((&decoded, decoded.prev), (&entry, prev));
        prev = wire::audit::entry_hash(&decoded);
    }
}

#[test]
fn the_golden_problem_decodes() {
    let contents = file("problem.json");
    let text = contents["problem"].as_str().expect("a text");
    assert_eq!(problem::decode(text.as_bytes()), Ok(golden::problem()));
}

type Opens = fn(&[u8]) -> bool;

fn is_taken<T, E>(opened: Result<T, E>) -> bool {
    opened.is_ok()
}

/// Every signed object of the protocol with what opens it. The envelope is a short one: length adds nothing here.
fn documents() -> Vec<(&'static str, String, Opens)> {
    let short = envelope_document(&records()[..2]);
    vec![
        ("card", document("card.json"), |d| is_taken(proof::open_card(d, Some(&acme().identity)))),
        ("card from a file", document("card.json"), |d| is_taken(proof::open_card(d, None))),
        ("grant", document("grant.json"), |d| is_taken(proof::open_grant(d, &acme()))),
        ("hello", document("hello.json"), |d| is_taken(proof::open_hello(d, &acme()))),
        ("envelope", short, |d| is_taken(proof::open_envelope(d, &acme()))),
        ("ack", document("ack.json"), |d| is_taken(proof::open_ack(d, &GLOBEX.card()))),
        ("signals", document("signals.json"), |d| is_taken(proof::open_signals(d, &acme()))),
    ]
}

/// Made once: the tests below open each document some ten thousand times.
fn acme() -> Card {
    static CARD: std::sync::OnceLock<Card> = std::sync::OnceLock::new();
    CARD.get_or_init(|| ACME.card()).clone()
}

#[test]
fn every_truncation_is_refused() {
    for (name, document, opens) in documents() {
        let bytes = document.as_bytes();
        assert!(opens(bytes), "{name}: whole");
        for length in 0..bytes.len() {
            assert!(!opens(&bytes[..length]), "{name}: the first {length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn a5_every_bit_flip_is_refused() {
    for (name, document, opens) in documents() {
        let mut bytes = document.into_bytes();
        for place in 0..bytes.len() {
            for bit in 0..8 {
                bytes[place] ^= 1 << bit;
                assert!(!opens(&bytes), "{name}: bit {bit} of byte {place}");
                bytes[place] ^= 1 << bit;
            }
        }
        assert!(opens(&bytes), "{name}: as it was");
    }
}

#[test]
fn unsigned_parts_never_panic_when_flipped() {
    let texts = events().iter().map(|sealed| sealed.bytes.to_vec()).collect::<Vec<_>>();
    for mut bytes in texts.into_iter().chain(records()) {
        for place in 0..bytes.len() {
            for bit in 0..8 {
                bytes[place] ^= 1 << bit;
                let _ = wire::event::open(&bytes);
                if let Ok(Record { made_at: Millis(made_at), seq, .. }) = wire::record::decode(&bytes) {
                    assert!(seq >= 1 && made_at < 1 << 53);
                }
                bytes[place] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn what_was_verified_keeps_its_key_and_signature() {
    let opened: Verified<_> = proof::open_ack(document("ack.json").as_bytes(), &GLOBEX.card()).expect("proven");
    assert_eq!(opened.key(), GLOBEX.signing_key().public());
    assert_eq!(opened.into_inner(), ack());
}

/// Whether an example of the specification is some object of the protocol, or a body of a record.
fn is_example(text: &str) -> bool {
    let bytes = text.as_bytes();
    let body = |kind: &str, body: &str| {
        let record = format!(r#"{{"seq":1,"type":"{kind}","made_at":1,"body":{body}}}"#);
        wire::record::decode(record.as_bytes()).is_ok_and(|record| record.body.is_ok())
    };
    let ask = format!(r#"{{"room":"{ROOM}","by":"alice@acme.example","ask":{text}}}"#);
    let file = format!(
        r#"{{"id":"{}","author":"alice@acme.example","made_at":1,"kind":"message","files":[{text}]}}"#,
        "13".repeat(16)
    );
    wire::card::decode(bytes).is_ok()
        || wire::grant::decode(bytes).is_ok()
        || wire::hello::decode(bytes).is_ok()
        || wire::envelope::decode(bytes).is_ok()
        || wire::ack::decode(bytes).is_ok()
        || wire::signals::decode(bytes).is_ok()
        || wire::audit::decode(bytes).is_ok()
        || wire::event::open(bytes).is_ok()
        || wire::record::decode(bytes).is_ok_and(|record| record.body.is_ok())
        || body("room_state", text)
        || body("room_placed", text)
        || body("room_ask", &ask)
        || wire::event::open(file.as_bytes()).is_ok()
}

#[test]
fn the_examples_of_the_specification_are_right() {
    let specification = include_str!("../docs/protocol.md");
    let blocks = specification.split("```json\n").skip(1).map(|rest| rest.split("```").next().expect("a block ends"));
    let examples: Vec<_> = blocks.flat_map(str::lines).filter(|line| !line.contains('\u{2026}')).collect();
    assert!(examples.len() > 10);
    for example in examples {
        assert!(is_example(example), "{example}");
    }
}
