//! Notes, dates and the rules of tools as clients see them (P17, P19).

use super::*;
use axum::body::to_bytes;
use serde_json::json;

async fn make(daemon: &Daemon, user: &str, path: &str, body: &Value) -> Value {
    daemon.write(user, "POST", path, body).await.expect(201)["index"].clone()
}

#[tokio::test]
async fn p19_notes_are_posted_edited_pinned_commented_and_deleted() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let notes = format!("rooms/{room}/notes");
    let index = make(&daemon, "bob", &notes, &json!({ "title": "Stand", "text": "Hall 3" })).await;
    let note = format!("{notes}/{index}");
    daemon.write("bob", "PUT", &note, &json!({ "title": "Stand 12" })).await.expect(200);
    daemon.write("alice", "PUT", &note, &json!({ "title": "mine" })).await.refused(403, "NOT_AUTHOR");
    daemon.write("alice", "PUT", &format!("{note}/pin"), &Value::Null).await.expect(200);
    daemon.write("alice", "PUT", &format!("{note}/pin"), &Value::Null).await.expect(204);
    let comment = make(&daemon, "alice", &format!("{note}/comments"), &json!({ "text": "good" })).await;
    let shown = daemon.read("alice", &note).await.expect(200);
    assert_eq!((&shown["title"], &shown["text"]), (&json!("Stand 12"), &Value::Null));
    assert_eq!(
        (&shown["pinned"], &shown["comments_count"], &shown["edited_at"]),
        (&json!(true), &json!(1), &json!(NOW.0))
    );
    assert_eq!(daemon.read("alice", &notes).await.expect(200)["items"], json!([shown]));
    let comments = daemon.read("bob", &format!("{note}/comments")).await.expect(200);
    assert_eq!((&comments["items"][0]["text"], &comments["items"][0]["index"]), (&json!("good"), &comment));
    daemon.write("alice", "DELETE", &format!("{note}/comments/{comment}"), &Value::Null).await.expect(200);
    daemon.write("bob", "DELETE", &note, &Value::Null).await.expect(200);
    daemon.read("alice", &note).await.refused(404, "NO_SUCH_ITEM");
    assert_eq!(daemon.read("alice", &notes).await.expect(200)["items"], json!([]));
    let timeline = daemon.read("alice", &format!("rooms/{room}/messages")).await.expect(200).to_string();
    assert!(!timeline.contains("Stand") && !timeline.contains("good"), "tombstones say nothing: {timeline}");
}

#[tokio::test]
async fn notes_are_listed_in_pages_that_skip_what_was_deleted() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let notes = format!("rooms/{room}/notes");
    for n in 0..9 {
        let index = make(&daemon, "bob", &notes, &json!({ "title": format!("n{n}") })).await;
        if n % 3 == 1 {
            daemon.write("bob", "DELETE", &format!("{notes}/{index}"), &Value::Null).await.expect(200);
        }
    }
    let (mut found, mut before) = (Vec::new(), String::new());
    loop {
        let page = daemon.read("alice", &format!("{notes}?limit=2{before}")).await.expect(200);
        let titles = page["items"].as_array().expect("items").iter().map(|note| note["title"].clone());
        found.extend(titles.map(|title| title.as_str().expect("text").to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(found, ["n8", "n6", "n5", "n3", "n2", "n0"]);
}

#[tokio::test]
async fn p19_dates_are_made_answered_changed_called_off_and_exported() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let calendar = format!("rooms/{room}/calendar");
    let times = json!({ "start": "2026-03-02T09:00", "end": "2026-03-02T10:30", "zone": "Europe/Berlin" });
    let weekly = json!({ "title": "Weekly", "times": times, "repeats": "FREQ=WEEKLY;COUNT=6", "reminder_minutes": 15 });
    let index = make(&daemon, "bob", &calendar, &weekly).await;
    let date = format!("{calendar}/{index}");
    daemon.write("alice", "PUT", &format!("{date}/answer"), &json!({ "answer": "yes" })).await.expect(200);
    daemon.write("alice", "PUT", &format!("{date}/answer"), &json!({ "answer": "yes" })).await.expect(204);
    let shown = daemon.read("bob", &date).await.expect(200);
    assert_eq!((&shown["title"], &shown["times"]), (&json!("Weekly"), &times));
    assert_eq!(shown["answers"], json!([{ "address": "alice@acme.example", "answer": "yes" }]));
    let found = daemon.read("bob", &format!("{date}/occurrences")).await.expect(200);
    let starts: Vec<u64> =
        found["items"].as_array().expect("items").iter().filter_map(|it| it["start"].as_u64()).collect();
    assert_eq!(starts.len(), 6);
    assert_eq!(starts[4] - starts[3], 7 * 86_400_000 - 3_600_000, "summer time begins on 29 March");
    daemon.write("bob", "DELETE", &date, &Value::Null).await.expect(200);
    let gone = daemon.read("alice", &date).await.expect(200);
    assert_eq!(gone["cancelled"], true);
    daemon.write("bob", "PUT", &date, &weekly).await.refused(409, "RECALLED");
}

#[tokio::test]
async fn what_is_no_date_names_its_field() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let times = |start: &str, zone: &str| json!({ "start": start, "end": "2026-03-02T10:30", "zone": zone });
    let days = json!({ "first": "2026-03-02", "last": "2026-03-01" });
    for (body, field) in [
        (json!({ "title": "x" }), "days"),
        (json!({ "title": "x", "days": days }), "days"),
        (json!({ "title": "", "times": times("2026-03-02T09:00", "UTC") }), "title"),
        (json!({ "title": "x", "times": times("2026-03-02 9:00", "UTC") }), "times.start"),
        (json!({ "title": "x", "times": times("2026-03-02T11:00", "UTC") }), "times"),
        (json!({ "title": "x", "times": times("2026-03-02T09:00", "Europe/Atlantis") }), "times.zone"),
        (json!({ "title": "x", "times": times("2026-03-02T09:00", "UTC"), "repeats": "FREQ=SECONDLY" }), "repeats"),
        (
            json!({ "title": "x", "times": times("2026-03-02T09:00", "UTC"), "reminder_minutes": 50_000 }),
            "reminder_minutes",
        ),
    ] {
        let problem =
            daemon.write("alice", "POST", &format!("rooms/{room}/calendar"), &body).await.refused(400, "INVALID");
        assert_eq!(problem["field"], field, "{body}");
    }
}

#[tokio::test]
async fn a_feed_is_read_by_its_secret_until_it_is_taken_back() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let days = json!({ "title": "Fair", "days": { "first": "2026-03-01", "last": "2026-03-02" } });
    make(&daemon, "alice", &format!("rooms/{room}/calendar"), &days).await;
    let feeds = format!("rooms/{room}/calendar/feed");
    let path = daemon.write("bob", "POST", &feeds, &Value::Null).await.expect(201)["path"]
        .as_str()
        .expect("a path")
        .to_owned();
    let read = |path: String| async {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
        let response = daemon.router.clone().oneshot(request).await.expect("infallible");
        let status = response.status();
        (
            status,
            String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.expect("a body").to_vec())
                .expect("UTF-8"),
        )
    };
    let (status, ics) = read(path.clone()).await;
    assert_eq!(status, 200);
    assert!(ics.contains("SUMMARY:Fair\r\n") && ics.contains("DTEND;VALUE=DATE:20260303\r\n"), "{ics}");
    assert_eq!(read(path.replace("feeds/", "feeds/x")).await.0, 404);
    daemon.write("bob", "DELETE", &feeds, &Value::Null).await.expect(204);
    assert_eq!(read(path).await.0, 404);
}

#[tokio::test]
async fn p19_a_room_shows_which_tools_are_on_and_whose_rule_keeps_one_off() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let path = format!("rooms/{room}");
    daemon.write("bob", "PATCH", &path, &json!({ "tools": { "note": false } })).await.refused(403, "NOT_MASTER");
    daemon
        .write("alice", "PATCH", &path, &json!({ "tools": { "note": false }, "callers": "masters" }))
        .await
        .expect(202);
    let shown = daemon.read("bob", &path).await.expect(200);
    assert_eq!(shown["tools"][0], json!({ "tool": "note", "on": false, "off_by": "masters" }));
    assert_eq!(
        (&shown["tools"][1], &shown["callers"]),
        (&json!({ "tool": "calendar", "on": true }), &json!("masters"))
    );
    daemon.write("bob", "POST", &format!("{path}/notes"), &json!({ "title": "x" })).await.refused(403, "TOOL_OFF");
    let all = json!({ "text": "everybody", "all": true });
    daemon.write("bob", "POST", &format!("{path}/messages"), &all).await.refused(403, "NOT_MASTER");
    daemon.write("alice", "POST", &format!("{path}/messages"), &all).await.expect(201);
}
