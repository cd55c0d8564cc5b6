//! Scenarios of contacts, rooms, groups and messages between two cores, and each refusal by its rule.

mod acts;
mod archives;
mod clocks;
mod contacts;
mod files;
mod folder;
mod groups;
mod hostile;
mod membership;
mod messages;
mod photos;
mod recovery;
mod tools;

use super::{
    command::{Answer, UserOp},
    state::Room,
};
use crate::{
    crypto::digest::direct_room,
    model::{
        Address, Code, EventId, Reject, RoomId,
        event::{Act, Message, Role},
        journal::{Outcome, Place},
        room::History,
    },
    testing::{
        Org, Pair,
        fixtures::{address, parsed, room_id},
    },
};

const ACME: Org = Org::Acme;
const GLOBEX: Org = Org::Globex;

/// Two orgs with an open link; alice and bob have each other as contacts.
fn acquainted() -> (Pair, RoomId) {
    let mut pair = Pair::open();
    let room = acquaint(&mut pair, ACME, "alice", "bob");
    acquaint(&mut pair, GLOBEX, "bob", "alice");
    (pair, room)
}

/// One adds the other; both sides come to rest.
fn acquaint(pair: &mut Pair, org: Org, user: &str, other: &str) -> RoomId {
    let (own, other) = (pair.address(org, user), pair.address(org.other(), other));
    pair.user(org, user, UserOp::AddContact(other.clone())).expect("an add is taken");
    pair.sync();
    direct_room(&own, &other)
}

/// A group of alice (master), carol, bob and dave, hosted by `host`, with everybody in.
fn group(host: Org) -> (Pair, RoomId) {
    let mut pair = Pair::open();
    let (creator, guests): (&str, [&str; 2]) =
        if host == ACME { ("alice", ["bob", "dave"]) } else { ("bob", ["alice", "carol"]) };
    for guest in guests {
        acquaint(&mut pair, host, creator, guest);
    }
    let colleague = if host == ACME { "carol" } else { "dave" };
    let mut members: Vec<Address> = guests.iter().map(|guest| pair.address(host.other(), guest)).collect();
    members.push(pair.address(host, colleague));
    let id = room_id(9);
    create(&mut pair, host, creator, id, members).expect("a group is made");
    pair.sync();
    (pair, id)
}

fn create(pair: &mut Pair, org: Org, user: &str, id: RoomId, members: Vec<Address>) -> Result<Answer, Reject> {
    let op =
        UserOp::CreateRoom { id, name: parsed("Plans"), description: parsed(""), history: History::Arrival, members };
    pair.user(org, user, op)
}

fn text(words: &str) -> Message {
    Message::plain(parsed(words))
}

fn post(pair: &mut Pair, org: Org, user: &str, room: RoomId, words: &str) -> Result<Place, Reject> {
    post_message(pair, org, user, room, text(words))
}

fn post_message(pair: &mut Pair, org: Org, user: &str, room: RoomId, message: Message) -> Result<Place, Reject> {
    match act(pair, org, user, room, message.into())? {
        Answer::Outcome(Outcome::Posted { place, .. }) => Ok(place),
        other => panic!("a post has a place, not {other:?}"),
    }
}

fn act(pair: &mut Pair, org: Org, user: &str, room: RoomId, act: Act) -> Result<Answer, Reject> {
    pair.user(org, user, UserOp::Act { room, id: EventId([7; 16]), act })
}

fn room(pair: &Pair, org: Org, id: RoomId) -> &Room {
    &pair.side(org).state.rooms[&id]
}

fn members(pair: &Pair, org: Org, id: RoomId) -> Vec<String> {
    room(pair, org, id).members.keys().map(|user| user.local_str().to_owned()).collect()
}

fn masters(pair: &Pair, org: Org, id: RoomId) -> Vec<String> {
    let masters = room(pair, org, id).members.iter().filter(|(_, member)| member.role == Role::Master);
    masters.map(|(user, _)| user.local_str().to_owned()).collect()
}

/// Both copies of a room are the same from the host's side: members, roles, place, chain (P23).
fn assert_in_step(pair: &Pair, id: RoomId) {
    let (one, other) = (room(pair, ACME, id), room(pair, GLOBEX, id));
    assert_eq!(members(pair, ACME, id), members(pair, GLOBEX, id));
    assert_eq!(masters(pair, ACME, id), masters(pair, GLOBEX, id));
    assert_eq!((one.next_index, one.head), (other.next_index, other.head));
    assert_eq!((one.info.frozen, other.info.frozen), (None, None));
    let seen = |user: &Address| (one.members[user].visible_from, other.members[user].visible_from);
    assert!(one.members.keys().all(|user| seen(user).0 == seen(user).1), "visible ranges differ (P17)");
}

/// The texts of a room's timeline on one side, by index.
fn texts(pair: &Pair, org: Org, id: RoomId) -> Vec<(u64, String)> {
    let events = pair.side(org).timelines.range((id, 0)..=(id, u64::MAX));
    let said = |bytes: &[u8]| match crate::wire::event::open(bytes).expect("a stored event can be read").event.content {
        crate::model::event::Content::Act(Act::Message(message)) => Some(message.text.as_str().to_owned()),
        _ => None,
    };
    events.filter_map(|((_, index), bytes)| said(bytes).map(|text| (*index, text))).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, Reject>) -> Code {
    result.expect_err("it is refused").code
}
