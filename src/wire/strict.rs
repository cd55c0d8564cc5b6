//! What every text of the protocol must keep to: sizes, compact JSON, depth, exact integers, present values (W4, A8).

use crate::{
    crypto::object::Object,
    model::{Code, limits},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Why bytes are not an object of the protocol. Never holds content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Too large.
    #[error("{object}: more than {bytes_max} bytes")]
    TooLarge {
        /// Which object.
        object: &'static str,
        /// The limit, bytes.
        bytes_max: usize,
    },
    /// Not compact JSON in UTF-8 within the allowed depth.
    #[error("{object}: {why}")]
    Text {
        /// Which object.
        object: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// A field is missing, unknown, given twice, or of another type.
    #[error("{object}: not of the form that is asked for, at byte {at}")]
    Form {
        /// Which object.
        object: &'static str,
        /// Where reading stopped, bytes from its start.
        at: usize,
    },
    /// A field breaks a rule.
    #[error("{object}: {field} {why}")]
    Rule {
        /// Which object.
        object: &'static str,
        /// Which field.
        field: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// A kind of event or type of record that this version does not know.
    #[error("{object}: a type that this version does not know")]
    UnknownType {
        /// Which object.
        object: &'static str,
    },
    /// A record of an envelope cannot be taken in form.
    #[error("record {seq}: {source}")]
    Record {
        /// Its number.
        seq: u64,
        /// Why.
        source: Box<WireError>,
    },
}

impl WireError {
    /// The stable code for a refusal.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::TooLarge { .. } => Code::TooLarge,
            Self::UnknownType { .. } => Code::UnknownType,
            Self::Record { source, .. } => source.code(),
            Self::Text { .. } | Self::Form { .. } | Self::Rule { .. } => Code::Malformed,
        }
    }

    /// The record at fault, when the rest of its envelope is in form (W13).
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Record { seq, .. } => Some(*seq),
            _ => None,
        }
    }
}

/// A broken rule, in the shape of a result.
pub(super) fn refuse<T>(object: &'static str, field: &'static str, why: &'static str) -> Result<T, WireError> {
    Err(WireError::Rule { object, field, why })
}

/// Refuses unless the rule holds.
pub(super) fn ensure(
    holds: bool,
    object: &'static str,
    field: &'static str,
    why: &'static str,
) -> Result<(), WireError> {
    if holds { Ok(()) } else { refuse(object, field, why) }
}

/// One pass over the bytes before any value is read: size, UTF-8, no white space between tokens, depth.
pub(super) fn scan<'a>(object: &'static str, bytes: &'a [u8], bytes_max: usize) -> Result<&'a str, WireError> {
    if bytes.len() > bytes_max {
        return Err(WireError::TooLarge { object, bytes_max });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| WireError::Text { object, why: "not UTF-8" })?;
    let mut depth = 0usize;
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => skip_string(&mut rest),
            b'{' | b'[' => {
                depth += 1;
                if depth > limits::JSON_DEPTH_MAX {
                    return Err(WireError::Text { object, why: "nested too deeply" });
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            0..=b' ' => {
                return Err(WireError::Text { object, why: "white space or control characters between tokens" });
            }
            0x80.. => return Err(WireError::Text { object, why: "a byte-order mark or other text between tokens" }),
            _ => {}
        }
    }
    Ok(text)
}

fn skip_string(rest: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                rest.next();
            }
            _ => {}
        }
    }
}

/// Reads scanned text as one object.
pub(super) fn read<'a, T: Deserialize<'a>>(object: &'static str, text: &'a str) -> Result<T, WireError> {
    let parsed: Result<Object<T>, _> = serde_json::from_str(text);
    parsed.map(|Object(value)| value).map_err(|error| WireError::Form { object, at: error.column() })
}

/// Scans and reads.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    object: &'static str,
    bytes: &'a [u8],
    bytes_max: usize,
) -> Result<T, WireError> {
    read(object, scan(object, bytes, bytes_max)?)
}

/// Compact JSON of one of our own types.
pub(super) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    append(value, &mut bytes);
    bytes
}

/// Compact JSON of one of our own types, behind what is there.
pub(super) fn append<T: Serialize>(value: &T, bytes: &mut Vec<u8>) {
    serde_json::to_writer(bytes, value).expect("our own types have string keys and write to memory");
}

/// An integer that every JSON reader holds exactly: 0 to 2^53 − 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Integer(pub u64);

impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u64::deserialize(deserializer)?;
        if value <= limits::INTEGER_MAX { Ok(Self(value)) } else { Err(D::Error::custom("integer above 2^53 - 1")) }
    }
}

/// A field that may be absent, but not `null`: one meaning, one form.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests;
