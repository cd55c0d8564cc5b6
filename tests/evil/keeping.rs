//! Rows of what is kept: a peer gets nothing deleted, held or reported changed, and learns nothing of it (P10, P30, A20).

use super::rooms::{MALLORY, follower, host, host_of_group, shape};
use handclasp::{
    core::{
        Command,
        command::{AdminOp, KeepFact, KeepOp, UserOp},
        keeping::keeps_file,
    },
    model::{
        Code, Digest, EventId, RoomId,
        event::{Act, Edit, Event, Message, React, Recall, Sealed},
        file::FileRef,
        keeping::{About, Held, Proof, Retention},
        record::RecordBody,
    },
    testing::{
        Node,
        evil::MADE_AT,
        fixtures::{address, parsed},
    },
    wire,
};

fn sealed(author: &str, n: u8, act: Act) -> Sealed {
    let (id, author) = (EventId([n; 16]), Some(address(author)));
    wire::event::seal(Event { id, author, made_at: MADE_AT, content: act.into() })
}

fn plan() -> FileRef {
    let digest = Digest([9; 32]);
    FileRef { digest, bytes: 10, name: parsed("plan.txt"), media_type: parsed("text/plain"), image: None }
}

async fn keep(node: &Node, op: KeepOp) {
    node.admin(AdminOp::Keep(op)).await.expect("the admin may");
}

/// Everything in the room is too old.
async fn trim(node: &Node, room: RoomId) {
    let retention = Retention { direct_days: Some(1), group_days: Some(1), ..Retention::default() };
    keep(node, KeepOp::SetRetention(retention)).await;
    let before = node.engine.state().rooms[&room].next_index;
    let old = KeepFact::Old { room, before, events: before, files: Vec::new(), subfolders: Vec::new() };
    node.engine.submit(Command::Keep(vec![old])).await.expect("never refused");
    assert_eq!(node.engine.state().rooms[&room].begins, before);
}

#[tokio::test]
async fn p30_what_the_host_has_deleted_is_neither_changed_nor_brought_back() {
    let (node, mut link, room) = host().await;
    let submit = |n, act: Act| RecordBody::RoomSubmit { room, event: sealed(MALLORY, n, act) };
    assert_eq!(link.verdict(&submit(1, Message::plain(parsed("hers")).into())).await, None);
    trim(&node, room).await;
    let before = shape(&node, room);
    let rows: [Act; 3] = [
        Act::Edit(Edit { target: 0, text: parsed("again"), mentions: Vec::new() }),
        Act::Recall(Recall { target: 0 }),
        Act::React(React { target: 0, emoji: parsed("👍"), on: true }),
    ];
    for (n, act) in (2..).zip(rows) {
        assert_eq!(link.verdict(&submit(n, act)).await, Some(Code::NoSuchItem), "{n}");
    }
    assert_eq!(shape(&node, room), before);
    assert_eq!(link.verdict(&submit(9, Message::plain(parsed("goes on")).into())).await, None);
}

#[tokio::test]
async fn p30_a_host_cannot_order_what_its_follower_has_deleted_again() {
    let (node, mut link, room) = follower().await;
    let mallory = "mallory@aaa.example";
    let at = node.engine.state().rooms[&room].next_index;
    let event = |index, n| RecordBody::RoomEvent {
        room,
        index,
        event: sealed(mallory, n, Message::plain(parsed("old")).into()),
    };
    assert_eq!(link.verdict(&event(at, 1)).await, None);
    trim(&node, room).await;
    assert_eq!(link.verdict(&event(at, 1)).await, Some(Code::Frozen), "its place is taken for ever");
    assert!(node.engine.reader().timeline(room, 0, at + 1, 10, usize::MAX).expect("readable").is_empty());
}

#[tokio::test]
async fn p30_a_recall_of_the_peers_takes_nothing_from_a_hold_and_forged_erasures_change_nothing() {
    let (node, mut link, room) = host().await;
    let submit = |n, act: Act| RecordBody::RoomSubmit { room, event: sealed(MALLORY, n, act) };
    let message = Message { files: vec![plan()], ..Message::plain(parsed("hers")) };
    assert_eq!(link.verdict(&submit(1, message.into())).await, None);
    keep(&node, KeepOp::Hold(Held::Room(room), parsed("case"))).await;
    assert_eq!(link.verdict(&submit(2, Act::Recall(Recall { target: 0 }))).await, None);
    node.engine.submit(Command::FilesErased(room, 0)).await.expect("never refused");
    let state = node.engine.state();
    assert!(keeps_file(&state, plan().digest, Some((room, 0))) && !state.erasures[&(room, 0)].done);
    for index in [0, 1, 77] {
        assert_eq!(link.verdict(&RecordBody::FilesErased { room, index }).await, None, "what is not open is done");
    }
    assert!(keeps_file(&node.engine.state(), plan().digest, None), "a peer ends no hold of ours");
    let (node, mut link, _, internal) = host_of_group().await;
    let erased = RecordBody::FilesErased { room: internal, index: 0 };
    assert_eq!(link.verdict(&erased).await, Some(Code::Authority));
    assert!(node.engine.state().erasures.is_empty());
}

#[tokio::test]
async fn p10_a_report_sends_the_reported_org_nothing() {
    let (node, mut link, room) = host().await;
    let event = sealed(MALLORY, 1, Message::plain(parsed("rude")).into());
    assert_eq!(link.verdict(&RecordBody::RoomSubmit { room, event }).await, None);
    let sent = |node: &Node| node.engine.state().links[link.domain()].streams.out.expect("open").next_seq;
    let before = sent(&node);
    for about in [About::Message { room, index: 0 }, About::Person(address(MALLORY)), About::Room(room)] {
        let op = UserOp::Report { about, reason: parsed("rude"), proof: Proof::default() };
        node.user("alice", op).await.expect("she sees it");
    }
    assert_eq!((node.engine.state().keeping.cases.len(), sent(&node)), (3, before));
}
