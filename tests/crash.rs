//! `kill -9` of real daemons at random moments under load, and the order of system calls that makes an answer safe.
//!
//! `HANDCLASP_CRASH_ROUNDS` sets how many kills there are, `HANDCLASP_CRASH_SEED` when they come.

#[path = "pair/harness/mod.rs"]
#[expect(dead_code, reason = "tests/pair.rs uses the rest")]
mod harness;

use harness::{org::Pair, person::Person, scalpel::Scalpel, until};
use serde_json::json;
use std::{
    cell::Cell,
    collections::HashMap,
    time::{Duration, Instant},
};

const ROUNDS: usize = 100;
/// The longest that both daemons are left alone between two kills, milliseconds.
const CALM_MS_MAX: u64 = 120;

/// Reproducible moments.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let given = std::env::var("HANDCLASP_CRASH_SEED").ok().and_then(|text| text.parse().ok());
        let seed =
            given.unwrap_or_else(|| u64::from(std::process::id()) << 20 | Instant::now().elapsed().as_nanos() as u64);
        println!("HANDCLASP_CRASH_SEED={seed}");
        Self(seed | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Somebody who writes into a room, one message after the other, and insists on each until it is accepted.
struct Author<'a> {
    person: &'a Person,
    room: &'a str,
    accepted: Cell<usize>,
}

impl Author<'_> {
    fn text(&self, number: usize) -> String {
        format!("{} {number}", self.person.local())
    }

    async fn write(&self, done: &Cell<bool>) {
        let path = format!("/api/v1/rooms/{}/messages", self.room);
        while !done.get() {
            let text = self.text(self.accepted.get());
            let key = format!("{text} {}", &self.room[..8]).replace(' ', "-");
            until(&format!("\"{text}\" is accepted"), || async {
                let answer = self.person.http.try_post(&path, &json!({ "text": text }), &key).await?;
                assert!(!(400..500).contains(&answer.status), "{text} was refused with {}", answer.status);
                (answer.status == 201).then_some(())
            })
            .await;
            self.accepted.set(self.accepted.get() + 1);
        }
    }
}

fn rounds() -> usize {
    std::env::var("HANDCLASP_CRASH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

#[tokio::test]
async fn f4_f5_whichever_daemon_dies_whenever_each_accepted_message_is_there_once_and_in_order() {
    let rounds = rounds();
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let direct = alice.befriend(&bob).await;
    let by_acme = alice.group("Hosted by Acme", &[&bob]).await;
    let by_globex = bob.group("Hosted by Globex", &[&alice]).await;
    let rooms = [&direct, &by_acme, &by_globex];
    let authors: Vec<Author<'_>> = rooms
        .iter()
        .flat_map(|room| [&alice, &bob].map(|person| Author { person, room, accepted: Cell::new(0) }))
        .collect();
    let done = Cell::new(false);
    let began = Instant::now();
    let killing = async {
        let mut moments = Moments::new();
        for round in 0..rounds {
            let calm = Duration::from_millis(moments.below(CALM_MS_MAX));
            let since = Instant::now();
            until("the moment has come", || async { (since.elapsed() >= calm).then_some(()) }).await;
            let victim = if round % 2 == 0 { &mut pair.acme } else { &mut pair.globex };
            victim.daemon.kill().await;
            if round % 10 == 9 {
                pair.acme.daemon.kill().await;
                pair.acme.restart().await;
                pair.globex.restart().await;
            } else {
                victim.restart().await;
            }
        }
        done.set(true);
    };
    let [one, two, three, four, five, six] = &authors[..] else { unreachable!("two people in three rooms") };
    tokio::join!(
        killing,
        one.write(&done),
        two.write(&done),
        three.write(&done),
        four.write(&done),
        five.write(&done),
        six.write(&done)
    );
    let accepted: usize = authors.iter().map(|author| author.accepted.get()).sum();
    println!("{rounds} kills and {accepted} messages in {:?}", began.elapsed());

    for author in &authors {
        for reader in [&alice, &bob] {
            let last = author.text(author.accepted.get() - 1);
            until(&format!("{} sees \"{last}\"", reader.address), || async {
                let timeline = reader.whole_timeline(author.room).await;
                timeline.iter().any(|item| item["event"]["text"] == last).then_some(())
            })
            .await;
        }
    }
    for room in rooms {
        let (one, other) = (alice.whole_timeline(room).await, bob.whole_timeline(room).await);
        compare(&one, &other);
        for author in authors.iter().filter(|author| author.room == room.as_str()) {
            let own = one.iter().filter(|item| item["event"]["author"] == json!(author.person.address));
            let own: Vec<&str> = own.filter_map(|item| item["event"]["text"].as_str()).collect();
            let expected: Vec<String> = (0..author.accepted.get()).map(|number| author.text(number)).collect();
            assert_eq!(own, expected, "each accepted message once, in order");
        }
    }
    pair.check_audits().await;
    for (own, other) in pair.both_ways() {
        assert_eq!(own.wait_link(other, "open").await["quarantine"], serde_json::Value::Null);
    }
}

/// What one may see of a room can begin later; from there on it is the same, byte for byte.
fn compare(one: &[serde_json::Value], other: &[serde_json::Value]) {
    let by_index = |timeline: &[serde_json::Value]| -> HashMap<u64, String> {
        timeline.iter().map(|item| (item["index"].as_u64().expect("a number"), item["event"].to_string())).collect()
    };
    let (one, other) = (by_index(one), by_index(other));
    let from = one.keys().min().max(other.keys().min()).copied().expect("not empty");
    let last = one.keys().max().copied().expect("not empty");
    assert_eq!(Some(&last), other.keys().max(), "both end with the same event");
    for index in from..=last {
        assert_eq!(one.get(&index).expect("no gap"), other.get(&index).expect("no gap"), "event {index}");
    }
}

/// D1, D2: what is answered has been written and synced before. Taken from the system calls of a real daemon.
#[tokio::test]
async fn sync_order_the_log_is_written_and_synced_before_anybody_is_answered() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    bob.wait_writable(&room, true).await;
    let calls = "trace=pwrite64,fdatasync,sendto,write,writev,sendmsg";
    for (person, org) in [(&alice, &pair.acme), (&bob, &pair.globex)] {
        let options = ["-yy", "-s", "64", "-e", calls];
        let Some(scalpel) = Scalpel::attach_with(org.daemon.pid(), &options).await else { return };
        person.say(&room, "is this safe?").await;
        harness::scalpel::wait_trace(&scalpel, &["201 Created"]).await;
        let trace = scalpel.detach().await;
        let database = org.dir().join("data/wal.").to_str().expect("UTF-8").to_owned();
        let place = |words: [&str; 2]| {
            let at = trace.lines().position(|line| words.iter().all(|word| line.contains(word)));
            at.unwrap_or_else(|| panic!("{words:?} is not in the trace:\n{trace}"))
        };
        let (written, synced) = (place(["pwrite64(", &database]), place(["fdatasync(", &database]));
        let answered = place(["HTTP/1.1", "201 Created"]);
        assert!(written < synced && synced < answered, "{written}, {synced}, {answered}:\n{trace}");
        // The sync had ended, and well, before the answer was begun.
        let ended =
            trace.lines().skip(synced).position(|line| line.contains("fdatasync") && line.trim_end().ends_with("= 0"));
        assert!(ended.is_some_and(|ended| synced + ended < answered), "{trace}");
    }
}
