//! Fetching files that a peer has announced: in the background, a few at a time, in pieces, resumed where it stopped,
//! verified by their SHA-256 (W19).
//!
//! It uses connections of its own, so that messages never wait behind a file. What is awaited is durable state; this
//! task owns nothing that must survive.

use super::{Federation, backoff::Backoff};
use crate::{
    core::{State, command::PeerOp, permit},
    files::{DiskError, Label},
    model::{Code, Digest, Domain, RoomId, grant::Scope, limits},
    net::client::{ClientError, PeerConnection},
    wire::{
        self,
        piece::{self, Piece},
    },
};
use hyper::StatusCode;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until},
};

/// Nothing is due before then, unless the bell rings.
const IDLE: Duration = Duration::from_secs(60);

/// The fetching side of one link.
pub struct Fetcher {
    federation: Arc<Federation>,
    peer: Domain,
    bell: watch::Receiver<u64>,
    /// Connections that no fetch uses now.
    idle: Vec<PeerConnection>,
    running: JoinSet<Ended>,
    /// Files that are being fetched, or have failed before.
    tries: BTreeMap<Digest, Try>,
    /// The peer cannot be reached until then.
    away: Option<Instant>,
    unreachable: Backoff,
}

#[derive(Default)]
struct Try {
    running: bool,
    /// Which of the places that name the file is asked for next: one may be closed to us while another is not.
    turn: usize,
    faults: u32,
    until: Option<Instant>,
    backoff: Backoff,
}

/// A file to be fetched.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    digest: Digest,
    room: RoomId,
    bytes: u64,
}

/// How a fetch ended, with its connection if that is still good.
struct Ended {
    digest: Digest,
    connection: Option<PeerConnection>,
    result: Result<(), Trouble>,
}

/// Why a file is not here.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Unreachable(#[from] ClientError),
    #[error("refused: {0}")]
    Refused(Code),
    #[error("the bytes are not those that were announced")]
    Faulty,
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("the link does not allow it now")]
    Closed,
}

impl Fetcher {
    pub fn new(federation: Arc<Federation>, peer: Domain) -> Self {
        let bell = federation.engine.bell();
        Self {
            federation,
            peer,
            bell,
            idle: Vec::new(),
            running: JoinSet::new(),
            tries: BTreeMap::new(),
            away: None,
            unreachable: Backoff::new(),
        }
    }

    /// Works until the peer is unpinned or the daemon stops.
    pub async fn run(mut self) {
        loop {
            self.bell.borrow_and_update();
            let state = self.federation.engine.state();
            if !state.links.contains_key(&self.peer) {
                return;
            }
            self.begin(&state);
            let due = self.next_due();
            tokio::select! {
                Some(ended) = self.running.join_next() => if let Ok(ended) = ended { self.settle(ended).await },
                changed = self.bell.changed() => if changed.is_err() { return },
                () = sleep_until(due) => {}
            }
        }
    }

    /// Starts as many fetches as may run at once.
    fn begin(&mut self, state: &State) {
        let now = Instant::now();
        if self.away.is_some_and(|away| now < away) || !is_open(&self.federation, state, &self.peer) {
            return;
        }
        let mut free = limits::FETCHES_PER_PEER_MAX.saturating_sub(self.running.len());
        if free == 0 {
            return;
        }
        if self.tries.len() > 2 * limits::FILES_AWAITED_MAX {
            self.tries.retain(|digest, tried| tried.running || state.awaits(&self.peer, *digest));
        }
        let mut awaited = state.awaited_from(&self.peer).peekable();
        while let Some((digest, room, bytes)) = awaited.next().filter(|_| free > 0) {
            let mut places = vec![(room, bytes)];
            while let Some((_, room, bytes)) = awaited.next_if(|(next, ..)| *next == digest) {
                places.push((room, bytes));
            }
            let tried = self.tries.entry(digest).or_default();
            let held = tried.until.is_some_and(|until| now < until) || tried.faults >= limits::FETCH_FAULTS_MAX;
            if tried.running || held {
                continue;
            }
            let (room, bytes) = places[tried.turn % places.len()];
            tried.running = true;
            free -= 1;
            let wanted = Wanted { digest, room, bytes };
            let fetch = fetch(self.federation.clone(), self.peer.clone(), wanted, self.idle.pop());
            self.running.spawn(fetch);
        }
    }

    fn next_due(&self) -> Instant {
        let now = Instant::now();
        let tries = self.tries.values().filter(|tried| !tried.running && tried.faults < limits::FETCH_FAULTS_MAX);
        let pauses = tries.filter_map(|tried| tried.until).chain(self.away);
        pauses.filter(|until| *until > now).min().unwrap_or(now + IDLE)
    }

    async fn settle(&mut self, ended: Ended) {
        self.idle.extend(ended.connection.filter(PeerConnection::is_alive));
        let Err(trouble) = ended.result else {
            self.tries.remove(&ended.digest);
            self.away = None;
            self.unreachable.reset();
            return;
        };
        tracing::debug!(peer = %self.peer, digest = %ended.digest, %trouble, "file not fetched");
        let tried = self.tries.entry(ended.digest).or_default();
        tried.running = false;
        match trouble {
            Trouble::Unreachable(_) => {
                self.away = Some(Instant::now() + self.unreachable.next(&self.federation.jitter));
            }
            Trouble::Faulty => {
                tried.faults += 1;
                tried.until = Some(Instant::now() + tried.backoff.next(&self.federation.jitter));
                metrics::counter!("handclasp_file_faults_total", "peer" => self.peer.to_string()).increment(1);
                let op = PeerOp::FileFault(ended.digest);
                if let Err(refusal) = self.federation.submit(&self.peer, op).await {
                    tracing::debug!(%refusal, "the fault of a file was not noted");
                }
            }
            Trouble::Refused(_) | Trouble::Disk(_) | Trouble::Closed => {
                tried.turn = tried.turn.wrapping_add(1);
                tried.until = Some(Instant::now() + tried.backoff.next(&self.federation.jitter));
            }
        }
    }
}

fn is_open(federation: &Federation, state: &State, peer: &Domain) -> bool {
    permit::authorize(state, peer, Scope::Files, federation.engine.now()).is_ok()
}

async fn fetch(
    federation: Arc<Federation>,
    peer: Domain,
    wanted: Wanted,
    mut connection: Option<PeerConnection>,
) -> Ended {
    let result = pull(&federation, &peer, wanted, &mut connection).await;
    if matches!(result, Err(Trouble::Unreachable(_))) {
        connection = None;
    }
    Ended { digest: wanted.digest, connection, result }
}

async fn pull(
    federation: &Arc<Federation>,
    peer: &Domain,
    wanted: Wanted,
    connection: &mut Option<PeerConnection>,
) -> Result<(), Trouble> {
    let mut receiving = federation.files.receive(Label::fetch(peer, &wanted.digest)).await?;
    while receiving.bytes() < wanted.bytes {
        // Before each piece: a link that closed meanwhile brings nothing more (P26), nor does what was recalled.
        let state = federation.engine.state();
        if !is_open(federation, &state, peer) {
            return Err(Trouble::Closed);
        }
        if !state.awaits(peer, wanted.digest) {
            receiving.discard().await?;
            return Err(Trouble::Closed);
        }
        let piece = ask(federation, peer, wanted, receiving.bytes(), connection).await?;
        receiving.push(piece).await?;
    }
    if receiving.bytes() != wanted.bytes || receiving.digest() != wanted.digest {
        receiving.discard().await?;
        return Err(Trouble::Faulty);
    }
    let (digest, pin) = receiving.finish().await?;
    let told = federation.submit(peer, PeerOp::FileArrived(digest)).await;
    drop(pin);
    // Recalled while the last piece came: nobody names it.
    let reader = federation.engine.reader().clone();
    federation.files.remove(digest, move || reader.is_file_used(digest).unwrap_or(true)).await?;
    told.map(drop).map_err(|refusal| {
        tracing::warn!(%refusal, "a file that came is not noted yet");
        Trouble::Closed
    })
}

/// One piece, of exactly the length that is due.
async fn ask(
    federation: &Federation,
    peer: &Domain,
    wanted: Wanted,
    from: u64,
    connection: &mut Option<PeerConnection>,
) -> Result<bytes::Bytes, Trouble> {
    let question = piece::encode(Piece { room: wanted.room, digest: wanted.digest, from });
    let connection = connected(federation, peer, connection).await?;
    let answer = connection.post("/federation/v1/files", question).await?;
    if answer.status != StatusCode::OK {
        let code = wire::problem::decode(&answer.body).map_or(Code::Overloaded, |problem| problem.code);
        return Err(Trouble::Refused(code));
    }
    let due = usize::try_from(wanted.bytes - from).unwrap_or(usize::MAX).min(limits::FILE_CHUNK_BYTES);
    if answer.body.len() != due {
        return Err(Trouble::Faulty);
    }
    metrics::counter!("handclasp_file_bytes_total", "peer" => peer.to_string(), "direction" => "in")
        .increment(due as u64);
    Ok(answer.body)
}

async fn connected<'c>(
    federation: &Federation,
    peer: &Domain,
    connection: &'c mut Option<PeerConnection>,
) -> Result<&'c mut PeerConnection, Trouble> {
    if !connection.as_ref().is_some_and(PeerConnection::is_alive) {
        let state = federation.engine.state();
        let link = state.links.get(peer).ok_or(Trouble::Closed)?;
        let mut failed = None;
        *connection = None;
        for endpoint in &link.peer.card.card.endpoints {
            match federation.dialer.connect(peer, endpoint).await {
                Ok(made) => {
                    *connection = Some(made);
                    break;
                }
                Err(error) => failed = Some(error),
            }
        }
        if let (None, Some(error)) = (&connection, failed) {
            return Err(error.into());
        }
    }
    connection.as_mut().ok_or(Trouble::Closed)
}
