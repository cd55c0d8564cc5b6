//! The folder of a room as clients see it (P17, P19).

use super::*;
use crate::crypto::digest::sha256;
use serde_json::json;

async fn index_of(daemon: &Daemon, user: &str, path: &str, body: &Value) -> u64 {
    daemon.write(user, "POST", path, body).await.expect(201)["index"].as_u64().expect("an index")
}

async fn names(daemon: &Daemon, user: &str, room: &str, query: &str) -> Vec<String> {
    let page = daemon.read(user, &format!("rooms/{room}/folder{query}")).await.expect(200);
    let items = page["items"].as_array().expect("items").clone();
    items.iter().map(|entry| entry["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn p19_entries_are_made_listed_moved_renamed_versioned_deleted_and_brought_back() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let folder = format!("rooms/{room}/folder");
    let sub = index_of(&daemon, "bob", &folder, &json!({ "name": "Plans" })).await;
    let upload = daemon.upload("bob", b"one", "plan.txt", "text/plain").await;
    let entry = index_of(&daemon, "bob", &folder, &json!({ "file": { "upload": upload }, "in": sub })).await;
    let shown = daemon.read("alice", &format!("{folder}/{entry}")).await.expect(200);
    assert_eq!((&shown["kind"], &shown["name"], &shown["in"]), (&json!("file"), &json!("plan.txt"), &json!(sub)));
    assert_eq!((&shown["author"], &shown["versions"]), (&json!("bob@acme.example"), &json!(1)));
    assert_eq!((&shown["version"]["file"]["bytes"], &shown["version"]["state"]), (&json!(3), &json!("here")));
    assert_eq!(names(&daemon, "alice", &room, "?in=top").await, ["Plans"]);
    assert_eq!(names(&daemon, "alice", &room, &format!("?in={sub}")).await, ["plan.txt"]);
    assert_eq!(names(&daemon, "alice", &room, "").await, ["plan.txt", "Plans"]);

    let other = daemon.upload("alice", b"second", "x.txt", "text/plain").await;
    let version = format!("{folder}/{entry}/versions");
    index_of(&daemon, "alice", &version, &json!({ "file": { "upload": other } })).await;
    let versions = daemon.read("bob", &version).await.expect(200)["items"].clone();
    let bytes: Vec<&Value> = versions.as_array().expect("items").iter().map(|it| &it["file"]["bytes"]).collect();
    assert_eq!(bytes, [&json!(6), &json!(3)]);
    for content in [&b"one"[..], b"second"] {
        let path = format!("rooms/{room}/files/{}", sha256(content));
        assert_eq!(daemon.raw("alice", "GET", &path, &[], b"").await.body, content);
    }
    daemon.write("alice", "PUT", &format!("{folder}/{entry}/name"), &json!({ "name": "final.txt" })).await.expect(200);
    daemon
        .write("alice", "PUT", &format!("{folder}/{entry}/name"), &json!({ "name": "a/b" }))
        .await
        .refused(400, "INVALID");
    daemon.write("alice", "DELETE", &format!("{folder}/{sub}"), &Value::Null).await.refused(409, "NOT_EMPTY");
    daemon.write("alice", "PUT", &format!("{folder}/{entry}/place"), &json!({})).await.expect(200);
    daemon.write("alice", "PUT", &format!("{folder}/{entry}/place"), &json!({})).await.expect(204);
    assert_eq!(names(&daemon, "bob", &room, "?in=top").await, ["final.txt", "Plans"]);

    daemon.write("bob", "DELETE", &format!("{folder}/{entry}"), &Value::Null).await.expect(200);
    daemon.write("alice", "DELETE", &format!("{folder}/{sub}"), &Value::Null).await.expect(200);
    assert_eq!(names(&daemon, "bob", &room, "").await, [""; 0]);
    assert_eq!(names(&daemon, "bob", &room, "?in=deleted").await, ["final.txt", "Plans"]);
    let gone = daemon.read("bob", &format!("{folder}/{entry}")).await.expect(200)["deleted"].clone();
    assert_eq!(gone, json!({ "by": "bob@acme.example", "until": NOW.0 + 30 * 24 * 3_600_000 }));
    daemon.write("alice", "POST", &format!("{folder}/{entry}/restore"), &Value::Null).await.expect(200);
    assert_eq!(names(&daemon, "bob", &room, "").await, ["final.txt"]);
}

#[tokio::test]
async fn a_file_of_a_message_is_put_into_the_folder_and_outlives_the_message() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let upload = daemon.upload("alice", b"shared", "plan.txt", "text/plain").await;
    let message = json!({ "text": "look", "files": [{ "upload": upload }] });
    let index = index_of(&daemon, "alice", &format!("rooms/{room}/messages"), &message).await;
    let digest = sha256(b"shared").to_string();
    let source = json!({ "room": room, "index": index, "digest": digest });
    let folder = format!("rooms/{room}/folder");
    let entry = index_of(&daemon, "bob", &folder, &json!({ "name": "kept.txt", "file": source })).await;
    daemon.write("alice", "DELETE", &format!("rooms/{room}/messages/{index}"), &Value::Null).await.expect(200);
    let shown = daemon.read("alice", &format!("{folder}/{entry}")).await.expect(200);
    assert_eq!((&shown["name"], &shown["version"]["file"]["digest"]), (&json!("kept.txt"), &json!(digest)));
    assert_eq!(daemon.raw("alice", "GET", &format!("rooms/{room}/files/{digest}"), &[], b"").await.body, b"shared");
    let again = json!({ "file": source });
    daemon.write("bob", "POST", &folder, &again).await.refused(422, "NO_SUCH_FILE");
}

#[tokio::test]
async fn p17_a_newcomer_finds_what_came_after_them_at_the_top_when_its_subfolder_is_older() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &[]).await;
    let folder = format!("rooms/{room}/folder");
    let sub = index_of(&daemon, "alice", &folder, &json!({ "name": "Old" })).await;
    index_of(&daemon, "alice", &folder, &json!({ "name": "Older", "in": sub })).await;
    let members = json!({ "users": ["bob@acme.example"] });
    daemon.write("alice", "POST", &format!("rooms/{room}/members"), &members).await.expect(202);
    index_of(&daemon, "alice", &folder, &json!({ "name": "New", "in": sub })).await;
    assert_eq!(names(&daemon, "bob", &room, "?in=top").await, ["New"]);
    assert_eq!(names(&daemon, "bob", &room, "").await, ["New"]);
    assert_eq!(names(&daemon, "alice", &room, "?in=top").await, ["Old"]);
    daemon.read("bob", &format!("{folder}/{sub}")).await.refused(404, "NO_SUCH_ITEM");
    daemon.read("bob", &format!("{folder}?in=side")).await.refused(400, "INVALID");
    daemon.write("bob", "POST", &folder, &json!({})).await.refused(400, "INVALID");
}
