//! Rows of acts: who may change what was said, and how much (A16, A18, A19, A34).

use super::rooms::{MALLORY, follower, host, host_of_group, shape};
use handclasp::{
    core::command::{Answer, UserOp},
    model::{
        Code, EventId, RoomId,
        calendar::Attendance,
        event::{Act, Calendar, Edit, Event, Folder, Message, Note, NoteBody, React, Recall, Sealed, SettingsChange},
        journal::{Outcome, Place},
        limits,
        record::RecordBody,
        tool::RulesChange,
    },
    testing::{
        Node,
        evil::MADE_AT,
        fixtures::{address, parsed},
    },
    wire,
};

fn sealed(author: &str, n: u8, act: Act) -> Sealed {
    let (id, author) = (EventId([n; 16]), Some(address(author)));
    wire::event::seal(Event { id, author, made_at: MADE_AT, content: act.into() })
}

fn edit(target: u64) -> Act {
    Act::Edit(Edit { target, text: parsed("changed"), mentions: Vec::new() })
}

fn react(target: u64, emoji: &str) -> Act {
    Act::React(React { target, emoji: parsed(emoji), on: true })
}

async fn say(node: &Node, room: RoomId) -> u64 {
    let act = Message::plain(parsed("mine")).into();
    let answer = node.user("alice", UserOp::Act { room, id: EventId([1; 16]), act }).await.expect("open");
    let Answer::Outcome(Outcome::Posted { place: Place::Index(index), .. }) = answer else { panic!("we host") };
    index
}

#[tokio::test]
async fn a16_the_follower_changes_only_what_its_own_people_said() {
    let (node, mut link, room) = host().await;
    let index = say(&node, room).await;
    let before = shape(&node, room);
    let submit = |n, author, act| RecordBody::RoomSubmit { room, event: sealed(author, n, act) };
    let rows = [
        (submit(2, MALLORY, edit(index)), Code::NotAuthor),
        (submit(3, MALLORY, Act::Recall(Recall { target: index })), Code::NotAuthor),
        (submit(4, "alice@acme.example", edit(index)), Code::Authority),
        (submit(5, "other@globex.example", react(index, "👍")), Code::NotMember),
        (submit(6, MALLORY, react(index + 1, "👍")), Code::NoSuchItem),
        (submit(7, MALLORY, edit(limits::INTEGER_MAX)), Code::NoSuchItem),
    ];
    for (row, code) in rows {
        assert_eq!(link.verdict(&row).await, Some(code), "{row:?}");
    }
    assert_eq!(shape(&node, room), before);
    assert_eq!(node.engine.reader().items(room, 0, 100).expect("readable"), [], "nothing was touched");
}

#[tokio::test]
async fn a34_an_item_takes_only_so_many_emoji() {
    let (node, mut link, room) = host().await;
    let index = say(&node, room).await;
    for n in 0..=limits::EMOJI_PER_ITEM_MAX as u32 {
        let emoji = char::from_u32(0x1F400 + n).expect("an emoji").to_string();
        let body = RecordBody::RoomSubmit { room, event: sealed(MALLORY, 9, react(index, &emoji)) };
        let full = n == limits::EMOJI_PER_ITEM_MAX as u32;
        assert_eq!(link.verdict(&body).await, full.then_some(Code::TooLarge));
    }
}

#[tokio::test]
async fn a19_the_host_cannot_change_what_our_people_said() {
    let (node, mut link, room) = follower().await;
    let act = Message::plain(parsed("mine")).into();
    node.user("alice", UserOp::Act { room, id: EventId([1; 16]), act }).await.expect("queued");
    let before = shape(&node, room);
    let mallory = "mallory@aaa.example";
    let ordered = |index, act| RecordBody::RoomEvent { room, index, event: sealed(mallory, 2, act) };
    assert_eq!(link.verdict(&ordered(before.0, edit(before.0))).await, Some(Code::NoSuchItem), "itself");
    let hers = RecordBody::RoomEvent {
        room,
        index: before.0 + 1,
        event: sealed(mallory, 3, Message::plain(parsed("hers")).into()),
    };
    assert_eq!(link.verdict(&hers).await, None);
    let forged =
        RecordBody::RoomEvent { room, index: before.0 + 2, event: sealed("alice@acme.example", 4, edit(before.0 + 1)) };
    assert_eq!(link.verdict(&forged).await, Some(Code::Authority), "in her name");
    assert!(node.engine.state().rooms[&room].info.frozen.is_some());
}

fn note(title: &str) -> NoteBody {
    NoteBody { title: parsed(title), text: None, files: Vec::new() }
}

#[tokio::test]
async fn a16_notes_and_dates_are_changed_by_their_own_and_only_while_the_tool_is_on() {
    let (node, mut link, group, _) = host_of_group().await;
    let act = Note::Posted(note("ours")).into();
    let answer = node.user("alice", UserOp::Act { room: group, id: EventId([1; 16]), act }).await.expect("open");
    let Answer::Outcome(Outcome::Posted { place: Place::Index(ours), .. }) = answer else { panic!("we host") };
    let submit = |n, act: Act| RecordBody::RoomSubmit { room: group, event: sealed(MALLORY, n, act) };
    for (n, act, code) in [
        (2, Note::Edited { target: ours, body: note("hers") }.into(), Some(Code::NotAuthor)),
        (3, Note::Deleted { target: ours }.into(), Some(Code::NotAuthor)),
        (4, Calendar::Answered { target: ours, answer: Attendance::Yes }.into(), Some(Code::NoSuchItem)),
        (5, edit(ours), Some(Code::NoSuchItem)),
        (6, Note::Commented { target: ours, text: parsed("hi") }.into(), None),
    ] {
        assert_eq!(link.verdict(&submit(n, act)).await, code, "{n}");
    }
    let rules = RulesChange { note: Some(false), ..RulesChange::default() };
    let off = UserOp::ChangeRoom(group, SettingsChange { rules, ..SettingsChange::default() });
    node.user("alice", off).await.expect("a master switches");
    assert_eq!(link.verdict(&submit(7, Note::Posted(note("late")).into())).await, Some(Code::ToolOff));
    let before = shape(&node, group);
    let ask = RecordBody::RoomAsk {
        room: group,
        by: address(MALLORY),
        ask: handclasp::model::record::Ask::Settings(SettingsChange::default()),
    };
    assert_eq!(link.verdict(&ask).await, Some(Code::NotMaster));
    assert_eq!(shape(&node, group), before);
}

fn made(inside: Option<u64>) -> Act {
    Folder::Made { name: parsed("Plans"), inside }.into()
}

#[tokio::test]
async fn a16_the_follower_deletes_only_its_own_entries_and_the_host_keeps_its_tree() {
    let (node, mut link, group, _) = host_of_group().await;
    let answer = node.user("alice", UserOp::Act { room: group, id: EventId([1; 16]), act: made(None) }).await;
    let Ok(Answer::Outcome(Outcome::Posted { place: Place::Index(ours), .. })) = answer else { panic!("we host") };
    let submit = |n, act: Act| RecordBody::RoomSubmit { room: group, event: sealed(MALLORY, n, act) };
    assert_eq!(link.verdict(&submit(2, made(Some(ours)))).await, None);
    let hers = ours + 1;
    let moved = |target, inside| Folder::Moved { target, inside: Some(inside) }.into();
    for (n, act, code) in [
        (3, Folder::Deleted { target: ours, kept_days: 0 }.into(), Code::NotAuthor),
        (4, moved(ours, hers), Code::Invalid),
        (5, moved(hers, hers), Code::Invalid),
        (6, moved(hers, 0), Code::NoSuchItem),
        (7, made(Some(limits::INTEGER_MAX)), Code::NoSuchItem),
        (8, Folder::Restored { target: 0 }.into(), Code::NoSuchItem),
        (9, edit(ours), Code::NoSuchItem),
        (10, Folder::Version { target: hers, file: file(limits::FILE_BYTES_MAX) }.into(), Code::TooLarge),
    ] {
        assert_eq!(link.verdict(&submit(n, act)).await, Some(code), "{n}");
    }
    let items = node.engine.reader().items(group, 0, 100).expect("readable");
    assert_eq!(items.iter().map(|(index, item)| (*index, item.entry.holds)).collect::<Vec<_>>(), [(ours, 1)]);
}

fn file(bytes: u64) -> handclasp::model::file::FileRef {
    let digest = handclasp::model::Digest([9; 32]);
    handclasp::model::file::FileRef { digest, bytes, name: parsed("x"), media_type: parsed("text/plain"), image: None }
}

#[tokio::test]
async fn a18_a_host_that_orders_a_ring_or_a_deletion_without_right_is_not_followed() {
    let (node, mut link, room) = follower().await;
    let mallory = "mallory@aaa.example";
    let ordered = |index, act| RecordBody::RoomEvent { room, index, event: sealed(mallory, 2, act) };
    let (at, _, _) = shape(&node, room);
    assert_eq!(link.verdict(&ordered(at, made(None))).await, None);
    assert_eq!(link.verdict(&ordered(at + 1, made(Some(at)))).await, None);
    let ring = Folder::Moved { target: at, inside: Some(at + 1) }.into();
    assert_eq!(link.verdict(&ordered(at + 2, ring)).await, Some(Code::Invalid));
    let forever = Folder::Renamed { target: limits::INTEGER_MAX, name: parsed("x") }.into();
    assert_eq!(link.verdict(&ordered(at + 3, forever)).await, Some(Code::NoSuchItem));
    assert!(node.engine.state().rooms[&room].info.frozen.is_none(), "a refusal of content keeps its index");
}

#[tokio::test]
async fn p19_files_of_notes_and_a_rooms_rule_for_files_hold_for_the_follower_too() {
    let (node, mut link, group, _) = host_of_group().await;
    let submit = |n, act: Act| RecordBody::RoomSubmit { room: group, event: sealed(MALLORY, n, act) };
    let with = |bytes| Note::Posted(NoteBody { files: vec![file(bytes)], ..note("Photos") }).into();
    assert_eq!(link.verdict(&submit(2, with(5_000))).await, None);
    assert_eq!(link.verdict(&submit(3, with(limits::FILE_BYTES_MAX))).await, Some(Code::TooLarge));
    let rules = RulesChange { file_bytes_max: Some(4_999), ..RulesChange::default() };
    let change = || SettingsChange { rules, ..SettingsChange::default() };
    let ask = RecordBody::RoomAsk {
        room: group,
        by: address(MALLORY),
        ask: handclasp::model::record::Ask::Settings(change()),
    };
    assert_eq!(link.verdict(&ask).await, Some(Code::NotMaster));
    assert_eq!(node.engine.state().rooms[&group].info.rules.file_bytes_max, None);
    node.user("alice", UserOp::ChangeRoom(group, change())).await.expect("a master");
    let message = Message { files: vec![file(5_000)], ..Message::plain(parsed("x")) };
    for (n, act) in
        [(4, with(5_000)), (5, message.into()), (6, Folder::Added { file: file(5_000), inside: None }.into())]
    {
        assert_eq!(link.verdict(&submit(n, act)).await, Some(Code::TooLarge), "{n}");
    }
    assert_eq!(link.verdict(&submit(7, with(4_999))).await, None);
}
