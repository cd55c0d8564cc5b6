//! What holds after any history, once everything has come to rest.

use super::ops::Told;
use handclasp::{
    core::{
        State,
        facts::ItemFact,
        files::{is_awaited, named_by},
        photos,
        state::Delivery,
    },
    engine::Engine,
    files::Files,
    model::{Domain, EventId, RoomId, room::RoomKind},
    wire,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One org's copy of everything.
struct Copy {
    state: Arc<State>,
    peer: Domain,
    /// Room, index: the exact bytes.
    events: BTreeMap<(RoomId, u64), Arc<[u8]>>,
    /// Where each event stands.
    places: BTreeMap<EventId, Vec<(RoomId, u64)>>,
    /// Events that we sent, where they stand, and what became of them.
    fates: Vec<((RoomId, u64), EventId, Delivery)>,
    /// Submissions that will not get a place.
    unplaced: BTreeMap<EventId, Delivery>,
}

/// Checks both copies against each other and against what people were told.
pub async fn check(told: &Told) {
    let mut copies = Vec::new();
    for (at, site) in told.sites.iter().enumerate() {
        let engine = site.engine().await;
        check_audit(&engine);
        let files = site.files().expect("it is up");
        check_files(&engine, &files).await;
        check_photos(&engine, &files).await;
        copies.push(read(&engine, &told.sites[1 - at].domain));
    }
    for copy in &copies {
        check_no_quarantine(copy);
        check_once(copy);
    }
    check_order(&copies[0], &copies[1]);
    check_fates(&copies[0], &copies[1]);
    check_fates(&copies[1], &copies[0]);
    check_accepted(told, &copies);
    for at in 0..2 {
        check_markers(told, &copies, at);
    }
}

/// P22: nobody is shown to have read more than they have, whatever was lost, doubled or late.
fn check_markers(told: &Told, copies: &[Copy], at: usize) {
    let ours = &copies[at];
    let Some(signals) = told.sites[at].signals() else { return };
    for (user, rooms) in &ours.state.rooms_of {
        for room in rooms {
            for (reader, index) in signals.readers(user, *room).unwrap_or_default() {
                let theirs = reader.is_of(&ours.peer);
                let copy = if theirs { &copies[1 - at] } else { ours };
                let mark = copy.state.marks.get(&(reader.local(), *room)).copied().unwrap_or(0);
                assert!(index < mark, "P22: {reader} is shown at {index} of {room}, and has read before {mark} only");
            }
        }
    }
}

fn read(engine: &Engine, peer: &Domain) -> Copy {
    let state = engine.state();
    let mut copy = Copy {
        state: state.clone(),
        peer: peer.clone(),
        events: BTreeMap::new(),
        places: BTreeMap::new(),
        fates: Vec::new(),
        unplaced: BTreeMap::new(),
    };
    for room in state.rooms.values() {
        let id = room.info.id;
        let rows = engine.reader().timeline(id, 0, room.next_index, usize::MAX, usize::MAX).expect("a readable store");
        for row in rows {
            let event = wire::event::open(&row.bytes).expect("a stored event is an event").event;
            copy.places.entry(event.id).or_default().push((id, row.index));
            if let Some(sent) = row.sent {
                copy.fates.push(((id, row.index), event.id, state.delivery(peer, sent.epoch_n, sent.seq)));
            }
            // Of an erased person's the exact bytes are gone.
            if row.erased.is_none() {
                copy.events.insert((id, row.index), row.bytes);
            }
        }
        for unplaced in &room.info.unplaced {
            let rows = engine.reader().pending(id, unplaced.range.from, unplaced.range.to).expect("a readable store");
            for row in rows {
                let event = wire::event::open(&row.bytes).expect("a stored event is an event").event;
                let fate = match unplaced.code {
                    Some(code) => Delivery::Refused(code),
                    None => state.delivery(peer, row.sent.epoch_n, row.sent.seq),
                };
                copy.unplaced.insert(event.id, fate);
            }
        }
    }
    copy
}

/// Whatever an event names and nobody waits for is here, whole; what was recalled is in no event any more (W19, P20).
async fn check_files(engine: &Engine, files: &Files) {
    let state = engine.state();
    for room in state.rooms.values() {
        let id = room.info.id;
        for index in 0..room.next_index {
            let Some(fact) = engine.reader().item(id, index).expect("a readable store") else { continue };
            for file in named_by(&fact.event) {
                if owner_of(&fact).is_some_and(|owner| owner < room.begins) {
                    continue;
                }
                let used = engine.reader().file_uses(file.digest, id).expect("a readable store").contains(&index);
                assert_eq!(used, !is_gone(engine, id, &fact), "P20: {id} {index}");
                if used && !is_awaited(&state, room, file.digest, index) {
                    let bytes = files.read(file.digest, 0, usize::MAX).await.expect("W19: an event's file is here");
                    assert_eq!(handclasp::crypto::digest::sha256(&bytes), file.digest);
                }
            }
        }
    }
}

/// A photo that is shown is here, whole.
async fn check_photos(engine: &Engine, files: &Files) {
    let state = engine.state();
    let own = state.users.keys().map(|user| state.address(user));
    let people: Vec<_> = own.chain(state.profiles.keys().cloned()).collect();
    let of_people = people.iter().filter_map(|person| photos::of_person(&state, person));
    let of_rooms = state.rooms.values().filter_map(|room| photos::of_room(&state, room));
    for photo in of_people.chain(of_rooms) {
        let bytes = files.read(photo.digest, 0, usize::MAX).await.expect("W19: a photo is here");
        assert_eq!((handclasp::crypto::digest::sha256(&bytes), bytes.len() as u64), (photo.digest, photo.bytes));
    }
}

/// Whether an item, or what it belongs to, was taken back for good.
fn is_gone(engine: &Engine, id: RoomId, fact: &ItemFact) -> bool {
    let owner = fact.event.content.act().and_then(|act| act.target());
    let owner = owner.and_then(|owner| engine.reader().item(id, owner).expect("a readable store"));
    fact.item.recalled.is_some() || owner.is_some_and(|owner| owner.item.recalled.is_some())
}

/// What an item belongs to: a note that it changes, an entry whose version it is.
fn owner_of(fact: &ItemFact) -> Option<u64> {
    fact.event.content.act().and_then(|act| act.target())
}

fn check_audit(engine: &Engine) {
    let entries = engine.reader().audit(1, usize::MAX).expect("a readable store");
    for pair in entries.windows(2) {
        assert_eq!(pair[1].prev, wire::audit::entry_hash(&pair[0]), "P28: the audit chain is broken");
        assert_eq!(pair[1].seq, pair[0].seq + 1, "P28: the audit log has a hole");
    }
}

fn check_no_quarantine(copy: &Copy) {
    for link in copy.state.links.values() {
        assert!(link.peer.quarantine.is_none(), "honest daemons contradict nobody: {:?}", link.peer.quarantine);
    }
    for room in copy.state.rooms.values() {
        assert_eq!(room.info.frozen, None, "honest hosts freeze no room");
    }
}

fn check_once(copy: &Copy) {
    for (event, places) in &copy.places {
        assert_eq!(places.len(), 1, "P21: {event} is shown twice at {}: {places:?}", copy.state.org.domain);
        assert!(!copy.unplaced.contains_key(event), "P21: {event} has a place and is called undelivered");
    }
}

/// P23: wherever both have an event at an index, it is the same one.
fn check_order(one: &Copy, other: &Copy) {
    for (place, bytes) in &one.events {
        if let Some(theirs) = other.events.get(place) {
            assert_eq!(bytes, theirs, "P23: the order differs at {place:?}");
        }
    }
}

/// P21: delivered means that the partner has it, anything else that it has not.
fn check_fates(ours: &Copy, theirs: &Copy) {
    for ((room, index), event, fate) in &ours.fates {
        let there = theirs.places.contains_key(event);
        let deleted = theirs.state.rooms.get(room).is_some_and(|room| *index < room.begins);
        match fate {
            Delivery::Delivered if deleted => {}
            Delivery::Delivered => assert!(there, "P21: {event} in {room} is called delivered, {} lacks it", ours.peer),
            Delivery::Refused(_) | Delivery::Undelivered => {
                assert!(!there, "P21: {event} in {room} is called {fate:?}, {} has it", ours.peer);
            }
            Delivery::Queued => panic!("P21: {event} in {room} still waits, and nothing is in the way"),
        }
    }
    for (event, fate) in &ours.unplaced {
        let there = theirs.places.contains_key(event);
        assert!(!there || *fate == Delivery::Delivered, "P21: {event} is called {fate:?}, {} has it", ours.peer);
    }
}

/// D1: what was answered as durable is in the author's org, placed or with a verdict, after any crash.
fn check_accepted(told: &Told, copies: &[Copy]) {
    let mut known: BTreeSet<EventId> = told.unanswered.iter().copied().collect();
    for (site, room, event) in &told.accepted {
        known.insert(*event);
        let copy = &copies[*site];
        let kept = copy.places.contains_key(event) || copy.unplaced.contains_key(event);
        // A room keeps a bounded number of verdicts for its authors, and no more events than its org wants.
        let bounded = copy.state.rooms.get(room).is_some_and(|room| {
            room.info.unplaced.len() >= handclasp::model::limits::UNPLACED_RANGES_MAX || room.begins > 0
        });
        assert!(kept || bounded, "D1: {event} in {room} was answered by {} and is gone", copy.state.org.domain);
    }
    for copy in copies {
        for room in copy.state.rooms.values().filter(|room| room.info.kind == RoomKind::Direct) {
            for (place, bytes) in copy.events.range((room.info.id, 0)..(room.info.id, u64::MAX)) {
                let event = wire::event::open(bytes).expect("a stored event is an event").event;
                assert!(known.contains(&event.id), "nobody wrote what stands at {place:?}");
            }
        }
    }
}
