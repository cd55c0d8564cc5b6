//! Live events: complete, in order, resumable, and never holding anybody back (F31).

use crate::harness::{
    org::Pair,
    sse::{Events, texts_of},
};
use serde_json::json;

#[tokio::test]
async fn both_sides_see_live_what_happens() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let (mut at_alice, mut at_bob) = (alice.events().await, bob.events().await);
    let room = alice.befriend(&bob).await;
    let contact = loop {
        let contact = at_alice.next_of("contact").await;
        if contact["state"] == "added" {
            break contact;
        }
    };
    assert_eq!(contact["address"], json!(bob.address));
    assert_eq!(at_bob.next_of("room").await["id"], json!(room));
    assert_eq!(at_bob.next_of("notification").await["kind"], "direct_room");

    let id = alice.say(&room, "hello").await;
    for events in [&mut at_alice, &mut at_bob] {
        let messages = events.next_of("messages").await;
        assert_eq!((&messages["room"], &messages["items"][0]["event"]["id"]), (&json!(room), &json!(id)));
    }
    assert_eq!(at_alice.next_of("delivered").await, json!({ "room": room, "through": 0 }));
    // The follower's own message is queued at first, and then has its place.
    let id = bob.say(&room, "hello yourself").await;
    assert_eq!(at_bob.next_of("pending").await["item"]["event"]["id"], json!(id));
    for events in [&mut at_alice, &mut at_bob] {
        assert_eq!(events.next_of("messages").await["items"][0]["event"]["id"], json!(id));
    }
    bob.http.put(&format!("/api/v1/rooms/{room}/read"), &json!({ "index": 1 })).await.done();
    assert_eq!(at_bob.next_of("read").await, json!({ "room": room, "index": 1 }));
    bob.http.patch("/api/v1/me", &json!({ "name": "Robert" })).await.done();
    assert_eq!(at_bob.next_of("me").await["name"], "Robert");
    assert_eq!(at_alice.next_of("profile").await["name"], "Robert");

    pair.acme.revoke(&pair.globex).await;
    assert_eq!(at_alice.next_of("link").await["state"], "closed_by_us");
    assert_eq!(at_bob.next_of("notification").await["kind"], "ended");
    assert_eq!(at_bob.next_of("link").await["state"], "closed_by_them");
}

#[tokio::test]
async fn f31_a_reader_resumes_after_what_it_saw_without_a_gap_even_after_a_crash() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let mut seen = Vec::new();
    let mut events = bob.events().await;
    let mut sent = 0;
    let mut say = async |count: usize| {
        for _ in 0..count {
            alice.say(&room, &sent.to_string()).await;
            sent += 1;
        }
        sent.to_string().parse::<usize>().expect("a number")
    };
    for round in 0..6 {
        let total = say(10).await;
        // A part is read, the connection is dropped, more comes, in every second round the daemon dies.
        while seen.len() < total - 5 {
            seen.extend(texts_of(&events.next_of("messages").await));
        }
        let position = events.position.clone().expect("something was read");
        drop(events);
        say(5).await;
        if round % 2 == 1 {
            pair.globex.daemon.kill().await;
            say(3).await;
            pair.globex.restart().await;
        }
        events = Events::open(&bob.http, Some(&position)).await;
    }
    let total = say(1).await;
    while seen.len() < total {
        seen.extend(texts_of(&events.next_of("messages").await));
    }
    let expected: Vec<String> = (0..total).map(|number| number.to_string()).collect();
    assert_eq!(seen, expected, "each once, in order");
}

#[tokio::test]
async fn f31_a_reader_that_reads_nothing_holds_nobody_back() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let mut idle = bob.events().await;
    let text = "x".repeat(12 * 1024);
    for number in 0..400 {
        alice.say(&room, &format!("{number} {text}")).await;
    }
    let last = alice.say(&room, "last").await;
    alice.wait_delivery(&room, &last, "delivered").await;
    bob.wait_text(&room, "last").await;
    // The slow reader gets everything in the end: from memory, or from the store.
    let mut seen = Vec::new();
    while seen.last().is_none_or(|text| text != "last") {
        let texts = texts_of(&idle.next_of("messages").await);
        seen.extend(texts.into_iter().map(|text| text.split(' ').next().expect("a number").to_owned()));
    }
    assert_eq!(seen.len(), 401);
    assert!(seen[..400].iter().enumerate().all(|(number, text)| *text == number.to_string()));
}

#[tokio::test]
async fn a_position_that_was_never_given_out_means_to_begin_anew() {
    let pair = Pair::open().await;
    let alice = pair.acme.person("alice").await;
    let mut events = Events::open(&alice.http, Some("999999999")).await;
    assert_eq!(events.next().await.event, "reset");
    assert!(alice.http.events(Some("yesterday")).await.is_none(), "a position is a number");
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_shows_nothing_of_others() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let carol = pair.acme.person("carol").await;
    let (mut at_carol, mut at_alice) = (carol.events().await, alice.events().await);
    let room = alice.befriend(&bob).await;
    alice.say(&room, "private").await;
    bob.wait_text(&room, "private").await;
    pair.acme.admin.delete("/admin/v1/users/carol/sessions").await.done();
    while let Some(frame) = at_carol.try_next().await {
        assert!(!frame.data.to_string().contains("private") && frame.event != "room", "{frame:?}");
    }
    assert_eq!(texts_of(&at_alice.next_of("messages").await), ["private"]);
}
