//! The fingerprint of an identity key, in groups that two admins can read to each other (W2).

use super::digest::sha256;
use crate::model::id::PublicKey;
use std::{fmt, str::FromStr};

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BYTES: usize = 20;
const CHARS: usize = BYTES * 8 / 5;

/// The first 20 bytes of the SHA-256 of an identity key. Shown as eight groups of four base32 letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; BYTES]);

/// The text is not a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 32 characters, A-Z and 2-7, in groups of four; spaces, dashes and case do not matter")]
pub struct FingerprintError;

impl Fingerprint {
    /// The fingerprint of an identity key.
    #[must_use]
    pub fn of(identity: &PublicKey) -> Self {
        let digest = sha256(&identity.0);
        Self(digest.0[..BYTES].try_into().expect("a digest has 32 bytes"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (group, five) in self.0.chunks_exact(5).enumerate() {
            let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
            let letter = |place: usize| char::from(LETTERS[(bits >> (35 - 5 * place)) as usize & 31]);
            let word = |from: usize| (from..from + 4).map(letter).collect::<String>();
            let gap = if group == 0 { "" } else { " " };
            write!(f, "{gap}{} {}", word(0), word(4))?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let mut bytes = [0; BYTES];
        let mut count = 0;
        for letter in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let value = match letter.to_ascii_uppercase() {
                c @ 'A'..='Z' => c as u8 - b'A',
                c @ '2'..='7' => c as u8 - b'2' + 26,
                _ => return Err(FingerprintError),
            };
            if count == CHARS {
                return Err(FingerprintError);
            }
            for bit in (0..5).filter(|bit| value >> (4 - bit) & 1 == 1) {
                let place = count * 5 + bit;
                bytes[place / 8] |= 128 >> (place % 8);
            }
            count += 1;
        }
        if count == CHARS { Ok(Self(bytes)) } else { Err(FingerprintError) }
    }
}

#[cfg(test)]
mod tests;
