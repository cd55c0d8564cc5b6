//! Whatever a state went through, the store gives the same one back.

use super::*;
use crate::{
    clock::Random,
    core::{
        Draft,
        command::Ref,
        draft::{Change, Sent},
    },
    crypto::digest::sha256,
    model::{
        Address, Domain, EpochId, LocalPart,
        audit::AuditNote,
        contact::{ContactState, Overlay},
        event::Role,
        file::Photo,
        grant::GrantState,
        item::Item,
        link::{OutStream, Term},
        notice::NoticeKind,
        record::{Epoch, RecordBody},
        user::{Audience, Feed},
    },
    store::{anchor::AnchorVerdict, fixture::*, mem_kv::MemKv},
};
use proptest::prelude::*;

struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

fn store() -> Arc<dyn Kv> {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    create(&*kv, &org()).expect("an empty store");
    kv
}

fn loaded(kv: &Arc<dyn Kv>) -> Loaded {
    load(kv).expect("a readable store").expect("a made store")
}

fn commit(kv: &Arc<dyn Kv>, stage: &mut Stage, changes: &[Change]) {
    for change in changes {
        stage.apply(change).expect("a fitting change");
    }
    kv.commit(stage.take()).expect("a memory store commits");
}

/// One field after the other, so that a failure names it.
fn assert_same(found: &State, wanted: &State) {
    let links = |state: &State| -> Vec<_> {
        state.links.iter().map(|(peer, link)| (peer.clone(), link.peer.clone(), link.streams.clone())).collect()
    };
    let rooms = |state: &State| -> Vec<_> {
        let parts = |room: &Room| (room.info.clone(), room.members.clone(), room.former.clone(), room.invited.clone());
        state.rooms.values().map(|room| (parts(room), room.next_index, room.head, room.touched_end)).collect()
    };
    let rooms_of = |state: &State| -> Vec<_> {
        state.rooms_of.iter().filter(|(_, rooms)| !rooms.is_empty()).map(|(u, r)| (u.clone(), r.clone())).collect()
    };
    assert_eq!(found.org, wanted.org);
    assert_eq!(found.policy, wanted.policy);
    assert_eq!(found.users, wanted.users);
    assert_eq!(found.sessions, wanted.sessions);
    assert_eq!(found.feeds, wanted.feeds);
    assert_eq!(links(found), links(wanted));
    assert_eq!(found.parted, wanted.parted);
    assert_eq!(rooms(found), rooms(wanted));
    assert_eq!(rooms_of(found), rooms_of(wanted));
    assert_eq!(found.contacts, wanted.contacts);
    assert_eq!(found.profiles, wanted.profiles);
    assert_eq!(found.marks, wanted.marks);
    assert_eq!(found.notices, wanted.notices);
    assert_eq!(found.refused, wanted.refused);
    assert_eq!(found.adds_by_user, wanted.adds_by_user);
    assert_eq!(found.adds_by_link, wanted.adds_by_link);
    assert_eq!(found.audit, wanted.audit);
    assert_eq!(found.trash, wanted.trash);
    assert_eq!(found.unconfirmed, wanted.unconfirmed);
}

#[derive(Clone, Debug)]
enum Op {
    Policy(bool),
    User(u8),
    Session(u8, bool),
    Feed(u8, bool),
    Peer(u8, u64),
    Unpin(u8),
    Open(u8),
    Send(u8),
    Room(u8),
    Member(u8, u8, bool),
    End(u8, u8),
    Invite(u8, u8, bool),
    Append(u8, u16),
    Touch(u8, u16),
    Trash(u8, u64, Option<u64>),
    Skip(u8, u64),
    Pend(u8, u8),
    PendingDone(u8),
    Contact(u8, u8, bool),
    Profile(u8, bool),
    Mark(u8, u8, u64),
    Notify(u8),
    ReadNotices(u8, u64),
    Refused(u8, u64),
    Quota(u8, u32),
    Audit(u8),
    Unconfirmed(bool),
}

fn op() -> impl Strategy<Value = Op> {
    let n = 0..3_u8;
    prop_oneof![
        any::<bool>().prop_map(Op::Policy),
        n.clone().prop_map(Op::User),
        (n.clone(), any::<bool>()).prop_map(|(a, b)| Op::Session(a, b)),
        (n.clone(), any::<bool>()).prop_map(|(a, b)| Op::Feed(a, b)),
        (n.clone(), 1..9_u64).prop_map(|(a, b)| Op::Peer(a, b)),
        n.clone().prop_map(Op::Unpin),
        n.clone().prop_map(Op::Open),
        n.clone().prop_map(Op::Send),
        n.clone().prop_map(Op::Room),
        (n.clone(), n.clone(), any::<bool>()).prop_map(|(a, b, c)| Op::Member(a, b, c)),
        (n.clone(), n.clone()).prop_map(|(a, b)| Op::End(a, b)),
        (n.clone(), n.clone(), any::<bool>()).prop_map(|(a, b, c)| Op::Invite(a, b, c)),
        (n.clone(), 1..20_000_u16).prop_map(|(a, b)| Op::Append(a, b)),
        (n.clone(), 0..900_u16).prop_map(|(a, b)| Op::Touch(a, b)),
        (n.clone(), 0..9_u64, prop::option::of(0..99_u64)).prop_map(|(a, b, c)| Op::Trash(a, b, c)),
        (n.clone(), 0..9_u64).prop_map(|(a, b)| Op::Skip(a, b)),
        (n.clone(), n.clone()).prop_map(|(a, b)| Op::Pend(a, b)),
        n.clone().prop_map(Op::PendingDone),
        (n.clone(), n.clone(), any::<bool>()).prop_map(|(a, b, c)| Op::Contact(a, b, c)),
        (n.clone(), any::<bool>()).prop_map(|(a, b)| Op::Profile(a, b)),
        (n.clone(), n.clone(), 0..99_u64).prop_map(|(a, b, c)| Op::Mark(a, b, c)),
        n.clone().prop_map(Op::Notify),
        (n.clone(), 0..9_u64).prop_map(|(a, b)| Op::ReadNotices(a, b)),
        (n.clone(), 1..9_u64).prop_map(|(a, b)| Op::Refused(a, b)),
        (n.clone(), 0..9_u32).prop_map(|(a, b)| Op::Quota(a, b)),
        n.prop_map(Op::Audit),
        any::<bool>().prop_map(Op::Unconfirmed),
    ]
}

fn ours(n: u8) -> LocalPart {
    local(["alice", "amy", "ann"][usize::from(n)])
}

/// Members of both orgs.
fn person(n: u8) -> Address {
    address(["alice@acme.example", "amy@acme.example", "bob@globex.example"][usize::from(n)])
}

fn theirs(n: u8) -> Domain {
    ["globex.example", "initech.example", "umbrella.example"][usize::from(n)].parse().expect("a domain")
}

fn room_id(n: u8) -> RoomId {
    RoomId([n; 16])
}

fn member(role: Role) -> Member {
    Member { role, visible_from: 3, joined: 1, joined_at: Millis(9) }
}

fn apply(draft: &mut Draft<'_>, op: Op) {
    match op {
        Op::Policy(newcomers) => {
            draft.put_policy(Policy { audience: Audience::Chosen, newcomers, ..Policy::default() })
        }
        Op::User(n) => draft.put_user(user(ours(n).as_str())),
        Op::Session(n, open) => {
            let session = Session { user: ours(n), label: "web".to_owned(), created_at: Millis(1), ends_at: Millis(2) };
            draft.put_session(sha256(&[n]), open.then_some(session));
        }
        Op::Peer(n, serial) => pin(draft, n, serial),
        Op::Unpin(n) => draft.remove_peer(&theirs(n)),
        Op::Open(n) => open(draft, &theirs(n)),
        Op::Send(n) => {
            draft.send(&theirs(n), &RecordBody::Void { digest: Digest::ZERO }, Ref::None);
        }
        Op::Room(n) if !draft.state.rooms.contains_key(&room_id(n)) => draft.put_room(room(room_id(n))),
        Op::Room(n) => draft.change_room(room_id(n), |info| info.joins += 1),
        Op::Audit(n) => draft.audit(AuditNote {
            actor: "system".to_owned(),
            action: "link.closed",
            subject: theirs(n).to_string(),
            code: Some(Code::ClosedByThem),
            detail: String::new(),
        }),
        Op::Unconfirmed(unconfirmed) => draft.put_unconfirmed(unconfirmed),
        Op::Profile(n, available) => {
            let name = "Bob".parse().expect("a display name");
            let photo = available.then_some(Photo { digest: Digest([n; 32]), bytes: 9 });
            draft.put_profile(Profile { user: person(n), name, available, photo });
        }
        Op::Refused(n, seq) => draft.put_refused(&theirs(n), 1, seq, Code::Scope),
        Op::Quota(n, count) => {
            draft.put_user_quota(&ours(n), Quota { since: Millis(4), count });
            draft.put_link_quota(&theirs(n), count % 2 == 0, Quota { since: Millis(5), count });
        }
        Op::Mark(n, room, read) => draft.put_mark(&ours(n), room_id(room), read),
        Op::Contact(n, other, there) => {
            let contact = Contact {
                state: ContactState::Added,
                asked_at: Millis(7),
                overlay: Overlay::default(),
                blocked: there,
                hidden: vec![(1, u64::MAX)],
            };
            draft.put_contact(&ours(n), &person(other), there.then_some(contact));
        }
        // Notices go to users only.
        Op::Notify(n) if draft.state.users.contains_key(&ours(n)) => {
            draft.notify(&ours(n), NoticeKind::Available { peer: theirs(n) });
        }
        Op::ReadNotices(n, before) if draft.state.users.contains_key(&ours(n)) => draft.read_notices(&ours(n), before),
        Op::Notify(_) | Op::ReadNotices(..) => {}
        op => apply_in_room(draft, op),
    }
}

fn apply_in_room(draft: &mut Draft<'_>, op: Op) {
    let known = |draft: &Draft<'_>, n| draft.state.rooms.contains_key(&room_id(n));
    match op {
        Op::Member(n, who, true) if known(draft, n) => draft.put_member(room_id(n), &person(who), member(Role::Master)),
        Op::Member(n, who, false) if known(draft, n) => {
            draft.put_member(room_id(n), &person(who), member(Role::Member))
        }
        Op::End(n, who) if known(draft, n) => {
            let former = FormerMember { role: Role::Member, ended_at: Millis(8), cause: Some(Code::NotPermitted) };
            draft.end_member(room_id(n), &person(who), former);
        }
        Op::Invite(n, who, there) if known(draft, n) => {
            let invitation = Invitation { by: person(0), at: Millis(3) };
            draft.put_invitation(room_id(n), &person(who), there.then_some(invitation));
        }
        Op::Append(n, bytes) if known(draft, n) => {
            let _ = draft.append(room_id(n), sealed(&vec![b'x'; usize::from(bytes)]), None);
        }
        Op::Feed(n, there) => {
            let feed = Feed { user: ours(n), room: room_id(n), created_at: Millis(9) };
            draft.put_feed(Digest([n; 32]), there.then_some(feed));
        }
        Op::Touch(n, edits) if known(draft, n) => {
            let index = draft.append(room_id(n), sealed(b"x"), None);
            draft.put_item(room_id(n), index, item(index, edits));
        }
        Op::Trash(n, index, until) => {
            let is_it = |(_, room, at): &&(Millis, RoomId, u64)| (*room, *at) == (room_id(n), index);
            let before = draft.state.trash.iter().find(is_it).map(|(until, ..)| *until);
            draft.put_trash(room_id(n), index, before, until.map(Millis));
        }
        Op::Skip(n, step) => {
            let next = draft.state.rooms.get(&room_id(n)).map_or(0, |room| room.next_index) + step;
            draft.skip_to(room_id(n), next, sha256(&next.to_be_bytes()));
        }
        Op::Pend(n, who) if known(draft, n) => {
            let _ = draft.pend(room_id(n), &ours(who), b"{}".as_slice().into(), Sent { epoch_n: 1, seq: 1 });
        }
        Op::PendingDone(n) => {
            let to = draft.state.rooms.get(&room_id(n)).map_or(0, |room| room.info.pending.to);
            draft.pending_done(room_id(n), to);
        }
        _ => {}
    }
}

/// An item that takes up to five rows.
fn item(index: u64, edits: u16) -> Item {
    Item { edits: vec![index; usize::from(edits) * 4], ..Item::default() }
}

/// Who is pinned again goes on with the numbers that were reached: no epoch has two contents.
fn pin(draft: &mut Draft<'_>, n: u8, serial: u64) {
    draft.put_peer(peer(theirs(n).as_str(), serial, GrantState::Active));
    if let Some(parted) = draft.state.parted.get(&theirs(n)).cloned() {
        draft.put_streams(&theirs(n), parted.streams.clone());
        draft.put_parted(&theirs(n), None);
    }
}

fn open(draft: &mut Draft<'_>, peer: &Domain) {
    let Some(link) = draft.state.links.get(peer) else { return };
    let n = link.out_epoch().map_or(1, |epoch| epoch.n + 1);
    let mut streams = link.streams.clone();
    streams.out = Some(OutStream {
        epoch: Epoch { n, id: EpochId([1; 16]) },
        term: Term { ours: 1, theirs: 1 },
        next_seq: 1,
        head: Digest::ZERO,
        acked: 0,
        confirmed: true,
    });
    draft.put_streams(peer, streams);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_loaded_state_is_the_state_that_was_committed(
        groups in prop::collection::vec(prop::collection::vec(op(), 1..20), 1..8), restart in any::<bool>(),
    ) {
        let kv = store();
        let Loaded { mut state, mut stage, .. } = loaded(&kv);
        let mut random = Counting(0);
        for (at, group) in groups.into_iter().enumerate() {
            let mut draft = Draft::new(state, Millis(1_000 + at as u64), &mut random);
            for op in group {
                apply(&mut draft, op);
            }
            let (decided, changes) = draft.finish();
            state = decided;
            commit(&kv, &mut stage, &changes);
            let again = loaded(&kv);
            assert_same(&again.state, &state);
            prop_assert_eq!(again.stage.commit_no(), stage.commit_no());
            prop_assert_eq!(again.stage.journal_next(), stage.journal_next());
            if restart {
                stage = again.stage;
            }
        }
        let checked = crate::store::check::check(&*kv).expect("readable");
        prop_assert_eq!(checked.findings, Vec::<String>::new());
    }
}

#[test]
fn an_item_is_read_as_it_was_written_last_however_long_it_was_before() {
    let kv = store();
    let Loaded { mut stage, .. } = loaded(&kv);
    let reader = crate::store::reader::Reader::new(kv.clone());
    let written = [(3, 1), (3, 900), (4, 500), (3, 300), (4, 0), (9, 1)];
    for (index, edits) in written {
        commit(&kv, &mut stage, &[Change::Item(room_id(1), index, Arc::new(item(index, edits)))]);
        let found = reader.items(room_id(1), index, index + 1).expect("readable");
        assert_eq!(found, [(index, item(index, edits))]);
    }
    let all = reader.items(room_id(1), 0, 100).expect("readable");
    assert_eq!(all, [(3, item(3, 300)), (4, item(4, 0)), (9, item(9, 1))]);
    assert_eq!(reader.items(room_id(1), 4, 9).expect("readable"), [(4, item(4, 0))]);
    assert_eq!(reader.items(room_id(2), 0, 100).expect("readable"), []);
    assert_eq!(crate::store::items::last(&*kv, room_id(1)).expect("readable"), Some(9));
}

#[test]
fn an_empty_store_has_nothing_and_a_made_one_is_not_made_again() {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    assert!(load(&kv).expect("readable").is_none());
    create(&*kv, &org()).expect("an empty store");
    assert!(create(&*kv, &org()).is_err());
    let loaded = loaded(&kv);
    assert_same(&loaded.state, &State::new(org()));
    assert_eq!(crate::store::anchor::check(&*kv, &loaded).expect("readable"), AnchorVerdict::Agrees);
}

#[test]
fn the_journal_begins_at_position_1() {
    let kv = store();
    let Loaded { state, mut stage, .. } = loaded(&kv);
    assert_eq!(stage.journal_next(), 1);
    let mut random = Counting(0);
    let mut draft = Draft::new(state, Millis(1), &mut random);
    apply(&mut draft, Op::Profile(1, true));
    commit(&kv, &mut stage, &draft.finish().1);
    assert_eq!(loaded(&kv).stage.journal_next(), stage.journal_next());
    assert_eq!(crate::store::check::check(&*kv).expect("readable").findings_total, 0);
}

#[test]
fn d7_a_missing_anchor_is_noticed() {
    let memory = MemKv::new();
    create(&memory, &org()).expect("an empty store");
    memory.remove_anchor();
    let kv: Arc<dyn Kv> = Arc::new(memory);
    assert_eq!(crate::store::anchor::check(&*kv, &loaded(&kv)).expect("readable"), AnchorVerdict::Missing);
}

#[test]
fn f12_a_layout_of_another_version_is_refused() {
    let kv = store();
    let rows = codec::encode_value(&Key::Schema, &(SCHEMA + 1)).expect("a short value");
    kv.commit(Batch { rows: rows.into_iter().map(|(key, row)| (key, Some(row))).collect() }).expect("commits");
    assert!(matches!(load(&kv), Err(StoreError::Corrupt(text)) if text.contains("layout")));
}

#[test]
fn f12_lost_ends_of_journal_and_audit_log_are_found() {
    for log in [LogId::Journal, LogId::Audit] {
        let kv = store();
        let Loaded { state, mut stage, .. } = loaded(&kv);
        let mut random = Counting(0);
        let mut draft = Draft::new(state, Millis(1), &mut random);
        apply(&mut draft, Op::Audit(1));
        apply(&mut draft, Op::Profile(1, true));
        commit(&kv, &mut stage, &draft.finish().1);
        let (from, to) = log.rows();
        let (key, _) = kv.scan(&from, &to, 1).expect("readable").pop().expect("one row");
        kv.commit(Batch { rows: vec![(key, None)] }).expect("commits");
        assert!(matches!(load(&kv), Err(StoreError::Corrupt(_))), "{log:?}");
        assert_eq!(crate::store::check::check(&*kv).expect("readable").findings_total, 1, "{log:?}");
    }
}

#[test]
fn f12_a_changed_row_is_found_or_refused_and_never_panics() {
    let kv = store();
    let Loaded { state, mut stage, .. } = loaded(&kv);
    let mut random = Counting(0);
    let mut draft = Draft::new(state, Millis(1), &mut random);
    for op in [Op::User(0), Op::Peer(0, 3), Op::Open(0), Op::Room(0), Op::Member(0, 0, true), Op::Append(0, 40)] {
        apply(&mut draft, op);
    }
    commit(&kv, &mut stage, &draft.finish().1);
    for (key, row) in kv.scan(&[], &[0xff], usize::MAX).expect("readable") {
        for cut in 0..row.len() {
            kv.commit(Batch { rows: vec![(key.clone(), Some(row[..cut].to_vec()))] }).expect("commits");
            assert!(load(&kv).is_err() || crate::store::check::check(&*kv).expect("readable").findings_total > 0);
        }
        kv.commit(Batch { rows: vec![(key, Some(row))] }).expect("commits");
    }
    load(&kv).expect("it is whole again");
}

#[test]
fn remembered_requests_come_back_oldest_first_and_not_older_than_their_time() {
    let kv = store();
    let mut stage = loaded(&kv).stage;
    let done = |n: u8, at: u64| {
        let outcome = crate::model::journal::Outcome::Serial(u64::from(n));
        Entry::Done { key: [n; 16], request: [0; 8], outcome, at }
    };
    let day = limits::IDEMPOTENCY_MS_MAX;
    let times = [(1, 5), (2, day), (3, day + 6), (4, day + 7)];
    let changes: Vec<Change> = times
        .into_iter()
        .flat_map(|(n, at)| [Change::Journal(done(n, at)), Change::Journal(Entry::Link { peer: theirs(0) })])
        .collect();
    commit(&kv, &mut stage, &changes);
    assert_eq!(loaded(&kv).done, [done(2, day), done(3, day + 6), done(4, day + 7)]);
}
