//! Bad input: each endpoint names the field and what is allowed, and nothing changes.

use super::*;
use serde_json::json;

#[tokio::test]
async fn every_endpoint_names_the_field_at_fault() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let in_room = |rest: &str| format!("rooms/{room}/{rest}");
    let long = "x".repeat(17 * 1024);
    for (method, path, body, field) in [
        ("POST", "session".to_owned(), json!({ "user": "Alice!", "password": "x" }), "user"),
        ("POST", "session".to_owned(), json!({ "user": "bob@globex.example", "password": "x" }), "user"),
        ("POST", "session".to_owned(), json!({ "user": "alice" }), "password"),
        ("POST", "session".to_owned(), json!({ "user": "alice", "password": "x", "label": "a\nb" }), "label"),
        ("PATCH", "me".to_owned(), json!({ "name": "a@b" }), "name"),
        ("PATCH", "me".to_owned(), json!({ "nmae": "a" }), "nmae"),
        ("PUT", "me/password".to_owned(), json!({ "current": "x", "new": "short" }), "new"),
        ("POST", "contacts".to_owned(), json!({ "address": "bob" }), "address"),
        ("PATCH", "contacts/bob@globex.example".to_owned(), json!({ "note": "a\u{202e}b" }), "note"),
        ("DELETE", "contacts/bob".to_owned(), Value::Null, "address"),
        ("PUT", "contacts/bob/block".to_owned(), Value::Null, "address"),
        ("POST", "rooms".to_owned(), json!({ "name": "", "members": ["bob@acme.example"], "new": true }), "name"),
        ("POST", "rooms".to_owned(), json!({ "name": "a", "members": ["bob@acme.example", "b"] }), "members[1]"),
        ("POST", "rooms".to_owned(), json!({ "name": "a", "members": [], "history": "some", "new": true }), "history"),
        ("PATCH", format!("rooms/{room}"), json!({ "description": "a\nb" }), "description"),
        ("PATCH", "rooms/xyz".to_owned(), json!({ "name": "a" }), "room"),
        ("PUT", in_room("read"), json!({ "index": -1 }), "index"),
        ("POST", in_room("members"), json!({ "users": "bob" }), "users"),
        ("PUT", in_room("members/bob@acme.example/role"), json!({ "role": "owner" }), "role"),
        ("POST", in_room("messages"), json!({ "text": "  " }), "text"),
        ("POST", in_room("messages"), json!({ "text": long }), "text"),
        ("POST", in_room("messages"), json!({ "text": "a", "reply_to": "b" }), "reply_to"),
        ("POST", in_room("messages"), json!({ "text": "a", "mentions": ["@bob"] }), "mentions[0]"),
        ("PUT", "notifications/read".to_owned(), json!({}), "before"),
        ("GET", "rooms?limit=0".to_owned(), Value::Null, "limit"),
        ("GET", "rooms?cursor=zz".to_owned(), Value::Null, "cursor"),
        ("GET", "rooms?size=1".to_owned(), Value::Null, "size"),
        ("GET", "contacts?blocked=yes".to_owned(), Value::Null, "blocked"),
        ("GET", in_room("messages?before=x"), Value::Null, "before"),
        ("GET", in_room("messages?before=1&after=1"), Value::Null, "after"),
        ("GET", "why-not".to_owned(), Value::Null, "address"),
        ("GET", "why-not?address=bob@globex.example&scope=all".to_owned(), Value::Null, "scope"),
        ("GET", "events?last_event_id=x".to_owned(), Value::Null, "last_event_id"),
    ] {
        let before = daemon.engine.state();
        let problem = daemon.write("alice", method, &path, &body).await.refused(400, "INVALID");
        assert_eq!(problem["field"], field, "{method} {path} {body}: {problem}");
        assert!(!problem["detail"].as_str().expect("a sentence").is_empty());
        assert!(Arc::ptr_eq(&before, &daemon.engine.state()), "{method} {path}: nothing was submitted");
    }
}

#[tokio::test]
async fn what_is_no_endpoint_or_method_is_a_problem_too() {
    let daemon = Daemon::alone(&["alice"]);
    daemon.read("alice", "nothing").await.refused(404, "NOT_FOUND");
    let reply = daemon.write("alice", "PUT", "rooms", &Value::Null).await;
    assert!(reply.headers.contains_key(header::ALLOW), "{:?}", reply.headers);
    reply.refused(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn only_json_within_the_limit_is_taken() {
    let daemon = Daemon::alone(&["alice"]);
    let form = daemon.request("alice", "PATCH", "me").header(header::CONTENT_TYPE, "text/plain");
    daemon.send(form.body(Body::from("{}")).expect("a request")).await.refused(415, "MEDIA_TYPE");
    let name = "x".repeat(crate::model::limits::API_BODY_BYTES_MAX);
    daemon.write("alice", "PATCH", "me", &json!({ "name": name })).await.refused(413, "TOO_LARGE");
    let bad_key = daemon.write_once("alice", "PATCH", "me", &json!({ "name": "A" }), Some("a b")).await;
    assert_eq!(bad_key.refused(400, "INVALID")["field"], "Idempotency-Key");
}

#[tokio::test]
async fn rooms_of_others_cannot_be_told_from_rooms_that_do_not_exist() {
    let daemon = Daemon::alone(&["alice", "bob", "mallory"]);
    let room = daemon.room("alice", &["bob"]).await;
    let nowhere = "00".repeat(16);
    for (method, rest, body) in [
        ("GET", "", Value::Null),
        ("GET", "/members", Value::Null),
        ("GET", "/former", Value::Null),
        ("GET", "/invitations", Value::Null),
        ("GET", "/messages", Value::Null),
        ("POST", "/messages", json!({ "text": "a" })),
        ("PATCH", "", json!({ "name": "a" })),
        ("PUT", "/read", json!({ "index": 0 })),
        ("POST", "/members", json!({ "users": ["mallory@acme.example"] })),
        ("DELETE", "/members/bob@acme.example", Value::Null),
        ("PUT", "/members/bob@acme.example/role", json!({ "role": "master" })),
    ] {
        let there = daemon.write("mallory", method, &format!("rooms/{room}{rest}"), &body).await;
        let not_there = daemon.write("mallory", method, &format!("rooms/{nowhere}{rest}"), &body).await;
        assert_eq!(there.refused(404, "NOT_FOUND"), not_there.refused(404, "NOT_FOUND"), "{method} {rest}");
    }
}
