//! Any bytes from a partner with valid keys: whatever it signs, the daemon does not fail, and its store stays sound.

use super::{
    assert_no_fault, segments,
    world::{Face, World, envelope, hello, orgs},
};
use crate::{
    crypto::{
        digest::{direct_room, sha256},
        dsse::{self, Kind},
    },
    model::record::Hello,
    testing::fixtures::parsed,
    wire::hello::{BundleV1, encode_bundle},
};
use std::sync::{Arc, OnceLock};

/// Bytes from a partner: each part begins with a letter that says what it is signed and posted as.
///
/// What was answered to each part.
pub fn peer(bytes: &[u8]) -> Vec<Vec<u8>> {
    let world = World::start();
    let answers = segments(bytes).take(8).filter_map(|(pick, part)| {
        let (endpoint, body) = request(&world, pick, part)?;
        let head = format!(
            "POST /federation/v1/{endpoint} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let answer = world.talk(Face::Federation, &[head.as_bytes(), &body].concat());
        assert_no_fault(&answer);
        Some(answer)
    });
    let answers = answers.collect();
    world.assert_sound();
    answers
}

fn request(world: &World, pick: u8, part: &[u8]) -> Option<(&'static str, Vec<u8>)> {
    let part = &filled(part)[..];
    let signed = |kind| dsse::sign(kind, part, &orgs().peer.signing).into_bytes();
    Some(match pick {
        // Records of the peer's stream, one a line, each behind its number.
        b'e' => {
            let records: Vec<&[u8]> = part.split(|byte| *byte == b'\n').filter(|record| !record.is_empty()).collect();
            ("envelopes", envelope(world.engine(), &records).into_bytes())
        }
        b'v' => ("envelopes", signed(Kind::Envelope)),
        b'h' => ("hello", bundle(part)),
        b'g' => ("grants", signed(Kind::Grant)),
        b'c' => ("cards", dsse::sign(Kind::Card, part, &orgs().peer.identity).into_bytes()),
        b's' => ("signals", signed(Kind::Signals)),
        b'l' => ("pull", part.to_vec()),
        b'k' => ("kept", part.to_vec()),
        b'm' => ("rooms/heads", part.to_vec()),
        b'n' => ("rooms/log", part.to_vec()),
        b'f' => ("files", part.to_vec()),
        _ => return None,
    })
}

/// Words for what no fuzzer finds: keys, digests of documents, and the ids that follow from them.
fn filled(part: &[u8]) -> Vec<u8> {
    let (orgs, Honest { hello, grant }) = (orgs(), honest());
    let card = &hello.card;
    let direct = direct_room(&parsed("alice@acme.example"), &parsed("bob@globex.example"));
    let words = [
        ("@LINK", orgs.link.to_string()),
        ("@CARD", sha256(card.document.as_bytes()).to_string()),
        ("@GRANT", sha256(grant.as_bytes()).to_string()),
        ("@OWN", orgs.own.identity.public().to_string()),
        ("@PEER", orgs.peer.identity.public().to_string()),
        ("@SIGNING", orgs.peer.signing.public().to_string()),
        ("@PIN", card.card.tls_pins[0].to_string()),
        ("@DIRECT", direct.to_string()),
    ];
    let Ok(text) = std::str::from_utf8(part) else { return part.to_vec() };
    words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning)).into_bytes()
}

/// What the peer honestly says of itself.
struct Honest {
    hello: Hello,
    grant: Arc<str>,
}

fn honest() -> &'static Honest {
    static HONEST: OnceLock<Honest> = OnceLock::new();
    HONEST.get_or_init(|| {
        let hello = hello();
        let grant = hello.grant.as_ref().expect("the peer has granted").document.clone();
        Honest { hello, grant }
    })
}

fn bundle(payload: &[u8]) -> Vec<u8> {
    let Honest { hello, grant } = honest();
    encode_bundle(&BundleV1 {
        card: (*hello.card.document).into(),
        grant: Some((**grant).into()),
        hello: dsse::sign(Kind::Hello, payload, &orgs().peer.signing).into(),
    })
    .into_bytes()
}
