//! The admin token: one secret in one file that only the daemon's user may read, compared in constant time.

use crate::{
    api::auth,
    clock::Random,
    crypto::keys::{KeyError, read_secret, write_secret},
    model::Digest,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::path::Path;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The name of the token's file in the keys directory.
pub const FILE: &str = "admin.token";

/// The digest of the secret that an admin's requests bear.
#[derive(Clone)]
pub struct AdminToken(Digest);

impl AdminToken {
    /// Makes a token and writes it to a new file with mode 0600.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create(path: &Path, random: &mut dyn Random) -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        random.fill(secret.as_mut());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*secret));
        write_secret(path, text.as_bytes())?;
        Ok(Self::parse(&text).expect("it was just made in this form"))
    }

    /// Reads the token.
    ///
    /// # Errors
    /// When it cannot be read, can be read by everybody, or is no token.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::parse(&read_secret(path)?).ok_or_else(|| KeyError::Form(path.to_owned()))
    }

    /// A token from its text: 43 characters of base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        auth::digest_of(text.trim()).map(Self)
    }

    /// Whether a request bears this token. The time taken tells nothing about where two tokens differ.
    #[must_use]
    pub fn matches(&self, offered: &Digest) -> bool {
        self.0.0.ct_eq(&offered.0).into()
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken")
    }
}

#[cfg(test)]
mod tests {
    //! Only the token of the file passes, and only its owner can read it.

    use super::*;
    use crate::clock::SystemRandom;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_made_token_is_private_is_read_again_and_matches_only_itself() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join(FILE);
        AdminToken::create(&path, &mut SystemRandom).expect("made");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let token = AdminToken::load(&path).expect("read");
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(token.matches(&auth::digest_of(&text).expect("a token")));
        let other = AdminToken::create(&dir.path().join("other"), &mut SystemRandom).expect("made");
        assert!(!other.matches(&auth::digest_of(&text).expect("a token")));
        assert!(AdminToken::create(&path, &mut SystemRandom).is_err(), "a present token is never replaced");
    }

    #[test]
    fn a_file_that_everybody_can_read_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join(FILE);
        AdminToken::create(&path, &mut SystemRandom).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(AdminToken::load(&path).is_err());
    }

    #[test]
    fn short_and_odd_texts_are_no_tokens() {
        assert!(AdminToken::parse(&"l".repeat(43)).is_none(), "not canonical base64");
        assert!(AdminToken::parse(&"A".repeat(43)).is_some());
        for wrong in ["", "short", "AAAA AAAA"] {
            assert!(AdminToken::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
