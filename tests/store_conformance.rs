//! One suite for every store behind the disk seam: in memory and on disk.

use handclasp::{
    model::limits::ROW_BYTES_MAX,
    store::{
        disk::DiskKv,
        kv::{Anchor, Batch, KeyValue, Kv, StoreError},
        mem_kv::{Fault, MemKv},
    },
};
use std::{path::Path, sync::Arc};

const CACHE_BYTES: u64 = 16 * 1024 * 1024;

fn batch(rows: &[(&[u8], Option<&[u8]>)]) -> Batch {
    Batch { rows: rows.iter().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect() }
}

fn put(kv: &dyn Kv, rows: &[(&[u8], Option<&[u8]>)]) {
    kv.commit(batch(rows)).expect("a healthy store commits");
}

fn scan(kv: &dyn Kv, from: &[u8], to: &[u8], rows_max: usize) -> Vec<KeyValue> {
    kv.scan(from, to, rows_max).expect("a healthy store reads")
}

fn scan_back(kv: &dyn Kv, from: &[u8], to: &[u8], rows_max: usize) -> Vec<KeyValue> {
    kv.scan_back(from, to, rows_max).expect("a healthy store reads")
}

fn keys(rows: Vec<KeyValue>) -> Vec<u8> {
    rows.into_iter().map(|(key, _)| key[0]).collect()
}

/// A store that can be opened again after the handle is gone.
trait Home {
    fn open(&mut self) -> Arc<dyn Kv>;
}

struct InMemory(Arc<MemKv>);

impl Home for InMemory {
    fn open(&mut self) -> Arc<dyn Kv> {
        self.0 = Arc::new(self.0.crash());
        self.0.clone()
    }
}

struct OnDisk(tempfile::TempDir);

impl Home for OnDisk {
    fn open(&mut self) -> Arc<dyn Kv> {
        Arc::new(open(&self.0.path().join("db")).expect("a healthy database opens"))
    }
}

fn open(dir: &Path) -> Result<DiskKv, StoreError> {
    DiskKv::open(dir, CACHE_BYTES)
}

fn homes() -> Vec<Box<dyn Home>> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    vec![Box::new(InMemory(Arc::new(MemKv::new()))), Box::new(OnDisk(dir))]
}

fn on_each(test: impl Fn(&dyn Kv)) {
    for mut home in homes() {
        test(&*home.open());
    }
}

#[test]
fn rows_come_in_the_order_of_their_keys_within_the_bounds() {
    on_each(|kv| {
        put(kv, &[(b"c", Some(b"3")), (b"a", Some(b"1")), (b"e", Some(b"5")), (b"b", Some(b"2")), (b"d", Some(b"4"))]);
        assert_eq!(keys(scan(kv, b"a", b"z", 99)), b"abcde");
        assert_eq!(keys(scan(kv, b"b", b"d", 99)), b"bc", "the end is excluded");
        assert_eq!(keys(scan(kv, b"a", b"z", 2)), b"ab");
        assert_eq!(keys(scan(kv, b"bb", b"dd", 99)), b"cd");
        assert_eq!(keys(scan_back(kv, b"a", b"z", 99)), b"edcba");
        assert_eq!(keys(scan_back(kv, b"b", b"d", 99)), b"cb");
        assert_eq!(keys(scan_back(kv, b"a", b"z", 2)), b"ed");
        assert_eq!(keys(scan(kv, b"", &[0xff], 0)), b"");
    });
}

#[test]
fn bounds_that_hold_nothing_give_nothing() {
    on_each(|kv| {
        put(kv, &[(b"a", Some(b"1"))]);
        for (from, to) in [(&b"z"[..], &b"a"[..]), (b"a", b"a"), (b"b", b"c")] {
            assert!(scan(kv, from, to, 9).is_empty());
            assert!(scan_back(kv, from, to, 9).is_empty());
        }
    });
}

#[test]
fn a_batch_is_applied_in_order_and_as_a_whole() {
    on_each(|kv| {
        put(kv, &[(b"a", Some(b"1")), (b"b", Some(b"1"))]);
        put(kv, &[(b"a", None), (b"b", Some(b"2")), (b"b", Some(b"3")), (b"c", Some(b"1")), (b"c", None)]);
        assert_eq!(scan(kv, b"", &[0xff], 9), [(b"b".to_vec(), b"3".to_vec())]);
        assert_eq!(kv.read(b"a").expect("readable"), None);
        assert_eq!(kv.read(b"b").expect("readable"), Some(b"3".to_vec()));
        put(kv, &[(b"missing", None)]);
        put(kv, &[]);
    });
}

#[test]
fn d2_a_row_over_the_limit_is_refused_and_nothing_of_its_batch_is_written() {
    on_each(|kv| {
        let long = vec![7; ROW_BYTES_MAX + 1];
        assert!(kv.commit(batch(&[(b"a", Some(b"1")), (b"b", Some(&long))])).is_err());
        assert!(scan(kv, b"", &[0xff], 9).is_empty());
        put(kv, &[(b"b", Some(&long[1..]))]);
        assert_eq!(kv.read(b"b").expect("readable").map(|row| row.len()), Some(ROW_BYTES_MAX));
    });
}

#[test]
fn a_big_batch_and_many_small_ones_are_there_after_reopening() {
    for mut home in homes() {
        let kv = home.open();
        let key = |n: u32| n.to_be_bytes().to_vec();
        let row = |n: u32| vec![u8::try_from(n % 251).expect("below 251"); (n as usize * 37) % ROW_BYTES_MAX];
        let big = Batch { rows: (0..5_000).map(|n| (key(n), Some(row(n)))).collect() };
        kv.commit(big.clone()).expect("a healthy store commits");
        let small: Vec<Batch> = (5_000..5_100).map(|n| Batch { rows: vec![(key(n), Some(row(n)))] }).collect();
        for batch in &small {
            kv.commit(batch.clone()).expect("a healthy store commits");
        }
        drop(kv);
        let kv = home.open();
        let rows = scan(&*kv, &[], &[0xff], usize::MAX);
        assert_eq!(rows.len(), 5_100);
        assert!(rows.iter().zip(0..).all(|((found, value), n)| *found == key(n) && *value == row(n)));
    }
}

#[test]
fn d7_the_anchor_is_kept() {
    for mut home in homes() {
        let kv = home.open();
        assert_eq!(kv.load_anchor().expect("readable"), None);
        put(&*kv, &[(b"a", Some(b"1"))]);
        for commit in 1..4 {
            kv.save_anchor(&anchor(commit)).expect("writable");
            assert_eq!(kv.load_anchor().expect("readable").map(|anchor| anchor.commit), Some(commit));
        }
        assert!(kv.has_space());
    }
}

fn anchor(commit: u64) -> Anchor {
    let peer = "globex.example".parse().expect("a domain");
    Anchor { instance: handclasp::model::InstanceId([1; 16]), commit, file_bytes: 0, grants: vec![(peer, 3, true)] }
}

mod memory {
    //! What the tests and the simulation rely on.

    use super::*;

    #[test]
    fn a_crash_leaves_what_was_committed() {
        let kv = MemKv::new();
        put(&kv, &[(b"a", Some(b"1"))]);
        kv.save_anchor(&anchor(1)).expect("writable");
        let after = kv.crash();
        put(&kv, &[(b"b", Some(b"2"))]);
        assert_eq!(keys(scan(&after, b"", &[0xff], 9)), b"a");
        assert_eq!(after.load_anchor().expect("readable"), Some(anchor(1)));
        put(&after, &[(b"c", Some(b"3"))]);
        assert_eq!(keys(scan(&kv, b"", &[0xff], 9)), b"ab");
    }

    #[test]
    fn f7_after_a_failed_write_nothing_is_written_any_more() {
        for (fault, durable) in [(Fault::Io, &b""[..]), (Fault::Answer, b"a")] {
            let kv = MemKv::new();
            kv.fail_next_commit(fault);
            assert!(matches!(kv.commit(batch(&[(b"a", Some(b"1"))])), Err(StoreError::Io(_))));
            assert!(matches!(kv.commit(batch(&[(b"b", Some(b"2"))])), Err(StoreError::Io(_))));
            let after = kv.crash();
            assert_eq!(keys(scan(&after, b"", &[0xff], 9)), durable);
            put(&after, &[(b"c", Some(b"3"))]);
        }
    }

    #[test]
    fn f8_a_full_disk_takes_nothing_and_may_be_freed() {
        let kv = MemKv::new();
        kv.fail_next_commit(Fault::Full);
        assert!(matches!(kv.commit(batch(&[(b"a", Some(b"1"))])), Err(StoreError::Full(_))));
        put(&kv, &[(b"b", Some(b"2"))]);
        assert_eq!(keys(scan(&kv, b"", &[0xff], 9)), b"b");
        kv.fill();
        assert!(!kv.has_space());
        kv.free();
        assert!(kv.has_space());
    }
}

#[path = "store/disk.rs"]
mod disk;

#[path = "store/power.rs"]
mod power;
