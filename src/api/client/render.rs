//! JSON by hand where it is written ten thousand times a second: around event bytes that are never parsed again.

use super::{beside::Derived, dto};
use crate::{
    core::state::{Delivery, Room, State},
    model::{RoomId, id::hex},
    store::reader::{PendingRow, TimelineRow},
    wire,
};
use std::io::Write as _;

/// Appends a timeline item.
pub fn timeline_item(out: &mut Vec<u8>, row: &TimelineRow, delivery: Option<Delivery>, derived: &Derived) {
    let _ = write!(out, r#"{{"index":{},"at":{}"#, row.index, row.at.0);
    if let Some(delivery) = delivery {
        push_delivery(out, delivery);
    }
    if let Some(target) = derived.target {
        let _ = write!(out, r#","target":{target}"#);
    }
    if derived.now != dto::Now::default() {
        out.extend_from_slice(br#","now":"#);
        serde_json::to_writer(&mut *out, &derived.now).expect("plain structures of text and numbers");
    }
    if derived.tombstone {
        // Bytes of the timeline are an event; if they were not, nothing of them would be shown.
        push_event(out, &wire::event::tombstone(&row.bytes).unwrap_or_else(|_| b"{}".to_vec()));
    } else {
        push_event(out, &row.bytes);
    }
}

/// Appends a pending item.
pub fn pending_item(out: &mut Vec<u8>, row: &PendingRow, delivery: Delivery) {
    let _ = write!(out, r#"{{"pending":{}"#, row.p);
    push_delivery(out, delivery);
    push_event(out, &row.bytes);
}

/// Appends items with commas between them.
pub fn list<T>(out: &mut Vec<u8>, items: &[T], mut item: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (at, one) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        item(out, one);
    }
    out.push(b']');
}

/// Whether the partner has the event of this row; none for what did not go to a partner.
pub fn delivery_of(state: &State, room: &Room, row: &TimelineRow) -> Option<Delivery> {
    let sent = row.sent?;
    if !room.is_hosted_by(&state.org.domain) {
        // Its place is the host's word that it is there; our stream's ack may come later.
        return Some(Delivery::Delivered);
    }
    Some(state.delivery(room.other(&state.org.domain)?, sent.epoch_n, sent.seq))
}

/// Appends `{"room":"<id>"` and leaves the object open.
pub fn open_room(out: &mut Vec<u8>, room: RoomId) {
    out.extend_from_slice(br#"{"room":""#);
    out.extend_from_slice(hex(&room.0).as_bytes());
    out.push(b'"');
}

fn push_delivery(out: &mut Vec<u8>, delivery: Delivery) {
    out.extend_from_slice(br#","delivery":{"state":""#);
    let (word, code) = match delivery {
        Delivery::Queued => ("queued", None),
        Delivery::Delivered => ("delivered", None),
        Delivery::Refused(code) => ("refused", Some(code)),
        Delivery::Undelivered => ("undelivered", None),
    };
    out.extend_from_slice(word.as_bytes());
    out.push(b'"');
    if let Some(code) = code {
        let _ = write!(out, r#","code":"{code}""#);
    }
    out.push(b'}');
}

fn push_event(out: &mut Vec<u8>, event: &[u8]) {
    out.extend_from_slice(br#","event":"#);
    out.extend_from_slice(event);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    //! What is written by hand is what the DTOs read, and the event stays what it was.

    use super::*;
    use crate::{
        api::client::view,
        core::draft::Sent,
        model::{Code, Digest, Millis, event::Regards},
    };

    const EVENT: &str = r#"{"id":"00","made_at":1,"kind":"message","text":"a\n\"b\" ü"}"#;

    fn row(sent: Option<Sent>) -> TimelineRow {
        TimelineRow {
            index: 7,
            at: Millis(1_700_000_000_000),
            sent,
            head: Digest::ZERO,
            regards: Regards::Nothing,
            bytes: EVENT.as_bytes().into(),
            erased: None,
        }
    }

    #[test]
    fn a_timeline_item_reads_back_with_the_event_byte_for_byte() {
        for delivery in [None, Some(Delivery::Queued), Some(Delivery::Refused(Code::NotMember))] {
            let mut out = Vec::new();
            timeline_item(&mut out, &row(None), delivery, &Derived::default());
            let item: dto::TimelineItem = serde_json::from_slice(&out).expect("valid JSON");
            assert_eq!((item.index, item.at), (7, 1_700_000_000_000));
            assert_eq!(item.delivery, delivery.map(view::delivery));
            assert_eq!(item.event.get(), EVENT);
        }
    }

    #[test]
    fn what_stands_beside_an_event_reads_back_and_a_tombstone_says_nothing() {
        let quote = dto::Quote { index: 3, author: None, text: Some("a \"b\"".to_owned()), recalled: false };
        let now = dto::Now { quote: Some(quote), ..dto::Now::default() };
        let mut row = row(None);
        row.bytes = br#"{"id":"00000000000000000000000000000000","made_at":1,"kind":"message","text":"secret"}"#.as_slice().into();
        let mut out = Vec::new();
        timeline_item(
            &mut out,
            &row,
            Some(Delivery::Queued),
            &Derived { target: Some(5), now: now.clone(), tombstone: true },
        );
        let item: dto::TimelineItem = serde_json::from_slice(&out).expect("valid JSON");
        assert_eq!((item.target, item.now), (Some(5), Some(now)));
        assert!(item.event.get().contains(r#""kind":"message""#) && !item.event.get().contains("secret"));
    }

    #[test]
    fn a_pending_item_reads_back() {
        let sent = Sent { epoch_n: 1, seq: 2 };
        let author = "alice".parse().expect("a local part");
        let row = PendingRow { p: 3, sent, author, bytes: EVENT.as_bytes().into() };
        let mut out = Vec::new();
        list(&mut out, &[row.clone(), row], |out, row| pending_item(out, row, Delivery::Undelivered));
        let items: Vec<dto::PendingItem> = serde_json::from_slice(&out).expect("valid JSON");
        assert_eq!(items.len(), 2);
        assert_eq!((items[1].pending, items[1].delivery.state.as_ref()), (3, "undelivered"));
        assert_eq!(items[1].event.get(), EVENT);
    }

    #[test]
    fn an_empty_list_is_a_list() {
        let mut out = Vec::new();
        list(&mut out, &[], |_, (): &()| {});
        assert_eq!(out, b"[]");
    }
}
