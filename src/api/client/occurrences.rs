//! When a date happens: its rule of recurrence worked out in its time zone, within limits of work.

use crate::model::{
    calendar::{CalendarError, Recurrence, When},
    limits,
};
use rrule::RRuleSet;

/// How many occurrences are looked at, from the first on, before the answer ends.
const LOOKED_AT_MAX: usize = 50_000;

/// The times at which it begins and ends within `[from, to)`, milliseconds since 1970, at most
/// [`limits::OCCURRENCES_MAX`].
///
/// # Errors
/// `Zone` or `Recurrence` when the library does not take them together.
pub fn occurrences(
    when: &When,
    repeats: Option<&Recurrence>,
    from: u64,
    to: u64,
) -> Result<Vec<(u64, u64)>, CalendarError> {
    let set = rule_set(when, repeats)?;
    let length_ms = length_ms(when)?;
    let begins = set.into_iter().take(LOOKED_AT_MAX).map(|time| time.timestamp_millis());
    let begins = begins.filter_map(|at| u64::try_from(at).ok());
    let within = begins.skip_while(|at| *at < from).take_while(|at| *at < to);
    Ok(within.take(usize::from(limits::OCCURRENCES_MAX)).map(|at| (at, at + length_ms)).collect())
}

/// The dates as the library takes them; without a rule it happens once.
fn rule_set(when: &When, repeats: Option<&Recurrence>) -> Result<RRuleSet, CalendarError> {
    let rule = repeats.map_or("FREQ=DAILY;COUNT=1", Recurrence::as_str);
    let text = format!("{}\nRRULE:{rule}", start_line(when));
    let set: RRuleSet = text.parse().map_err(|_| match repeats {
        Some(_) => CalendarError::Recurrence,
        None => CalendarError::Zone,
    })?;
    // Rules that never come true end at the library's limit.
    Ok(set.limit())
}

fn start_line(when: &When) -> String {
    match when {
        When::Days { first, .. } => format!("DTSTART:{}T000000Z", first.0.strftime("%Y%m%d")),
        When::Times { start, zone, .. } => format!("DTSTART;TZID={zone}:{}", start.0.strftime("%Y%m%dT%H%M%S")),
    }
}

/// How long it takes when it happens for the first time.
fn length_ms(when: &When) -> Result<u64, CalendarError> {
    let seconds = match when {
        When::Days { first, last } => i64::from((last.0 - first.0).get_days() + 1) * 86_400,
        When::Times { start, end, zone } => {
            let instant = |time: jiff::civil::DateTime| time.in_tz(zone.as_str()).map(|zoned| zoned.timestamp());
            let instants = instant(start.0).and_then(|start| Ok((start, instant(end.0)?)));
            let (start, end) = instants.map_err(|_| CalendarError::Zone)?;
            end.as_second() - start.as_second()
        }
    };
    Ok(u64::try_from(seconds).unwrap_or(0) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(start: &str, end: &str, zone: &str) -> When {
        let parsed = |text: &str| text.parse().expect("a time");
        When::Times { start: parsed(start), end: parsed(end), zone: zone.parse().expect("a zone") }
    }

    fn rule(text: &str) -> Option<Recurrence> {
        Some(text.parse().expect("a rule"))
    }

    #[test]
    fn clocks_that_change_leave_the_time_of_day_as_it_is() {
        let when = times("2026-03-28T09:00", "2026-03-28T10:00", "Europe/Berlin");
        let found = occurrences(&when, rule("FREQ=DAILY;COUNT=2").as_ref(), 0, u64::MAX).expect("a rule");
        assert_eq!(found[1].0 - found[0].0, 23 * 3_600_000, "the night of summer time has an hour less");
        assert_eq!(found[0].1 - found[0].0, 3_600_000);
    }

    #[test]
    fn endless_and_impossible_rules_end() {
        let when = times("2026-01-01T09:00", "2026-01-01T10:00", "UTC");
        let endless = occurrences(&when, rule("FREQ=DAILY").as_ref(), 0, u64::MAX).expect("a rule");
        assert_eq!(endless.len(), usize::from(limits::OCCURRENCES_MAX));
        let never = occurrences(&when, rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").as_ref(), 0, u64::MAX);
        assert!(never.map_or(0, |found| found.len()) <= 1);
    }

    #[test]
    fn what_happens_once_happens_once() {
        let days = |first: &str, last: &str| When::Days {
            first: first.parse().expect("a day"),
            last: last.parse().expect("a day"),
        };
        let found = occurrences(&days("2026-01-31", "2026-02-01"), None, 0, u64::MAX).expect("once");
        assert_eq!(found, [(1_769_817_600_000, 1_769_817_600_000 + 2 * 86_400_000)]);
        assert_eq!(occurrences(&days("2026-01-31", "2026-01-31"), None, 0, 1_000), Ok(Vec::new()));
        let nowhere = times("2026-01-01T09:00", "2026-01-01T10:00", "Europe/Atlantis");
        assert_eq!(occurrences(&nowhere, None, 0, u64::MAX), Err(CalendarError::Zone));
    }
}
