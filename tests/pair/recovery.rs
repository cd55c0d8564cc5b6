//! Whole daemons after restores: what was lost comes back from the partner, and what cannot is told (W10, F14 to F18).

use crate::{
    backup::{restore, take},
    harness::{
        daemon::{Daemon, run},
        org::{Org, Pair},
        person::Person,
        proxy::Weather,
        until,
    },
};
use serde_json::{Value, json};
use std::path::Path;

async fn recover(org: &Org, words: &[&str]) -> Value {
    let (status, shown, errors) =
        run(&[&["peer", "recover"], words, &["--json", "--dir", &org.dir_text()]].concat()).await;
    assert!(status.success(), "{errors}");
    serde_json::from_str(&shown).expect("one JSON document")
}

/// Alice of acme and bob of globex with a direct room, which acme hosts, and a group of bob's, which globex hosts.
async fn town() -> (Pair, Person, Person, [String; 2]) {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let direct = alice.befriend(&bob).await;
    bob.add(&alice.address).await.done();
    let group = bob.group("Plans", &[&alice]).await;
    alice.wait_room(&group).await;
    (pair, alice, bob, [direct, group])
}

/// Both write in both rooms, one after the other.
async fn talk(alice: &Person, bob: &Person, rooms: &[String; 2], word: &str, count: usize) {
    for n in 0..count {
        for (room, author) in rooms.iter().flat_map(|room| [(room, alice), (room, bob)]) {
            author.say(room, &format!("{word} {n} of {}", author.local())).await;
        }
    }
    for (room, reader) in rooms.iter().flat_map(|room| [(room, alice), (room, bob)]) {
        for author in [alice, bob] {
            reader.wait_text(room, &format!("{word} {} of {}", count - 1, author.local())).await;
        }
    }
}

/// The same texts in the same order on both sides.
async fn same(alice: &Person, bob: &Person, rooms: &[String; 2]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for room in rooms {
        let texts = alice.texts(room).await;
        assert_eq!(texts, bob.texts(room).await);
        all.push(texts);
    }
    all
}

#[tokio::test]
async fn f14_f15_a_restored_daemon_gets_its_own_records_back_from_the_partner() {
    let (mut pair, alice, bob, rooms) = town().await;
    talk(&alice, &bob, &rooms, "before", 2).await;
    let backup = take(&pair.acme).await;
    talk(&alice, &bob, &rooms, "after", 10).await;
    let late = pair.acme.person("late").await;
    let before = same(&alice, &bob, &rooms).await;
    restore(&mut pair.acme, &backup).await;
    pair.wait("open", "open").await;
    until("what was lost is back", || async { (alice.texts(&rooms[1]).await == before[1]).then_some(()) }).await;
    assert_eq!(same(&alice, &bob, &rooms).await, before);
    let recovered = pair.acme.audit("link.recovered").await;
    assert_eq!(recovered.len(), 1, "{recovered:?}");
    talk(&alice, &bob, &rooms, "again", 2).await;
    same(&alice, &bob, &rooms).await;
    late.try_say(&rooms[0], "who was made after the backup is gone").await.refused("UNAUTHENTICATED");
    let shown = recover(&pair.acme, &[pair.globex.domain]).await;
    assert_eq!((&shown["recovery"], &shown["quarantine"]), (&Value::Null, &Value::Null));
    pair.check_audits().await;
}

#[tokio::test]
async fn f17_both_daemons_restored_to_different_points_agree_again() {
    let (mut pair, alice, bob, rooms) = town().await;
    let early = take(&pair.acme).await;
    talk(&alice, &bob, &rooms, "one", 3).await;
    let later = take(&pair.globex).await;
    talk(&alice, &bob, &rooms, "two", 3).await;
    set_weather(&pair, Weather::Cut);
    restore(&mut pair.acme, &early).await;
    restore(&mut pair.globex, &later).await;
    alice.try_say(&rooms[0], "too early").await.refused("RECOVERING");
    let shown = recover(&pair.acme, &[pair.globex.domain]).await;
    assert_eq!(shown["state"], "recovering");
    set_weather(&pair, Weather::Fair);
    pair.wait("open", "open").await;
    talk(&alice, &bob, &rooms, "three", 2).await;
    let texts = same(&alice, &bob, &rooms).await;
    for room in texts {
        let ones = room.iter().filter(|text| text.starts_with("one ")).count();
        assert_eq!(ones, 6, "what either kept is there once: {room:?}");
    }
    pair.check_audits().await;
}

/// Cuts the border, or opens it again.
fn set_weather(pair: &Pair, weather: Weather) {
    for org in [&pair.acme, &pair.globex] {
        org.network.set(weather);
    }
}

#[tokio::test]
async fn w10_what_waited_before_a_restore_of_both_crosses_once_and_in_a_new_epoch_nothing_waits() {
    let (mut pair, alice, bob, rooms) = town().await;
    set_weather(&pair, Weather::Cut);
    for (person, room) in [(&alice, &rooms[0]), (&bob, &rooms[1]), (&alice, &rooms[1]), (&bob, &rooms[0])] {
        person.say(room, &format!("{} waits", person.local())).await;
    }
    let backups = [take(&pair.acme).await, take(&pair.globex).await];
    alice.say(&rooms[0], "lost, and its number with it").await;
    restore(&mut pair.acme, &backups[0]).await;
    restore(&mut pair.globex, &backups[1]).await;
    set_weather(&pair, Weather::Fair);
    pair.wait("open", "open").await;
    talk(&alice, &bob, &rooms, "after", 3).await;
    for texts in same(&alice, &bob, &rooms).await {
        for who in ["alice", "bob"] {
            assert_eq!(texts.iter().filter(|text| **text == format!("{who} waits")).count(), 1, "{texts:?}");
        }
        assert!(!texts.contains(&"lost, and its number with it".to_owned()), "it never crossed: {texts:?}");
    }
    for (org, peer) in [(&pair.acme, pair.globex.domain), (&pair.globex, pair.acme.domain)] {
        until("the new epoch is the present one", || async {
            (recover(org, &[peer]).await["epoch"] == 2).then_some(())
        })
        .await;
    }
    pair.check_audits().await;
}

#[tokio::test]
async fn f17_a_partner_put_back_into_an_epoch_that_ended_since_gets_its_end_again() {
    let (mut pair, alice, bob, rooms) = town().await;
    let theirs = take(&pair.globex).await;
    talk(&alice, &bob, &rooms, "one", 2).await;
    let ours = take(&pair.acme).await;
    talk(&alice, &bob, &rooms, "two", 2).await;
    restore(&mut pair.acme, &ours).await;
    pair.wait("open", "open").await;
    talk(&alice, &bob, &rooms, "three", 2).await;
    let before = same(&alice, &bob, &rooms).await;
    restore(&mut pair.globex, &theirs).await;
    pair.wait("open", "open").await;
    talk(&alice, &bob, &rooms, "four", 1).await;
    for (room, before) in same(&alice, &bob, &rooms).await.iter().zip(before) {
        assert_eq!(room[..before.len()], before, "each once and in its place");
    }
    pair.check_audits().await;
}

/// Puts a copy of a database's files in the place of others: nobody tells the daemon.
fn copy(from: &Path, to: &Path) {
    if to.exists() {
        std::fs::remove_dir_all(to).expect("the database can be removed");
    }
    let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status().expect("cp runs");
    assert!(copied.success());
}

#[tokio::test]
async fn f16_a_copy_that_went_on_by_itself_is_found_out_and_an_admin_decides() {
    let (mut pair, alice, bob, rooms) = town().await;
    pair.acme.daemon.stop().await;
    let [data, other, anchor] = ["data", "copy", "data.anchor"].map(|name| pair.acme.dir().join(name));
    copy(&data, &other);
    let kept = std::fs::read(&anchor).expect("an anchor");
    pair.acme.restart().await;
    alice.say(&rooms[0], "this will be lost").await;
    bob.wait_text(&rooms[0], "this will be lost").await;
    pair.acme.daemon.stop().await;
    copy(&other, &data);
    std::fs::write(&anchor, kept).expect("written");
    pair.acme.network.set(Weather::Cut);
    pair.globex.network.set(Weather::Cut);
    pair.acme.restart().await;
    alice.say(&rooms[0], "something else under the same number").await;
    pair.acme.network.set(Weather::Fair);
    pair.globex.network.set(Weather::Fair);
    pair.wait("quarantined", "quarantined").await;
    let (_, shown, _) = run(&["peer", "recover", pair.globex.domain, "--dir", &pair.acme.dir_text()]).await;
    assert!(shown.contains("--accept-loss") && shown.contains("freeze on both sides"), "{shown}");
    recover(&pair.acme, &[pair.globex.domain, "--accept-loss", "--yes"]).await;
    let lift = format!("/admin/v1/peers/{}/lift", pair.acme.domain);
    pair.globex.admin.post(&lift, &json!({})).await.done();
    pair.wait("open", "open").await;
    alice.say(&rooms[0], "and on").await;
    for (org, person) in [(&pair.acme, &alice), (&pair.globex, &bob)] {
        person.wait_notifications("frozen", 1).await;
        person.try_say(&rooms[0], "no more").await.refused("FROZEN");
        assert_eq!(org.audit("room.frozen").await.len(), 1);
    }
    let shown = recover(&pair.acme, &[pair.globex.domain]).await;
    assert_eq!(shown["frozen_rooms"], json!([rooms[0]]));
    bob.say(&rooms[1], "the other room goes on").await;
    alice.wait_text(&rooms[1], "the other room goes on").await;
}

#[tokio::test]
async fn f26_of_two_daemons_on_copies_of_one_database_the_earlier_is_fenced() {
    let (mut pair, alice, bob, rooms) = town().await;
    pair.acme.daemon.stop().await;
    let (home, twin) = (pair.acme.dir(), pair.acme.dir().with_file_name("twin"));
    copy(&home, &twin);
    pair.acme.restart().await;
    alice.say(&rooms[0], "from the first").await;
    bob.wait_text(&rooms[0], "from the first").await;
    // The copy listens elsewhere, as on a second machine.
    let (config, ip) = (twin.join("handclasp.toml"), pair.acme.client.split(':').next().expect("an address"));
    let text = std::fs::read_to_string(&config).expect("a configuration");
    let elsewhere = ip.replacen(".0.", ".250.", 1);
    std::fs::write(&config, text.replace(ip, &elsewhere)).expect("written");
    let mut second = Daemon::start(&twin).await;
    until("the second daemon speaks for acme", || async {
        (pair.globex.audit("link.peer_restarted").await.len() == 1).then_some(())
    })
    .await;
    pair.acme.wait_link(&pair.globex, "quarantined").await;
    let link = pair.acme.link(&pair.globex).await;
    assert_eq!(link["quarantine"]["code"], "FENCED", "{link}");
    alice.try_say(&rooms[0], "two cannot speak").await.refused("QUARANTINED");
    assert_eq!(bob.texts(&rooms[0]).await.last().map(String::as_str), Some("from the first"));

    tokio::join!(second.stop(), pair.acme.daemon.stop());
    pair.acme.restart().await;
    let lift = format!("/admin/v1/peers/{}/lift", pair.globex.domain);
    pair.acme.admin.post(&lift, &json!({})).await.done();
    pair.wait("open", "open").await;
    talk(&alice, &bob, &rooms, "one again", 2).await;
    let heard = bob.texts(&rooms[0]).await;
    assert_eq!(heard, alice.texts(&rooms[0]).await);
}
