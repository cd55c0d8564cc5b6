//! Each row that says something else of an event than the event itself is found.

use super::check;
use crate::{
    core::draft::Change,
    crypto::digest::{chain, sha256},
    model::{
        Address, Digest, EventId, Millis, RoomId,
        event::{Act, Content, Event, ItemKind, Message, Note, NoteBody, Sealed},
        file::{FileName, FileRef, MediaType},
        item::{Item, Reaction, Trace},
    },
    store::{
        fixture,
        keyspace::Key,
        kv::{Batch, Kv},
        load,
        mem_kv::MemKv,
    },
    wire,
};
use std::sync::Arc;

const ROOM: RoomId = RoomId([7; 16]);
const BYTES: u64 = 4;

fn digest() -> Digest {
    sha256(b"plan")
}

fn alice() -> Address {
    "alice@acme.example".parse().expect("an address")
}

fn sealed(act: Act) -> Sealed {
    let content = Content::Act(act);
    wire::event::seal(Event { id: EventId([9; 16]), author: Some(alice()), made_at: Millis(5), content })
}

/// A message with a file, a note, and so many further messages, with all rows that belong to them.
fn sound() -> Arc<dyn Kv> {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    load::create(&*kv, &fixture::org()).expect("an empty store");
    let mut stage = load::load(&kv).expect("readable").expect("made").stage;
    let file = FileRef {
        digest: digest(),
        bytes: BYTES,
        name: FileName::clean("plan.pdf"),
        media_type: MediaType::unknown(),
        image: None,
    };
    let plain = || Message::plain("hello".parse().expect("a text"));
    let note = NoteBody { title: "Stand".parse().expect("a title"), text: None, files: Vec::new() };
    let mut acts = vec![Act::Message(Message { files: vec![file], ..plain() }), Act::Note(Note::Posted(note))];
    acts.extend((0..8).map(|_| Act::Message(plain())));
    stage.apply(&Change::Room(Arc::new(fixture::room(ROOM)))).expect("fits");
    let mut head = Digest::ZERO;
    for (index, act) in (0..).zip(acts) {
        let event = sealed(act);
        let appended = fixture::event(ROOM, index, head, &event.bytes);
        head = chain(head, sha256(&event.bytes));
        stage.apply(&Change::Append(appended)).expect("fits");
    }
    // Its reactions take several rows.
    let people = (0..1_000).map(|_| Trace { by: alice(), index: 9 }).collect();
    let reactions = vec![Reaction { emoji: "👍".parse().expect("an emoji"), people }];
    let item = Item { edits: vec![8], reactions, ..Item::default() };
    stage.apply(&Change::Item(ROOM, 2, Arc::new(item))).expect("fits");
    stage.apply(&Change::Listed(ROOM, ItemKind::Note, 1)).expect("fits");
    stage.apply(&Change::FileUse(digest(), ROOM, 0, true)).expect("fits");
    kv.commit(stage.take()).expect("memory commits");
    kv
}

fn found(kv: &Arc<dyn Kv>) -> Vec<String> {
    check(&**kv).expect("readable").findings
}

fn with(change: &Change) -> Vec<String> {
    let kv = sound();
    let mut stage = load::load(&kv).expect("readable").expect("made").stage;
    stage.apply(change).expect("fits");
    kv.commit(stage.take()).expect("memory commits");
    found(&kv)
}

fn without(key: &Key) -> Vec<String> {
    let kv = sound();
    kv.commit(Batch { rows: vec![(key.encode(), None)] }).expect("memory commits");
    found(&kv)
}

fn assert_one(findings: &[String], words: &str) {
    assert!(matches!(findings, [only] if only.contains(words)), "{words}: {findings:?}");
}

#[test]
fn d6_rows_that_fit_their_events_are_sound_and_files_are_told() {
    let checked = check(&*sound()).expect("readable");
    assert!(checked.findings.is_empty(), "{:?}", checked.findings);
    assert_eq!(checked.files.into_iter().collect::<Vec<_>>(), [(digest(), Some(BYTES))]);
}

#[test]
fn d6_an_item_without_its_event_or_its_parts_is_found() {
    assert_one(&with(&Change::Item(ROOM, 77, Arc::default())), "item 77 has no event");
    let edited = Arc::new(Item { edits: vec![55], ..Item::default() });
    assert_one(&with(&Change::Item(ROOM, 3, edited)), "changed by event 55, which is not there");
    let part = |part| Key::Item(ROOM, 2, part);
    assert_one(&without(&part(1)), "parts of item 2");
    assert_one(&without(&part(0)), "first row");
    let last = (1..).take_while(|n| sound().read(&part(*n).encode()).expect("readable").is_some()).last();
    assert_one(&without(&part(last.expect("it takes several rows"))), "parts of item 2");
}

#[test]
fn d6_lists_of_tools_are_held_against_the_events() {
    assert_one(&without(&Key::Listed(ROOM, ItemKind::Note, 1)), "missing in the list");
    assert_one(&with(&Change::Listed(ROOM, ItemKind::Date, 1)), "listed as what it is not");
    assert_one(&with(&Change::Listed(ROOM, ItemKind::Note, 4)), "listed as what it is not");
    assert_one(&with(&Change::Listed(ROOM, ItemKind::Note, 40)), "event 40 is listed and not there");
}

#[test]
fn d6_rows_of_files_are_held_against_the_events() {
    assert_one(&without(&Key::File(digest(), ROOM, 0)), "rows of files are not those");
    assert_one(&with(&Change::FileUse(digest(), ROOM, 5, true)), "rows of files are not those");
    assert_one(&with(&Change::FileUse(sha256(b"other"), ROOM, 50, true)), "event 50 names files and is not there");
    let awaited = ("globex.example".parse().expect("a domain"), digest(), ROOM, 6);
    assert_one(&with(&Change::Awaited(awaited, Some(BYTES))), "awaits the file");
    let trace = Trace { by: alice(), index: 9 };
    let recalled = Arc::new(Item { recalled: Some(trace), ..Item::default() });
    assert_one(&with(&Change::Item(ROOM, 0, recalled)), "rows of files are not those");
}
