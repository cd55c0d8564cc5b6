//! Two honest daemons without their HTTP APIs, over real TLS on loopback: opening, sending, closing, coming back.

use handclasp::{
    core::{State, command::UserOp},
    crypto::digest::direct_room,
    model::{
        EventId, RoomId, code::Code, contact::ContactState, event::Message, grant::Scopes, limits, link::LinkState,
    },
    testing::{Node, fixtures::local},
};

async fn pair() -> (Node, Node) {
    let (acme, globex) = (Node::start("acme.example", &["alice"]).await, Node::start("globex.example", &["bob"]).await);
    Node::open_link(&acme, &globex).await;
    (acme, globex)
}

async fn with_contact() -> (Node, Node, RoomId) {
    let (acme, globex) = pair().await;
    let bob = globex.user_address("bob");
    acme.user("alice", UserOp::AddContact(bob.clone())).await.expect("a contact can be asked for");
    let key = (local("alice"), bob.clone());
    acme.until("bob is added", |state| state.contacts.get(&key).is_some_and(|it| it.state == ContactState::Added))
        .await;
    let room = direct_room(&acme.user_address("alice"), &bob);
    (acme, globex, room)
}

fn say(room: RoomId, n: u64, text: &str) -> UserOp {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&n.to_be_bytes());
    let message = Message::plain(text.parse().expect("a valid text"));
    UserOp::Act { room, id: EventId(id), act: message.into() }
}

fn events_in(state: &State, room: RoomId) -> u64 {
    state.rooms.get(&room).map_or(0, |room| room.next_index)
}

fn all_acked(peer: &Node) -> impl Fn(&State) -> bool {
    let peer = peer.domain().clone();
    move |state| state.links[&peer].streams.out.is_some_and(|out| out.acked + 1 == out.next_seq)
}

#[tokio::test]
async fn w8_two_daemons_open_their_link_by_greeting() {
    pair().await;
}

#[tokio::test]
async fn p6_a_contact_add_makes_the_direct_room_on_both_sides() {
    let (acme, globex, room) = with_contact().await;
    assert!(acme.engine.state().rooms.contains_key(&room));
    assert!(globex.engine.state().rooms.contains_key(&room));
}

#[tokio::test]
async fn p23_messages_both_ways_stand_in_one_order() {
    let (acme, globex, room) = with_contact().await;
    let before = events_in(&acme.engine.state(), room);
    for n in 0..50 {
        acme.user("alice", say(room, n, "from acme")).await.expect("alice can write");
        globex.user("bob", say(room, 1_000 + n, "from globex")).await.expect("bob can write");
    }
    let whole = before + 100;
    acme.until("all is ordered", |state| events_in(state, room) == whole).await;
    globex.until("all has arrived", |state| events_in(state, room) == whole).await;
    let events = |node: &Node| {
        let rows = node.engine.reader().timeline(room, before, whole, usize::MAX, usize::MAX).expect("readable");
        rows.into_iter().map(|row| row.bytes).collect::<Vec<_>>()
    };
    assert_eq!(events(&acme), events(&globex), "byte for byte");
    let heads = [&acme, &globex].map(|node| node.engine.state().rooms[&room].head);
    assert_eq!(heads[0], heads[1]);
    acme.until("all is acknowledged", all_acked(&globex)).await;
    globex.until("all is acknowledged", all_acked(&acme)).await;
}

#[tokio::test]
async fn w11_an_envelope_takes_what_waits() {
    let (acme, globex, room) = with_contact().await;
    let before = events_in(&acme.engine.state(), room);
    let posts = (0..2_000).map(|n| acme.user("alice", say(room, n, "many")));
    let posted = futures_util::future::join_all(posts).await;
    assert!(posted.iter().all(Result::is_ok));
    globex.until("all has arrived", |state| events_in(state, room) == before + 2_000).await;
    acme.until("all is acknowledged", all_acked(&globex)).await;
}

#[tokio::test]
async fn p26_a_revocation_stops_both_sides_and_the_peer_hears_of_it() {
    let (acme, globex, room) = with_contact().await;
    acme.grant(globex.domain(), None).await;
    let refused = acme.user("alice", say(room, 1, "too late")).await;
    assert!(refused.is_err(), "nothing is queued after the answer");
    globex.until_link(acme.domain(), LinkState::ClosedByThem).await;
    assert!(globex.user("bob", say(room, 2, "too late")).await.is_err());
}

#[tokio::test]
async fn p18_a_link_opens_again_with_new_streams() {
    let (acme, globex, room) = with_contact().await;
    let before = acme.engine.state().links[globex.domain()].streams.out.expect("a stream").epoch;
    acme.grant(globex.domain(), None).await;
    globex.until_link(acme.domain(), LinkState::ClosedByThem).await;
    acme.grant(globex.domain(), Some(Scopes::all())).await;
    acme.until_link(globex.domain(), LinkState::Open).await;
    globex.until_link(acme.domain(), LinkState::Open).await;
    let after = acme.engine.state().links[globex.domain()].streams.out.expect("a stream").epoch;
    assert!(after.n > before.n);
    let count = events_in(&globex.engine.state(), room);
    acme.user("alice", say(room, 3, "again")).await.expect("the direct room is writable again");
    globex.until("it has arrived", |state| events_in(state, room) > count).await;
}

#[tokio::test]
async fn f1_a_cut_connection_costs_nothing() {
    let (acme, globex, room) = with_contact().await;
    let before = events_in(&acme.engine.state(), room);
    for n in 0..200 {
        acme.user("alice", say(room, n, "through cuts")).await.expect("alice can write");
        if n % 20 == 0 {
            acme.connections.cut(globex.domain());
            globex.connections.cut(acme.domain());
        }
    }
    globex.until("all has arrived once", |state| events_in(state, room) == before + 200).await;
    acme.until("all is acknowledged", all_acked(&globex)).await;
    assert_eq!(events_in(&globex.engine.state(), room), before + 200);
}

#[tokio::test]
async fn a34_whatever_a_user_can_post_the_partner_takes() {
    let (acme, globex, room) = with_contact().await;
    let before = events_in(&acme.engine.state(), room);
    let texts = [
        "\"".repeat(limits::TEXT_BYTES_MAX),
        "\\".repeat(limits::TEXT_BYTES_MAX),
        "\n".repeat(limits::TEXT_BYTES_MAX - 1) + "x",
        "\u{10FFFF}".repeat(limits::TEXT_BYTES_MAX / 4),
        "\u{2028}\u{FEFF}\u{202E}x".to_owned(),
    ];
    let mut taken = 0;
    for (n, text) in (0..).zip(&texts) {
        taken += u64::from(acme.user("alice", say(room, n, text)).await.is_ok());
        taken += u64::from(globex.user("bob", say(room, 100 + n, text)).await.is_ok());
    }
    assert!(taken >= 4, "ordinary texts are taken");
    acme.until("all is ordered", |state| events_in(state, room) == before + taken).await;
    globex.until("all has arrived", |state| events_in(state, room) == before + taken).await;
    acme.until("all is acknowledged", all_acked(&globex)).await;
    let refused = |node: &Node| node.engine.state().refused.values().copied().collect::<Vec<Code>>();
    assert_eq!((refused(&acme), refused(&globex)), (vec![], vec![]));
}
