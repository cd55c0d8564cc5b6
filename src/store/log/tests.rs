//! Packed logs against a plain list, and the rows that they make.

use super::*;
use crate::{
    model::limits::{PACK_BYTES_MAX, ROW_BYTES_MAX},
    store::{
        kv::Batch,
        mem_kv::MemKv,
        tail::{Rows, Tail},
    },
};
use proptest::prelude::*;

const LOG: LogId = LogId::Journal;

fn commit(kv: &MemKv, tail: &mut Tail, rows: &mut Rows) {
    tail.flush(rows);
    kv.commit(Batch { rows: std::mem::take(rows).into_iter().collect() }).expect("a memory store commits");
}

fn append(kv: &MemKv, entries: &[(u64, Vec<u8>)]) {
    let mut rows = Rows::new();
    let mut tail = Tail::open(kv, &LOG).expect("a readable log");
    for (seq, entry) in entries {
        tail.push(*seq, entry, &mut rows).expect("a growing number");
    }
    commit(kv, &mut tail, &mut rows);
}

fn entry(seq: u64, bytes: usize) -> (u64, Vec<u8>) {
    (seq, vec![u8::try_from(seq % 251).expect("below 251"); bytes])
}

fn rows(kv: &MemKv) -> Vec<KeyValue> {
    let (from, to) = LOG.rows();
    kv.scan(&from, &to, usize::MAX).expect("a memory store reads")
}

#[test]
fn short_entries_share_a_row() {
    let kv = MemKv::new();
    for seq in 0..15 {
        append(&kv, &[entry(seq, 300)]);
    }
    assert_eq!(rows(&kv).len(), 4, "a row of 1 KiB rests, so that single entries do not rewrite much");
    append(&kv, &(15..60).map(|seq| entry(seq, 300)).collect::<Vec<_>>());
    let sizes: Vec<usize> = rows(&kv).iter().map(|(_, row)| row.len()).collect();
    assert_eq!(sizes.len(), 6, "a burst fills its rows: {sizes:?}");
    assert!(sizes.iter().all(|size| *size <= PACK_BYTES_MAX), "{sizes:?}");
}

#[test]
fn an_entry_longer_than_a_row_is_split_and_stands_alone() {
    let kv = MemKv::new();
    let entries = [entry(1, 10), entry(2, 3 * ROW_BYTES_MAX), entry(5, 10)];
    append(&kv, &entries);
    let rows = rows(&kv);
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|(_, row)| row.len() <= ROW_BYTES_MAX));
    assert_eq!(read(&kv, &LOG, 0, 10, usize::MAX).expect("readable"), entries);
    assert_eq!(read(&kv, &LOG, 3, 10, usize::MAX).expect("readable"), entries[2..]);
    assert_eq!(last(&kv, &LOG).expect("readable"), Some(entries[2].clone()));
}

#[test]
fn a_number_that_does_not_grow_is_refused() {
    let kv = MemKv::new();
    append(&kv, &[entry(4, 10)]);
    let mut tail = Tail::open(&kv, &LOG).expect("a readable log");
    for seq in [3, 4] {
        assert!(matches!(tail.push(seq, b"x", &mut Rows::new()), Err(StoreError::Corrupt(_))));
    }
}

#[test]
fn a_missing_part_of_a_long_entry_is_found() {
    for missing in 0..4 {
        let kv = MemKv::new();
        append(&kv, &[entry(2, 3 * ROW_BYTES_MAX)]);
        let key = row_key(&LOG.prefix(), 2, missing);
        kv.commit(Batch { rows: vec![(key, None)] }).expect("a memory store commits");
        assert!(matches!(read(&kv, &LOG, 0, 1, usize::MAX), Err(StoreError::Corrupt(_))), "part {missing}");
        assert!(matches!(read_back(&kv, &LOG, 9, 1), Err(StoreError::Corrupt(_))), "part {missing}");
    }
}

#[test]
fn a_row_that_was_changed_is_found_or_gives_other_bytes_but_never_panics() {
    let kv = MemKv::new();
    append(&kv, &(0..8).map(|seq| entry(seq, 20)).collect::<Vec<_>>());
    let (key, row) = rows(&kv).pop().expect("one row");
    for at in 0..row.len() {
        for bit in 0..8 {
            let mut changed = row.clone();
            changed[at] ^= 1 << bit;
            kv.commit(Batch { rows: vec![(key.clone(), Some(changed))] }).expect("a memory store commits");
            drop(read(&kv, &LOG, 0, 100, usize::MAX));
            drop(read_back(&kv, &LOG, 100, 100));
        }
    }
    kv.commit(Batch { rows: vec![(key, Some(row[..row.len() - 1].to_vec()))] }).expect("a memory store commits");
    assert!(read(&kv, &LOG, 0, 100, usize::MAX).is_err(), "a shortened row");
}

#[test]
fn a_read_gives_one_entry_at_least_and_keeps_to_its_limits() {
    let kv = MemKv::new();
    append(&kv, &(0..20).map(|seq| entry(seq, 100)).collect::<Vec<_>>());
    let count = |items_max, bytes_max| read(&kv, &LOG, 5, items_max, bytes_max).expect("readable").len();
    assert_eq!(count(3, usize::MAX), 3);
    assert_eq!(count(100, 250), 2);
    assert_eq!(count(100, 1), 1);
    assert_eq!(count(0, usize::MAX), 0);
    assert_eq!(count(100, usize::MAX), 15);
}

#[test]
fn rows_before_a_number_leave_out_the_row_that_reaches_it_and_the_last() {
    let kv = MemKv::new();
    append(&kv, &(0..100).map(|seq| entry(seq, 300)).collect::<Vec<_>>());
    let firsts: Vec<u64> = rows(&kv).iter().filter_map(|(key, _)| row_place(key)).map(|(seq, _)| seq).collect();
    let before = |seq| -> Vec<u64> {
        rows_before(&kv, &LOG, seq, 100).expect("readable").into_iter().map(|(seq, _)| seq).collect()
    };
    assert_eq!(before(u64::MAX), firsts[..firsts.len() - 1]);
    assert_eq!(before(firsts[2]), firsts[..2]);
    assert_eq!(before(firsts[2] + 1), firsts[..2]);
    assert_eq!(before(firsts[1] - 1), Vec::<u64>::new());
}

#[derive(Clone, Debug)]
enum Op {
    Append(Vec<(u64, usize)>),
    Reopen,
}

fn lengths() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..400_usize, 2 => PACK_BYTES_MAX - 8..ROW_BYTES_MAX + 8, 1 => 0..40_000_usize]
}

fn op() -> impl Strategy<Value = Op> {
    let append = prop::collection::vec((1..4_u64, lengths()), 1..12).prop_map(Op::Append);
    prop_oneof![4 => append, 1 => Just(Op::Reopen)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_packed_log_reads_like_a_plain_list(
        ops in prop::collection::vec(op(), 1..16), from in 0..200_u64, items_max in 0..40_usize, bytes_max in 0..60_000_usize,
    ) {
        let kv = MemKv::new();
        let mut model: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut tail = Tail::open(&kv, &LOG).expect("a readable log");
        let mut next = 0;
        for op in ops {
            match op {
                Op::Reopen => tail = Tail::open(&kv, &LOG).expect("a readable log"),
                Op::Append(entries) => {
                    let mut rows = Rows::new();
                    for (step, length) in entries {
                        next += step;
                        let entry = entry(next, length);
                        tail.push(entry.0, &entry.1, &mut rows).expect("a growing number");
                        model.push(entry);
                    }
                    commit(&kv, &mut tail, &mut rows);
                }
            }
        }
        let mut budget = Budget::new(items_max, bytes_max);
        let wanted: Vec<_> = model
            .iter()
            .filter(|(seq, _)| *seq >= from)
            .take_while(|(_, entry)| budget.spend(entry.len()).is_continue())
            .cloned()
            .collect();
        prop_assert_eq!(read(&kv, &LOG, from, items_max, bytes_max).expect("readable"), wanted);
        let wanted: Vec<_> = model.iter().rev().filter(|(seq, _)| *seq < from).take(items_max).cloned().collect();
        prop_assert_eq!(read_back(&kv, &LOG, from, items_max).expect("readable"), wanted);
        prop_assert_eq!(last(&kv, &LOG).expect("readable"), model.last().cloned());
        prop_assert_eq!(first_seq(&kv, &LOG).expect("readable"), model.first().map(|(seq, _)| *seq));
    }
}
