//! Dates and attendance.

use super::{
    super::{
        WireError,
        strict::{Integer, ensure, present, refuse},
        words::AttendanceV1,
    },
    Fields, OBJECT, headed,
};
use crate::{
    crypto::object::Object,
    model::{
        calendar::{Day, Recurrence, WallTime, When, ZoneName},
        event::{Calendar, DateBody, Event},
        limits,
        text::{MessageText, PlaceText, Title},
    },
};
use serde::{Deserialize, Serialize};

/// What a date is; with the date's index when it is changed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DateV1 {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    target: Option<Integer>,
    title: Title,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    text: Option<MessageText>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    place: Option<PlaceText>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    days: Option<Object<DaysV1>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    times: Option<Object<TimesV1>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    repeats: Option<Recurrence>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    reminder_minutes: Option<Integer>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DaysV1 {
    first: Day,
    last: Day,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimesV1 {
    start: WallTime,
    end: WallTime,
    zone: ZoneName,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelledV1 {
    target: Integer,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnsweredV1 {
    target: Integer,
    answer: AttendanceV1,
}

impl DateV1 {
    fn new(target: Option<u64>, body: &DateBody) -> Self {
        let (days, times) = match &body.when {
            When::Days { first, last } => (Some(Object(DaysV1 { first: *first, last: *last })), None),
            When::Times { start, end, zone } => {
                (None, Some(Object(TimesV1 { start: *start, end: *end, zone: zone.clone() })))
            }
        };
        Self {
            target: target.map(Integer),
            title: body.title.clone(),
            text: body.text.clone(),
            place: body.place.clone(),
            days,
            times,
            repeats: body.repeats.clone(),
            reminder_minutes: body.reminder_minutes.map(Integer),
        }
    }

    fn into_parts(self) -> Result<(Option<Integer>, DateBody), WireError> {
        let when = match (self.days, self.times) {
            (Some(Object(DaysV1 { first, last })), None) => When::Days { first, last },
            (None, Some(Object(TimesV1 { start, end, zone }))) => When::Times { start, end, zone },
            _ => return refuse(OBJECT, "days", "or times must be there, and not both"),
        };
        ensure(when.check().is_ok(), OBJECT, "days", "or times must not end before they begin")?;
        let reminder_minutes = self.reminder_minutes.map(|minutes| minutes.0);
        let early = reminder_minutes.is_some_and(|minutes| minutes > limits::REMINDER_MINUTES_MAX);
        ensure(!early, OBJECT, "reminder_minutes", "must be at most 40320")?;
        let Self { title, text, place, repeats, .. } = self;
        Ok((self.target, DateBody { title, text, place, when, repeats, reminder_minutes }))
    }
}

pub(super) fn write(event: &Event, calendar: &Calendar) -> Vec<u8> {
    match calendar {
        Calendar::Posted(body) => headed(event, "date", DateV1::new(None, body)),
        Calendar::Changed { target, body } => headed(event, "date_change", DateV1::new(Some(*target), body)),
        Calendar::Cancelled { target } => headed(event, "date_cancel", CancelledV1 { target: Integer(*target) }),
        Calendar::Answered { target, answer } => {
            headed(event, "date_answer", AnsweredV1 { target: Integer(*target), answer: (*answer).into() })
        }
    }
}

pub(super) fn read(kind: &str, fields: Fields<'_>) -> Result<Calendar, WireError> {
    Ok(match kind {
        "date" => {
            let (target, body) = fields.read::<DateV1>()?.into_parts()?;
            super::absent("target", target.as_ref())?;
            Calendar::Posted(body)
        }
        "date_change" => {
            let (target, body) = fields.read::<DateV1>()?.into_parts()?;
            Calendar::Changed { target: super::needed("target", target)?.0, body }
        }
        "date_cancel" => Calendar::Cancelled { target: fields.read::<CancelledV1>()?.target.0 },
        "date_answer" => {
            let AnsweredV1 { target, answer } = fields.read()?;
            Calendar::Answered { target: target.0, answer: answer.into() }
        }
        _ => return Err(super::UNKNOWN),
    })
}
