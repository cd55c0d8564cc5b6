//! Names of people and orgs: `alice@acme.example`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{cmp::Ordering, fmt, str::FromStr, sync::Arc};

/// Why a text is not an address, domain or local part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `local@domain`.
    #[error("must look like alice@acme.example")]
    Form,
    /// The local part has other characters, or a wrong length.
    #[error("the part before @ must match [a-z0-9][a-z0-9._-]{{0,63}}")]
    LocalPart,
    /// The domain is not lower-case A-labels.
    #[error("the domain must be lower-case labels of a-z, 0-9 and -, at least two, at most 253 characters")]
    Domain,
}

fn check_domain(text: &str) -> Result<(), AddressError> {
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    let labels = text.split('.').count();
    if text.len() <= 253 && labels >= 2 && text.split('.').all(label_ok) { Ok(()) } else { Err(AddressError::Domain) }
}

fn check_local(text: &str) -> Result<(), AddressError> {
    let mut bytes = text.bytes();
    let first_ok = bytes.next().is_some_and(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
    let rest_ok = bytes.all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
    if first_ok && rest_ok && text.len() <= 64 { Ok(()) } else { Err(AddressError::LocalPart) }
}

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = AddressError;

            fn from_str(text: &str) -> Result<Self, AddressError> {
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
                f.write_str(&self.0)
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

text_newtype!(
    /// An org's domain: lower-case A-labels. A label; the identity is the key (W1).
    Domain, check_domain
);
text_newtype!(
    /// The part of an address before the `@`; names a user within an org.
    LocalPart, check_local
);

/// A person: `local@domain`. Ordered and compared by its text.
#[derive(Clone)]
pub struct Address {
    text: Arc<str>,
    at: u8,
}

impl Address {
    /// The address of a user of an org.
    #[must_use]
    pub fn new(local: &LocalPart, domain: &Domain) -> Self {
        let at = u8::try_from(local.as_str().len()).expect("a local part has at most 64 bytes");
        Self { text: format!("{local}@{domain}").into(), at }
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local(&self) -> LocalPart {
        LocalPart(self.text[..usize::from(self.at)].into())
    }

    /// The part before the `@`, as text.
    #[must_use]
    pub fn local_str(&self) -> &str {
        &self.text[..usize::from(self.at)]
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> Domain {
        Domain(self.domain_str().into())
    }

    /// The domain, as text.
    #[must_use]
    pub fn domain_str(&self) -> &str {
        &self.text[usize::from(self.at) + 1..]
    }

    /// Whether this person belongs to the org.
    #[must_use]
    pub fn is_of(&self, domain: &Domain) -> bool {
        self.domain_str() == domain.as_str()
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.split_once('@').ok_or(AddressError::Form)?;
        check_local(local)?;
        check_domain(domain)?;
        let at = u8::try_from(local.len()).map_err(|_| AddressError::LocalPart)?;
        Ok(Self { text: text.into(), at })
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Address {}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl std::hash::Hash for Address {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}
