//! Exports that come back as archives: read by those who were there, never written to, never sent (P30, ADR 15).

use crate::harness::{
    daemon::run,
    org::{Org, Pair},
    until,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Runs a command in an organization's directory; returns its exit code, its JSON document and its errors.
async fn ask(org: &Org, words: &str) -> (i32, Value, String) {
    let dir = org.dir_text();
    let words: Vec<&str> = words.split_whitespace().chain(["--json", "--dir", &dir]).collect();
    let (status, output, errors) = run(&words).await;
    (status.code().expect("an exit code"), serde_json::from_str(&output).unwrap_or_default(), errors)
}

async fn done(org: &Org, words: &str) -> Value {
    let (code, document, errors) = ask(org, words).await;
    assert_eq!(code, 0, "{words}: {errors}");
    document
}

#[tokio::test]
async fn p30_an_export_comes_back_as_archives_that_their_members_read_and_nobody_writes() {
    for turn in 0..2 {
        let mut pair = Pair::open().await;
        let (own, partner) = pair.both_ways()[turn];
        let (ann, cat, dan) = (own.person("ann").await, own.person("cat").await, own.person("dan").await);
        let ben = partner.person("ben").await;
        let room = ann.group("Launch", &[&ben, &cat]).await;
        ann.say(&room, "from ann").await;
        let upload = ben.http.begin_upload("plan.txt", 8).await;
        ben.http.push_upload(&upload, 0, b"the plan".to_vec()).await;
        let message = json!({ "text": "the file", "files": [{ "upload": upload }] });
        ben.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await.done();
        cat.say(&room, "regretted").await;
        let index = cat.wait_text(&room, "regretted").await["index"].clone();
        cat.http.delete(&format!("/api/v1/rooms/{room}/messages/{index}")).await.done();
        let digest: String = Sha256::digest(b"the plan").iter().map(|byte| format!("{byte:02x}")).collect();
        let file = format!("/api/v1/rooms/{room}/files/{digest}");
        until("the file is there", || async { (ann.http.bytes(&file).await.0 == 200).then_some(()) }).await;
        let out = own.dir().join("out");
        let out = out.to_str().expect("UTF-8");
        done(own, &format!("export --all --out {out}")).await;
        let before = own.admin.read("/admin/v1/status").await.done();

        let imported = done(own, &format!("import {out}")).await;
        let archive = imported["archives"][&room].as_str().expect("the room was imported").to_owned();
        assert_ne!(archive, room, "it has an id of its own");
        assert_eq!(imported["files"], 1, "{imported}");
        assert_eq!(done(own, &format!("import {out}")).await["archives"], imported["archives"], "nothing is doubled");
        assert_eq!(ann.texts(&archive).await, ann.texts(&room).await);
        for person in [&ann, &cat] {
            let shown = person.room(&archive).await.expect("they were in it");
            assert_eq!((&shown["frozen"], &shown["writable"]), (&json!("ARCHIVE"), &json!(false)), "{shown}");
            assert_eq!((&shown["unread"], &shown["name"]), (&json!(0), &json!("Launch")));
            let (status, bytes) = person.http.bytes(&format!("/api/v1/rooms/{archive}/files/{digest}")).await;
            assert_eq!((status, &bytes[..]), (200, &b"the plan"[..]));
            assert!(!person.timeline(&archive).await.to_string().contains("regretted"), "what was recalled stays so");
            person.try_say(&archive, "more").await.refused("ARCHIVE");
            let path = format!("/api/v1/rooms/{archive}");
            person.http.post(&format!("{path}/notes"), &json!({ "title": "x" })).await.refused("ARCHIVE");
            person.http.patch(&path, &json!({ "name": "Mine" })).await.refused("ARCHIVE");
            person.add_members(&archive, &[&dan]).await.refused("ARCHIVE");
        }
        assert!(dan.room(&archive).await.is_none() && ben.room(&archive).await.is_none());
        let after = own.admin.read("/admin/v1/status").await.done();
        assert_eq!(before["peers"], after["peers"], "nothing is sent");

        // What was imported is part of the next export, and survives a restart.
        let again = format!("{out}-again");
        done(own, &format!("export --all --out {again}")).await;
        assert_eq!(done(own, &format!("verify {again}")).await["ok"], true);
        let org = if turn == 0 { &mut pair.acme } else { &mut pair.globex };
        org.daemon.stop().await;
        assert_eq!(done(org, "check").await["ok"], true);
        org.restart().await;
        assert_eq!(ann.texts(&archive).await, ann.texts(&room).await);
    }
}

#[tokio::test]
async fn p30_a_broken_or_foreign_export_is_not_imported() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    alice.say(&room, "between us").await;
    bob.wait_text(&room, "between us").await;
    let out = pair.acme.dir().join("out");
    done(&pair.acme, &format!("export --all --out {}", out.display())).await;
    let (code, _, errors) = ask(&pair.globex, &format!("import {}", out.display())).await;
    assert!(code == 1 && errors.contains("acme.example"), "{errors}");
    let transcript = out.join("export.jsonl");
    let text = std::fs::read_to_string(&transcript).expect("written");
    std::fs::write(&transcript, text.replace("between us", "between UX")).expect("writable");
    let (code, _, errors) = ask(&pair.acme, &format!("import {}", out.display())).await;
    assert!(code == 1 && errors.contains("line ") && errors.contains("nothing was imported"), "{errors}");
    assert_eq!(pair.acme.audit("archive.made").await.len(), 0);
    let rooms = alice.http.read("/api/v1/rooms").await.done();
    assert_eq!(rooms["items"].as_array().expect("items").len(), 1);
}
