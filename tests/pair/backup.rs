//! Backups and what comes back after a restore: taken under load, proven, and put in place of a lost database.

use crate::harness::{
    daemon::run,
    org::{Org, Pair},
    person::Person,
};
use serde_json::Value;

/// Takes a backup by the command; returns its directory.
pub async fn take(org: &Org) -> String {
    let (status, shown, errors) = run(&["backup", "--dir", &org.dir_text(), "--json"]).await;
    assert!(status.success(), "{errors}");
    let shown: Value = serde_json::from_str(&shown).expect("one JSON document");
    org.dir().join("backups").join(shown["name"].as_str().expect("a name")).to_str().expect("UTF-8").to_owned()
}

/// Stops the daemon, restores, and starts it again; returns what the command said.
pub async fn restore(org: &mut Org, backup: &str) -> Value {
    org.daemon.stop().await;
    let (status, shown, errors) = run(&["restore", backup, "--replace", "--dir", &org.dir_text(), "--json"]).await;
    assert!(status.success(), "{errors}");
    org.restart().await;
    serde_json::from_str(&shown).expect("one JSON document")
}

async fn say_many(author: &Person, room: &str, word: &str, count: usize) {
    for n in 0..count {
        author.say(room, &format!("{word} {n}")).await;
    }
}

/// Texts that begin with a word, in the order of the timeline.
async fn texts_of(reader: &Person, room: &str, word: &str) -> Vec<String> {
    reader.texts(room).await.into_iter().filter(|text| text.starts_with(word)).collect()
}

#[tokio::test]
async fn f30_f13_a_backup_under_load_restores_and_the_partner_sends_the_rest_again() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    alice.say(&room, "first").await;
    bob.wait_text(&room, "first").await;
    let (backup, ()) = tokio::join!(take(&pair.globex), say_many(&alice, &room, "during", 40));
    say_many(&alice, &room, "after", 5).await;
    bob.wait_text(&room, "after 4").await;
    let before = (texts_of(&bob, &room, "during").await, texts_of(&bob, &room, "after").await);
    let restored = restore(&mut pair.globex, &backup).await;
    assert_eq!(restored["holds_links"], false, "the grants are those of the anchor");
    bob.wait_text(&room, "after 4").await;
    assert_eq!((texts_of(&bob, &room, "during").await, texts_of(&bob, &room, "after").await), before);
    alice.say(&room, "last").await;
    bob.wait_text(&room, "last").await;
    pair.check_audits().await;
    assert_eq!(pair.globex.audit("backup.taken").await.len(), 0, "it was noted after the backup");
}

#[tokio::test]
async fn f19_a_restore_to_before_our_revocation_holds_the_links() {
    let mut pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    let backup = take(&pair.globex).await;
    assert_eq!(pair.globex.audit("backup.taken").await.len(), 1);
    pair.globex.revoke(&pair.acme).await;
    pair.acme.wait_link(&pair.globex, "closed_by_them").await;
    let restored = restore(&mut pair.globex, &backup).await;
    assert_eq!(restored["holds_links"], true);
    let status = pair.globex.admin.read("/admin/v1/status").await.done();
    assert_eq!(status["unconfirmed"], true);
    alice.try_say(&room, "nobody hears this").await.refused("CLOSED_BY_THEM");
    bob.try_say(&room, "nor this").await.refused("UNCONFIRMED");
}

#[tokio::test]
async fn d8_backups_are_listed_and_a_running_daemon_is_not_replaced() {
    let pair = Pair::open().await;
    let dir = pair.acme.dir_text();
    let first = take(&pair.acme).await;
    let second = take(&pair.acme).await;
    let (_, listed, _) = run(&["backup", "--list", "--dir", &dir, "--json"]).await;
    let listed: Value = serde_json::from_str(&listed).expect("one JSON document");
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2), "{listed}");
    let (status, _, errors) = run(&["restore", &first, "--replace", "--dir", &dir]).await;
    assert!(!status.success() && errors.contains("stop the daemon"), "{errors}");
    let other = pair.globex.dir_text();
    let (status, _, errors) = run(&["restore", &first, "--replace", "--dir", &other]).await;
    assert!(!status.success() && errors.contains("the backup is of acme.example"), "{errors}");
    let (status, _, errors) = run(&["backup", "--keep", "1", "--dir", &dir]).await;
    assert!(status.success(), "{errors}");
    assert!(!std::path::Path::new(&first).exists() && !std::path::Path::new(&second).exists());
}
