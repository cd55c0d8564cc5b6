//! The terminal client without a terminal: keys, events and answers in, the drawn screen out.

use super::{
    state::{Focus, State},
    view,
    wish::{Answer, Wish},
};
use crate::{
    api::client::dto::{Me, Member, Messages, PeerLink, Posted, Room},
    cli::{
        failure::{Exit, Failure},
        sse::{Frame, Live},
    },
    model::Millis,
};
use jiff::tz::TimeZone;
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};
use serde_json::{Value, json};

/// 2026-11-22 12:00 UTC.
const NOON: u64 = 1_795_348_800_000;

fn state(width: u16, height: u16) -> State {
    let peer = PeerLink {
        peer: "globex.example".into(),
        org_name: "Globex".into(),
        state: "open".into(),
        last_contact_at: Some(NOON),
    };
    let me = Me {
        address: "alice@acme.example".into(),
        name: "Alice".into(),
        org: "acme.example".into(),
        photo: None,
        permitted: true,
        peers: vec![peer],
        unread_notifications: 0,
    };
    State::new(me, TimeZone::UTC, Millis(NOON), (width, height))
}

fn room(id: &str, change: Value) -> Room {
    let mut room = json!({
        "id": id, "kind": "group", "external": true, "host": "acme.example", "partner": "globex.example",
        "partner_name": "Globex", "name": "Launch", "description": "", "history": "arrival", "tools": [],
        "callers": "members", "file_limit": { "bytes_max": 1, "by": "acme.example" }, "created_by": "alice@acme.example",
        "created_at": NOON, "next_index": 1, "visible_from": 0, "unread": 0, "writable": true, "you": { "role": "master" },
        "members_count": 3, "last_event_at": NOON
    });
    for (key, value) in change.as_object().expect("an object") {
        room[key] = value.clone();
    }
    serde_json::from_value(room).expect("a room")
}

fn bob() -> Room {
    let change = json!({ "kind": "direct", "name": null, "with": "bob@globex.example", "members_count": 2 });
    room("b0b", change)
}

fn member(address: &str, name: &str, org: Option<&str>) -> Member {
    let (address, name, org_name) = (address.to_owned(), Some(name.to_owned()), org.map(str::to_owned));
    let external = org_name.is_some();
    Member { address, name, photo: None, external, org_name, role: "member".into(), joined_at: 0 }
}

fn item(index: u64, author: &str, event: Value, more: Value) -> Value {
    let mut whole =
        json!({ "id": format!("e{index}"), "author": author, "made_at": NOON + index * 1_000, "kind": "message" });
    for (key, value) in event.as_object().expect("an object") {
        whole[key] = value.clone();
    }
    let mut item = json!({ "index": index, "at": NOON + index * 1_000, "event": whole });
    for (key, value) in more.as_object().expect("an object") {
        item[key] = value.clone();
    }
    item
}

fn page(items: &[Value]) -> Messages {
    serde_json::from_str(&json!({ "items": items, "pending": [] }).to_string()).expect("a page")
}

fn frame(event: &str, data: &Value) -> Live {
    Live::Event(Frame { id: None, event: event.into(), data: data.to_string() })
}

const ALICE: &str = "alice@acme.example";
const BOB: &str = "bob@globex.example";

/// Alice in the room with Bob, who has said something.
fn talking(width: u16, height: u16) -> State {
    let mut state = state(width, height);
    let me = state.me.clone();
    state.take(Answer::All(Ok((
        me,
        vec![bob(), room("1a", json!({ "unread": 2, "last_event_at": NOON - 1 }))],
        Vec::new(),
    ))));
    assert_eq!(state.open_room("b0b"), [Wish::Open("b0b".into())]);
    let members = vec![member(ALICE, "Alice", None), member(BOB, "Bob", Some("Globex"))];
    let items = [
        item(0, BOB, json!({ "text": "Hello Alice" }), json!({})),
        item(1, ALICE, json!({ "text": "Hi", "reply_to": 0 }), json!({ "delivery": { "state": "delivered" } })),
    ];
    state.take(Answer::Opened("b0b".into(), Ok((page(&items), members, None))));
    state
}

fn drawn(state: &State) -> Vec<String> {
    let (width, height) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen in memory");
    terminal.draw(|frame| view::draw(frame, state)).expect("drawn");
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(line).collect()
}

fn shows(state: &State, text: &str) -> bool {
    drawn(state).iter().any(|line| line.contains(text))
}

fn press(state: &mut State, code: KeyCode) -> Vec<Wish> {
    state.press(KeyEvent::new(code, KeyModifiers::NONE), || "key".to_owned())
}

fn hold(state: &mut State, modifiers: KeyModifiers, code: KeyCode) -> Vec<Wish> {
    state.press(KeyEvent::new(code, modifiers), || "key".to_owned())
}

fn write(state: &mut State, text: &str) -> Vec<Wish> {
    text.chars().flat_map(|c| press(state, KeyCode::Char(c))).collect()
}

#[test]
fn a_room_is_seen_with_its_list_its_messages_and_where_one_writes() {
    let screen = drawn(&talking(90, 14));
    let (left, day) = (" ".repeat(29), "─".repeat(17));
    let expected = [
        "Rooms (2 new)                │Bob  [external: Globex]  bob@globex.example".to_owned(),
        "▌ Bob                        │".to_owned(),
        "▌ ext Globex                 │".to_owned(),
        "  Launch                    2│This is the beginning of the room.".to_owned(),
        format!("  ext Globex                 │{day} Sunday, 22 November 2026 {day}"),
        format!("{left}│Bob [Globex]  12:00 #0"),
        format!("{left}│  Hello Alice"),
        format!("{left}│Alice  12:00 #1"),
        format!("{left}│  | #0 Bob: Hello Alice"),
        format!("{left}│  Hi ✓"),
        format!("{left}│"),
        format!("{left}│{}", "─".repeat(60)),
        format!("{left}│> Enter sends, Alt+Enter begins a new line, F1 helps"),
        " alice@acme.example   F1 help  Tab next  ^K rooms  ^T contact  ^Q quit".to_owned(),
    ];
    assert_eq!(screen, expected, "{screen:#?}");
}

#[test]
fn a22_hostile_texts_and_names_command_nothing() {
    let mut state = talking(90, 20);
    let evil = "one\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}two\u{9b}31m";
    state.hear(frame(
        "messages",
        &json!({ "room": "b0b", "items": [item(2, BOB, json!({ "text": evil }), json!({}))] }),
    ));
    state.hear(frame("profile", &json!({ "address": BOB, "name": "Bob\u{1b}[31m\u{202e}", "available": true })));
    state.hear(frame("room", &json!(room("1a", json!({ "name": "Launch\u{1b}c\u{2066}" })))));
    let screen = drawn(&state).join("\n");
    assert!(screen.contains("one[2J]0;ownedtwo31m"), "{screen}");
    assert!(screen.chars().all(|c| c == '\n' || !c.is_control()), "{screen:?}");
    assert!(!screen.contains(['\u{202e}', '\u{2066}']), "{screen:?}");
}

#[test]
fn what_is_said_goes_out_once_and_in_order_and_is_seen_until_it_is_there() {
    let mut state = talking(90, 20);
    write(&mut state, "first");
    let first = press(&mut state, KeyCode::Enter);
    assert!(matches!(first.as_slice(), [Wish::Send(letter)] if letter.text == "first"), "{first:?}");
    write(&mut state, "second");
    assert_eq!(press(&mut state, KeyCode::Enter), [], "one is under way at a time");
    assert!(shows(&state, "second") && shows(&state, "… sending"));
    // The daemon is gone: the letter waits, and goes under its key when it is back.
    state.hear(Live::Lost(Failure::unreachable("gone")));
    assert_eq!(state.take(Answer::Sent("key".into(), Err(Failure::unreachable("gone")))), []);
    assert!(shows(&state, "2 messages wait"), "{:#?}", drawn(&state));
    assert_eq!(state.hear(Live::Back), first);
    let posted = Posted { room: "b0b".into(), id: "e2".into(), index: Some(2), pending: None, delivery: None };
    state.letters[1].key = "other".into();
    let next = state.take(Answer::Sent("key".into(), Ok(posted)));
    assert!(matches!(next.as_slice(), [Wish::Send(letter)] if letter.text == "second"), "{next:?}");
}

#[test]
fn what_was_refused_is_not_lost() {
    let mut state = talking(90, 20);
    write(&mut state, "too much");
    press(&mut state, KeyCode::Enter);
    let failure = Failure { exit: Exit::Refused, code: None, message: "not now".into(), next: None };
    state.take(Answer::Sent("key".into(), Err(failure)));
    assert_eq!(state.composer.text(), "too much");
    assert!(shows(&state, "not now"));
}

#[test]
fn unread_messages_are_counted_elsewhere_and_read_where_one_is() {
    let mut state = talking(90, 20);
    let said = |room: &str, index| {
        frame("messages", &json!({ "room": room, "items": [item(index, BOB, json!({ "text": "news" }), json!({}))] }))
    };
    assert_eq!(state.hear(said("1a", 1)), []);
    assert!(shows(&state, "(3 new)"), "{:#?}", drawn(&state));
    assert_eq!(state.hear(said("b0b", 2)), [Wish::Read("b0b".into(), 2)]);
    assert!(shows(&state, "news"));
    press(&mut state, KeyCode::Tab);
    press(&mut state, KeyCode::Down);
    assert!(
        matches!(press(&mut state, KeyCode::Enter).as_slice(), [Wish::Open(id)] if id == "1a"),
        "the other one is next"
    );
}

#[test]
fn edits_recalls_and_reactions_change_what_is_seen() {
    let mut state = talking(90, 24);
    let act = |index, event| {
        frame("messages", &json!({ "room": "b0b", "items": [item(index, BOB, event, json!({ "target": 0 }))] }))
    };
    state.hear(act(2, json!({ "kind": "edit", "text": "Hello there" })));
    assert!(shows(&state, "Hello there") && shows(&state, "(edited)"));
    state.hear(act(3, json!({ "kind": "react", "emoji": "👍" })));
    assert!(shows(&state, "👍"), "{:#?}", drawn(&state));
    state.hear(act(4, json!({ "kind": "recall" })));
    assert!(shows(&state, "(taken back by Bob)") && !shows(&state, "Hello there"), "{:#?}", drawn(&state));
}

#[test]
fn delivery_readers_and_typing_are_seen() {
    let mut state = talking(90, 24);
    let mine = item(2, ALICE, json!({ "text": "mine" }), json!({ "delivery": { "state": "queued" } }));
    state.hear(frame("messages", &json!({ "room": "b0b", "items": [mine] })));
    assert!(shows(&state, "queued"));
    state.hear(frame("delivered", &json!({ "room": "b0b", "through": 2 })));
    assert!(shows(&state, "mine ✓"), "{:#?}", drawn(&state));
    state.hear(frame("reader", &json!({ "room": "b0b", "address": BOB, "index": 2 })));
    assert!(shows(&state, "read by Bob"));
    state.hear(frame("typing", &json!({ "room": "b0b", "address": BOB, "typing": true, "ends_in_ms": 6_000 })));
    assert!(shows(&state, "Bob is typing"));
    assert!(state.pass(Millis(NOON + 6_001)) && !shows(&state, "Bob is typing"), "it ends by itself");
}

#[test]
fn who_reads_further_up_stays_there_and_older_messages_come() {
    let mut state = talking(90, 12);
    let many: Vec<Value> = (2..60).map(|n| item(n, BOB, json!({ "text": format!("line {n}") }), json!({}))).collect();
    state.hear(frame("messages", &json!({ "room": "b0b", "items": many })));
    assert!(shows(&state, "line 59"));
    press(&mut state, KeyCode::PageUp);
    let before = drawn(&state);
    assert!(!shows(&state, "line 59") && shows(&state, "more lines below"));
    state.hear(frame(
        "messages",
        &json!({ "room": "b0b", "items": [item(60, BOB, json!({ "text": "new" }), json!({}))] }),
    ));
    let middle = |screen: &[String]| screen[2..6].to_vec();
    assert_eq!(middle(&drawn(&state)), middle(&before));
    assert_eq!(state.room_of("b0b").map(|room| room.unread), Some(1), "what is not in sight is not read");
    if let Some(open) = &mut state.open {
        open.next_before = Some(0);
    }
    let wishes: Vec<Wish> = (0..9).flat_map(|_| press(&mut state, KeyCode::PageUp)).collect();
    assert_eq!(wishes, [Wish::Older("b0b".into(), 0)], "once");
    press(&mut state, KeyCode::Tab);
    press(&mut state, KeyCode::Tab);
    assert_eq!(state.focus, Focus::Messages);
    assert_eq!(press(&mut state, KeyCode::End), [Wish::Read("b0b".into(), 60)]);
    assert!(shows(&state, "new"));
}

#[test]
fn a_message_is_chosen_answered_changed_and_taken_back_by_keys() {
    let mut state = talking(90, 20);
    press(&mut state, KeyCode::Up);
    assert_eq!(state.focus, Focus::Messages);
    press(&mut state, KeyCode::Char('e'));
    assert_eq!(state.composer.text(), "Hi");
    write(&mut state, "!");
    let changed = press(&mut state, KeyCode::Enter);
    assert!(
        matches!(changed.as_slice(), [Wish::Deed { path, body, .. }] if path.ends_with("/messages/1") && body["text"] == "Hi!"),
        "{changed:?}"
    );
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Char('r'));
    assert!(shows(&state, "Answer to #0: Hello Alice"), "{:#?}", drawn(&state));
    write(&mut state, "yes");
    let answered = press(&mut state, KeyCode::Enter);
    assert!(matches!(answered.as_slice(), [Wish::Send(letter)] if letter.reply_to == Some(0)), "{answered:?}");
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Char('d'));
    assert!(shows(&state, "Take the message back"));
    write(&mut state, "no");
    assert_eq!(press(&mut state, KeyCode::Enter), []);
    assert_eq!(state.overlay, None);
}

#[test]
fn p8_what_came_of_adding_somebody_is_told_where_it_was_asked() {
    let mut state = talking(90, 20);
    hold(&mut state, KeyModifiers::CONTROL, KeyCode::Char('t'));
    write(&mut state, "nobody@globex.example");
    assert_eq!(press(&mut state, KeyCode::Enter), [Wish::Find("nobody@globex.example".into())]);
    state.take(Answer::Found(Err(
        Failure::refused("nobody@globex.example cannot be reached").next("check the spelling")
    )));
    assert!(shows(&state, "cannot be reached") && shows(&state, "check the spelling"), "{:#?}", drawn(&state));
    press(&mut state, KeyCode::Esc);
    assert_eq!(state.overlay, None);
}

#[test]
fn p26_a_closed_link_is_told_and_nothing_can_be_written() {
    let mut state = talking(90, 20);
    assert_eq!(
        state.hear(frame("link", &json!({ "peer": "globex.example", "state": "closed_by_us" }))),
        [Wish::ReadAll]
    );
    let mut me = state.me.clone();
    me.peers[0].state = "closed_by_us".into();
    let mut closed = bob();
    closed.writable = false;
    state.take(Answer::All(Ok((me, vec![closed], Vec::new()))));
    assert!(
        shows(&state, "switched off by our admin") && shows(&state, "Nothing can be written here now"),
        "{:#?}",
        drawn(&state)
    );
    write(&mut state, "still");
    assert_eq!(press(&mut state, KeyCode::Enter), []);
    assert_eq!(state.composer.text(), "still", "nothing is lost");
}

#[test]
fn drafts_stay_with_their_rooms() {
    let mut state = talking(90, 20);
    write(&mut state, "half a thought");
    hold(&mut state, KeyModifiers::CONTROL, KeyCode::Char('n'));
    assert!(state.is_open("1a") && state.composer.is_blank());
    assert!(shows(&state, "draft"));
    hold(&mut state, KeyModifiers::CONTROL, KeyCode::Char('p'));
    assert_eq!(state.composer.text(), "half a thought");
}

#[test]
fn rooms_are_searched_by_name_and_organization() {
    let mut state = talking(90, 20);
    hold(&mut state, KeyModifiers::CONTROL, KeyCode::Char('k'));
    write(&mut state, "laun");
    assert!(shows(&state, "/laun") && !shows(&state, "▌ Bob"), "{:#?}", drawn(&state));
    assert_eq!(press(&mut state, KeyCode::Enter), [Wish::Open("1a".into())]);
}

#[test]
fn every_size_can_be_drawn_and_a_narrow_one_shows_one_thing_at_a_time() {
    for (width, height) in [(1, 1), (2, 30), (20, 3), (40, 12), (71, 20), (72, 20), (250, 80)] {
        let mut state = talking(width, height);
        drawn(&state);
        press(&mut state, KeyCode::F(1));
        drawn(&state);
        press(&mut state, KeyCode::Esc);
        hold(&mut state, KeyModifiers::CONTROL, KeyCode::Char('t'));
        drawn(&state);
        press(&mut state, KeyCode::Esc);
        press(&mut state, KeyCode::PageUp);
        press(&mut state, KeyCode::Up);
        drawn(&state);
    }
    let mut narrow = talking(40, 16);
    assert!(shows(&narrow, "Hello Alice") && !shows(&narrow, "Launch"));
    press(&mut narrow, KeyCode::Tab);
    assert!(shows(&narrow, "Launch") && !shows(&narrow, "Hello Alice"));
}

#[test]
fn notes_dates_and_the_folder_are_read_and_scrolled() {
    let mut state = talking(90, 12);
    assert_eq!(press(&mut state, KeyCode::F(2)), [Wish::Page(super::wish::Tool::Notes, "b0b".into())]);
    assert!(shows(&state, "reading ..."));
    let lines = (0..30).map(|n| format!("note line {n}")).collect();
    state.take(Answer::Page(super::wish::Tool::Notes, "b0b".into(), Ok(lines)));
    assert!(shows(&state, "note line 0"));
    for _ in 0..9 {
        press(&mut state, KeyCode::PageDown);
    }
    assert!(shows(&state, "note line 29"), "{:#?}", drawn(&state));
    press(&mut state, KeyCode::Esc);
    write(&mut state, "/calendar");
    assert_eq!(press(&mut state, KeyCode::Enter), [Wish::Page(super::wish::Tool::Calendar, "b0b".into())]);
}

#[test]
fn ctrl_c_empties_the_line_before_it_ends() {
    let mut state = talking(90, 12);
    write(&mut state, "oops");
    assert_eq!(hold(&mut state, KeyModifiers::CONTROL, KeyCode::Char('c')), []);
    assert_eq!(hold(&mut state, KeyModifiers::CONTROL, KeyCode::Char('c')), [Wish::Quit]);
}
