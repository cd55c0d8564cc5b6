//! Secret keys: made, kept in files that only their owner may read, never printed.

use crate::{clock::Random, model::id::PublicKey};
use ed25519_dalek::{
    Signer as _,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use std::{
    ffi::OsString,
    fmt, fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};
use zeroize::{Zeroize as _, Zeroizing};

/// Why a key file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file system says no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// A key is never overwritten.
    #[error("{}: exists already; move it away first", .0.display())]
    Exists(PathBuf),
    /// Anybody on this machine can read it.
    #[error("{}: every user of this machine can read it; run `chmod 600` on it, or replace the key if it leaked", .0.display())]
    Exposed(PathBuf),
    /// Not a PKCS#8 PEM file with an Ed25519 key.
    #[error("{}: is not an Ed25519 key in PKCS#8 PEM form", .0.display())]
    Form(PathBuf),
}

/// An Ed25519 key that signs. Zeroized when dropped.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// A new key.
    #[must_use]
    pub fn generate(random: &mut dyn Random) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        random.fill(seed.as_mut());
        Self(ed25519_dalek::SigningKey::from_bytes(&seed))
    }

    /// The key from a PKCS#8 PEM file.
    ///
    /// # Errors
    /// When it cannot be read, when everybody can read it, or when it holds something else.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let pem = read_secret(path)?;
        ed25519_dalek::SigningKey::from_pkcs8_pem(&pem).map(Self).map_err(|_| KeyError::Form(path.to_owned()))
    }

    /// Writes the key as a new PKCS#8 PEM file with mode 0600: whole or not at all.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        let pem = self.0.to_pkcs8_pem(LineEnding::LF).expect("an Ed25519 key always has a PKCS#8 form");
        write_secret(path, pem.as_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(public {})", self.public())
    }
}

/// Reads a file that holds a secret.
///
/// # Errors
/// When it cannot be read as text, or when everybody on the machine can read it.
pub fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let fault = |source| KeyError::Io { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(fault)?.permissions().mode();
    // The group may read: systemd hands credentials over with an access list, which shows as group bits.
    if mode & 0o007 != 0 {
        return Err(KeyError::Exposed(path.to_owned()));
    }
    let bytes = fs::read(path).map_err(fault)?;
    String::from_utf8(bytes).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        KeyError::Form(path.to_owned())
    })
}

/// Writes a secret as a new file with mode 0600, durably: whole or not at all. An existing file is never replaced.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn write_secret(path: &Path, secret: &[u8]) -> Result<(), KeyError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(KeyError::Exists(path.to_owned()));
    }
    let mut name = OsString::from(path);
    name.push(".new");
    let draft = PathBuf::from(name);
    write_through(&draft, path, secret).map_err(|source| {
        let _ = fs::remove_file(&draft);
        KeyError::Io { path: path.to_owned(), source }
    })
}

fn write_through(draft: &Path, path: &Path, secret: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(secret)?;
    file.sync_all()?;
    fs::rename(draft, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests;
