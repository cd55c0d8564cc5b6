//! Signing in and out, and one's own account.

use super::*;
use serde_json::json;

const PASSWORD: &str = "correct horse";

/// Alice has a password and nobody is signed in.
async fn with_password() -> Daemon {
    let passwords = Passwords::new(Entropy::new(Seeded::new(9)));
    let hash = passwords.hash(&crate::api::password::Password::new(PASSWORD.to_owned())).await.expect("idle");
    let mut state = org_with_users(&acme(), &["alice", "bob"]);
    let mut alice = (*state.users[&user("alice")]).clone();
    alice.password = Some(hash);
    state.users.insert(user("alice"), Arc::new(alice));
    let mut daemon = Daemon::on(state);
    daemon.tokens.remove("alice");
    daemon
}

async fn sign_in(daemon: &Daemon, name: &str, password: &str) -> Reply {
    daemon.write("", "POST", "session", &json!({ "user": name, "password": password, "label": "test" })).await
}

#[tokio::test]
async fn a_sign_in_gives_a_token_that_works_until_the_sign_out() {
    let mut daemon = with_password().await;
    for name in ["alice", "alice@acme.example"] {
        let session = sign_in(&daemon, name, PASSWORD).await.expect(201);
        assert_eq!(session["address"], "alice@acme.example");
        assert!(session["ends_at"].as_u64().expect("a time") > NOW.0);
        daemon.tokens.insert("alice".to_owned(), session["token"].as_str().expect("a token").to_owned());
    }
    let me = daemon.read("alice", "me").await.expect(200);
    assert_eq!((&me["name"], &me["org"], &me["permitted"]), (&json!("Alice"), &json!("acme.example"), &json!(true)));
    daemon.write("alice", "DELETE", "session", &Value::Null).await.expect(204);
    daemon.read("alice", "me").await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn all_wrong_sign_ins_are_answered_alike() {
    let daemon = with_password().await;
    let wrong = sign_in(&daemon, "alice", "battery staple").await.refused(401, "UNAUTHENTICATED");
    let unknown = sign_in(&daemon, "nobody", PASSWORD).await.refused(401, "UNAUTHENTICATED");
    let without_password = sign_in(&daemon, "bob", PASSWORD).await.refused(401, "UNAUTHENTICATED");
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, without_password);
}

#[tokio::test]
async fn guessing_is_throttled_even_with_the_right_password_at_last() {
    let daemon = with_password().await;
    for _ in 0..crate::model::limits::SIGN_IN_FAILURES_MAX {
        sign_in(&daemon, "alice", "battery staple").await.refused(401, "UNAUTHENTICATED");
    }
    let reply = sign_in(&daemon, "alice", PASSWORD).await;
    assert!(reply.headers.contains_key(header::RETRY_AFTER));
    reply.refused(429, "RATE_LIMITED");
}

#[tokio::test]
async fn a_new_password_needs_the_present_one_and_ends_other_sessions() {
    let mut daemon = with_password().await;
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let session = sign_in(&daemon, "alice", PASSWORD).await.expect(201);
        tokens.push(session["token"].as_str().expect("a token").to_owned());
    }
    daemon.tokens.insert("alice".to_owned(), tokens.remove(0));
    let wrong = json!({ "current": "battery staple", "new": "a new password" });
    let problem = daemon.write("alice", "PUT", "me/password", &wrong).await.refused(403, "FORBIDDEN");
    assert_eq!(problem["field"], "current");
    let right = json!({ "current": PASSWORD, "new": "a new password" });
    daemon.write("alice", "PUT", "me/password", &right).await.expect(204);
    daemon.read("alice", "me").await.expect(200);
    daemon.tokens.insert("alice".to_owned(), tokens.remove(0));
    daemon.read("alice", "me").await.refused(401, "UNAUTHENTICATED");
    sign_in(&daemon, "alice", PASSWORD).await.refused(401, "UNAUTHENTICATED");
    sign_in(&daemon, "alice", "a new password").await.expect(201);
}

#[tokio::test]
async fn a_session_ends_at_its_time() {
    let mut state = org_with_users(&acme(), &["alice"]);
    let (token, digest) = auth::issue(&Entropy::new(Seeded::new(1)));
    let session = Session { user: user("alice"), label: String::new(), created_at: Millis(1), ends_at: NOW };
    state.sessions.insert(digest, Arc::new(session));
    let mut daemon = Daemon::on(state);
    daemon.tokens.insert("alice".to_owned(), token);
    daemon.read("alice", "me").await.refused(401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn one_can_rename_oneself() {
    let daemon = Daemon::alone(&["alice"]);
    let me = daemon.write("alice", "PATCH", "me", &json!({ "name": "Alice B." })).await.expect(200);
    assert_eq!(me["name"], "Alice B.");
}

#[tokio::test]
async fn limits_have_names_and_units() {
    let daemon = Daemon::alone(&["alice"]);
    let limits = daemon.read("alice", "limits").await.expect(200);
    let text = limits["items"].as_array().expect("items").iter().find(|limit| limit["name"] == "message_text");
    let text = text.expect("the limit of texts");
    assert_eq!((&text["max"], &text["unit"]), (&json!(16 * 1024), &json!("bytes")));
}
