//! How sharp a revocation is while both sides talk as fast as they can (P26, A14): what each side has in its log with a
//! time after the answer, and how soon the other side knows.
//!
//! `HANDCLASP_REVOKE_ROUNDS=50` revokes so often, by turns from either side.

use super::{
    harness::{
        org::{Org, Pair},
        person::Person,
        until,
    },
    line::Line,
};
use std::time::{Duration, Instant, SystemTime};
use tokio::{sync::watch, task::JoinSet};

const ROUNDS: usize = 4;
const TALKERS: usize = 8;
/// Before each revocation so much has crossed.
const CROSSED: u64 = 400;
/// The peer knows within this time, and what left before the revocation is under way for so long at most; where figures
/// are not asked for, as long as a busy machine takes.
const KNOWN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(20)];
const UNDER_WAY_MS: [i64; 2] = [250, 10_000];

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock of our days");
    i64::try_from(since.as_millis()).expect("a clock of our days")
}

/// Two people with their room, each on both ends of a line that says something all the time.
struct Talk {
    room: String,
    people: [Person; 2],
}

/// Talks until it is told to end, or may not any more.
async fn talk(mut line: Line, room: String, mut done: watch::Receiver<bool>) -> u64 {
    let mut said = 0;
    while !*done.borrow_and_update() {
        match line.say(&room, "on and on").await.0 {
            201 => said += 1,
            // Between the revocation and the word that it is over.
            403 => tokio::task::yield_now().await,
            status => panic!("status {status}"),
        }
    }
    said
}

/// When the newest event of the other side became durable at somebody's daemon, and its index.
async fn newest_of(person: &Person, room: &str, other: &Org) -> Option<i64> {
    let timeline = person.timeline(room).await;
    let items = timeline["items"].as_array().expect("items");
    let theirs = items.iter().filter(|item| {
        let author = item["event"]["author"].as_str().unwrap_or_default();
        author.ends_with(other.domain) && item["event"]["text"] == "on and on"
    });
    theirs.filter_map(|item| item["at"].as_i64()).max()
}

async fn index_of(talk: &Talk, side: usize) -> u64 {
    let timeline = talk.people[side].timeline(&talk.room).await;
    timeline["items"].as_array().and_then(|items| items.last()).and_then(|item| item["index"].as_u64()).unwrap_or(0)
}

/// What one round came to, milliseconds.
#[derive(Debug)]
struct Round {
    /// The last event that was applied here, after the answer; negative before it.
    here: i64,
    /// The last that was applied there: it had been sent before.
    there: i64,
    /// Until the peer showed the link as closed.
    known: Duration,
    said: u64,
}

async fn round(revoker: (usize, &Org), other: &Org, talks: &[Talk]) -> Round {
    let (side, org) = revoker;
    let orgs: [&Org; 2] = if side == 0 { [org, other] } else { [other, org] };
    let (end, done) = watch::channel(false);
    let mut lines = JoinSet::new();
    let before = index_of(&talks[0], side).await;
    for talk_of in talks {
        for (org, person) in orgs.iter().zip(&talk_of.people) {
            let line = Line::open(org, person.local()).await;
            lines.spawn(talk(line, talk_of.room.clone(), done.clone()));
        }
    }
    until("much has crossed", || async { (index_of(&talks[0], 1 - side).await > before + CROSSED / 4).then_some(()) })
        .await;
    org.revoke(other).await;
    let (answered, answered_ms) = (Instant::now(), now_ms());
    other.wait_link(org, "closed_by_them").await;
    let known = answered.elapsed();
    end.send_replace(true);
    let said = lines.join_all().await.into_iter().sum();
    let (mut here, mut there) = (i64::MIN, i64::MIN);
    // None where the last page is all of the other side: then it came long before.
    let since = |at: Option<i64>| at.map_or(i64::MIN, |at| at - answered_ms);
    for talk in talks {
        here = here.max(since(newest_of(&talk.people[side], &talk.room, other).await));
        there = there.max(since(newest_of(&talk.people[1 - side], &talk.room, org).await));
    }
    Round { here, there, known, said }
}

#[tokio::test(flavor = "multi_thread")]
async fn p26_a14_after_a_revocation_under_full_load_nothing_is_applied_and_the_peer_knows() {
    let _alone = super::ALONE.lock().await;
    let asked: Option<usize> = std::env::var("HANDCLASP_REVOKE_ROUNDS").ok().and_then(|text| text.parse().ok());
    let (rounds, unasked) = (asked.unwrap_or(ROUNDS), usize::from(asked.is_none()));
    let pair = Pair::open().await;
    let mut talks = Vec::new();
    for n in 0..TALKERS {
        let people = [pair.acme.person(&format!("a{n}")).await, pair.globex.person(&format!("g{n}")).await];
        talks.push(Talk { room: people[0].befriend(&people[1]).await, people });
    }
    let mut found = Vec::new();
    for n in 0..rounds {
        let (org, other) = pair.both_ways()[n % 2];
        found.push(round((n % 2, org), other, &talks).await);
        org.grant(other).await;
        pair.wait("open", "open").await;
        for talk in &talks {
            for person in &talk.people {
                person.wait_writable(&talk.room, true).await;
            }
        }
    }
    let worst = |of: fn(&Round) -> i64| found.iter().map(of).max().expect("a round");
    let known = found.iter().map(|round| round.known).max().expect("a round");
    let said: u64 = found.iter().map(|round| round.said).sum();
    println!(
        "{rounds} revocations among {said} messages: last applied here {} ms after the answer, there {} ms; known after {known:?}",
        worst(|round| round.here),
        worst(|round| round.there),
    );
    assert!(worst(|round| round.here.min(round.there)) > i64::MIN, "nothing was seen");
    assert!(worst(|round| round.here) <= 0, "applied here after the answer");
    assert!(worst(|round| round.there) <= UNDER_WAY_MS[unasked], "sent after the answer");
    assert!(known < KNOWN[unasked], "the peer knows after {known:?}");
    pair.check_audits().await;
}
