//! What may go, and what has to stay.

use super::*;
use crate::{
    core::draft::Change,
    model::{
        Digest, EpochId,
        link::{OutStream, Streams, Term},
        record::{Epoch, Evidence},
    },
    store::{fixture::*, load, mem_kv::MemKv, reader::Reader, stage::Stage},
};
use std::sync::Arc;

const PEER: &str = "globex.example";
const MONTH_MS: u64 = limits::OUTBOX_KEPT_MS_MAX;

fn store() -> (Arc<dyn Kv>, Stage, State) {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    load::create(&*kv, &org()).expect("an empty store");
    let stage = load::load(&kv).expect("a readable store").expect("a made store").stage;
    let mut state = state_with_peer(&peer(PEER, 1, crate::model::grant::GrantState::Active));
    let link = state.links.values().next().expect("the peer").clone();
    let out = OutStream {
        epoch: Epoch { n: 1, id: EpochId([1; 16]) },
        term: Term { ours: 1, theirs: 1 },
        next_seq: 201,
        head: Digest::ZERO,
        acked: 100,
        confirmed: true,
    };
    let streams = Streams { out: Some(out), ..Streams::default() };
    let link = crate::core::state::Link { streams, ..crate::core::state::Link::clone(&link) };
    state.links.insert(link.peer.domain.clone(), Arc::new(link));
    (kv, stage, state)
}

fn commit(kv: &Arc<dyn Kv>, stage: &mut Stage, changes: &[Change]) {
    for change in changes {
        stage.apply(change).expect("a fitting change");
    }
    kv.commit(stage.take()).expect("a memory store commits");
}

fn prune(kv: &Arc<dyn Kv>, stage: &mut Stage, now: Millis, state: &State) -> usize {
    let mut rows = 0;
    loop {
        let keys = outdated(&**kv, now, state, 4).expect("readable");
        if keys.is_empty() {
            return rows;
        }
        rows += keys.len();
        stage.delete(keys);
        kv.commit(stage.take()).expect("a memory store commits");
    }
}

/// Two hundred records, one a millisecond.
fn records() -> Vec<Change> {
    (1..=200).map(|seq| Change::Send(record(PEER, seq, Digest::ZERO, Millis(seq), &[b'x'; 900]))).collect()
}

#[test]
fn w10_records_stay_until_they_are_acknowledged_and_old() {
    let (kv, mut stage, state) = store();
    commit(&kv, &mut stage, &records());
    assert_eq!(prune(&kv, &mut stage, Millis(MONTH_MS), &state), 0, "nothing is old enough");
    assert!(prune(&kv, &mut stage, Millis(MONTH_MS + 50), &state) > 0);
    let first = |kv: &Arc<dyn Kv>| {
        let peer = PEER.parse().expect("a domain");
        Reader::new(kv.clone()).outbox(&peer, 1, 0, 1, usize::MAX).expect("readable")[0].seq
    };
    assert!((40..=50).contains(&first(&kv)), "as far as they are old: {}", first(&kv));
    prune(&kv, &mut stage, Millis(9 * MONTH_MS), &state);
    assert!((90..=101).contains(&first(&kv)), "as far as they are acknowledged: {}", first(&kv));
}

#[test]
fn of_an_ended_epoch_only_the_last_two_rows_stay() {
    let (kv, mut stage, mut state) = store();
    commit(&kv, &mut stage, &records());
    state.links.clear();
    prune(&kv, &mut stage, Millis(9 * MONTH_MS), &state);
    let (from, to) = LogId::Outbox(PEER.parse().expect("a domain"), 1).rows();
    assert_eq!(kv.scan(&from, &to, 99).expect("readable").len(), 2);
}

#[test]
fn long_evidence_goes_as_a_whole() {
    let (kv, mut stage, state) = store();
    let epoch = Epoch { n: 1, id: EpochId([1; 16]) };
    for seq in 1..=4 {
        let evidence = Evidence {
            payload: vec![7; 100_000].into(),
            key: crate::model::id::PublicKey([2; 32]),
            signature: [3; 64],
        };
        let peer = PEER.parse().expect("a domain");
        let received = Change::Received { peer, epoch, from_seq: seq, to_seq: seq, evidence };
        commit(
            &kv,
            &mut stage,
            &[Change::Append(event(crate::model::RoomId([1; 16]), seq, Digest::ZERO, b"{}")), received],
        );
    }
    let keys = outdated(&*kv, Millis(9 * MONTH_MS), &state, 1).expect("readable");
    assert_eq!(keys.len(), 13, "all rows of the first envelope");
    prune(&kv, &mut stage, Millis(9 * MONTH_MS), &state);
    let rows = Reader::new(kv).inbox(&PEER.parse().expect("a domain"), 1, 0, 9, usize::MAX).expect("readable");
    assert_eq!(rows.iter().map(|row| row.from_seq).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn the_journal_is_kept_for_a_week() {
    let (kv, mut stage, state) = store();
    let entry = |at| Entry::Done { key: [1; 16], request: [2; 8], outcome: crate::model::journal::Outcome::Done, at };
    commit(&kv, &mut stage, &(1..=2_000).map(|at| Change::Journal(entry(at))).collect::<Vec<_>>());
    let reader = Reader::new(kv.clone());
    assert_eq!(prune(&kv, &mut stage, Millis(limits::JOURNAL_KEPT_MS), &state), 0);
    assert_eq!(reader.journal_first().expect("readable"), Some(1));
    assert!(prune(&kv, &mut stage, Millis(limits::JOURNAL_KEPT_MS + 1_000), &state) > 0);
    let first = reader.journal_first().expect("readable").expect("not empty");
    assert!((500..=1_000).contains(&first), "{first}");
    load::load(&kv).expect("readable").expect("it still loads");
}
