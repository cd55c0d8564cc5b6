//! Rows of rooms: who may speak, order, read, and for whom (A16 to A20, A35).

use handclasp::{
    core::command::UserOp,
    crypto::digest::direct_room,
    model::{
        Address, Code, Digest, EventId, RoomId,
        event::{Content, Event, Message, Role},
        record::{Ask, RecordBody},
        room::{History, MemberImage, RoomImage, RoomKind},
        text::Description,
    },
    testing::{
        Node,
        evil::{EvilLink, MADE_AT, Reply},
        fixtures::{address, parsed, room_id},
    },
    wire,
};

pub const MALLORY: &str = "mallory@globex.example";

fn message(author: &str, n: u8, text: &str) -> handclasp::model::event::Sealed {
    wire::event::seal(Event {
        id: EventId([n; 16]),
        author: Some(address(author)),
        made_at: MADE_AT,
        content: Message::plain(parsed(text)).into(),
    })
}

fn event(content: Content) -> handclasp::model::event::Sealed {
    wire::event::seal(Event { id: EventId([8; 16]), author: Some(address(MALLORY)), made_at: MADE_AT, content })
}

/// A daemon that hosts a direct room of alice and mallory.
pub async fn host() -> (Node, EvilLink, RoomId) {
    let node = Node::start("acme.example", &["alice", "carol"]).await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let alice = node.user_address("alice");
    let add = RecordBody::ContactAdd { from: address(MALLORY), name: parsed("Mallory"), to: alice.clone() };
    assert_eq!(link.verdict(&add).await, None);
    let room = direct_room(&alice, &address(MALLORY));
    (node, link, room)
}

/// The same with a group of alice and mallory, and an internal room.
pub async fn host_of_group() -> (Node, EvilLink, RoomId, RoomId) {
    let (node, mut link, _) = host().await;
    let alice = node.user_address("alice");
    node.user("alice", UserOp::AddContact(address(MALLORY))).await.expect("an add can be asked for");
    let accepted = RecordBody::ContactAccepted { from: address(MALLORY), name: parsed("Mallory"), to: alice };
    assert_eq!(link.verdict(&accepted).await, None);
    let (group, internal) = (room_id(1), room_id(2));
    create(&node, group, address(MALLORY)).await;
    create(&node, internal, node.user_address("carol")).await;
    let answer = RecordBody::RoomAnswer {
        room: group,
        accepted: vec![(address(MALLORY), parsed("Mallory"))],
        declined: Vec::new(),
    };
    assert_eq!(link.verdict(&answer).await, None);
    (node, link, group, internal)
}

async fn create(node: &Node, id: RoomId, member: Address) {
    let op = UserOp::CreateRoom {
        id,
        name: parsed("Room"),
        description: Description::default(),
        history: History::Arrival,
        members: vec![member],
    };
    node.user("alice", op).await.expect("a room can be made");
}

/// Everything about a room that a refused record must not change.
pub fn shape(node: &Node, room: RoomId) -> (u64, Digest, Vec<Address>) {
    let state = node.engine.state();
    let room = &state.rooms[&room];
    (room.next_index, room.head, room.members.keys().cloned().collect())
}

#[tokio::test]
async fn a16_only_the_peers_own_members_may_speak() {
    let (node, mut link, room) = host().await;
    let before = shape(&node, room);
    for (author, code) in [
        ("alice@acme.example", Code::Authority),
        ("carol@initech.example", Code::Authority),
        ("trudy@globex.example", Code::NotMember),
    ] {
        let submit = RecordBody::RoomSubmit { room, event: message(author, 1, "not mine") };
        assert_eq!(link.verdict(&submit).await, Some(code), "{author}");
    }
    assert_eq!(shape(&node, room), before);
    let submit = RecordBody::RoomSubmit { room, event: message(MALLORY, 2, "mine") };
    assert_eq!(link.verdict(&submit).await, None);
    let refused = node.engine.reader().audit(1, 1_000).expect("readable");
    let refused = refused.iter().filter(|entry| entry.action == "record.refused").count();
    assert_eq!(refused, 3, "every refusal is audited");
}

fn image(id: RoomId, kind: RoomKind) -> RoomImage {
    let member = |user: &str, role| MemberImage { user: address(user), name: None, role, visible_from: 0 };
    RoomImage {
        id,
        kind,
        name: (kind == RoomKind::Group).then(|| parsed("Mine now")),
        description: Description::default(),
        history: History::All,
        rules: handclasp::model::tool::Rules::default(),
        photo: None,
        created_by: address(MALLORY),
        created_at: MADE_AT,
        members: vec![member(MALLORY, Role::Master), member("alice@acme.example", Role::Member)],
        next_index: 0,
        head: Digest::ZERO,
    }
}

#[tokio::test]
async fn a17_a_room_of_ours_stays_ours() {
    let (node, mut link, group, internal) = host_of_group().await;
    let direct = direct_room(&node.user_address("alice"), &address(MALLORY));
    for (room, kind) in [(group, RoomKind::Group), (internal, RoomKind::Group), (direct, RoomKind::Direct)] {
        let before = shape(&node, room);
        let claims = [
            RecordBody::RoomState(Box::new(image(room, kind))),
            RecordBody::RoomInvite { room, by: address(MALLORY), users: vec![node.user_address("carol")] },
            RecordBody::RoomEvent { room, index: before.0, event: message(MALLORY, 3, "I order") },
            RecordBody::RoomPlaced { room, index: before.0, epoch_n: None, submits: vec![(1, 1)] },
        ];
        for claim in claims {
            let code = link.verdict(&claim).await;
            assert!(matches!(code, Some(Code::Authority | Code::NotFound)), "{claim:?}: {code:?}");
        }
        assert_eq!(shape(&node, room), before);
    }
}

#[tokio::test]
async fn a18_our_people_and_rooms_are_not_the_peers_to_change() {
    let (node, mut link, group, internal) = host_of_group().await;
    let (alice, carol) = (node.user_address("alice"), node.user_address("carol"));
    let before = (shape(&node, group), shape(&node, internal));
    let ask = |room, ask| RecordBody::RoomAsk { room, by: address(MALLORY), ask };
    let changes = [
        ask(group, Ask::Add { users: vec![(carol.clone(), None)] }),
        ask(group, Ask::Remove { users: vec![alice.clone()] }),
        ask(group, Ask::Role { user: address(MALLORY), role: Role::Master }),
        ask(internal, Ask::Remove { users: vec![carol.clone()] }),
        RecordBody::RoomAnswer { room: group, accepted: vec![(carol.clone(), parsed("Carol"))], declined: Vec::new() },
        RecordBody::RoomSubmit { room: group, event: event(Content::Removed { users: vec![alice.clone()] }) },
        RecordBody::RoomSubmit { room: group, event: event(Content::Joined { users: vec![carol.clone()] }) },
        RecordBody::Profile { user: alice.clone(), name: parsed("Renamed"), available: false, photo: None },
        RecordBody::ContactAdd { from: carol.clone(), name: parsed("Carol"), to: alice.clone() },
        RecordBody::ContactAdd { from: address(MALLORY), name: parsed("M"), to: address("x@initech.example") },
        RecordBody::ContactAccepted { from: address(MALLORY), name: parsed("M"), to: carol.clone() },
    ];
    for change in changes {
        assert!(link.verdict(&change).await.is_some(), "{change:?}");
    }
    assert_eq!((shape(&node, group), shape(&node, internal)), before);
    let state = node.engine.state();
    assert_eq!(state.users[&alice.local()].name.as_str(), "alice");
    assert!(!state.contacts.contains_key(&(carol.local(), address(MALLORY))));
}

/// A daemon that follows a direct room which the peer hosts.
pub async fn follower() -> (Node, EvilLink, RoomId) {
    let node = Node::start("acme.example", &["alice"]).await;
    let mut link = EvilLink::open(&node, "aaa.example").await;
    let (alice, mallory) = (node.user_address("alice"), address("mallory@aaa.example"));
    node.user("alice", UserOp::AddContact(mallory.clone())).await.expect("an add can be asked for");
    let accepted = RecordBody::ContactAccepted { from: mallory.clone(), name: parsed("M"), to: alice.clone() };
    assert_eq!(link.verdict(&accepted).await, None);
    (node, link, direct_room(&alice, &mallory))
}

fn ordered(room: RoomId, index: u64, author: &str, n: u8) -> RecordBody {
    RecordBody::RoomEvent { room, index, event: message(author, n, "ordered") }
}

#[tokio::test]
async fn a19_a_host_cannot_put_words_into_our_peoples_mouths() {
    let (node, mut link, room) = follower().await;
    let before = shape(&node, room);
    let forged = ordered(room, before.0, "alice@acme.example", 1);
    assert_eq!(link.verdict(&forged).await, Some(Code::Authority));
    let placed = RecordBody::RoomPlaced { room, index: before.0, epoch_n: None, submits: vec![(1, 50)] };
    assert!(link.verdict(&placed).await.is_some(), "a place for what was never submitted");
    assert_eq!(shape(&node, room), before);
}

#[tokio::test]
async fn a19_a_host_that_skips_or_forks_the_order_freezes_the_room() {
    for skip in [0, 5] {
        let (node, mut link, room) = follower().await;
        let next = shape(&node, room).0;
        assert_eq!(link.verdict(&ordered(room, next, "mallory@aaa.example", 1)).await, None);
        let before = shape(&node, room);
        let index = if skip == 0 { next } else { next + skip };
        assert!(link.verdict(&ordered(room, index, "mallory@aaa.example", 2)).await.is_some());
        assert_eq!(shape(&node, room), before, "nothing of it is shown");
        assert!(node.engine.state().rooms[&room].info.frozen.is_some(), "reported");
        assert_eq!(
            link.verdict(&ordered(room, before.0, "mallory@aaa.example", 3)).await,
            Some(Code::Frozen),
            "nothing more is taken"
        );
    }
}

async fn log(link: &mut EvilLink, room: RoomId, from: u64) -> Reply {
    let question = format!("{{\"room\":\"{room}\",\"from\":{from},\"to\":1000}}");
    link.post("/federation/v1/rooms/log", question).await
}

#[tokio::test]
async fn a20_a_log_is_read_only_where_and_while_the_peer_is_in_it() {
    let (node, mut link, group, internal) = host_of_group().await;
    let arrival = {
        let state = node.engine.state();
        state.rooms[&group].members[&address(MALLORY)].visible_from
    };
    let Reply::Taken(answer) = log(&mut link, group, arrival).await else { panic!("a member's org reads") };
    let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
    assert!(answer["events"].as_array().is_some_and(|events| !events.is_empty()));
    assert!(arrival > 0);
    assert_eq!(log(&mut link, group, arrival - 1).await.code(), Some(Code::NotFound), "before the arrival");
    assert_eq!(log(&mut link, internal, 0).await.code(), Some(Code::NotFound), "internal");
    assert_eq!(log(&mut link, room_id(77), 0).await.code(), Some(Code::NotFound), "no such room");
    let heads = format!("{{\"rooms\":[\"{group}\",\"{internal}\"]}}");
    assert_eq!(link.post("/federation/v1/rooms/heads", heads).await.code(), Some(Code::NotFound));
    let mut other = EvilLink::open(&node, "initech.example").await;
    assert_eq!(log(&mut other, group, arrival).await.code(), Some(Code::NotFound), "another peer's");
    node.user("alice", UserOp::RemoveMember(group, address(MALLORY))).await.expect("a master removes");
    assert_eq!(log(&mut link, group, arrival).await.code(), Some(Code::NotFound), "after leaving");
    node.grant(link.domain(), None).await;
    link.cut().await;
    link.reconnect(&node).await;
    assert_eq!(log(&mut link, group, arrival).await.code(), Some(Code::ClosedByUs), "after the revocation");
}

#[tokio::test]
async fn a35_whatever_was_stored_can_be_read() {
    let (node, mut link, room) = host().await;
    let texts =
        ["\u{202E}\u{2066}drawkcab", "\r\n\tx", "\u{10FFFF}\u{E000}", "<script>alert(1)</script>", "\\\"}]{[", "ﷺ"];
    let mut taken = 0;
    for (n, text) in (10..).zip(texts) {
        let Ok(parsed) = text.parse() else { continue };
        let content = Content::from(Message { reply_to: Some(1 << 52), ..Message::plain(parsed) });
        let event = wire::event::seal(Event {
            id: EventId([n; 16]),
            author: Some(address(MALLORY)),
            made_at: handclasp::model::Millis((1 << 53) - 1),
            content,
        });
        taken += u64::from(link.verdict(&RecordBody::RoomSubmit { room, event }).await.is_none());
        let plain = RecordBody::RoomSubmit { room, event: message(MALLORY, n + 100, text) };
        taken += u64::from(link.verdict(&plain).await.is_none());
    }
    assert!(taken > 0);
    let (next, ..) = shape(&node, room);
    let rows = node.engine.reader().timeline(room, 0, next, usize::MAX, usize::MAX).expect("readable");
    assert_eq!(rows.len() as u64, next);
    for row in rows {
        wire::event::open(&row.bytes).expect("what is stored is in form");
    }
    node.engine.reader().audit(1, 1_000).expect("readable");
    node.engine.reader().journal(0, 1_000).expect("readable");
}
