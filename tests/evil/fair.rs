//! A share of the daemon for everybody: while its own people are served, a peer gets little credit, and waits when it
//! does not heed it (A23).

use handclasp::{
    core::command::UserOp,
    crypto::digest::direct_room,
    model::{
        EventId, RoomId,
        event::Message,
        limits,
        record::{Credit, RecordBody},
    },
    testing::{
        Node,
        evil::EvilLink,
        fixtures::{address, parsed},
    },
};
use std::time::{Duration, Instant};

const MALLORY: &str = "mallory@globex.example";

async fn befriended() -> (Node, EvilLink, RoomId) {
    let node = Node::start("acme.example", &["alice"]).await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let alice = node.user_address("alice");
    let add = RecordBody::ContactAdd { from: address(MALLORY), name: parsed("Mallory"), to: alice.clone() };
    assert_eq!(link.verdict(&add).await, None);
    let room = direct_room(&alice, &address(MALLORY));
    (node, link, room)
}

async fn say(node: &Node, room: RoomId, n: u8) {
    let act = Message::plain(parsed("we talk")).into();
    node.user("alice", UserOp::Act { room, id: EventId([n; 16]), act }).await.expect("the link is open");
}

fn profiles(link: &EvilLink, count: u64) -> Vec<Vec<u8>> {
    let profile = |seq: u64| {
        let name = parsed(&format!("Name {seq}"));
        link.record_at(seq, &RecordBody::Profile { user: address(MALLORY), name, available: true, photo: None })
    };
    (link.next_seq..link.next_seq + count).map(profile).collect()
}

/// Sends so many records at once; the credit of the ack, and how long it took.
async fn send(link: &mut EvilLink, count: u64) -> (Credit, Duration) {
    let (records, began) = (profiles(link, count), Instant::now());
    let reply = link.send(&records).await;
    let ack = link.ack(&reply);
    assert_eq!(ack.cursor, link.next_seq - 1, "all are taken");
    (ack.credit, began.elapsed())
}

#[tokio::test]
async fn a23_whoever_sends_more_than_its_credit_while_people_are_served_waits() {
    let (node, mut link, room) = befriended().await;
    let pause = Duration::from_millis(limits::UNHEEDED_PAUSE_MS);
    say(&node, room, 1).await;
    let (credit, _) = send(&mut link, 1).await;
    assert_eq!(credit, Credit::SHARED, "the credit falls");
    say(&node, room, 2).await;
    let (_, took) = send(&mut link, credit.records + 1).await;
    assert!(took >= pause, "{took:?}");
    say(&node, room, 3).await;
    let (_, took) = send(&mut link, credit.records).await;
    assert!(took < pause, "whoever heeds it does not wait: {took:?}");
}

#[tokio::test]
async fn a23_the_credit_is_whole_again_when_nobody_asks() {
    let (node, mut link, room) = befriended().await;
    say(&node, room, 1).await;
    assert_eq!(send(&mut link, 1).await.0, Credit::SHARED);
    let until = Instant::now() + Duration::from_millis(10 * limits::SERVED_MS);
    while send(&mut link, 1).await.0 != Credit::FULL {
        assert!(Instant::now() < until, "the credit stays small");
    }
}
