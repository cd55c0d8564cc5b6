//! Bearer tokens: 32 random bytes, shown once, kept only as their SHA-256.

use super::{entropy::Entropy, problem::Problem};
use crate::{crypto::digest::sha256, model::Digest};
use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// A fresh token: its text for the caller, and the digest to keep.
#[must_use]
pub fn issue(entropy: &Entropy) -> (String, Digest) {
    let secret = entropy.bytes::<32>();
    (URL_SAFE_NO_PAD.encode(secret), sha256(&secret))
}

/// The digest of the token that a request bears.
///
/// # Errors
/// `UNAUTHENTICATED` when there is none or it has not the form of a token.
pub fn bearer(headers: &HeaderMap) -> Result<Digest, Problem> {
    let value = headers.get(header::AUTHORIZATION).ok_or_else(Problem::unauthenticated)?;
    value.to_str().ok().and_then(parse).ok_or_else(Problem::unauthenticated)
}

fn parse(value: &str) -> Option<Digest> {
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    digest_of(token)
}

/// The digest of a token's text; none when it has not the form of a token.
#[must_use]
pub fn digest_of(token: &str) -> Option<Digest> {
    // Decoding asks for room for one byte more than it fills.
    let mut secret = [0; 33];
    let len = URL_SAFE_NO_PAD.decode_slice(token.trim(), &mut secret).ok()?;
    (len == 32).then(|| sha256(&secret[..32]))
}

#[cfg(test)]
mod tests {
    //! A token is known again by its digest, and nothing else passes for one.

    use super::*;
    use crate::clock::SystemRandom;
    use axum::http::HeaderValue;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).expect("ASCII"));
        headers
    }

    #[test]
    fn an_issued_token_is_known_again() {
        let (token, digest) = issue(&Entropy::new(SystemRandom));
        assert_eq!(token.len(), 43);
        assert_eq!(bearer(&headers(&format!("Bearer {token}"))).expect("own token"), digest);
        assert_eq!(bearer(&headers(&format!("bearer {token}"))).expect("schemes have no case"), digest);
    }

    #[test]
    fn what_is_no_token_is_not_signed_in() {
        let long = format!("Bearer {}", "A".repeat(64));
        for bad in ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", long.as_str()] {
            assert_eq!(bearer(&headers(bad)).expect_err(bad).status, 401, "{bad}");
        }
        assert_eq!(bearer(&HeaderMap::new()).expect_err("none").status, 401);
    }
}
