//! Dates of a room's calendar.

use super::Reaction;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A date as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Date {
    /// The index of the event that made it: its name in the room.
    pub index: u64,
    /// Who made it.
    pub author: String,
    /// When it was made, by the clock of the author's daemon.
    pub made_at: u64,
    /// When it was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<u64>,
    /// Whether it was called off.
    pub cancelled: bool,
    /// Who comes, and who does not.
    pub answers: Vec<Answer>,
    /// Reactions to it.
    pub reactions: Vec<Reaction>,
    /// What it is.
    #[serde(flatten)]
    pub body: DateBody,
}

/// What a date is: either `days` or `times`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DateBody {
    /// 1 to 100 characters, one line.
    pub title: String,
    /// Up to 16 KiB of UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Up to 200 characters, one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whole days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Days>,
    /// From a time to a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// An RRULE of RFC 5545, such as `FREQ=WEEKLY;BYDAY=MO;COUNT=10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
    /// Minutes before the start at which to remind; up to 40,320.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder_minutes: Option<u64>,
}

/// Whole days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// The first, as `2026-01-31`.
    pub first: String,
    /// The last; the first for one day.
    pub last: String,
}

/// From a time to a time, by the clocks of a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// The start, as `2026-01-31T17:30`.
    pub start: String,
    /// The end.
    pub end: String,
    /// The zone, as `Europe/Berlin`.
    pub zone: String,
}

/// Whether somebody comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// Who.
    pub address: String,
    /// `yes`, `no` or `maybe`.
    pub answer: String,
}

/// Says whether one comes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnswer {
    /// `yes`, `no` or `maybe`.
    pub answer: String,
}

/// One time that a date happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Occurrence {
    /// Its start, milliseconds since 1970; for whole days their first midnight in UTC.
    pub start: u64,
    /// Its end, milliseconds since 1970; for whole days the midnight after the last.
    pub end: u64,
}

/// Which occurrences are asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OccurrencesQuery {
    /// Only what begins at this time or later, milliseconds since 1970.
    #[param(value_type = Option<u64>)]
    pub from: Option<String>,
    /// Only what begins before this time, milliseconds since 1970.
    #[param(value_type = Option<u64>)]
    pub to: Option<String>,
}

/// Where other calendar software finds a room's calendar. Whoever has the address reads it, until it is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Feed {
    /// The path on this listener, with its secret. It is shown only once.
    pub path: String,
}
