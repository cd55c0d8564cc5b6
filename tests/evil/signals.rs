//! Signals that no honest daemon sends: forged, foreign, stale, too many, on a closed link (P22, W15).

use handclasp::{
    core::{State, calls::Plan, command::UserOp},
    crypto::digest::direct_room,
    model::{
        Address, CallId, Code, DeviceId, EpochId, RoomId,
        call::{CallSignal, CallWord, Candidate, Leg, Media, MediaContent, Medium, Ring, Seat, Shows, Why},
        grant::GrantState,
        limits,
        record::RecordBody,
        signal::{Presence, Sign, Signal, SignalBatch, Typing},
    },
    signals::{News, Viewing},
    testing::{
        Node,
        evil::{EvilLink, MADE_AT, OrgKeys, Reply},
        fixtures::{local, parsed},
    },
    wire,
};
use std::sync::Arc;

const PATH: &str = "/federation/v1/signals";

struct Scene {
    node: Node,
    link: EvilLink,
    room: RoomId,
}

/// Mallory of globex has added alice of acme: they share a direct room.
async fn scene() -> Scene {
    let node = Node::start("acme.example", &["alice", "carol"]).await;
    let mut link = EvilLink::open(&node, "globex.example").await;
    let (alice, mallory) = (node.user_address("alice"), mallory());
    let add = RecordBody::ContactAdd { from: mallory.clone(), name: parsed("Mallory"), to: alice.clone() };
    assert_eq!(link.verdict(&add).await, None);
    node.user("alice", UserOp::AddContact(mallory.clone())).await.expect("taken");
    let room = direct_room(&alice, &mallory);
    Scene { node, link, room }
}

fn mallory() -> Address {
    parsed("mallory@globex.example")
}

impl Scene {
    fn batch(&self, session: u8, n: u64, signals: Vec<Signal>) -> SignalBatch {
        SignalBatch {
            link: self.link.link,
            origin: self.link.keys.domain.clone(),
            destination: self.link.victim.domain.clone(),
            sent_at: MADE_AT,
            session: EpochId([session; 16]),
            n,
            signals,
            calls: Vec::new(),
            unknown: 0,
        }
    }

    fn signal(&self, user: &str, sign: Sign) -> Signal {
        Signal { room: self.room, user: parsed(user), sign }
    }

    async fn send(&mut self, batch: &SignalBatch) -> Reply {
        let document = wire::proof::seal_signals(batch, &self.link.keys.signing);
        self.link.post(PATH, document).await
    }

    /// Who of the room is there for alice, but for those who are not.
    fn present(&self) -> Vec<Address> {
        let state = self.node.engine.state();
        let seen = self.node.signals.presence_in(&local("alice"), &state.rooms[&self.room]);
        seen.into_iter().filter(|(_, presence)| *presence != Presence::Offline).map(|(address, _)| address).collect()
    }

    fn durable(&self) -> Arc<State> {
        self.node.engine.state()
    }
}

const THERE: Sign = Sign::Presence(Presence::Online);

#[tokio::test]
async fn w14_signals_about_others_people_and_rooms_are_dropped() {
    let mut scene = scene().await;
    let before = scene.durable().audit;
    let mut signals: Vec<Signal> = ["alice@acme.example", "carol@acme.example", "eve@initech.example"]
        .into_iter()
        .chain(["stranger@globex.example"])
        .map(|user| scene.signal(user, THERE))
        .collect();
    signals.push(Signal { room: RoomId([9; 16]), ..scene.signal("mallory@globex.example", THERE) });
    signals.push(scene.signal("mallory@globex.example", Sign::Read(1_000_000)));
    let batch = scene.batch(1, 1, signals);
    assert_eq!(scene.send(&batch).await.code(), None, "what is dropped is not told");
    assert_eq!(scene.present(), []);
    assert_eq!(scene.node.signals.readers(&local("alice"), scene.room).expect("a member"), []);
    let batch = scene.batch(1, 2, vec![scene.signal("mallory@globex.example", THERE)]);
    assert_eq!(scene.send(&batch).await.code(), None);
    assert_eq!(scene.present(), [mallory()], "an honest one is taken");
    assert_eq!(scene.durable().audit, before, "signals leave no trace");
}

#[tokio::test]
async fn a5_signals_without_proof_or_for_others_are_refused() {
    let mut scene = scene().await;
    let batch = scene.batch(1, 1, vec![scene.signal("mallory@globex.example", THERE)]);
    let foreign = OrgKeys::new("initech.example");
    let cases = [
        wire::proof::seal_signals(&batch, &foreign.signing),
        wire::proof::seal_signals(
            &SignalBatch { origin: parsed("initech.example"), ..batch.clone() },
            &scene.link.keys.signing,
        ),
        wire::proof::seal_signals(
            &SignalBatch { destination: parsed("initech.example"), ..batch.clone() },
            &scene.link.keys.signing,
        ),
        handclasp::crypto::dsse::sign(
            handclasp::crypto::dsse::Kind::Ack,
            &wire::signals::encode(&batch),
            &scene.link.keys.signing,
        ),
    ];
    for document in cases {
        assert_eq!(scene.link.post(PATH, document).await.code(), Some(Code::Proof));
    }
    assert_eq!(scene.present(), []);
}

#[tokio::test]
async fn w15_replayed_and_headless_batches_change_nothing() {
    let mut scene = scene().await;
    let there = scene.batch(1, 1, vec![scene.signal("mallory@globex.example", THERE)]);
    let gone = Sign::Presence(Presence::Offline);
    let left = scene.batch(1, 2, vec![scene.signal("mallory@globex.example", gone)]);
    for batch in [&there, &left, &there, &there] {
        assert_eq!(scene.send(batch).await.code(), None);
    }
    assert_eq!(scene.present(), [], "the replay is stale");
    let headless = scene.batch(2, 7, vec![scene.signal("mallory@globex.example", THERE)]);
    assert_eq!(scene.send(&headless).await.code(), Some(Code::Epoch));
    assert_eq!(scene.present(), []);
}

#[tokio::test]
async fn p26_a_closed_link_takes_no_signals_and_forgets_what_was_told() {
    let mut scene = scene().await;
    let there = scene.batch(1, 1, vec![scene.signal("mallory@globex.example", THERE)]);
    assert_eq!(scene.send(&there).await.code(), None);
    assert_eq!(scene.present(), [mallory()]);
    let revoked = scene.link.grant_with(2, GrantState::Revoked);
    assert_eq!(scene.link.post("/federation/v1/grants", revoked.document.to_string()).await.code(), None);
    assert_eq!(scene.present(), []);
    scene.link.cut().await;
    scene.link.reconnect(&scene.node).await;
    let again = scene.batch(2, 1, vec![scene.signal("mallory@globex.example", THERE)]);
    assert_eq!(scene.send(&again).await.code(), Some(Code::ClosedByThem));
}

#[tokio::test]
async fn a28_a_flood_of_signals_is_refused_and_holds_no_records_back() {
    let mut scene = scene().await;
    let mut refused = 0;
    for n in 1..=4_000 {
        let batch = scene.batch(1, n, vec![scene.signal("mallory@globex.example", Sign::Typing(Typing::On))]);
        if scene.send(&batch).await.code() == Some(Code::RateLimited) {
            refused += 1;
            break;
        }
    }
    assert_eq!(refused, 1, "the allowance ends");
    scene.link.cut().await;
    scene.link.reconnect(&scene.node).await;
    let profile = RecordBody::Profile { user: mallory(), name: parsed("M."), available: true, photo: None };
    assert_eq!(scene.link.verdict(&profile).await, None, "records go on");
    let over = "x".repeat(limits::SIGNALS_BODY_BYTES_MAX + 1);
    scene.link.reconnect(&scene.node).await;
    let code = scene.link.post(PATH, over).await.code();
    assert!(matches!(code, Some(Code::TooLarge | Code::RateLimited)), "{code:?}");
}

fn ring(scene: &Scene, user: &str, call: u8) -> CallSignal {
    let invited = vec![scene.node.user_address("alice"), scene.node.user_address("carol")];
    let ring = Ring { medium: Medium::Voice, age_ms: 0, invited };
    CallSignal { room: scene.room, user: parsed(user), call: CallId([call; 16]), word: CallWord::Ring(ring) }
}

impl Scene {
    async fn send_calls(&mut self, n: u64, calls: Vec<CallSignal>) {
        let batch = SignalBatch { calls, ..self.batch(1, n, Vec::new()) };
        assert_eq!(self.send(&batch).await.code(), None, "what is dropped is not told");
    }

    /// The calls that alice knows of, with who is in them or rings.
    fn calls(&self) -> Vec<(CallId, Vec<Address>)> {
        let shown = self.node.signals.calls_of(&local("alice")).into_iter();
        shown.map(|it| (it.call.id, it.call.legs.keys().cloned().collect())).collect()
    }
}

#[tokio::test]
async fn w14_a_peer_rings_only_members_and_only_as_its_own_people() {
    let mut scene = scene().await;
    let (alice, before) = (scene.node.user_address("alice"), scene.durable().audit);
    let foreign = CallSignal { room: RoomId([9; 16]), ..ring(&scene, "mallory@globex.example", 1) };
    let forged = vec![
        ring(&scene, "alice@acme.example", 1),
        ring(&scene, "stranger@globex.example", 1),
        ring(&scene, "eve@initech.example", 1),
        foreign,
        CallSignal { word: CallWord::Leg(Leg::Ringing), ..ring(&scene, "mallory@globex.example", 1) },
    ];
    scene.send_calls(1, forged).await;
    assert_eq!((scene.calls(), scene.durable().audit), (vec![], before));
    let honest = ring(&scene, "mallory@globex.example", 2);
    scene.send_calls(2, vec![honest.clone(), honest.clone()]).await;
    let rung = vec![(CallId([2; 16]), vec![alice.clone(), mallory()])];
    assert_eq!(scene.calls(), rung, "carol is not in the room");
    // Nobody else's legs, and no other room, under the id of a call that goes on.
    let out =
        |user: &str| CallSignal { user: parsed(user), word: CallWord::Leg(Leg::Out(Why::HungUp)), ..honest.clone() };
    let elsewhere = CallSignal { room: RoomId([9; 16]), ..out("mallory@globex.example") };
    scene.send_calls(3, vec![out("alice@acme.example"), elsewhere]).await;
    assert_eq!(scene.calls(), rung);
    scene.send_calls(4, vec![out("mallory@globex.example")]).await;
    assert_eq!(scene.calls(), []);
}

#[tokio::test]
async fn p26_a_ring_over_a_closed_link_is_refused_and_calls_end_with_it() {
    let mut scene = scene().await;
    let honest = ring(&scene, "mallory@globex.example", 2);
    scene.send_calls(1, vec![honest.clone()]).await;
    assert_eq!(scene.calls().len(), 1);
    scene.node.grant(&parsed("globex.example"), None).await;
    let known = scene.node.signals.clone();
    scene.node.until("the call is cut", move |_| known.call_in(honest.room).is_none()).await;
    let batch = SignalBatch { calls: vec![ring(&scene, "mallory@globex.example", 3)], ..scene.batch(1, 2, Vec::new()) };
    scene.link.reconnect(&scene.node).await;
    assert_ne!(scene.send(&batch).await.code(), None);
    assert_eq!(scene.calls(), []);
}

const ALICES: DeviceId = DeviceId([1; 16]);
const MALLORYS: DeviceId = DeviceId([2; 16]);

fn candidate(scene: &Scene, (from, to): (DeviceId, DeviceId), whom: &str) -> CallSignal {
    let text = "candidate:1 1 udp 1 192.0.2.7 9 typ host".parse().expect("a candidate");
    let content = MediaContent::Candidates(vec![Candidate { text, line: 0 }]);
    let media = Media { device: from, to: parsed(whom), to_device: to, content };
    CallSignal { room: scene.room, user: mallory(), call: CallId([3; 16]), word: CallWord::Media(media) }
}

/// What alice's browser is told by others' browsers.
async fn told(stream: &Viewing) -> usize {
    stream.next().await.into_iter().filter(|news| matches!(news, News::Media(_))).count()
}

#[tokio::test]
async fn w14_only_seats_of_a_call_pass_something_on_and_not_too_much_of_it() {
    let mut scene = scene().await;
    let seat = Seat { device: ALICES, shows: Shows::default() };
    let plan = Plan { id: CallId([3; 16]), room: scene.room, medium: Medium::Voice, seat, invited: None };
    scene.node.signals.start_call(&local("alice"), plan).expect("alice may call");
    let honest = candidate(&scene, (MALLORYS, ALICES), "alice@acme.example");
    let joined = Leg::Joined(Seat { device: MALLORYS, shows: Shows::default() });
    let joins = CallSignal { word: CallWord::Leg(joined), ..honest.clone() };
    scene.send_calls(1, vec![honest.clone(), joins]).await;
    let stream = scene.node.signals.attach(&local("alice"));
    assert_eq!(told(&stream).await, 0, "who is not in passes nothing on");
    let forged = vec![
        candidate(&scene, (DeviceId([8; 16]), ALICES), "alice@acme.example"),
        candidate(&scene, (MALLORYS, DeviceId([8; 16])), "alice@acme.example"),
        candidate(&scene, (MALLORYS, ALICES), "carol@acme.example"),
        candidate(&scene, (ALICES, MALLORYS), "mallory@globex.example"),
        CallSignal { user: parsed("alice@acme.example"), ..honest.clone() },
        CallSignal { call: CallId([9; 16]), ..honest.clone() },
        honest.clone(),
    ];
    scene.send_calls(2, forged).await;
    assert_eq!(told(&stream).await, 1, "the honest one");
    let flood = limits::CALL_SIGNALS_PER_SECOND_MAX as usize + 20;
    scene.send_calls(3, vec![honest.clone(); flood]).await;
    let passed = told(&stream).await;
    assert!(passed <= limits::CALL_SIGNALS_PER_SECOND_MAX as usize, "{passed} of {flood}");
    // The same batch again, and one from before: stale.
    scene.send_calls(3, vec![honest.clone()]).await;
    scene.send_calls(1, vec![honest.clone()]).await;
    let leaves = CallSignal { word: CallWord::Leg(Leg::Out(Why::HungUp)), ..honest };
    scene.send_calls(4, vec![leaves]).await;
    assert_eq!(told(&stream).await, 0, "what came between was stale");
    assert_eq!(scene.calls(), [], "a direct call is over when either is out");
}
