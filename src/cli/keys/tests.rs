//! The keys directory, changed and interrupted at every place where a crash can interrupt it.

use super::{ring::Ring, *};
use crate::{
    cli::{
        init::{self, Plan},
        place::CONFIG_FILE,
    },
    config::{Config, key_file},
    crypto::{SigningKey, keys::write_secret},
};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

fn org(dir: &Path) {
    let (domain, name) = ("acme.example".parse().expect("domain"), "Acme".parse().expect("name"));
    let advertise = vec!["127.0.0.1:7443".to_owned()];
    init::lay_out(&Plan { dir: dir.to_owned(), advertise, ..Plan::defaults(&domain, &name) }).expect("a new org");
}

fn ring(dir: &Path) -> Ring {
    Ring::open(Config::load(&dir.join(CONFIG_FILE)).expect("valid")).expect("a card that proves itself")
}

fn identity(ring: &Ring) -> SigningKey {
    ring.identity(None).expect("in the directory")
}

fn shown(ring: &Ring) -> Vec<(&'static str, &'static str)> {
    keys_of(ring).expect("readable").into_iter().map(|key| (key.what, key.state)).collect()
}

#[test]
fn w1_a_new_org_announces_its_next_tls_key() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    org(dir.path());
    assert_eq!(shown(&ring(dir.path())), [("signing", "in use"), ("tls", "in use"), ("tls", "next")]);
}

#[test]
fn w1_rotated_keys_overlap_and_make_room_on_the_card() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    org(dir.path());
    for _ in 0..5 {
        let mut ring = ring(dir.path());
        let identity = identity(&ring);
        ring.rotate_signing(&identity, Before::Overlaps).expect("rotated");
        ring.rotate_tls(&identity, Before::Overlaps).expect("rotated");
    }
    let ring = ring(dir.path());
    assert_eq!(ring.card.version, 11);
    let signing = [("signing", "in use"), ("signing", "overlaps"), ("signing", "retired"), ("signing", "retired")];
    let tls = [("tls", "in use"), ("tls", "overlaps"), ("tls", "next")];
    assert_eq!(shown(&ring), [&signing[..], &tls].concat());
    let certificate = fs::read_to_string(dir.path().join("keys").join(key_file::TLS_CERTIFICATE)).expect("there");
    assert!(!certificate.contains("PRIVATE"), "the certificate is for everybody");
    for file in fs::read_dir(dir.path().join("keys")).expect("a directory") {
        let file = file.expect("an entry");
        let mode = file.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
}

#[test]
fn w1_the_end_of_the_overlap_leaves_the_keys_in_use_and_the_next_one() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    org(dir.path());
    let mut ring = ring(dir.path());
    let identity = identity(&ring);
    assert!(!ring.retire(&identity).expect("nothing to do"), "nothing overlaps");
    ring.rotate_signing(&identity, Before::Overlaps).expect("rotated");
    ring.rotate_tls(&identity, Before::Overlaps).expect("rotated");
    assert!(ring.retire(&identity).expect("retired"));
    assert_eq!(shown(&ring), [("signing", "in use"), ("signing", "retired"), ("tls", "in use"), ("tls", "next")]);
}

#[test]
fn a31_a_revoked_key_stays_on_the_card_as_that() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    org(dir.path());
    let mut ring = ring(dir.path());
    let identity = identity(&ring);
    ring.rotate_signing(&identity, Before::Revoked).expect("revoked");
    for _ in 0..4 {
        ring.rotate_signing(&identity, Before::Overlaps).expect("rotated");
    }
    let signing: Vec<_> =
        shown(&ring).into_iter().filter(|(what, _)| *what == "signing").map(|(_, state)| state).collect();
    assert_eq!(signing, ["in use", "overlaps", "retired", "revoked"]);
    ring.rotate_tls(&identity, Before::Revoked).expect("revoked");
    let tls: Vec<_> = shown(&ring).into_iter().filter(|(what, _)| *what == "tls").map(|(_, state)| state).collect();
    assert_eq!(tls, ["in use", "next"], "the pin of the leaked key is gone");
}

/// The files of the keys directory.
fn files(dir: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(dir.join("keys")).expect("a directory");
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.clone(), fs::read(path).expect("readable")))
        .collect()
}

#[test]
fn w1_a_rotation_that_a_crash_interrupts_is_finished_by_the_same_command() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    org(dir.path());
    let before = files(dir.path());
    let mut first = ring(dir.path());
    let identity = identity(&first);
    first.rotate_signing(&identity, Before::Overlaps).expect("rotated");
    first.rotate_tls(&identity, Before::Overlaps).expect("rotated");
    let done = shown(&first);
    // The card names the new keys already, and the files are still those of before.
    let keys = dir.path().join("keys");
    let in_use = fs::read(keys.join(key_file::SIGNING)).expect("there");
    let pair = [key_file::TLS_KEY, key_file::TLS_CERTIFICATE, key_file::TLS_NEXT];
    fs::rename(keys.join(key_file::TLS_NEXT), keys.join("tls.later.pem")).expect("renamed");
    for (path, bytes) in before.iter().filter(|(path, _)| pair.iter().any(|name| path.ends_with(name))) {
        let _ = fs::remove_file(path);
        write_secret(path, bytes).expect("put back");
    }
    fs::rename(keys.join(key_file::SIGNING), keys.join("signing.next.key")).expect("renamed");
    let (path, bytes) = before.iter().find(|(path, _)| path.ends_with(key_file::SIGNING)).expect("there");
    write_secret(path, bytes).expect("put back");
    let mut again = ring(dir.path());
    again.rotate_signing(&identity, Before::Overlaps).expect("finished");
    again.rotate_tls(&identity, Before::Overlaps).expect("finished");
    assert_eq!(again.card.version, first.card.version, "no further card is needed");
    assert_eq!(shown(&again), done);
    assert_eq!(fs::read(keys.join(key_file::SIGNING)).expect("there"), in_use, "the same key as before the crash");
}
