//! `handclasp keys` over a live link: rotation with an overlap, its end, and a key that leaked (W1, F24, A31).

use crate::{
    harness::{
        daemon::run,
        org::{Org, Pair},
        proxy::Weather,
        until,
    },
    keys::{check_talk, reload},
};
use serde_json::Value;

/// How many records wait while the keys change.
const WAITING: usize = 1_000;
/// How many people write at once.
const WRITERS: usize = 20;

async fn keys(org: &Org, words: &[&str]) -> Value {
    let (status, shown, errors) = run(&[&["keys"], words, &["--json", "--dir", &org.dir_text()]].concat()).await;
    assert!(status.success(), "{errors}");
    serde_json::from_str(&shown).expect("one JSON document")
}

/// The keys on the card, by what they are for and their state.
async fn states(org: &Org, what: &str) -> Vec<String> {
    let shown = keys(org, &["status"]).await;
    let listed = shown["keys"].as_array().expect("keys").iter().filter(|key| key["what"] == what);
    listed.map(|key| key["state"].as_str().expect("a word").to_owned()).collect()
}

async fn wait_known(org: &Org, by: &Org) {
    until(&format!("{} knows the card of {}", by.domain, org.domain), || async {
        let shown = keys(org, &["status"]).await;
        (shown["partners"][0]["card"] == shown["card"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn f24_all_keys_rotate_while_records_wait_for_a_partner_that_is_away() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    for org in [&pair.acme, &pair.globex] {
        org.network.set(Weather::Cut);
    }
    let write = |writer: usize| {
        let (alice, room) = (&alice, &room);
        async move {
            for letter in 0..WAITING / WRITERS {
                alice.say(room, &format!("letter {letter} of {writer}")).await;
            }
        }
    };
    futures_util::future::join_all((0..WRITERS).map(write)).await;
    for what in ["tls", "signing"] {
        keys(&pair.acme, &["rotate", what]).await;
    }
    reload(&pair.acme, "keys and card are in use").await;
    assert_eq!(states(&pair.acme, "signing").await, ["in use", "overlaps"]);
    assert_eq!(states(&pair.acme, "tls").await, ["in use", "overlaps", "next"]);
    let (status, _, errors) = run(&["keys", "retire", "--dir", &pair.acme.dir_text()]).await;
    assert!(!status.success() && errors.contains("globex.example"), "nobody is cut off unawares: {errors}");

    for org in [&pair.acme, &pair.globex] {
        org.network.set(Weather::Fair);
    }
    until("all letters are there", || async {
        let arrived = bob.whole_timeline(&room).await;
        let letters = arrived.iter().filter_map(|item| item["event"]["text"].as_str());
        (letters.filter(|text| text.starts_with("letter ")).count() == WAITING).then_some(())
    })
    .await;
    let link = pair.acme.link(&pair.globex).await;
    assert_eq!(link["quarantine"], Value::Null, "{link}");
    assert!(pair.acme.audit("record.rejected").await.is_empty(), "none was refused");

    wait_known(&pair.acme, &pair.globex).await;
    keys(&pair.acme, &["retire"]).await;
    reload(&pair.acme, "keys and card are in use").await;
    wait_known(&pair.acme, &pair.globex).await;
    assert_eq!(states(&pair.acme, "signing").await, ["in use", "retired"]);
    assert_eq!(states(&pair.acme, "tls").await, ["in use", "next"]);
    check_talk(&pair, [&alice, &bob], &room, "after the overlap").await;
    pair.acme.revoke(&pair.globex).await;
    pair.globex.wait_link(&pair.acme, "closed_by_them").await;
    pair.check_audits().await;
}

#[tokio::test]
async fn a31_after_a_signing_key_leaked_the_link_is_closed_until_a_new_grant() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    keys(&pair.acme, &["revoke", "signing"]).await;
    reload(&pair.acme, "keys and card are in use").await;
    pair.wait("closed_by_us", "closed_by_them").await;
    assert_eq!(states(&pair.acme, "signing").await, ["in use", "revoked"]);
    let refused = bob.try_say(&room, "into the void").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    pair.acme.grant(&pair.globex).await;
    pair.wait("open", "open").await;
    for person in [&alice, &bob] {
        person.wait_writable(&room, true).await;
    }
    check_talk(&pair, [&alice, &bob], &room, "under the new key").await;
    pair.check_audits().await;
}

#[tokio::test]
async fn w1_a_tls_key_that_leaked_is_replaced_at_once() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    keys(&pair.acme, &["revoke", "tls"]).await;
    reload(&pair.acme, "keys and card are in use").await;
    wait_known(&pair.acme, &pair.globex).await;
    assert_eq!(states(&pair.acme, "tls").await, ["in use", "next"]);
    check_talk(&pair, [&alice, &bob], &room, "with the next TLS key").await;
}
