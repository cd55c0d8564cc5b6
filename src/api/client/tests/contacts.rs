//! External contacts and direct rooms, on the state of two orgs with an open link.

use super::*;
use crate::{
    core::command::UserOp,
    testing::pair::{Org, Pair},
};
use serde_json::json;

const BOB: &str = "bob@globex.example";

/// Alice has bob among her contacts, and a direct room with him.
fn pair() -> Pair {
    let mut pair = Pair::open();
    let bob = pair.address(Org::Globex, "bob");
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob)).expect("the link is open");
    pair.sync();
    pair
}

async fn direct_room(daemon: &Daemon) -> String {
    let contact = daemon.read("alice", &format!("contacts/{BOB}")).await.expect(200);
    contact["room"].as_str().expect("a direct room").to_owned()
}

#[tokio::test]
async fn p11_contacts_bear_the_external_marker_and_the_org_name() {
    let pair = pair();
    let name = pair.acme.state.links[&Org::Globex.domain()].peer.card.card.name.to_string();
    let daemon = Daemon::on(pair.acme.state);
    let page = daemon.read("alice", "contacts").await.expect(200);
    let contact = &page["items"][0];
    for (field, value) in [
        ("address", json!(BOB)),
        ("name", json!("Bob")),
        ("org_name", json!(name)),
        ("external", json!(true)),
        ("state", json!("added")),
        ("writable", json!(true)),
    ] {
        assert_eq!(contact[field], value, "{field}: {contact}");
    }
    assert!(daemon.read("carol", "contacts").await.expect(200)["items"].as_array().expect("items").is_empty());
}

#[tokio::test]
async fn p6_an_add_waits_for_the_partner() {
    let daemon = Daemon::on(pair().acme.state);
    let body = json!({ "address": "dave@globex.example" });
    let contact = daemon.write("carol", "POST", "contacts", &body).await.expect(202);
    assert_eq!((&contact["state"], &contact["writable"]), (&json!("pending"), &json!(false)));
    assert!(contact["why_not"]["code"].is_string());
}

#[tokio::test]
async fn p9_notes_are_changed_field_by_field() {
    let daemon = Daemon::on(pair().acme.state);
    let path = format!("contacts/{BOB}");
    daemon.write("alice", "PATCH", &path, &json!({ "name": "Bobby", "phone": "123" })).await.expect(200);
    let contact =
        daemon.write("alice", "PATCH", &path, &json!({ "phone": "", "note": "met in Rome" })).await.expect(200);
    assert_eq!(contact["overlay"], json!({ "name": "Bobby", "note": "met in Rome" }));
    assert_eq!(contact["name"], "Bob", "their own name is kept beside it");
}

#[tokio::test]
async fn p10_a_block_hides_and_closes_and_can_be_lifted() {
    let daemon = Daemon::on(pair().acme.state);
    let room = direct_room(&daemon).await;
    daemon.write("alice", "PUT", &format!("contacts/{BOB}/block"), &Value::Null).await.expect(204);
    let blocked = daemon.read("alice", "contacts?blocked=true").await.expect(200);
    assert_eq!(blocked["items"][0]["address"], BOB);
    let body = json!({ "text": "a" });
    daemon.write("alice", "POST", &format!("rooms/{room}/messages"), &body).await.refused(403, "BLOCKED");
    daemon.write("alice", "DELETE", &format!("contacts/{BOB}/block"), &Value::Null).await.expect(204);
    daemon.write("alice", "POST", &format!("rooms/{room}/messages"), &body).await.expect(201);
}

#[tokio::test]
async fn p21_a_message_that_has_to_cross_is_queued() {
    let daemon = Daemon::on(pair().acme.state);
    let room = direct_room(&daemon).await;
    let posted = daemon.post("alice", &room, "hello").await;
    assert_eq!(posted["delivery"], json!({ "state": "queued" }));
    let page = daemon.read("alice", &format!("rooms/{room}/messages")).await.expect(200);
    assert_eq!(page["items"][0]["delivery"], json!({ "state": "queued" }));
    let shown = daemon.read("alice", &format!("rooms/{room}")).await.expect(200);
    assert_eq!((&shown["kind"], &shown["with"], &shown["external"]), (&json!("direct"), &json!(BOB), &json!(true)));
}

#[tokio::test]
async fn p21_a_submission_to_the_host_is_shown_as_pending_to_its_author() {
    let daemon = Daemon::on(pair().globex.state);
    let contact = daemon.write("bob", "POST", "contacts", &json!({ "address": "alice@acme.example" })).await;
    let room = contact.expect(202)["room"].as_str().expect("a direct room").to_owned();
    let posted = daemon.post("bob", &room, "hello").await;
    assert_eq!((&posted["index"], &posted["delivery"]["state"]), (&Value::Null, &json!("queued")));
    let page = daemon.read("bob", &format!("rooms/{room}/messages")).await.expect(200);
    assert_eq!(page["pending"][0]["pending"], posted["pending"]);
    assert_eq!(page["pending"][0]["event"]["text"], "hello");
}

#[tokio::test]
async fn p5_why_not_names_who_can_change_it() {
    let mut pair = pair();
    let open = Daemon::on(pair.acme.state.clone());
    let answer = open.read("alice", &format!("why-not?address={BOB}")).await.expect(200);
    assert_eq!(answer, json!({ "possible": true, "reasons": [] }));
    pair.revoke(Org::Acme);
    let closed = Daemon::on(pair.acme.state);
    let answer = closed.read("alice", &format!("why-not?address={BOB}")).await.expect(200);
    assert_eq!(answer["possible"], false);
    assert_eq!(answer["reasons"][0]["code"], "CLOSED_BY_US");
    assert_eq!(answer["reasons"][0]["who"], "your_admin");
}

#[tokio::test]
async fn p24_the_account_shows_its_links() {
    let daemon = Daemon::on(pair().acme.state);
    let me = daemon.read("alice", "me").await.expect(200);
    assert_eq!((&me["peers"][0]["peer"], &me["peers"][0]["state"]), (&json!("globex.example"), &json!("open")));
}
