//! A daemon without its HTTP APIs, in memory, with a real federation listener on loopback.

use super::{evil::OrgKeys, fixtures::local};
use crate::{
    clock::{SystemClock, SystemRandom},
    core::{
        Command, State,
        command::{AdminOp, Answer, GrantRequest, UserOp},
        grants,
    },
    engine::{Engine, Parts, Refusal, Runs},
    federation::{Federation, OwnKeys, pin_lookup},
    files::{Files, Memory, Work},
    model::{
        Address, Domain, InstanceId, Millis,
        grant::Scopes,
        link::LinkState,
        org::{OwnOrg, SignedCard},
        text::Reason,
    },
    net::{
        Connections, PeerTls, Stop, StopSwitch,
        accept::{AcceptLimits, PeerListener},
        client::Dialer,
        stream::{Listen as _, TcpDial, TcpListen},
    },
    signals::Signals,
    store::{kv::Kv, load, mem_kv::MemKv},
    wire,
};
use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Between two ticks.
const TICK: Duration = Duration::from_millis(20);

/// The daemon.
#[derive(Debug)]
pub struct Node {
    /// What it signs with.
    pub keys: OrgKeys,
    /// Its writer.
    pub engine: Engine,
    /// Its signals.
    pub signals: Signals,
    /// The bytes of its files.
    pub files: Files,
    /// Its live connections.
    pub connections: Arc<Connections>,
    /// Where peers reach it.
    pub address: SocketAddr,
    _stop: StopSwitch,
}

impl Node {
    /// Starts a daemon with these users.
    pub async fn start(domain: &str, users: &[&str]) -> Self {
        Self::start_on(OrgKeys::new(domain), Arc::new(MemKv::new()), users).await
    }

    /// Starts a daemon on an empty store.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_on(keys: OrgKeys, kv: Arc<dyn Kv>, users: &[&str]) -> Self {
        let org = OwnOrg {
            domain: keys.domain.clone(),
            identity: keys.identity.public(),
            instance: InstanceId([1; 16]),
            created_at: Millis(1),
        };
        load::create(&*kv, &org).expect("an empty store");
        let mut loaded = load::load(&kv).expect("a readable store").expect("a store with an org");
        loaded.state.own_card = Some(Arc::new(keys.card(1, "127.0.0.1:9").card));
        let (engine, _running) = Engine::start(Parts {
            kv,
            loaded,
            clock: Arc::new(SystemClock),
            random: Box::new(SystemRandom),
            runs: Runs::Thread,
            fatal: Box::new(|error| tracing::error!(%error, "the store failed")),
        });
        let signals = Signals::new(engine.clone());
        let files = Files::open(Arc::new(Memory::new()), Work::Threads, Arc::new(SystemClock)).expect("memory");
        let listener = TcpListen::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let address = listener.local_address().expect("TCP has an address");
        let tls = Arc::new(PeerTls::new(keys.tls(), pin_lookup(&engine)).expect("keys fit"));
        let connections = Arc::new(Connections::default());
        let dialer = Dialer { dial: Arc::new(TcpDial), tls: tls.clone(), connections: connections.clone() };
        let own = OwnKeys { signing: keys.signing.clone(), card: keys.card(1, &address.to_string()) };
        let federation =
            Federation::new(engine.clone(), (files.clone(), signals.clone()), own, dialer, Box::new(SystemRandom));
        let (switch, stop) = StopSwitch::new();
        let mut signals_stop = stop.clone();
        tokio::spawn(signals.clone().run(async move { signals_stop.requested().await }));
        let limits = AcceptLimits { handshakes_per_address_per_second_max: u32::MAX, ..AcceptLimits::default() };
        let gate = PeerListener { tls, connections: connections.clone(), limits };
        let handler = {
            let federation = federation.clone();
            move |peer, request| federation.clone().answer(peer, request)
        };
        tokio::spawn(Arc::new(gate).run(Box::new(listener), handler, stop.clone()));
        tokio::spawn(federation.run(stop.clone()));
        tokio::spawn(tick(engine.clone(), stop));
        let node = Self { keys, engine, files, signals, connections, address, _stop: switch };
        for user in users {
            node.create_user(user).await;
        }
        node
    }

    async fn create_user(&self, user: &str) {
        let op = AdminOp::CreateUser { local: local(user), name: user.parse().expect("a valid name"), password: None };
        self.admin(op).await.expect("a user can be made");
    }

    /// Its domain.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.keys.domain
    }

    /// Its card.
    #[must_use]
    pub fn card(&self) -> SignedCard {
        self.keys.card(1, &self.address.to_string())
    }

    /// The address of one of its users.
    #[must_use]
    pub fn user_address(&self, user: &str) -> Address {
        Address::new(&local(user), &self.keys.domain)
    }

    /// An admin asks.
    ///
    /// # Errors
    /// The refusal.
    pub async fn admin(&self, op: AdminOp) -> Result<Answer, Refusal> {
        soon("for the writer", self.engine.submit(Command::Admin { actor: "test".to_owned(), op })).await
    }

    /// A user asks.
    ///
    /// # Errors
    /// The refusal.
    pub async fn user(&self, user: &str, op: UserOp) -> Result<Answer, Refusal> {
        soon("for the writer", self.engine.submit(Command::User { user: local(user), op })).await
    }

    /// Pins a peer.
    ///
    /// # Panics
    /// When the card is refused.
    pub async fn pin(&self, card: SignedCard) {
        self.admin(AdminOp::PinPeer(Box::new(card))).await.expect("the card can be pinned");
    }

    /// Grants these scopes to a peer, or revokes.
    ///
    /// # Panics
    /// When the grant is refused.
    pub async fn grant(&self, peer: &Domain, scopes: Option<Scopes>) {
        let request = GrantRequest {
            peer: peer.clone(),
            scopes,
            not_after: None,
            reason: Reason::default(),
            expected_serial: None,
        };
        let grant = grants::build_own(&self.engine.state(), &request, self.engine.now()).expect("a possible grant");
        let expected_serial = grant.serial - 1;
        let grant = wire::proof::seal_grant(grant, &self.keys.signing).expect("a grant in form");
        let op = AdminOp::PutGrant { peer: peer.clone(), expected_serial, grant: Box::new(grant) };
        self.admin(op).await.expect("the grant is taken");
    }

    /// How it sees the link.
    #[must_use]
    pub fn link_state(&self, peer: &Domain) -> Option<LinkState> {
        let state = self.engine.state();
        let link = state.links.get(peer)?;
        Some(crate::core::permit::link_state(&state, link, self.engine.now()))
    }

    /// Waits until the durable state is as wanted.
    ///
    /// # Panics
    /// When it does not come to that in time.
    pub async fn until(&self, what: &str, wanted: impl Fn(&State) -> bool) {
        let mut bell = self.engine.bell();
        let waiting = async {
            while !wanted(&self.engine.state()) {
                bell.changed().await.expect("the writer lives as long as the test");
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{} waited in vain until {what}; its links: {:#?}", self.domain(), self.engine.state().links);
        }
    }

    /// Waits until the link is in a state.
    pub async fn until_link(&self, peer: &Domain, wanted: LinkState) {
        let what = format!("the link is {}", wanted.as_str());
        self.until(&what, |_| self.link_state(peer) == Some(wanted)).await;
    }

    /// Two daemons that know each other, with both grants active and the link open.
    pub async fn open_link(one: &Self, other: &Self) {
        one.pin(other.card()).await;
        other.pin(one.card()).await;
        one.grant(other.domain(), Some(Scopes::all())).await;
        other.grant(one.domain(), Some(Scopes::all())).await;
        one.until_link(other.domain(), LinkState::Open).await;
        other.until_link(one.domain(), LinkState::Open).await;
    }
}

/// Waits for what ends by itself, so that no test waits for ever.
pub(super) async fn soon<T>(what: &str, doing: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, doing).await.unwrap_or_else(|_| panic!("waited in vain {what}"))
}

/// Time passes for the writer, a little faster than in the real daemon.
async fn tick(engine: Engine, mut stop: Stop) {
    while !stop.is_requested() && !matches!(engine.submit(Command::Tick).await, Err(Refusal::Stopping)) {
        tokio::select! {
            () = stop.requested() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}
