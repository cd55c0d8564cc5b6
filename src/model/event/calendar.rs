//! Dates: when, where, how often, who comes (P19).

use crate::model::{
    calendar::{Attendance, Recurrence, When},
    text::{MessageText, PlaceText, Title},
};

/// What was done in the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Calendar {
    /// A date was made. Makes an item.
    Posted(DateBody),
    /// Its author or a master changed it.
    Changed {
        /// The index of the date.
        target: u64,
        /// What it is from now on.
        body: DateBody,
    },
    /// Its author or a master called it off.
    Cancelled {
        /// The index of the date.
        target: u64,
    },
    /// A member says whether they come.
    Answered {
        /// The index of the date.
        target: u64,
        /// The answer; the last one of a person counts.
        answer: Attendance,
    },
}

/// What a date is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateBody {
    /// Its title.
    pub title: Title,
    /// More about it.
    pub text: Option<MessageText>,
    /// Where.
    pub place: Option<PlaceText>,
    /// When, for the first time.
    pub when: When,
    /// How it comes again.
    pub repeats: Option<Recurrence>,
    /// Minutes before its start at which members want to be reminded.
    pub reminder_minutes: Option<u64>,
}

impl Calendar {
    /// The index of the item that it is about; none when it makes a date.
    #[must_use]
    pub fn target(&self) -> Option<u64> {
        match self {
            Self::Posted(_) => None,
            Self::Changed { target, .. } | Self::Cancelled { target } | Self::Answered { target, .. } => Some(*target),
        }
    }
}
