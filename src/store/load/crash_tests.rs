//! A long job that is killed again and again goes on where its last commit left it (F23).

use crate::{
    core::{
        Command, Draft, State,
        draft::Change,
        links::{is_due, settle_term},
        rooms::present_members,
    },
    crypto::digest::sha256,
    model::{
        Address, Digest, EpochId, Millis, RoomId,
        event::Role,
        grant::{GrantState, SignedGrant},
        link::{InStream, OutStream, Peer, Streams, Term},
        record::Epoch,
        room::Member,
    },
    store::{
        fixture::{address, org, peer, room, user},
        kv::Kv,
        load::{Loaded, create, load},
        mem_kv::MemKv,
        stage::Stage,
    },
    testing::fixtures::Seeded,
};
use std::sync::Arc;

const NOW: Millis = Millis(10_000);
const ROOMS: u64 = 1_000;
const STEPS_BETWEEN_CRASHES: usize = 5;

fn bob() -> Address {
    address("bob@globex.example")
}

/// A peer with both grants active.
fn granted() -> Peer {
    let mut peer = peer("globex.example", 1, GrantState::Active);
    let ours = peer.ours.clone().expect("our grant");
    let mut grant = ours.grant;
    (grant.issuer, grant.subject, grant.subject_identity) = (peer.domain.clone(), grant.issuer, org().identity);
    peer.theirs = Some(SignedGrant { grant, document: "{}".into() });
    peer
}

fn open_streams() -> Streams {
    let (epoch, term) = (Epoch { n: 1, id: EpochId([1; 16]) }, Term { ours: 1, theirs: 1 });
    let out = OutStream { epoch, term, next_seq: 1, head: Digest::ZERO, acked: 0, confirmed: true };
    let inn = InStream { epoch, term, cursor: 0, head: Digest::ZERO, rejects: vec![], backed_up: 0, voids: vec![] };
    Streams { out: Some(out), inn: Some(inn), last_contact: Some(NOW), ..Streams::default() }
}

/// An open link, and many groups of ours with alice and bob in each.
fn share_rooms(draft: &mut Draft<'_>) {
    draft.put_user(user("alice"));
    let peer = granted();
    let domain = peer.domain.clone();
    draft.put_peer(peer);
    draft.put_streams(&domain, open_streams());
    for n in 0..ROOMS {
        let Digest(digest) = sha256(&n.to_be_bytes());
        let id = RoomId::group(digest[..16].try_into().expect("16 of 32 bytes"));
        draft.put_room(room(id));
        for (joined, role, member) in [(0, Role::Master, address("alice@acme.example")), (1, Role::Member, bob())] {
            draft.put_member(id, &member, Member { role, visible_from: 0, joined, joined_at: NOW });
        }
    }
}

fn revoke(draft: &mut Draft<'_>) {
    let peer = granted();
    let mut ours = peer.ours.clone().expect("our grant");
    (ours.grant.serial, ours.grant.since, ours.grant.state) = (2, 2, GrantState::Revoked);
    let domain = peer.domain.clone();
    draft.put_peer(Peer { ours: Some(ours), ..peer });
    assert!(settle_term(draft, &domain), "the term is over");
}

fn change(kv: &Arc<dyn Kv>, loaded: Loaded, random: &mut Seeded, change: fn(&mut Draft<'_>)) -> Loaded {
    let Loaded { state, mut stage, done } = loaded;
    let mut draft = Draft::new(state, NOW, random);
    change(&mut draft);
    let (state, changes) = draft.finish();
    commit(kv, &mut stage, &changes);
    Loaded { state, stage, done }
}

fn commit(kv: &Arc<dyn Kv>, stage: &mut Stage, changes: &[Change]) {
    for change in changes {
        stage.apply(change).expect("a fitting change");
    }
    kv.commit(stage.take()).expect("a memory store commits");
}

fn open(kv: &Arc<dyn Kv>) -> Loaded {
    load(kv).expect("a readable store").expect("a made store")
}

fn visible_partners(state: &State) -> usize {
    state.rooms.values().filter(|room| present_members(state, room).any(|(member, _)| *member == bob())).count()
}

#[test]
fn f23_crashes_in_the_clean_up_of_1000_rooms_end_each_membership_once() {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    create(&*kv, &org()).expect("an empty store");
    let mut random = Seeded::new(23);
    let loaded = change(&kv, open(&kv), &mut random, share_rooms);
    assert_eq!(visible_partners(&loaded.state), 1_000);
    drop(change(&kv, loaded, &mut random, revoke));

    let (mut ended, mut steps) = (0, 0);
    let mut loaded = open(&kv);
    while is_due(&loaded.state, NOW) {
        assert_eq!(visible_partners(&loaded.state), 0, "the filter works before, between and after the steps (P26)");
        let decision =
            crate::core::decide(&loaded.state, Command::Tick, crate::core::Facts::default(), NOW, &mut random);
        steps += 1;
        if steps % STEPS_BETWEEN_CRASHES == 0 {
            // Killed between the decision and its commit: nothing of it has happened.
            loaded = open(&kv);
            continue;
        }
        ended +=
            decision.changes.iter().filter(|it| matches!(it, Change::Member(_, user, None) if *user == bob())).count();
        commit(&kv, &mut loaded.stage, &decision.changes);
        loaded.state = decision.state;
    }
    assert_eq!(ended, 1_000, "each membership ends once");
    let found = open(&kv).state;
    assert!(found.rooms.values().all(|room| !room.members.contains_key(&bob()) && room.former.contains_key(&bob())));
    assert!(found.rooms.values().all(|room| room.next_index == 1), "one event tells of it");
}
