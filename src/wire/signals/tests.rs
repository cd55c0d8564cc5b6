//! Batches of signals.

use super::{decode, encode};
use crate::model::{
    Address, Code, EpochId, LinkId, Millis, RoomId, limits,
    signal::{Presence, Sign, Signal, SignalBatch, Typing},
};

fn batch(signals: Vec<Signal>) -> SignalBatch {
    SignalBatch {
        link: LinkId([1; 16]),
        origin: "acme.example".parse().expect("a domain"),
        destination: "globex.example".parse().expect("a domain"),
        sent_at: Millis(5),
        session: EpochId([2; 16]),
        n: 1,
        signals,
        calls: Vec::new(),
        unknown: 0,
    }
}

fn signal(sign: Sign) -> Signal {
    Signal { room: RoomId([3; 16]), user: "alice@acme.example".parse().expect("an address"), sign }
}

fn text(signals: &str) -> Vec<u8> {
    let empty = String::from_utf8(encode(&batch(Vec::new()))).expect("JSON is UTF-8");
    empty.replace("\"signals\":[]", &format!("\"signals\":[{signals}]")).into_bytes()
}

#[test]
fn every_sign_is_read_back_as_written() {
    let presences = [Presence::Offline, Presence::Away, Presence::Online].map(Sign::Presence);
    let signs = presences.into_iter().chain([Sign::Typing(Typing::On), Sign::Typing(Typing::Off), Sign::Read(7)]);
    let written = batch(signs.map(signal).collect());
    assert_eq!(decode(&encode(&written)), Ok(written));
}

#[test]
fn kinds_of_later_versions_are_passed_over() {
    let later = r#"{"kind":"wave","room":"03030303030303030303030303030303","call":{"sdp":"v=0"}},{"kind":"typing","room":"03030303030303030303030303030303","user":"alice@acme.example","typing":"on"}"#;
    let read = decode(&text(later)).expect("a batch in form");
    assert_eq!((read.unknown, read.signals), (1, vec![signal(Sign::Typing(Typing::On))]));
}

#[test]
fn what_is_not_in_form_is_refused() {
    let head = r#""room":"03030303030303030303030303030303","user":"alice@acme.example""#;
    for fields in [
        r#""kind":"typing","index":1"#,
        r#""kind":"typing""#,
        r#""kind":"typing","typing":"on","index":1"#,
        r#""kind":"read","index":-1"#,
        r#""kind":"read","index":null"#,
        r#""kind":"presence","presence":"busy""#,
        r#""kind":"presence","presence":"away","more":1"#,
    ] {
        let refused = decode(&text(&format!("{{{fields},{head}}}"))).expect_err(fields);
        assert_eq!(refused.code(), Code::Malformed, "{fields}");
    }
    assert!(decode(&text("7")).is_err() && decode(&text("{}")).is_err());
    let mut zero = batch(Vec::new());
    zero.n = 0;
    assert!(decode(&encode(&zero)).is_err(), "numbers begin with 1");
}

#[test]
fn a_batch_is_bounded_and_the_longest_signals_fit() {
    let longest: Address = format!("{}@{}.{}", "a".repeat(64), vec!["b".repeat(63); 3].join("."), "c".repeat(61))
        .parse()
        .expect("the longest address");
    let long = Signal { user: longest, ..signal(Sign::Read(limits::INTEGER_MAX)) };
    let mut full = batch(vec![long.clone(); limits::SIGNALS_PER_BATCH_MAX]);
    assert_eq!(decode(&encode(&full)), Ok(full.clone()));
    full.signals.push(signal(Sign::Read(0)));
    assert!(decode(&encode(&full)).is_err(), "one too many");
}
