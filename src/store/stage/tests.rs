//! What a group of changes writes.

use super::*;
use crate::{
    core::draft::Sent,
    model::{
        Code, Domain, EpochId,
        id::PublicKey,
        limits::ROW_BYTES_MAX,
        record::{Epoch, Evidence},
        room::{PendingRange, Unplaced},
    },
    store::{fixture::*, load, mem_kv::MemKv, reader::Reader},
};

const ROOM: RoomId = RoomId([8; 16]);

fn store() -> (Arc<dyn Kv>, Stage) {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    load::create(&*kv, &org()).expect("an empty store");
    let stage = load::load(&kv).expect("a readable store").expect("a made store").stage;
    (kv, stage)
}

fn commit(kv: &Arc<dyn Kv>, stage: &mut Stage, changes: &[Change]) {
    for change in changes {
        stage.apply(change).expect("a fitting change");
    }
    kv.commit(stage.take()).expect("a memory store commits");
}

fn events(from: u64, count: u64, bytes: usize) -> Vec<Change> {
    (from..from + count).map(|index| Change::Append(event(ROOM, index, Digest::ZERO, &vec![b'x'; bytes]))).collect()
}

fn pend(p: u64) -> Change {
    Change::Pend {
        room: ROOM,
        p,
        sent: Sent { epoch_n: 1, seq: p + 1 },
        author: local("alice"),
        bytes: vec![b'x'; 1_000].into(),
    }
}

fn queue(from: u64, to: u64, unplaced: &[(u64, u64)]) -> Change {
    let unplaced = unplaced
        .iter()
        .map(|(from, to)| Unplaced { range: PendingRange { from: *from, to: *to }, code: Some(Code::Scope) })
        .collect();
    Change::Room(Arc::new(RoomInfo { pending: PendingRange { from, to }, unplaced, ..room(ROOM) }))
}

#[test]
fn one_message_writes_a_row_for_each_log_and_one_for_the_commit() {
    let (kv, mut stage) = store();
    let message = |n: u64| {
        [
            Change::Append(event(ROOM, n, Digest::ZERO, b"{}")),
            Change::Send(record("globex.example", n + 1, Digest::ZERO, Millis(1), b"{}")),
            Change::Journal(Entry::Events { room: ROOM, from: n, to: n + 1 }),
        ]
    };
    commit(&kv, &mut stage, &message(0));
    for n in 1..10 {
        for change in &message(n) {
            stage.apply(change).expect("a fitting change");
        }
    }
    let batch = stage.take();
    assert_eq!(batch.rows.len(), 4, "nine messages in the open rows of three logs");
    kv.commit(batch).expect("a memory store commits");
    let reader = Reader::new(kv);
    assert_eq!(reader.timeline(ROOM, 0, 99, 99, usize::MAX).expect("readable").len(), 10);
    assert_eq!(reader.journal(0, 99).expect("readable").len(), 10);
}

#[test]
fn the_same_changes_make_the_same_batch_and_digest() {
    let batch = || {
        let (kv, mut stage) = store();
        commit(&kv, &mut stage, &events(0, 30, 500));
        for change in events(30, 30, 500) {
            stage.apply(&change).expect("a fitting change");
        }
        stage.take().rows
    };
    assert_eq!(batch(), batch());
    let (kv, mut stage) = store();
    commit(&kv, &mut stage, &events(0, 30, 501));
    let other = kv.read(&Key::Commit.encode()).expect("readable");
    let (kv, mut stage) = store();
    commit(&kv, &mut stage, &events(0, 30, 500));
    assert_ne!(kv.read(&Key::Commit.encode()).expect("readable"), other, "the digest follows what was written");
}

#[test]
fn d2_no_row_is_longer_than_the_limit() {
    let (kv, mut stage) = store();
    for change in events(0, 5, 48_000).iter().chain(&events(5, 100, 200)) {
        stage.apply(change).expect("a fitting change");
    }
    let batch = stage.take();
    assert!(batch.rows.iter().flat_map(|(_, row)| row).all(|row| row.len() <= ROW_BYTES_MAX));
    kv.commit(batch).expect("a memory store commits");
    let rows = Reader::new(kv).timeline(ROOM, 0, 105, 999, usize::MAX).expect("readable");
    assert_eq!(rows.len(), 105);
    assert!(rows[..5].iter().all(|row| row.bytes.len() == 48_000));
}

#[test]
fn a_long_value_is_split_and_its_further_rows_go_when_it_shrinks() {
    let (kv, mut stage) = store();
    let empty = kv.scan(&[], &[0xff], 99).expect("readable").len();
    let peer = |document: &str| {
        let mut peer = peer("globex.example", 1, crate::model::grant::GrantState::Active);
        peer.card.document = document.into();
        Change::Peer(peer.domain.clone(), Some(Arc::new(peer)))
    };
    commit(&kv, &mut stage, &[peer(&"x".repeat(30_000))]);
    let document = |kv: &Arc<dyn Kv>| {
        let state = load::load(kv).expect("a readable store").expect("a made store").state;
        state.links.values().next().expect("the peer").peer.card.document.len()
    };
    assert_eq!(document(&kv), 30_000);
    assert_eq!(kv.scan(&[], &[0xff], 99).expect("readable").len(), empty + 4);
    // The next process knows of the further rows, too.
    let mut stage = load::load(&kv).expect("a readable store").expect("a made store").stage;
    commit(&kv, &mut stage, &[peer("short")]);
    assert_eq!(document(&kv), 5);
    assert_eq!(kv.scan(&[], &[0xff], 99).expect("readable").len(), empty + 1);
}

#[test]
fn a_group_with_nothing_in_it_is_empty() {
    let (kv, mut stage) = store();
    assert!(stage.is_empty());
    stage.apply(&events(0, 1, 10)[0]).expect("a fitting change");
    assert!(!stage.is_empty());
    let number = stage.commit_no();
    kv.commit(stage.take()).expect("a memory store commits");
    assert!(stage.is_empty());
    assert_eq!(stage.commit_no(), number + 1);
}

#[test]
fn an_event_that_does_not_follow_is_refused() {
    let (_, mut stage) = store();
    stage.apply(&events(7, 1, 10)[0]).expect("a fitting change");
    assert!(matches!(stage.apply(&events(7, 1, 10)[0]), Err(StoreError::Corrupt(_))));
}

#[test]
fn settled_submissions_go_and_those_that_their_authors_must_see_stay() {
    let (kv, mut stage) = store();
    for p in 0..40 {
        commit(&kv, &mut stage, &[queue(0, p + 1, &[]), pend(p)]);
    }
    let kept = |kv: &Arc<dyn Kv>| -> Vec<u64> {
        Reader::new(kv.clone()).pending(ROOM, 0, 99).expect("readable").into_iter().map(|row| row.p).collect()
    };
    assert_eq!(kept(&kv), (0..40).collect::<Vec<_>>());
    let per_row = 6;
    // All are settled but the last; the second row's are refused.
    let refused = (per_row, per_row + 1);
    for p in 40..40 + 2 * per_row {
        commit(&kv, &mut stage, &[queue(39, p + 1, &[refused]), pend(p)]);
    }
    let kept = kept(&kv);
    assert!(kept.contains(&per_row), "{kept:?}");
    assert!(!kept.contains(&0) && !kept.contains(&(3 * per_row)), "{kept:?}");
    assert!((39..40 + 2 * per_row).all(|p| kept.contains(&p)), "{kept:?}");
}

#[test]
fn p28_an_unpinned_peer_leaves_its_evidence_behind() {
    let (kv, mut stage) = store();
    let globex: Domain = "globex.example".parse().expect("a domain");
    let epoch = Epoch { n: 1, id: EpochId([1; 16]) };
    let evidence = Evidence { payload: vec![1; 20_000].into(), key: PublicKey([2; 32]), signature: [3; 64] };
    let received = Change::Received { peer: globex.clone(), epoch, from_seq: 1, to_seq: 3, evidence };
    commit(&kv, &mut stage, &[received]);
    commit(&kv, &mut stage, &[Change::Peer(globex.clone(), None), Change::Streams(globex.clone(), None)]);
    let rows = Reader::new(kv).inbox(&globex, 1, 0, 9, usize::MAX).expect("readable");
    let [found] = &rows[..] else { panic!("one envelope") };
    assert_eq!((found.from_seq, found.to_seq, found.evidence.payload.len()), (1, 3, 20_000));
    assert_eq!(found.evidence.signature, [3; 64]);
}

#[test]
fn open_rows_beyond_the_limit_are_forgotten_and_read_back() {
    let (kv, mut stage) = store();
    let rooms = u64::try_from(OPEN_ROWS_MAX).expect("a small number") + 300;
    let room = |n: u64| RoomId([n.to_be_bytes(), n.to_be_bytes()].concat().try_into().expect("16 bytes"));
    for index in 0..2 {
        for n in 0..rooms {
            let changes = [Change::Append(event(room(n), index, Digest::ZERO, b"{}"))];
            commit(&kv, &mut stage, &changes);
            assert!(stage.tails.len() <= OPEN_ROWS_MAX);
        }
    }
    let reader = Reader::new(kv);
    assert!((0..rooms).all(|n| reader.timeline(room(n), 0, 9, 9, usize::MAX).expect("readable").len() == 2));
}
