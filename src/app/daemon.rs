//! A whole daemon behind its seams: store, time, randomness and network are arguments.

use super::{
    edge, endings, keeper,
    proving::prove_grants,
    pulse::{Beat, Pulse},
};
use crate::{
    api::{
        admin, client,
        cookie::{Channel, Cookies},
        entropy::Entropy,
        password::Passwords,
        throttle::Throttle,
    },
    backup::{self, Backups},
    clock::{Clock, Random},
    core::{
        command::{AdminOp, Command},
        draft::Change,
    },
    crypto::{SigningKey, turn::IceServers},
    engine::{self, Engine, Runs},
    federation::{Federation, OwnKeys, pin_lookup},
    files::{Disk, DiskError, Files, Work},
    model::{
        Digest, Domain,
        id::PublicKey,
        org::{KeyUse, SignedCard},
    },
    net::{
        Connections, Dial, Listen, PeerTls, Stop, StopSwitch,
        accept::{AcceptLimits, PeerListener},
        cert::TlsIdentity,
        client::Dialer,
        serve::{ServeLimits, ServerTls, serve},
        tls::TlsError,
    },
    search::{self, Search},
    signals::Signals,
    store::{
        anchor::{self, AnchorVerdict},
        kv::{Kv, StoreError},
        load::{self, Loaded},
    },
    web,
};
use arc_swap::ArcSwap;
use std::{fmt, sync::Arc, time::Duration};
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// What a daemon is made of.
pub struct Parts {
    /// What our org signs and shows.
    pub keys: Keys,
    /// The disk seam.
    pub kv: Arc<dyn Kv>,
    /// Where files stand, and where calls to it run.
    pub files: (Arc<dyn Disk>, Work),
    /// The time seam.
    pub clock: Arc<dyn Clock>,
    /// The randomness seam: a source for each part that needs one.
    pub random: Box<dyn FnMut() -> Box<dyn Random> + Send>,
    /// The network seam, outwards.
    pub dial: Arc<dyn Dial>,
    /// The network seam, inwards.
    pub faces: Faces,
    /// Where the writer runs.
    pub runs: Runs,
    /// Where the search index stands; none when there is no search.
    pub search: Option<SearchPlace>,
    /// How browsers connect in calls.
    pub ice: IceServers,
    /// Where backups go; none when the database stands in memory.
    pub backups: Option<backup::Places>,
    /// Called whenever the writer has answered, about once a second.
    pub beat: Beat,
    /// Renders the process's metrics.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
}

/// Where the search index stands.
#[derive(Clone, Debug)]
pub struct SearchPlace {
    /// Where.
    pub place: search::Place,
    /// Memory in which it is written, bytes.
    pub memory_bytes: u64,
}

/// What our org signs and shows.
#[derive(Debug)]
pub struct Keys {
    /// The current signing key.
    pub signing: SigningKey,
    /// Our card.
    pub card: SignedCard,
    /// Key and certificate of the federation listener.
    pub tls: TlsIdentity,
    /// The admin token.
    pub admin_token: admin::token::AdminToken,
}

/// The bound listeners.
pub struct Faces {
    /// For peers.
    pub federation: Box<dyn Listen>,
    /// For people's programs.
    pub client: Box<dyn Listen>,
    /// The client listener's certificate; none for plain HTTP.
    pub client_tls: Option<ServerTls>,
    /// For admins.
    pub admin: Box<dyn Listen>,
}

/// Why a daemon does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be read, or its anchor says that it is not the one that was written last.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory of files cannot be used.
    #[error("the directory of files: {0}")]
    Files(#[from] DiskError),
    /// The database is of no org.
    #[error("the database is empty; make the organization with `handclasp init`, or restore a backup")]
    Empty,
    /// A part of what was answered as durable is gone (D7).
    #[error(
        "the database ends at commit {commit}, and the anchor beside it says that commit {anchored} was durable: it has \
         lost data, or is an old copy. Restore a backup with `handclasp restore`"
    )]
    Behind {
        /// The last commit of the database.
        commit: u64,
        /// The commit that the anchor knows.
        anchored: u64,
    },
    /// Keys, card and database are not of one org.
    #[error("{0}")]
    Keys(String),
    /// The TLS key and certificate cannot be used.
    #[error("the federation listener's key and certificate cannot be used: {0}")]
    Tls(#[from] TlsError),
}

/// What became of the TLS key at a reload, with its pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsKey {
    /// The federation listener and our own connections use it.
    InUse(Digest),
    /// Partners learn of it by the card that was loaded; a later reload brings it into use.
    Waits(Digest),
}

/// A running daemon. Dropping it stops everything without waiting for anything.
pub struct Daemon {
    engine: Engine,
    signals: Signals,
    files: Files,
    tls: Arc<PeerTls>,
    pin: Digest,
    federation: Arc<Federation>,
    own: Arc<ArcSwap<admin::Own>>,
    faces: Group,
    egress: Group,
    writer: engine::Running,
    failure: oneshot::Receiver<StoreError>,
}

/// Tasks that are asked to end together.
struct Group {
    switch: StopSwitch,
    tasks: JoinSet<()>,
}

impl fmt::Debug for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Daemon")
    }
}

impl Daemon {
    /// Starts everything. Must be called within a runtime.
    ///
    /// # Errors
    /// When the store, the keys and the card do not fit each other; nothing runs then.
    pub fn start(mut parts: Parts) -> Result<Self, StartError> {
        let mut loaded = load_store(&parts.kv)?;
        let domain = loaded.state.org.domain.clone();
        check_keys(&parts.keys, &domain, &loaded.state.org.identity)?;
        loaded.state.own_card = Some(Arc::new(parts.keys.card.card.clone()));
        let (report, failure) = oneshot::channel();
        let kv = parts.kv.clone();
        let (engine, writer) = Engine::start(engine::Parts {
            kv: parts.kv,
            loaded,
            clock: parts.clock.clone(),
            random: (parts.random)(),
            runs: parts.runs,
            fatal: Box::new(move |error| drop(report.send(error))),
        });
        let Keys { signing, card, tls, admin_token } = parts.keys;
        let pin = tls.pin()?;
        let tls = Arc::new(PeerTls::new(tls, pin_lookup(&engine))?);
        let connections = Arc::new(Connections::default());
        let dialer = Dialer { dial: parts.dial, tls: tls.clone(), connections: connections.clone() };
        let keys = OwnKeys { signing: signing.clone(), card: card.clone() };
        let own = Arc::new(ArcSwap::from_pointee(admin::Own { signer: signing, card }));
        let files = Files::open(parts.files.0, parts.files.1, parts.clock)?;
        let signals = Signals::new(engine.clone());
        let federation =
            Federation::new(engine.clone(), (files.clone(), signals.clone()), keys, dialer, (parts.random)());
        let peers = PeerListener { tls: tls.clone(), connections, limits: AcceptLimits::default() };

        let (mut faces, stop) = Group::begin();
        let search = parts.search.map(|place| start_search(&engine, place, &stop, &mut faces.tasks));
        let pulse = Pulse::start(engine.clone(), parts.beat, stop.clone(), &mut faces.tasks);
        start_signals(&signals, &stop, &mut faces.tasks);
        let entropy = Entropy::new((parts.random)());
        let passwords = Passwords::new(entropy.clone());
        let certificate_end = certificate_ends(tls.clone(), parts.faces.client_tls.clone());
        let admin = admin::router(admin::AdminContext {
            engine: engine.clone(),
            own: own.clone(),
            files: files.clone(),
            secrets: secrets(admin_token, &entropy, &passwords, &domain),
            probes: probes(parts.metrics, pulse, certificate_end.clone()),
            search: search.clone(),
            backups: parts.backups.map(|places| Backups::new(engine.clone(), kv, places)),
        });
        let admin = web::before(web::App::Console, &domain, admin);
        let client = client::router(Arc::new(client::ClientContext {
            engine: engine.clone(),
            signals: signals.clone(),
            files: files.clone(),
            passwords,
            cookies: client_cookies(&domain, &parts.faces),
            throttle: Throttle::default(),
            entropy,
            search,
            ice: parts.ice,
        }));
        let client = edge::fit(web::before(web::App::Chat, &domain, client), &stop);
        let answering = federation.clone();
        let handler = move |peer, request| answering.clone().answer(peer, request);
        faces.tasks.spawn(Arc::new(peers).run(parts.faces.federation, handler, stop.clone()));
        let limits = ServeLimits::default();
        faces.tasks.spawn(serve(parts.faces.client, parts.faces.client_tls, client, limits, stop.clone()));
        faces.tasks.spawn(serve(parts.faces.admin, None, admin, ServeLimits::default(), stop));

        let (mut egress, stop) = Group::begin();
        egress.tasks.spawn(endings::run(engine.clone(), certificate_end, stop.clone()));
        egress.tasks.spawn(keeper::run(engine.clone(), files.clone(), stop.clone()));
        egress.tasks.spawn(greet_proven(federation.clone(), engine.clone(), own.load_full(), stop));
        Ok(Self { engine, files, signals, tls, pin, federation, own, faces, egress, writer, failure })
    }

    /// The writer's handle.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What is true for a moment.
    #[must_use]
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// The bytes of files.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Signs with these keys, shows this card and serves with this certificate from now on (W1, W2). Every partner is
    /// greeted with the card at once. The admin token stays the one that the daemon was started with.
    ///
    /// A TLS key whose pin the present card does not name waits for a later reload: partners do not know it yet.
    ///
    /// # Errors
    /// When they do not fit each other or what runs, or the writer cannot note it; everything stays as it was.
    pub async fn reload(&mut self, keys: Keys) -> Result<TlsKey, StartError> {
        let present = self.own.load_full();
        check_keys(&keys, &present.card.card.domain, &present.card.card.identity)?;
        check_newer(&present.card, &keys.card)?;
        let pin = keys.tls.pin()?;
        let is_known = present.card.card.tls_pins.contains(&pin);
        if !is_known && !keys.card.card.tls_pins.contains(&self.pin) {
            let text = "the card does not name the TLS key in use any more; keep its pin until the next one is in use";
            return Err(StartError::Keys(text.to_owned()));
        }
        let op = AdminOp::ShowCard(Arc::new(keys.card.card.clone()));
        let noted = self.engine.submit(Command::Admin { actor: "reload".to_owned(), op }).await;
        noted.map_err(|refusal| StartError::Keys(format!("the reload could not be noted: {refusal:?}")))?;
        if is_known {
            self.tls.reload(keys.tls)?;
            self.pin = pin;
        }
        // Before anybody is shown the card: it may be that it does not name the key any more that proves a grant.
        let proven = prove_grants(&self.engine, &keys.signing, &keys.card.card).await;
        proven.map_err(|refusal| StartError::Keys(format!("the grants could not be signed: {refusal:?}")))?;
        self.own.store(Arc::new(admin::Own { signer: keys.signing.clone(), card: keys.card.clone() }));
        self.federation.rekey(OwnKeys { signing: keys.signing, card: keys.card });
        Ok(if is_known { TlsKey::InUse(pin) } else { TlsKey::Waits(pin) })
    }

    /// Waits until the daemon cannot go on: the store failed, or the writer is gone without a word.
    pub async fn failed(&mut self) -> StoreError {
        let gone = || StoreError::Io("the writer ended by itself; the log says why".to_owned());
        (&mut self.failure).await.unwrap_or_else(|_| gone())
    }

    /// Ends everything in order: accepts nothing more, finishes requests, ends event streams, stops sending, and lets
    /// the writer commit and anchor what it has. What is not done in time is cut off.
    pub async fn drain(self, within: Duration) {
        let deadline = Instant::now() + within;
        let Self { engine, files, signals, tls, pin: _, federation, own, faces, egress, writer, failure: _failure } =
            self;
        faces.end(deadline, "requests").await;
        egress.end(deadline, "exchange with peers").await;
        drop((engine, files, signals, tls, federation, own));
        if timeout_at(deadline.max(Instant::now() + LAST_COMMIT), writer.ended()).await.is_err() {
            tracing::error!("the writer did not come to an end; the next start reads what is durable");
        }
    }
}

/// The cookies of the client listener.
fn client_cookies(domain: &Domain, faces: &Faces) -> Cookies {
    let channel = faces.client_tls.as_ref().map_or(Channel::Plain, |_| Channel::Tls);
    Cookies::new(format!("handclasp-{domain}"), channel)
}

/// What the admin listener must know and never tells.
fn secrets(
    token: admin::token::AdminToken,
    entropy: &Entropy,
    passwords: &Passwords,
    domain: &Domain,
) -> admin::Secrets {
    let cookies = Cookies::new(format!("handclasp-admin-{domain}"), Channel::Plain);
    admin::Secrets { token, entropy: entropy.clone(), passwords: passwords.clone(), cookies }
}

/// Time that the writer has at least for its last commit and anchor.
const LAST_COMMIT: Duration = Duration::from_secs(2);

impl Group {
    fn begin() -> (Self, Stop) {
        let (switch, stop) = StopSwitch::new();
        (Self { switch, tasks: JoinSet::new() }, stop)
    }

    async fn end(mut self, deadline: Instant, what: &str) {
        self.switch.stop();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if timeout_at(deadline, all).await.is_err() {
            tracing::warn!(what, "not everything ended in time; the rest is cut off");
            self.tasks.shutdown().await;
        }
    }
}

/// Lets signals end by themselves, as long as there are faces.
fn start_signals(signals: &Signals, stop: &Stop, tasks: &mut JoinSet<()>) {
    let mut stop = stop.clone();
    tasks.spawn(signals.clone().run(async move { stop.requested().await }));
}

/// Starts the search, which ends with the faces.
fn start_search(engine: &Engine, place: SearchPlace, stop: &Stop, tasks: &mut JoinSet<()>) -> Search {
    let (search, follower) = Search::new(engine.clone(), place.place, place.memory_bytes);
    let mut stop = stop.clone();
    tasks.spawn(follower.run(async move { stop.requested().await }));
    search
}

/// Reads the store, and compares it with the anchor beside it (D7).
fn load_store(kv: &Arc<dyn Kv>) -> Result<Loaded, StartError> {
    let mut loaded = load::load(kv)?.ok_or(StartError::Empty)?;
    match anchor::check(&**kv, &loaded)? {
        AnchorVerdict::Agrees => {}
        AnchorVerdict::Behind { commit, anchored } => return Err(StartError::Behind { commit, anchored }),
        verdict @ (AnchorVerdict::Missing | AnchorVerdict::Foreign | AnchorVerdict::GrantsDiffer(_)) => {
            tracing::error!(?verdict, "all links are held until an admin confirms the grants");
            loaded.state.unconfirmed = true;
            loaded.stage.apply(&Change::Unconfirmed(true))?;
        }
    }
    Ok(loaded)
}

/// What admins ask of the process beside its data.
fn probes(
    metrics: Box<dyn Fn() -> String + Send + Sync>,
    pulse: Pulse,
    certificate_end: admin::CertificateEnd,
) -> admin::Probes {
    admin::Probes { metrics, is_ready: Box::new(move || pulse.is_alive()), certificate_end }
}

fn certificate_ends(peers: Arc<PeerTls>, client: Option<ServerTls>) -> admin::CertificateEnd {
    Arc::new(move |whose| match whose {
        admin::Certificate::Federation => peers.certificate_end(None),
        admin::Certificate::Client => client.as_ref().and_then(ServerTls::ends_at),
        admin::Certificate::Peer(domain) => peers.certificate_end(Some(domain)),
    })
}

/// Exchanges with peers once the grants that they are shown are proven by the present key.
async fn greet_proven(federation: Arc<Federation>, engine: Engine, own: Arc<admin::Own>, stop: Stop) {
    if let Err(refusal) = prove_grants(&engine, &own.signer, &own.card.card).await {
        tracing::error!(?refusal, "grants stay signed by an old key; partners may refuse them");
    }
    federation.run(stop).await;
}

/// Keys of another org, or one that its card does not name, would only be refused by every peer.
fn check_keys(keys: &Keys, domain: &Domain, identity: &PublicKey) -> Result<(), StartError> {
    let card = &keys.card.card;
    if card.domain != *domain || card.identity != *identity {
        let text = format!("the card is of {} and the database of {domain}, or of another identity key", card.domain);
        return Err(StartError::Keys(text));
    }
    let signing = keys.signing.public();
    if !card.signing_keys.iter().any(|key| key.key == signing && key.state == KeyUse::Current) {
        return Err(StartError::Keys("the signing key is not a current one of the card; peers would refuse it".into()));
    }
    check_pin(&card.tls_pins, &keys.tls)
}

/// Partners refuse a card that is older than the one they have, and one that says something else under its number.
fn check_newer(present: &SignedCard, newer: &SignedCard) -> Result<(), StartError> {
    let (now, then) = (newer.card.version, present.card.version);
    if now < then || (now == then && newer.document != present.document) {
        let text = format!("the card has number {now} and is not the one in use, which has number {then}");
        return Err(StartError::Keys(text));
    }
    Ok(())
}

fn check_pin(pins: &[Digest], tls: &TlsIdentity) -> Result<(), StartError> {
    if pins.contains(&tls.pin()?) {
        return Ok(());
    }
    Err(StartError::Keys("the TLS key is not among the card's pins; peers would refuse it".to_owned()))
}
