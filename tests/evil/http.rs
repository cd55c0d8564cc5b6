//! Requests that are not what they say: bodies against their heads (A25), hidden second requests (A24), and other
//! interfaces asked for at the federation port (A33). Written byte for byte over a connection with a valid key.

use handclasp::{
    model::record::RecordBody,
    testing::{Node, evil::EvilLink, fixtures::parsed},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

const SOON: Duration = Duration::from_secs(20);

fn profile(name: &str) -> RecordBody {
    RecordBody::Profile { user: parsed("mallory@globex.example"), name: parsed(name), available: true, photo: None }
}

/// The statuses of all answers to these bytes, after which the peer says no more.
async fn statuses(node: &Node, link: &EvilLink, bytes: &[u8]) -> Vec<String> {
    let mut stream = link.keys.handshake().tls(node.address).await.expect("a pinned key gets in");
    stream.write_all(bytes).await.expect("writes");
    let _ = stream.shutdown().await;
    let mut answers = Vec::new();
    // A reset is an end too.
    let _ = timeout(SOON, stream.read_to_end(&mut answers)).await.expect("an end");
    let answers = String::from_utf8_lossy(&answers).into_owned();
    answers.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].to_owned()).collect()
}

fn head(path: &str, lines: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: acme.example\r\ncontent-type: application/json\r\n{lines}\r\n")
}

#[tokio::test]
async fn a25_bodies_that_are_not_what_their_head_says_are_refused() {
    let node = Node::start("acme.example", &["alice"]).await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let envelope = link.seal(&link.head(), &[link.record(&profile("Squeezed"))]);
    let path = "/federation/v1/envelopes";
    let length = envelope.len();
    let cases = [
        ("compressed", format!("content-encoding: gzip\r\ncontent-length: {length}\r\n"), envelope.clone()),
        (
            "named compressed, and plain",
            format!("content-encoding: identity\r\ncontent-length: {length}\r\n"),
            envelope.clone(),
        ),
        ("shorter than said", format!("content-length: {}\r\n", length + 10), envelope.clone()),
        ("longer than said", format!("content-length: {}\r\n", length - 10), envelope.clone()),
        ("of no length", "content-length: -1\r\n".to_owned(), envelope.clone()),
        ("of two lengths", format!("content-length: {length}\r\ncontent-length: 3\r\n"), envelope.clone()),
        ("of too great a length", "content-length: 99999999999\r\n".to_owned(), envelope.clone()),
        (
            "in an endless chunk",
            "transfer-encoding: chunked\r\n".to_owned(),
            format!("FFFFFFFFFFFFFFFFF\r\n{envelope}"),
        ),
        (
            "in a chunk of no number",
            "transfer-encoding: chunked\r\n".to_owned(),
            format!("+{length:x}\r\n{envelope}\r\n0\r\n\r\n"),
        ),
        (
            "in chunks without an end",
            "transfer-encoding: chunked\r\n".to_owned(),
            format!("{length:x}\r\n{envelope}\r\n"),
        ),
        ("of an unknown coding", "transfer-encoding: gzip\r\n".to_owned(), envelope.clone()),
    ];
    for (what, lines, body) in cases {
        let answers = statuses(&node, &link, format!("{}{body}", head(path, &lines)).as_bytes()).await;
        assert!(answers.iter().all(|status| status.starts_with('4')), "a body {what}: {answers:?}");
        assert_eq!(link.cursor(&node), Some(0), "a body {what} brings nothing");
    }
    assert_eq!(link.verdict(&profile("Fine")).await, None, "an honest one does");
}

#[tokio::test]
async fn a24_no_request_hides_in_another() {
    let node = Node::start("acme.example", &["alice"]).await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let envelope = link.seal(&link.head(), &[link.record(&profile("Smuggled"))]);
    let hidden =
        format!("{}{envelope}", head("/federation/v1/envelopes", &format!("content-length: {}\r\n", envelope.len())));
    let lengths = format!("content-length: {}\r\ntransfer-encoding: chunked\r\n", 5 + hidden.len());
    let outer = head("/federation/v1/nothing", &lengths);
    let answers = statuses(&node, &link, format!("{outer}0\r\n\r\n{hidden}").as_bytes()).await;
    assert!(answers.len() <= 1, "one request has one answer: {answers:?}");
    assert_eq!(link.cursor(&node), Some(0), "what came behind the first body was not a request");
    assert_eq!(link.verdict(&profile("Fine")).await, None);
}

#[tokio::test]
async fn a33_nothing_but_the_protocol_is_found_at_the_federation_port() {
    let node = Node::start("acme.example", &["alice"]).await;
    let link = EvilLink::open(&node, "globex.example").await;
    let asked = [
        "GET /",
        "GET /admin/v1/peers",
        "POST /admin/v1/users",
        "GET /api/v1/me",
        "POST /api/v1/session",
        "GET /metrics",
        "GET /admin/v1/metrics",
        "GET /federation/v1/hello",
        "POST /federation/v1/hello?x=1",
        "POST /federation/v2/hello",
        "POST /federation/v1/hello/",
        "POST /federation/v1/../../admin/v1/users",
        "OPTIONS *",
        "CONNECT admin:1",
    ];
    for request in asked {
        let bytes = format!(
            "{request} HTTP/1.1\r\nhost: acme.example\r\nauthorization: Bearer x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let answers = statuses(&node, &link, bytes.as_bytes()).await;
        // One that asks too often is told so.
        assert!(answers.iter().all(|status| status == "404" || status == "429"), "{request}: {answers:?}");
    }
}
