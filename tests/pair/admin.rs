//! What both HTTP APIs promise to programs: sign-in, problems, idempotency, pages, documents, the audit log (P28).

use crate::harness::{
    org::{Org, Pair},
    until,
};
use serde_json::{Value, json};

#[tokio::test]
async fn a_person_signs_in_with_a_password_and_out_again() {
    let acme = Org::raise("acme.example", "Acme").await;
    let password = "correct horse battery";
    let user = json!({ "local": "alice", "name": "Alice", "password": password });
    acme.admin.post("/admin/v1/users", &user).await.done();
    let client = crate::harness::http::Http::new(&acme.client, "");
    client.read("/api/v1/me").await.refused("UNAUTHENTICATED");
    for (user, secret) in [("alice", "wrong horse"), ("nobody", password)] {
        let refused = client.post("/api/v1/session", &json!({ "user": user, "password": secret })).await;
        assert_eq!(refused.status, 401, "{}", refused.body);
    }
    let session =
        client.post("/api/v1/session", &json!({ "user": "alice@acme.example", "password": password })).await.done();
    let alice = client.with_token(session["token"].as_str().expect("a token"));
    assert_eq!(alice.read("/api/v1/me").await.done()["address"], "alice@acme.example");
    let change = json!({ "current": password, "new": "another long password" });
    alice.put("/api/v1/me/password", &change).await.done();
    client.post("/api/v1/session", &json!({ "user": "alice", "password": password })).await.refused("UNAUTHENTICATED");
    alice.delete("/api/v1/session").await.done();
    alice.read("/api/v1/me").await.refused("UNAUTHENTICATED");
    // Neither API takes the other's token.
    acme.admin
        .with_token(session["token"].as_str().expect("a token"))
        .read("/admin/v1/status")
        .await
        .refused("UNAUTHENTICATED");
}

#[tokio::test]
async fn a_repeated_request_under_the_same_key_is_done_once() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let path = format!("/api/v1/rooms/{room}/messages");
    for person in [&alice, &bob] {
        let message = json!({ "text": format!("once by {}", person.local()) });
        let first = person.http.post_once(&path, &message, "key-1").await;
        assert_eq!(first.status, 201);
        let first = first.done();
        let again = person.http.post_once(&path, &message, "key-1").await.done();
        assert_eq!(again["id"], first["id"]);
        person.http.post_once(&path, &json!({ "text": "another" }), "key-1").await.refused("KEY_REUSED");
    }
    // The memory is durable, and rooms and contacts are made once as well.
    let wish = json!({ "name": "Launch", "members": [bob.address] });
    let made = alice.http.post_once("/api/v1/rooms", &wish, "key-2").await.done();
    pair.acme.daemon.kill().await;
    pair.acme.restart().await;
    let again = alice.http.post_once("/api/v1/rooms", &wish, "key-2").await.done();
    assert_eq!(again["id"], made["id"]);
    alice.http.post_once(&path, &json!({ "text": "once by alice" }), "key-1").await.done();
    bob.wait_text(&room, "once by alice").await;
    bob.wait_text(&room, "once by bob").await;
    alice.wait_text(&room, "once by bob").await;
    for person in [&alice, &bob] {
        assert_eq!(person.texts(&room).await.len(), 2);
        let rooms = person.http.read("/api/v1/rooms").await.done();
        assert!(rooms["items"].as_array().expect("items").len() <= 2, "{rooms}");
    }
    let bad = alice.http.post_once(&path, &json!({ "text": "x" }), &"k".repeat(129)).await;
    assert_eq!(bad.refused("INVALID")["field"], "Idempotency-Key");
}

#[tokio::test]
async fn problems_are_documents_that_name_the_field() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let messages = format!("/api/v1/rooms/{room}/messages");
    for (path, body, field) in [
        ("/api/v1/contacts", json!({ "address": "bob" }), "address"),
        ("/api/v1/contacts", json!({ "address": 7 }), "address"),
        ("/api/v1/contacts", json!({ "address": "x@globex.example", "extra": true }), "extra"),
        ("/api/v1/rooms", json!({ "name": "x", "members": ["a@b.example", "no"] }), "members[1]"),
        ("/api/v1/rooms", json!({ "name": "x", "members": [], "history": "some" }), "history"),
        (messages.as_str(), json!({ "text": "x", "reply_to": -1 }), "reply_to"),
        (messages.as_str(), json!({ "text": "x", "mentions": [7] }), "mentions[0]"),
    ] {
        let answer = alice.http.post(path, &body).await;
        assert_eq!(
            (answer.status, answer.media_type.as_str()),
            (400, "application/problem+json"),
            "{body}: {}",
            answer.body
        );
        assert_eq!(answer.body["field"], field, "{body}: {}", answer.body);
        assert_eq!(answer.body["type"], "https://handclasp.dev/problems/invalid");
        assert_eq!(answer.body["status"], 400);
        assert!(answer.body["title"].is_string() && answer.body["detail"].is_string());
    }
    for (media_type, body, status) in [
        ("application/json", "{", 400),
        ("application/json", "", 400),
        ("application/json", "[]", 400),
        ("text/plain", "{\"address\":\"x@globex.example\"}", 415),
        ("application/json", "{\"address\":\"x@globex.example\",\"address\":\"y@globex.example\"}", 400),
    ] {
        let answer = alice.http.post_raw("/api/v1/contacts", media_type, body).await;
        assert_eq!(
            (answer.status, answer.media_type.as_str()),
            (status, "application/problem+json"),
            "{body}: {}",
            answer.body
        );
    }
    let large = json!({ "text": "x".repeat(200_000) });
    assert_eq!(alice.http.post(&messages, &large).await.status, 413);
    assert_eq!(alice.http.read("/api/v1/nothing").await.status, 404);
    assert_eq!(alice.http.delete("/api/v1/rooms").await.status, 405);
    let foreign = "00000000000000000000000000000000";
    alice.http.read(&format!("/api/v1/rooms/{foreign}")).await.refused("NOT_FOUND");
    let carol = pair.acme.person("carol").await;
    let (unknown, others) = (
        carol.http.read(&format!("/api/v1/rooms/{foreign}")).await,
        carol.http.read(&format!("/api/v1/rooms/{room}")).await,
    );
    assert_eq!((unknown.status, unknown.body), (others.status, others.body), "nothing tells whether a room exists");
}

#[tokio::test]
async fn lists_page_by_cursor_without_gap_or_overlap() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    alice.befriend(&bob).await;
    for number in 0..7 {
        let wish = json!({ "name": format!("Room {number}"), "members": [], "new": true });
        alice.http.post("/api/v1/rooms", &wish).await.done();
    }
    pair.globex.admin.put("/admin/v1/policy", &json!({ "audience": "chosen", "newcomers": true })).await.done();
    for number in 0..5 {
        pair.acme.admin.post("/admin/v1/users", &json!({ "local": format!("user{number}"), "name": "U" })).await.done();
    }
    for (http, path, total) in [
        (&alice.http, "/api/v1/rooms", 8),
        (&alice.http, "/api/v1/contacts", 1),
        (&alice.http, "/api/v1/notifications", 2),
        (&pair.acme.admin, "/admin/v1/users", 6),
    ] {
        let whole = http.read(path).await.done();
        let whole = whole["items"].as_array().expect("items").clone();
        assert_eq!(whole.len(), total, "{path}");
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = http.read(&format!("{path}?limit=3{cursor}")).await.done();
            let items = page["items"].as_array().expect("items");
            assert!(items.len() <= 3);
            found.extend(items.iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(found, whole, "{path}");
        for bad in ["limit=0", "limit=201", "limit=x", "cursor=!!"] {
            let problem = http.read(&format!("{path}?{bad}")).await.refused("INVALID");
            assert_eq!(problem["field"].as_str(), bad.split('=').next(), "{path}?{bad}");
        }
    }
}

#[tokio::test]
async fn timelines_page_in_both_directions() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    for number in 0..25 {
        alice.say(&room, &number.to_string()).await;
    }
    bob.wait_text(&room, "24").await;
    for person in [&alice, &bob] {
        let (mut back, mut part) = (Vec::new(), String::new());
        loop {
            let page = person.http.read(&format!("/api/v1/rooms/{room}/messages?limit=7{part}")).await.done();
            let mut texts = crate::harness::sse::texts_of(&page);
            texts.extend(back);
            back = texts;
            match page["next_before"].as_u64() {
                Some(before) => part = format!("&before={before}"),
                None => break,
            }
        }
        let expected: Vec<String> = (0..25).map(|number| number.to_string()).collect();
        assert_eq!(back, expected);
        let ahead = person.http.read(&format!("/api/v1/rooms/{room}/messages?after=9&limit=7")).await.done();
        assert_eq!(crate::harness::sse::texts_of(&ahead), expected[10..17]);
        assert_eq!(ahead["next_after"], 16);
    }
}

#[tokio::test]
async fn both_apis_describe_themselves_as_openapi_3_1() {
    let acme = Org::raise("acme.example", "Acme").await;
    let anonymous = crate::harness::http::Http::new(&acme.client, "");
    for document in [
        anonymous.read("/api/v1/openapi.json").await.done(),
        acme.admin.with_token("").read("/admin/v1/openapi.json").await.done(),
    ] {
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
        let paths = document["paths"].as_object().expect("paths");
        assert!(paths.len() > 10);
        for (path, item) in paths {
            for (method, operation) in item.as_object().expect("methods") {
                let responses = operation["responses"].as_object();
                assert!(responses.is_some_and(|responses| !responses.is_empty()), "{method} {path}");
                assert!(operation["operationId"].is_string(), "{method} {path}");
            }
        }
        check_references(&document, &document);
    }
}

/// Every `$ref` leads somewhere within the document.
fn check_references(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("a reference within the document");
                assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|member| check_references(document, member));
        }
        Value::Array(items) => items.iter().for_each(|item| check_references(document, item)),
        _ => {}
    }
}

#[tokio::test]
async fn p28_what_happens_is_in_the_audit_log_of_the_side_where_it_happened() {
    let pair = Pair::open().await;
    let ([alice, carol], bob) =
        ([pair.acme.person("alice").await, pair.acme.person("carol").await], pair.globex.person("bob").await);
    alice.group("Launch", &[&carol, &bob]).await;
    alice.remove("00", &bob).await.refused("INVALID");
    pair.globex.change_user("bob", &json!({ "external": false })).await;
    pair.acme.change_user("carol", &json!({ "active": false })).await;
    pair.globex.revoke(&pair.acme).await;
    pair.wait("closed_by_them", "closed_by_us").await;
    for org in [&pair.acme, &pair.globex] {
        for action in
            ["peer.pinned", "grant", "link.opened", "link.closed", "user.created", "user.changed", "member.excluded"]
        {
            until(&format!("{action} is in the log of {}", org.domain), || async {
                (!org.audit(action).await.is_empty()).then_some(())
            })
            .await;
        }
        org.check_audit().await;
        // The export is the chain, oldest first, and can be checked elsewhere.
        let export = org.admin.read("/admin/v1/audit/export").await;
        let text = export.done().as_str().expect("JSON lines").to_owned();
        let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert!(entries.len() > 8);
        for (at, pair) in entries.windows(2).enumerate() {
            assert_eq!(pair[1]["prev"], pair[0]["hash"], "entry {at}");
            assert_eq!(pair[1]["seq"].as_u64(), pair[0]["seq"].as_u64().map(|seq| seq + 1));
        }
        let verdict = org.admin.post("/admin/v1/audit/verify", &json!({})).await.done();
        assert_eq!(verdict["head"], entries.last().expect("entries")["hash"]);
    }
    for (org, action, actor) in [
        (&pair.acme, "grant.given", "admin:"),
        (&pair.globex, "grant.revoked", "admin:"),
        (&pair.acme, "grant.heard", "peer:globex.example"),
        (&pair.acme, "link.closed", "system"),
    ] {
        let newest = org.audit(action).await.remove(0);
        assert!(newest["actor"].as_str().is_some_and(|text| text.starts_with(actor)), "{newest}");
    }
}

#[tokio::test]
async fn health_and_metrics_answer_and_hold_no_secret() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    alice.say(&room, "unmistakable").await;
    bob.wait_text(&room, "unmistakable").await;
    let anonymous = pair.acme.admin.with_token("");
    assert_eq!(anonymous.read("/admin/v1/health/live").await.status, 200);
    until("the daemon is ready", || async {
        (anonymous.read("/admin/v1/health/ready").await.status == 200).then_some(())
    })
    .await;
    let metrics = pair.acme.admin.read("/admin/v1/metrics").await.done();
    let metrics = metrics.as_str().expect("text");
    assert!(metrics.contains("handclasp_commit_seconds"), "{metrics}");
    for text in [metrics, &pair.acme.daemon.log(), &pair.globex.daemon.log()] {
        assert!(!text.contains("unmistakable"), "no message content leaves the store");
    }
}
