//! What a flood of signals costs messages. Prints figures; run alone: `cargo test --release --test signals_load -- --ignored --nocapture`.

use handclasp::{
    core::{calls::Plan, command::UserOp},
    crypto::digest::direct_room,
    model::{
        CallId, DeviceId, EventId, RoomId,
        call::{Medium, Seat, Shows},
        contact::ContactState,
        event::Message,
        signal::Typing,
    },
    testing::{Node, fixtures::local},
};
use std::time::{Duration, Instant};

const MESSAGES: u64 = 3_000;
const PEOPLE: usize = 50;
const CALLS: usize = 200;
/// One typing signal each: a thousand a second.
const EVERY: Duration = Duration::from_millis(1);

async fn befriended(acme: &Node, globex: &Node, user: &str, friend: &str) -> RoomId {
    let other = globex.user_address(friend);
    acme.user(user, UserOp::AddContact(other.clone())).await.expect("a contact can be asked for");
    let key = (local(user), other.clone());
    let added = |contact: &std::sync::Arc<handclasp::model::contact::Contact>| contact.state == ContactState::Added;
    acme.until("the contact is added", |state| state.contacts.get(&key).is_some_and(added)).await;
    direct_room(&acme.user_address(user), &other)
}

/// Posts one message after the other; messages a second, and the median and 99th percentile of a post, microseconds.
async fn talk(acme: &Node, globex: &Node, room: RoomId, round: u64) -> (u64, u128, u128) {
    let before = globex.engine.state().rooms.get(&room).map_or(0, |room| room.next_index);
    let mut took = Vec::new();
    let began = Instant::now();
    for n in 0..MESSAGES {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(round * MESSAGES + n).to_be_bytes());
        let act = Message::plain("hello".parse().expect("a valid text")).into();
        let posted = Instant::now();
        acme.user("u0", UserOp::Act { room, id: EventId(id), act }).await.expect("a message is taken");
        took.push(posted.elapsed().as_micros());
    }
    let arrived =
        |state: &handclasp::core::State| state.rooms.get(&room).is_some_and(|it| it.next_index >= before + MESSAGES);
    globex.until("all have arrived", arrived).await;
    let rate = (MESSAGES as f64 / began.elapsed().as_secs_f64()) as u64;
    took.sort_unstable();
    (rate, took[took.len() / 2], took[took.len() * 99 / 100])
}

/// Many people of acme who all know bob of globex.
struct Scene {
    acme: Node,
    globex: Node,
    people: Vec<String>,
    rooms: Vec<RoomId>,
}

async fn scene(count: usize) -> Scene {
    let people: Vec<String> = (0..count).map(|n| format!("u{n}")).collect();
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    let (acme, globex) = (Node::start("acme.example", &names).await, Node::start("globex.example", &["bob"]).await);
    Node::open_link(&acme, &globex).await;
    let mut rooms = Vec::new();
    // Thirty contact adds an hour are allowed to each; here each adds one.
    for name in &names {
        rooms.push(befriended(&acme, &globex, name, "bob").await);
    }
    Scene { acme, globex, people, rooms }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn a_thousand_signals_a_second_beside_messages() {
    let Scene { acme, globex, people, rooms } = scene(PEOPLE).await;
    let _stream = globex.signals.attach(&local("bob"));
    talk(&acme, &globex, rooms[0], 9).await;
    for round in 0..6 {
        let signals = round % 2 == 1;
        let flood = {
            let (signals_of, names, rooms) = (acme.signals.clone(), people.clone(), rooms.clone());
            async move {
                let mut clock = tokio::time::interval(EVERY);
                let mut sent = 0_usize;
                loop {
                    clock.tick().await;
                    let who = sent % names.len();
                    // On and off by turns, so that none is held back as a mere repetition.
                    let typing = if (sent / names.len()).is_multiple_of(2) { Typing::On } else { Typing::Off };
                    signals_of.typing(&local(&names[who]), rooms[who], typing).expect("everybody may write");
                    sent += 1;
                }
            }
        };
        let flood = signals.then(|| tokio::spawn(flood));
        let (rate, median, p99) = talk(&acme, &globex, rooms[0], round).await;
        if let Some(flood) = flood {
            flood.abort();
        }
        println!("signals {signals}: {rate} messages/s, a post takes {median} us, p99 {p99} us");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn two_hundred_calls_ring_beside_messages() {
    let Scene { acme, globex, people, rooms } = scene(CALLS).await;
    let _stream = globex.signals.attach(&local("bob"));
    talk(&acme, &globex, rooms[0], 9).await;
    for round in 0..3 {
        let (rate, median, p99) = talk(&acme, &globex, rooms[0], 2 * round).await;
        println!("no calls: {rate} messages/s, a post takes {median} us, p99 {p99} us");
        let began = Instant::now();
        let seats = (1_u8..).map(|n| Seat { device: DeviceId([n; 16]), shows: Shows::default() });
        for ((user, room), seat) in people.iter().zip(&rooms).zip(seats) {
            let mut id = room.0;
            id[0] = u8::try_from(round).expect("few rounds");
            let plan = Plan { id: CallId(id), room: *room, medium: Medium::Voice, seat, invited: None };
            acme.signals.start_call(&local(user), plan).expect("everybody may call");
        }
        while globex.signals.calls_of(&local("bob")).len() < CALLS {
            tokio::task::yield_now().await;
        }
        println!("{CALLS} calls ring at the partner after {:?}", began.elapsed());
        let (rate, median, p99) = talk(&acme, &globex, rooms[0], 2 * round + 1).await;
        let ringing = globex.signals.calls_of(&local("bob")).len();
        println!("{ringing} calls ring: {rate} messages/s, a post takes {median} us, p99 {p99} us");
        for shown in acme.signals.calls_of(&local("u0")).into_iter().chain(globex.signals.calls_of(&local("bob"))) {
            let _ = globex.signals.decline_call(&local("bob"), shown.call.id);
        }
        while !acme.signals.calls_of(&local("u0")).is_empty() || !globex.signals.calls_of(&local("bob")).is_empty() {
            tokio::task::yield_now().await;
        }
        let entries = |state: &handclasp::core::State| rooms.iter().all(|room| state.rooms[room].next_index > round);
        globex.until("every call has left its entry", entries).await;
    }
}
