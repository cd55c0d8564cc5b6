//! The contents of the golden files.

use super::fixtures::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use handclasp::{
    crypto::{digest, fingerprint::Fingerprint},
    model::{Digest, limits},
    wire::{self, problem},
};
use serde_json::{Value, json};

/// All golden files: name and contents.
pub fn files() -> Vec<(&'static str, Value)> {
    vec![
        ("keys.json", keys()),
        ("card.json", signed("A card, signed by the identity key of acme.example.", &ACME.signed_card().document)),
        ("grant.json", signed("A grant of acme.example for globex.example.", &signed_grant(ACME, GLOBEX).document)),
        ("revocation.json", revoked()),
        ("hello.json", bundled("A hello with everything in it.", &hello())),
        ("hello_resending.json", bundled("A hello that tells of an epoch which follows.", &hello_resending())),
        ("hello_first.json", bundled("The hello of an org that has given no grant yet.", &first_hello())),
        ("envelope.json", signed("An envelope with a record of each type.", &envelope_document(&records()))),
        ("ack.json", signed("The ack of globex.example.", &wire::proof::seal_ack(&ack(), &GLOBEX.signing_key()))),
        ("signals.json", signed("A batch of signals, one of each kind.", &signals_document())),
        ("events.json", events_file()),
        ("records.json", records_file()),
        ("audit.json", audit_file()),
        ("problem.json", problem_file()),
    ]
}

/// The payload of a DSSE document, as text.
pub fn payload_of(document: &str) -> String {
    let document: Value = serde_json::from_str(document).expect("a document is JSON");
    let payload = STANDARD.decode(document["payload"].as_str().expect("a payload")).expect("base64");
    String::from_utf8(payload).expect("JSON is UTF-8")
}

fn signed(about: &str, document: &str) -> Value {
    json!({ "about": about, "payload": payload_of(document), "document": document })
}

fn revoked() -> Value {
    let signed_grant = wire::proof::seal_grant(revocation(ACME, GLOBEX), &ACME.signing_key()).expect("in form");
    signed("The revocation of the grant.", &signed_grant.document)
}

fn bundled(about: &str, hello: &handclasp::model::record::Hello) -> Value {
    let bundle = wire::proof::seal_hello(hello, &ACME.signing_key()).expect("in form");
    let parts: Value = serde_json::from_str(&bundle).expect("a bundle is JSON");
    let payload = payload_of(parts["hello"].as_str().expect("a document"));
    json!({ "about": about, "payload": payload, "document": bundle })
}

fn keys() -> Value {
    let org = |org: Org| {
        let identity = key(org.identity).public();
        json!({
            "domain": org.domain,
            "identity_seed": format!("{:02x}", org.identity).repeat(32),
            "identity": identity.to_string(),
            "fingerprint": Fingerprint::of(&identity).to_string(),
            "signing_seed": format!("{:02x}", org.signing).repeat(32),
            "signing": org.signing_key().public().to_string(),
        })
    };
    let (alice, bob) = (ACME.user("alice"), GLOBEX.user("bob"));
    json!({
        "about": "Keys from fixed seeds, and what is derived from names and keys.",
        "orgs": [org(ACME), org(GLOBEX)],
        "link": link().to_string(),
        "direct_room": {
            "people": [alice.to_string(), bob.to_string()],
            "room": digest::direct_room(&bob, &alice).to_string(),
        },
    })
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("JSON is UTF-8")
}

fn events_file() -> Value {
    let events: Vec<_> = events().iter().map(|sealed| utf8(&sealed.bytes).to_owned()).collect();
    json!({ "about": "One event of each kind, and a message with everything.", "events": events })
}

fn records_file() -> Value {
    let mut head = Digest::ZERO;
    let record = |bytes: &Vec<u8>| {
        // A void stands for the record whose digest it names.
        let item = wire::record::decode(bytes).expect("our own record").digest;
        head = digest::chain(head, item);
        json!({ "record": utf8(bytes), "item": item.to_string(), "head": head.to_string() })
    };
    let records: Vec<_> = records().iter().map(record).collect();
    json!({ "about": "One record of each type with its item of the chain: its SHA-256, or what a void names. The heads chain them from 32 zero bytes on.", "records": records })
}

fn audit_file() -> Value {
    let entry = |entry| json!({ "entry": utf8(&wire::audit::encode(entry)), "hash": wire::audit::entry_hash(entry).to_string() });
    let entries: Vec<_> = audit_entries().iter().map(entry).collect();
    json!({ "about": "Two audit entries; each names the hash of the one before.", "entries": entries })
}

pub fn problem() -> problem::Problem {
    problem::Problem {
        retry_after_ms: Some(limits::PROBE_MS_MIN),
        evidence: Some(signed_grant(ACME, GLOBEX).document.to_string()),
        seq: Some(12),
        ..problem::Problem::new(handclasp::model::Code::ClosedByThem, problem::Retry::After)
    }
}

fn problem_file() -> Value {
    json!({ "about": "A refusal with every field.", "problem": utf8(&problem::encode(&problem())) })
}
