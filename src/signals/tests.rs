//! What is kept of signals, and what is shown to whom, over a real writer on a store in memory.

use super::{News, Signals, Unknown, Viewing};
use crate::{
    clock::Clock,
    core::command::UserOp,
    crypto::digest::{direct_room, link_id},
    engine::{Engine, Parts, Runs},
    model::{
        Address, Domain, EpochId, Millis, RoomId, limits,
        signal::{Presence, Sign, Signal, SignalBatch, Typing},
    },
    store::{kv::Kv, load, mem_kv::MemKv},
    testing::{
        Org, Pair,
        fixtures::{Seeded, address, local},
    },
};
use std::{sync::Arc, time::Duration};
use tokio::time::{advance, timeout};

struct Stopped(Millis);

impl Clock for Stopped {
    fn now(&self) -> Millis {
        self.0
    }
}

/// Acme's daemon, with alice and bob of globex in a direct room.
struct Scene {
    signals: Signals,
    engine: Engine,
    room: RoomId,
    link: crate::model::LinkId,
}

fn scene() -> Scene {
    let mut pair = Pair::open();
    for (org, user, other) in [(Org::Acme, "alice", "bob"), (Org::Globex, "bob", "alice")] {
        let other = pair.address(org.other(), other);
        pair.user(org, user, UserOp::AddContact(other)).expect("an add is taken");
        pair.sync();
    }
    let state = pair.side(Org::Acme).state.clone();
    let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
    load::create(&*kv, &state.org).expect("an empty store");
    let mut loaded = load::load(&kv).expect("readable").expect("created");
    let peer = state.links[&globex()].peer.clone();
    let link = link_id((&state.org.domain, &state.org.identity), (&peer.domain, &peer.card.card.identity));
    loaded.state = state;
    let (engine, _running) = Engine::start(Parts {
        kv,
        loaded,
        clock: Arc::new(Stopped(pair.now)),
        random: Box::new(Seeded::new(8)),
        runs: Runs::Task,
        fatal: Box::new(|error| panic!("the store in memory failed: {error}")),
    });
    let signals = Signals::new(engine.clone());
    tokio::spawn(signals.clone().run(std::future::pending()));
    Scene { signals, engine, room: direct_room(&alice(), &bob()), link }
}

fn globex() -> Domain {
    Org::Globex.domain()
}

fn alice() -> Address {
    address("alice@acme.example")
}

fn bob() -> Address {
    address("bob@globex.example")
}

impl Scene {
    fn batch(&self, session: u8, n: u64, signs: &[Sign]) -> SignalBatch {
        let signal = |sign: &Sign| Signal { room: self.room, user: bob(), sign: *sign };
        SignalBatch {
            link: self.link,
            origin: globex(),
            destination: Org::Acme.domain(),
            sent_at: Millis(1),
            session: EpochId([session; 16]),
            n,
            signals: signs.iter().map(signal).collect(),
            calls: Vec::new(),
            unknown: 0,
        }
    }

    fn hear(&self, session: u8, n: u64, signs: &[Sign]) -> Result<(), Unknown> {
        self.signals.hear(&globex(), self.batch(session, n, signs))
    }

    fn presence(&self) -> Presence {
        let state = self.engine.state();
        let seen = self.signals.presence_in(&local("alice"), &state.rooms[&self.room]);
        seen.iter().find(|(address, _)| *address == bob()).map(|(_, presence)| *presence).unwrap_or_default()
    }

    /// A stream of alice whose picture has been shown.
    async fn stream(&self) -> Viewing {
        let viewing = self.signals.attach(&local("alice"));
        assert!(matches!(&next(&viewing).await[..], [News::Picture(_)]), "the picture comes first");
        viewing
    }
}

async fn next(viewing: &Viewing) -> Vec<News> {
    timeout(Duration::from_secs(3_600), viewing.next()).await.expect("something is shown")
}

#[tokio::test(start_paused = true)]
async fn p22_typing_is_shown_and_ends_by_itself() {
    let scene = scene();
    let stream = scene.stream().await;
    scene.hear(1, 1, &[Sign::Typing(Typing::On)]).expect("a session begins");
    assert_eq!(next(&stream).await, [News::Typing(scene.room, bob(), Typing::On)]);
    let began = tokio::time::Instant::now();
    assert_eq!(next(&stream).await, [News::Typing(scene.room, bob(), Typing::Off)]);
    let lasted = began.elapsed().as_millis() as u64;
    assert!((limits::TYPING_MS..limits::TYPING_MS + 500).contains(&lasted), "{lasted}");
}

#[tokio::test(start_paused = true)]
async fn p22_the_latest_of_each_is_shown_once() {
    let scene = scene();
    let stream = scene.stream().await;
    let many: Vec<Sign> = [Presence::Online, Presence::Away, Presence::Online].map(Sign::Presence).to_vec();
    scene.hear(1, 1, &many).expect("a session begins");
    scene.hear(1, 2, &[Sign::Presence(Presence::Away)]).expect("goes on");
    assert_eq!(next(&stream).await, [News::Presence(bob(), Presence::Away)]);
}

#[tokio::test(start_paused = true)]
async fn w15_doubled_late_and_reordered_batches_change_nothing() {
    let scene = scene();
    let before = Arc::as_ptr(&scene.engine.state());
    scene.hear(1, 1, &[Sign::Presence(Presence::Online)]).expect("a session begins");
    scene.hear(1, 3, &[Sign::Presence(Presence::Away)]).expect("a lost one leaves no gap");
    for n in [1, 2, 3] {
        scene.hear(1, n, &[Sign::Presence(Presence::Online)]).expect("dropped without a word");
        assert_eq!(scene.presence(), Presence::Away, "batch {n} came late");
    }
    assert_eq!(scene.hear(2, 5, &[Sign::Presence(Presence::Online)]), Err(Unknown), "its beginning was not heard");
    scene.hear(2, 1, &[]).expect("another session begins");
    assert_eq!(scene.presence(), Presence::Offline, "what was told before counts no longer");
    scene.hear(1, 9, &[Sign::Presence(Presence::Online)]).expect("dropped without a word");
    scene.hear(1, 1, &[Sign::Presence(Presence::Online)]).expect("an ended session does not come back");
    assert_eq!(scene.presence(), Presence::Offline);
    assert_eq!(Arc::as_ptr(&scene.engine.state()), before, "nothing durable changed");
}

#[tokio::test(start_paused = true)]
async fn p22_a_silent_daemon_takes_its_people_along() {
    let scene = scene();
    let stream = scene.stream().await;
    scene.hear(1, 1, &[Sign::Presence(Presence::Online)]).expect("a session begins");
    assert_eq!(next(&stream).await, [News::Presence(bob(), Presence::Online)]);
    assert_eq!(next(&stream).await, [News::Presence(bob(), Presence::Offline)]);
    scene.hear(1, 2, &[Sign::Presence(Presence::Online)]).expect("goes on");
    scene.signals.forget(&globex());
    assert_eq!(scene.presence(), Presence::Offline, "so does a link that closes");
}

#[tokio::test(start_paused = true)]
async fn p22_presence_follows_streams_and_what_people_do() {
    let scene = scene();
    let told = |scene: &Scene| {
        let taken = scene.signals.take(&globex());
        taken.signals.into_iter().map(|signal| (signal.user, signal.sign)).collect::<Vec<_>>()
    };
    let presence = |presence| vec![(alice(), Sign::Presence(presence))];
    let stream = scene.stream().await;
    assert_eq!(told(&scene), presence(Presence::Online));
    let pass = async |ms: u64| {
        for _ in 0..20 {
            advance(Duration::from_millis(ms / 20 + 20)).await;
            tokio::task::yield_now().await;
        }
    };
    pass(limits::AWAY_AFTER_MS).await;
    assert_eq!(told(&scene), presence(Presence::Away));
    scene.signals.active(&local("alice"));
    assert_eq!(told(&scene), presence(Presence::Online));
    drop(stream);
    assert_eq!(told(&scene), [], "streams are renewed now and then");
    drop(scene.stream().await);
    pass(limits::OFFLINE_AFTER_MS).await;
    assert_eq!(told(&scene), presence(Presence::Offline));
}

#[tokio::test(start_paused = true)]
async fn p22_a_session_begins_with_what_is_true_then() {
    let scene = scene();
    let _stream = scene.stream().await;
    scene.signals.typing(&local("alice"), scene.room, Typing::On).expect("alice can write");
    drop(scene.signals.take(&globex()));
    assert!(!scene.signals.wait_for(&globex()));
    scene.signals.begin_session(&globex());
    let told: Vec<Sign> = scene.signals.take(&globex()).signals.into_iter().map(|signal| signal.sign).collect();
    assert_eq!(told, [Sign::Presence(Presence::Online), Sign::Typing(Typing::On)]);
}

#[tokio::test(start_paused = true)]
async fn p22_going_on_typing_is_passed_on_now_and_then() {
    let scene = scene();
    let mut sent = 0;
    for _ in 0..100 {
        scene.signals.typing(&local("alice"), scene.room, Typing::On).expect("alice can write");
        sent += scene.signals.take(&globex()).signals.len();
        advance(Duration::from_millis(100)).await;
    }
    assert_eq!(sent, 5, "ten seconds of typing, every two seconds");
    assert!(scene.signals.typing(&local("carol"), scene.room, Typing::On).is_err(), "carol is not in the room");
}

#[tokio::test(start_paused = true)]
async fn p22_what_one_may_not_see_is_not_shown() {
    let scene = scene();
    let carol = scene.signals.attach(&local("carol"));
    drop(next(&carol).await);
    scene.hear(1, 1, &[Sign::Presence(Presence::Online), Sign::Typing(Typing::On), Sign::Read(0)]).expect("begins");
    assert!(timeout(Duration::from_secs(60), carol.next()).await.is_err(), "carol shares no room with bob");
    assert_eq!(
        scene.signals.readers(&local("carol"), scene.room).map_err(|reject| reject.code),
        Err(crate::model::Code::NotFound)
    );
}
