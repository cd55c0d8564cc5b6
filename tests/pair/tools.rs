//! Notes, dates and the rules of tools between two daemons, in both roles and after a revocation (P19).

use crate::harness::{org::Pair, person::Person, until};
use serde_json::{Value, json};

/// The items of a tool as somebody sees them, once there are so many.
async fn wait_items(person: &Person, room: &str, tool: &str, count: usize) -> Vec<Value> {
    until(&format!("{count} {tool} for {}", person.address), || async {
        let page = person.http.read(&format!("/api/v1/rooms/{room}/{tool}")).await.done();
        page["items"].as_array().filter(|items| items.len() == count).cloned()
    })
    .await
}

async fn wait(person: &Person, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    until(&format!("{what} for {}", person.address), || async {
        let answer = person.http.read(path).await;
        (answer.status == 200).then_some(answer.body).filter(|body| holds(body))
    })
    .await
}

#[tokio::test]
async fn p19_notes_with_comments_and_dates_with_answers_stand_on_both_sides() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        for (count, (from, to)) in [(1, (&maker, &guest)), (2, (&guest, &maker))] {
            let base = format!("/api/v1/rooms/{room}");
            from.http.post(&format!("{base}/notes"), &json!({ "title": "Stand", "text": "Hall 3" })).await.done();
            let index = wait_items(to, &room, "notes", count).await[0]["index"].clone();
            let note = format!("{base}/notes/{index}");
            to.http.post(&format!("{note}/comments"), &json!({ "text": "good" })).await.done();
            wait(from, &note, "a comment", |note| note["comments_count"] == 1).await;
            from.http.put(&note, &json!({ "title": "Stand 12" })).await.done();
            wait(to, &note, "the new title", |note| note["title"] == "Stand 12").await;
            let days = json!({ "first": "2026-03-01", "last": "2026-03-02" });
            from.http.post(&format!("{base}/calendar"), &json!({ "title": "Fair", "days": days })).await.done();
            let index = wait_items(to, &room, "calendar", count).await[0]["index"].clone();
            let date = format!("{base}/calendar/{index}");
            to.http.put(&format!("{date}/answer"), &json!({ "answer": "yes" })).await.done();
            let answers = json!([{ "address": to.address, "answer": "yes" }]);
            wait(from, &date, "the answer", |date| date["answers"] == answers).await;
            from.http.delete(&date).await.done();
            wait(to, &date, "called off", |date| date["cancelled"] == true).await;
        }
    }
}

#[tokio::test]
async fn p19_an_admin_forbids_a_tool_and_the_room_shows_whose_rule_it_is_on_both_sides() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        let mut policy = partner.admin.read("/admin/v1/policy").await.done();
        policy["tools"] = json!(["calendar", "folder"]);
        partner.admin.put("/admin/v1/policy", &policy).await.done();
        let rule = json!({ "tool": "note", "on": false, "off_by": partner.domain });
        for person in [&maker, &guest] {
            let path = format!("/api/v1/rooms/{room}");
            wait(person, &path, "the rule", |room| room["tools"][0] == rule).await;
            let problem =
                person.http.post(&format!("{path}/notes"), &json!({ "title": "x" })).await.refused("TOOL_OFF");
            assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(partner.domain)), "{problem}");
        }
        policy["tools"] = json!(["note", "calendar", "folder"]);
        partner.admin.put("/admin/v1/policy", &policy).await.done();
        for person in [&maker, &guest] {
            wait(person, &format!("/api/v1/rooms/{room}"), "on again", |room| room["tools"][0]["on"] == true).await;
        }
    }
}

#[tokio::test]
async fn p26_after_a_revocation_those_who_remain_keep_notes_and_dates_and_the_others_lose_them() {
    let pair = Pair::open().await;
    let (maker, colleague) = (pair.acme.person("maker").await, pair.acme.person("colleague").await);
    let guest = pair.globex.person("guest").await;
    let room = maker.group("Launch", &[&colleague, &guest]).await;
    guest.http.post(&format!("/api/v1/rooms/{room}/notes"), &json!({ "title": "Theirs" })).await.done();
    let index = wait_items(&maker, &room, "notes", 1).await[0]["index"].clone();
    pair.globex.revoke(&pair.acme).await;
    guest.wait_out(&room).await;
    pair.wait("closed_by_them", "closed_by_us").await;
    wait_items(&colleague, &room, "notes", 1).await;
    let note = format!("/api/v1/rooms/{room}/notes/{index}");
    guest.http.read(&note).await.refused("NOT_FOUND");
    guest.http.post(&format!("/api/v1/rooms/{room}/notes"), &json!({ "title": "late" })).await.refused("NOT_FOUND");
    colleague.http.post(&format!("{note}/comments"), &json!({ "text": "we go on" })).await.done();
    wait(&maker, &note, "a comment", |note| note["comments_count"] == 1).await;
}
