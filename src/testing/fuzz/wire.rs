//! Every decoder of the protocol. What is read strictly means the same after a lax JSON reader has rewritten it, and what
//! we write of it is read as the same.

use super::world::{hello, orgs};
use crate::{
    crypto::{
        KeySet,
        dsse::{self, Kind},
    },
    model::{
        record::{Envelope, Record},
        signal::SignalBatch,
    },
    wire::{self, WireError, ack, audit, card, envelope, event, grant, piece, problem, proof, pull, record, signals},
};
use serde_json::Value;
use std::{fmt::Debug, mem::discriminant};

/// Bytes to a decoder: the first picks which.
pub fn wire(bytes: &[u8]) {
    let Some((pick, input)) = bytes.split_first() else { return };
    match pick {
        b'c' => both_ways(input, card::decode, card::encode),
        b'g' => both_ways(input, grant::decode, grant::encode),
        b'h' => drop(one_meaning(input, wire::hello::decode)),
        b'b' => bundle(input),
        b'a' => both_ways(input, ack::decode, ack::encode),
        // How many signals of a later version were passed over is not written again.
        b's' => both_ways(input, |bytes| Ok(SignalBatch { unknown: 0, ..signals::decode(bytes)? }), signals::encode),
        b'u' => both_ways(input, audit::decode, audit::encode),
        b'p' => both_ways(input, problem::decode, problem::encode),
        b'f' => both_ways(input, piece::decode, |piece| piece::encode(*piece)),
        b'l' => both_ways(input, pull::decode, |pull| pull::encode(*pull)),
        b'k' => kept(input),
        b'm' => drop(one_meaning(input, wire::room_heads::decode)),
        b'n' => drop(one_meaning(input, wire::room_log::decode)),
        b'e' => an_event(input),
        b'r' => a_record(input),
        b'v' => an_envelope(input),
        b'd' => document(input),
        b'i' => signed(input),
        _ => {}
    }
}

/// The value, after a look at what a lax reader makes of the same bytes.
fn one_meaning<T: PartialEq + Debug>(input: &[u8], decode: impl Fn(&[u8]) -> Result<T, WireError>) -> Option<T> {
    let value = decode(input).ok()?;
    if let Some(rewritten) = rewritten(input) {
        assert_eq!(decode(&rewritten).as_ref(), Ok(&value), "a text has two meanings");
    }
    Some(value)
}

/// The text as a lax reader writes it again. None when that refuses it: what we pass over unread, in a record that we refuse
/// or a signal of a later version, may hold numbers without bounds and halves of characters.
fn rewritten(input: &[u8]) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(input).ok()?;
    Some(serde_json::to_vec(&value).expect("a value has a text"))
}

fn both_ways<T: PartialEq + Debug>(
    input: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, WireError>,
    encode: impl Fn(&T) -> Vec<u8>,
) {
    let Some(value) = one_meaning(input, &decode) else { return };
    assert_eq!(decode(&encode(&value)), Ok(value), "what we write, we read");
}

fn bundle(input: &[u8]) {
    let Ok(bundle) = wire::hello::decode_bundle(input) else { return };
    let rewritten = rewritten(input).expect("what is read to the end is JSON");
    assert_eq!(wire::hello::decode_bundle(&rewritten).as_ref(), Ok(&bundle), "a text has two meanings");
    let again = wire::hello::encode_bundle(&bundle);
    assert_eq!(wire::hello::decode_bundle(again.as_bytes()), Ok(bundle), "what we write, we read");
}

fn kept(input: &[u8]) {
    let Ok(documents) = wire::kept::decode(input) else { return };
    let documents: Vec<String> = documents.into_iter().map(Into::into).collect();
    let again = wire::kept::encode(&documents);
    assert!(wire::kept::decode(&again).is_ok_and(|again| again == documents), "what we write, we read");
    for document in documents {
        let _ = wire::past::open_kept(document.as_bytes(), &KeySet::current(&orgs().peer.card(1, "127.0.0.1:9").card));
    }
}

fn an_event(input: &[u8]) {
    let Some(event) = one_meaning(input, |bytes| event::open(bytes).map(|sealed| sealed.event)) else { return };
    let again = event::seal(event);
    assert_eq!(event::open(&again.bytes).as_ref(), Ok(&again), "what we write, we read");
    let rest = event::tombstone(input).expect("what is an event leaves a tombstone");
    assert!(rest.len() <= input.len(), "a tombstone is no longer than its event");
}

fn a_record(input: &[u8]) {
    // What a lax reader would take and we refuse has no second meaning here.
    let Ok(Record { seq, made_at, body: Ok(body), .. }) = record::decode(input) else { return };
    let rewritten = rewritten(input).expect("what is read to the end is JSON");
    let lax = record::decode(&rewritten).expect("a text has two meanings");
    assert_eq!((lax.seq, lax.made_at), (seq, made_at));
    assert_eq!(lax.body.as_ref().map(discriminant), Ok(discriminant(&body)), "a text has two meanings");
    let again = record::decode(&record::encode(seq, made_at, &body)).expect("what we write, we read");
    assert_eq!((again.seq, again.made_at, again.body), (seq, made_at, Ok(body)));
}

fn an_envelope(input: &[u8]) {
    let Ok(envelope) = envelope::decode(input) else { return };
    if let Some(rewritten) = rewritten(input) {
        let lax = envelope::decode(&rewritten).expect("a text has two meanings");
        let head = |it: &Envelope| (it.link, it.origin.clone(), it.destination.clone(), it.epoch, it.from_seq, it.prev);
        assert_eq!(head(&lax), head(&envelope));
        assert_eq!((lax.grants, lax.settled, lax.sent_at), (envelope.grants, envelope.settled, envelope.sent_at));
        assert_eq!(lax.records.len(), envelope.records.len());
    }
    let seqs = envelope.records.iter().map(|record| record.seq);
    assert!(seqs.eq((envelope.from_seq..).take(envelope.records.len())), "records are consecutive");
    let raw = envelope::raw_records(input).expect("what is read has records");
    assert_eq!(raw.len(), envelope.records.len());
    for (raw, record) in raw.into_iter().zip(&envelope.records) {
        let again = record::decode(raw.as_bytes()).expect("a record is one by itself");
        assert_eq!((again.seq, again.digest, &again.body), (record.seq, record.digest, &record.body));
    }
}

/// A whole document, which hardly ever proves anything; what does has the payload that any reader finds in it.
fn document(input: &[u8]) {
    let Some((pick, document)) = input.split_first() else { return };
    let kind = Kind::ALL[usize::from(*pick) % Kind::ALL.len()];
    let card = orgs().peer.card(1, "127.0.0.1:9").card;
    let opened = dsse::open(kind, document, &KeySet::current(&card)).ok();
    if let Some(payload) = opened.or_else(|| dsse::open_self_signed(kind, document).ok()) {
        let value: Value = serde_json::from_slice(document).expect("what is read strictly is JSON");
        let names = value["payloadType"] == kind.payload_type() && value["payload"].is_string();
        assert!(names, "a text has two meanings");
        let again = dsse::document(kind, &payload, &payload.key(), &payload.signature());
        let again = dsse::open_self_signed(kind, again.as_bytes()).expect("put together again, it proves the same");
        assert_eq!(**again, **payload);
    }
    let _ = proof::open_card(document, None);
    let _ = proof::open_hello(document, &card);
    let _ = wire::past::open_grant(document, &KeySet::current(&card));
}

/// A payload that the peer has signed: it is taken exactly when it is in form and speaks for the peer.
fn signed(input: &[u8]) {
    let Some((pick, payload)) = input.split_first() else { return };
    let (keys, card) = (&orgs().peer, hello().card.card);
    let kind = Kind::ALL[usize::from(*pick) % Kind::ALL.len()];
    let key = if kind == Kind::Card { &keys.identity } else { &keys.signing };
    let document = dsse::sign(kind, payload, key);
    let document = document.as_bytes();
    let (taken, in_form) = match kind {
        Kind::Card => {
            let own = card::decode(payload).is_ok_and(|card| card.identity == keys.identity.public());
            (proof::open_card(document, Some(&card.identity)).is_ok(), own)
        }
        Kind::Grant => {
            let own = grant::decode(payload).is_ok_and(|grant| grant.issuer == card.domain);
            (proof::open_grant(document, &card).is_ok(), own)
        }
        Kind::Envelope => {
            let own = envelope::decode(payload).is_ok_and(|envelope| envelope.origin == card.domain);
            (proof::open_envelope(document, &card).is_ok(), own)
        }
        Kind::Ack => {
            let own = ack::decode(payload).is_ok_and(|ack| ack.origin == card.domain);
            (proof::open_ack(document, &card).is_ok(), own)
        }
        Kind::Signals => {
            let own = signals::decode(payload).is_ok_and(|batch| batch.origin == card.domain);
            (proof::open_signals(document, &card).is_ok(), own)
        }
        Kind::Hello | Kind::Export => return,
    };
    assert_eq!(taken, in_form, "{kind:?}");
}
