//! Idempotency keys: the same request under the same key is done once and answered the same.

use super::problem::Problem;
use crate::{
    core::{Command, command::Answer},
    engine::{Engine, IdempotencyKey},
    model::{journal::Outcome, limits},
};
use axum::http::{HeaderValue, Method};
use sha2::{Digest as _, Sha256};

/// The header that carries the key.
pub const HEADER: &str = "idempotency-key";

/// The text of a key.
///
/// # Errors
/// `INVALID` when it is empty, too long or holds other than visible ASCII.
pub fn parse(value: &HeaderValue) -> Result<&str, Problem> {
    let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    text.filter(|text| (1..=limits::IDEMPOTENCY_KEY_BYTES_MAX).contains(&text.len())).ok_or_else(|| {
        let rule = format!("must be 1 to {} visible ASCII characters", limits::IDEMPOTENCY_KEY_BYTES_MAX);
        Problem::field("Idempotency-Key", rule)
    })
}

/// The digests by which the engine knows a request again. A zero byte ends each part, so that parts cannot run
/// into each other.
#[must_use]
pub fn digest(caller: &str, key: &str, method: &Method, path: &str, body: &[u8]) -> IdempotencyKey {
    let key = sha256([caller.as_bytes(), key.as_bytes()]);
    let request = sha256([method.as_str().as_bytes(), path.as_bytes(), body]);
    IdempotencyKey {
        key: key[..16].try_into().expect("16 of 32 bytes"),
        request: request[..8].try_into().expect("8 of 32 bytes"),
    }
}

fn sha256<const N: usize>(parts: [&[u8]; N]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.finalize().into()
}

/// Submits a command, under a key if there is one.
///
/// # Errors
/// What the engine refuses.
pub async fn submit(engine: &Engine, key: Option<IdempotencyKey>, command: Command) -> Result<Outcome, Problem> {
    let answer = match key {
        Some(key) => engine.submit_once(key, command).await?,
        None => engine.submit(command).await?,
    };
    match answer {
        Answer::Outcome(outcome) => Ok(outcome),
        // Only commands of peers are answered otherwise, and no API submits one.
        Answer::Greeting(_) | Answer::Heard { .. } | Answer::Applied(_) | Answer::Refused(_) => Ok(Outcome::Done),
    }
}

#[cfg(test)]
mod tests {
    //! Keys separate callers and requests, and nothing else.

    use super::*;

    fn sample(caller: &str, key: &str, body: &str) -> IdempotencyKey {
        digest(caller, key, &Method::POST, "/api/v1/rooms", body.as_bytes())
    }

    #[test]
    fn the_same_request_has_the_same_key() {
        assert_eq!(sample("alice", "k1", "{}"), sample("alice", "k1", "{}"));
    }

    #[test]
    fn keys_of_two_callers_never_meet() {
        assert_ne!(sample("alice", "k1", "{}").key, sample("bob", "k1", "{}").key);
        assert_ne!(sample("alice", "xk1", "{}").key, sample("alicex", "k1", "{}").key);
    }

    #[test]
    fn another_body_is_another_request_under_the_same_key() {
        let (one, other) = (sample("alice", "k1", "{}"), sample("alice", "k1", "{ }"));
        assert_eq!(one.key, other.key);
        assert_ne!(one.request, other.request);
    }

    #[test]
    fn keys_have_a_form_and_a_length() {
        let longest = "k".repeat(limits::IDEMPOTENCY_KEY_BYTES_MAX);
        for good in ["a", "7f0c-1", longest.as_str()] {
            assert_eq!(parse(&HeaderValue::from_str(good).expect("ASCII")).expect(good), good);
        }
        let too_long = "k".repeat(limits::IDEMPOTENCY_KEY_BYTES_MAX + 1);
        for bad in ["", "a b", "ä", too_long.as_str()] {
            let value = HeaderValue::from_bytes(bad.as_bytes()).expect("a header value");
            assert_eq!(parse(&value).expect_err(bad).field.as_deref(), Some("Idempotency-Key"));
        }
    }
}
