//! Who sees what of a group whose link has closed, before its clean-up has come to it (P26).

use super::visible_to;
use crate::{
    core::command::UserOp,
    feed::FeedItem,
    model::{Digest, Millis, RoomId, event::Regards, journal::Entry, room::History},
    store::reader::TimelineRow,
    testing::{
        Org, Pair,
        fixtures::{local, parsed, room_id},
    },
};
use std::sync::{Arc, OnceLock};

/// A group that acme hosts, with alice of acme and bob of globex in it.
fn with_group() -> (Pair, RoomId) {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob.clone())).expect("bob can be added");
    pair.sync();
    let id = room_id(9);
    let create = UserOp::CreateRoom {
        id,
        name: parsed("Plans"),
        description: parsed(""),
        history: History::All,
        members: vec![bob],
    };
    pair.user(Org::Acme, "alice", create).expect("a group can be made");
    pair.sync();
    (pair, id)
}

fn sees(pair: &Pair, org: Org, user: &str, entry: Entry) -> bool {
    let item = Arc::new(FeedItem { position: 1, entry, events: Vec::new(), shared: OnceLock::new() });
    visible_to(&pair.side(org).state, &local(user), &item).is_some()
}

#[test]
fn p26_a_feed_shows_nothing_of_a_group_that_awaits_its_clean_up() {
    let (mut pair, room) = with_group();
    let alice = pair.address(Org::Acme, "alice");
    let entries = [Entry::Room { room }, Entry::Events { room, from: 0, to: 1 }, Entry::Delivered { room, through: 0 }];
    assert!(entries.iter().all(|entry| sees(&pair, Org::Globex, "bob", entry.clone())));
    pair.revoke(Org::Globex);
    let state = &pair.globex.state;
    assert!(state.rooms[&room].members.contains_key(&pair.address(Org::Globex, "bob")), "the clean-up is to come");
    for entry in entries {
        assert!(!sees(&pair, Org::Globex, "bob", entry.clone()), "{entry:?}");
    }
    assert!(sees(&pair, Org::Globex, "bob", Entry::Profile { address: alice }), "the direct room stays");
}

#[test]
fn p26_the_hosts_people_go_on_in_a_group_that_awaits_its_clean_up() {
    let (mut pair, room) = with_group();
    pair.revoke(Org::Acme);
    assert!(sees(&pair, Org::Acme, "alice", Entry::Room { room }));
}

#[test]
fn p17_what_changes_a_hidden_item_is_hidden_with_it() {
    let (mut pair, id) = (Pair::open(), room_id(3));
    let [carol, erin] = ["carol", "erin"].map(|user| pair.address(Org::Acme, user));
    let (name, description) = (parsed("Plans"), parsed(""));
    let room = UserOp::CreateRoom { id, name, description, history: History::Arrival, members: vec![carol] };
    pair.user(Org::Acme, "alice", room).expect("a room is made");
    let before = pair.side(Org::Acme).state.rooms[&id].next_index;
    pair.user(Org::Acme, "alice", UserOp::AddMembers(id, vec![erin])).expect("a master adds");
    let (head, at, bytes) = (Digest::ZERO, Millis(1), b"{}".as_slice().into());
    let row =
        |index, regards| TimelineRow { index, at, sent: None, head, regards, erased: None, bytes: Arc::clone(&bytes) };
    let [from, to] = [before + 1, before + 4];
    let events = vec![
        row(from, Regards::Item(before - 1)),
        row(from + 1, Regards::Reply(before - 1)),
        row(from + 2, Regards::Item(from + 1)),
    ];
    let entry = Entry::Events { room: id, from, to };
    let item = Arc::new(FeedItem { position: 1, entry, events, shared: OnceLock::new() });
    let seen = |user: &str| {
        let seen = visible_to(&pair.side(Org::Acme).state, &local(user), &item).expect("a member");
        seen.events.iter().map(|row| row.index - from).collect::<Vec<_>>()
    };
    assert_eq!(seen("carol"), [0, 1, 2]);
    assert_eq!(seen("erin"), [1, 2], "the first changes what is older than erin");
}
