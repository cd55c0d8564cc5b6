//! Texts with limits: what a person typed, cleaned of nothing, refused when it could deceive.

use super::limits;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr, sync::Arc};

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space where something is needed.
    #[error("must not be empty")]
    Empty,
    /// Too long.
    #[error("must be at most {max} {unit}")]
    Long {
        /// The limit.
        max: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// Control or bidirectional formatting characters, which could disguise who is speaking.
    #[error("must not contain control or bidirectional formatting characters")]
    Control,
    /// A display name with an `@`, which could pose as an address.
    #[error("must not contain @")]
    At,
    /// Writing where an emoji is needed.
    #[error("must be one emoji")]
    NotEmoji,
}

fn is_bidi(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

/// Whether a character may stand in a text of one line.
pub(super) fn fits_line(c: char) -> bool {
    !(c.is_control() || is_bidi(c) || is_separator(c))
}

fn check_line(text: &str, chars_max: usize) -> Result<(), TextError> {
    if text.chars().count() > chars_max {
        return Err(TextError::Long { max: chars_max, unit: "characters" });
    }
    if !text.chars().all(fits_line) {
        return Err(TextError::Control);
    }
    Ok(())
}

fn check_display_name(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.contains(['@', '\u{FF20}']) {
        return Err(TextError::At);
    }
    check_line(text, limits::DISPLAY_NAME_CHARS_MAX)
}

fn check_room_name(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    check_line(text, limits::ROOM_NAME_CHARS_MAX)
}

fn check_title(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    check_line(text, limits::TITLE_CHARS_MAX)
}

fn check_place(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    check_line(text, limits::PLACE_CHARS_MAX)
}

fn check_description(text: &str) -> Result<(), TextError> {
    check_line(text, limits::DESCRIPTION_CHARS_MAX)
}

fn check_reason(text: &str) -> Result<(), TextError> {
    check_line(text, limits::REASON_CHARS_MAX)
}

fn check_overlay(text: &str) -> Result<(), TextError> {
    check_line(text, limits::OVERLAY_CHARS_MAX)
}

/// Message text may hold line breaks and tabs, and any script; control characters otherwise have no meaning in it.
fn check_message(text: &str) -> Result<(), TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if text.len() > limits::TEXT_BYTES_MAX {
        return Err(TextError::Long { max: limits::TEXT_BYTES_MAX, unit: "bytes" });
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
        return Err(TextError::Control);
    }
    Ok(())
}

/// Letters among the emoji, such as the signs for blood groups.
fn is_letter_sign(c: char) -> bool {
    matches!(c, '\u{2100}'..='\u{24FF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// One sign to react by. Which code points are emoji changes every year, so plain writing is all that is kept out.
fn check_emoji(text: &str) -> Result<(), TextError> {
    let is_writing = |c: char| c.is_whitespace() || (c.is_alphabetic() && !is_letter_sign(c));
    if text.is_ascii() || text.contains(is_writing) {
        return Err(TextError::NotEmoji);
    }
    if text.len() > limits::EMOJI_BYTES_MAX {
        return Err(TextError::Long { max: limits::EMOJI_BYTES_MAX, unit: "bytes" });
    }
    check_line(text, limits::EMOJI_BYTES_MAX)
}

macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextError;

            fn from_str(text: &str) -> Result<Self, TextError> {
                $check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // What people wrote never reaches a log by accident.
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

bounded_text!(
    /// What a person is called: 1 to 64 characters, one line, no `@`; always shown beside the address.
    DisplayName, check_display_name
);
bounded_text!(
    /// A room's name: 1 to 100 characters, one line.
    RoomName, check_room_name
);
bounded_text!(
    /// A room's description: up to 300 characters, one line, may be empty.
    Description, check_description
);
bounded_text!(
    /// Why an admin did something: up to 300 characters, one line, may be empty.
    Reason, check_reason
);
bounded_text!(
    /// A field of one's own notes on a contact: up to 200 characters, one line, may be empty.
    OverlayText, check_overlay
);
bounded_text!(
    /// What a message says: 1 byte to 16 KiB of UTF-8.
    MessageText, check_message
);
bounded_text!(
    /// What a note or a date is called: 1 to 100 characters, one line.
    Title, check_title
);
bounded_text!(
    /// Where a date is: 1 to 200 characters, one line.
    PlaceText, check_place
);
bounded_text!(
    /// What one reacts by: one emoji, up to 32 bytes of UTF-8.
    Emoji, check_emoji
);

impl MessageText {
    /// No text: for a message that is nothing but its files.
    #[must_use]
    pub fn none() -> Self {
        Self("".into())
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl Default for Description {
    fn default() -> Self {
        Self("".into())
    }
}

impl Default for Reason {
    fn default() -> Self {
        Self("".into())
    }
}
