//! Texts from people and files: configuration, names, cursors, questions, dates and their rules, exports, event streams.

use super::segments;
use crate::{
    api::{
        client::{ics, occurrences::occurrences},
        paging,
    },
    cli::sse,
    config::Config,
    crypto::fingerprint::Fingerprint,
    export::{rooms, verify::verify},
    model::{
        Address, Digest, Domain, LocalPart, RoomId,
        calendar::{Day, Recurrence, WallTime, When, ZoneName},
        event::DateBody,
        file::{FileName, MediaRange, MediaType},
        limits,
        text::{Description, DisplayName, Emoji, MessageText, OverlayText, PlaceText, Reason, RoomName, Title},
    },
    search::{
        question::{self, Rank},
        snippet, words,
    },
};
use std::{fmt::Display, path::Path, str::FromStr};

/// Bytes as texts: the first picks of what.
pub fn text(bytes: &[u8]) {
    let Some((pick, rest)) = bytes.split_first() else { return };
    match (pick, std::str::from_utf8(rest)) {
        (b'c', Ok(text)) => drop(Config::parse(text, Path::new("/etc/handclasp"), None)),
        (b'n', Ok(text)) => names(text),
        (b'k', Ok(text)) => cursors(text),
        (b'q', Ok(text)) => question(text),
        (b'd', Ok(_)) => date(rest),
        (b'x', _) => export(rest),
        (b's', _) => stream(rest),
        _ => {}
    }
}

/// What is read has one form: it is shown as it was written.
fn one_form<T: FromStr + Display>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string(), text, "a text has one form");
    }
}

fn same_again<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert!(value.to_string().parse::<T>().is_ok_and(|again| again == value), "what we show, we read: {value}");
    }
}

fn names(text: &str) {
    one_form::<Address>(text);
    one_form::<Domain>(text);
    one_form::<LocalPart>(text);
    one_form::<Digest>(text);
    one_form::<RoomId>(text);
    one_form::<Day>(text);
    one_form::<WallTime>(text);
    one_form::<ZoneName>(text);
    one_form::<Recurrence>(text);
    same_again::<FileName>(text);
    same_again::<MediaType>(text);
    same_again::<MediaRange>(text);
    same_again::<DisplayName>(text);
    same_again::<RoomName>(text);
    same_again::<Description>(text);
    same_again::<Reason>(text);
    same_again::<OverlayText>(text);
    same_again::<Title>(text);
    same_again::<PlaceText>(text);
    same_again::<Emoji>(text);
    same_again::<Fingerprint>(text);
    let _ = text.parse::<MessageText>();
}

fn cursors(text: &str) {
    same_cursor::<u64>(text);
    same_cursor::<Address>(text);
    same_cursor::<LocalPart>(text);
    same_cursor::<RoomId>(text);
    same_cursor::<Rank>(text);
    let _ = paging::items_max(Some(text));
}

fn same_cursor<K: FromStr<Err: Display> + Display>(text: &str) {
    if let Ok(key) = paging::decode::<K>(text) {
        let again = paging::encode(&key);
        assert!(paging::decode::<K>(&again).is_ok_and(|it| it.to_string() == key.to_string()), "a cursor leads back");
    }
}

/// The first line is the question, the rest is what it is asked of. A finding shows parts of the text in their order.
fn question(input: &str) {
    let (asked, text) = input.split_once('\n').unwrap_or((input, input));
    words::each(text, &mut |word| assert!(text.get(word.start..word.end).is_some_and(|part| !part.is_empty())));
    let Ok(clauses) = question::parse(asked) else { return };
    let pieces = snippet::cut(text, &clauses);
    let mut rest = text;
    for piece in &pieces {
        let part = piece.text.trim_matches('…');
        let at = rest.find(part).expect("a finding is cut from the text");
        rest = &rest[at + part.len()..];
    }
}

/// Parts: when it begins, when it ends, its zone (none for whole days), its rule, its title.
fn date(input: &[u8]) {
    let parts: Vec<String> =
        segments(input).map(|(first, rest)| String::from_utf8_lossy(&[&[first], rest].concat()).into_owned()).collect();
    let part = |n: usize| parts.get(n).map_or("", String::as_str);
    let when = match (part(0).parse(), part(1).parse(), part(2).parse()) {
        (Ok(start), Ok(end), Ok(zone)) => When::Times { start, end, zone },
        _ => match (part(0).parse(), part(1).parse()) {
            (Ok(first), Ok(last)) => When::Days { first, last },
            _ => return,
        },
    };
    if when.check().is_err() {
        return;
    }
    let repeats: Option<Recurrence> = part(3).parse().ok();
    if let Ok(found) = occurrences(&when, repeats.as_ref(), 0, u64::MAX) {
        assert!(found.len() <= usize::from(limits::OCCURRENCES_MAX));
        assert!(found.iter().all(|(from, to)| from <= to) && found.is_sorted(), "in order: {found:?}");
    }
    let Ok(title) = part(4).parse() else { return };
    let body = DateBody { title, text: None, place: part(4).parse().ok(), when, repeats, reminder_minutes: Some(5) };
    let (room, host) = (RoomId([1; 16]), "acme.example");
    let shown = ics::IcsDate { room, host, index: 1, body: &body, changed_at: 1, changes: 0, cancelled: false };
    let calendar = ics::calendar(part(4), &[shown]);
    for line in calendar.split("\r\n") {
        assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "a line of a calendar: {line:?}");
    }
}

/// What proves itself can be imported, and nothing is made of it that it does not hold.
fn export(input: &[u8]) {
    let report = verify(input, None, None).expect("memory can be read");
    let mut parts = rooms::Parts::new(input, limits::ARCHIVE_PART_BYTES_MAX);
    let mut events = 0;
    let end = loop {
        match parts.take() {
            Ok(Some(part)) => events += part.events.len(),
            end => break end.map(drop),
        }
    };
    assert!(!report.ok || (end.is_ok() && rooms::seen(input).is_ok()), "a sound export cannot be imported: {end:?}");
    assert!(events <= input.split(|byte| *byte == b'\n').count(), "an event is a line");
}

/// However a stream is cut into pieces, it holds the same frames.
fn stream(input: &[u8]) {
    let Some((cut, input)) = input.split_first() else { return };
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    let mut parser = sse::Parser::default();
    let fits = parser.push(input, |frame| whole.push(frame)).is_ok();
    let mut parser = sse::Parser::default();
    let taken =
        input.chunks(usize::from(*cut).max(1)).all(|piece| parser.push(piece, |frame| pieces.push(frame)).is_ok());
    assert!(!(fits && taken) || whole == pieces, "frames do not depend on how they arrive");
}
