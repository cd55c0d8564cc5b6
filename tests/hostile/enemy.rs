//! The hostile partner: known, with a grant and a room, on a thread of its own at the lowest priority.

use super::{attacks::Attack, town::Town};
use handclasp::{
    crypto::digest::direct_room,
    model::{
        Address, EventId, RoomId,
        event::{Event, Message},
        org::Card,
        record::RecordBody,
    },
    testing::evil::{EvilConnection, EvilLink, Handshake, MADE_AT, OrgKeys},
    wire,
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    thread::JoinHandle,
};
use tokio::sync::oneshot;

/// The longest payload of an envelope is filled by so many records with so long texts.
const RECORDS: u64 = 512;
const TEXT_BYTES: usize = 1_700;
const NO_ENDPOINT: &str = "127.0.0.1:9";

/// The partner.
pub struct Enemy {
    pub keys: OrgKeys,
    pub victim: Card,
    pub to: SocketAddr,
    room: RoomId,
    done: AtomicU64,
    addresses: AtomicU32,
    /// Where its stream stands.
    stream: std::sync::Mutex<Option<EvilLink>>,
}

/// An attack that goes on.
pub struct Begun {
    enemy: Arc<Enemy>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Enemy {
    /// A partner like any other, so far.
    pub async fn befriend(town: &Town) -> Arc<Self> {
        let keys = OrgKeys::new("globex.example");
        town.welcome(&keys).await;
        let (victim, to) = (town.card.clone(), town.federation);
        let mut link = EvilLink::against(victim.clone(), keys.clone(), NO_ENDPOINT);
        link.speak(keys.connect(to).await.expect("the partner is pinned"));
        link.greet().await;
        link.greet().await;
        let (alice, mallory) = (address("alice@acme.example"), address("mallory@globex.example"));
        let add = RecordBody::ContactAdd {
            from: mallory.clone(),
            name: "Mallory".parse().expect("a name"),
            to: alice.clone(),
        };
        assert_eq!(link.verdict(&add).await, None, "the contact is taken");
        Arc::new(Self {
            room: direct_room(&alice, &mallory),
            keys,
            victim,
            to,
            done: AtomicU64::new(0),
            addresses: AtomicU32::new(0),
            stream: Some(link).into(),
        })
    }

    /// Attacks until it is told to end.
    pub fn begin(self: &Arc<Self>, attack: Attack) -> Begun {
        let (stop, stopped) = oneshot::channel();
        let enemy = self.clone();
        let thread = std::thread::spawn(move || {
            // Where that is forbidden the figures are worse than they would be.
            let _ = rustix::process::setpriority_process(None, 19);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = attack.go_on(&enemy) => unreachable!("attacks go on for ever"),
                    _ = stopped => {}
                }
            });
        });
        Begun { enemy: self.clone(), stop, thread }
    }

    /// One more attempt was made.
    pub fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// The stream, to go on with.
    pub fn link(&self) -> EvilLink {
        self.stream.lock().expect("unpoisoned").take().expect("one attack takes it")
    }

    /// The handshake of an honest daemon, from another address each time: limits for one address do not help here.
    pub fn handshake(&self) -> Handshake {
        let next = self.addresses.fetch_add(1, Ordering::Relaxed);
        let [_, b, c, d] = next.to_be_bytes();
        Handshake { from: Some(IpAddr::from([127, 128 + b % 64, c, d.clamp(1, 254)])), ..self.keys.handshake() }
    }

    pub async fn connect(&self) -> io::Result<EvilConnection> {
        self.handshake().connect(self.to).await
    }

    /// The largest envelope that is in form, of messages in a room of the daemon.
    pub fn records(&self, from_seq: u64) -> Vec<Vec<u8>> {
        let message = |seq: u64| {
            let mut id = [7; 16];
            id[..8].copy_from_slice(&seq.to_be_bytes());
            let event = Event {
                id: EventId(id),
                author: Some(address("mallory@globex.example")),
                made_at: MADE_AT,
                content: Message::plain("x".repeat(TEXT_BYTES).parse().expect("a text")).into(),
            };
            wire::record::encode(
                seq,
                MADE_AT,
                &RecordBody::RoomSubmit { room: self.room, event: wire::event::seal(event) },
            )
        };
        (from_seq..from_seq + RECORDS).map(message).collect()
    }
}

impl Begun {
    /// Ends the attack; how many attempts it made.
    pub fn end(self) -> u64 {
        let _ = self.stop.send(()); // a thread that has ended by itself is found by the next line
        self.thread.join().expect("the attack does not give up");
        self.enemy.done.load(Ordering::Relaxed)
    }
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}
