//! Daemons that end and come back: asked to under load, killed at the worst moment, started twice, or on a damaged
//! database (F4, F5, F12, F26, F28, F29). `tests/crash.rs` kills at random moments, many times.

use crate::harness::{
    daemon::{Daemon, run},
    org::{Org, Pair},
    person::Person,
    proxy::Weather,
    scalpel::Scalpel,
    until,
};
use std::time::{Duration, Instant};

async fn count(person: &Person, room: &str, text: &str) -> usize {
    person.whole_timeline(room).await.iter().filter(|item| item["event"]["text"] == text).count()
}

/// Where a daemon is killed: the first time that it makes this system call. Enough to tell the steps of a commit apart.
const POINTS: [(&str, &str); 4] = [
    ("before the database is written", "pwrite64"),
    ("before the database is synced", "fdatasync"),
    ("before the answer or envelope is sent", "sendto,write,writev"),
    ("while the next one is read", "recvfrom,read,readv"),
];

#[tokio::test]
async fn f4_the_senders_daemon_dies_at_each_point_of_an_accepted_message() {
    for acme_sends in [true, false] {
        let mut pair = Pair::open().await;
        let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
        let room = alice.befriend(&bob).await;
        let (author, reader) = if acme_sends { (&alice, &bob) } else { (&bob, &alice) };
        for (point, calls) in POINTS {
            let victim = if acme_sends { &mut pair.acme } else { &mut pair.globex };
            let Some(scalpel) = Scalpel::attach(victim.daemon.pid(), &format!("inject={calls}:signal=KILL")).await
            else {
                return;
            };
            let answered = author.say_once(&room, point).await;
            victim.daemon.kill().await;
            scalpel.detach().await;
            victim.restart().await;
            if answered != Some(201) {
                author.insist(&room, point).await;
            }
            reader.wait_text(&room, point).await;
            author.wait_text(&room, point).await;
            for person in [author, reader] {
                assert_eq!(count(person, &room, point).await, 1, "{point}");
            }
        }
    }
}

#[tokio::test]
async fn f5_the_receivers_daemon_dies_at_each_point_of_an_applied_message() {
    for acme_receives in [true, false] {
        let mut pair = Pair::open().await;
        let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
        let room = alice.befriend(&bob).await;
        let (author, reader) = if acme_receives { (&bob, &alice) } else { (&alice, &bob) };
        for (point, calls) in POINTS {
            let victim = if acme_receives { &mut pair.acme } else { &mut pair.globex };
            let Some(scalpel) = Scalpel::attach(victim.daemon.pid(), &format!("inject={calls}:signal=KILL")).await
            else {
                return;
            };
            author.say(&room, point).await;
            // Nobody asks the victim anything until it is dead, so that the envelope is what kills it.
            let _ = tokio::time::timeout(Duration::from_secs(5), victim.daemon.ended()).await;
            victim.daemon.kill().await;
            scalpel.detach().await;
            victim.restart().await;
            for person in [author, reader] {
                person.wait_text(&room, point).await;
                assert_eq!(count(person, &room, point).await, 1, "{point}");
            }
        }
        for person in [&alice, &bob] {
            assert_eq!(person.texts(&room).await, POINTS.map(|(point, _)| point), "in order");
        }
    }
}

#[tokio::test]
async fn f29_a_daemon_that_is_asked_to_stop_under_load_drains_and_loses_nothing() {
    let rounds = std::env::var("HANDCLASP_STOP_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let (mut from_alice, mut from_bob) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let done = std::cell::Cell::new(false);
        let talk = async |person: &Person| {
            let mut accepted = Vec::new();
            for number in 0.. {
                let text = format!("{} {round} {number}", person.local());
                match person.say_once(&room, &text).await {
                    Some(201) => accepted.push(text),
                    _ if done.get() => break,
                    _ => tokio::time::sleep(Duration::from_millis(2)).await, // between polls
                }
                if done.get() {
                    break;
                }
            }
            accepted
        };
        let victim = if round % 2 == 0 { &mut pair.acme } else { &mut pair.globex };
        let stopping = async {
            let began = Instant::now();
            let over = || async { (began.elapsed() > Duration::from_millis(100)).then_some(()) };
            until("some load is there", over).await;
            let took = victim.daemon.stop().await;
            assert!(took < Duration::from_secs(10), "the drain took {took:?}");
            done.set(true);
        };
        let (more_of_alice, more_of_bob, ()) = tokio::join!(talk(&alice), talk(&bob), stopping);
        from_alice.extend(more_of_alice);
        from_bob.extend(more_of_bob);
        victim.restart().await;
    }
    alice.say(&room, "the end").await;
    bob.wait_text(&room, "the end").await;
    bob.say(&room, "indeed").await;
    alice.wait_text(&room, "indeed").await;
    assert!(from_alice.len() > rounds && from_bob.len() > rounds, "there was a load");
    for person in [&alice, &bob] {
        let seen: Vec<String> = person
            .whole_timeline(&room)
            .await
            .iter()
            .filter_map(|item| item["event"]["text"].as_str().map(str::to_owned))
            .collect();
        for accepted in [&from_alice, &from_bob] {
            let mut rest = seen.iter();
            assert!(accepted.iter().all(|text| rest.any(|seen| seen == text)), "each accepted message, in order");
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), seen.len(), "nothing twice");
    }
}

#[tokio::test]
async fn f12_a_damaged_database_is_refused_with_what_to_do_and_never_wiped() {
    let mut org = Org::raise("acme.example", "Acme").await;
    for local in ["alice", "bob", "carol"] {
        org.person(local).await;
    }
    org.daemon.stop().await;
    let file = org.dir().join("data/db");
    let whole = std::fs::read(&file).expect("the database");
    let damaged = |damage: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        bytes
    };
    let length = whole.len();
    for (what, bytes) in [
        ("emptied", Vec::new()),
        ("cut off", damaged(&|bytes| bytes.truncate(length / 2))),
        ("another file", b"not a database\n".repeat(length / 15 + 1)),
    ] {
        std::fs::write(&file, &bytes).expect("written");
        let (status, _, errors) = run(&["serve", "--dir", &org.dir_text()]).await;
        assert_eq!(status.code(), Some(70), "{what}: {errors}");
        assert!(errors.contains("backup"), "{what}: it says what to do: {errors}");
        assert!(std::fs::read(&file).expect("still there") == bytes, "{what}: nothing was changed");
    }
    std::fs::write(&file, &whole).expect("written");
    let log = org.dir().join("data/wal.0");
    std::fs::rename(&log, org.dir().join("aside")).expect("moved");
    let (status, _, errors) = run(&["serve", "--dir", &org.dir_text()]).await;
    assert_eq!(status.code(), Some(70), "without its log: {errors}");
    assert!(errors.contains("wal.0 is missing") && !log.exists(), "{errors}");
    std::fs::rename(org.dir().join("aside"), &log).expect("moved back");
    org.restart().await;
    let users = org.admin.read("/admin/v1/users").await.done();
    assert_eq!(users["items"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn f26_a_second_daemon_on_the_same_database_is_refused() {
    let org = Org::raise("acme.example", "Acme").await;
    let (status, _, errors) = run(&["serve", "--dir", &org.dir_text()]).await;
    assert_eq!(status.code(), Some(70), "{errors}");
    assert!(errors.contains("another") || errors.contains("in use"), "{errors}");
    org.person("alice").await;
}

#[tokio::test]
async fn a_daemon_without_its_keys_or_with_a_wrong_configuration_does_not_start() {
    let mut org = Org::raise("acme.example", "Acme").await;
    org.daemon.stop().await;
    let dir = org.dir();
    let config = dir.join("handclasp.toml");
    let text = std::fs::read_to_string(&config).expect("init made it");
    let key = dir.join("keys/signing.key");
    for (what, file, bytes) in [
        ("an unknown key", &config, format!("{text}\n[bogus]\nx = 1\n")),
        ("another domain", &config, text.replace("acme.example", "other.example")),
        ("a broken key", &key, "no key".to_owned()),
    ] {
        let before = std::fs::read(file).expect("readable");
        std::fs::write(file, bytes).expect("written");
        let (status, _, errors) = run(&["serve", "--dir", &org.dir_text()]).await;
        assert_eq!(status.code(), Some(78), "{what}: {errors}");
        std::fs::write(file, before).expect("written");
    }
    org.restart().await;
}

#[tokio::test]
async fn f28_a_backlog_drains_with_constant_memory() {
    const BACKLOG: usize = 6_000;
    let mut pair = Pair::open().await;
    let mut authors = Vec::new();
    for number in 0..8 {
        let alice = pair.acme.person(&format!("alice{number}")).await;
        let bob = pair.globex.person(&format!("bob{number}")).await;
        let room = alice.befriend(&bob).await;
        authors.push((alice, bob, room));
    }
    pair.globex.network.set(Weather::Cut);
    let text = "x".repeat(1_000);
    let began = Instant::now();
    let talk = async |number: usize| {
        let (alice, _, room) = &authors[number];
        for message in 0..BACKLOG / authors.len() {
            alice.say(room, &format!("{message} {text}")).await;
        }
    };
    tokio::join!(talk(0), talk(1), talk(2), talk(3), talk(4), talk(5), talk(6), talk(7));
    let (posting, before) = (began.elapsed(), rss_mib(&pair.acme.daemon));
    let began = Instant::now();
    pair.globex.network.set(Weather::Fair);
    let drained = || async { (pair.acme.link(&pair.globex).await["lag_records"] == 0).then_some(()) };
    until("the backlog is gone", drained).await;
    let (draining, after) = (began.elapsed(), rss_mib(&pair.acme.daemon));
    assert!(after < before + 48, "{before} MiB, then {after} MiB");
    assert!(draining < posting, "draining {draining:?} is slower than posting was {posting:?}");
    for (_, bob, room) in &authors {
        assert_eq!(bob.whole_timeline(room).await.len(), BACKLOG / authors.len());
    }
    pair.acme.daemon.stop().await;
}

fn rss_mib(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("resident memory");
    line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok()).expect("a number") / 1024
}
