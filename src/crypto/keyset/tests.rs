//! Checks of `crypto::keyset`.

use super::*;
use ed25519_dalek::SigningKey;

fn key(hex: &str) -> PublicKey {
    hex.parse().expect("hex of a key")
}

#[test]
fn a6_keys_of_small_order_are_not_pinned() {
    for weak in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    ] {
        assert_eq!(check_public_key(&key(weak)), Err(ProofError::WeakKey), "{weak}");
    }
}

#[test]
fn a6_second_encodings_of_a_point_are_not_pinned() {
    for alias in [
        // y = p + 1, which is 1, and y = p, which is 0.
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        // y = 1 with a sign bit that has no meaning.
        "0100000000000000000000000000000000000000000000000000000000000080",
        // y = p + 3 and p + 4: points of large order in a second form, if they are points at all.
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        assert_eq!(check_public_key(&key(alias)), Err(ProofError::WeakKey), "{alias}");
    }
}

#[test]
fn an_ordinary_key_is_pinned() {
    let public = SigningKey::from_bytes(&[5; 32]).verifying_key().to_bytes();
    assert_eq!(check_public_key(&PublicKey(public)), Ok(()));
}
