//! The event stream: live, resumable without a gap, and ended with the session.

use super::*;
use axum::body::BodyDataStream;
use futures_util::StreamExt as _;
use serde_json::json;

/// A reader of server-sent events, as a client writes one.
pub(super) struct Stream {
    body: BodyDataStream,
    text: String,
}

#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    pub id: u64,
    pub name: String,
    pub data: Value,
}

impl Stream {
    pub async fn open(daemon: &Daemon, user: &str, after: Option<u64>) -> Self {
        let mut request = daemon.request(user, "GET", "events");
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = daemon.router.clone().oneshot(request).await.expect("infallible");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next frame with a position; none at the end.
    async fn next(&mut self) -> Option<Frame> {
        loop {
            let frame = self.frame().await?;
            if frame.starts_with("id: ") {
                return Some(parse(&frame));
            }
        }
    }

    /// The data of the next signal of this name. Signals have no position.
    pub async fn signal(&mut self, name: &str) -> Value {
        let head = format!("event: {name}\ndata: ");
        loop {
            let frame = self.frame().await.expect("the stream goes on");
            if let Some(data) = frame.strip_prefix(&head) {
                return serde_json::from_str(data).expect("JSON");
            }
        }
    }

    async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(frame);
            }
            let chunk = self.body.next().await?.expect("the stream does not fail");
            self.text.push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        }
    }

    /// The next frame of this name.
    async fn next_of(&mut self, name: &str) -> Frame {
        loop {
            let frame = self.next().await.expect("the stream goes on");
            if frame.name == name {
                return frame;
            }
        }
    }

    /// The first frames of these names, in whatever order they come.
    async fn all_of<const N: usize>(&mut self, names: [&str; N]) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        while found.len() < N {
            let frame = self.next().await.expect("the stream goes on");
            if names.contains(&frame.name.as_str()) {
                found.entry(frame.name).or_insert(frame.data);
            }
        }
        found
    }
}

fn parse(frame: &str) -> Frame {
    let field = |name: &str| {
        let line = frame.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_else(|| panic!("no {name} in {frame}"))
    };
    Frame {
        id: field("id").parse().expect("a position"),
        name: field("event").to_owned(),
        data: serde_json::from_str(field("data")).expect("JSON"),
    }
}

fn text(frame: &Frame) -> &str {
    frame.data["items"][0]["event"]["text"].as_str().expect("a message")
}

#[tokio::test]
async fn messages_arrive_as_they_become_durable() {
    let daemon = Daemon::alone(&["alice", "bob", "carol"]);
    let room = daemon.room("alice", &["bob"]).await;
    let mut bob = Stream::open(&daemon, "bob", None).await;
    let mut carol = Stream::open(&daemon, "carol", None).await;
    let hello = bob.next().await.expect("a first frame");
    assert_eq!((hello.name.as_str(), &hello.data["position"]), ("hello", &json!(hello.id)));
    let posted = daemon.post("alice", &room, "hello\nbob").await;
    let frame = bob.next_of("messages").await;
    assert_eq!(frame.data["room"], room.as_str());
    assert_eq!(frame.data["items"][0]["index"], posted["index"]);
    assert_eq!(text(&frame), "hello\nbob");
    let other = daemon.room("alice", &["carol"]).await;
    assert_eq!(carol.next_of("room").await.data["id"], other.as_str(), "carol saw nothing of the room before");
}

#[tokio::test]
async fn a_stream_resumes_without_gap_or_repeat() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let mut stream = Stream::open(&daemon, "bob", None).await;
    daemon.post("alice", &room, "m0").await;
    let mut last = stream.next_of("messages").await;
    assert_eq!(text(&last), "m0");
    for n in 1..6 {
        drop(stream);
        daemon.post("alice", &room, &format!("m{n}")).await;
        stream = Stream::open(&daemon, "bob", Some(last.id)).await;
        last = stream.next_of("messages").await;
        assert_eq!(text(&last), format!("m{n}"));
    }
}

#[tokio::test]
async fn a_position_that_was_never_given_out_resets() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let mut stream = Stream::open(&daemon, "bob", Some(1_000_000)).await;
    let frame = stream.next().await.expect("a first frame");
    assert_eq!((frame.name.as_str(), frame.data), ("reset", json!({})));
    daemon.post("alice", &room, "after").await;
    assert_eq!(text(&stream.next_of("messages").await), "after");
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let room = daemon.room("alice", &["bob"]).await;
    let mut stream = Stream::open(&daemon, "bob", None).await;
    stream.next().await.expect("a first frame");
    daemon.write("bob", "DELETE", "session", &Value::Null).await.expect(204);
    daemon.post("alice", &room, "too late").await;
    while let Some(frame) = stream.next().await {
        assert_ne!(frame.name, "messages", "nothing is shown after the sign-out");
    }
}

#[tokio::test]
async fn one_user_has_so_many_streams_and_no_more() {
    let daemon = Daemon::alone(&["alice"]);
    let mut streams = Vec::new();
    for _ in 0..crate::model::limits::STREAMS_PER_USER_MAX {
        streams.push(Stream::open(&daemon, "alice", None).await);
    }
    daemon.read("alice", "events").await.refused(429, "RATE_LIMITED");
    streams.pop();
    streams.push(Stream::open(&daemon, "alice", None).await);
}

#[tokio::test]
async fn all_that_concerns_a_user_has_a_frame() {
    let daemon = Daemon::alone(&["alice", "bob"]);
    let mut alice = Stream::open(&daemon, "alice", None).await;
    let mut bob = Stream::open(&daemon, "bob", None).await;
    let room = daemon.room("alice", &["bob"]).await;
    let joined = bob.all_of(["room", "notification"]).await;
    assert_eq!(joined["room"]["you"]["role"], "member");
    assert_eq!(joined["notification"]["kind"], "joined");
    daemon.write("bob", "PUT", &format!("rooms/{room}/read"), &json!({ "index": 0 })).await.expect(204);
    assert_eq!(bob.next_of("read").await.data, json!({ "room": room, "index": 0 }));
    daemon.write("alice", "PATCH", "me", &json!({ "name": "Alice B." })).await.expect(200);
    assert_eq!(alice.next_of("me").await.data["name"], "Alice B.");
    let path = format!("rooms/{room}/members/bob@acme.example");
    daemon.write("alice", "DELETE", &path, &Value::Null).await.expect(202);
    let removed = bob.all_of(["room_left", "notification"]).await;
    assert_eq!(removed["room_left"], json!({ "room": room }));
    assert_eq!(removed["notification"]["kind"], "removed");
}
