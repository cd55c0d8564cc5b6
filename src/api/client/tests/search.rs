//! Searching: what one may see, and nothing else.

use super::*;
use crate::{
    core::command::UserOp,
    testing::pair::{Org, Pair},
};
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

impl Daemon {
    /// Waits until everything that is durable can be found.
    async fn indexed(&self) {
        let follower = self.follower.lock().expect("no test has failed").take();
        if let Some(follower) = follower {
            tokio::spawn(follower.run(std::future::pending()));
        }
        let waiting = async {
            // A commit moves the journal on, so that an index that has not begun is not taken for one that is done.
            while self.search.standing().documents == 0 || self.search.standing().behind > 0 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{:?}", self.search.standing());
    }

    async fn search(&self, user: &str, query: &str) -> Value {
        self.indexed().await;
        self.read(user, &format!("search?{query}")).await.expect(200)
    }

    /// The texts of the findings.
    async fn found(&self, user: &str, query: &str) -> Vec<String> {
        let page = self.search(user, query).await;
        let text = |item: &Value| {
            let pieces = item["snippet"].as_array().expect("pieces").iter();
            pieces.map(|piece| piece["text"].as_str().expect("a text")).collect()
        };
        page["items"].as_array().expect("items").iter().map(text).collect()
    }
}

#[tokio::test]
async fn a_finding_says_where_it_is_and_marks_what_was_looked_for() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let posted = daemon.post("alice", &room, "Die Gr\u{f6}\u{df}e z\u{e4}hlt").await;
    let page = daemon.search("bob", "q=GROSSE").await;
    let expected = json!({
        "room": room, "index": posted["index"], "at": NOW.0, "made_at": NOW.0, "kind": "message",
        "author": "alice@acme.example",
        "snippet": [
            { "text": "Die ", "match": false },
            { "text": "Gr\u{f6}\u{df}e", "match": true },
            { "text": " z\u{e4}hlt", "match": false },
        ],
    });
    assert_eq!(page, json!({ "items": [expected], "next": null, "complete": true }));
}

#[tokio::test]
async fn p17_newcomers_find_from_their_arrival_on() {
    let daemon = Daemon::alone(&["alice", "bob", "carol"]);
    let room = daemon.room("alice", &["bob"]).await;
    daemon.post("alice", &room, "word before").await;
    let users = json!({ "users": ["carol@acme.example"] });
    daemon.write("alice", "POST", &format!("rooms/{room}/members"), &users).await.expect(202);
    daemon.post("alice", &room, "word after").await;
    assert_eq!(daemon.found("bob", "q=word").await, ["word after", "word before"]);
    assert_eq!(daemon.found("carol", "q=word").await, ["word after"]);
    assert_eq!(daemon.found("carol", &format!("q=before&room={room}")).await, [""; 0]);
}

#[tokio::test]
async fn p16_who_was_removed_or_never_was_there_finds_nothing() {
    let daemon = Daemon::alone(&["alice", "bob", "carol", "dave"]);
    let room = daemon.room("alice", &["bob", "carol"]).await;
    daemon.post("carol", &room, "word").await;
    assert_eq!(daemon.found("carol", "q=word").await, ["word"]);
    let path = format!("rooms/{room}/members/carol@acme.example");
    daemon.write("alice", "DELETE", &path, &Value::Null).await.expect(202);
    for stranger in ["carol", "dave"] {
        assert_eq!(daemon.found(stranger, "q=word").await, [""; 0]);
        assert_eq!(daemon.found(stranger, &format!("room={room}")).await, [""; 0]);
    }
    assert_eq!(daemon.found("bob", "from=carol@acme.example").await, ["word"]);
}

#[tokio::test]
async fn p10_what_was_written_while_one_blocked_its_author_is_not_found() {
    let mut pair = Pair::open();
    let (alice, bob) = (pair.address(Org::Acme, "alice"), pair.address(Org::Globex, "bob"));
    pair.user(Org::Acme, "alice", UserOp::AddContact(bob.clone())).expect("the link is open");
    pair.sync();
    let mut state = pair.acme.state.clone();
    let room = crate::crypto::digest::direct_room(&alice, &bob);
    // As if the second message had come while a block stood.
    let hidden = (state.rooms[&room].next_index + 1, state.rooms[&room].next_index + 2);
    let key = (user("alice"), bob);
    let mut contact = (*state.contacts[&key]).clone();
    contact.hidden = vec![hidden];
    state.contacts.insert(key, Arc::new(contact));
    let daemon = Daemon::on(state);
    for text in ["word one", "word two", "word three"] {
        daemon.post("alice", &room.to_string(), text).await;
    }
    assert_eq!(daemon.found("alice", "q=word").await, ["word three", "word one"]);
    assert_eq!(daemon.found("alice", "q=two").await, [""; 0]);
}

#[tokio::test]
async fn pages_of_findings_follow_each_other() {
    let daemon = Daemon::alone(&["alice"]);
    let room = daemon.room("alice", &[]).await;
    for n in 0..7 {
        daemon.post("alice", &room, &format!("word {n}")).await;
    }
    for order in ["newest", "relevance"] {
        let (mut indexes, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = daemon.search("alice", &format!("q=word&limit=3&order={order}{cursor}")).await;
            indexes.extend(page["items"].as_array().expect("items").iter().map(|item| item["index"].as_u64()));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert!(indexes.len() == 7 && indexes.is_sorted_by(|newer, older| newer > older), "{order}: {indexes:?}");
    }
}

#[tokio::test]
async fn wrong_searches_name_the_field() {
    let daemon = Daemon::alone(&["alice"]);
    for (query, field) in [
        ("", "q"),
        ("q=%20!", "q"),
        (&*format!("q={}", "x".repeat(513)), "q"),
        (&*format!("q={}", "x+".repeat(40)), "q"),
        ("q=a&room=1", "room"),
        ("q=a&from=bob", "from"),
        ("q=a&after=yesterday", "after"),
        ("q=a&before=-1", "before"),
        ("q=a&kind=poem", "kind"),
        ("q=a&order=best", "order"),
        ("q=a&limit=0", "limit"),
        ("q=a&cursor=eA", "cursor"),
        ("q=a&sort=up", "sort"),
    ] {
        let problem = daemon.read("alice", &format!("search?{query}")).await.refused(400, "INVALID");
        assert_eq!(problem["field"], field, "{query}");
    }
}

#[tokio::test]
async fn an_index_that_is_not_open_yet_says_when_to_ask_again() {
    let daemon = Daemon::alone(&["alice"]);
    let problem = daemon.read("alice", "search?q=word").await.refused(503, "OVERLOADED");
    assert!(problem["retry_after_ms"].as_u64().is_some_and(|ms| ms > 0));
}
