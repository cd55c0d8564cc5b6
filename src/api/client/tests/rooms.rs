//! Making rooms, their members and settings.

use super::*;
use serde_json::json;

#[tokio::test]
async fn p12_rooms_with_the_same_members_are_offered_first() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let body = json!({ "name": "Lunch", "members": ["bob@acme.example"] });
    let first = daemon.write("alice", "POST", "rooms", &body).await.expect(201);
    let offer = daemon.write("alice", "POST", "rooms", &body).await.refused(409, "EXISTS");
    assert_eq!(offer["rooms"][0]["id"], first["id"]);
    let another = json!({ "name": "Dinner", "members": ["bob@acme.example"], "new": true });
    let second = daemon.write("alice", "POST", "rooms", &another).await.expect(201);
    assert_ne!(first["id"], second["id"]);
}

#[tokio::test]
async fn a_repeated_request_under_a_key_finds_the_room_that_it_made() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let body = json!({ "name": "Lunch", "members": ["bob@acme.example"] });
    let first = daemon.write_once("alice", "POST", "rooms", &body, Some("k1")).await.expect(201);
    let again = daemon.write_once("alice", "POST", "rooms", &body, Some("k1")).await.expect(201);
    assert_eq!(first["id"], again["id"]);
    assert_eq!(daemon.read("alice", "rooms").await.expect(200)["items"].as_array().expect("items").len(), 1);
}

#[tokio::test]
async fn a_room_shows_what_it_is_and_who_one_is_in_it() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let body = json!({ "name": "Lunch", "description": "at noon", "history": "all", "members": ["bob@acme.example"] });
    let room = daemon.write("alice", "POST", "rooms", &body).await.expect(201);
    for (field, value) in [
        ("kind", json!("internal")),
        ("external", json!(false)),
        ("host", json!("acme.example")),
        ("name", json!("Lunch")),
        ("description", json!("at noon")),
        ("history", json!("all")),
        ("created_by", json!("alice@acme.example")),
        ("writable", json!(true)),
        ("you", json!({ "role": "master" })),
        ("members_count", json!(2)),
    ] {
        assert_eq!(room[field], value, "{field}");
    }
    let id = room["id"].as_str().expect("an id");
    let members = daemon.read("bob", &format!("rooms/{id}/members")).await.expect(200);
    assert_eq!(members["items"][1]["address"], "bob@acme.example");
    assert_eq!(members["items"][1]["role"], "member");
}

#[tokio::test]
async fn p13_only_masters_change_a_room() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let path = format!("rooms/{room}");
    daemon.write("bob", "PATCH", &path, &json!({ "name": "Mine" })).await.refused(403, "NOT_MASTER");
    let changed = daemon.write("alice", "PATCH", &path, &json!({ "name": "Ours" })).await.expect(202);
    assert_eq!(changed["name"], "Ours");
    daemon.write("alice", "PATCH", &path, &json!({})).await.refused(400, "INVALID");
    let role = format!("rooms/{room}/members/bob@acme.example/role");
    daemon.write("alice", "PUT", &role, &json!({ "role": "master" })).await.expect(202);
    daemon.write("bob", "PATCH", &path, &json!({ "name": "Mine" })).await.expect(202);
}

#[tokio::test]
async fn lists_page_by_cursor() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let mut made = std::collections::BTreeSet::new();
    for _ in 0..5 {
        made.insert(daemon.room("alice", &["bob"]).await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = daemon.read("alice", &format!("rooms?limit=2{cursor}")).await.expect(200);
        let items = page["items"].as_array().expect("items");
        seen.extend(items.iter().map(|room| room["id"].as_str().expect("an id").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, made.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn notifications_page_from_the_newest_and_can_be_read() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let mut rooms = Vec::new();
    for _ in 0..3 {
        rooms.push(daemon.room("alice", &["bob"]).await);
    }
    let first = daemon.read("bob", "notifications?limit=2").await.expect(200);
    assert_eq!(first["items"][0]["kind"], "joined");
    assert_eq!(first["items"][0]["room"], rooms[2].as_str());
    let next = first["next"].as_str().expect("there is more");
    let second = daemon.read("bob", &format!("notifications?limit=2&cursor={next}")).await.expect(200);
    assert_eq!((second["items"].as_array().expect("items").len(), &second["next"]), (1, &Value::Null));
    assert_eq!(daemon.read("bob", "me").await.expect(200)["unread_notifications"], 3);
    let newest = first["items"][0]["n"].as_u64().expect("a number");
    daemon.write("bob", "PUT", "notifications/read", &json!({ "before": newest })).await.expect(204);
    assert_eq!(daemon.read("bob", "me").await.expect(200)["unread_notifications"], 1);
}
