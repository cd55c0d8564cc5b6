//! The wire of a peer under a test's control: greets a real daemon properly, and then sends what the test wants.

use super::{EvilConnection, OrgKeys};
use crate::{
    core::features::Feature,
    crypto::digest::{chain, link_id, sha256},
    model::{
        Code, Digest, Domain, EpochId, InstanceId, LinkId, Millis,
        grant::{Grant, GrantState, Scopes, SignedGrant},
        limits,
        org::Card,
        record::{Ack, Epoch, Hello, InPosition, OutPosition, RecordBody},
        text::Reason,
    },
    testing::Node,
    wire::{self, envelope::EnvelopeHead, problem::Problem},
};
use bytes::Bytes;
use hyper::StatusCode;

/// When everything that an evil peer signs was made.
pub const MADE_AT: Millis = Millis(1_700_000_000_000);

/// One peer's side of a link with a real daemon.
#[derive(Debug)]
pub struct EvilLink {
    /// The peer's keys.
    pub keys: OrgKeys,
    /// The daemon's card.
    pub victim: Card,
    /// The link.
    pub link: LinkId,
    /// The peer's grant.
    pub grant: SignedGrant,
    /// The epoch of the peer's stream.
    pub epoch: Epoch,
    /// The number of its next record.
    pub next_seq: u64,
    /// The chain head before it.
    pub head: Digest,
    /// The last hello of the daemon.
    pub heard: Option<Hello>,
    /// The last record of the daemon's stream that the peer claims to hold, and the head after it.
    pub held: (u64, Digest),
    /// The largest envelope that the peer says it takes: records, bytes.
    pub takes: (u64, u64),
    /// What it shows as the daemon's own envelope that it has kept.
    pub kept: Option<String>,
    connection: Option<EvilConnection>,
    endpoint: String,
}

/// What a daemon answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It took it.
    Taken(Bytes),
    /// It refused.
    Refused(Problem),
}

impl Reply {
    /// The refusal's code; none when it was taken.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Taken(_) => None,
            Self::Refused(problem) => Some(problem.code),
        }
    }
}

impl EvilLink {
    /// Pins each other, with both grants active and the link open as the daemon sees it.
    ///
    /// # Panics
    /// When the daemon does not want to.
    pub async fn open(node: &Node, domain: &str) -> Self {
        Self::open_at(node, domain, "127.0.0.1:9").await
    }

    /// The same, with a listener of the peer where the daemon sends its own records.
    ///
    /// # Panics
    /// When the daemon does not want to.
    pub async fn open_at(node: &Node, domain: &str, endpoint: &str) -> Self {
        Self::open_with(node, OrgKeys::new(domain), endpoint).await
    }

    /// The same with given keys.
    ///
    /// # Panics
    /// When the daemon does not want to.
    pub async fn open_with(node: &Node, keys: OrgKeys, endpoint: &str) -> Self {
        node.pin(keys.card(1, endpoint)).await;
        node.grant(&keys.domain, Some(Scopes::all())).await;
        let mut link = Self::connected(node, keys, endpoint).await;
        link.greet().await;
        link.greet().await;
        assert!(link.heard.as_ref().is_some_and(|hello| hello.incoming.is_some()), "the link is open");
        link
    }

    /// A link whose grants are whatever the daemon has; nothing was said yet.
    ///
    /// # Panics
    /// When the daemon does not let the peer in.
    pub async fn connected(node: &Node, keys: OrgKeys, endpoint: &str) -> Self {
        let mut link = Self::unconnected(node, keys, endpoint);
        link.reconnect(node).await;
        link
    }

    /// The same without a connection: for a peer that only answers.
    #[must_use]
    pub fn unconnected(node: &Node, keys: OrgKeys, endpoint: &str) -> Self {
        Self::against(node.card().card, keys, endpoint)
    }

    /// The same against any daemon with this card.
    #[must_use]
    pub fn against(victim: Card, keys: OrgKeys, endpoint: &str) -> Self {
        let link = link_id((&keys.domain, &keys.identity.public()), (&victim.domain, &victim.identity));
        let grant = seal(&keys, grant(&keys, &victim, 1, GrantState::Active));
        let epoch = Epoch { n: 1, id: EpochId([1; 16]) };
        let endpoint = endpoint.to_owned();
        Self {
            keys,
            victim,
            link,
            grant,
            epoch,
            next_seq: 1,
            head: Digest::ZERO,
            heard: None,
            held: (0, Digest::ZERO),
            takes: (limits::ENVELOPE_RECORDS_MAX as u64, limits::ENVELOPE_BYTES_MAX as u64),
            kept: None,
            connection: None,
            endpoint,
        }
    }

    /// The same side of the link, without a connection.
    #[must_use]
    pub fn twin(&self, node: &Node) -> Self {
        let mut twin = Self::unconnected(node, self.keys.clone(), &self.endpoint);
        (twin.epoch, twin.next_seq, twin.head) = (self.epoch, self.next_seq, self.head);
        (twin.grant, twin.heard, twin.held) = (self.grant.clone(), self.heard.clone(), self.held);
        twin
    }

    /// Connects anew.
    ///
    /// # Panics
    /// When the daemon does not let the peer in.
    pub async fn reconnect(&mut self, node: &Node) {
        self.speak(self.keys.connect(node.address).await.expect("the peer is pinned"));
    }

    /// Goes on over a connection.
    pub fn speak(&mut self, connection: EvilConnection) {
        self.connection = Some(connection);
    }

    /// The peer's grant under a serial. It begins a term of its own.
    #[must_use]
    pub fn grant_with(&self, serial: u64, state: GrantState) -> SignedGrant {
        seal(&self.keys, grant(&self.keys, &self.victim, serial, state))
    }

    /// A grant that the test has changed, signed.
    #[must_use]
    pub fn grant_from(&self, change: impl FnOnce(&mut Grant)) -> SignedGrant {
        let mut changed = self.grant.grant.clone();
        change(&mut changed);
        seal(&self.keys, changed)
    }

    /// What the peer would honestly say.
    #[must_use]
    pub fn hello(&self) -> Hello {
        let heard = self.heard.as_ref();
        let serial = heard.and_then(|hello| hello.grant.as_ref()).map_or(0, |signed| signed.grant.serial);
        let since = heard.and_then(|hello| hello.grant.as_ref()).map_or(0, |signed| signed.grant.since);
        let outgoing = OutPosition {
            epoch: self.epoch,
            term: (self.grant.grant.since, since),
            next_seq: self.next_seq,
            head: self.head,
        };
        let incoming = heard.and_then(|hello| hello.outgoing).map(|theirs| InPosition {
            epoch: theirs.epoch,
            cursor: self.held.0,
            head: self.held.1,
            backed_up: 0,
        });
        Hello {
            link: self.link,
            origin: self.keys.domain.clone(),
            destination: self.victim.domain.clone(),
            sent_at: MADE_AT,
            instance: InstanceId([9; 16]),
            run: None,
            card: self.keys.card(1, &self.endpoint),
            grant: Some(self.grant.clone()),
            seen_card: 1,
            seen_serial: serial,
            outgoing: (serial > 0).then_some(outgoing),
            incoming,
            follows: Vec::new(),
            through: None,
            ended: None,
            features: Feature::ALL.iter().map(|feature| feature.as_str().to_owned()).collect(),
            files: None,
            envelope_max: self.takes,
        }
    }

    /// An honest hello.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn greet(&mut self) {
        let hello = self.hello();
        let reply = self.say(&hello).await;
        assert_eq!(reply.code(), None, "an honest hello is taken");
    }

    /// Any hello.
    ///
    /// # Panics
    /// When the connection breaks, or the daemon's answer is no hello.
    pub async fn say(&mut self, hello: &Hello) -> Reply {
        let document = wire::proof::seal_hello(hello, &self.keys.signing).expect("a hello in form");
        let reply = self.post("/federation/v1/hello", document).await;
        if let Reply::Taken(body) = &reply {
            let heard = wire::proof::open_hello(body, &self.victim).expect("the daemon's hello is proven");
            self.heard = Some(heard.into_inner());
        }
        reply
    }

    /// The next record of the stream.
    #[must_use]
    pub fn record(&self, body: &RecordBody) -> Vec<u8> {
        self.record_at(self.next_seq, body)
    }

    /// A record with a number.
    #[must_use]
    pub fn record_at(&self, seq: u64, body: &RecordBody) -> Vec<u8> {
        wire::record::encode(seq, MADE_AT, body)
    }

    /// The head of an envelope that goes on where the stream stands.
    #[must_use]
    pub fn head(&self) -> EnvelopeHead {
        let theirs = self.heard.as_ref().and_then(|hello| hello.grant.as_ref()).map_or(1, |signed| signed.grant.serial);
        EnvelopeHead {
            link: self.link,
            origin: self.keys.domain.clone(),
            destination: self.victim.domain.clone(),
            epoch: self.epoch,
            from_seq: self.next_seq,
            prev: self.head,
            grants: (self.grant.grant.serial, theirs),
            settled: 0,
            sent_at: MADE_AT,
        }
    }

    /// A signed envelope.
    #[must_use]
    pub fn seal(&self, head: &EnvelopeHead, records: &[Vec<u8>]) -> String {
        wire::proof::seal_envelope(head, records.iter().map(Vec::as_slice), &self.keys.signing)
    }

    /// Sends records honestly and goes on behind them when they are taken.
    pub async fn send(&mut self, records: &[Vec<u8>]) -> Reply {
        let document = self.seal(&self.head(), records);
        let reply = self.envelope(document).await;
        if reply.code().is_none() {
            self.next_seq += records.len() as u64;
            self.head = records.iter().fold(self.head, |head, record| chain(head, sha256(record)));
        }
        reply
    }

    /// Sends one record honestly and says how the daemon judged it; none when it was applied.
    ///
    /// # Panics
    /// When the envelope is refused as a whole.
    pub async fn verdict(&mut self, body: &RecordBody) -> Option<Code> {
        let (seq, record) = (self.next_seq, self.record(body));
        let reply = self.send(&[record]).await;
        let ack = self.ack(&reply);
        assert_eq!(ack.cursor, seq, "a refused record consumes its number");
        ack.rejects.iter().find(|(of, _)| *of == seq).map(|(_, code)| *code)
    }

    /// Any document as an envelope.
    pub async fn envelope(&mut self, document: impl Into<Bytes>) -> Reply {
        self.post("/federation/v1/envelopes", document).await
    }

    /// The ack in a reply.
    ///
    /// # Panics
    /// When it is a refusal, or proves nothing.
    #[must_use]
    pub fn ack(&self, reply: &Reply) -> Ack {
        match reply {
            Reply::Taken(body) => wire::proof::open_ack(body, &self.victim).expect("a proven ack").into_inner(),
            Reply::Refused(problem) => panic!("refused: {problem:?}"),
        }
    }

    /// Posts anything.
    ///
    /// # Panics
    /// When the connection breaks, or a refusal cannot be read.
    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Reply {
        let connection = self.connection.as_mut().expect("the peer has connected");
        let (status, body) = connection.post(path, body).await.expect("the connection stands");
        match status {
            StatusCode::OK => Reply::Taken(body),
            _ => Reply::Refused(wire::problem::decode(&body).expect("a refusal in form")),
        }
    }

    /// Waits until the daemon has closed the connection.
    pub async fn cut(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.closed().await;
        }
    }

    /// How far the daemon has taken the peer's stream.
    #[must_use]
    pub fn cursor(&self, node: &Node) -> Option<u64> {
        let state = node.engine.state();
        state.links.get(&self.keys.domain)?.streams.inn.as_ref().map(|inn| inn.cursor)
    }

    /// The peer's domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.keys.domain
    }
}

fn grant(keys: &OrgKeys, victim: &Card, serial: u64, state: GrantState) -> Grant {
    Grant {
        link: link_id((&keys.domain, &keys.identity.public()), (&victim.domain, &victim.identity)),
        issuer: keys.domain.clone(),
        subject: victim.domain.clone(),
        subject_identity: victim.identity,
        serial,
        since: serial,
        state,
        scopes: if state == GrantState::Active { Scopes::all() } else { Scopes::default() },
        not_after: None,
        issued_at: MADE_AT,
        reason: Reason::default(),
    }
}

fn seal(keys: &OrgKeys, grant: Grant) -> SignedGrant {
    wire::proof::seal_grant(grant, &keys.signing).expect("a grant in form")
}
