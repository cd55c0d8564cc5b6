//! A bad network between two daemons: lost connections and answers, outages, flapping, one-way partitions (F1 to F3, F9 to F11).

use crate::harness::{org::Pair, person::Person, proxy::Weather, until};
use serde_json::json;
use std::time::{Duration, Instant};

/// What the two say is there once and in the author's order, on both sides alike.
async fn check_once_in_order(room: &str, people: [&Person; 2], said: usize) {
    for person in people {
        until(&format!("{} sees all {}", person.address, 2 * said), || async {
            (person.whole_timeline(room).await.len() >= 2 * said).then_some(())
        })
        .await;
    }
    let (one, other) = (people[0].whole_timeline(room).await, people[1].whole_timeline(room).await);
    let events =
        |timeline: &[serde_json::Value]| timeline.iter().map(|item| item["event"].to_string()).collect::<Vec<_>>();
    assert_eq!(events(&one), events(&other));
    for person in people {
        let own = one.iter().filter(|item| item["event"]["author"] == json!(person.address));
        let own: Vec<&str> = own.map(|item| item["event"]["text"].as_str().expect("text")).collect();
        let expected: Vec<String> = (0..said).map(|number| number.to_string()).collect();
        assert_eq!(own, expected, "{}", person.address);
    }
}

async fn say_numbers(person: &Person, room: &str, numbers: std::ops::Range<usize>) {
    for number in numbers {
        person.say(room, &number.to_string()).await;
    }
}

async fn under(weather: Weather) {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let turn_to = |weather| {
        pair.acme.network.set(weather);
        pair.globex.network.set(weather);
    };
    let mut said = 0;
    for round in 0..4 {
        let hits = |counts: (usize, usize, usize)| match weather {
            Weather::CutsRequests => counts.1,
            Weather::LosesAnswers => counts.2,
            _ => usize::MAX,
        };
        let fewest = || hits(pair.acme.network.counts()).min(hits(pair.globex.network.counts()));
        turn_to(weather);
        while said < 10 * (round + 1) || fewest() <= round {
            tokio::join!(say_numbers(&alice, &room, said..said + 1), say_numbers(&bob, &room, said..said + 1));
            said += 1;
        }
        turn_to(Weather::Fair);
    }
    check_once_in_order(&room, [&alice, &bob], said).await;
    pair.wait("open", "open").await;
    for (own, other) in pair.both_ways() {
        assert!(own.link(other).await["quarantine"].is_null(), "{} suspects nothing", own.domain);
    }
}

#[tokio::test]
async fn f1_a_connection_lost_before_a_request_loses_and_doubles_nothing() {
    under(Weather::Cut).await;
}

#[tokio::test]
async fn f1_a_connection_lost_in_the_middle_of_a_request_loses_and_doubles_nothing() {
    under(Weather::CutsRequests).await;
}

#[tokio::test]
async fn f2_f3_a_lost_answer_brings_the_same_envelope_again_and_it_has_no_second_effect() {
    under(Weather::LosesAnswers).await;
}

#[tokio::test]
async fn f2_refusals_are_repeated_until_their_author_knows_them() {
    let pair = Pair::open().await;
    for (own, partner) in pair.both_ways() {
        let asker = own.person("asker").await;
        partner.network.set(Weather::LosesAnswers);
        for number in 0..12 {
            let address = format!("nobody{number}@{}", partner.domain);
            asker.add(&address).await.done();
            if number % 4 == 3 {
                asker.wait_contact(&address, "unavailable").await;
            }
        }
        asker.wait_notifications("contact_unavailable", 12).await;
        assert!(partner.network.counts().2 > 0, "some answers were lost");
        partner.network.set(Weather::Fair);
    }
}

#[tokio::test]
async fn f9_what_waited_for_a_partner_arrives_in_order_soon_after_its_return() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    for (round, acme_is_away) in [(0, true), (1, false)] {
        let (away, author) = if acme_is_away { (&mut pair.acme, &bob) } else { (&mut pair.globex, &alice) };
        away.daemon.stop().await;
        let gone = Instant::now();
        say_numbers(author, &room, 0..50).await;
        // Long enough for the first few retries to have failed.
        until("three seconds have passed", || async { (gone.elapsed() > Duration::from_secs(3)).then_some(()) }).await;
        let back = Instant::now();
        away.restart().await;
        let reader = if acme_is_away { &alice } else { &bob };
        until("all of it is there", || async {
            (reader.whole_timeline(&room).await.len() == 50 * (round + 1)).then_some(())
        })
        .await;
        assert!(back.elapsed() < Duration::from_secs(10), "it took {:?}", back.elapsed());
    }
    check_once_in_order(&room, [&alice, &bob], 50).await;
}

#[tokio::test]
async fn f10_a_flapping_link_makes_progress_each_time_it_is_up() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let turn_to = |weather| {
        pair.acme.network.set(weather);
        pair.globex.network.set(weather);
    };
    let passes = async |seconds: u64| {
        let began = Instant::now();
        let over = || async { (began.elapsed() >= Duration::from_secs(seconds)).then_some(()) };
        until("the time has passed", over).await;
    };
    for round in 0..3 {
        turn_to(Weather::Cut);
        let numbers = round * 20..round * 20 + 20;
        tokio::join!(say_numbers(&alice, &room, numbers.clone()), say_numbers(&bob, &room, numbers));
        passes(5).await;
        let before = (alice.whole_timeline(&room).await.len(), bob.whole_timeline(&room).await.len());
        turn_to(Weather::Fair);
        passes(2).await;
        let after = (alice.whole_timeline(&room).await.len(), bob.whole_timeline(&room).await.len());
        assert!(after.0 > before.0 && after.1 > before.1, "round {round}: {before:?}, then {after:?}");
    }
    check_once_in_order(&room, [&alice, &bob], 60).await;
}

#[tokio::test]
async fn f11_with_one_direction_cut_what_can_flow_flows() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    // Globex reaches Acme, Acme does not reach Globex.
    pair.globex.network.set(Weather::Cut);
    let waiting = alice.say(&room, "0").await;
    bob.say(&room, "0").await;
    until("bob's message is there", || async {
        let timeline = alice.timeline(&room).await;
        timeline["items"].as_array()?.iter().any(|item| item["event"]["author"] == json!(bob.address)).then_some(())
    })
    .await;
    alice.wait_delivery(&room, &waiting, "queued").await;
    pair.globex.network.set(Weather::Fair);
    alice.wait_delivery(&room, &waiting, "delivered").await;
    // The other way: Acme reaches Globex.
    pair.acme.network.set(Weather::Cut);
    let passed = alice.say(&room, "1").await;
    alice.wait_delivery(&room, &passed, "delivered").await;
    bob.say(&room, "1").await;
    until("bob sees his own as queued", || async {
        (bob.timeline(&room).await["pending"][0]["delivery"]["state"] == "queued").then_some(())
    })
    .await;
    pair.acme.network.set(Weather::Fair);
    check_once_in_order(&room, [&alice, &bob], 2).await;
}

#[tokio::test]
async fn f11_a_revocation_reaches_the_other_side_in_whatever_direction_is_left() {
    for cut_acme in [true, false] {
        let pair = Pair::open().await;
        let cut = if cut_acme { &pair.acme } else { &pair.globex };
        cut.network.set(Weather::Cut);
        pair.acme.revoke(&pair.globex).await;
        if cut_acme {
            // Acme still reaches Globex, and says so.
            pair.wait("closed_by_us", "closed_by_them").await;
        } else {
            // Only Globex can ask. It is told when it does: here with its next records.
            let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
            let _ = bob.add(&alice.address).await;
            pair.wait("closed_by_us", "closed_by_them").await;
        }
    }
}

#[tokio::test]
async fn f1_a_connection_that_falls_silent_is_given_up_and_replaced() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    pair.globex.network.set(Weather::Stalled);
    let id = alice.say(&room, "into the silence").await;
    until("the silent connection is given up, and another one tried", || async {
        (pair.globex.network.counts().0 > 1).then_some(())
    })
    .await;
    alice.wait_delivery(&room, &id, "queued").await;
    pair.globex.network.set(Weather::Fair);
    alice.wait_delivery(&room, &id, "delivered").await;
    assert_eq!(bob.texts(&room).await, ["into the silence"]);
}
