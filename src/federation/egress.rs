//! The way out: one task per peer that greets, sends what waits, and settles what comes back (W8, W11, W16).
//!
//! It owns nothing that must survive: after a crash the durable state and the peer's hello tell where to go on.

mod taking_back;
mod trouble;

use self::{taking_back::Pulled, trouble::refusal_of};
use super::{
    Federation,
    greeting::Said,
    lines::Line,
    pauses::{Pauses, probe_pause},
    refused::Refused,
    stream_out::{BadAck, Batch, Position, open_stream},
};
use crate::{
    core::{
        Command,
        command::{Answer, PeerOp, Ref},
        permit,
    },
    engine::Refusal,
    model::{
        Code, Domain, limits,
        link::{LinkState, Peer},
        record::{Ack, Credit},
    },
    net::client::{ClientError, PeerAnswer, PeerConnection},
    wire::{self, problem::Problem, proof::OpenError},
};
use hyper::StatusCode;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// Shortest and longest wait that a peer can ask for, milliseconds.
const AFTER_MS: (u64, u64) = (50, limits::BACKOFF_MS_MAX);
/// Pause after our own writer was too busy, or our disk full, milliseconds.
const OWN_TROUBLE_MS: u64 = 250;

/// The largest envelope of this version, as what its records may be.
const ENVELOPE_MAX: Credit =
    Credit { records: limits::ENVELOPE_RECORDS_MAX as u64, bytes: wire::envelope::RECORDS_BYTES_MAX as u64 };

/// The sending side of one link.
pub struct Egress {
    federation: Arc<Federation>,
    peer: Domain,
    line: Arc<Line>,
    bell: watch::Receiver<u64>,
    connection: Option<PeerConnection>,
    /// Which of the peer's endpoints is tried next.
    endpoint: usize,
    position: Option<Position>,
    /// How much the peer takes by its last ack, and in one envelope by its last hello.
    credit: Credit,
    envelope_max: Credit,
    /// The peer's submissions that were asked for while our own records are taken back.
    pulled: Pulled,
    /// Verdicts on their way to the writer; says whether they became durable.
    settling: Option<JoinHandle<bool>>,
    said: Option<Said>,
    pauses: Pauses,
}

enum Step {
    End,
    Greet,
    TakeBack,
    Send,
    Wait(Instant),
}

/// Why an exchange came to nothing.
enum Trouble {
    /// No answer.
    Unreachable(ClientError),
    /// An answer that proves nothing.
    Unproven(String),
    /// A refusal.
    Refused(Problem),
    /// A proven answer that cannot be true.
    Contradiction(Arc<str>),
    /// Our own side could not go on.
    Own,
    /// The peer is not pinned any more, or we stop.
    End,
}

impl From<ClientError> for Trouble {
    fn from(error: ClientError) -> Self {
        Self::Unreachable(error)
    }
}

impl From<OpenError> for Trouble {
    fn from(error: OpenError) -> Self {
        Self::Unproven(error.detail())
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Stopping => Self::End,
            Refusal::Reject(reject) if reject.code == Code::UnknownPeer => Self::End,
            Refusal::Reject(reject) => Self::Unproven(reject.to_string()),
            Refusal::Overloaded { .. } | Refusal::StorageFull => Self::Own,
        }
    }
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        match refused.code() {
            Code::Proof => Self::Unproven("an object of another link".to_owned()),
            _ => Self::Own,
        }
    }
}

impl Egress {
    pub fn new(federation: Arc<Federation>, peer: Domain) -> Self {
        let (line, bell) = (federation.lines.of(&peer), federation.engine.bell());
        Self {
            federation,
            peer,
            line,
            bell,
            connection: None,
            endpoint: 0,
            position: None,
            credit: Credit::FULL,
            envelope_max: ENVELOPE_MAX,
            pulled: Pulled::default(),
            settling: None,
            said: None,
            pauses: Pauses::new(),
        }
    }

    /// Works until the peer is unpinned or the daemon stops.
    pub async fn run(mut self) {
        loop {
            self.bell.borrow_and_update();
            let done = match self.next_step() {
                Step::End => return,
                Step::Greet => self.greet().await,
                Step::TakeBack => self.take_back().await,
                Step::Send => self.send().await,
                Step::Wait(until) => self.wait(until).await,
            };
            match done {
                Ok(()) => {}
                Err(Trouble::End) => return,
                Err(trouble) => self.recover(trouble).await,
            }
        }
    }

    fn next_step(&self) -> Step {
        let state = self.federation.engine.state();
        let Some(link) = state.links.get(&self.peer) else { return Step::End };
        let now = Instant::now();
        if let Some(away) = self.pauses.away.filter(|away| now < *away) {
            return Step::Wait(away);
        }
        let is_due = now >= self.pauses.hello || self.line.has_fallen_behind();
        if is_due || self.said != Some(self.federation.to_say(&state, link)) {
            return Step::Greet;
        }
        if self.has_to_take_back(&state, link) {
            return Step::TakeBack;
        }
        let Some(out) = open_stream(&state, link, &self.federation) else { return Step::Wait(self.pauses.hello) };
        if let Some(held) = self.pauses.held(out.epoch) {
            return Step::Wait(held.min(self.pauses.hello));
        }
        let next = match self.position {
            Some(position) if position.epoch == out.epoch => position.next,
            _ => out.acked + 1,
        };
        match (&self.connection, next < out.next_seq) {
            (_, false) => Step::Wait(self.pauses.hello),
            (Some(connection), true) if connection.is_alive() => Step::Send,
            (_, true) => Step::Greet,
        }
    }

    async fn wait(&mut self, until: Instant) -> Result<(), Trouble> {
        tokio::select! {
            changed = self.bell.changed() => changed.map_err(|_| Trouble::End)?,
            () = self.line.rung() => {
                self.pauses.away = None;
                self.pauses.unreachable.reset();
            }
            kept = ended(&mut self.settling) => self.check_kept(kept),
            () = sleep_until(until) => {}
        }
        Ok(())
    }

    async fn connected(&mut self) -> Result<&mut PeerConnection, Trouble> {
        if !self.connection.as_ref().is_some_and(PeerConnection::is_alive) {
            let peer = self.pinned()?;
            let endpoints = &peer.card.card.endpoints;
            let endpoint = endpoints.get(self.endpoint % endpoints.len().max(1)).ok_or(Trouble::Own)?;
            self.endpoint = self.endpoint.wrapping_add(1);
            let connection = self.federation.dialer.connect(&self.peer, endpoint).await?;
            // The endpoint that worked is tried first the next time.
            self.endpoint = self.endpoint.wrapping_sub(1);
            return Ok(self.connection.insert(connection));
        }
        self.connection.as_mut().ok_or(Trouble::Own)
    }

    fn pinned(&self) -> Result<Arc<Peer>, Trouble> {
        let state = self.federation.engine.state();
        state.links.get(&self.peer).map(|link| link.peer.clone()).ok_or(Trouble::End)
    }

    /// One hello and its answer (W8).
    async fn greet(&mut self) -> Result<(), Trouble> {
        // Due until it is answered; what it says is taken before, so that a change meanwhile makes another one due.
        self.pauses.hello = Instant::now();
        let pause = self.pauses.burst();
        if !pause.is_zero() {
            self.pauses.away = Some(Instant::now() + pause);
            return Ok(());
        }
        self.said = Some(self.to_say()?);
        self.settled().await;
        self.connected().await?;
        let document = self.federation.own_hello(&self.peer).await?;
        let answer = self.connected().await?.post("/federation/v1/hello", document).await?;
        if answer.status != StatusCode::OK {
            return Err(refusal_of(&answer));
        }
        let hello = wire::proof::open_hello(&answer.body, &self.pinned()?.card.card)?;
        let state = self.federation.engine.state();
        let link = state.links.get(&self.peer).ok_or(Trouble::End)?;
        self.federation.check_parties(link, hello.link, &hello.origin, &hello.destination)?;
        let theirs = hello.incoming;
        self.envelope_max = takes(hello.envelope_max);
        let again = self.tell(PeerOp::Heard(Box::new(hello.into_inner()))).await?;
        self.pauses.release();
        self.pauses.away = None;
        self.pauses.unreachable.reset();
        self.position = self.federation.position(&self.peer, theirs).map_err(|bad| self.contradicted(bad, &answer))?;
        self.plan_hello(matches!(again, Answer::Heard { again: true }));
        Ok(())
    }

    fn to_say(&self) -> Result<Said, Trouble> {
        let state = self.federation.engine.state();
        state.links.get(&self.peer).map(|link| self.federation.to_say(&state, link)).ok_or(Trouble::End)
    }

    /// When the next hello is due after one that was answered.
    fn plan_hello(&mut self, again: bool) {
        let federation = &self.federation;
        let state = federation.engine.state();
        let link_state =
            state.links.get(&self.peer).map(|link| permit::link_state(&state, link, federation.engine.now()));
        let pause = match link_state {
            _ if again => Duration::ZERO,
            Some(LinkState::Open | LinkState::Stale) => {
                self.pauses.opening.reset();
                let every = limits::HELLO_EVERY_MS;
                Duration::from_millis(federation.jitter.between(every / 10 * 8, every))
            }
            Some(LinkState::Opening) => self.pauses.opening.next(&federation.jitter),
            _ => probe_pause(federation),
        };
        self.pauses.hello = Instant::now() + pause;
    }

    /// One envelope and its ack (W11).
    async fn send(&mut self) -> Result<(), Trouble> {
        let Some((batch, document)) = self.seal_next().await? else { return Ok(()) };
        let connection = self.connection.as_mut().ok_or(Trouble::Own)?;
        let answer = connection.post("/federation/v1/envelopes", document).await?;
        if answer.status != StatusCode::OK {
            return Err(refusal_of(&answer));
        }
        let ack = wire::proof::open_ack(&answer.body, &self.pinned()?.card.card)?.into_inner();
        let state = self.federation.engine.state();
        let link = state.links.get(&self.peer).ok_or(Trouble::End)?;
        self.federation.check_parties(link, ack.link, &ack.origin, &ack.destination)?;
        let position =
            self.federation.check_ack(&self.peer, &batch, &ack).map_err(|bad| self.contradicted(bad, &answer))?;
        if self.settled().await {
            let references = self.federation.references(&self.peer, &batch, ack.cursor)?;
            self.count(&batch);
            self.progress(&batch, position, &ack);
            self.settle(ack, references);
        }
        Ok(())
    }

    /// The next envelope. The link is looked at right before the signature: a revocation that was answered before this
    /// moment stops it (P26).
    async fn seal_next(&mut self) -> Result<Option<(Batch, String)>, Trouble> {
        let federation = &self.federation;
        let position = match self.position {
            Some(position) => position,
            None => match federation.position(&self.peer, None) {
                Ok(Some(position)) => position,
                _ => return Ok(None),
            },
        };
        let batch = federation.next_batch(&self.peer, position, self.credit.and(self.envelope_max))?;
        let state = federation.engine.state();
        let Some(link) = state.links.get(&self.peer) else { return Err(Trouble::End) };
        if batch.is_gone {
            // The peer was put back to before what is still kept here (F18).
            self.tell(PeerOp::TailGone(position.epoch.id)).await?;
        }
        let out = open_stream(&state, link, federation).filter(|out| out.epoch == position.epoch);
        let Some(out) = out.filter(|_| !batch.items.is_empty()) else {
            self.position = None;
            self.pauses.hello = self.pauses.hello.min(Instant::now() + self.pauses.conflict(federation));
            return Ok(None);
        };
        let document = federation.seal_envelope(&state, link, &out, &batch.items, position.head);
        Ok(document.map(|document| (batch, document)))
    }

    /// Takes over what an ack says for the next envelope.
    fn progress(&mut self, batch: &Batch, position: Position, ack: &Ack) {
        let moved = ack.cursor >= batch.from.next;
        self.position = Some(position);
        self.pauses.away = None;
        self.pauses.unreachable.reset();
        if moved {
            self.pauses.calm();
        }
        self.credit = ack.credit;
        if self.credit.is_spent() || !moved {
            self.credit = Credit::FULL;
            let until = Instant::now() + Duration::from_millis(limits::CREDIT_PAUSE_MS);
            self.pauses.hold(Some(position.epoch), until);
        }
    }

    /// Hands verdicts to the writer without waiting for the disk: the next envelope can go meanwhile. One at a time, so
    /// that they arrive in order.
    fn settle(&mut self, ack: Ack, references: Vec<(u64, Ref)>) {
        let (federation, peer) = (self.federation.clone(), self.peer.clone());
        self.settling = Some(tokio::spawn(async move {
            let op = PeerOp::Settle(ack, references);
            let settled = federation.engine.submit_in_turn(Command::Peer { peer: peer.clone(), op }).await;
            if let Err(refusal) = &settled {
                tracing::warn!(%peer, %refusal, "an ack was not settled");
            }
            // A rule's refusal would come again; what the writer could not write is asked for once more.
            !matches!(settled, Err(Refusal::Overloaded { .. } | Refusal::StorageFull))
        }));
    }

    /// Waits until the last verdicts are durable; false when they are not.
    async fn settled(&mut self) -> bool {
        let kept = self.settling.is_none() || ended(&mut self.settling).await;
        self.check_kept(kept);
        kept
    }

    /// Verdicts that were lost are asked for again: their records are sent once more, behind the last settled one.
    fn check_kept(&mut self, kept: bool) {
        if !kept {
            self.position = None;
            self.pauses.away = Some(Instant::now() + Duration::from_millis(OWN_TROUBLE_MS));
        }
    }

    async fn tell(&self, op: PeerOp) -> Result<Answer, Refusal> {
        self.federation.submit(&self.peer, op).await
    }

    fn contradicted(&self, bad: BadAck, answer: &PeerAnswer) -> Trouble {
        match bad {
            BadAck::Void => Trouble::Unproven("an ack of another epoch".to_owned()),
            BadAck::Contradiction => Trouble::Contradiction(String::from_utf8_lossy(&answer.body).into()),
        }
    }

    fn count(&self, batch: &Batch) {
        metrics::counter!("handclasp_envelopes_total", "peer" => self.peer.to_string(), "direction" => "out")
            .increment(1);
        metrics::counter!("handclasp_records_total", "peer" => self.peer.to_string(), "direction" => "out")
            .increment(batch.items.len() as u64);
    }
}

/// What the records of one envelope may be, by the largest envelope that the peer names.
fn takes((records, bytes): (u64, u64)) -> Credit {
    ENVELOPE_MAX.and(Credit { records, bytes: bytes.saturating_sub(wire::envelope::HEAD_BYTES_MAX as u64) })
}

/// Whether the task's verdicts became durable, once it has ended. For ever when there is none.
async fn ended(settling: &mut Option<JoinHandle<bool>>) -> bool {
    match settling {
        Some(task) => {
            let kept = task.await.unwrap_or(false);
            *settling = None;
            kept
        }
        None => std::future::pending().await,
    }
}
