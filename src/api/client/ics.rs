//! Dates as iCalendar (RFC 5545), for other calendar software.

use crate::model::{
    RoomId,
    calendar::{When, ZoneName},
    event::DateBody,
};
use jiff::{Timestamp, ToSpan as _, Zoned, civil, tz::TimeZone};
use std::{collections::BTreeMap, fmt::Write as _};

/// Longest line, bytes, without its end.
const LINE_BYTES_MAX: usize = 75;
/// Years after a date for which the changes of its zone's clocks are written down.
const ZONE_YEARS: i16 = 10;

/// A date with what only its room knows.
#[derive(Debug)]
pub struct IcsDate<'a> {
    /// The room.
    pub room: RoomId,
    /// The org that hosts the room: both sides name a date the same.
    pub host: &'a str,
    /// Its index.
    pub index: u64,
    /// What it is now.
    pub body: &'a DateBody,
    /// When it was made or changed last, milliseconds since 1970.
    pub changed_at: u64,
    /// How often it was changed.
    pub changes: u64,
    /// Whether it was called off.
    pub cancelled: bool,
}

/// A calendar of these dates.
#[must_use]
pub fn calendar(name: &str, dates: &[IcsDate<'_>]) -> String {
    let mut out = Lines::default();
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Handclasp//Calendar//EN", "CALSCALE:GREGORIAN"] {
        out.line(line);
    }
    out.text("X-WR-CALNAME", name);
    for (zone, first) in zones(dates) {
        if let Ok(time_zone) = TimeZone::get(zone) {
            out.zone(zone, &time_zone, first);
        }
    }
    dates.iter().for_each(|date| out.date(date));
    out.line("END:VCALENDAR");
    out.0
}

/// The zones in use, each with the first time in it.
fn zones<'a>(dates: &'a [IcsDate<'_>]) -> BTreeMap<&'a str, civil::DateTime> {
    let mut zones: BTreeMap<&str, civil::DateTime> = BTreeMap::new();
    for date in dates {
        if let When::Times { start, zone, .. } = &date.body.when {
            let first = zones.entry(zone.as_str()).or_insert(start.0);
            *first = start.0.min(*first);
        }
    }
    zones
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A line, folded where it is too long.
    fn line(&mut self, line: &str) {
        let (mut rest, mut room) = (line, LINE_BYTES_MAX);
        while rest.len() > room {
            let mut end = room;
            while !rest.is_char_boundary(end) {
                end -= 1;
            }
            self.0.push_str(&rest[..end]);
            self.0.push_str("\r\n ");
            rest = &rest[end..];
            room = LINE_BYTES_MAX - 1;
        }
        self.0.push_str(rest);
        self.0.push_str("\r\n");
    }

    /// A property with a text of people.
    fn text(&mut self, name: &str, text: &str) {
        let mut line = format!("{name}:");
        for c in text.chars() {
            match c {
                '\\' | ';' | ',' => line.extend(['\\', c]),
                '\n' => line.push_str("\\n"),
                c if c.is_control() => {}
                c => line.push(c),
            }
        }
        self.line(&line);
    }

    fn date(&mut self, date: &IcsDate<'_>) {
        let body = date.body;
        self.line("BEGIN:VEVENT");
        self.line(&format!("UID:{}-{}@{}", date.index, date.room, date.host));
        self.line(&format!("DTSTAMP:{}", utc(date.changed_at)));
        self.line(&format!("SEQUENCE:{}", date.changes));
        self.when(&body.when);
        self.text("SUMMARY", body.title.as_str());
        if let Some(text) = &body.text {
            self.text("DESCRIPTION", text.as_str());
        }
        if let Some(place) = &body.place {
            self.text("LOCATION", place.as_str());
        }
        if let Some(rule) = &body.repeats {
            self.line(&format!("RRULE:{rule}"));
        }
        self.line(if date.cancelled { "STATUS:CANCELLED" } else { "STATUS:CONFIRMED" });
        if let Some(minutes) = body.reminder_minutes {
            self.line("BEGIN:VALARM");
            self.line("ACTION:DISPLAY");
            self.text("DESCRIPTION", body.title.as_str());
            self.line(&format!("TRIGGER:-PT{minutes}M"));
            self.line("END:VALARM");
        }
        self.line("END:VEVENT");
    }

    fn when(&mut self, when: &When) {
        match when {
            When::Days { first, last } => {
                // The end is the first day that does not belong to it.
                let end = last.0.checked_add(1.day()).unwrap_or(last.0);
                self.line(&format!("DTSTART;VALUE=DATE:{}", first.0.strftime("%Y%m%d")));
                self.line(&format!("DTEND;VALUE=DATE:{}", end.strftime("%Y%m%d")));
            }
            When::Times { start, end, zone } => {
                self.line(&format!("DTSTART;TZID={}:{}", zone_id(zone), local(start.0)));
                self.line(&format!("DTEND;TZID={}:{}", zone_id(zone), local(end.0)));
            }
        }
    }

    /// The zone's clocks from the year before the first date on.
    fn zone(&mut self, name: &str, zone: &TimeZone, first: civil::DateTime) {
        let year = |year: i16| civil::date(year, 1, 1).to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
        let (Ok(from), Ok(to)) = (year(first.year() - 1), year((first.year() + ZONE_YEARS).min(9998))) else { return };
        self.line("BEGIN:VTIMEZONE");
        self.line(&format!("TZID:{name}"));
        let mut before = zone.to_offset(from);
        self.clocks("STANDARD", Zoned::new(from, zone.clone()).datetime(), [before, before]);
        for change in zone.following(from).take_while(|change| change.timestamp() < to) {
            let kind = if change.dst().is_dst() { "DAYLIGHT" } else { "STANDARD" };
            // The change is named by the clocks as they were before it.
            let at = before.to_datetime(change.timestamp());
            self.clocks(kind, at, [before, change.offset()]);
            before = change.offset();
        }
        self.line("END:VTIMEZONE");
    }

    fn clocks(&mut self, kind: &str, at: civil::DateTime, [from, to]: [jiff::tz::Offset; 2]) {
        self.line(&format!("BEGIN:{kind}"));
        self.line(&format!("DTSTART:{}", local(at)));
        self.line(&format!("TZOFFSETFROM:{}", offset(from)));
        self.line(&format!("TZOFFSETTO:{}", offset(to)));
        self.line(&format!("END:{kind}"));
    }
}

fn zone_id(zone: &ZoneName) -> &str {
    zone.as_str()
}

fn local(time: civil::DateTime) -> String {
    time.strftime("%Y%m%dT%H%M%S").to_string()
}

fn utc(ms: u64) -> String {
    let stamp = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    stamp.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn offset(offset: jiff::tz::Offset) -> String {
    let seconds = offset.seconds();
    let (sign, seconds) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    let mut text = format!("{sign}{:02}{:02}", seconds / 3_600, seconds / 60 % 60);
    if seconds % 60 != 0 {
        let _ = write!(text, "{:02}", seconds % 60);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(when: When) -> DateBody {
        DateBody {
            title: "Fair, day; one".parse().expect("a title"),
            text: Some("Line one\nLine two".parse().expect("a text")),
            place: Some("Hall 3".parse().expect("a place")),
            when,
            repeats: Some("FREQ=WEEKLY;COUNT=3".parse().expect("a rule")),
            reminder_minutes: Some(15),
        }
    }

    fn ics(body: &DateBody) -> String {
        let date = IcsDate {
            room: RoomId([0x52; 16]),
            host: "acme.example",
            index: 7,
            body,
            changed_at: 1_767_323_045_678,
            changes: 1,
            cancelled: false,
        };
        calendar("Plans", &[date])
    }

    #[test]
    fn a_date_is_written_as_calendars_read_it() {
        let parsed = |text: &str| text.parse().expect("a time");
        let zone = "Europe/Berlin".parse().expect("a zone");
        let when = When::Times { start: parsed("2026-03-02T09:00"), end: parsed("2026-03-02T10:30"), zone };
        let text = ics(&body(when));
        for line in [
            "UID:7-52525252525252525252525252525252@acme.example",
            "DTSTAMP:20260102T030405Z",
            "DTSTART;TZID=Europe/Berlin:20260302T090000",
            "DTEND;TZID=Europe/Berlin:20260302T103000",
            "SUMMARY:Fair\\, day\\; one",
            "DESCRIPTION:Line one\\nLine two",
            "RRULE:FREQ=WEEKLY;COUNT=3",
            "TRIGGER:-PT15M",
            "TZID:Europe/Berlin",
            "DTSTART:20260329T020000",
            "TZOFFSETTO:+0200",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in {text}");
        }
        assert!(text.split_terminator("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])));
    }

    #[test]
    fn whole_days_end_on_the_day_after_and_long_lines_are_folded() {
        let day = |text: &str| text.parse().expect("a day");
        let mut body = body(When::Days { first: day("2026-12-31"), last: day("2026-12-31") });
        body.title = "é".repeat(100).parse().expect("a title");
        let text = ics(&body);
        assert!(text.contains("DTSTART;VALUE=DATE:20261231\r\nDTEND;VALUE=DATE:20270101\r\n"));
        assert!(text.split_terminator("\r\n").all(|line| line.len() <= 75));
        assert!(text.replace("\r\n ", "").contains(&format!("SUMMARY:{}", "é".repeat(100))));
    }
}
