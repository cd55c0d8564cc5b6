//! A real daemon whose people talk to each other at a modest rate while it is measured.

use super::{
    harness::{
        org::Org,
        sse::{Events, texts_of},
        until,
    },
    line::Line,
};
use handclasp::{
    model::org::Card,
    testing::evil::{EvilLink, OrgKeys},
    wire,
};
use serde_json::json;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::time::interval;

/// Between two messages of the people.
const EVERY: Duration = Duration::from_millis(20);
/// Between two looks at the memory.
const LOOK: Duration = Duration::from_millis(50);
/// Between two greetings of an honest partner.
const GREET: Duration = Duration::from_millis(500);

/// How long things took.
#[derive(Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    fn add(&mut self, time: Duration) {
        let at = self.0.partition_point(|known| *known <= time);
        self.0.insert(at, time);
    }

    pub fn percentile(&self, share: usize) -> Duration {
        let last = self.0.len().checked_sub(1).expect("something was measured");
        self.0[last * share / 100]
    }
}

/// What a time of talking came to.
#[derive(Debug, Default)]
pub struct Figures {
    /// From the request until its answer.
    pub posted: Times,
    /// From the request until the other one is shown it.
    pub shown: Times,
    pub memory_peak_mib: u64,
    pub cpu_s: f64,
    /// How often an honest partner tried to greet over a fresh connection, and was answered.
    pub greetings: u32,
    pub greeted: u32,
}

/// The daemon, two of its people, and an honest partner.
pub struct Town {
    pub org: Org,
    pub card: Card,
    pub federation: SocketAddr,
    carol: Events,
    room: String,
    friend: OrgKeys,
    said: usize,
}

impl Town {
    pub async fn open() -> Self {
        let org = Org::raise("acme.example", "Acme").await;
        let (alice, carol) = (org.person("alice").await, org.person("carol").await);
        let room = alice.group("Between us", &[&carol]).await;
        let card = org.admin.read("/admin/v1/card").await.done();
        let card = wire::proof::open_card(card.to_string().as_bytes(), None).expect("a daemon's card is proven");
        let client: SocketAddr = org.client.parse().expect("an address");
        let town = Self {
            card: card.into_inner().card,
            federation: SocketAddr::new(client.ip(), 7443),
            carol: carol.events().await,
            room,
            friend: OrgKeys::new("initech.example"),
            org,
            said: 0,
        };
        town.welcome(&town.friend).await;
        town
    }

    /// Pins a partner and grants everything.
    pub async fn welcome(&self, keys: &OrgKeys) {
        let card = keys.card(1, "127.0.0.1:9");
        let fingerprint = handclasp::crypto::fingerprint::Fingerprint::of(&card.card.identity).to_string();
        let pin = json!({ "card": card.document.as_ref(), "fingerprint": fingerprint });
        self.org.admin.post("/admin/v1/peers", &pin).await.done();
        self.grant(keys, "active").await;
    }

    pub async fn grant(&self, keys: &OrgKeys, state: &str) {
        let path = format!("/admin/v1/peers/{}/grant", keys.domain);
        self.org.admin.put(&path, &json!({ "state": state, "reason": "test" })).await.done();
    }

    /// One message after the other, at a fixed rate, for so long.
    pub async fn talk(&mut self, phase: Duration) -> Figures {
        let (began, cpu_s) = (Instant::now(), cpu_s(self.org.daemon.pid()));
        let (first, mut sent) = (self.said, Vec::new());
        let (mut posted, mut shown) = (Times::default(), Times::default());
        let (mut greetings, mut greeted, mut memory_peak_mib) = (0, 0, 0);
        let pid = self.org.daemon.pid();
        let mut line = Line::open(&self.org, "alice").await;
        let (mut clock, mut look, mut greet) = (interval(EVERY), interval(LOOK), interval(GREET));
        let mut greeting = tokio::task::JoinSet::new();
        let mut free = Instant::now();
        let mut missing = 0_usize;
        while began.elapsed() < phase || missing > 0 {
            let goes_on = began.elapsed() < phase;
            tokio::select! {
                due = clock.tick(), if goes_on => {
                    // What the one before has held up counts as well.
                    let due = if free > due.into_std() { due.into_std() } else { Instant::now() };
                    let text = self.said.to_string();
                    sent.push(due);
                    let (status, body) = line.say(&self.room, &text).await;
                    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
                    free = Instant::now();
                    posted.add(free - due);
                    (self.said, missing) = (self.said + 1, missing + 1);
                }
                data = self.carol.next_of("messages") => {
                    let now = Instant::now();
                    let numbers = texts_of(&data).into_iter().filter_map(|text| text.parse::<usize>().ok());
                    for at in numbers.filter_map(|number| sent.get(number - first)) {
                        shown.add(now - *at);
                        missing -= 1;
                    }
                }
                _ = look.tick() => memory_peak_mib = memory_mib(pid).max(memory_peak_mib),
                _ = greet.tick(), if goes_on => {
                    greetings += 1;
                    let (card, friend, to) = (self.card.clone(), self.friend.clone(), self.federation);
                    greeting.spawn(async move { try_greet(card, friend, to).await });
                }
            }
        }
        while let Some(done) = greeting.join_next().await {
            greeted += u32::from(done.is_ok_and(|done| done));
        }
        Figures { posted, shown, memory_peak_mib, cpu_s: self::cpu_s(pid) - cpu_s, greetings, greeted }
    }

    /// After the attack an honest partner gets through at once.
    pub async fn check_goes_on(&self) {
        until("an honest partner gets through", || async {
            try_greet(self.card.clone(), self.friend.clone(), self.federation).await.then_some(())
        })
        .await;
    }
}

/// Greets over a fresh connection, from an address that nobody else uses.
async fn try_greet(victim: Card, keys: OrgKeys, to: SocketAddr) -> bool {
    let greeting = async {
        let handshake = handclasp::testing::evil::Handshake { from: Some([127, 9, 9, 9].into()), ..keys.handshake() };
        let mut connection = handshake.connect(to).await.ok()?;
        let link = EvilLink::against(victim, keys.clone(), "127.0.0.1:9");
        let hello = wire::proof::seal_hello(&link.hello(), &keys.signing).expect("a hello in form");
        let (status, _) = connection.post("/federation/v1/hello", hello).await.ok()?;
        status.is_success().then_some(())
    };
    tokio::time::timeout(Duration::from_secs(5), greeting).await.is_ok_and(|done| done.is_some())
}

/// Resident memory.
fn memory_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("resident memory");
    line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).expect("a number") / 1024
}

/// Processor time so far, of hundredths of a second.
fn cpu_s(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the daemon runs");
    let fields = stat.rsplit(')').next().expect("a name in parentheses").split_whitespace();
    let ticks = fields.skip(11).take(2).map(|text| text.parse::<f64>().expect("a number"));
    ticks.sum::<f64>() / 100.0
}
