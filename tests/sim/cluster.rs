//! Sites with a whole daemon each, and the loop that steps the simulation and crashes what it is told to.

use super::{
    calls::{self, Deed},
    invariants,
    network::{SimClock, SimDial, SimListen},
    ops::Driver,
};
use handclasp::{
    api::admin::token::AdminToken,
    app::{Daemon, Faces, Keys, Parts},
    clock::{Random, random_16},
    core::{
        Command,
        command::{AdminOp, Answer, GrantRequest, UserOp},
        grants,
    },
    crypto::SigningKey,
    engine::{Engine, Refusal, Runs},
    files::{Disk as _, Files, Kind, Memory, NewUpload, Pin, Progress, UploadId, Work},
    model::{
        Address, Digest, Domain, InstanceId, LocalPart, Millis, RoomId,
        file::{FileName, FileRef},
        grant::Scopes,
        limits,
        org::{Card, KeyUse, OwnOrg, SignedCard, SigningKey as CardKey},
        signal::Typing,
        text::Reason,
    },
    signals::{Signals, Viewing},
    store::{kv::Kv, load, mem_kv::MemKv},
    testing::{Seeded, evil::OrgKeys},
    wire,
};
use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// The two orgs of most histories.
pub const PAIR: [&str; 2] = ["acme.example", "globex.example"];

const FEDERATION_PORT: u16 = 7443;
/// The longest history, simulated.
const DURATION: Duration = Duration::from_secs(6 * 3_600);

/// A step of a history in which milliseconds matter, and one of a history in which hours pass.
const FINE: Duration = Duration::from_millis(5);
pub const COARSE: Duration = Duration::from_millis(50);

/// One org of the simulation. Cheap to clone; its store survives crashes.
#[derive(Clone)]
pub struct Site {
    pub domain: Domain,
    pub clock: SimClock,
    keys: Arc<OrgKeys>,
    /// What of the keys changes; a running daemon takes it up.
    shown: Arc<watch::Sender<Shown>>,
    kv: Arc<MemKv>,
    disk: Arc<Memory>,
    engine: Arc<Mutex<Option<Engine>>>,
    files: Arc<Mutex<Option<Files>>>,
    /// Goes on over restarts: no machine gives the same randomness twice.
    seeds: Arc<Mutex<Seeded>>,
    /// What is true for a moment; gone with the daemon.
    signals: Arc<Mutex<Option<Moving>>>,
}

/// What an org signs with, and the card that says so.
#[derive(Clone)]
struct Shown {
    signing: SigningKey,
    card: SignedCard,
}

/// The signals of a daemon that runs, and what lets people do something there.
type Moving = (Signals, mpsc::UnboundedSender<Gesture>);

/// What a person does that others see for a moment. Done on the daemon's own host, by its clock.
#[derive(Clone, Copy, Debug)]
pub enum Gesture {
    /// Opens a stream of live events, or closes one.
    Stream(&'static str),
    /// Types.
    Types(&'static str, RoomId),
    /// Has read; the marker is durable already.
    Reads(&'static str, RoomId),
    /// Does something with the call of a room.
    Calls(&'static str, RoomId, Deed),
}

/// What the driver asks of the loop.
#[derive(Clone, Copy, Debug)]
pub enum Control {
    Crash(usize),
    Start(usize),
}

pub type Controls = Arc<Mutex<Vec<Control>>>;

impl Site {
    fn new(domain: &str, seed: u64) -> Self {
        let keys = OrgKeys::new(domain);
        let kv = MemKv::new();
        let mut seeds = Seeded::new(seed);
        let org = OwnOrg {
            domain: keys.domain.clone(),
            identity: keys.identity.public(),
            instance: InstanceId(random_16(&mut seeds)),
            created_at: Millis(1),
        };
        load::create(&kv, &org).expect("an empty store");
        let card = keys.card(1, &format!("{domain}:{FEDERATION_PORT}"));
        Self {
            domain: keys.domain.clone(),
            clock: SimClock::default(),
            shown: Arc::new(watch::Sender::new(Shown { signing: keys.signing.clone(), card })),
            keys: Arc::new(keys),
            kv: Arc::new(kv),
            disk: Arc::default(),
            engine: Arc::default(),
            files: Arc::default(),
            seeds: Arc::new(Mutex::new(seeds)),
            signals: Arc::default(),
        }
    }

    fn keys(&self) -> Keys {
        let Shown { signing, card } = self.shown.borrow().clone();
        let admin_token = AdminToken::parse(&"A".repeat(43)).expect("a token in form");
        Keys { signing, card, tls: self.keys.tls(), admin_token }
    }

    /// Another signing key is in use from now on. The one before it goes on verifying, older ones do not (W1).
    pub async fn rotate(&self) {
        let signing = SigningKey::generate(&mut *self.seeds.lock().expect("no draw panics"));
        let Shown { signing: before, card: SignedCard { card, .. } } = self.shown.borrow().clone();
        let mut signing_keys = vec![CardKey { key: signing.public(), state: KeyUse::Current }];
        signing_keys.extend(card.signing_keys.into_iter().map(|key| match key.key == before.public() {
            true => key,
            false => CardKey { state: KeyUse::Retired, ..key },
        }));
        signing_keys.truncate(limits::CARD_SIGNING_KEYS_MAX);
        let version = card.version + 1;
        let card = wire::proof::seal_card(Card { version, signing_keys, ..card }, &self.keys.identity);
        self.shown.send_replace(Shown { signing, card: card.expect("a card in form") });
        let is_shown = |known: &Card| known.version == version;
        while !self.engine().await.state().own_card.as_deref().is_some_and(is_shown) {
            tokio::time::sleep(Duration::from_millis(20)).await; // between polls: simulated time
        }
    }

    async fn boot(&self) -> Result<Daemon, Box<dyn std::error::Error>> {
        let seeds = self.seeds.clone();
        let random = Box::new(move || {
            let mut bytes = [0; 8];
            seeds.lock().expect("no draw panics").fill(&mut bytes);
            Box::new(Seeded::new(u64::from_le_bytes(bytes))) as Box<dyn Random>
        });
        let kv: Arc<dyn Kv> = self.kv.clone();
        let faces = Faces {
            federation: Box::new(SimListen::bind(FEDERATION_PORT).await?),
            client: Box::new(SimListen::bind(80).await?),
            client_tls: None,
            admin: Box::new(SimListen::bind(81).await?),
        };
        Ok(Daemon::start(Parts {
            keys: self.keys(),
            kv,
            files: (self.disk.clone(), Work::Inline),
            clock: Arc::new(self.clock.clone()),
            random,
            dial: Arc::new(SimDial),
            faces,
            runs: Runs::Task,
            search: None,
            ice: handclasp::crypto::turn::IceServers::default(),
            backups: None,
            beat: Box::new(|| {}),
            metrics: Box::new(String::new),
        })?)
    }

    async fn live(self) -> Result<(), Box<dyn std::error::Error>> {
        let mut shown = self.shown.subscribe();
        let mut daemon = self.boot().await?;
        *self.files.lock().expect("one thread") = Some(daemon.files().clone());
        *self.engine.lock().expect("one thread") = Some(daemon.engine().clone());
        let signals = daemon.signals().clone();
        let (sender, gestures) = mpsc::unbounded_channel();
        *self.signals.lock().expect("one thread") = Some((signals.clone(), sender));
        let mut following = pin!(follow(signals, gestures));
        loop {
            tokio::select! {
                failure = daemon.failed() => return Err(failure.into()),
                () = &mut following => return Ok(()),
                changed = shown.changed() => {
                    changed?;
                    daemon.reload(self.keys()).await?;
                }
            }
        }
    }

    /// Lets a person do something, if the daemon runs.
    pub fn gesture(&self, gesture: Gesture) {
        if let Some((_, sender)) = &*self.signals.lock().expect("one thread") {
            let _ = sender.send(gesture); // a daemon that has just crashed hears nothing
        }
    }

    /// What is true for a moment.
    pub fn signals(&self) -> Option<Signals> {
        self.signals.lock().expect("one thread").as_ref().map(|(signals, _)| signals.clone())
    }

    /// Everything that is durable now.
    pub fn back_up(&self) -> MemKv {
        self.kv.crash()
    }

    /// Puts a backup in place while the daemon is down, as the command does.
    pub fn put_back(&self, backup: &MemKv) {
        self.kv.put_back(backup);
        load::mark_restored(&*self.kv).expect("memory");
    }

    /// How often something stands in the audit log.
    pub async fn audited(&self, action: &str) -> usize {
        let entries = self.engine().await.reader().audit(1, usize::MAX).expect("a readable store");
        entries.iter().filter(|entry| entry.action == action).count()
    }

    /// The writer's handle; waits until the daemon runs.
    pub async fn engine(&self) -> Engine {
        loop {
            let engine = self.engine.lock().expect("one thread").clone();
            match engine {
                Some(engine) => return engine,
                None => tokio::time::sleep(Duration::from_millis(20)).await, // between polls
            }
        }
    }

    /// The bytes of files, while the daemon runs.
    pub fn files(&self) -> Option<Files> {
        self.files.lock().expect("one thread").clone()
    }

    /// Uploads something as a user; none when the daemon is down or has too many already.
    pub async fn upload(&self, user: &str, id: [u8; 16], bytes: Vec<u8>) -> Option<FileRef> {
        let (files, owner, id) = (self.files()?, local(user), UploadId(id));
        let upload = NewUpload { bytes: bytes.len() as u64, name: FileName::clean("x"), declared: None, digest: None };
        files.begin_upload(&owner, id, upload).await.ok()?;
        let mut writing = files.write_upload(&owner, id, 0).await.ok()?;
        writing.push(bytes.into()).await.ok()?;
        match writing.close().await.ok()? {
            Progress::Finished(file) => Some(file),
            Progress::More(_) => None,
        }
    }

    /// Keeps the bytes of a photo; none when the daemon is down.
    pub async fn keep(&self, id: [u8; 16], bytes: Vec<u8>) -> Option<(Digest, Pin)> {
        self.files()?.keep(id, bytes).await.ok()
    }

    /// A message has named the upload.
    pub async fn uploaded(&self, user: &str, id: [u8; 16]) {
        if let Some(files) = self.files() {
            files.uploads_used(&local(user), &[UploadId(id)]).await;
        }
    }

    /// It crashes with the next tick: nobody speaks to it any more.
    pub fn forget(&self) {
        *self.engine.lock().expect("one thread") = None;
        *self.signals.lock().expect("one thread") = None;
        *self.files.lock().expect("one thread") = None;
    }

    pub fn is_up(&self) -> bool {
        self.engine.lock().expect("one thread").is_some()
    }

    pub fn address(&self, user: &str) -> Address {
        Address::new(&local(user), &self.domain)
    }

    pub async fn admin(&self, op: AdminOp) -> Result<Answer, Refusal> {
        self.engine().await.submit(Command::Admin { actor: "sim".to_owned(), op }).await
    }

    pub async fn user(&self, user: &str, op: UserOp) -> Result<Answer, Refusal> {
        self.engine().await.submit(Command::User { user: local(user), op }).await
    }

    /// Pins the other org and makes users.
    pub async fn settle_in(&self, other: &Self, users: &[&str]) {
        self.pin(other).await;
        for user in users {
            self.create_user(user, user).await;
        }
    }

    pub async fn pin(&self, other: &Self) {
        let card = other.shown.borrow().card.clone();
        self.admin(AdminOp::PinPeer(Box::new(card))).await.expect("the card is good");
    }

    pub async fn create_user(&self, user: &str, name: &str) {
        let name = name.parse().expect("a valid name");
        let op = AdminOp::CreateUser { local: local(user), name, password: None };
        self.admin(op).await.expect("a new user");
    }

    /// Everything that it has kept: rows with their keys, and files.
    pub fn kept(&self) -> Vec<Vec<u8>> {
        let rows = self.kv.scan(&[], &[0xff; 64], usize::MAX).expect("memory");
        let mut kept: Vec<_> = rows.into_iter().map(|(key, value)| [key, value].concat()).collect();
        for kind in (0..=u8::MAX).map(Kind::Blobs).chain([Kind::Parts, Kind::Notes]) {
            let files = self.disk.list(kind).expect("memory");
            kept.extend(
                files.iter().map(|file| self.disk.read(&file.name, 0, usize::MAX, Vec::new()).expect("it is there")),
            );
        }
        kept
    }

    /// Grants everything to a peer, or revokes.
    pub async fn grant(&self, peer: &Domain, scopes: Option<Scopes>) -> Result<Answer, Refusal> {
        let engine = self.engine().await;
        let request = GrantRequest {
            peer: peer.clone(),
            scopes,
            not_after: None,
            reason: Reason::default(),
            expected_serial: None,
        };
        let grant = grants::build_own(&engine.state(), &request, engine.now())?;
        let expected_serial = grant.serial - 1;
        let grant = wire::proof::seal_grant(grant, &self.shown.borrow().signing).expect("a grant in form");
        self.admin(AdminOp::PutGrant { peer: peer.clone(), expected_serial, grant: Box::new(grant) }).await
    }
}

/// Lives as long as the daemon, with its streams.
async fn follow(signals: Signals, mut gestures: mpsc::UnboundedReceiver<Gesture>) {
    let mut streams: BTreeMap<&str, Viewing> = BTreeMap::new();
    while let Some(gesture) = gestures.recv().await {
        match gesture {
            Gesture::Stream(user) => {
                if streams.remove(user).is_none() {
                    streams.insert(user, signals.attach(&local(user)));
                }
            }
            Gesture::Types(user, room) => {
                let _ = signals.typing(&local(user), room, Typing::On); // a refusal is part of the history
            }
            Gesture::Reads(user, room) => signals.read(&local(user), room),
            Gesture::Calls(user, room, deed) => calls::act(&signals, user, room, deed),
        }
        for stream in streams.values() {
            stream.review();
        }
    }
}

pub fn local(user: &str) -> LocalPart {
    user.parse().expect("a valid local part")
}

/// Runs one history and checks the invariants after it.
pub fn run(seed: u64, steps: usize) {
    simulate(PAIR, seed, FINE, async move |sites, controls| {
        let told = Driver::new(seed, sites, controls).run(steps).await;
        invariants::check(&told).await;
    });
}

/// Lets something happen between daemons. Time goes on in steps.
pub fn simulate<const N: usize>(
    domains: [&str; N],
    seed: u64,
    step: Duration,
    happen: impl AsyncFnOnce([Site; N], Controls) + 'static,
) {
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .simulation_duration(DURATION)
        .tick_duration(step)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(80))
        .tcp_capacity(4_096)
        .build();
    let mut seeds = (0..).map(|n| seed.wrapping_mul(N as u64).wrapping_add(n));
    let sites = domains.map(|domain| Site::new(domain, seeds.next().expect("endless")));
    for site in &sites {
        let site = site.clone();
        sim.host(site.domain.as_str().to_owned(), move || site.clone().live());
    }
    let controls = Controls::default();
    let (known, asked) = (sites.clone(), controls.clone());
    sim.client("driver", async move {
        happen(known, asked).await;
        Ok(())
    });
    while !sim.step().expect("no daemon fails") {
        for control in std::mem::take(&mut *controls.lock().expect("one thread")) {
            match control {
                Control::Crash(site) => {
                    sites[site].forget();
                    sim.crash(sites[site].domain.as_str());
                }
                Control::Start(site) => sim.bounce(sites[site].domain.as_str()),
            }
        }
    }
}

pub const ACME_USERS: [&str; 2] = ["alice", "carol"];
pub const GLOBEX_USERS: [&str; 3] = ["bob", "dave", "erin"];
