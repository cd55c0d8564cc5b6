//! The way in for everything from a peer: one function, one fixed order of checks (W12).

use super::{
    Federation,
    lines::Line,
    refused::{Refused, answer},
};
use crate::{
    core::{
        Command, State,
        command::{Answer, PeerOp},
        permit,
        state::Link,
    },
    engine::Refusal,
    model::{Code, Domain, LinkId, limits, org::Card, record::Ack},
    net::{PeerIdentity, accept::PeerResponse},
    signals::Unknown,
    wire,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::{
    Method, Request, StatusCode,
    body::{Body as _, Incoming},
    header::CONTENT_ENCODING,
};
use std::sync::Arc;

/// What a peer can ask for (W15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endpoint {
    Hello,
    Grants,
    Cards,
    Envelopes,
    Pull,
    Kept,
    RoomHeads,
    RoomLog,
    Signals,
    Files,
}

/// What must hold for a request to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    Nothing,
    Grants,
    OpenLink,
}

impl Endpoint {
    fn parse<B>(request: &Request<B>) -> Option<Self> {
        let path = request.uri().path().strip_prefix("/federation/v1/")?;
        if request.method() != Method::POST || request.uri().query().is_some() {
            return None;
        }
        match path {
            "hello" => Some(Self::Hello),
            "grants" => Some(Self::Grants),
            "cards" => Some(Self::Cards),
            "envelopes" => Some(Self::Envelopes),
            "pull" => Some(Self::Pull),
            "kept" => Some(Self::Kept),
            "rooms/heads" => Some(Self::RoomHeads),
            "rooms/log" => Some(Self::RoomLog),
            "signals" => Some(Self::Signals),
            "files" => Some(Self::Files),
            _ => None,
        }
    }

    /// Greetings, grants and cards get through on a closed link, so that it can open and close (W8). What a peer lost is
    /// given back also by one that has lost something itself (F17).
    fn needs(self) -> Needs {
        match self {
            Self::Hello | Self::Grants | Self::Cards => Needs::Nothing,
            Self::Pull | Self::Kept => Needs::Grants,
            _ => Needs::OpenLink,
        }
    }

    fn body_bytes_max(self) -> usize {
        match self {
            Self::Envelopes => limits::FEDERATION_BODY_BYTES_MAX,
            Self::Hello | Self::Grants | Self::Cards => limits::HELLO_BODY_BYTES_MAX,
            Self::Pull | Self::Kept | Self::RoomHeads | Self::RoomLog | Self::Files => limits::QUESTION_BODY_BYTES_MAX,
            Self::Signals => limits::SIGNALS_BODY_BYTES_MAX,
        }
    }
}

/// A request that passed every check that needs neither its body nor cryptography.
struct Admitted {
    endpoint: Endpoint,
    peer: Arc<PeerIdentity>,
    line: Arc<Line>,
}

impl Federation {
    /// Answers one request of a peer: the handler of the federation listener.
    pub async fn answer(self: Arc<Self>, peer: Arc<PeerIdentity>, request: Request<Incoming>) -> PeerResponse {
        let line = self.lines.of(&peer.domain);
        let answered = match self.admit(peer, line.clone(), &request) {
            Ok(admitted) => self.take(admitted, request.into_body()).await,
            Err(refused) => {
                line.charge(limits::REFUSED_REQUEST_COST);
                Err(refused)
            }
        };
        answered.unwrap_or_else(Refused::into_response)
    }

    fn admit(
        &self,
        peer: Arc<PeerIdentity>,
        line: Arc<Line>,
        request: &Request<Incoming>,
    ) -> Result<Admitted, Refused> {
        let state = self.engine.state();
        let link = pinned(&state, &peer)?;
        if !line.admits() {
            return Err(Refused::closing(Code::RateLimited));
        }
        line.alive();
        let endpoint = Endpoint::parse(request).ok_or_else(|| Refused::new(Code::NotFound))?;
        self.check_open(endpoint, &state, link)?;
        if endpoint == Endpoint::Envelopes && !line.takes_envelopes() {
            return Err(Refused::closing(Code::Quarantined));
        }
        if endpoint == Endpoint::Signals && !line.admits_signals() {
            return Err(Refused::closing(Code::RateLimited));
        }
        if request.headers().contains_key(CONTENT_ENCODING) {
            return Err(Refused::closing(Code::Malformed));
        }
        if request.body().size_hint().lower() > endpoint.body_bytes_max() as u64 {
            return Err(Refused::closing(Code::TooLarge));
        }
        Ok(Admitted { endpoint, peer, line })
    }

    async fn take(&self, admitted: Admitted, body: Incoming) -> Result<PeerResponse, Refused> {
        let Admitted { endpoint, peer, line } = admitted;
        let places = if endpoint == Endpoint::Signals { &line.signals } else { &line.bodies };
        let place = places.acquire().await.expect("the semaphore is never closed");
        let body = read(body, endpoint.body_bytes_max()).await?;
        // The state again: it may have changed while the body came in.
        let state = self.engine.state();
        let link = pinned(&state, &peer)?;
        self.check_open(endpoint, &state, link)?;
        let answered = match endpoint {
            Endpoint::Hello => self.take_hello(link, &body).await,
            Endpoint::Grants => self.take_grant(link, &body).await,
            Endpoint::Cards => self.take_card(link, &body).await,
            Endpoint::Envelopes => self.take_envelope(link, &line, &body).await,
            Endpoint::Pull => self.take_pull(&state, link, &body),
            Endpoint::Kept => self.take_kept(link, &body),
            Endpoint::RoomHeads => self.take_room_heads(&state, link, &body),
            Endpoint::RoomLog => self.take_room_log(&state, link, &body),
            Endpoint::Signals => self.take_signals(link, &body),
            Endpoint::Files => {
                // A piece of a file holds up no envelope.
                drop(place);
                return self.take_piece(&state, link, &line, &body).await;
            }
        };
        answered.map(|body| answer(StatusCode::OK, body))
    }

    fn check_open(&self, endpoint: Endpoint, state: &State, link: &Link) -> Result<(), Refused> {
        let now = self.engine.now();
        let closed = match endpoint.needs() {
            Needs::Nothing => None,
            Needs::Grants => permit::check_granted(state, link, now).err(),
            Needs::OpenLink => permit::check_link(state, link, now).err(),
        };
        closed.map_or(Ok(()), |reject| Err(Refused::closed(link, &reject)))
    }

    async fn take_hello(&self, link: &Link, body: &[u8]) -> Result<Bytes, Refused> {
        let hello = wire::proof::open_hello(body, &link.peer.card.card)?;
        self.check_parties(link, hello.link, &hello.origin, &hello.destination)?;
        let domain = &link.peer.domain;
        let is_behind = link.streams.out.zip(hello.incoming).is_some_and(|(out, held)| {
            // One that crosses with an ack or with another hello looks the same; a hello too many does no harm.
            (held.epoch.n, held.cursor) < (out.epoch.n, out.acked)
        });
        self.tell(domain, PeerOp::Heard(Box::new(hello.into_inner()))).await?;
        if is_behind {
            self.lines.of(domain).fell_behind();
        }
        self.signals.greeted(domain);
        Ok(self.own_hello(domain).await?.into())
    }

    async fn take_grant(&self, link: &Link, body: &[u8]) -> Result<Bytes, Refused> {
        let grant = wire::proof::open_grant(body, &link.peer.card.card)?.into_inner();
        let serial = grant.grant.serial;
        if let Some(newer) = link.peer.theirs.as_ref().filter(|held| held.grant.serial > serial) {
            return Err(Refused::new(Code::Conflict).with_evidence(Some(newer.document.clone())));
        }
        self.tell(&link.peer.domain, PeerOp::HeardGrant(Box::new(grant))).await?;
        Ok(Bytes::from_static(b"{}"))
    }

    async fn take_card(&self, link: &Link, body: &[u8]) -> Result<Bytes, Refused> {
        let card = wire::proof::open_card(body, Some(&link.peer.card.card.identity))?.into_inner();
        self.tell(&link.peer.domain, PeerOp::HeardCard(Box::new(card))).await?;
        Ok(Bytes::from_static(b"{}"))
    }

    async fn take_envelope(&self, link: &Link, line: &Line, body: &[u8]) -> Result<Bytes, Refused> {
        self.pace_bytes(line, body.len()).await;
        let turn = self.turn_to_open(body).await;
        let (envelope, evidence) = open_envelope(line, body, &link.peer.card.card)?;
        drop(turn);
        self.check_parties(link, envelope.link, &envelope.origin, &envelope.destination)?;
        let domain = &link.peer.domain;
        let records = envelope.records.len();
        self.pace_records(line, records).await;
        let answer = self.tell(domain, PeerOp::Ingest(Box::new(envelope), evidence, Vec::new())).await?;
        let Answer::Applied(ack) = answer else { unreachable!("the writer answers an envelope with an ack") };
        let ack = Ack { credit: self.credit(line, ack.credit), ..ack };
        metrics::counter!("handclasp_envelopes_total", "peer" => domain.to_string(), "direction" => "in").increment(1);
        metrics::counter!("handclasp_records_total", "peer" => domain.to_string(), "direction" => "in")
            .increment(records as u64);
        Ok(wire::proof::seal_ack(&ack, &self.keys.load().signing).into())
    }

    /// Signals are not for the writer: nothing of them is kept, and nobody waits for them.
    fn take_signals(&self, link: &Link, body: &[u8]) -> Result<Bytes, Refused> {
        let batch = wire::proof::open_signals(body, &link.peer.card.card)?.into_inner();
        self.check_parties(link, batch.link, &batch.origin, &batch.destination)?;
        match self.signals.hear(&link.peer.domain, batch) {
            Ok(()) => Ok(Bytes::from_static(b"{}")),
            Err(Unknown) => Err(Refused::new(Code::Epoch)),
        }
    }

    async fn tell(&self, peer: &Domain, op: PeerOp) -> Result<Answer, Refused> {
        Ok(self.submit(peer, op).await?)
    }

    /// Hands something of a peer to the writer. Also what was refused with effects, such as a quarantine, is an error.
    pub(super) async fn submit(&self, peer: &Domain, op: PeerOp) -> Result<Answer, Refusal> {
        match self.engine.submit(Command::Peer { peer: peer.clone(), op }).await? {
            Answer::Refused(reject) => Err(reject.into()),
            answer => Ok(answer),
        }
    }

    /// A signed object must be about this link, from its peer to us: neither reflected nor meant for another (A10).
    pub(super) fn check_parties(
        &self,
        link: &Link,
        named: LinkId,
        origin: &Domain,
        destination: &Domain,
    ) -> Result<(), Refused> {
        let state = self.engine.state();
        if named == link.peer.link && *origin == link.peer.domain && *destination == state.org.domain {
            return Ok(());
        }
        tracing::warn!(peer = %link.peer.domain, %origin, %destination, "object of another link refused");
        Err(Refused::new(Code::Proof))
    }
}

/// The link of a connection, if the key that opened the connection is still one of the peer's pins (A4).
fn pinned<'a>(state: &'a State, peer: &PeerIdentity) -> Result<&'a Link, Refused> {
    state
        .links
        .get(&peer.domain)
        .filter(|link| link.peer.card.card.tls_pins.contains(&peer.pin))
        .map(AsRef::as_ref)
        .ok_or_else(|| Refused::closing(Code::UnknownPeer))
}

fn open_envelope(
    line: &Line,
    body: &[u8],
    card: &Card,
) -> Result<(crate::model::record::Envelope, crate::model::record::Evidence), Refused> {
    match wire::proof::open_envelope(body, card) {
        Ok((envelope, evidence)) => {
            line.sound();
            Ok((envelope.into_inner(), evidence))
        }
        Err(error) => {
            if line.unsound() {
                tracing::warn!(peer = %card.domain, "envelopes held: too many without valid proof or form");
            }
            Err(error.into())
        }
    }
}

async fn read(body: Incoming, bytes_max: usize) -> Result<Bytes, Refused> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Refused::closing(Code::TooLarge)),
        Err(_) => Err(Refused::closing(Code::Malformed)),
    }
}
