//! What is kept, proven, reported and erased, seen from both sides (P10, P28, P29, P30).

use crate::harness::{
    daemon::run,
    org::{Org, Pair},
    until,
};
use serde_json::{Value, json};

/// Runs a command in an organization's directory; returns its exit code and its JSON document.
async fn ask(org: &Org, words: &[&str]) -> (i32, Value, String) {
    let dir = org.dir_text();
    let (status, output, errors) = run(&[words, &["--json", "--dir", &dir]].concat()).await;
    (status.code().expect("an exit code"), serde_json::from_str(&output).unwrap_or_default(), errors)
}

async fn done(org: &Org, words: &str) -> Value {
    let (code, document, errors) = ask(org, &words.split_whitespace().collect::<Vec<_>>()).await;
    assert_eq!(code, 0, "{words}: {errors}");
    document
}

#[tokio::test]
async fn p29_p30_both_sides_export_what_proves_itself_and_one_byte_breaks_it() {
    let pair = Pair::open().await;
    for (one, other) in pair.both_ways() {
        let (host, guest) = (one.person("ann").await, other.person("bea").await);
        let room = host.befriend(&guest).await;
        host.say(&room, "from the one").await;
        guest.say(&room, "from the other").await;
        host.wait_text(&room, "from the other").await;
        guest.wait_text(&room, "from the other").await;
        for org in [one, other] {
            for (name, what) in [("all", "--all".to_owned()), ("room", format!("--room {room}"))] {
                let out = org.dir().join(format!("{name}-{room}"));
                let out = out.to_str().expect("UTF-8");
                let written = done(org, &format!("export {what} --out {out}")).await;
                let report = done(org, &format!("verify {out}")).await;
                assert_eq!(report["ok"], true, "{report}");
                assert_eq!(report["unproven"], 0, "{report}");
                assert!(report["proven"].as_u64().expect("a number") >= 1, "{report}");
                flip(org, written["file"].as_str().expect("a path")).await;
            }
        }
    }
}

#[tokio::test]
async fn p30_both_sides_export_files_and_a_changed_one_is_named() {
    let pair = Pair::open().await;
    let (alice, bob) = (pair.acme.person("alice").await, pair.globex.person("bob").await);
    let room = alice.befriend(&bob).await;
    for (from, to, bytes) in [(&alice, &bob, b"the plan of alice"), (&bob, &alice, b"the answer of bob")] {
        let upload = from.http.begin_upload("plan.txt", bytes.len()).await;
        from.http.push_upload(&upload, 0, bytes.to_vec()).await;
        let text = String::from_utf8(bytes.to_vec()).expect("a text");
        let message = json!({ "text": text, "files": [{ "upload": upload }] });
        from.http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await.done();
        let item = to.wait_text(&room, &text).await;
        let digest = item["event"]["files"][0]["digest"].as_str().expect("a digest").to_owned();
        until("the file is there", || async {
            let (status, _) = to.http.bytes(&format!("/api/v1/rooms/{room}/files/{digest}")).await;
            (status == 200).then_some(())
        })
        .await;
    }
    for (org, name) in [(&pair.acme, "alice"), (&pair.globex, "bob")] {
        for (to, what) in [("all", "--all".to_owned()), ("one", format!("--person {name}"))] {
            let out = org.dir().join(to);
            let written = done(org, &format!("export {what} --out {}", out.display())).await;
            assert_eq!(written["files"], 2, "{written}");
            let report = done(org, &format!("verify {}", out.display())).await;
            assert_eq!((&report["ok"], &report["files_proven"]), (&true.into(), &2.into()), "{report}");
            let file = std::fs::read_dir(out.join("files")).expect("made").next().expect("two").expect("readable");
            std::fs::write(file.path(), "something else").expect("writable");
            let (code, report, _) = ask(org, &["verify", out.to_str().expect("UTF-8")]).await;
            assert_eq!(code, 1, "{report}");
            let digest = file.file_name().into_string().expect("hex");
            assert!(report["broken"]["what"].as_str().expect("words").contains(&digest), "{report}");
        }
        let subjects: Vec<Value> = org.audit("export.made").await.iter().map(|it| it["subject"].clone()).collect();
        assert_eq!(subjects.len(), 2, "{subjects:?}");
    }
}

/// Changes one byte in the middle: the check names a line and exits with 1.
async fn flip(org: &Org, file: &str) {
    let mut bytes = std::fs::read(file).expect("it was just written");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).expect("writable");
    let (code, report, errors) = ask(org, &["verify", file]).await;
    assert_eq!(code, 1, "{report}");
    assert!(report["broken"]["line"].as_u64().is_some() && errors.contains("does not hold"), "{report} {errors}");
}

#[tokio::test]
async fn p10_a_report_reaches_the_own_admin_with_the_partners_signature_and_nobody_else() {
    let pair = Pair::open().await;
    for (own, partner) in pair.both_ways() {
        let (victim, rude) = (own.person("vic").await, partner.person("rob").await);
        let room = victim.befriend(&rude).await;
        rude.say(&room, "something rude").await;
        let item = victim.wait_text(&room, "something rude").await;
        let audited = partner.audit("report").await.len();
        let report = json!({ "room": room, "index": item["index"], "reason": "rude" });
        assert_eq!(victim.http.post("/api/v1/reports", &report).await.status, 204);
        let report = json!({ "person": rude.address, "reason": "again and again" });
        assert_eq!(victim.http.post("/api/v1/reports", &report).await.status, 204);
        let cases = done(own, "case list").await;
        let numbers: Vec<u64> = cases["items"]
            .as_array()
            .expect("items")
            .iter()
            .map(|case| case["n"].as_u64().expect("a number"))
            .collect();
        let [message, person] = numbers[..] else { panic!("two cases, not {cases}") };
        let full = done(own, &format!("case show {message}")).await;
        assert_eq!(full["event"]["text"], "something rude", "{full}");
        assert_eq!(full["envelope"]["payloadType"], "application/vnd.handclasp.envelope.v1+json", "{full}");
        let (code, closed, errors) = ask(own, &["case", "close", &person.to_string(), "--note", "talked"]).await;
        assert_eq!((code, &closed["note"]), (0, &"talked".into()), "{errors}");
        assert_eq!(done(own, "case list").await["items"].as_array().expect("items").len(), 1);
        assert_eq!(partner.audit("report").await.len(), audited, "the partner knows nothing");
        assert!(rude.notifications("reported").await.is_empty());
        rude.say(&room, "and goes on").await;
        victim.wait_text(&room, "and goes on").await;
        done(own, &format!("case close {message}")).await;
    }
    pair.check_audits().await;
}

#[tokio::test]
async fn p30_an_erased_person_is_gone_on_both_sides_and_the_room_goes_on() {
    let pair = Pair::open().await;
    let (alice, carol) = (pair.acme.person("alice").await, pair.acme.person("carol").await);
    let bob = pair.globex.person("bob").await;
    let room = alice.group("Plans", &[&bob, &carol]).await;
    alice.say(&room, "written by alice").await;
    carol.say(&room, "written by carol").await;
    bob.wait_text(&room, "written by carol").await;
    done(&pair.acme, "hold set --user alice --reason case").await;
    let (code, ..) = ask(&pair.acme, &["user", "erase", "alice", "--texts", "remove", "--yes"]).await;
    assert_eq!(code, 1, "she is on hold");
    done(&pair.acme, "hold release --user alice").await;
    done(&pair.acme, "user erase alice --texts remove --yes").await;
    until("the texts are gone", || async {
        let erasure = pair.acme.admin.read("/admin/v1/users/alice/erasure").await.done();
        (erasure["done"] == true && erasure["events"] == 1).then_some(())
    })
    .await;
    bob.wait_members(&room, 2).await;
    let texts = carol.texts(&room).await;
    assert_eq!(texts, ["(erased)", "written by carol"], "her words are gone here");
    assert!(bob.texts(&room).await.contains(&"written by alice".to_owned()), "the partner's copy is the partner's");
    assert_eq!(alice.http.read("/api/v1/me").await.status, 401);
    carol.say(&room, "and on").await;
    bob.wait_text(&room, "and on").await;
    let out = pair.acme.dir().join("after");
    done(&pair.acme, &format!("export --all --out {}", out.display())).await;
    assert_eq!(done(&pair.acme, &format!("verify {}", out.display())).await["ok"], true);
    pair.check_audits().await;
}

#[tokio::test]
async fn p30_retention_and_holds_are_set_by_commands_and_survive_a_restart() {
    let mut org = Org::raise("acme.example", "Acme").await;
    let carol = org.person("carol").await;
    assert_eq!(done(&org, "retention show").await, json!({}));
    done(&org, "retention set --direct 365 --group 30").await;
    let set = json!({ "direct_days": 365, "group_days": 30 });
    done(&org, "hold set --user carol --reason case").await;
    assert_ne!(ask(&org, &["hold", "set", "--user", "nobody"]).await.0, 0);
    assert_eq!(ask(&org, &["retention", "set", "--direct", "0"]).await.0, 1);
    org.daemon.stop().await;
    org.restart().await;
    assert_eq!(done(&org, "retention show").await, set);
    assert_eq!(done(&org, "hold list").await["items"][0]["user"], "carol");
    assert_eq!(done(&org, "retention set --group forever").await, json!({ "direct_days": 365 }));
    let room = carol.http.post("/api/v1/rooms", &json!({ "name": "Own", "members": [] })).await.done();
    assert_eq!(room["visible_from"], 1, "its maker sees it from their arrival on: {room}");
    assert_eq!(org.audit("retention.changed").await.len(), 2);
}
