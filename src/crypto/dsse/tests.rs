//! Checks of `crypto::dsse`.

use super::*;
use crate::clock::{Random, SystemRandom};

struct Seed(u8);

impl Random for Seed {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(self.0);
    }
}

fn open_with(document: &str, key: &SigningKey) -> Result<Verified<Payload>, ProofError> {
    open(Kind::Ack, document.as_bytes(), &KeySet::identity(key.public()))
}

#[test]
fn what_was_signed_opens_byte_for_byte_at_every_length() {
    let key = SigningKey::generate(&mut SystemRandom);
    for length in 0..200 {
        let payload: Vec<u8> = (0..length).collect();
        let verified = open_with(&sign(Kind::Ack, &payload, &key), &key).expect("our own document");
        assert_eq!(&**verified, &*payload);
        assert_eq!(verified.key(), key.public());
    }
}

#[test]
fn the_signed_bytes_are_those_of_dsse_v1() {
    let mut signed = prefix(Kind::Ack, 11);
    signed.extend_from_slice(b"hello world");
    assert_eq!(signed, b"DSSEv1 37 application/vnd.handclasp.ack.v1+json 11 hello world");
}

#[test]
fn a7_an_object_of_one_kind_is_not_one_of_another() {
    let key = SigningKey::generate(&mut SystemRandom);
    for made in Kind::ALL {
        for asked in Kind::ALL.into_iter().filter(|asked| *asked != made) {
            let document = sign(made, b"{}", &key);
            let keys = KeySet::identity(key.public());
            assert_eq!(open(asked, document.as_bytes(), &keys).map(|_| ()), Err(ProofError::Kind));
            let renamed = document.replace(made.payload_type(), asked.payload_type());
            assert_eq!(open(asked, renamed.as_bytes(), &keys).map(|_| ()), Err(ProofError::Signature));
        }
    }
}

#[test]
fn a5_exactly_one_signature_by_a_key_of_the_set() {
    let key = SigningKey::generate(&mut Seed(1));
    let other = SigningKey::generate(&mut Seed(2));
    let document = sign(Kind::Ack, b"{}", &key);
    assert_eq!(open_with(&document, &other).map(|_| ()), Err(ProofError::UnknownKey));
    let from = document.find("[{").expect("signatures") + 1;
    let to = document.find("}]").expect("signatures") + 1;
    let one = &document[from..to];
    for signatures in [String::new(), format!("{one},{one}")] {
        let changed = document.replace(one, &signatures);
        assert_eq!(open_with(&changed, &key).map(|_| ()), Err(ProofError::Form), "{changed}");
    }
    let foreign = document.replace(&key.public().to_string(), &other.public().to_string());
    assert_eq!(open_with(&foreign, &key).map(|_| ()), Err(ProofError::UnknownKey));
    assert_eq!(open_with(&foreign, &other).map(|_| ()), Err(ProofError::Signature));
    let shouted = document.replace(&key.public().to_string(), &key.public().to_string().to_uppercase());
    assert_eq!(open_with(&shouted, &key).map(|_| ()), Err(ProofError::Form));
}

/// The same values as an array: what a careless reader takes for the same struct.
fn as_array(document: &str) -> String {
    let values = document.replace("\"payload\":", "").replace("\"payloadType\":", "").replace("\"signatures\":", "");
    format!("[{}]", &values[1..values.len() - 1])
}

#[test]
fn a8_the_wrapper_is_read_strictly() {
    let key = SigningKey::generate(&mut SystemRandom);
    let document = sign(Kind::Ack, b"{}", &key);
    assert!(open_with(&document, &key).is_ok());
    for changed in [
        document.replacen('{', "{\"more\":1,", 1),
        document.replacen('{', "{\"payload\":\"e30=\",", 1),
        document.replace("\"e30=\"", "\"e30\""),
        document.replace("\"e30=\"", "\"e31=\""),
        document.replace("\"e30=\"", "\"e30=\\n\""),
        document.replace("\"e30=\"", "\"\\u00653==\""),
        document.replace("\"e30=\"", "\"=\""),
        document.replace("\"e30=\"", "\"\""),
        document.replace("ack.v1+json", "ack.v2+json"),
        document.replace("\"sig\"", "\"cert\":\"x\",\"sig\""),
        format!("{document}{document}"),
        as_array(&document),
        "x".repeat(limits::FEDERATION_BODY_BYTES_MAX + 1),
    ] {
        assert!(open_with(&changed, &key).is_err(), "{}", &changed[..changed.len().min(400)]);
    }
}

#[test]
fn a6_a_weak_key_verifies_nothing_even_if_it_was_pinned() {
    let key = SigningKey::generate(&mut SystemRandom);
    let weak = PublicKey([0; 32]);
    let document = sign(Kind::Ack, b"{}", &key).replace(&key.public().to_string(), &weak.to_string());
    assert_eq!(open(Kind::Ack, document.as_bytes(), &KeySet::identity(weak)).map(|_| ()), Err(ProofError::WeakKey));
}

#[test]
fn outside_every_proof_fails_the_same_way() {
    let texts: Vec<String> = [ProofError::Form, ProofError::UnknownKey, ProofError::Signature, ProofError::Owner]
        .map(|error| error.to_string())
        .to_vec();
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "{texts:?}");
}
