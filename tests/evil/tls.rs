//! Rows of the handshake: who gets in at all (A1, A3, A4), and what the connection allows.

use bytes::Bytes;
use handclasp::{
    model::{Digest, Domain},
    net::{
        Connections, PeerTls, StopSwitch,
        accept::{AcceptLimits, PeerListener},
        client::{ClientError, Dialer},
        stream::{Listen, TcpDial, TcpListen},
        tls::PinLookup,
    },
    testing::evil::{Handshake, OrgKeys},
};
use http_body_util::Full;
use hyper::{Request, Response};
use rustls::client::Resumption;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const SOON: Duration = Duration::from_secs(5);

/// A listener that counts the requests which get through to it.
struct Gate {
    address: SocketAddr,
    pins: Arc<Mutex<HashMap<Digest, Domain>>>,
    connections: Arc<Connections>,
    served: Arc<AtomicUsize>,
    org: OrgKeys,
    _stop: StopSwitch,
}

fn lookup(pins: &Arc<Mutex<HashMap<Digest, Domain>>>) -> PinLookup {
    let pins = pins.clone();
    Arc::new(move |pin| pins.lock().expect("no test panics with the lock").get(pin).cloned())
}

impl Gate {
    async fn open(limits: AcceptLimits) -> Self {
        let org = OrgKeys::new("acme.example");
        let pins = Arc::new(Mutex::new(HashMap::new()));
        let tls = Arc::new(PeerTls::new(org.tls(), lookup(&pins)).expect("own keys fit"));
        let connections = Arc::new(Connections::default());
        let listener = TcpListen::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let address = listener.local_address().expect("TCP has an address");
        let served = Arc::new(AtomicUsize::new(0));
        let (switch, stop) = StopSwitch::new();
        let (counter, gate) = (served.clone(), PeerListener { tls, connections: connections.clone(), limits });
        let handler = move |_, _: Request<_>| {
            counter.fetch_add(1, Ordering::SeqCst);
            async { Response::new(Full::new(Bytes::from_static(b"in"))) }
        };
        tokio::spawn(Arc::new(gate).run(Box::new(listener), handler, stop));
        Self { address, pins, connections, served, org, _stop: switch }
    }

    async fn with(peers: &[&OrgKeys]) -> Self {
        let gate = Self::open(AcceptLimits::default()).await;
        for peer in peers {
            gate.pin(peer);
        }
        gate
    }

    fn pin(&self, peer: &OrgKeys) {
        self.pins.lock().expect("unpoisoned").insert(peer.pin(), peer.domain.clone());
    }

    fn unpin(&self, peer: &OrgKeys) {
        self.pins.lock().expect("unpoisoned").remove(&peer.pin());
    }

    async fn gets_in(&self, handshake: &Handshake) -> bool {
        let Ok(mut connection) = handshake.connect(self.address).await else { return false };
        timeout(SOON, connection.post("/", "{}")).await.expect("an answer or an end").is_ok()
    }

    fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a1_only_a_pinned_key_with_its_certificate_gets_in() {
    let (friend, stranger) = (OrgKeys::new("globex.example"), OrgKeys::new("initech.example"));
    let gate = Gate::with(&[&friend]).await;
    let nobody = Handshake { shown: None, ..friend.handshake() };
    let stolen =
        Handshake { shown: Some((friend.certificate_pem.clone(), stranger.key_pem.clone())), ..friend.handshake() };
    assert!(!gate.gets_in(&nobody).await, "no certificate");
    assert!(!gate.gets_in(&stranger.handshake()).await, "an unknown key");
    assert!(!gate.gets_in(&stolen).await, "a pinned certificate without its key");
    assert_eq!(gate.served(), 0, "nothing was parsed");
    assert!(gate.gets_in(&friend.handshake()).await, "the pinned key");
    gate.unpin(&friend);
    assert!(!gate.gets_in(&friend.handshake()).await, "a pin that was taken back");
    assert_eq!(gate.served(), 1);
}

#[tokio::test]
async fn a1_we_talk_only_to_the_peer_that_was_dialed() {
    let (friend, other) = (OrgKeys::new("globex.example"), OrgKeys::new("initech.example"));
    let gate = Gate::with(&[&friend]).await;
    let pins = Arc::new(Mutex::new(HashMap::from([(gate.org.pin(), gate.org.domain.clone())])));
    let dialer = Dialer {
        dial: Arc::new(TcpDial),
        tls: Arc::new(PeerTls::new(friend.tls(), lookup(&pins)).expect("own keys fit")),
        connections: Arc::new(Connections::default()),
    };
    let endpoint = gate.address.to_string();
    let mistaken = dialer.connect(&other.domain, &endpoint).await;
    assert!(matches!(mistaken, Err(ClientError::Handshake(_))), "another peer's key: {mistaken:?}");
    let mut connection = dialer.connect(&gate.org.domain, &endpoint).await.expect("the right peer");
    let answer = connection.post("/federation/v1/hello", "{}").await.expect("an answer");
    assert_eq!(&answer.body[..], b"in");
    dialer.connections.cut(&gate.org.domain);
    let cut = timeout(SOON, connection.post("/federation/v1/hello", "{}")).await.expect("an end");
    assert!(cut.is_err(), "the connection was cut");
}

#[tokio::test]
async fn a3_only_the_one_protocol_is_spoken() {
    let friend = OrgKeys::new("globex.example");
    let gate = Gate::with(&[&friend]).await;
    let none = Handshake { protocols: Vec::new(), ..friend.handshake() };
    let other = Handshake { protocols: vec![b"h2".to_vec(), b"http/1.1".to_vec()], ..friend.handshake() };
    assert!(!gate.gets_in(&none).await, "no protocol");
    assert!(!gate.gets_in(&other).await, "other protocols");
    assert_eq!(gate.served(), 0);
}

#[tokio::test]
async fn a3_sessions_are_not_resumed_and_carry_no_early_data() {
    let friend = OrgKeys::new("globex.example");
    let gate = Gate::with(&[&friend]).await;
    let handshake = Handshake { resumption: Resumption::in_memory_sessions(8), ..friend.handshake() };
    let request = b"POST / HTTP/1.1\r\nhost: a.example\r\ncontent-length: 2\r\n\r\n{}";
    let resumed = timeout(SOON, handshake.resumes(gate.address, request)).await.expect("answers");
    assert!(!resumed.expect("both connections work"), "a full handshake each time");
}

/// A ClientHello of TLS 1.2 with an ECDHE suite, P-256 and no extension that names TLS 1.3.
fn tls12_hello() -> Vec<u8> {
    let extensions: &[u8] = &[
        0, 10, 0, 4, 0, 2, 0, 23, // groups: P-256
        0, 13, 0, 4, 0, 2, 4, 3, // signatures: ECDSA with SHA-256
        0, 16, 0, 14, 0, 12, 11, b'h', b'a', b'n', b'd', b'c', b'l', b'a', b's', b'p', b'/', b'1',
    ];
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    body.extend(u16::try_from(extensions.len()).expect("short").to_be_bytes());
    body.extend(extensions);
    let length = u16::try_from(body.len()).expect("short");
    let mut record = vec![22, 3, 1];
    record.extend((length + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend(length.to_be_bytes());
    record.extend(body);
    record
}

#[tokio::test]
async fn a3_tls_1_2_is_refused() {
    let gate = Gate::with(&[]).await;
    let mut stream = TcpStream::connect(gate.address).await.expect("connects");
    stream.write_all(&tls12_hello()).await.expect("writes");
    let mut answer = Vec::new();
    timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end").expect("a clean end");
    assert_eq!((answer.first(), &answer[5..]), (Some(&21), &[2, 70][..]), "a fatal alert: protocol version");
}

#[tokio::test]
async fn a4_a_connection_ends_when_its_pin_is_taken_back() {
    let (friend, other) = (OrgKeys::new("globex.example"), OrgKeys::new("initech.example"));
    let gate = Gate::with(&[&friend, &other]).await;
    let mut connection = friend.connect(gate.address).await.expect("gets in");
    let mut bystander = other.connect(gate.address).await.expect("gets in");
    connection.post("/", "{}").await.expect("an answer");
    bystander.post("/", "{}").await.expect("an answer");
    gate.unpin(&friend);
    gate.connections.retain(|identity| identity.domain != friend.domain);
    let cut = timeout(Duration::from_secs(1), connection.post("/", "{}")).await.expect("within a second");
    assert!(cut.is_err());
    bystander.post("/", "{}").await.expect("others stay");
    assert_eq!(gate.served(), 3);
}

#[tokio::test]
async fn a14_handshakes_per_address_are_limited() {
    let friend = OrgKeys::new("globex.example");
    let limits = AcceptLimits { handshakes_per_address_per_second_max: 3, ..AcceptLimits::default() };
    let gate = Gate::open(limits).await;
    gate.pin(&friend);
    let mut kept = 0;
    for _ in 0..20 {
        kept += usize::from(friend.connect(gate.address).await.is_ok());
    }
    assert!((3..=9).contains(&kept), "{kept} of 20 within a second or two");
}

#[tokio::test]
async fn a_new_connection_beyond_the_limit_replaces_the_oldest() {
    let friend = OrgKeys::new("globex.example");
    let limits = AcceptLimits { peer_connections_max: 2, ..AcceptLimits::default() };
    let gate = Gate::open(limits).await;
    gate.pin(&friend);
    let mut connections = Vec::new();
    for _ in 0..3 {
        let mut connection = friend.connect(gate.address).await.expect("gets in");
        connection.post("/", "{}").await.expect("an answer");
        connections.push(connection);
    }
    assert_eq!(gate.connections.count(&friend.domain), 2);
    let oldest = timeout(SOON, connections[0].post("/", "{}")).await.expect("an end");
    assert!(oldest.is_err(), "the oldest was cut");
    connections[2].post("/", "{}").await.expect("the newest works");
}

#[tokio::test]
async fn a_silent_connection_is_closed_by_the_first_byte_deadline() {
    let friend = OrgKeys::new("globex.example");
    let gate = Gate::open(AcceptLimits { first_byte_ms_max: 50, ..AcceptLimits::default() }).await;
    gate.pin(&friend);
    let mut stream = friend.handshake().tls(gate.address).await.expect("shakes hands");
    let ended = timeout(SOON, stream.read_u8()).await.expect("an end");
    assert!(ended.is_err());
}

#[tokio::test]
async fn a_trickled_request_is_closed_by_the_request_deadline() {
    let friend = OrgKeys::new("globex.example");
    let gate = Gate::open(AcceptLimits { request_ms_max: 50, ..AcceptLimits::default() }).await;
    gate.pin(&friend);
    let mut stream = friend.handshake().tls(gate.address).await.expect("shakes hands");
    stream.write_all(b"POST / HTTP/1.1\r\nhost: a.exam").await.expect("writes");
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("an end");
    assert_eq!(gate.served(), 0);
}

#[tokio::test]
async fn a24_a_flood_of_headers_is_refused() {
    let friend = OrgKeys::new("globex.example");
    let gate = Gate::with(&[&friend]).await;
    let mut stream = friend.handshake().tls(gate.address).await.expect("shakes hands");
    let flood = format!("POST / HTTP/1.1\r\nhost: a.example\r\nx: {}\r\n\r\n", "y".repeat(9_000));
    stream.write_all(flood.as_bytes()).await.expect("writes");
    let mut answer = vec![0; 12];
    timeout(SOON, stream.read_exact(&mut answer)).await.expect("an answer").expect("a head");
    assert_eq!(&answer, b"HTTP/1.1 431");
    assert_eq!(gate.served(), 0);
}
