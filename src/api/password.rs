//! Passwords: argon2id, a few at once, the same time whether or not the user exists.

use super::{entropy::Entropy, problem::Problem};
use crate::model::{Code, limits};
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// When to try again while too many passwords wait to be checked, milliseconds.
const RETRY_MS: u64 = 1_000;

/// A password in clear, as a request bears it. Never shown by `Debug`, wiped when dropped.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Password(String);

impl Password {
    /// A password that somebody typed.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether a new password has an allowed length.
    ///
    /// # Errors
    /// `INVALID` with the field and the range.
    pub fn check(&self, field: &str) -> Result<(), Problem> {
        if (limits::PASSWORD_BYTES_MIN..=limits::PASSWORD_BYTES_MAX).contains(&self.0.len()) {
            return Ok(());
        }
        let (min, max) = (limits::PASSWORD_BYTES_MIN, limits::PASSWORD_BYTES_MAX);
        Err(Problem::field(field, format!("must be {min} to {max} bytes long")))
    }

    fn to_secret(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.as_bytes().to_vec())
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Hashes and verifies passwords beside the reactor, a few at once. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    entropy: Entropy,
    waiting: Arc<Semaphore>,
    working: Arc<Semaphore>,
    /// What the password of an unknown user is compared with, so that it takes the same time.
    decoy: Arc<str>,
}

impl Passwords {
    /// Nothing is hashed yet.
    #[must_use]
    pub fn new(entropy: Entropy) -> Self {
        let decoy = decoy(&entropy).into();
        Self {
            entropy,
            waiting: Arc::new(Semaphore::new(limits::PASSWORDS_WAITING_MAX)),
            working: Arc::new(Semaphore::new(limits::PASSWORDS_AT_ONCE_MAX)),
            decoy,
        }
    }

    /// The argon2id hash of a password with a fresh salt, in PHC form.
    ///
    /// # Errors
    /// `OVERLOADED` when too many wait.
    pub async fn hash(&self, password: &Password) -> Result<String, Problem> {
        let (secret, salt) = (password.to_secret(), self.entropy.bytes());
        self.work(move || hash_now(&secret, &salt)).await
    }

    /// Whether the password is the one behind the hash. Without a hash the answer is no, after the same time.
    ///
    /// # Errors
    /// `OVERLOADED` when too many wait.
    pub async fn verify(&self, password: &Password, hash: Option<&str>) -> Result<Verdict, Problem> {
        let secret = password.to_secret();
        let against: Arc<str> = hash.map_or_else(|| Arc::clone(&self.decoy), Into::into);
        let matches = self.work(move || Argon2::default().verify_password(&secret, &*against).is_ok()).await?;
        Ok(if matches && hash.is_some() { Verdict::Right } else { Verdict::Wrong })
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let _waiting = self.waiting.try_acquire().map_err(|_| overloaded())?;
        let permit: OwnedSemaphorePermit =
            Arc::clone(&self.working).acquire_owned().await.expect("the semaphore is never closed");
        let task = tokio::task::spawn_blocking(move || {
            // Moved in, so that an abandoned request still counts until its hash is done.
            let _permit = permit;
            work()
        });
        task.await.map_err(|_| overloaded())
    }
}

/// Whether a password is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Right,
    /// It is not, or there is no such user.
    Wrong,
}

fn overloaded() -> Problem {
    Problem::new(Code::Overloaded, "too many sign-ins at once; try again in a moment")
        .limit("waiting_passwords")
        .retry_after(RETRY_MS)
}

/// A hash in form, as costly as any to compare with, that no known password has.
fn decoy(entropy: &Entropy) -> String {
    let argon2 = Argon2::default();
    let in_form = "random bytes are an output and a salt, and the default parameters are parameters";
    let hash = PasswordHash {
        algorithm: Algorithm::default().ident(),
        version: Some(Version::default().into()),
        params: ParamsString::try_from(argon2.params()).expect(in_form),
        salt: Some(Salt::new(&entropy.bytes::<16>()).expect(in_form)),
        hash: Some(Output::new(&entropy.bytes::<{ Params::DEFAULT_OUTPUT_LEN }>()).expect(in_form)),
    };
    hash.to_string()
}

fn hash_now(secret: &[u8], salt: &[u8; 16]) -> String {
    let hash = Argon2::default().hash_password_with_salt(secret, salt);
    hash.expect("the default parameters, a salt of 16 bytes and a bounded password are always taken").to_string()
}

#[cfg(test)]
mod tests {
    //! Only the right password of a real user is right.

    use super::*;
    use crate::clock::SystemRandom;

    fn password(text: &str) -> Password {
        Password::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_real_user_is_right() {
        let passwords = Passwords::new(Entropy::new(SystemRandom));
        let hash = passwords.hash(&password("correct horse")).await.expect("idle");
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        for (text, hash, verdict) in [
            ("correct horse", Some(hash.as_str()), Verdict::Right),
            ("battery staple", Some(hash.as_str()), Verdict::Wrong),
            ("correct horse", None, Verdict::Wrong),
            ("correct horse", Some("not a hash"), Verdict::Wrong),
        ] {
            assert_eq!(passwords.verify(&password(text), hash).await.expect("idle"), verdict);
        }
    }

    #[tokio::test]
    async fn the_decoy_costs_what_a_hash_costs() {
        let passwords = Passwords::new(Entropy::new(SystemRandom));
        let hash = passwords.hash(&password("correct horse")).await.expect("idle");
        let (hash, decoy) =
            [hash.as_str(), &passwords.decoy].map(|text| PasswordHash::new(text).expect("in form")).into();
        let cost = |hash: &PasswordHash| (hash.algorithm, hash.version, hash.params.to_string());
        assert_eq!(cost(&hash), cost(&decoy));
        let lengths = |hash: &PasswordHash| (hash.salt.map(|salt| salt.len()), hash.hash.map(|output| output.len()));
        assert_eq!(lengths(&hash), lengths(&decoy));
    }

    #[tokio::test]
    async fn two_hashes_of_one_password_differ() {
        let passwords = Passwords::new(Entropy::new(SystemRandom));
        let one = passwords.hash(&password("correct horse")).await.expect("idle");
        let other = passwords.hash(&password("correct horse")).await.expect("idle");
        assert_ne!(one, other);
    }

    #[tokio::test]
    async fn what_waits_beyond_the_maximum_is_refused_at_once() {
        let passwords = Passwords::new(Entropy::new(SystemRandom));
        let all = u32::try_from(limits::PASSWORDS_WAITING_MAX).expect("small");
        let _held = passwords.waiting.try_acquire_many(all).expect("nobody waits yet");
        let problem = passwords.hash(&password("correct horse")).await.expect_err("full");
        assert_eq!((problem.status, problem.retry_after_ms), (503, Some(RETRY_MS)));
    }

    #[test]
    fn a_password_never_shows_itself() {
        assert!(!format!("{:?}", password("correct horse")).contains("horse"));
    }

    #[test]
    fn new_passwords_have_a_length() {
        assert!(password("12345678").check("new").is_ok());
        for bad in ["1234567".to_owned(), "x".repeat(limits::PASSWORD_BYTES_MAX + 1)] {
            assert_eq!(password(&bad).check("new").expect_err("length").field.as_deref(), Some("new"));
        }
    }
}
