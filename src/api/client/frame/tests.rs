//! A frame is one frame, whatever the event bytes look like.

use super::*;
use crate::model::{Digest, Millis, event::Regards};
use crate::testing::fixtures::{domain, org_with_users, room_id};

fn row(bytes: &str) -> TimelineRow {
    TimelineRow {
        index: 0,
        at: Millis(1),
        sent: None,
        head: Digest::ZERO,
        regards: Regards::Nothing,
        bytes: bytes.as_bytes().into(),
        erased: None,
    }
}

#[test]
fn line_breaks_between_tokens_do_not_end_the_frame() {
    let state = org_with_users(&domain("acme.example"), &[]);
    let rows = [row("{\"id\":\"00\",\n\n\"text\":\"a\\nb\"\r\n}"), row("{}")];
    let reader = Reader::new(std::sync::Arc::new(crate::store::mem_kv::MemKv::new()));
    let bytes = messages(&reader, &state, 7, room_id(1), &rows).expect("readable");
    let text = std::str::from_utf8(&bytes).expect("UTF-8");
    let (frame, rest) = text.split_once("\n\n").expect("an end");
    assert_eq!(rest, "");
    let lines: Vec<&str> = frame.lines().collect();
    assert_eq!(lines[..2], ["id: 7", "event: messages"]);
    let data: dto::MessagesFrame = serde_json::from_str(&lines[2]["data: ".len()..]).expect("JSON");
    assert_eq!((data.room, data.items.len()), (room_id(1).to_string(), 2));
    let event: serde_json::Value = serde_json::from_str(data.items[0].event.get()).expect("JSON");
    assert_eq!(event["text"], "a\nb");
}
