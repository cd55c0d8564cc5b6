//! Posting and reading timelines.

use super::*;
use crate::{
    core::{
        Command,
        command::{AdminOp, GrantRequest, PeerOp, UserOp},
        grants,
    },
    crypto::digest::direct_room,
    model::record::{Ack, Credit},
    testing::{
        Org, Pair,
        fixtures::{parsed, signed_grant},
    },
};
use serde_json::json;

fn texts(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("items").iter();
    items.filter_map(|item| item["event"]["text"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_posted_message_is_read_by_the_others() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let body = json!({ "text": "Hello \"Bob\"\nand \u{1F44B}", "mentions": ["bob@acme.example"] });
    let posted = daemon.write("alice", "POST", &format!("rooms/{room}/messages"), &body).await.expect(201);
    assert!(posted["pending"].is_null() && posted["delivery"].is_null(), "nothing has to cross: {posted}");
    let page = daemon.read("bob", &format!("rooms/{room}/messages")).await.expect(200);
    let last = page["items"].as_array().expect("items").last().expect("an item").clone();
    assert_eq!(last["index"], posted["index"]);
    assert_eq!(last["event"]["id"], posted["id"]);
    assert_eq!(last["event"]["text"], body["text"]);
    assert_eq!(last["event"]["author"], "alice@acme.example");
}

#[tokio::test]
async fn pages_go_both_ways_without_gap_or_overlap() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let all: Vec<String> = (0..7).map(|n| format!("m{n}")).collect();
    for text in &all {
        daemon.post("alice", &room, text).await;
    }
    let (mut back, mut before) = (Vec::new(), String::new());
    loop {
        let page = daemon.read("bob", &format!("rooms/{room}/messages?limit=3{before}")).await.expect(200);
        back.splice(0..0, texts(&page));
        let Some(next) = page["next_before"].as_u64() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(back, all);
    let (mut forth, mut after) = (Vec::new(), 0);
    loop {
        let page = daemon.read("bob", &format!("rooms/{room}/messages?limit=3&after={after}")).await.expect(200);
        forth.extend(texts(&page));
        let Some(next) = page["next_after"].as_u64() else { break };
        after = next;
    }
    assert_eq!(forth, all);
}

#[tokio::test]
async fn a_repeated_post_under_a_key_is_done_once() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let path = format!("rooms/{room}/messages");
    let body = json!({ "text": "once" });
    let first = daemon.write_once("alice", "POST", &path, &body, Some("k1")).await.expect(201);
    let again = daemon.write_once("alice", "POST", &path, &body, Some("k1")).await.expect(201);
    assert_eq!(first, again);
    let other = json!({ "text": "other" });
    daemon.write_once("alice", "POST", &path, &other, Some("k1")).await.refused(422, "KEY_REUSED");
    daemon.write_once("bob", "POST", &path, &other, Some("k1")).await.expect(201);
    let page = daemon.read("bob", &path).await.expect(200);
    assert_eq!(texts(&page), ["once", "other"]);
}

#[tokio::test]
async fn p17_new_members_see_from_their_arrival_on() {
    let daemon = Daemon::alone(&["alice", "bob", "carol"]);
    let room = daemon.room("alice", &["bob"]).await;
    daemon.post("alice", &room, "before").await;
    let users = json!({ "users": ["carol@acme.example"] });
    daemon.write("alice", "POST", &format!("rooms/{room}/members"), &users).await.expect(202);
    daemon.post("alice", &room, "after").await;
    let path = format!("rooms/{room}/messages");
    assert_eq!(texts(&daemon.read("carol", &path).await.expect(200)), ["after"]);
    assert_eq!(texts(&daemon.read("carol", &format!("{path}?after=0")).await.expect(200)), ["after"]);
    assert_eq!(texts(&daemon.read("bob", &path).await.expect(200)), ["before", "after"]);
}

#[tokio::test]
async fn p16_who_was_removed_reads_nothing_any_more() {
    let daemon = Daemon::alone(&["alice", "bob", "carol"]);
    let room = daemon.room("alice", &["bob", "carol"]).await;
    let path = format!("rooms/{room}/members/carol@acme.example");
    daemon.write("alice", "DELETE", &path, &Value::Null).await.expect(202);
    daemon.read("carol", &format!("rooms/{room}/messages")).await.refused(404, "NOT_FOUND");
    let former = daemon.read("alice", &format!("rooms/{room}/former")).await.expect(200);
    assert_eq!(former["items"][0]["address"], "carol@acme.example");
}

#[tokio::test]
async fn reading_counts_down_what_is_unread() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let posted = daemon.post("alice", &room, "a").await;
    daemon.post("alice", &room, "b").await;
    let read = json!({ "index": posted["index"] });
    daemon.write("bob", "PUT", &format!("rooms/{room}/read"), &read).await.expect(204);
    let shown = daemon.read("bob", &format!("rooms/{room}")).await.expect(200);
    assert_eq!((&shown["read_index"], &shown["unread"]), (&posted["index"], &json!(1)));
    assert_eq!(shown["last_event_at"], NOW.0);
}

/// Bob's daemon follows the direct room that acme hosts.
fn followed() -> (Daemon, String) {
    let mut pair = Pair::open();
    let alice = pair.address(Org::Acme, "alice");
    pair.user(Org::Globex, "bob", UserOp::AddContact(alice.clone())).expect("alice can be added");
    pair.sync();
    let room = direct_room(&alice, &pair.address(Org::Globex, "bob"));
    (Daemon::on(pair.globex.state.clone()), room.to_string())
}

/// Bob's admin revokes, and the rooms are cleaned up.
async fn revoke(daemon: &Daemon) {
    let request =
        GrantRequest { peer: acme(), scopes: None, not_after: None, reason: parsed(""), expected_serial: None };
    let grant = grants::build_own(&daemon.engine.state(), &request, NOW).expect("a revocation");
    let expected_serial = grant.serial - 1;
    let op = AdminOp::PutGrant { peer: acme(), expected_serial, grant: Box::new(signed_grant(grant)) };
    daemon.engine.submit(Command::Admin { actor: "root".to_owned(), op }).await.expect("revoked");
    daemon.engine.submit(Command::Tick).await.expect("time passes");
}

#[tokio::test]
async fn p21_what_arrived_while_the_link_closed_is_shown_as_delivered_once_it_is_known() {
    let (daemon, room) = followed();
    let link = daemon.engine.state().links[&acme()].clone();
    let stream = link.streams.out.expect("an open link");
    daemon.post("bob", &room, "on its way").await;
    let delivery = async || {
        let page = daemon.read("bob", &format!("rooms/{room}/messages")).await.expect(200);
        page["pending"][0]["delivery"]["state"].clone()
    };
    assert_eq!(delivery().await, "queued");
    revoke(&daemon).await;
    assert_eq!(delivery().await, "undelivered");
    let ack = Ack {
        link: link.peer.link,
        origin: acme(),
        destination: domain("globex.example"),
        epoch: stream.epoch,
        cursor: stream.next_seq,
        head: crate::model::Digest::ZERO,
        rejects: Vec::new(),
        credit: Credit::FULL,
        sent_at: NOW,
    };
    let op = PeerOp::Settle(ack, Vec::new());
    daemon.engine.submit(Command::Peer { peer: acme(), op }).await.expect("the host had it");
    assert_eq!(delivery().await, "delivered");
}
