//! A listener under a test's control, which takes what a real daemon sends and answers what the test wants.

use super::{EvilLink, MADE_AT, OrgKeys, Reply};
use crate::{
    crypto::digest::chain,
    model::{
        Code, Digest, Domain,
        record::{Ack, Credit, Envelope},
    },
    net::{
        Connections, PeerTls, StopSwitch,
        accept::{AcceptLimits, PeerListener, PeerResponse},
        stream::{Listen as _, TcpListen},
    },
    testing::Node,
    wire,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, StatusCode, body::Incoming};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// What to answer to an envelope: the honest ack, changed, as a document; or a refusal.
pub type Answers = Box<dyn FnMut(&EvilLink, &Envelope, Ack) -> Reply + Send>;

/// What to answer to a question for a piece of a file that begins at a byte.
pub type Pieces = Box<dyn FnMut(u64) -> Vec<u8> + Send>;

/// The listener.
pub struct EvilServer {
    side: Arc<Mutex<EvilLink>>,
    answers: Arc<Mutex<Answers>>,
    pieces: Arc<Mutex<Pieces>>,
    /// Whether questions for files are answered.
    gate: watch::Sender<bool>,
    /// Envelopes that arrived.
    pub arrived: watch::Receiver<usize>,
    _stop: StopSwitch,
}

impl std::fmt::Debug for EvilServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EvilServer")
    }
}

impl EvilServer {
    /// Listens, pins both sides, and grants; the daemon greets by itself.
    ///
    /// # Panics
    /// When a step fails.
    pub async fn start(node: &Node, domain: &str, answers: Answers) -> Self {
        let listener = TcpListen::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let endpoint = listener.local_address().expect("TCP has an address").to_string();
        let keys = OrgKeys::new(domain);
        let victim: Domain = node.domain().clone();
        let pin = node.keys.pin();
        let lookup = Arc::new(move |shown: &Digest| (*shown == pin).then(|| victim.clone()));
        let tls = Arc::new(PeerTls::new(keys.tls(), lookup).expect("keys fit"));
        let card = keys.card(1, &endpoint);
        let side = Arc::new(Mutex::new(EvilLink::unconnected(node, keys, &endpoint)));
        let answers = Arc::new(Mutex::new(answers));
        let pieces: Arc<Mutex<Pieces>> = Arc::new(Mutex::new(Box::new(|_| Vec::new())));
        let (count, arrived) = watch::channel(0);
        let (files_gate, gated) = watch::channel(true);
        let (switch, stop) = StopSwitch::new();
        let handler = {
            let (side, answers, count) = (side.clone(), (answers.clone(), pieces.clone()), Arc::new(count));
            move |_, request| answer(side.clone(), answers.clone(), count.clone(), gated.clone(), request)
        };
        let limits = AcceptLimits { handshakes_per_address_per_second_max: u32::MAX, ..AcceptLimits::default() };
        let gate = PeerListener { tls, connections: Arc::new(Connections::default()), limits };
        tokio::spawn(Arc::new(gate).run(Box::new(listener), handler, stop));
        node.pin(card).await;
        node.grant(&domain.parse().expect("a valid domain"), Some(crate::model::grant::Scopes::all())).await;
        Self { side, answers, pieces, gate: files_gate, arrived, _stop: switch }
    }

    /// Answers otherwise from now on.
    pub fn answer_with(&self, answers: Answers) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
    }

    /// Gives these pieces of files from now on.
    pub fn give(&self, pieces: impl FnMut(u64) -> Vec<u8> + Send + 'static) {
        *self.pieces.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(pieces);
    }

    /// From now on questions for files hang: neither an answer nor a refusal.
    pub fn hold_files(&self) {
        self.gate.send_replace(false);
    }

    /// What hangs is answered, and what comes too.
    pub fn release_files(&self) {
        self.gate.send_replace(true);
    }

    /// Another connection of the same peer, for a record to the daemon. The listener goes on with the same stream.
    ///
    /// # Panics
    /// When the daemon does not let the peer in.
    pub async fn tell(&self, node: &Node, body: &crate::model::record::RecordBody) -> Option<crate::model::Code> {
        let mut link = self.side.lock().unwrap_or_else(PoisonError::into_inner).twin(node);
        link.reconnect(node).await;
        let verdict = link.verdict(body).await;
        self.change(|side| (side.next_seq, side.head) = (link.next_seq, link.head));
        verdict
    }

    /// The peer's keys.
    #[must_use]
    pub fn keys(&self) -> OrgKeys {
        self.side.lock().unwrap_or_else(PoisonError::into_inner).keys.clone()
    }

    /// Changes what the peer says of itself.
    pub fn change(&self, change: impl FnOnce(&mut EvilLink)) {
        change(&mut self.side.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until this many envelopes have arrived.
    ///
    /// # Panics
    /// When they do not come in time.
    pub async fn until_arrived(&self, count: usize) {
        let mut arrived = self.arrived.clone();
        let waiting = arrived.wait_for(|so_far| *so_far >= count);
        tokio::time::timeout(crate::testing::node::PATIENCE, waiting)
            .await
            .expect("envelopes arrive in time")
            .expect("the server lives as long as the test");
    }
}

async fn answer(
    side: Arc<Mutex<EvilLink>>,
    (answers, pieces): (Arc<Mutex<Answers>>, Arc<Mutex<Pieces>>),
    arrived: Arc<watch::Sender<usize>>,
    mut gate: watch::Receiver<bool>,
    request: Request<Incoming>,
) -> PeerResponse {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if path == "/federation/v1/files" {
        // The test ends while something hangs: nobody waits for it any more.
        let _ = gate.wait_for(|open| *open).await;
    }
    let mut side = side.lock().unwrap_or_else(PoisonError::into_inner);
    let document = match path.as_str() {
        "/federation/v1/hello" => Bytes::from(greet(&mut side, &body)),
        "/federation/v1/files" => {
            let question: serde_json::Value = serde_json::from_slice(&body).expect("an honest daemon's question");
            let from = question["from"].as_u64().expect("a number");
            let piece = pieces.lock().unwrap_or_else(PoisonError::into_inner)(from);
            return Response::new(Full::new(piece.into()));
        }
        // It has kept nothing, or what it says.
        "/federation/v1/kept" => match &side.kept {
            Some(document) => Bytes::from(wire::kept::encode(std::slice::from_ref(document))),
            None => return not_found(),
        },
        _ => {
            let answers = &mut *answers.lock().unwrap_or_else(PoisonError::into_inner);
            let reply = take(&mut side, answers, &body);
            arrived.send_modify(|count| *count += 1);
            match reply {
                Reply::Taken(document) => document,
                Reply::Refused(problem) => return refuse(&problem),
            }
        }
    };
    Response::new(Full::new(document))
}

fn not_found() -> PeerResponse {
    let problem = wire::problem::Problem::new(Code::NotFound, wire::problem::Retry::No);
    let mut response = refuse(&problem);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn refuse(problem: &wire::problem::Problem) -> PeerResponse {
    let mut response = Response::new(Full::new(Bytes::from(wire::problem::encode(problem))));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

fn greet(side: &mut EvilLink, body: &[u8]) -> String {
    let heard = wire::proof::open_hello(body, &side.victim).expect("an honest daemon's hello");
    side.heard = Some(heard.into_inner());
    wire::proof::seal_hello(&side.hello(), &side.keys.signing).expect("a hello in form")
}

fn take(side: &mut EvilLink, answers: &mut Answers, body: &[u8]) -> Reply {
    let (envelope, _) = wire::proof::open_envelope(body, &side.victim).expect("an honest daemon's envelope");
    let records = &envelope.records;
    let cursor = envelope.from_seq + records.len() as u64 - 1;
    let held = match cursor > side.held.0 {
        true => (cursor, records.iter().fold(envelope.prev, |head, record| chain(head, record.digest))),
        false => side.held,
    };
    let honest = Ack {
        link: side.link,
        origin: side.keys.domain.clone(),
        destination: side.victim.domain.clone(),
        epoch: envelope.epoch,
        cursor: held.0,
        head: held.1,
        rejects: Vec::new(),
        credit: Credit::FULL,
        sent_at: MADE_AT,
    };
    let reply = answers(side, &envelope, honest);
    if matches!(reply, Reply::Taken(_)) {
        side.held = held;
    }
    reply
}
