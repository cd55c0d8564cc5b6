//! What is left after a revocation, from both sides and whoever revokes: found, reported, exported, seen (P26, P28 to P30).

use crate::harness::{
    daemon::run,
    org::{Org, Pair},
    person::Person,
    until,
};
use serde_json::{Value, json};

async fn done(org: &Org, words: &str) -> Value {
    let dir = org.dir_text();
    let words: Vec<&str> = words.split_whitespace().chain(["--json", "--dir", &dir]).collect();
    let (status, output, errors) = run(&words).await;
    assert!(status.success(), "{words:?}: {errors}");
    serde_json::from_str(&output).unwrap_or_default()
}

async fn finds(person: &Person, words: &str, count: usize) {
    until(&format!("{} finds {count} of {words}", person.address), || async {
        let answer = person.http.read(&format!("/api/v1/search?q={words}")).await;
        let items = answer.body["items"].as_array().filter(|_| answer.status == 200)?;
        (items.len() == count).then_some(())
    })
    .await;
}

/// A direct room and a group that `host` hosts, with something said by both in each.
async fn talked(host: &Org, partner: &Org) -> ([Person; 2], String, String) {
    let (ann, ben) = (host.person("ann").await, partner.person("ben").await);
    let direct = ann.befriend(&ben).await;
    let group = ann.group("Launch", &[&ben]).await;
    for room in [&direct, &group] {
        ann.say(room, "zebra of ann").await;
        ben.wait_text(room, "zebra of ann").await;
        ben.say(room, "zebra of ben").await;
        ann.wait_text(room, "zebra of ben").await;
    }
    ([ann, ben], direct, group)
}

async fn close(pair: &Pair, by: &Org, other: &Org) {
    by.revoke(other).await;
    match by.domain {
        "acme.example" => pair.wait("closed_by_us", "closed_by_them").await,
        _ => pair.wait("closed_by_them", "closed_by_us").await,
    }
}

#[tokio::test]
async fn p26_search_finds_what_was_delivered_to_those_who_remain_and_nothing_of_rooms_that_one_left() {
    for turn in 0..2 {
        let pair = Pair::open().await;
        let (host, partner) = pair.both_ways()[turn];
        let ([ann, ben], ..) = talked(host, partner).await;
        finds(&ann, "zebra", 4).await;
        finds(&ben, "zebra", 4).await;
        close(&pair, partner, host).await;
        finds(&ann, "zebra", 4).await;
        finds(&ben, "zebra", 2).await;
        partner.grant(host).await;
        pair.wait("open", "open").await;
        finds(&ben, "zebra", 2).await;
        pair.check_audits().await;
    }
}

#[tokio::test]
async fn p10_p29_p30_after_a_revocation_both_sides_report_export_and_prove_what_they_have() {
    let pair = Pair::open().await;
    let ([ann, ben], direct, group) = talked(&pair.globex, &pair.acme).await;
    close(&pair, &pair.acme, &pair.globex).await;
    ben.wait_out(&group).await;
    for (org, victim, rude) in [(&pair.globex, &ann, &ben), (&pair.acme, &ben, &ann)] {
        let item = victim.wait_text(&direct, &format!("zebra of {}", rude.local())).await;
        let report = json!({ "room": direct, "index": item["index"], "reason": "rude" });
        assert_eq!(victim.http.post("/api/v1/reports", &report).await.status, 204);
        let case = done(org, "case show 1").await;
        assert_eq!(case["envelope"]["payloadType"], "application/vnd.handclasp.envelope.v1+json", "{case}");
        for (name, what) in [("all", "--all".to_owned()), ("group", format!("--room {group}"))] {
            let out = org.dir().join(name);
            done(org, &format!("export {what} --out {}", out.display())).await;
            let report = done(org, &format!("verify {}", out.display())).await;
            assert_eq!((&report["ok"], &report["unproven"]), (&true.into(), &0.into()), "{report}");
        }
        done(org, &format!("hold set --room {group} --reason case")).await;
    }
    let report = json!({ "room": group, "reason": "I am out of it" });
    ben.http.post("/api/v1/reports", &report).await.refused("NOT_FOUND");
    assert_eq!(ann.http.post("/api/v1/reports", &report).await.status, 204);
    pair.check_audits().await;
}

#[tokio::test]
async fn p26_after_a_revocation_the_calendar_feed_shows_those_who_remain_what_was_there() {
    for turn in 0..2 {
        let pair = Pair::open().await;
        let (host, partner) = pair.both_ways()[turn];
        let (ann, ben) = (host.person("ann").await, partner.person("ben").await);
        let group = ann.group("Launch", &[&ben]).await;
        let days = json!({ "first": "2026-03-01", "last": "2026-03-02" });
        let base = format!("/api/v1/rooms/{group}");
        ben.http.post(&format!("{base}/calendar"), &json!({ "title": "Fair", "days": days })).await.done();
        let mut feeds = Vec::new();
        for person in [&ann, &ben] {
            until("the date is there", || async {
                let page = person.http.read(&format!("{base}/calendar")).await.done();
                page["items"].as_array().filter(|items| items.len() == 1).map(drop)
            })
            .await;
            let feed = person.http.post(&format!("{base}/calendar/feed"), &json!({})).await.done();
            feeds.push(feed["path"].as_str().expect("a path").to_owned());
        }
        for (person, feed) in [(&ann, &feeds[0]), (&ben, &feeds[1])] {
            let (status, ics) = person.http.bytes(feed).await;
            assert!(status == 200 && String::from_utf8_lossy(&ics).contains("SUMMARY:Fair"));
        }
        close(&pair, host, partner).await;
        ben.wait_out(&group).await;
        assert_eq!(ann.http.bytes(&feeds[0]).await.0, 200);
        assert_eq!(ben.http.bytes(&feeds[1]).await.0, 404, "a feed ends with the membership");
    }
}
