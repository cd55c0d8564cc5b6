//! When dates are, how they come again, and who comes: values of the calendar.
//!
//! Wall time and the name of a zone, as people mean it: clocks that change between two occurrences change nothing.

use super::limits;
use jiff::civil;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr, sync::Arc};

/// Why a value of the calendar is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not a day.
    #[error("must be a day as 2026-01-31, from 1970 to 9998")]
    Day,
    /// Not a time.
    #[error("must be a time as 2026-01-31T17:30, from 1970 to 9998")]
    Time,
    /// Not the name of a time zone.
    #[error("must be the name of a time zone as Europe/Berlin")]
    Zone,
    /// Not a rule that can be taken.
    #[error("must be an RRULE of RFC 5545 as FREQ=WEEKLY;BYDAY=MO;COUNT=10: daily, weekly, monthly or yearly")]
    Recurrence,
    /// It ends before it begins.
    #[error("must not end before it begins")]
    Order,
}

/// When something is, for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// Whole days.
    Days {
        /// The first.
        first: Day,
        /// The last; the first for one day.
        last: Day,
    },
    /// From a time to a time.
    Times {
        /// Its start, by the clocks of the zone.
        start: WallTime,
        /// Its end, by the same clocks; after the start.
        end: WallTime,
        /// The zone.
        zone: ZoneName,
    },
}

impl When {
    /// Whether it ends where it may.
    ///
    /// # Errors
    /// `Order`.
    pub fn check(&self) -> Result<(), CalendarError> {
        let in_order = match self {
            Self::Days { first, last } => first <= last,
            Self::Times { start, end, .. } => start <= end,
        };
        if in_order { Ok(()) } else { Err(CalendarError::Order) }
    }
}

/// Whether somebody comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attendance {
    /// Comes.
    Yes,
    /// Does not.
    No,
    /// Does not know yet.
    Maybe,
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub civil::Date);

/// A time to the minute, by the clocks of some zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallTime(pub civil::DateTime);

/// The name of a time zone. Whether there is such a zone is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneName(Arc<str>);

/// A rule of recurrence: the value of an RRULE of RFC 5545.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence(Arc<str>);

/// Years that every calendar can hold.
fn is_in_range(date: civil::Date) -> bool {
    (1970..=9998).contains(&date.year())
}

impl FromStr for Day {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let day: civil::Date = text.parse().map_err(|_| CalendarError::Day)?;
        let day = Self(day);
        // One meaning, one form.
        if is_in_range(day.0) && day.to_string() == text { Ok(day) } else { Err(CalendarError::Day) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for WallTime {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let time: civil::DateTime = text.parse().map_err(|_| CalendarError::Time)?;
        let time = Self(time);
        if is_in_range(time.0.date()) && time.to_string() == text { Ok(time) } else { Err(CalendarError::Time) }
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{:02}:{:02}", self.0.date(), self.0.hour(), self.0.minute())
    }
}

impl ZoneName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ZoneName {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let part = |part: &str| {
            part.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
        };
        let fits = text.len() <= limits::ZONE_NAME_BYTES_MAX && text.split('/').all(part);
        if fits { Ok(Self(text.into())) } else { Err(CalendarError::Zone) }
    }
}

impl fmt::Display for ZoneName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Recurrence {
    /// The rule.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Recurrence {
    type Err = CalendarError;

    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"=;,+-".contains(&byte);
        if text.is_empty() || text.len() > limits::RECURRENCE_BYTES_MAX || !text.bytes().all(plain) {
            return Err(CalendarError::Recurrence);
        }
        let rule: rrule::RRule<rrule::Unvalidated> = text.parse().map_err(|_| CalendarError::Recurrence)?;
        // What comes every second is no date of people.
        let slow = matches!(
            rule.get_freq(),
            rrule::Frequency::Daily | rrule::Frequency::Weekly | rrule::Frequency::Monthly | rrule::Frequency::Yearly
        );
        if slow { Ok(Self(text.into())) } else { Err(CalendarError::Recurrence) }
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    )*};
}

as_text!(Day, WallTime, ZoneName, Recurrence);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_have_one_form() {
        for day in ["2026-01-31", "1970-01-01", "9998-12-31", "2024-02-29"] {
            assert_eq!(day.parse::<Day>().expect("a day").to_string(), day);
        }
        for none in ["2026-1-31", "2026-02-29", "1969-12-31", "9999-01-01", "20260131", "2026-01-31T00:00", ""] {
            assert_eq!(none.parse::<Day>(), Err(CalendarError::Day), "{none}");
        }
        assert_eq!("2026-01-31T17:30".parse::<WallTime>().expect("a time").to_string(), "2026-01-31T17:30");
        for none in ["2026-01-31 17:30", "2026-01-31T17:30:05", "2026-01-31T24:00", "2026-01-31T17:30Z", "2026-01-31"] {
            assert_eq!(none.parse::<WallTime>(), Err(CalendarError::Time), "{none}");
        }
    }

    #[test]
    fn rules_and_zones_are_what_calendars_know() {
        for rule in ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10", "FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20271231T000000Z"]
        {
            assert_eq!(rule.parse::<Recurrence>().expect("a rule").as_str(), rule);
        }
        for none in ["", "WEEKLY", "FREQ=SECONDLY", "FREQ=HOURLY", "FREQ=DAILY\r\nX:1", "freq=daily", "FREQ=SOMETIMES"]
        {
            assert_eq!(none.parse::<Recurrence>(), Err(CalendarError::Recurrence), "{none}");
        }
        for zone in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Etc/GMT+5"] {
            assert_eq!(zone.parse::<ZoneName>().expect("a zone").as_str(), zone);
        }
        for none in ["", "../etc/passwd", "Europe//Berlin", "Europe/Berlin\n", "europe"] {
            assert_eq!(none.parse::<ZoneName>(), Err(CalendarError::Zone), "{none}");
        }
    }
}
