//! The rules that keep the database on disk from losing data.

use super::*;
use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

fn home() -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let dir = home.path().join("db");
    (home, dir)
}

fn error(dir: &Path) -> StoreError {
    open(dir).expect_err("it has to be refused")
}

fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .expect("a readable directory")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(path).expect("a readable file")))
        .collect();
    found.sort();
    found
}

/// A closed database with some rows and an anchor.
fn filled() -> (tempfile::TempDir, PathBuf) {
    let (home, dir) = home();
    let kv = open(&dir).expect("a new database opens");
    for n in 0..200_u32 {
        put(&kv, &[(&n.to_be_bytes(), Some(&[7; 4_000]))]);
    }
    kv.save_anchor(&anchor(200)).expect("writable");
    (home, dir)
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let (_home, dir) = filled();
    let kv = open(&dir).expect("a healthy database opens");
    assert_eq!(scan(&kv, &[], &[0xff], usize::MAX).len(), 200);
    let found = kv.load_anchor().expect("readable").expect("an anchor");
    assert_eq!(found.commit, 200);
}

#[test]
fn opening_again_at_once_waits_for_the_lock() {
    let (_home, dir) = home();
    for n in 0..20_u32 {
        let kv = open(&dir).expect("it opens, also right after it was closed");
        assert_eq!(scan(&kv, &[], &[0xff], 99).len(), n as usize);
        put(&kv, &[(&n.to_be_bytes(), Some(b"x"))]);
    }
}

#[test]
fn f26_a_second_handle_is_refused_and_touches_nothing() {
    let (_home, dir) = filled();
    let kv = open(&dir).expect("a healthy database opens");
    let half = dir.join("snap.0000000000000001.generating");
    fs::write(&half, b"of the first one").expect("writable");
    assert!(matches!(error(&dir), StoreError::Busy(_)));
    assert!(half.exists(), "the snapshot under way belongs to the process that has the database");
    put(&kv, &[(b"a", Some(b"1"))]);
}

#[test]
fn f26_a_second_process_is_refused() {
    const DIR: &str = "HANDCLASP_TEST_STORE_DIR";
    if let Ok(dir) = std::env::var(DIR) {
        assert!(matches!(error(Path::new(&dir)), StoreError::Busy(_)));
        fs::write(Path::new(&dir).with_file_name("refused"), b"").expect("writable");
        return;
    }
    let (home, dir) = filled();
    let _kv = open(&dir).expect("a healthy database opens");
    let own = std::env::current_exe().expect("the test's own path");
    let status = Command::new(own)
        .args(["--exact", "disk::f26_a_second_process_is_refused"])
        .env(DIR, &dir)
        .stdout(Stdio::null())
        .status()
        .expect("the test starts again");
    assert!(status.success());
    assert!(home.path().join("refused").exists(), "the other process has tried");
}

#[test]
fn f12_a_file_that_was_cut_short_is_refused_and_left_alone() {
    let (_home, dir) = filled();
    let db = dir.join("db");
    let whole = fs::metadata(&db).expect("the database file").len();
    for left in [whole - 1, whole / 2, 0] {
        fs::OpenOptions::new().write(true).open(&db).expect("writable").set_len(left).expect("cuttable");
        let before = files(&dir);
        let StoreError::Corrupt(text) = error(&dir) else { panic!("it is damaged") };
        assert!(text.contains("restore a backup") && text.contains("db.anchor"), "{text}");
        assert!(files(&dir) == before, "nothing was changed");
    }
    fs::remove_file(&db).expect("removable");
    assert!(matches!(error(&dir), StoreError::Corrupt(_)), "a missing file is as bad");
    assert!(!db.exists());
}

#[test]
fn f12_a_file_of_something_else_is_refused_and_left_alone() {
    let (_home, dir) = filled();
    let db = dir.join("db");
    let whole = fs::read(&db).expect("a readable file");
    let overwritten = b"not a database\n".repeat(whole.len() / 15 + 1);
    let without_head = [&[0xa5; 20], &whole[20..]].concat();
    for bytes in [overwritten, without_head] {
        fs::write(&db, &bytes).expect("writable");
        let StoreError::Corrupt(text) = error(&dir) else { panic!("it is damaged") };
        assert!(text.contains("restore a backup"), "{text}");
        assert!(fs::read(&db).expect("readable") == bytes, "nothing was changed");
    }
    fs::write(&db, &whole).expect("writable");
    assert_eq!(scan(&open(&dir).expect("it is whole again"), &[], &[0xff], usize::MAX).len(), 200);
}

#[test]
fn d2_a_side_file_is_refused() {
    let (_home, dir) = filled();
    fs::write(dir.join("blobs").join("1"), b"a long page").expect("writable");
    let StoreError::Corrupt(text) = error(&dir) else { panic!("it is damaged") };
    assert!(text.contains("blobs"), "{text}");
}

#[test]
fn a_half_written_snapshot_is_removed_before_opening() {
    let (_home, dir) = filled();
    let half = dir.join("snap.00000000000FFFFF.generating");
    fs::write(&half, b"half").expect("writable");
    let kv = open(&dir).expect("it opens all the same");
    assert!(!half.exists());
    assert_eq!(scan(&kv, &[], &[0xff], usize::MAX).len(), 200);
}

#[test]
fn f12_a_damaged_file_gives_an_error_or_old_rows_but_never_a_panic() {
    let (_home, dir) = filled();
    let db = dir.join("db");
    let whole = fs::read(&db).expect("a readable file");
    for at in [0, 20, whole.len() / 3, whole.len() / 2, whole.len() - 100] {
        let mut damaged = whole.clone();
        damaged[at..at + 16].fill(0xa5);
        fs::write(&db, &damaged).expect("writable");
        for (path, _) in files(&dir).into_iter().filter(|(path, _)| path.to_string_lossy().contains("snap.")) {
            fs::remove_file(path).expect("removable");
        }
        match open(&dir) {
            Ok(kv) => drop(kv.scan(&[], &[0xff], usize::MAX)),
            Err(StoreError::Corrupt(text)) => assert!(text.contains("backup"), "{text}"),
            Err(other) => drop(other),
        }
    }
}

#[test]
fn d2_full_rows_written_again_and_again_make_no_side_file() {
    let (_home, dir) = home();
    let kv = open(&dir).expect("a new database opens");
    for round in 0..30_u32 {
        let rows = (0..100_u32).map(|n| (n.to_be_bytes().to_vec(), Some(vec![round as u8; ROW_BYTES_MAX]))).collect();
        kv.commit(Batch { rows }).expect("a healthy store commits");
    }
    assert_eq!(fs::read_dir(dir.join("blobs")).expect("a readable directory").count(), 0);
    assert_eq!(scan(&kv, &[], &[0xff], usize::MAX).len(), 100);
}

#[test]
fn d7_an_anchor_that_cannot_be_read_says_what_to_do() {
    let (home, dir) = filled();
    let path = home.path().join("db.anchor");
    fs::write(&path, b"{").expect("writable");
    let StoreError::Corrupt(text) = error(&dir) else { panic!("it is damaged") };
    assert!(text.contains("db.anchor") && text.contains("confirm"), "{text}");
    fs::remove_file(&path).expect("removable");
    assert_eq!(open(&dir).expect("it opens").load_anchor().expect("readable"), None);
}
