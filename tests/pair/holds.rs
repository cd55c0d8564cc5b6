//! Legal holds over bytes, and files of submissions that the host refuses, on the disks of two real daemons (P30, P21).

use crate::harness::{
    daemon::run,
    org::{Org, Pair},
    person::Person,
    proxy::Weather,
    until,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn blob(org: &Org, bytes: &[u8]) -> PathBuf {
    let hex = digest(bytes);
    org.dir().join("files").join(&hex[..2]).join(&hex)
}

async fn done(org: &Org, words: &str) -> Value {
    let dir = org.dir_text();
    let words: Vec<&str> = words.split_whitespace().chain(["--json", "--dir", &dir]).collect();
    let (status, output, errors) = run(&words).await;
    assert!(status.success(), "{words:?}: {errors}");
    serde_json::from_str(&output).unwrap_or_default()
}

/// Sends a file; returns the index of the message.
async fn send(from: &Person, to: &Person, room: &str, bytes: &[u8]) -> Value {
    let upload = from.http.begin_upload("plan.txt", bytes.len()).await;
    from.http.push_upload(&upload, 0, bytes.to_vec()).await;
    let text = digest(bytes);
    let message = json!({ "text": text, "files": [{ "upload": upload }] });
    from.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await.done();
    let path = format!("/api/v1/rooms/{room}/files/{text}");
    until("the file is there", || async { (to.http.bytes(&path).await.0 == 200).then_some(()) }).await;
    to.wait_text(room, &text).await["index"].clone()
}

async fn gone(blob: &Path) {
    until("the bytes are gone", || async { (!blob.exists()).then_some(()) }).await;
}

#[tokio::test]
async fn p30_a_hold_keeps_the_bytes_of_a_recalled_file_until_it_ends_in_both_roles() {
    let pair = Pair::open().await;
    for (n, (author, keeper)) in (1_u8..).zip(pair.both_ways()) {
        let (ann, ben) = (author.person("ann").await, keeper.person("ben").await);
        for (host, guest) in [(&ann, &ben), (&ben, &ann)] {
            let room = host.group("Launch", &[guest]).await;
            let bytes = format!("the plan {n} of {}", host.address).into_bytes();
            let index = send(&ann, &ben, &room, &bytes).await;
            done(keeper, &format!("hold set --room {room} --reason case")).await;
            let path = format!("/api/v1/rooms/{room}/messages/{index}");
            ann.http.delete(&path).await.done();
            gone(&blob(author, &bytes)).await;
            until("ben sees the tombstone", || async {
                let item = ben.http.read(&path).await.body;
                (!item["now"]["recalled"].is_null()).then_some(())
            })
            .await;
            let file = format!("/api/v1/rooms/{room}/files/{}", digest(&bytes));
            assert_eq!(ben.http.bytes(&file).await.0, 404, "nobody reads it any more");
            assert!(blob(keeper, &bytes).exists(), "the hold keeps it");
            until("the author is told nothing untrue", || async {
                let item = ann.http.read(&path).await.done();
                (item["now"]["erasure"] == json!({ "here": true, "partner": false })).then_some(())
            })
            .await;
            let out = keeper.dir().join(format!("held-{room}"));
            let written = done(keeper, &format!("export --room {room} --out {}", out.display())).await;
            assert_eq!(written["files"], 1, "who holds it can read it: {written}");
            assert_eq!(done(keeper, &format!("verify {}", out.display())).await["ok"], true);
            done(keeper, &format!("hold release --room {room}")).await;
            gone(&blob(keeper, &bytes)).await;
            until("the author is told", || async {
                let item = ann.http.read(&path).await.body;
                (item["now"]["erasure"]["partner"] == true).then_some(())
            })
            .await;
        }
    }
    pair.check_audits().await;
}

#[tokio::test]
async fn p30_a_hold_keeps_what_was_deleted_from_the_folder_for_good() {
    let pair = Pair::open().await;
    for (own, partner) in pair.both_ways() {
        let mut policy = own.admin.read("/admin/v1/policy/files").await.done();
        policy["folder_kept_days"] = json!(0);
        own.admin.put("/admin/v1/policy/files", &policy).await.done();
        let (ann, ben) = (own.person("ann").await, partner.person("ben").await);
        let room = ann.group("Launch", &[&ben]).await;
        let bytes = format!("the plan of {}", own.domain).into_bytes();
        let upload = ann.http.begin_upload("plan.txt", bytes.len()).await;
        ann.http.push_upload(&upload, 0, bytes.clone()).await;
        let folder = format!("/api/v1/rooms/{room}/folder");
        let entry = ann.http.post(&folder, &json!({ "file": { "upload": upload } })).await.done();
        let theirs = blob(partner, &bytes);
        until("the partner has it", || async { theirs.exists().then_some(()) }).await;
        done(partner, "hold set --user ben --reason case").await;
        ann.http.delete(&format!("{folder}/{}", entry["index"])).await.done();
        gone(&blob(own, &bytes)).await;
        until("it is no more in the folder", || async {
            let page = ben.http.read(&folder).await.done();
            page["items"].as_array().filter(|items| items.is_empty()).map(drop)
        })
        .await;
        assert!(theirs.exists(), "he is on hold");
        done(partner, "hold release --user ben").await;
        gone(&theirs).await;
    }
}

#[tokio::test]
async fn p21_the_bytes_of_a_file_that_the_host_refuses_go_from_the_disk() {
    let pair = Pair::open().await;
    for (host, partner) in pair.both_ways() {
        let (maker, guest) = (host.person("maker").await, partner.person("guest").await);
        let room = maker.group("Launch", &[&guest]).await;
        partner.network.set(Weather::Cut);
        host.network.set(Weather::Cut);
        let bytes = format!("too late at {}", host.domain).into_bytes();
        let upload = guest.http.begin_upload("late.txt", bytes.len()).await;
        guest.http.push_upload(&upload, 0, bytes.clone()).await;
        let message = json!({ "text": "look", "files": [{ "upload": upload }] });
        let posted = guest.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await.done();
        assert!(blob(partner, &bytes).exists(), "it waits for the host");
        maker.http.patch(&format!("/api/v1/rooms/{room}"), &json!({ "file_bytes_max": 3 })).await.done();
        partner.network.set(Weather::Fair);
        host.network.set(Weather::Fair);
        let id = posted["id"].as_str().expect("an id");
        assert_eq!(guest.wait_delivery(&room, id, "refused").await.as_deref(), Some("TOO_LARGE"));
        gone(&blob(partner, &bytes)).await;
        assert!(!blob(host, &bytes).exists(), "it never came");
    }
}

#[tokio::test]
async fn p26_the_bytes_of_a_file_that_waited_when_the_link_closed_go_from_the_disk() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    pair.acme.network.set(Weather::Cut);
    let upload = bob.http.begin_upload("late.txt", 4).await;
    bob.http.push_upload(&upload, 0, b"late".to_vec()).await;
    let message = json!({ "text": "look", "files": [{ "upload": upload }] });
    bob.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await.done();
    assert!(blob(&pair.globex, b"late").exists());
    pair.globex.revoke(&pair.acme).await;
    gone(&blob(&pair.globex, b"late")).await;
}
