//! Checks of `wire::record`.

use super::*;
use crate::{
    model::{
        Address, Digest, EventId, RoomId,
        event::{Event, Message, Role, Sealed, SettingsChange},
        record::Ask,
        room::{History, MemberImage, RoomImage, RoomKind},
        text::DisplayName,
    },
    wire::event,
};

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn name(text: &str) -> DisplayName {
    text.parse().expect("a name")
}

fn sealed() -> Sealed {
    let message = Message::plain("hello".parse().expect("a text"));
    event::seal(Event {
        id: EventId([9; 16]),
        author: Some(address("alice@acme.example")),
        made_at: Millis(5),
        content: message.into(),
    })
}

fn image(members: Vec<MemberImage>) -> RecordBody {
    RecordBody::RoomState(Box::new(RoomImage {
        id: RoomId([1; 16]),
        kind: RoomKind::Group,
        name: Some("Fair".parse().expect("a name")),
        description: "".parse().expect("a description"),
        history: History::Arrival,
        rules: crate::model::tool::Rules::default(),
        photo: None,
        created_by: address("alice@acme.example"),
        created_at: Millis(4),
        members,
        next_index: 17,
        head: Digest([3; 32]),
    }))
}

fn asks() -> Vec<RecordBody> {
    let user = address("alice@acme.example");
    let asks = [
        Ask::Add { users: vec![(user.clone(), None), (address("bob@globex.example"), Some(name("Bob")))] },
        Ask::Remove { users: vec![user.clone()] },
        Ask::Role { user: user.clone(), role: Role::Member },
        Ask::Settings(SettingsChange { history: Some(History::All), ..SettingsChange::default() }),
    ];
    asks.into_iter().map(|ask| RecordBody::RoomAsk { room: RoomId([1; 16]), by: user.clone(), ask }).collect()
}

fn every_type() -> Vec<RecordBody> {
    let (alice, bob) = (address("alice@acme.example"), address("bob@globex.example"));
    let room = RoomId([1; 16]);
    let member = MemberImage { user: alice.clone(), name: Some(name("Alice")), role: Role::Master, visible_from: 0 };
    let mut bodies = vec![
        RecordBody::ContactAdd { from: alice.clone(), name: name("Alice"), to: bob.clone() },
        RecordBody::ContactAccepted { from: alice.clone(), name: name("Alice"), to: bob.clone() },
        RecordBody::Profile { user: alice.clone(), name: name("Alice"), available: false, photo: None },
        image(vec![member, MemberImage { user: bob.clone(), name: None, role: Role::Member, visible_from: 3 }]),
        RecordBody::RoomInvite { room, by: alice.clone(), users: vec![bob.clone()] },
        RecordBody::RoomAnswer { room, accepted: vec![(bob.clone(), name("Bob"))], declined: vec![alice] },
        RecordBody::RoomEvent { room, index: 4, event: sealed() },
        RecordBody::RoomSubmit { room, event: sealed() },
        RecordBody::RoomPlaced { room, index: 4, epoch_n: None, submits: vec![(1, 1), (3, 9)] },
        RecordBody::Void { digest: crate::model::Digest::ZERO },
    ];
    bodies.extend(asks());
    bodies
}

#[test]
fn every_type_decodes_as_it_was_encoded() {
    for body in every_type() {
        let bytes = encode(7, Millis(8), &body);
        let record = decode(&bytes).expect("our own record");
        let digest = if let RecordBody::Void { digest } = &body { *digest } else { sha256(&bytes) };
        assert_eq!(record.body, Ok(body), "{}", String::from_utf8_lossy(&bytes));
        assert_eq!((record.seq, record.made_at, record.digest), (7, Millis(8), digest));
    }
}

fn body_of(kind: &str, body: &str) -> Result<RecordBody, Code> {
    let text = format!(r#"{{"seq":1,"type":"{kind}","made_at":1,"body":{body}}}"#);
    decode(text.as_bytes()).expect("in form").body
}

#[test]
fn w13_what_is_wrong_inside_the_body_stays_inside_the_record() {
    let room = r#""room":"01010101010101010101010101010101""#;
    assert_eq!(body_of("from_the_future", "{}"), Err(Code::UnknownType));
    assert_eq!(
        body_of(
            "room_submit",
            &format!(r#"{{{room},"event":{{"id":"{}","made_at":1,"kind":"poll"}}}}"#, "07".repeat(16))
        ),
        Err(Code::UnknownType)
    );
    for (kind, body) in [
        ("void", "[]".to_owned()),
        ("void", "1".to_owned()),
        ("void", r#"{"x":1}"#.to_owned()),
        ("contact_add", "{}".to_owned()),
        ("room_submit", format!(r#"{{{room},"event":"no object"}}"#)),
        ("room_placed", format!(r#"{{{room},"index":1,"submits":[]}}"#)),
        ("room_placed", format!(r#"{{{room},"index":1,"submits":[[0,1]]}}"#)),
        ("room_placed", format!(r#"{{{room},"index":1,"submits":[[2,1]]}}"#)),
        ("room_placed", format!(r#"{{{room},"index":1,"submits":[[1,5],[5,6]]}}"#)),
        ("room_placed", format!(r#"{{{room},"index":1,"submits":[[1,9007199254740991]]}}"#)),
        ("room_invite", format!(r#"{{{room},"by":"alice@acme.example","users":[]}}"#)),
        ("room_ask", format!(r#"{{{room},"by":"alice@acme.example","ask":{{}}}}"#)),
        ("room_ask", format!(r#"{{{room},"by":"alice@acme.example","ask":{{"remove":[],"add":[]}}}}"#)),
    ] {
        assert_eq!(body_of(kind, &body), Err(Code::Malformed), "{kind} {body}");
    }
}

#[test]
fn w13_what_is_wrong_around_the_body_is_wrong_in_form() {
    for text in [
        r#"{"seq":0,"type":"void","made_at":1,"body":{}}"#,
        r#"{"seq":9007199254740992,"type":"void","made_at":1,"body":{}}"#,
        r#"{"seq":1,"seq":1,"type":"void","made_at":1,"body":{}}"#,
        r#"{"seq":1,"type":"void","made_at":1}"#,
        r#"{"seq":1,"type":"void","made_at":1,"body":{},"more":1}"#,
        r#"{"seq":1,"type":"void","made_at":1,"crit":[],"body":{}}"#,
        r#"{"seq":1,"type":"void","made_at":1,"crit":"x","body":{}}"#,
        r#"{"seq":1,"type":"void", "made_at":1,"body":{}}"#,
    ] {
        assert!(decode(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_record_that_needs_an_unknown_feature_is_refused_by_type() {
    let text = br#"{"seq":1,"type":"void","made_at":1,"crit":["polls"],"body":{}}"#;
    assert_eq!(decode(text).expect("in form").body, Err(Code::UnknownType));
}

#[test]
fn a34_the_largest_room_fits_into_a_record() {
    let domain = format!("{}.example", ["x".repeat(60), "y".repeat(60), "z".repeat(60), "w".repeat(60)].join("."));
    let member = |n: usize| MemberImage {
        user: address(&format!("{}{n:03}@{domain}", "u".repeat(61))),
        name: Some(name(&"\u{1F980}".repeat(limits::DISPLAY_NAME_CHARS_MAX))),
        role: Role::Member,
        visible_from: limits::INTEGER_MAX,
    };
    let body = image((0..limits::MEMBERS_MAX).map(member).collect());
    let bytes = encode(limits::INTEGER_MAX, Millis(limits::INTEGER_MAX), &body);
    assert_eq!(decode(&bytes).expect("within the limit").body, Ok(body));
}

#[test]
fn other_records_keep_to_the_smaller_limit() {
    let long = format!(
        r#"{{"seq":1,"type":"profile","made_at":1,"body":{{"user":"{}"}}}}"#,
        "x".repeat(limits::RECORD_BYTES_MAX)
    );
    assert_eq!(decode(long.as_bytes()).expect_err("too large").code(), Code::TooLarge);
}

#[test]
fn w13_a_void_stands_where_its_record_stood() {
    let profile = RecordBody::Profile { user: address("a@b.example"), name: name("A"), available: true, photo: None };
    let original = encode(7, Millis(5), &profile);
    let void = decode(&encode_void(7, Millis(5), &original)).expect("a void in form");
    assert_eq!((void.seq, void.digest), (7, decode(&original).expect("in form").digest));
    assert!(matches!(void.body, Ok(RecordBody::Void { .. })));
}
