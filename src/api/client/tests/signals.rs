//! Typing, presence, read markers, and their switches, within one organization.

use super::{events::Stream, *};
use serde_json::json;

#[tokio::test]
async fn p22_colleagues_see_who_types_reads_and_is_there() {
    let daemon = Daemon::alone(&["alice", "bob", "carol"]);
    let room = daemon.room("alice", &["bob"]).await;
    let mut bob = Stream::open(&daemon, "bob", None).await;
    let picture = bob.signal("signals").await;
    assert_eq!(picture, json!({ "presence": [], "typing": [] }));
    let mut alice = Stream::open(&daemon, "alice", None).await;
    let there = json!({ "address": "bob@acme.example", "state": "online" });
    assert_eq!(alice.signal("signals").await["presence"], json!([there]));
    assert_eq!(bob.signal("presence").await, json!({ "address": "alice@acme.example", "state": "online" }));

    daemon.write("alice", "POST", &format!("rooms/{room}/typing"), &json!({ "typing": true })).await.expect(204);
    let typing = json!({ "room": room, "address": "alice@acme.example", "typing": true, "ends_in_ms": 6000 });
    assert_eq!(bob.signal("typing").await, typing);
    daemon.write("alice", "POST", &format!("rooms/{room}/typing"), &json!({ "typing": false })).await.expect(204);
    assert_eq!(bob.signal("typing").await["typing"], false);

    daemon.post("alice", &room, "hello").await;
    let index = daemon.read("bob", &format!("rooms/{room}")).await.expect(200)["next_index"].as_u64().expect("n") - 1;
    daemon.write("bob", "PUT", &format!("rooms/{room}/read"), &json!({ "index": index })).await.expect(204);
    let reader = json!({ "room": room, "address": "bob@acme.example", "index": index });
    assert_eq!(alice.signal("reader").await, reader);
    let readers = daemon.read("alice", &format!("rooms/{room}/readers")).await.expect(200);
    assert_eq!(readers, json!({ "items": [{ "address": "bob@acme.example", "index": index }], "on": true }));
    let present = daemon.read("alice", &format!("rooms/{room}/presence")).await.expect(200);
    assert_eq!(present, json!({ "items": [there], "on": true }));
}

#[tokio::test]
async fn p22_who_is_not_in_a_room_learns_nothing_of_it() {
    let daemon = Daemon::alone(&["alice", "bob", "carol"]);
    let room = daemon.room("alice", &["bob"]).await;
    for path in ["readers", "presence"] {
        daemon.read("carol", &format!("rooms/{room}/{path}")).await.refused(404, "NOT_FOUND");
    }
    let typing = daemon.write("carol", "POST", &format!("rooms/{room}/typing"), &json!({ "typing": true })).await;
    typing.refused(404, "NOT_FOUND");
    daemon.write("alice", "POST", &format!("rooms/{room}/typing"), &json!({})).await.refused(400, "INVALID");
}

#[tokio::test]
async fn p22_who_switches_receipts_off_neither_sends_nor_sees_them() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    daemon.post("alice", &room, "hello").await;
    for user in ["alice", "bob"] {
        daemon.write(user, "PUT", &format!("rooms/{room}/read"), &json!({ "index": 0 })).await.expect(204);
    }
    let settings = daemon.read("bob", "me/presence-settings").await.expect(200);
    let all = json!({ "receipts": true, "typing": true, "presence": true });
    assert_eq!((&settings["receipts"], &settings["organization"]), (&json!(true), &all));
    let off = json!({ "receipts": false, "typing": true, "presence": true });
    let changed = daemon.write("bob", "PUT", "me/presence-settings", &off).await.expect(200);
    assert_eq!((&changed["receipts"], &changed["organization"]), (&json!(false), &all));
    for (user, on) in [("alice", true), ("bob", false)] {
        let readers = daemon.read(user, &format!("rooms/{room}/readers")).await.expect(200);
        assert_eq!(readers, json!({ "items": [], "on": on }), "{user}");
    }
}
