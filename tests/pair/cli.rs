//! The command line against real daemons: from `init` to a revocation, as two admins would do it.

use crate::harness::{
    daemon::{finish, program, run},
    org::Org,
    until,
};
use handclasp::{
    crypto::keys::write_secret,
    store::{
        disk::DiskKv,
        keyspace::{Key, LogId, all_rows},
        kv::{Batch, Kv as _},
    },
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Runs a command in an organization's directory; returns its JSON document.
async fn json(org: &Org, words: &str) -> Value {
    let (code, output, errors) = ask(org, &format!("{words} --json")).await;
    assert_eq!(code, 0, "{words}: {errors}");
    serde_json::from_str(&output).unwrap_or_else(|_| panic!("{words}: {output}"))
}

async fn ask(org: &Org, words: &str) -> (i32, String, String) {
    let dir = org.dir_text();
    let words: Vec<&str> = words.split_whitespace().chain(["--dir", &dir]).collect();
    let (status, output, errors) = run(&words).await;
    (status.code().expect("an exit code"), output, errors)
}

async fn exchange_cards(one: &Org, other: &Org) {
    let file = other.dir().join("out.card");
    let file = file.to_str().expect("UTF-8");
    let shown = json(other, &format!("card export --to {file}")).await;
    let fingerprint = shown["fingerprint"].as_str().expect("a fingerprint").replace(' ', "");
    let wrong = fingerprint.chars().rev().collect::<String>();
    let (code, _, errors) = ask(one, &format!("peer add {file} --fingerprint {wrong}")).await;
    assert_ne!(code, 0, "another fingerprint pins nothing: {errors}");
    json(one, &format!("peer add {file} --fingerprint {fingerprint}")).await;
}

#[tokio::test]
async fn two_admins_open_and_close_a_link_by_commands() {
    let (acme, globex) = (Org::raise("acme.example", "Acme").await, Org::raise("globex.example", "Globex").await);
    exchange_cards(&acme, &globex).await;
    exchange_cards(&globex, &acme).await;
    json(&acme, "user add alice --name Alice --no-password").await;
    json(&globex, "user add bob --name Bob --no-password").await;
    let why = json(&acme, "why alice bob@globex.example").await;
    assert_eq!((&why["possible"], &why["reasons"][0]["code"]), (&false.into(), &"CLOSED_BY_US".into()), "{why}");
    assert_eq!(ask(&acme, "grant check globex.example").await.0, 1);

    json(&acme, "grant on globex.example --reason pilot").await;
    json(&globex, "grant on acme.example --scopes contacts,messages").await;
    tokio::join!(acme.wait_link(&globex, "open"), globex.wait_link(&acme, "open"));
    assert_eq!(ask(&acme, "grant check globex.example").await.0, 0);
    let status = json(&globex, "status").await;
    assert_eq!((&status["org"], &status["peers"][0]["state"]), (&"globex.example".into(), &"open".into()), "{status}");
    let shown = json(&acme, "grant show globex.example").await;
    assert_eq!(shown["theirs"]["scopes"], serde_json::json!(["contacts", "messages"]), "{shown}");

    json(&acme, "user forbid alice").await;
    assert_eq!(json(&acme, "user show alice").await["permitted"], false);
    json(&acme, "user permit alice").await;
    json(&acme, "policy set chosen --newcomers no").await;
    assert_eq!(json(&acme, "user show alice").await["permitted"], true, "who was permitted by name is chosen");
    json(&acme, "user forbid alice").await;
    assert_eq!(json(&acme, "user show alice").await["permitted"], false);

    let dry = json(&acme, "grant off globex.example --dry-run").await;
    assert!(dry["queued_records"].is_u64(), "{dry}");
    json(&acme, "grant off globex.example --yes --reason over").await;
    tokio::join!(acme.wait_link(&globex, "closed_by_us"), globex.wait_link(&acme, "closed_by_them"));
    for org in [&acme, &globex] {
        assert_eq!(json(org, "audit verify").await["ok"], true);
        let entries = json(org, "audit list --action link").await;
        assert!(entries.to_string().contains("link.closed"), "{entries}");
        let by_name = json(org, "audit list --action grant --actor admin:tester").await;
        assert!(by_name["items"].as_array().is_some_and(|items| !items.is_empty()), "P28: who did it: {by_name}");
    }
    until("the clean-up is done and the partner can be removed", || async {
        (ask(&acme, "peer remove globex.example --yes").await.0 == 0).then_some(())
    })
    .await;
    assert_eq!(json(&acme, "peer list").await.to_string().matches("globex").count(), 0);
}

#[tokio::test]
async fn exit_codes_tell_refusal_usage_absence_and_configuration_apart() {
    let mut org = Org::raise("acme.example", "Acme").await;
    assert_eq!(ask(&org, "user show nobody").await.0, 1);
    assert_eq!(ask(&org, "user add Nobody!").await.0, 2);
    assert_eq!(ask(&org, "grant on globex.example").await.0, 1, "an unknown partner");
    org.daemon.stop().await;
    let (code, _, errors) = ask(&org, "status").await;
    assert_eq!(code, 69, "{errors}");
    assert!(errors.contains("serve"), "it says what to do: {errors}");
    let nowhere = run(&["status", "--dir", "/nonexistent"]).await;
    assert_eq!(nowhere.0.code(), Some(78), "{}", nowhere.2);
    let again = ask(&org, "init --domain acme.example").await;
    assert_ne!(again.0, 0, "an organization that is there is never touched");
    org.restart().await;
}

#[tokio::test]
async fn check_reads_a_stopped_database_and_tells_a_damaged_one() {
    let mut org = Org::raise("acme.example", "Acme").await;
    for local in ["alice", "bob"] {
        org.person(local).await;
    }
    let (code, _, errors) = ask(&org, "check").await;
    assert_eq!(code, 70, "a database in use is left alone: {errors}");
    assert!(errors.contains("stop the daemon"), "it says what to do: {errors}");
    org.daemon.stop().await;
    let sound = json(&org, "check").await;
    assert_eq!((&sound["ok"], &sound["holds_links"]), (&true.into(), &Value::Null), "{sound}");
    assert!(sound["rows"].as_u64() > Some(4) && sound["entries"].as_u64() > Some(3), "{sound}");
    let (code, words, _) = ask(&org, "check").await;
    assert!(code == 0 && words.contains("sound"), "{words}");

    lose_a_row_of_the_audit_log(&org);
    let (code, output, errors) = ask(&org, "check --json").await;
    let damaged: Value = serde_json::from_str(&output).expect("one JSON document");
    assert_eq!((code, &damaged["ok"]), (1, &false.into()), "{damaged}");
    assert!(damaged["findings"].to_string().contains("audit"), "{damaged}");
    assert!(errors.contains("backup"), "it says what to do: {errors}");
    let nowhere = run(&["check", "--dir", "/nonexistent"]).await;
    assert_eq!(nowhere.0.code(), Some(78), "{}", nowhere.2);
}

#[tokio::test]
async fn check_names_a_file_whose_bytes_are_missing_or_of_another_length() {
    let mut org = Org::raise("acme.example", "Acme").await;
    let alice = org.person("alice").await;
    let room = alice.http.post("/api/v1/rooms", &json!({ "name": "Own", "members": [] })).await.done();
    let upload = alice.http.begin_upload("plan.txt", 4).await;
    alice.http.push_upload(&upload, 0, b"plan".to_vec()).await;
    let message = json!({ "text": "the plan", "files": [{ "upload": upload }] });
    let path = format!("/api/v1/rooms/{}/messages", room["id"].as_str().expect("an id"));
    alice.http.post(&path, &message).await.done();
    org.daemon.stop().await;
    assert_eq!(json(&org, "check").await["files"], 1);
    let digest: String = Sha256::digest(b"plan").iter().map(|byte| format!("{byte:02x}")).collect();
    let blob = org.dir().join("files").join(&digest[..2]).join(&digest);
    for what in ["has 3 bytes", "is missing"] {
        match what {
            "is missing" => std::fs::remove_file(&blob).expect("it was there"),
            _ => std::fs::write(&blob, "pla").expect("writable"),
        }
        let (code, output, _) = ask(&org, "check --json").await;
        let damaged: Value = serde_json::from_str(&output).expect("one JSON document");
        let finding = damaged["findings"][0].as_str().expect("a finding");
        assert!(code == 1 && finding.contains(&digest) && finding.contains(what), "{damaged}");
    }
}

fn lose_a_row_of_the_audit_log(org: &Org) {
    let kv = DiskKv::open(&org.dir().join("data"), 16 << 20).expect("the daemon has stopped");
    let (from, to) = all_rows();
    let rows = kv.scan(&from, &to, usize::MAX).expect("readable");
    let is_audit = |key: &[u8]| matches!(Key::decode(key), Some(Key::Row(LogId::Audit, ..)));
    let (key, _) = rows.into_iter().find(|(key, _)| is_audit(key)).expect("init and users are in the audit log");
    kv.commit(Batch { rows: vec![(key, None)] }).expect("written");
}

#[tokio::test]
async fn chat_trusts_the_certificates_of_the_file_that_is_named_and_no_others() {
    let mut org = Org::raise("acme.example", "Acme").await;
    org.person("alice").await;
    let label = serde_json::json!({ "label": "chat" });
    let token = org.admin.post("/admin/v1/users/alice/tokens", &label).await.done()["token"].clone();
    let own = use_https(&mut org, "client").await;
    let other = certificate_for("192.0.2.1", &org.dir(), "other");
    let server = format!("https://{}", org.client);
    let chat = async |ca: &Path| {
        let mut command = program();
        command.env("HANDCLASP_TOKEN", token.as_str().expect("a token"));
        command.args(["chat", "--as", "alice", "--server", &server, "--ca"]).arg(ca);
        finish(&mut command).await
    };
    let (status, _, errors) = chat(&own).await;
    assert!(status.success(), "{errors}");
    let (status, _, errors) = chat(&other).await;
    assert_eq!(status.code(), Some(69), "{errors}");
    assert!(errors.contains("--ca"), "it says what to do: {errors}");
    let (status, _, errors) = chat(&org.dir().join("handclasp.toml")).await;
    assert_eq!(status.code(), Some(78), "a file without certificates: {errors}");
}

/// Starts the daemon again with HTTPS for people's programs; returns the file with its certificate.
async fn use_https(org: &mut Org, name: &str) -> PathBuf {
    let host = org.client.split(':').next().expect("host:port").to_owned();
    let certificate = certificate_for(&host, &org.dir(), name);
    let config = org.dir().join("handclasp.toml");
    let text = std::fs::read_to_string(&config).expect("init made it");
    let https = format!("[client]\ntls_certificate = \"{name}.crt\"\ntls_key = \"{name}.key\"");
    std::fs::write(&config, text.replace("[client]", &https)).expect("written");
    org.daemon.stop().await;
    org.restart().await;
    certificate
}

fn certificate_for(host: &str, dir: &Path, name: &str) -> PathBuf {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).expect("a certificate");
    let file = dir.join(format!("{name}.crt"));
    std::fs::write(&file, made.cert.pem()).expect("written");
    write_secret(&dir.join(format!("{name}.key")), made.signing_key.serialize_pem().as_bytes()).expect("written");
    file
}
