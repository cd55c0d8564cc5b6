//! What a walk finds: what is old and waits for nobody, a portion at a time.

use super::*;
use crate::{
    core::{
        draft::{Appended, Change},
        state::Link,
    },
    crypto::digest::{chain, sha256},
    model::{
        Digest, EpochId, EventId,
        event::{Act, Content, Event, Folder, Message, Regards, Sealed},
        file::{FileName, FileRef, MediaType},
        item::Entry,
        keeping::{Held, Hold, Retention},
        link::{OutStream, Streams, Term},
        record::Epoch,
    },
    store::{kv::Kv, load, mem_kv::MemKv},
    testing::fixtures::{domain, own_org},
};
use std::sync::Arc;

const DAY_MS: u64 = 24 * 3_600_000;

/// A state with a direct-like group room of `events` events, one an hour from time 1 on; events after `acked` wait.
fn kept(events: u64, acked: u64) -> (Reader, State, RoomId) {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    let org = own_org(&domain("acme.example"));
    load::create(&*kv, &org).expect("an empty store");
    let mut loaded = load::load(&kv).expect("readable").expect("made");
    let id = RoomId([7; 16]);
    let info = room_info(id);
    loaded.stage.apply(&Change::Room(Arc::new(info))).expect("fits");
    let mut head = Digest::ZERO;
    for index in 0..events {
        let bytes = if index == 2 { with_file().bytes.to_vec() } else { format!("{{\"n\":{index}}}").into_bytes() };
        head = chain(head, sha256(&bytes));
        let sent = Some(crate::core::draft::Sent { epoch_n: 1, seq: index + 1 });
        let at = Millis(1 + index * 3_600_000);
        loaded
            .stage
            .apply(&Change::Append(Appended {
                room: id,
                index,
                at,
                sent,
                head,
                regards: Regards::Nothing,
                event: sealed(&bytes),
            }))
            .expect("fits");
    }
    kv.commit(loaded.stage.take()).expect("memory commits");
    let mut state = load::load(&kv).expect("readable").expect("made").state;
    state.links.insert(domain("globex.example"), Arc::new(link(acked, events)));
    state.keeping.retention = Retention { group_days: Some(1), ..Retention::default() };
    (Reader::new(kv), state, id)
}

fn plan() -> FileRef {
    let (name, media_type) = (FileName::clean("plan.pdf"), MediaType::unknown());
    FileRef { digest: sha256(b"plan"), bytes: 4, name, media_type, image: None }
}

fn alice() -> crate::model::Address {
    "alice@acme.example".parse().expect("an address")
}

/// alice's message with a file.
fn with_file() -> Sealed {
    let message = Message { files: vec![plan()], ..Message::plain("the plan".parse().expect("a text")) };
    let author = Some(alice());
    wire::event::seal(Event {
        id: EventId([9; 16]),
        author,
        made_at: Millis(5),
        content: Content::Act(Act::Message(message)),
    })
}

fn sealed(bytes: &[u8]) -> Arc<Sealed> {
    let content = Content::Created { name: "Plans".parse().expect("a room name") };
    let event = Event { id: EventId([8; 16]), author: None, made_at: Millis(5), content };
    Arc::new(Sealed { event, bytes: bytes.into() })
}

fn room_info(id: RoomId) -> crate::model::room::RoomInfo {
    use crate::model::room::{History, PendingRange, RoomInfo, RoomKind};
    RoomInfo {
        id,
        kind: RoomKind::Group,
        host: domain("acme.example"),
        partner: Some(domain("globex.example")),
        name: None,
        description: "".parse().expect("a description"),
        history: History::All,
        rules: crate::model::tool::Rules::default(),
        created_by: "alice@acme.example".parse().expect("an address"),
        created_at: Millis(1),
        synced_epoch: Some(1),
        partner_present: true,
        frozen: None,
        photo: None,
        photo_asked: None,
        pending: PendingRange::default(),
        unplaced: Vec::new(),
        joins: 0,
    }
}

fn link(acked: u64, events: u64) -> Link {
    let globex = domain("globex.example");
    let card = crate::testing::fixtures::card(&globex, 1);
    let peer = crate::model::link::Peer {
        domain: globex.clone(),
        link: crate::testing::fixtures::link_between(&domain("acme.example"), &globex),
        card,
        ours: None,
        theirs: None,
        quarantine: None,
        pinned_at: Millis(1),
        instance: None,
        runs: Vec::new(),
        seen_card: 0,
        cleanup: None,
        features: Vec::new(),
        files: None,
    };
    let out = OutStream {
        epoch: Epoch { n: 1, id: EpochId([1; 16]) },
        term: Term { ours: 1, theirs: 1 },
        next_seq: events + 1,
        head: Digest::ZERO,
        acked,
        confirmed: true,
    };
    Link { peer: Arc::new(peer), streams: Streams { out: Some(out), ..Streams::default() }, last_refusal: None }
}

fn found(reader: &Reader, state: &State, now: Millis) -> Option<(u64, u64)> {
    match Round::default().step(reader, state, now).expect("readable").pop() {
        Some(KeepFact::Old { before, events, .. }) => Some((before, events)),
        _ => None,
    }
}

#[test]
fn p30_what_is_older_than_it_is_kept_goes() {
    let (reader, state, _) = kept(100, 100);
    assert_eq!(found(&reader, &state, Millis(DAY_MS)), None, "nothing is a day old");
    assert_eq!(found(&reader, &state, Millis(1 + DAY_MS)), Some((1, 1)));
    assert_eq!(found(&reader, &state, Millis(1 + DAY_MS + 9 * 3_600_000)), Some((10, 10)));
    assert_eq!(found(&reader, &state, Millis(1 + 30 * DAY_MS)), Some((100, 100)), "to the end");
}

#[test]
fn p30_the_files_of_what_goes_are_named() {
    let (reader, mut state, id) = kept(10, 10);
    let step = |state: &State, hours: u64| {
        let now = Millis(1 + DAY_MS + hours * 3_600_000);
        match Round::default().step(&reader, state, now).expect("readable").pop() {
            Some(KeepFact::Old { files, .. } | KeepFact::Written { files, .. }) => files,
            None => Vec::new(),
        }
    };
    assert!(step(&state, 1).is_empty(), "it is younger");
    assert_eq!(step(&state, 2), [(2, sha256(b"plan"))]);
    assert_eq!(step(&state, 9), [(2, sha256(b"plan"))]);
    let erasure = Erasure {
        by: "root".to_owned(),
        at: Millis(1),
        texts: crate::model::keeping::Texts::Remove,
        events: 0,
        next: Some((id, 0)),
    };
    state.keeping.erasures.insert("alice".parse().expect("a name"), erasure);
    assert_eq!(step(&state, 0), [(2, sha256(b"plan"))], "alice wrote it");
}

#[test]
fn p30_what_waits_for_the_partner_and_what_is_held_stays() {
    let (reader, mut state, id) = kept(100, 40);
    let now = Millis(1 + 30 * DAY_MS);
    assert_eq!(found(&reader, &state, now), Some((40, 40)), "event 40 is not acknowledged");
    let hold = Hold { by: "root".to_owned(), at: now, reason: "".parse().expect("a reason") };
    state.keeping.holds.insert(Held::Room(id), hold);
    assert_eq!(found(&reader, &state, now), None);
}

#[test]
fn p30_without_a_limit_nothing_goes() {
    let (reader, mut state, _) = kept(10, 10);
    state.keeping.retention = Retention { direct_days: Some(1), ..Retention::default() };
    assert_eq!(found(&reader, &state, Millis(1 + 30 * DAY_MS)), None, "it is no direct room");
    state.keeping.retention = Retention::default();
    assert_eq!(found(&reader, &state, Millis(1 + 30 * DAY_MS)), None);
}

#[test]
fn p30_a_long_room_goes_portion_by_portion_in_one_round() {
    let (reader, mut state, id) = kept(1_200, 1_200);
    let (mut round, now) = (Round::default(), Millis(1 + 400 * DAY_MS));
    let mut portions = Vec::new();
    loop {
        let facts = round.step(&reader, &state, now).expect("readable");
        let Some(KeepFact::Old { before, events, .. }) = facts.into_iter().next() else { break };
        portions.push(events);
        Arc::make_mut(state.rooms.get_mut(&id).expect("the room")).begins = before;
    }
    assert_eq!(portions, [512, 512, 176]);
    assert!(round.step(&reader, &state, now).expect("readable").is_empty(), "the next round is later");
}

/// A room in which an old file was moved into a young subfolder.
fn with_folder() -> (Reader, State, RoomId) {
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    load::create(&*kv, &own_org(&domain("acme.example"))).expect("an empty store");
    let mut loaded = load::load(&kv).expect("readable").expect("made");
    let (id, file) = (RoomId([7; 16]), plan());
    loaded.stage.apply(&Change::Room(Arc::new(room_info(id)))).expect("fits");
    let mut head = Digest::ZERO;
    let name = || "Plans".parse().expect("a name");
    let acts = [
        Folder::Added { file, inside: None },
        Folder::Made { name: name(), inside: None },
        Folder::Moved { target: 0, inside: Some(1) },
    ];
    for ((index, act), hours) in (0..).zip(acts).zip([0, 40, 41]) {
        let content = Content::Act(Act::Folder(act));
        let event =
            wire::event::seal(Event { id: EventId([8; 16]), author: Some(alice()), made_at: Millis(5), content });
        head = chain(head, sha256(&event.bytes));
        let at = Millis(1 + hours * 3_600_000);
        let (sent, regards) = (None, Regards::Nothing);
        let appended = Appended { room: id, index, at, sent, head, regards, event: Arc::new(event) };
        loaded.stage.apply(&Change::Append(appended)).expect("fits");
    }
    let moved = (crate::model::item::Trace { by: alice(), index: 2 }, Some(1));
    let entries = [Entry { moved: Some(moved), ..Entry::default() }, Entry { holds: 1, ..Entry::default() }];
    for (index, entry) in (0..).zip(entries) {
        loaded.stage.apply(&Change::Item(id, index, Arc::new(Item { entry, ..Item::default() }))).expect("fits");
    }
    kv.commit(loaded.stage.take()).expect("memory commits");
    let mut state = load::load(&kv).expect("readable").expect("made").state;
    state.keeping.retention = Retention { group_days: Some(1), ..Retention::default() };
    (Reader::new(kv), state, id)
}

#[test]
fn p19_a_subfolder_counts_what_is_left_in_it_when_old_files_go() {
    let (reader, state, id) = with_folder();
    let facts = Round::default().step(&reader, &state, Millis(1 + 30 * 3_600_000)).expect("readable");
    let [KeepFact::Old { room, before, files, subfolders, .. }] = &facts[..] else { panic!("one room: {facts:?}") };
    assert_eq!((*room, *before, &files[..]), (id, 1, &[(0, sha256(b"plan"))][..]));
    let counts: Vec<(u64, u64)> = subfolders.iter().map(|(index, item)| (*index, item.entry.holds)).collect();
    assert_eq!(counts, [(1, 0)], "it is empty, and can be deleted");
}
