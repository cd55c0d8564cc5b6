//! The layers together: what is read while rows are on their way, and what a start finds.

use super::*;
use std::collections::BTreeMap;
use tempfile::TempDir;

const CACHE_BYTES: u64 = 8 * 1024 * 1024;

fn open(home: &TempDir) -> DiskKv {
    DiskKv::open(&home.path().join("db"), CACHE_BYTES).expect("a healthy database opens")
}

/// What a kill at this moment would leave, in a home of its own: nothing is settled.
fn crash(home: &TempDir) -> TempDir {
    let after = TempDir::new().expect("a temporary directory");
    copy(home.path(), after.path());
    after
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable") {
        let path = entry.expect("readable").path();
        let copied = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).expect("copyable");
        }
    }
}

fn key(n: u32) -> Vec<u8> {
    n.to_be_bytes().to_vec()
}

#[test]
fn d1_commits_that_the_pages_do_not_hold_are_there_after_a_crash() {
    let mut home = TempDir::new().expect("a temporary directory");
    for round in 0..5_u32 {
        let kv = open(&home);
        assert_eq!(kv.scan(&[], &[0xf0], usize::MAX).expect("readable").len(), round as usize);
        kv.commit(Batch { rows: vec![(key(round), Some(vec![1; 10])), (b"\xe0".to_vec(), None)] }).expect("writable");
        home = crash(&home);
    }
}

/// Rows written and deleted at random read the same as from a map, whichever layer they are in, from both ends.
#[test]
fn every_layer_reads_as_one_ordered_store() {
    let mut home = TempDir::new().expect("a temporary directory");
    let (mut kv, mut model) = (open(&home), BTreeMap::new());
    let mut seed = 7_u32;
    let mut below = |end: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % end
    };
    for round in 0..3_000_u32 {
        let rows: Vec<_> = (0..1 + below(4))
            .map(|_| (key(below(400)), (below(3) > 0).then(|| vec![u8::try_from(round % 251).expect("small"); 3_000])))
            .collect();
        for (key, value) in &rows {
            match value {
                Some(value) => drop(model.insert(key.clone(), value.clone())),
                None => drop(model.remove(key)),
            }
        }
        kv.commit(Batch { rows }).expect("writable");
        if round % 50 == 0 {
            let (from, to) = (key(below(400)), key(below(500)));
            let expected: Vec<KeyValue> = match from < to {
                true => model.range(from.clone()..to.clone()).map(|(k, v)| (k.clone(), v.clone())).collect(),
                false => Vec::new(),
            };
            assert_eq!(kv.scan(&from, &to, 20).expect("readable"), expected[..expected.len().min(20)]);
            let back: Vec<KeyValue> = expected.into_iter().rev().take(20).collect();
            assert_eq!(kv.scan_back(&from, &to, 20).expect("readable"), back);
            let one = key(below(400));
            assert_eq!(kv.read(&one).expect("readable").as_ref(), model.get(&one));
        }
        if round % 1_000 == 999 {
            let after = crash(&home);
            kv = open(&after);
            home = after;
        }
    }
    drop(kv);
    let all = open(&home).scan(&[], &[0xf0], usize::MAX).expect("readable");
    assert!(all.into_iter().eq(model));
}

#[test]
fn a_closed_database_leaves_nothing_to_replay() {
    let home = TempDir::new().expect("a temporary directory");
    let kv = open(&home);
    kv.commit(Batch { rows: vec![(key(1), Some(vec![1]))] }).expect("writable");
    drop(kv);
    let pages = Pages::open(&home.path().join("db"), CACHE_BYTES).expect("a healthy database opens");
    assert_eq!(pages.applied().expect("readable").map(|(_, number)| number), Some(1));
}

/// Found by 10,000 kills: sled had made the file shorter since its length was noted, and the database counted as damaged.
#[test]
fn f4_the_length_of_the_file_is_known_only_while_the_database_is_closed() {
    let home = TempDir::new().expect("a temporary directory");
    let dir = home.path().join("db");
    let noted = || files::read_anchor(&dir).expect("readable").expect("an anchor").file_bytes;
    let anchor = Anchor { instance: crate::model::InstanceId([1; 16]), commit: 1, file_bytes: 7, grants: Vec::new() };
    for _ in 0..2 {
        let kv = open(&home);
        kv.commit(Batch { rows: vec![(key(1), Some(vec![1]))] }).expect("writable");
        kv.save_anchor(&anchor).expect("writable");
        assert_eq!(noted(), 0, "open");
        drop(kv);
        assert_eq!(noted(), fs::metadata(dir.join("db")).expect("the file").len(), "closed");
    }
    let kv = open(&home);
    assert_eq!(noted(), 0, "opened, and nothing saved yet");
    drop(kv);
}

#[test]
fn f7_after_the_pages_failed_nothing_is_written_any_more() {
    let home = TempDir::new().expect("a temporary directory");
    let kv = open(&home);
    *kv.shared.carrying() = Carrying::Failed("the disk is gone".to_owned());
    for _ in 0..2 {
        assert!(kv.commit(Batch { rows: vec![(key(1), Some(vec![1]))] }).is_err());
    }
    assert_eq!(kv.read(&key(1)).expect("readable"), None);
}
