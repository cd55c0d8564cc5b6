//! What is done to messages: edits, recalls, reactions, calls to all, on both sides and in both roles (P20, W17).

use crate::harness::{org::Pair, person::Person, proxy::Weather, until};
use serde_json::{Value, json};

/// The path of the message that says this, once one has it.
async fn path(person: &Person, room: &str, text: &str) -> String {
    let index = person.wait_text(room, text).await["index"].clone();
    format!("/api/v1/rooms/{room}/messages/{index}")
}

/// Waits until the item at a path is so for a person.
async fn wait_now(person: &Person, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let what = format!("{what} for {}", person.address);
    until(&what, || async {
        let item = person.http.read(path).await;
        (item.status == 200).then_some(item.body).filter(|item| holds(item))
    })
    .await
}

#[tokio::test]
async fn p20_edits_reactions_and_recalls_show_on_both_sides_in_both_roles() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        for (from, to) in [(&maker, &guest), (&guest, &maker)] {
            let words = format!("first of {}", from.local());
            from.say(&room, &words).await;
            let path = path(to, &room, &words).await;
            from.wait_text(&room, &words).await;
            let again = format!("second of {}", from.local());
            from.http.patch(&path, &json!({ "text": again })).await.done();
            to.http.patch(&path, &json!({ "text": "not mine" })).await.refused("NOT_AUTHOR");
            for person in [from, to] {
                wait_now(person, &path, "edited", |item| item["now"]["edited"]["text"] == json!(again)).await;
                person.http.put(&format!("{path}/reactions/🎉"), &Value::Null).await.done();
            }
            for person in [from, to] {
                let people = |item: &Value| item["now"]["reactions"][0]["people"].as_array().map_or(0, Vec::len);
                wait_now(person, &path, "two reactions", |item| people(item) == 2).await;
            }
            from.http.delete(&path).await.done();
            for person in [from, to] {
                let item = wait_now(person, &path, "recalled", |item| !item["now"]["recalled"].is_null()).await;
                assert_eq!(item["event"]["text"], Value::Null, "a tombstone says nothing");
            }
        }
    }
    pair.check_audits().await;
}

#[tokio::test]
async fn p20_a_master_recalls_what_the_partners_people_said() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        for (author, other) in [(&guest, &maker), (&maker, &guest)] {
            let words = format!("regretted by {}", author.local());
            author.say(&room, &words).await;
            let path = path(other, &room, &words).await;
            author.wait_text(&room, &words).await;
            if other.local() == "maker" {
                other.http.delete(&path).await.done();
                let item = wait_now(author, &path, "recalled", |item| !item["now"]["recalled"].is_null()).await;
                assert_eq!(item["now"]["recalled"]["by"], json!(other.address));
            } else {
                other.http.delete(&path).await.refused("NOT_AUTHOR");
            }
        }
    }
}

#[tokio::test]
async fn p26_after_a_revocation_what_was_said_stays_and_nothing_changes_it() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    alice.say(&room, "delivered").await;
    let path = path(&bob, &room, "delivered").await;
    bob.http.put(&format!("{path}/reactions/👍"), &Value::Null).await.done();
    for person in [&alice, &bob] {
        wait_now(person, &path, "a reaction", |item| !item["now"]["reactions"].is_null()).await;
    }
    pair.globex.revoke(&pair.acme).await;
    pair.wait("closed_by_them", "closed_by_us").await;
    for (person, code) in [(&alice, "CLOSED_BY_THEM"), (&bob, "CLOSED_BY_US")] {
        let item = person.http.read(&path).await.done();
        assert_eq!(
            (&item["event"]["text"], &item["now"]["reactions"][0]["emoji"]),
            (&json!("delivered"), &json!("👍"))
        );
        person.http.put(&format!("{path}/reactions/🎉"), &Value::Null).await.refused(code);
        person.http.delete(&path).await.refused(code);
    }
}

#[tokio::test]
async fn p28_the_admin_reads_every_version_and_the_look_is_audited() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    alice.say(&room, "version one").await;
    let path = path(&bob, &room, "version one").await;
    alice.http.patch(&path, &json!({ "text": "version two" })).await.done();
    alice.http.delete(&path).await.done();
    wait_now(&bob, &path, "recalled", |item| !item["now"]["recalled"].is_null()).await;
    let history = path.replace("/api/v1/", "/admin/v1/") + "/history";
    for org in [&pair.acme, &pair.globex] {
        let versions = org.admin.read(&history).await.done();
        let texts: Vec<&Value> = versions["items"].as_array().expect("items").iter().map(|it| &it["text"]).collect();
        assert_eq!(texts, [&json!("version one"), &json!("version two"), &Value::Null]);
        let looks = org.audit("message.history_read").await;
        assert!(looks.len() == 1 && !looks[0].to_string().contains("version"), "{looks:?}");
    }
}

#[tokio::test]
async fn p21_an_edit_and_a_recall_that_did_not_cross_say_so_to_their_author() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (author, reader) = (host.person("author").await, partner.person("reader").await);
        let room = author.group("Launch", &[&reader]).await;
        let mut paths = Vec::new();
        for text in ["to be edited", "to be recalled"] {
            author.say(&room, text).await;
            reader.wait_text(&room, text).await;
            paths.push(path(&author, &room, text).await);
        }
        partner.network.set(Weather::Cut);
        author.http.patch(&paths[0], &json!({ "text": "changed" })).await.done();
        author.http.delete(&paths[1]).await.done();
        let states = async |wanted: &str| {
            for (path, part) in paths.iter().zip(["edited", "recalled"]) {
                wait_now(&author, path, wanted, |item| item["now"][part]["delivery"]["state"] == wanted).await;
            }
        };
        states("queued").await;
        host.revoke(partner).await;
        states("undelivered").await;
        partner.network.set(Weather::Fair);
        let (one, other) = if host.domain == "acme.example" {
            ("closed_by_us", "closed_by_them")
        } else {
            ("closed_by_them", "closed_by_us")
        };
        pair.wait(one, other).await;
        host.grant(partner).await;
        pair.wait("open", "open").await;
    }
}
