//! Signals on their way to one peer: a connection and a pace of their own, so that they never hold records back (P22).
//!
//! Each batch has one chance. After anything goes wrong, another session begins with a snapshot of what is true then.

use super::{Federation, backoff::Backoff, stream_out::open_stream};
use crate::{
    core::{
        State,
        features::{self, Feature},
        state::Link,
    },
    model::{Domain, EpochId, limits, signal::SignalBatch},
    net::client::PeerConnection,
    signals::Taken,
    wire,
};
use hyper::StatusCode;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep_until, timeout},
};

const PATH: &str = "/federation/v1/signals";
const PAUSE: Duration = Duration::from_millis(limits::SIGNALS_PAUSE_MS);
const RENEW: Duration = Duration::from_millis(limits::PRESENCE_RENEW_MS);
const ANSWER: Duration = Duration::from_millis(limits::SIGNALS_ANSWER_MS_MAX);

/// The way out for signals.
pub struct SignalLane {
    federation: Arc<Federation>,
    peer: Domain,
    rung: Arc<Notify>,
    commits: watch::Receiver<u64>,
    connection: Option<PeerConnection>,
    session: Option<Session>,
    /// A snapshot for the next session waits.
    prepared: bool,
    unreachable: Backoff,
    /// Nothing is sent before.
    not_before: Instant,
    endpoint: usize,
}

/// What the peer has been told since a snapshot.
#[derive(Clone, Copy)]
struct Session {
    id: EpochId,
    /// The number of the next batch.
    n: u64,
    /// When the last one went.
    sent: Instant,
}

/// What comes next.
enum Next {
    End,
    /// The link is not open for signals: until something is committed.
    Closed,
    /// Nothing to say, until then or until something is.
    Idle(Option<Instant>),
    /// Not before then.
    Later(Instant),
    Again,
}

impl SignalLane {
    pub fn new(federation: Arc<Federation>, peer: Domain) -> Self {
        Self {
            rung: federation.signals.lane_bell(&peer),
            commits: federation.engine.bell(),
            federation,
            peer,
            connection: None,
            session: None,
            prepared: false,
            unreachable: Backoff::new(),
            not_before: Instant::now(),
            endpoint: 0,
        }
    }

    /// Works until the peer is unpinned or the daemon stops.
    pub async fn run(mut self) {
        loop {
            self.commits.borrow_and_update();
            if self.commits.has_changed().is_err() {
                return;
            }
            match self.step().await {
                Next::End => return,
                Next::Again => {}
                Next::Later(until) => sleep_until(until).await,
                Next::Idle(until) => self.idle(until).await,
                Next::Closed => {
                    if self.commits.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn end_session(&mut self) {
        (self.session, self.connection, self.prepared) = (None, None, false);
    }

    async fn idle(&mut self, until: Option<Instant>) {
        tokio::select! {
            () = self.rung.notified() => {}
            // The link may have closed, and opened again.
            _ = self.commits.changed() => {}
            () = async { match until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            } } => {}
        }
    }

    async fn step(&mut self) -> Next {
        let state = self.federation.engine.state();
        let Some(link) = state.links.get(&self.peer) else { return Next::End };
        let signals = self.federation.signals.clone();
        if open_stream(&state, link, &self.federation).is_none() || !features::offers(link, Feature::Signals) {
            self.end_session();
            signals.discard(&self.peer);
            return Next::Closed;
        }
        if Instant::now() < self.not_before {
            return Next::Later(self.not_before);
        }
        if self.connection.as_ref().is_some_and(|connection| !connection.is_alive()) {
            self.end_session();
        }
        if signals.needs_session(&self.peer) {
            (self.session, self.prepared) = (None, false);
        }
        if self.session.is_none() && !self.prepared {
            signals.begin_session(&self.peer);
            self.prepared = true;
        }
        let renew = self.renewal();
        // Also an empty snapshot is told: the peer may hold what is not true any more.
        let quiet = self.session.is_some() && !signals.wait_for(&self.peer);
        if quiet && renew.is_none_or(|at| Instant::now() < at) {
            return Next::Idle(renew);
        }
        match self.send().await {
            Some(()) => {
                self.unreachable.reset();
                self.not_before = Instant::now() + PAUSE;
            }
            None => {
                self.end_session();
                self.not_before = Instant::now() + self.unreachable.next(&self.federation.jitter);
            }
        }
        Next::Again
    }

    /// When the peer has to hear of us again, so that it does not take our people for gone.
    fn renewal(&self) -> Option<Instant> {
        let session = self.session.filter(|_| self.federation.signals.tells_presence(&self.peer))?;
        Some(session.sent + RENEW)
    }

    /// One batch; none when it had its chance and did not get through.
    async fn send(&mut self) -> Option<()> {
        if self.connection.is_none() {
            self.connection = Some(self.connect().await?);
        }
        // The link again, right before the signature: a revocation that was answered before stops it (P26).
        let state = self.federation.engine.state();
        let link = state.links.get(&self.peer)?;
        open_stream(&state, link, &self.federation)?;
        let fresh = || Session { id: EpochId(self.federation.jitter.random_16()), n: 1, sent: Instant::now() };
        let session = self.session.unwrap_or_else(fresh);
        let batch = self.batch(&state, link, session);
        let document = wire::proof::seal_signals(&batch, &self.federation.keys.load().signing);
        let answer = timeout(ANSWER, self.connection.as_mut()?.post(PATH, document)).await.ok()?.ok()?;
        if answer.status != StatusCode::OK {
            tracing::debug!(peer = %self.peer, status = %answer.status, "signals not taken");
            return None;
        }
        self.session = Some(Session { n: session.n + 1, sent: Instant::now(), ..session });
        Some(())
    }

    fn batch(&self, state: &State, link: &Link, session: Session) -> SignalBatch {
        let Taken { signals, calls } = self.federation.signals.take(&self.peer);
        SignalBatch {
            link: link.peer.link,
            origin: state.org.domain.clone(),
            destination: self.peer.clone(),
            sent_at: self.federation.engine.now(),
            session: session.id,
            n: session.n,
            signals,
            calls,
            unknown: 0,
        }
    }

    async fn connect(&mut self) -> Option<PeerConnection> {
        let state = self.federation.engine.state();
        let endpoints = &state.links.get(&self.peer)?.peer.card.card.endpoints;
        let endpoint = endpoints.get(self.endpoint % endpoints.len().max(1))?;
        match self.federation.dialer.connect(&self.peer, endpoint).await {
            Ok(connection) => Some(connection),
            Err(error) => {
                tracing::debug!(peer = %self.peer, %error, "no connection for signals");
                self.endpoint = self.endpoint.wrapping_add(1);
                None
            }
        }
    }
}
