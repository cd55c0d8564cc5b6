//! Calls between two real daemons: both ways, declined, missed by giving up, cut by a revocation, and what they leave (P25).

use crate::harness::{org::Pair, person::Person, sse::Events, until};
use serde_json::{Value, json};

const SDP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=fingerprint:sha-256 AB:CD\r\n";

fn device(n: u8) -> String {
    format!("{n:02x}").repeat(16)
}

async fn start(caller: &Person, room: &str, n: u8) -> String {
    let call = json!({ "medium": "video", "device": device(n), "shows": { "camera": true } });
    let call = caller.http.post(&format!("/api/v1/rooms/{room}/calls"), &call).await;
    assert_eq!(call.status, 201, "{}", call.body);
    call.done()["id"].as_str().expect("an id").to_owned()
}

async fn ask(person: &Person, call: &str, what: &str, n: u8) -> Value {
    person.http.post(&format!("/api/v1/calls/{call}/{what}"), &json!({ "device": device(n) })).await.done()
}

fn state_of(call: &Value, who: &Person) -> String {
    let people = call["people"].as_array().expect("people");
    let known = people.iter().find(|it| it["address"] == who.address.as_str());
    known.map_or_else(String::new, |it| it["state"].as_str().expect("a state").to_owned())
}

/// Waits until a live event shows somebody in a state.
async fn sees(events: &mut Events, call: &str, who: &Person, state: &str) -> Value {
    events.next_signal("call", |it| it["id"] == call && state_of(it, who) == state).await
}

/// Waits until both timelines end with this entry.
async fn both_keep(people: [&Person; 2], room: &str, call: &str, outcome: &str) -> Value {
    let mut kept = Value::Null;
    for person in people {
        kept = until(&format!("{} has the entry of the call", person.address), || async {
            let items = person.timeline(room).await["items"].as_array().expect("items").clone();
            let entries = items.iter().rev().map(|item| &item["event"]);
            entries.into_iter().find(|event| event["call"] == call && event["outcome"] == outcome).cloned()
        })
        .await;
    }
    kept
}

/// A whole call: it rings, is answered, connects, and leaves its entry.
async fn talk((caller, at_caller): (&Person, &mut Events), (callee, at_callee): (&Person, &mut Events), room: &str) {
    let call = start(caller, room, 1).await;
    let rung = sees(at_callee, &call, callee, "ringing").await;
    assert_eq!((&rung["id"], &rung["starter"]), (&json!(call), &json!(caller.address)));
    ask(callee, &call, "join", 2).await;
    let joined = sees(at_caller, &call, callee, "joined").await;
    assert!(joined["connected_at"].is_u64(), "{joined}");
    until("the callee sees the caller's device", || async {
        let known = callee.http.read(&format!("/api/v1/rooms/{room}/calls")).await.done()["call"].clone();
        known["people"].as_array()?.iter().any(|it| it["device"] == device(1)).then_some(())
    })
    .await;
    let offer = json!({ "device": device(1), "to": callee.address, "to_device": device(2), "offer": SDP });
    let path = format!("/api/v1/calls/{call}/signals");
    assert_eq!(caller.http.post(&path, &offer).await.status, 204);
    let got = at_callee.next_signal("call_signal", |it| it["call"] == call.as_str()).await;
    assert_eq!((&got["offer"], &got["from"]), (&json!(SDP), &json!(caller.address)));
    let answer = json!({ "device": device(2), "to": caller.address, "to_device": device(1), "answer": SDP });
    assert_eq!(callee.http.post(&path, &answer).await.status, 204);
    at_caller.next_signal("call_signal", |it| it["answer"] == SDP).await;
    let over = ask(callee, &call, "leave", 2).await;
    assert_eq!(over["outcome"], "answered");
    at_caller.next_signal("call", |it| it["id"] == call.as_str() && it["outcome"] == "answered").await;
    let entry = both_keep([caller, callee], room, &call, "answered").await;
    assert_eq!((&entry["call"], &entry["author"]), (&json!(call), &json!(caller.address)));
    assert_eq!(entry["joined"], json!([callee.address]));
}

#[tokio::test]
async fn p25_a_call_rings_is_answered_connects_and_leaves_an_entry_both_ways() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let (mut at_alice, mut at_bob) = (alice.events().await, bob.events().await);
    talk((&alice, &mut at_alice), (&bob, &mut at_bob), &room).await;
    talk((&bob, &mut at_bob), (&alice, &mut at_alice), &room).await;
    for org in [&pair.acme, &pair.globex] {
        for action in ["call.started", "call.ended"] {
            assert_eq!(org.audit(action).await.len(), 2, "{action} at {}", org.domain);
        }
    }
}

#[tokio::test]
async fn p25_declined_cancelled_and_blocked_calls() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let (mut at_alice, mut at_bob) = (alice.events().await, bob.events().await);
    let mut other_device = bob.events().await;
    let call = start(&alice, &room, 1).await;
    sees(&mut at_bob, &call, &bob, "ringing").await;
    sees(&mut other_device, &call, &bob, "ringing").await;
    ask(&bob, &call, "decline", 2).await;
    other_device.next_signal("call", |it| it["outcome"] == "declined").await;
    at_alice.next_signal("call", |it| it["outcome"] == "declined").await;
    both_keep([&alice, &bob], &room, &call, "declined").await;
    let call = start(&alice, &room, 1).await;
    at_bob.next_signal("call", |it| it["id"] == call.as_str()).await;
    ask(&alice, &call, "leave", 1).await;
    at_bob.next_signal("call", |it| it["id"] == call.as_str() && it["outcome"] == "cancelled").await;
    both_keep([&alice, &bob], &room, &call, "cancelled").await;
    // Bob blocks alice: he hears nothing, and she is not told.
    bob.http.put(&format!("/api/v1/contacts/{}/block", alice.address), &json!({})).await;
    let call = start(&alice, &room, 1).await;
    let bobs = bob.http.read("/api/v1/calls").await.done();
    assert_eq!(bobs["items"], json!([]));
    let hers = alice.http.read(&format!("/api/v1/rooms/{room}/calls")).await.done();
    assert_eq!((&hers["call"]["id"], state_of(&hers["call"], &bob)), (&json!(call), "ringing".to_owned()));
    let his = bob.http.read(&format!("/api/v1/rooms/{room}/calls")).await.done();
    assert_eq!((&his["possible"], &his["code"]), (&json!(false), &json!("BLOCKED")));
}

#[tokio::test]
async fn p26_a_revocation_cuts_a_call_on_both_sides_within_a_second() {
    for acme_revokes in [true, false] {
        let pair = Pair::open().await;
        let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
        let room = alice.befriend(&bob).await;
        let (mut at_alice, mut at_bob) = (alice.events().await, bob.events().await);
        let call = start(&alice, &room, 1).await;
        sees(&mut at_bob, &call, &bob, "ringing").await;
        ask(&bob, &call, "join", 2).await;
        sees(&mut at_alice, &call, &bob, "joined").await;
        let (revoker, other) = if acme_revokes { (&pair.acme, &pair.globex) } else { (&pair.globex, &pair.acme) };
        let began = std::time::Instant::now();
        revoker.revoke(other).await;
        at_alice.next_signal("call", |it| it["outcome"] == "answered").await;
        at_bob.next_signal("call", |it| it["outcome"] == "answered").await;
        println!("cut on both sides after {:?}", began.elapsed());
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
        let known = alice.http.read(&format!("/api/v1/rooms/{room}/calls")).await.done();
        assert_eq!(known["possible"], false, "{known}");
        until("both audit logs tell of it", || async {
            let cut = [pair.acme.audit("call.cut").await, pair.globex.audit("call.cut").await];
            cut.iter().all(|entries| !entries.is_empty()).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn p2_without_the_scope_nobody_calls_and_is_told_why() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let grant = json!({ "state": "active", "scopes": ["contacts", "messages", "rooms"] });
    pair.globex.put_grant(&pair.acme, &grant).await.done();
    let path = format!("/api/v1/rooms/{room}/calls");
    let known = until("alice's daemon knows", || async {
        Some(alice.http.read(&path).await.done()).filter(|it| it["possible"] == false && it["code"] == "SCOPE")
    })
    .await;
    assert!(known["detail"].as_str().is_some_and(|it| it.contains("globex.example")), "{known}");
    alice.http.post(&path, &json!({ "medium": "voice", "device": device(1) })).await.refused("SCOPE");
}
