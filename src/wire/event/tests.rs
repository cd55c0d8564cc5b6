//! Checks of `wire::event`.

use super::*;
use crate::model::{
    Code, Millis,
    calendar::When,
    event::{Calendar, DateBody, Edit, Folder, Message, Note, NoteBody, React, Recall, Role, SettingsChange},
    room::History,
};

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

fn event(content: Content) -> Event {
    Event { id: EventId([7; 16]), author: Some(address("alice@acme.example")), made_at: Millis(5), content }
}

fn note() -> NoteBody {
    NoteBody { title: "Stand".parse().expect("a title"), text: None, files: Vec::new() }
}

fn date() -> DateBody {
    let day = "2026-03-02".parse().expect("a day");
    let title = "Fair".parse().expect("a title");
    let when = When::Days { first: day, last: day };
    DateBody { title, text: None, place: None, when, repeats: None, reminder_minutes: Some(15) }
}

fn every_kind() -> Vec<Event> {
    let users = vec![address("bob@globex.example"), address("carol@globex.example")];
    let text = "Guten Tag \"Bob\"\n\u{1F980}".parse().expect("a text");
    vec![
        event(Message { reply_to: Some(3), mentions: users.clone(), all: true, ..Message::plain(text) }.into()),
        event(Message::plain("x".parse().expect("a text")).into()),
        event(Content::Act(Act::Edit(Edit { target: 3, text: "y".parse().expect("a text"), mentions: users.clone() }))),
        event(Content::Act(Act::Recall(Recall { target: 3 }))),
        event(Content::Act(Note::Edited { target: 3, body: note() }.into())),
        event(Content::Act(Note::Posted(note()).into())),
        event(Content::Act(Calendar::Changed { target: 3, body: date() }.into())),
        event(Content::Act(Folder::Made { name: "Plans".parse().expect("a name"), inside: Some(3) }.into())),
        event(Content::Act(Folder::Moved { target: 3, inside: None }.into())),
        event(Content::Act(Folder::Deleted { target: 3, kept_days: 30 }.into())),
        event(Content::Act(Calendar::Posted(date()).into())),
        event(Content::Act(Act::React(React { target: 3, emoji: "👍🏽".parse().expect("an emoji"), on: true }))),
        event(Content::Created { name: "Fair".parse().expect("a name") }),
        event(Content::Joined { users: users.clone() }),
        event(Content::Removed { users: users.clone() }),
        Event { author: None, ..event(Content::Excluded { users: users.clone(), cause: Code::ClosedByThem }) },
        event(Content::Role { user: users[0].clone(), role: Role::Master }),
        event(Content::Settings(SettingsChange {
            name: None,
            description: Some("new".parse().expect("a description")),
            history: Some(History::All),
            rules: crate::model::tool::RulesChange { note: Some(false), ..Default::default() },
            photo: Some(None),
        })),
    ]
}

#[test]
fn every_kind_opens_as_it_was_sealed() {
    for event in every_kind() {
        let sealed = seal(event);
        assert_eq!(open(&sealed.bytes).as_ref(), Ok(&sealed), "{}", String::from_utf8_lossy(&sealed.bytes));
    }
}

#[test]
fn the_exact_bytes_stay_also_when_we_would_write_them_otherwise() {
    let bytes = br#"{"kind":"message","text":"\u0041","made_at":1,"id":"07070707070707070707070707070707"}"#;
    let sealed = open(bytes).expect("an event in another order of fields");
    assert_eq!(&*sealed.bytes, bytes);
    assert!(matches!(sealed.event.content, Content::Act(Act::Message(message)) if message.text.as_str() == "A"));
}

fn with(fields: &str) -> Result<Sealed, WireError> {
    open(format!(r#"{{"id":"07070707070707070707070707070707","made_at":1,{fields}}}"#).as_bytes())
}

#[test]
fn a27_a_kind_of_a_later_version_is_told_from_nonsense() {
    for later in [r#""kind":"poll","question":{"deep":[1]}"#, r#""kind":"poll""#, r#""kind":"poll","text":"x""#] {
        assert_eq!(with(later).expect_err("unknown kind").code(), Code::UnknownType, "{later}");
    }
    for nonsense in [
        r#""kind":"message""#,
        r#""kind":"message","text":"x","poll":1"#,
        r#""kind":"message","text":"x","users":["bob@globex.example"]"#,
        r#""kind":"message","text":"x","mentions":[]"#,
        r#""kind":"message","text":"""#,
        r#""kind":"message","text":"x","reply_to":null"#,
        r#""kind":"message","text":"x","all":false"#,
        r#""kind":"message","text":"x","text":"y""#,
        r#""kind":"message","text":"x","id":"07070707070707070707070707070707""#,
        r#""kind":"edit","text":"x""#,
        r#""kind":"recall","target":-1"#,
        r#""kind":"react","target":1,"emoji":"ok","on":true"#,
        r#""kind":"react","target":1,"emoji":"👍""#,
        r#""kind":"note","title":"x","target":1"#,
        r#""kind":"note_edit","title":"x""#,
        r#""kind":"date","title":"x""#,
        r#""kind":"date","title":"x","days":["2026-03-02","2026-03-02"]"#,
        r#""kind":"date","title":"x","days":{"first":"2026-03-02","last":"2026-03-01"}"#,
        r#""kind":"date_answer","target":1,"answer":"perhaps""#,
        r#""kind":"folder_make","name":"..""#,
        r#""kind":"folder_make","name":"a/b""#,
        r#""kind":"folder_make","name":"x","in":null"#,
        r#""kind":"folder_add","files":[]"#,
        r#""kind":"folder_move","in":1"#,
        r#""kind":"folder_delete","target":1,"kept_days":367"#,
        r#""kind":"folder_restore","target":1,"on":true"#,
        r#""kind":"joined","users":[]"#,
        r#""kind":"joined","users":["not an address"]"#,
        r#""kind":"excluded","users":["bob@globex.example"],"cause":"WHIM""#,
        r#""kind":"role","user":"bob@globex.example","role":"king""#,
        r#""kind":"poll","kind":"poll""#,
        r#""kind":7"#,
        r#""text":"x""#,
    ] {
        assert_eq!(with(nonsense).expect_err("nonsense").code(), Code::Malformed, "{nonsense}");
    }
}

#[test]
fn mentions_and_members_have_their_limits() {
    let people = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!("\"u{n}@globex.example\"")).collect();
        names.join(",")
    };
    let mentions = |count| with(&format!(r#""kind":"message","text":"x","mentions":[{}]"#, people(count)));
    let joined = |count| with(&format!(r#""kind":"joined","users":[{}]"#, people(count)));
    assert!(mentions(limits::MENTIONS_MAX).is_ok());
    assert!(mentions(limits::MENTIONS_MAX + 1).is_err());
    assert!(joined(limits::MEMBERS_MAX).is_ok());
    assert!(joined(limits::MEMBERS_MAX + 1).is_err());
}

#[test]
fn an_event_above_the_limit_is_refused() {
    let padded = format!(r#""kind":"message","text":"x","more":"{}""#, "x".repeat(limits::EVENT_BYTES_MAX));
    assert_eq!(with(&padded).expect_err("too large").code(), Code::TooLarge);
}

#[test]
fn a34_the_largest_message_that_a_user_can_write_is_within_the_limits() {
    let text = "\"".repeat(limits::TEXT_BYTES_MAX).parse().expect("the longest text, every character escaped");
    let domain = format!("{}.example", ["x".repeat(60), "y".repeat(60), "z".repeat(60)].join("."));
    let mentions = (0..limits::MENTIONS_MAX).map(|n| address(&format!("user{n}@{domain}"))).collect();
    let sealed = seal(event(
        Message { reply_to: Some(limits::INTEGER_MAX), mentions, all: true, ..Message::plain(text) }.into(),
    ));
    assert!(open(&sealed.bytes).is_ok(), "{} bytes", sealed.bytes.len());
}
