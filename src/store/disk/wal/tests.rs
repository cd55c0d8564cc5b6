//! What the log gives back after a crash, and what it refuses.

use super::*;
use tempfile::TempDir;

const MARK: Mark = *b"database";

fn new_log() -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    Wal::create(dir.path()).expect("writable");
    dir
}

fn open(dir: &TempDir, applied: u64) -> (Wal, Vec<Record>) {
    Wal::open(dir.path(), MARK, applied).expect("a healthy log opens")
}

fn numbers(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.number).collect()
}

fn rows(number: u64, bytes: usize) -> Vec<Row> {
    vec![(number.to_be_bytes().to_vec(), Some(vec![7; bytes])), (b"gone".to_vec(), None)]
}

fn append(wal: &mut Wal, bytes: usize) {
    assert!(wal.prepare(&rows(wal.next, bytes)));
    if !wal.has_room() {
        wal.turn();
    }
    wal.append().expect("writable");
}

/// Where the record of this number stands in its segment, and which segment that is.
fn place(dir: &TempDir, number: u64) -> (PathBuf, usize) {
    for path in NAMES.map(|name| dir.path().join(name)) {
        let bytes = fs::read(&path).expect("readable");
        let at =
            (0..bytes.len()).step_by(ALIGN).find(|at| record_at(&bytes[*at..], MARK).is_some_and(|r| r.0 == number));
        if let Some(at) = at {
            return (path, at);
        }
    }
    panic!("commit {number} is not there")
}

fn damage(dir: &TempDir, number: u64, at: usize) {
    let (path, start) = place(dir, number);
    let file = OpenOptions::new().write(true).open(path).expect("writable");
    file.write_all_at(&[0xa5], (start + at) as u64).expect("writable");
}

#[test]
fn d1_what_was_appended_is_given_back_in_order_and_whole() {
    let dir = new_log();
    let (mut wal, due) = open(&dir, 0);
    assert!(due.is_empty());
    for bytes in [0, 1, 63, 64, 4_000] {
        append(&mut wal, bytes);
    }
    let (wal, due) = open(&dir, 0);
    assert_eq!(wal.last(), 5);
    assert_eq!(numbers(&due), [1, 2, 3, 4, 5]);
    assert_eq!(due[4].rows, rows(5, 4_000));
    assert_eq!(numbers(&open(&dir, 3).1), [4, 5], "what the pages hold is not due");
    assert_eq!(open(&dir, 5).0.last(), 5);
}

#[test]
fn segments_are_written_in_turn_and_the_newer_records_count() {
    let dir = new_log();
    let (mut wal, _) = open(&dir, 0);
    for _ in 0..2_500 {
        append(&mut wal, 4_000);
    }
    let oldest = 2_500 - 2 * (SEGMENT_BYTES as u64 / 4_160) + 100;
    assert_eq!(numbers(&open(&dir, oldest).1), (oldest + 1..=2_500).collect::<Vec<_>>());
}

#[test]
fn f5_a_record_that_was_not_written_whole_was_never_answered() {
    for at in [0, 20, 33, HEAD_BYTES + 5, HEAD_BYTES + 100] {
        let dir = new_log();
        let (mut wal, _) = open(&dir, 0);
        (0..3).for_each(|_| append(&mut wal, 100));
        damage(&dir, 3, at);
        let (mut wal, due) = open(&dir, 0);
        assert_eq!(numbers(&due), [1, 2]);
        append(&mut wal, 10);
        assert_eq!(numbers(&open(&dir, 2).1), [3], "its number is given again, to other rows");
    }
}

#[test]
fn f12_a_damaged_record_between_two_others_is_noticed() {
    for at in [0, 20, 33, HEAD_BYTES + 5] {
        let dir = new_log();
        let (mut wal, _) = open(&dir, 0);
        (0..3).for_each(|_| append(&mut wal, 100));
        damage(&dir, 2, at);
        let StoreError::Corrupt(text) = Wal::open(dir.path(), MARK, 0).expect_err("a gap") else { panic!("damage") };
        assert!(text.contains("lost commit 2") && text.contains("restore a backup"), "{text}");
    }
}

#[test]
fn f12_pages_that_are_older_than_the_log_are_noticed() {
    let dir = new_log();
    let (mut wal, _) = open(&dir, 7);
    append(&mut wal, 10);
    assert!(matches!(Wal::open(dir.path(), MARK, 6), Err(StoreError::Corrupt(_))));
    assert_eq!(numbers(&open(&dir, 7).1), [8]);
}

#[test]
fn f12_a_missing_or_cut_segment_is_refused() {
    let dir = new_log();
    let path = dir.path().join(NAMES[1]);
    OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(100)).expect("cuttable");
    assert!(matches!(Wal::open(dir.path(), MARK, 0), Err(StoreError::Corrupt(_))));
    fs::remove_file(&path).expect("removable");
    assert!(matches!(Wal::open(dir.path(), MARK, 0), Err(StoreError::Corrupt(_))));
    assert!(!path.exists(), "nothing was made in its place");
}

#[test]
fn the_log_of_another_database_is_not_replayed() {
    let dir = new_log();
    let (mut wal, _) = open(&dir, 0);
    append(&mut wal, 10);
    let (wal, due) = Wal::open(dir.path(), *b"foreign!", 0).expect("it is only foreign");
    assert!(due.is_empty());
    assert_eq!(wal.last(), 0);
}

#[test]
fn what_is_longer_than_a_segment_is_not_for_the_log() {
    let dir = new_log();
    let (mut wal, _) = open(&dir, 0);
    assert!(!wal.prepare(&rows(1, SEGMENT_BYTES)));
    assert!(wal.prepare(&rows(1, SEGMENT_BYTES / 2)));
}
