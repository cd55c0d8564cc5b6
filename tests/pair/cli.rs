//! The command line against real daemons: from `init` to a revocation, as two admins would do it.

use crate::harness::{daemon::run, org::Org};
use serde_json::Value;
use std::path::Path;

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
    json(&acme, "user unchoose alice").await;
    assert_eq!(json(&acme, "user show alice").await["permitted"], false);

    let dry = json(&acme, "grant off globex.example --dry-run").await;
    assert!(dry["queued_records"].is_u64(), "{dry}");
    json(&acme, "grant off globex.example --yes --reason over").await;
    tokio::join!(acme.wait_link(&globex, "closed_by_us"), globex.wait_link(&acme, "closed_by_them"));
    for org in [&acme, &globex] {
        assert_eq!(json(org, "audit verify").await["ok"], true);
        let entries = json(org, "audit list --action link").await;
        assert!(entries.to_string().contains("link.closed"), "{entries}");
    }
    json(&acme, "peer remove globex.example --yes").await;
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
async fn the_demo_runs_through_and_leaves_nothing_behind() {
    let under = tempfile::TempDir::new().expect("a temporary directory");
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_handclasp"))
        .args(["demo", "--once", "--json"])
        .env("TMPDIR", under.path())
        .kill_on_drop(true)
        .output()
        .await
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.lines().count() > 5, "{text}");
    let left =
        |dir: &Path| std::fs::read_dir(dir).expect("readable").flatten().map(|entry| entry.path()).collect::<Vec<_>>();
    assert!(left(under.path()).is_empty(), "{:?}", left(under.path()));
}
