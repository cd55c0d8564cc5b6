//! Checks of `crypto::keys`.

use super::*;
use crate::clock::SystemRandom;

#[test]
fn a_key_file_is_private_and_gives_the_same_key_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("signing.pem");
    let key = SigningKey::generate(&mut SystemRandom);
    key.save(&path).expect("written");
    assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
    assert_eq!(SigningKey::load(&path).expect("readable").public(), key.public());
    assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 1, "no draft is left");
}

#[test]
fn a_key_file_is_never_overwritten() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("signing.pem");
    let first = SigningKey::generate(&mut SystemRandom);
    first.save(&path).expect("written");
    let second = SigningKey::generate(&mut SystemRandom).save(&path);
    assert!(matches!(second, Err(KeyError::Exists(_))), "{second:?}");
    assert_eq!(SigningKey::load(&path).expect("readable").public(), first.public());
}

#[test]
fn a_key_that_everybody_can_read_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("signing.pem");
    SigningKey::generate(&mut SystemRandom).save(&path).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changed");
    assert!(matches!(SigningKey::load(&path), Err(KeyError::Exposed(_))));
}

#[test]
fn something_else_than_a_key_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("signing.pem");
    write_secret(&path, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").expect("written");
    assert!(matches!(SigningKey::load(&path), Err(KeyError::Form(_))));
    assert!(matches!(SigningKey::load(&dir.path().join("none.pem")), Err(KeyError::Io { .. })));
}

#[test]
fn a_secret_key_is_never_printed() {
    let key = SigningKey::generate(&mut SystemRandom);
    let shown = format!("{key:?}");
    assert!(!shown.contains(&crate::model::id::hex(key.0.as_bytes())) && shown.contains(&key.public().to_string()));
}
