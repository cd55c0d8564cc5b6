//! Tests of listeners and connections that need no TLS; `tests/evil_peer.rs` has those that do.

use super::{
    Connections, PeerIdentity, Stop, StopSwitch,
    connections::Direction,
    serve::{ServeLimits, serve},
    stream::{Dial as _, Listen as _, TcpDial, TcpListen, UnixListen},
};
use crate::model::Digest;
use axum::{Router, routing::get};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(5);

fn identity(domain: &str) -> PeerIdentity {
    PeerIdentity { domain: domain.parse().expect("a valid domain"), pin: Digest([1; 32]) }
}

#[tokio::test]
async fn a_dropped_switch_stops_like_a_pressed_one() {
    let (pressed, mut one) = StopSwitch::new();
    let (dropped, mut other) = StopSwitch::new();
    assert!(!one.is_requested() && !other.is_requested());
    pressed.stop();
    drop(dropped);
    timeout(SOON, async { tokio::join!(one.requested(), other.requested()) }).await.expect("both are requested");
    assert!(one.is_requested() && other.is_requested());
}

#[tokio::test]
async fn p26_cutting_a_peer_cuts_its_connections_and_no_others() {
    let connections = Arc::new(Connections::default());
    let (friend, other) = (identity("globex.example"), identity("initech.example"));
    let mut inbound = connections.register(&friend, Direction::Inbound, 8);
    let mut outbound = connections.register(&friend, Direction::Outbound, 8);
    let bystander = connections.register(&other, Direction::Inbound, 8);
    connections.cut(&friend.domain);
    timeout(SOON, async { tokio::join!(inbound.cut(), outbound.cut()) }).await.expect("both are cut");
    assert_eq!((connections.count(&friend.domain), connections.count(&other.domain)), (0, 1));
    drop(bystander);
    assert_eq!(connections.count(&other.domain), 0);
}

#[tokio::test]
async fn a_unix_socket_that_a_dead_process_left_is_replaced_and_a_live_one_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("admin.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("binds"));
    let _live = UnixListen::bind(&path).expect("the file alone is no listener");
    assert!(UnixListen::bind(&path).is_err(), "a live one stays");
    UnixStream::connect(&path).await.expect("it is reachable");
}

async fn serving(stop: Stop) -> (String, tokio::task::JoinHandle<()>) {
    let listener = TcpListen::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let address = listener.local_address().expect("TCP has an address").to_string();
    let router = Router::new().route("/", get(|| async { "hello" }));
    let running = tokio::spawn(serve(Box::new(listener), None, router, ServeLimits::default(), stop));
    (address, running)
}

#[tokio::test]
async fn a_plain_listener_serves_keeps_the_connection_and_ends_when_asked() {
    let (switch, stop) = StopSwitch::new();
    let (address, running) = serving(stop).await;
    let mut stream = TcpDial.dial(&address).await.expect("connects");
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("writes");
        let mut answer = Vec::new();
        while !answer.ends_with(b"hello") {
            timeout(SOON, stream.read_buf(&mut answer)).await.expect("an answer").expect("bytes");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
    switch.stop();
    timeout(SOON, running).await.expect("an idle connection does not hold it").expect("no panic");
}
