//! Identifiers of 16 bytes and digests of 32: lower-case hex in JSON, raw bytes in rows.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{fmt, str::FromStr};

/// The text is not lower-case hex of the right length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {hex_chars} lower-case hex characters")]
pub struct IdError {
    /// How many characters are expected.
    pub hex_chars: usize,
}

/// Lower-case hex of some bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The bytes of lower-case hex of exactly `N` bytes.
///
/// # Errors
/// When the length differs or a character is not `0-9a-f`.
pub fn unhex<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let error = IdError { hex_chars: N * 2 };
    let text = text.as_bytes();
    if text.len() != N * 2 {
        return Err(error);
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err(error),
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(bytes)
}

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex(&self.0))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                unhex(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    Deserialize::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

fixed_bytes!(
    /// A room. Random for groups and internal rooms, derived from the two addresses for direct rooms (P7).
    RoomId, 16
);
fixed_bytes!(
    /// An event, chosen by its author's daemon; it correlates a submission with its place. References use the index.
    EventId, 16
);
fixed_bytes!(
    /// One epoch of a stream; random, so that two minted under one number can be told apart (W9).
    EpochId, 16
);
fixed_bytes!(
    /// The relation between two orgs, derived from both identity keys.
    LinkId, 16
);
fixed_bytes!(
    /// One database, made at `init`. A copy of a database has the same; a restored one tells by its heads.
    InstanceId, 16
);
fixed_bytes!(
    /// One run of a daemon, from its start to its end: random. Two runs at once are two daemons (F26).
    RunId, 16
);
fixed_bytes!(
    /// A call: random, chosen by the daemon of whoever starts it.
    CallId, 16
);
fixed_bytes!(
    /// A person's device in a call: random, chosen by the client for as long as it runs.
    DeviceId, 16
);
fixed_bytes!(
    /// A SHA-256 digest or chain head.
    Digest, 32
);
fixed_bytes!(
    /// An Ed25519 public key.
    PublicKey, 32
);

impl RoomId {
    /// The highest bit tells direct rooms from all others, so that nobody can make a group under the id that two people's
    /// direct room will have.
    const DIRECT: u8 = 0x80;

    /// The id of a direct room, from derived bytes.
    #[must_use]
    pub fn direct(mut bytes: [u8; 16]) -> Self {
        bytes[0] |= Self::DIRECT;
        Self(bytes)
    }

    /// The id of a group or an internal room, from random bytes.
    #[must_use]
    pub fn group(mut bytes: [u8; 16]) -> Self {
        bytes[0] &= !Self::DIRECT;
        Self(bytes)
    }

    /// Whether it is the id of a direct room, whoever's.
    #[must_use]
    pub fn is_direct(self) -> bool {
        self.0[0] & Self::DIRECT != 0
    }
}

impl Digest {
    /// The head of an empty chain.
    pub const ZERO: Self = Self([0; 32]);
}
