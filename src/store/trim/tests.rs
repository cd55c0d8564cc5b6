//! Cutting rows: what is left reads as before, and the chain holds.

use super::*;
use crate::{
    core::draft::{Change, Keep},
    crypto::digest::{chain, sha256},
    model::{Digest, RoomId, event::ItemKind, file::Erasure, item::Item},
    store::{check::check, fixture, load, mem_kv::MemKv, reader::Reader, stage::Stage},
};
use std::sync::Arc;

const ROOM: RoomId = RoomId([7; 16]);

fn text(index: u64) -> Vec<u8> {
    // One in twenty is longer than a row.
    let words = if index % 20 == 3 { "x".repeat(12_000) } else { format!("message {index}") };
    let author = "alice@acme.example";
    let event =
        serde_json::json!({"id": "00".repeat(16), "author": author, "made_at": 1, "kind": "message", "text": words});
    event.to_string().into_bytes()
}

/// A room with so many events, a few in each commit.
fn store(events: u64) -> (Arc<dyn Kv>, Stage, Digest) {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    load::create(&*kv, &fixture::org()).expect("an empty store");
    let mut stage = load::load(&kv).expect("readable").expect("made").stage;
    stage.apply(&Change::Room(Arc::new(fixture::room(ROOM)))).expect("fits");
    let mut head = Digest::ZERO;
    for index in 0..events {
        stage.apply(&Change::Append(fixture::event(ROOM, index, head, &text(index)))).expect("fits");
        head = chain(head, sha256(&text(index)));
        if index % 7 == 0 {
            kv.commit(stage.take()).expect("memory commits");
        }
    }
    kv.commit(stage.take()).expect("memory commits");
    (kv, stage, head)
}

fn keep(kv: &Arc<dyn Kv>, stage: &mut Stage, keep: Keep) {
    stage.apply(&Change::Keep(keep)).expect("fits");
    kv.commit(stage.take()).expect("memory commits");
}

fn rows(kv: &Arc<dyn Kv>) -> Vec<TimelineRow> {
    Reader::new(kv.clone()).timeline(ROOM, 0, u64::MAX, usize::MAX, usize::MAX).expect("readable")
}

fn assert_sound(kv: &Arc<dyn Kv>) {
    let findings = check(&**kv).expect("readable").findings;
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn p30_after_any_cut_exactly_the_later_events_are_there() {
    for before in [1, 2, 3, 4, 5, 23, 24, 25, 57, 99] {
        let (kv, mut stage, head) = store(100);
        keep(&kv, &mut stage, Keep::Trim { room: ROOM, before, next_index: 100, head });
        let left = rows(&kv);
        assert_eq!(left.iter().map(|row| row.index).collect::<Vec<_>>(), (before..100).collect::<Vec<_>>());
        assert!(left.iter().all(|row| *row.bytes == *text(row.index)));
        let room = &load::load(&kv).expect("readable").expect("made").state.rooms[&ROOM];
        assert_eq!((room.begins, room.next_index, room.head), (before, 100, head));
        assert_sound(&kv);
    }
}

#[test]
fn p30_what_has_become_of_deleted_events_goes_with_them() {
    let (kv, mut stage, head) = store(100);
    let erasure = |done| Arc::new(Erasure { digests: Vec::new(), done, acknowledged: None, tell: None });
    let long = Item { edits: (0..5_000).map(|n| 100 + n).collect(), ..Item::default() };
    for index in [3, 40, 90] {
        stage.apply(&Change::Item(ROOM, index, Arc::new(long.clone()))).expect("fits");
        stage.apply(&Change::Listed(ROOM, ItemKind::Note, index)).expect("fits");
        stage.apply(&Change::Erasure(ROOM, index, erasure(index == 40))).expect("fits");
    }
    kv.commit(stage.take()).expect("memory commits");
    keep(&kv, &mut stage, Keep::Trim { room: ROOM, before: 50, next_index: 100, head });
    let reader = Reader::new(kv.clone());
    let items = reader.items(ROOM, 0, 100).expect("readable");
    assert_eq!(items, [(90, long)]);
    assert_eq!(reader.listed(ROOM, ItemKind::Note, 100, 10).expect("readable"), [90]);
    assert!(reader.erasure(ROOM, 3).expect("readable").is_some(), "it is still to be done");
    assert_eq!(reader.erasure(ROOM, 40).expect("readable"), None);
}

#[test]
fn p30_an_emptied_timeline_goes_on_where_it_stood() {
    let (kv, mut stage, head) = store(30);
    keep(&kv, &mut stage, Keep::Trim { room: ROOM, before: 30, next_index: 30, head });
    assert!(rows(&kv).is_empty());
    let room = load::load(&kv).expect("readable").expect("made").state.rooms[&ROOM].clone();
    assert_eq!((room.begins, room.next_index, room.head), (30, 30, head));
    stage.apply(&Change::Append(fixture::event(ROOM, 30, head, &text(30)))).expect("fits");
    kv.commit(stage.take()).expect("memory commits");
    assert_eq!(rows(&kv).iter().map(|row| row.index).collect::<Vec<_>>(), [30]);
    assert_sound(&kv);
}

#[test]
fn p30_a_cut_timeline_grows_as_before_and_can_be_cut_again() {
    let (kv, mut stage, mut head) = store(50);
    for round in 1..5_u64 {
        let next_index = 49 + round;
        keep(&kv, &mut stage, Keep::Trim { room: ROOM, before: 10 * round, next_index, head });
        stage.apply(&Change::Append(fixture::event(ROOM, next_index, head, &text(next_index)))).expect("fits");
        head = chain(head, sha256(&text(next_index)));
        kv.commit(stage.take()).expect("memory commits");
    }
    assert_eq!(rows(&kv).iter().map(|row| row.index).collect::<Vec<_>>(), (40..54).collect::<Vec<_>>());
    assert_sound(&kv);
}

#[test]
fn p30_erased_texts_are_gone_and_the_chain_holds() {
    let (kv, mut stage, head) = store(60);
    let indices = vec![0, 1, 3, 22, 23, 24, 59];
    keep(&kv, &mut stage, Keep::Erase(ROOM, indices.clone()));
    keep(&kv, &mut stage, Keep::Erase(ROOM, vec![1, 2]));
    let after = rows(&kv);
    assert_eq!(after.len(), 60);
    for row in &after {
        let gone = indices.contains(&row.index) || row.index == 2;
        assert_eq!(row.erased.is_some(), gone, "{}", row.index);
        assert_eq!(row.digest(), sha256(&text(row.index)), "{}", row.index);
        let shown: serde_json::Value = serde_json::from_slice(&row.bytes).expect("JSON");
        assert_eq!(shown["text"] == "(erased)", gone);
        assert_eq!(shown["author"], "alice@acme.example");
    }
    assert_sound(&kv);
    stage.apply(&Change::Append(fixture::event(ROOM, 60, head, &text(60)))).expect("fits");
    kv.commit(stage.take()).expect("memory commits");
    assert_eq!(rows(&kv).len(), 61);
    assert_sound(&kv);
}

#[test]
fn p30_a_forgotten_user_has_no_notices_and_no_marks() {
    let (kv, mut stage, _) = store(1);
    let user = fixture::local("alice");
    stage.apply(&Change::User(Arc::new(fixture::user("alice")))).expect("fits");
    stage.apply(&Change::Mark(user.clone(), ROOM, 1)).expect("fits");
    let notice = |n| Change::Notice {
        user: user.clone(),
        n,
        notice: crate::model::notice::Notice {
            at: crate::model::Millis(1),
            kind: crate::model::notice::NoticeKind::Frozen { room: ROOM },
        },
    };
    stage.apply(&notice(0)).expect("fits");
    kv.commit(stage.take()).expect("memory commits");
    stage.apply(&notice(1)).expect("fits");
    keep(&kv, &mut stage, Keep::Forget(user.clone(), vec![ROOM]));
    let state = load::load(&kv).expect("readable").expect("made").state;
    assert!(state.marks.is_empty() && !state.notices.contains_key(&user));
    assert!(Reader::new(kv.clone()).notices(&user, u64::MAX, 9).expect("readable").is_empty());
}
