//! A whole daemon in memory for one input: its three listeners take streams in memory, its clock stands, and the time of
//! its runtime passes only while nothing else can happen. All inputs begin on the same store.

use super::super::{
    ManualClock, Seeded,
    evil::{MADE_AT, OrgKeys},
    fixtures::{local, parsed},
};
use crate::{
    api::{admin::token::AdminToken, auth},
    app::{Daemon, Faces, Keys, Parts},
    clock::{Clock as _, Random},
    core::{
        Command,
        command::{AdminOp, Answer, GrantRequest, PeerOp, UserOp},
        features::Feature,
        grants,
    },
    crypto::{
        SigningKey,
        digest::{direct_room, link_id},
        turn::IceServers,
    },
    engine::{Engine, Runs},
    files::{Memory, Work},
    model::{
        Address, Digest, EpochId, EventId, InstanceId, LinkId, RoomId,
        calendar::When,
        event::{Calendar, DateBody, Message, Note, NoteBody},
        grant::{Grant, GrantState, Scopes},
        limits,
        org::OwnOrg,
        record::{Epoch, Hello, InPosition, OutPosition},
        room::History,
        text::Reason,
        user::Session,
    },
    net::stream::{BoxStream, Dial, Listen},
    store::{check::check, kv::Kv, load, mem_kv::MemKv},
    wire::{self, envelope::EnvelopeHead},
};
use futures_util::future::{BoxFuture, FutureExt as _};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    runtime::{Builder, Runtime},
    sync::mpsc,
};

/// What requests of alice bear.
pub(super) const ALICE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// What requests of the admin bear.
pub(super) const ADMIN: &str = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA";
/// The room of alice and carol, in which everything was made once.
const ROOM: RoomId = RoomId([0x11; 16]);
/// How long nothing may come before an answer counts as whole. It is time of the runtime, and costs none.
const SILENCE: Duration = Duration::from_millis(40);
/// Bytes that a stream holds before its writer waits.
const STREAM_BYTES: usize = 256 * 1024;
/// Answers are read up to here.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The keys of both orgs and what they say of each other. Only the TLS keys differ from run to run.
pub(super) struct Orgs {
    pub(super) own: OrgKeys,
    pub(super) peer: OrgKeys,
    pub(super) link: LinkId,
}

/// Both orgs.
pub(super) fn orgs() -> &'static Orgs {
    static ORGS: OnceLock<Orgs> = OnceLock::new();
    ORGS.get_or_init(|| {
        let (own, peer) = (keys("acme.example", 1), keys("globex.example", 2));
        let link = link_id((&own.domain, &own.identity.public()), (&peer.domain, &peer.identity.public()));
        Orgs { own, peer, link }
    })
}

fn keys(name: &str, seed: u64) -> OrgKeys {
    let mut random = Seeded::new(seed);
    let (identity, signing) = (SigningKey::generate(&mut random), SigningKey::generate(&mut random));
    OrgKeys { identity, signing, ..OrgKeys::new(name) }
}

/// A listener in memory.
struct Queue(mpsc::UnboundedReceiver<BoxStream>);

impl Listen for Queue {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, Option<IpAddr>)>> {
        async move {
            match self.0.recv().await {
                Some(stream) => Ok((stream, Some([127, 0, 0, 1].into()))),
                None => std::future::pending().await,
            }
        }
        .boxed()
    }

    fn local_address(&self) -> Option<SocketAddr> {
        None
    }
}

/// Nobody can be reached.
struct Nowhere;

impl Dial for Nowhere {
    fn dial<'a>(&'a self, _endpoint: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        async { Err(io::ErrorKind::ConnectionRefused.into()) }.boxed()
    }
}

/// Which listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Client,
    Admin,
    Federation,
}

/// A running daemon.
pub(super) struct World {
    runtime: Runtime,
    daemon: Daemon,
    kv: Arc<MemKv>,
    doors: [mpsc::UnboundedSender<BoxStream>; 3],
}

impl World {
    /// A daemon on the store that all inputs begin with.
    pub(super) fn start() -> Self {
        Self::on(Arc::new(template().crash()))
    }

    fn on(kv: Arc<MemKv>) -> Self {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        let mut doors = Vec::new();
        let mut listener = || {
            let (door, streams) = mpsc::unbounded_channel();
            doors.push(door);
            Box::new(Queue(streams)) as Box<dyn Listen>
        };
        let (client, admin, federation) = (listener(), listener(), listener());
        let faces = Faces { federation, client, client_tls: None, admin };
        let _inside = runtime.enter();
        let daemon = Daemon::start(parts(kv.clone(), faces)).expect("all parts fit");
        let doors = doors.try_into().unwrap_or_else(|_| panic!("three listeners have three doors"));
        drop(_inside);
        Self { runtime, daemon, kv, doors }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.daemon.engine()
    }

    pub(super) fn block_on<T>(&self, doing: impl Future<Output = T>) -> T {
        self.runtime.block_on(doing)
    }

    /// Writes bytes to a listener, through TLS where it wants that, and reads what comes until nothing more does.
    pub(super) fn talk(&self, face: Face, bytes: &[u8]) -> Vec<u8> {
        let (ours, theirs) = tokio::io::duplex(STREAM_BYTES);
        // The daemon runs as long as the world.
        let _ = self.doors[face as usize].send(Box::new(theirs));
        self.block_on(async {
            if face != Face::Federation {
                return exchange(ours, bytes).await;
            }
            match orgs().peer.handshake().over(Box::new(ours)).await {
                Ok(stream) => exchange(stream, bytes).await,
                Err(_) => Vec::new(),
            }
        })
    }

    /// The store must be sound, and the daemon must start on it again.
    pub(super) fn assert_sound(self) {
        let ticked = self.block_on(self.engine().submit(Command::Tick));
        assert!(ticked.is_ok(), "the writer lives: {ticked:?}");
        let Self { runtime, daemon, kv, .. } = self;
        runtime.block_on(daemon.drain(Duration::from_secs(1)));
        drop(runtime);
        let checked = check(&*kv).expect("the store can be read");
        assert_eq!(checked.findings, [""; 0], "the store is sound");
        load::load(&(kv as Arc<dyn Kv>)).expect("the store can be loaded").expect("it has an org");
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(&mut stream);
    let mut answer = Vec::new();
    let reading = async {
        let mut piece = vec![0; 16 * 1024];
        while let Ok(Ok(length @ 1..)) = tokio::time::timeout(SILENCE, reader.read(&mut piece)).await {
            answer.extend_from_slice(&piece[..length]);
            if answer.len() as u64 > ANSWER_BYTES_MAX {
                break;
            }
        }
    };
    // A listener that answers and closes early takes no more, which is its right.
    let writing = async { drop(writer.write_all(bytes).await) };
    tokio::join!(writing, reading);
    answer
}

fn parts(kv: Arc<MemKv>, faces: Faces) -> Parts {
    let Orgs { own, .. } = orgs();
    let clock = clock();
    let keys = Keys {
        signing: own.signing.clone(),
        card: own.card(1, "127.0.0.1:9"),
        tls: own.tls(),
        admin_token: AdminToken::parse(ADMIN).expect("it has the form of a token"),
    };
    let mut seed = 0;
    let random = move || {
        seed += 1;
        Box::new(Seeded::new(seed)) as Box<dyn Random>
    };
    Parts {
        keys,
        kv,
        files: (Arc::new(Memory::new()), Work::Inline),
        clock: Arc::new(clock),
        random: Box::new(random),
        dial: Arc::new(Nowhere),
        faces,
        runs: Runs::Task,
        search: None,
        ice: IceServers::default(),
        backups: None,
        beat: Box::new(|| {}),
        metrics: Box::new(String::new),
    }
}

fn clock() -> ManualClock {
    let clock = ManualClock::default();
    clock.advance(MADE_AT.0 - clock.now().0);
    clock
}

/// The store that all inputs begin with.
pub(super) fn template() -> &'static MemKv {
    static TEMPLATE: OnceLock<MemKv> = OnceLock::new();
    TEMPLATE.get_or_init(make)
}

/// Makes it: people, an open link, a contact with a room, and one thing of each kind.
fn make() -> MemKv {
    let Orgs { own, .. } = orgs();
    let kv = Arc::new(MemKv::new());
    let org = OwnOrg {
        domain: own.domain.clone(),
        identity: own.identity.public(),
        instance: InstanceId([7; 16]),
        created_at: MADE_AT,
    };
    load::create(&*kv, &org).expect("an empty store");
    let world = World::on(kv.clone());
    world.block_on(async {
        people(world.engine()).await;
        link(world.engine()).await;
        talk(world.engine()).await;
    });
    world.assert_sound();
    kv.crash()
}

async fn admin(engine: &Engine, op: AdminOp) -> Answer {
    engine.submit(Command::Admin { actor: "test".to_owned(), op }).await.expect("the admin may do this")
}

async fn alice(engine: &Engine, op: UserOp) -> Answer {
    engine.submit(Command::User { user: local("alice"), op }).await.expect("alice may do this")
}

async fn peer(engine: &Engine, op: PeerOp) -> Answer {
    engine.submit(Command::Peer { peer: orgs().peer.domain.clone(), op }).await.expect("the peer may do this")
}

async fn people(engine: &Engine) {
    for name in ["alice", "carol"] {
        admin(engine, AdminOp::CreateUser { local: local(name), name: parsed(name), password: None }).await;
    }
    let ends_at = MADE_AT.plus(limits::REQUEST_MS_MAX * 1_000_000);
    let session = Session { user: local("alice"), label: String::new(), created_at: MADE_AT, ends_at };
    admin(engine, AdminOp::IssueToken(auth::digest_of(ALICE).expect("a token"), session)).await;
}

async fn link(engine: &Engine) {
    let Orgs { own, peer: other, .. } = orgs();
    admin(engine, AdminOp::PinPeer(Box::new(other.card(1, "127.0.0.1:9")))).await;
    let request = GrantRequest {
        peer: other.domain.clone(),
        scopes: Some(Scopes::all()),
        not_after: None,
        reason: Reason::default(),
        expected_serial: None,
    };
    let grant = grants::build_own(&engine.state(), &request, engine.now()).expect("a possible grant");
    let grant = Box::new(wire::proof::seal_grant(grant, &own.signing).expect("in form"));
    admin(engine, AdminOp::PutGrant { peer: other.domain.clone(), expected_serial: 0, grant }).await;
    for _ in 0..2 {
        let greeting = peer(engine, PeerOp::Greet).await;
        let Answer::Greeting(greeting) = greeting else { panic!("a pinned peer is greeted") };
        let at = |theirs: OutPosition| InPosition { epoch: theirs.epoch, cursor: 0, head: Digest::ZERO, backed_up: 0 };
        let hello = Hello { incoming: greeting.outgoing.map(at), ..hello() };
        peer(engine, PeerOp::Heard(Box::new(hello))).await;
    }
    let add = r#""type":"contact_add","made_at":1,"body":{"from":"bob@globex.example","name":"Bob","to":"alice@acme.example"}"#;
    let document = envelope(engine, &[add.as_bytes()]);
    let (envelope, evidence) = wire::proof::open_envelope(document.as_bytes(), &other.card(1, "127.0.0.1:9").card)
        .expect("a proven envelope in form");
    peer(engine, PeerOp::Ingest(Box::new(envelope.into_inner()), evidence, Vec::new())).await;
}

async fn talk(engine: &Engine) {
    let carol: Address = parsed("carol@acme.example");
    let (name, description) = (parsed("Lunch"), parsed(""));
    let create = UserOp::CreateRoom { id: ROOM, name, description, history: History::All, members: vec![carol] };
    alice(engine, create).await;
    let note = NoteBody { title: parsed("Menu"), text: None, files: Vec::new() };
    let when = When::Days { first: parsed("2026-03-02"), last: parsed("2026-03-02") };
    let repeats = Some(parsed("FREQ=WEEKLY;COUNT=5"));
    let date = DateBody { title: parsed("Lunch"), text: None, place: None, when, repeats, reminder_minutes: None };
    let acts = [Message::plain(parsed("Hello")).into(), Note::Posted(note).into(), Calendar::Posted(date).into()];
    let direct = direct_room(&parsed("alice@acme.example"), &parsed("bob@globex.example"));
    for (n, act) in (1..).zip(acts) {
        alice(engine, UserOp::Act { room: ROOM, id: EventId([n; 16]), act }).await;
    }
    let act = Message::plain(parsed("Hello Bob")).into();
    alice(engine, UserOp::Act { room: direct, id: EventId([9; 16]), act }).await;
}

const EPOCH: Epoch = Epoch { n: 1, id: EpochId([1; 16]) };

/// An honest hello of the peer.
pub(super) fn hello() -> Hello {
    let Orgs { own, peer, link } = orgs();
    let grant = Grant {
        link: *link,
        issuer: peer.domain.clone(),
        subject: own.domain.clone(),
        subject_identity: own.identity.public(),
        serial: 1,
        since: 1,
        state: GrantState::Active,
        scopes: Scopes::all(),
        not_after: None,
        issued_at: MADE_AT,
        reason: Reason::default(),
    };
    Hello {
        link: *link,
        origin: peer.domain.clone(),
        destination: own.domain.clone(),
        sent_at: MADE_AT,
        instance: InstanceId([9; 16]),
        run: None,
        card: peer.card(1, "127.0.0.1:9"),
        grant: Some(wire::proof::seal_grant(grant, &peer.signing).expect("in form")),
        seen_card: 1,
        seen_serial: 1,
        outgoing: Some(OutPosition { epoch: EPOCH, term: (1, 1), next_seq: 1, head: Digest::ZERO }),
        incoming: None,
        follows: Vec::new(),
        through: None,
        ended: None,
        features: Feature::ALL.iter().map(|feature| feature.as_str().to_owned()).collect(),
        files: None,
        envelope_max: (limits::ENVELOPE_RECORDS_MAX as u64, limits::ENVELOPE_BYTES_MAX as u64),
    }
}

/// The next envelope of the peer's stream with these records, which are given behind their number.
pub(super) fn envelope(engine: &Engine, records: &[&[u8]]) -> String {
    let Orgs { own, peer, link } = orgs();
    let state = engine.state();
    let inn = state.links.get(&peer.domain).and_then(|link| link.streams.inn.clone());
    let (epoch, cursor, prev) = inn.map_or((EPOCH, 0, Digest::ZERO), |inn| (inn.epoch, inn.cursor, inn.head));
    let head = EnvelopeHead {
        link: *link,
        origin: peer.domain.clone(),
        destination: own.domain.clone(),
        epoch,
        from_seq: cursor + 1,
        prev,
        grants: (1, 1),
        settled: 0,
        sent_at: MADE_AT,
    };
    let numbered =
        (cursor + 1..).zip(records).map(|(seq, rest)| [format!("{{\"seq\":{seq},").as_bytes(), rest, b"}"].concat());
    let numbered: Vec<Vec<u8>> = numbered.collect();
    wire::proof::seal_envelope(&head, numbered.iter().map(Vec::as_slice), &peer.signing)
}
