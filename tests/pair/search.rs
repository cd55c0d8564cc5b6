//! Search: both sides find the same, each person what they may see, and after a restart as before.

use crate::harness::{org::Pair, person::Person, until};
use serde_json::Value;

/// Waits until this finds so many, and returns them.
async fn found(person: &Person, query: &str, count: usize) -> Vec<Value> {
    let what = format!("{} finds {count} by {query}", person.address);
    until(&what, || async {
        let answer = person.http.read(&format!("/api/v1/search?{query}")).await;
        // While a daemon opens its index it asks for patience.
        let items = answer.body["items"].as_array().filter(|_| answer.status == 200)?;
        (items.len() == count).then(|| items.clone())
    })
    .await
}

fn marked(finding: &Value) -> String {
    let pieces = finding["snippet"].as_array().expect("pieces").iter().filter(|piece| piece["match"] == true);
    pieces.map(|piece| piece["text"].as_str().expect("a text")).collect()
}

#[tokio::test]
async fn what_one_side_says_the_other_finds_in_both_roles() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let dave = pair.globex.person("dave").await;
    let direct = alice.befriend(&bob).await;
    let group = bob.group("Launch", &[&alice]).await;
    for (author, room, text) in [
        (&alice, &direct, "Die Größe der Straße"),
        (&bob, &direct, "다음 주 회의는 서울에서"),
        (&alice, &group, "来週の会議は東京で"),
        (&bob, &group, "The quick brown fox"),
    ] {
        author.say(room, text).await;
    }
    for person in [&alice, &bob] {
        for (words, room, expected) in [
            ("q=strasse", &direct, "Straße"),
            ("q=회의", &direct, "회의"),
            ("q=東京", &group, "東京"),
            ("q=%22brown%20fox%22", &group, "brown fox"),
        ] {
            let findings = found(person, words, 1).await;
            assert_eq!((findings[0]["room"].as_str(), &*marked(&findings[0])), (Some(&**room), expected), "{words}");
        }
        found(person, &format!("from={}", alice.address), 2).await;
    }
    found(&dave, "q=strasse", 0).await;
    // Who comes later finds nothing of before; who is removed finds nothing at all.
    alice.add(&dave.address).await.done();
    alice.wait_contact(&dave.address, "added").await;
    bob.add_members(&group, &[&dave]).await.done();
    dave.wait_room(&group).await;
    bob.say(&group, "A slow fox").await;
    found(&dave, "q=fox", 1).await;
    found(&alice, "q=fox", 2).await;
    bob.remove(&group, &alice).await.done();
    alice.wait_out(&group).await;
    found(&alice, "q=fox", 0).await;
    // The index goes on after a restart, and can be deleted.
    pair.globex.daemon.stop().await;
    std::fs::remove_dir_all(pair.globex.dir().join("search")).expect("the daemon made it");
    pair.globex.restart().await;
    pair.acme.daemon.kill().await;
    pair.acme.restart().await;
    found(&bob, "q=fox", 2).await;
    found(&dave, "q=fox", 1).await;
    found(&alice, "q=strasse", 1).await;
    let rebuilt = pair.acme.admin.post("/admin/v1/search/rebuild", &serde_json::json!({})).await;
    assert_eq!(rebuilt.status, 202, "{}", rebuilt.body);
    found(&alice, "q=회의", 1).await;
}
