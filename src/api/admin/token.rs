//! The admin token: one secret in one file that only the daemon's user may read, compared in constant time.

use crate::clock::Random;
use crate::model::id::hex;
use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The name of the token's file in the keys directory.
pub const FILE: &str = "admin.token";
/// Shortest token that is taken, characters: 128 bits of hex.
const CHARS_MIN: usize = 32;
/// Longest token file, bytes.
const FILE_BYTES_MAX: u64 = 1_024;

/// The secret that an admin's requests bear.
#[derive(Clone)]
pub struct AdminToken(Zeroizing<String>);

impl AdminToken {
    /// Makes a token and writes it to a new file with mode 0600.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn create(path: &Path, random: &mut dyn Random) -> io::Result<Self> {
        let mut secret = Zeroizing::new([0; 32]);
        random.fill(secret.as_mut());
        let text = Zeroizing::new(hex(secret.as_ref()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        Ok(Self(text))
    }

    /// Reads the token. A file that others can read is refused: its secret is none.
    ///
    /// # Errors
    /// When it cannot be read, is open to others, or holds no token.
    pub fn load(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).open(path)?;
        let mode = file.metadata()?.mode();
        if mode & 0o007 != 0 {
            let text = format!("{} can be read by everybody (mode {:o}); chmod 600 it", path.display(), mode & 0o777);
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        Self::parse(&text).ok_or_else(|| {
            let text = format!("{} must hold one line of at least {CHARS_MIN} visible characters", path.display());
            io::Error::new(io::ErrorKind::InvalidData, text)
        })
    }

    /// A token from its text; none when it is too short or holds other than visible ASCII.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let taken = text.len() >= CHARS_MIN && text.bytes().all(|byte| byte.is_ascii_graphic());
        taken.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Whether a request bears this token. The time taken tells nothing about where two tokens differ.
    #[must_use]
    pub fn matches(&self, offered: &str) -> bool {
        self.0.as_bytes().ct_eq(offered.as_bytes()).into()
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken")
    }
}

#[cfg(test)]
mod tests {
    use super::AdminToken;
    use crate::clock::SystemRandom;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_made_token_is_private_is_read_again_and_matches_only_itself() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("admin.token");
        AdminToken::create(&path, &mut SystemRandom).expect("made");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let token = AdminToken::load(&path).expect("read");
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(token.matches(text.trim()));
        for wrong in ["", &text.trim()[1..], &text.trim().to_uppercase().replace(char::is_numeric, "x")] {
            assert!(!token.matches(wrong), "{wrong:?} must not pass");
        }
        assert!(AdminToken::create(&path, &mut SystemRandom).is_err(), "a present token is never replaced");
    }

    #[test]
    fn a_file_that_everybody_can_read_is_refused() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("admin.token");
        AdminToken::create(&path, &mut SystemRandom).expect("made");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        assert!(AdminToken::load(&path).is_err());
    }

    #[test]
    fn short_and_odd_texts_are_no_tokens() {
        let long = "k".repeat(32);
        assert!(AdminToken::parse(&long).is_some());
        for wrong in [String::new(), "short".to_owned(), "ä".repeat(32), format!("{long} {long}")] {
            assert!(AdminToken::parse(&wrong).is_none(), "{wrong:?}");
        }
    }
}
