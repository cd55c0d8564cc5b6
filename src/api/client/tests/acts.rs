//! Edits, recalls, reactions and quotes as clients see them (P17, P20).

use super::*;
use serde_json::json;

async fn item(daemon: &Daemon, user: &str, room: &str, index: &Value) -> Value {
    daemon.read(user, &format!("rooms/{room}/messages/{index}")).await.expect(200)
}

async fn said(daemon: &Daemon, user: &str, room: &str, text: &str) -> Value {
    daemon.post(user, room, text).await["index"].clone()
}

#[tokio::test]
async fn p20_an_edited_message_shows_its_text_of_now_and_keeps_its_first() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let index = said(&daemon, "bob", &room, "first").await;
    let path = format!("rooms/{room}/messages/{index}");
    let edited = daemon.write("bob", "PATCH", &path, &json!({ "text": "second" })).await.expect(200);
    daemon.write("bob", "PATCH", &path, &json!({ "text": "third" })).await.expect(200);
    let shown = item(&daemon, "alice", &room, &index).await;
    assert_eq!(shown["event"]["text"], "first");
    assert_eq!((&shown["now"]["edited"]["text"], &shown["now"]["edited"]["count"]), (&json!("third"), &json!(2)));
    let page = daemon.read("alice", &format!("rooms/{room}/messages?limit=200")).await.expect(200);
    let items = page["items"].as_array().expect("items");
    assert!(items.contains(&shown), "a page shows the same");
    let of_edit = items.iter().find(|item| item["index"] == edited["index"]).expect("an event of its own");
    assert_eq!((&of_edit["target"], &of_edit["event"]["kind"]), (&index, &json!("edit")));
    daemon.write("alice", "PATCH", &path, &json!({ "text": "mine" })).await.refused(403, "NOT_AUTHOR");
    daemon.write("bob", "PATCH", &path, &json!({ "text": "" })).await.refused(400, "INVALID");
    let none = format!("rooms/{room}/messages/999");
    daemon.write("bob", "PATCH", &none, &json!({ "text": "x" })).await.refused(404, "NO_SUCH_ITEM");
}

#[tokio::test]
async fn p20_what_was_recalled_is_said_nowhere_any_more() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let index = said(&daemon, "bob", &room, "my secret").await;
    let path = format!("rooms/{room}/messages/{index}");
    daemon.write("bob", "PATCH", &path, &json!({ "text": "my secret, again" })).await.expect(200);
    daemon
        .write("alice", "POST", &format!("rooms/{room}/messages"), &json!({ "text": "re", "reply_to": index }))
        .await
        .expect(201);
    daemon.write("alice", "DELETE", &path, &Value::Null).await.expect(200);
    for user in ["alice", "bob"] {
        let page = daemon.read(user, &format!("rooms/{room}/messages")).await.expect(200);
        assert!(!page.to_string().contains("secret"), "{page}");
        let shown = item(&daemon, user, &room, &index).await;
        assert_eq!((&shown["event"]["author"], &shown["event"]["text"]), (&json!("bob@acme.example"), &Value::Null));
        assert_eq!(shown["now"]["recalled"]["by"], "alice@acme.example");
    }
    daemon.write("bob", "DELETE", &path, &Value::Null).await.refused(409, "RECALLED");
}

#[tokio::test]
async fn p20_reactions_stand_once_and_go_again() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let index = said(&daemon, "bob", &room, "look").await;
    let path = format!("rooms/{room}/messages/{index}/reactions/%F0%9F%91%8D");
    daemon.write("alice", "PUT", &path, &Value::Null).await.expect(200);
    daemon.write("alice", "PUT", &path, &Value::Null).await.expect(204);
    daemon.write("bob", "PUT", &path, &Value::Null).await.expect(200);
    let people = |shown: &Value| shown["now"]["reactions"][0]["people"].clone();
    let shown = item(&daemon, "bob", &room, &index).await;
    assert_eq!(shown["now"]["reactions"][0]["emoji"], "👍");
    assert_eq!(people(&shown), json!(["alice@acme.example", "bob@acme.example"]));
    daemon.write("alice", "DELETE", &path, &Value::Null).await.expect(200);
    assert_eq!(people(&item(&daemon, "bob", &room, &index).await), json!(["bob@acme.example"]));
    let words = format!("rooms/{room}/messages/{index}/reactions/ok");
    daemon.write("alice", "PUT", &words, &Value::Null).await.refused(400, "INVALID");
}

#[tokio::test]
async fn p20_a_reply_quotes_what_is_answered_as_it_reads_now() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let index = said(&daemon, "bob", &room, &"é".repeat(300)).await;
    let reply = json!({ "text": "re", "reply_to": index });
    let reply =
        daemon.write("alice", "POST", &format!("rooms/{room}/messages"), &reply).await.expect(201)["index"].clone();
    let quote = item(&daemon, "bob", &room, &reply).await["now"]["quote"].clone();
    assert_eq!(quote["text"], format!("{}…", "é".repeat(200)));
    daemon
        .write("bob", "PATCH", &format!("rooms/{room}/messages/{index}"), &json!({ "text": "short" }))
        .await
        .expect(200);
    let quote = item(&daemon, "bob", &room, &reply).await["now"]["quote"].clone();
    assert_eq!(quote, json!({ "index": index, "author": "bob@acme.example", "text": "short", "recalled": false }));
}

#[tokio::test]
async fn p17_newcomers_see_nothing_of_what_is_done_to_older_messages() {
    let daemon = Daemon::alone(&["alice", "bob", "carol"]);
    let room = daemon.room("alice", &["bob"]).await;
    let index = said(&daemon, "alice", &room, "before").await;
    let users = json!({ "users": ["carol@acme.example"] });
    daemon.write("alice", "POST", &format!("rooms/{room}/members"), &users).await.expect(202);
    let path = format!("rooms/{room}/messages/{index}");
    daemon.write("alice", "PATCH", &path, &json!({ "text": "older than carol" })).await.expect(200);
    let reply = json!({ "text": "answer", "reply_to": index });
    daemon.write("bob", "POST", &format!("rooms/{room}/messages"), &reply).await.expect(201);
    let page = daemon.read("carol", &format!("rooms/{room}/messages")).await.expect(200);
    assert!(page.to_string().contains("answer") && !page.to_string().contains("older than carol"), "{page}");
    daemon.read("carol", &path).await.refused(404, "NO_SUCH_ITEM");
    daemon
        .write("carol", "PUT", &format!("{path}/reactions/%F0%9F%91%8D"), &Value::Null)
        .await
        .refused(404, "NO_SUCH_ITEM");
}

#[tokio::test]
async fn reactions_edits_and_recalls_are_not_unread_and_messages_and_comments_are() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let unread = async || daemon.read("alice", &format!("rooms/{room}")).await.expect(200)["unread"].clone();
    let index = daemon.post("alice", &room, "hello").await["index"].as_u64().expect("an index");
    daemon.write("alice", "PUT", &format!("rooms/{room}/read"), &json!({ "index": index })).await.expect(204);
    let message = format!("rooms/{room}/messages/{index}");
    daemon.write("bob", "PUT", &format!("{message}/reactions/%F0%9F%91%8D"), &Value::Null).await.expect(200);
    daemon.write("alice", "PATCH", &message, &json!({ "text": "hello!" })).await.expect(200);
    assert_eq!(unread().await, 0);
    daemon.post("bob", &room, "good morning").await;
    let note = daemon.write("bob", "POST", &format!("rooms/{room}/notes"), &json!({ "title": "x" })).await.expect(201);
    let note = format!("rooms/{room}/notes/{}", note["index"]);
    daemon.write("bob", "PUT", &format!("{note}/pin"), &Value::Null).await.expect(200);
    daemon.write("bob", "POST", &format!("{note}/comments"), &json!({ "text": "y" })).await.expect(201);
    assert_eq!(unread().await, 3);
}
