//! Two whole daemons in one process, on loopback, with stores in memory: they pair, open, close, and end in order.

use super::{Daemon, Faces, Keys, Parts, StartError};
use crate::{
    api::admin::token::{self, AdminToken},
    clock::{Clock as _, SystemClock, SystemRandom},
    crypto::{SigningKey, fingerprint::Fingerprint},
    engine::Runs,
    files::{Memory, Work},
    model::{
        Domain, InstanceId,
        org::{Card, KeyUse, OwnOrg, SigningKey as CardKey},
    },
    net::{
        Listen,
        cert::{TlsIdentity, generate},
        stream::{TcpDial, TcpListen},
    },
    store::{kv::Kv, load, mem_kv::MemKv},
    testing::fixtures::domain,
    wire,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Long enough for any machine; what is waited for takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

struct Org {
    daemon: Daemon,
    kv: Arc<MemKv>,
    card: Value,
    fingerprint: String,
    base: String,
    token: String,
    http: reqwest::Client,
}

async fn port() -> (Box<dyn Listen>, String) {
    let listener = TcpListen::bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let address = listener.local_address().expect("bound").to_string();
    (Box::new(listener), address)
}

fn make_keys(domain: &Domain, endpoint: &str, dir: &std::path::Path) -> (Keys, SigningKey) {
    let identity = SigningKey::generate(&mut SystemRandom);
    let signing = SigningKey::generate(&mut SystemRandom);
    let (certificate, key) = generate(domain).expect("made");
    let tls = TlsIdentity::parse(&certificate, &key).expect("just made");
    let card = Card {
        domain: domain.clone(),
        name: domain.as_str().parse().expect("a domain is a name"),
        identity: identity.public(),
        version: 1,
        signing_keys: vec![CardKey { key: signing.public(), state: KeyUse::Current }],
        tls_pins: vec![tls.pin().expect("a pin")],
        endpoints: vec![endpoint.to_owned()],
        features: Vec::new(),
        issued_at: SystemClock.now(),
    };
    let card = wire::proof::seal_card(card, &identity).expect("keeps the rules");
    let admin_token = AdminToken::create(&dir.join(token::FILE), &mut SystemRandom).expect("made");
    (Keys { signing, card, tls, admin_token }, identity)
}

fn make_store(domain: &Domain, identity: &SigningKey) -> Arc<MemKv> {
    let kv = Arc::new(MemKv::new());
    let org = OwnOrg {
        domain: domain.clone(),
        identity: identity.public(),
        instance: InstanceId([7; 16]),
        created_at: SystemClock.now(),
    };
    load::create(&*kv, &org).expect("an empty store");
    kv
}

fn parts(
    keys: Keys,
    kv: Arc<MemKv>,
    federation: Box<dyn Listen>,
    client: Box<dyn Listen>,
    admin: Box<dyn Listen>,
) -> Parts {
    Parts {
        keys,
        kv,
        files: (Arc::new(Memory::new()), Work::Threads),
        clock: Arc::new(SystemClock),
        random: Box::new(|| Box::new(SystemRandom)),
        dial: Arc::new(TcpDial),
        faces: Faces { federation, client, client_tls: None, admin },
        runs: Runs::Task,
        search: None,
        ice: crate::crypto::turn::IceServers::default(),
        backups: None,
        beat: Box::new(|| {}),
        metrics: Box::new(String::new),
    }
}

impl Org {
    async fn start(name: &str) -> Self {
        let (domain, dir) = (domain(name), tempfile::tempdir().expect("a temporary directory"));
        let ((federation, endpoint), (client, _), (admin, base)) = (port().await, port().await, port().await);
        let (keys, identity) = make_keys(&domain, &endpoint, dir.path());
        let kv = make_store(&domain, &identity);
        let card = serde_json::from_str(&keys.card.document).expect("a DSSE object");
        let daemon = Daemon::start(parts(keys, kv.clone(), federation, client, admin)).expect("all parts fit");
        // Only the first call in the process installs one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            daemon,
            kv,
            card,
            fingerprint: Fingerprint::of(&identity.public()).to_string(),
            base: format!("http://{base}/admin/v1"),
            token: std::fs::read_to_string(dir.path().join(token::FILE)).expect("made above").trim().to_owned(),
            http: reqwest::Client::new(),
        }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let response = request.send().await.expect("the daemon answers");
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default())
    }

    async fn pin(&self, other: &Self) {
        let pin = json!({ "card": other.card, "fingerprint": other.fingerprint });
        let (status, body) = self.ask("POST", "/peers", Some(pin)).await;
        assert_eq!(status, 201, "{body}");
    }

    async fn grant(&self, peer: &str, grant: Value) -> Value {
        let (status, body) = self.ask("PUT", &format!("/peers/{peer}/grant"), Some(grant)).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    async fn wait_for(&self, peer: &str, state: &str) {
        let mut bell = self.daemon.engine().bell();
        let reached = async {
            loop {
                bell.borrow_and_update();
                let (_, body) = self.ask("GET", &format!("/peers/{peer}"), None).await;
                if body["state"] == state {
                    return;
                }
                bell.changed().await.expect("the daemon runs");
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("the link is never {state}"));
    }
}

#[tokio::test]
async fn p1_p26_two_daemons_pair_open_and_close() {
    let (acme, globex) = (Org::start("acme.example").await, Org::start("globex.example").await);
    acme.pin(&globex).await;
    globex.pin(&acme).await;
    let granted = acme.grant("globex.example", json!({ "state": "active", "reason": "pilot" })).await;
    assert_eq!((&granted["serial"], &granted["grant"]["in_force"]), (&json!(1), &json!(true)));
    globex.grant("acme.example", json!({ "state": "active", "scopes": ["messages", "contacts"] })).await;
    acme.wait_for("globex.example", "open").await;
    globex.wait_for("acme.example", "open").await;

    let (status, body) =
        acme.ask("PUT", "/peers/globex.example/grant", Some(json!({ "state": "revoked", "expected_serial": 9 }))).await;
    assert_eq!((status, &body["code"], &body["serial"]), (409, &json!("CONFLICT"), &json!(1)));
    let revoked = acme.grant("globex.example", json!({ "state": "revoked", "expected_serial": 1 })).await;
    assert_eq!((&revoked["serial"], &revoked["state"]), (&json!(2), &json!("closed_by_us")));
    globex.wait_for("acme.example", "closed_by_them").await;

    let (_, verdict) = acme.ask("POST", "/audit/verify", None).await;
    assert_eq!(verdict["ok"], true, "{verdict}");
    acme.daemon.drain(PATIENCE).await;
    globex.daemon.drain(PATIENCE).await;
}

#[tokio::test]
async fn without_the_token_only_health_answers() {
    let acme = Org::start("acme.example").await;
    for (path, status) in [("/health/live", 200), ("/openapi.json", 200), ("/status", 401), ("/metrics", 401)] {
        let response = acme.http.get(format!("{}{path}", acme.base)).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
    let wrong = acme.http.get(format!("{}/status", acme.base)).bearer_auth("A".repeat(43)).send().await;
    assert_eq!(wrong.expect("an answer").status().as_u16(), 401);
    acme.daemon.drain(PATIENCE).await;
}

#[tokio::test]
async fn bad_input_names_its_field_and_changes_nothing() {
    let (acme, globex) = (Org::start("acme.example").await, Org::start("globex.example").await);
    acme.pin(&globex).await;
    let before = acme.ask("GET", "/status", None).await.1;
    let grant = "/peers/globex.example/grant";
    let table = [
        ("PUT", grant, json!({ "state": "on" }), "state"),
        ("PUT", grant, json!({ "state": "active", "scopes": [] }), "scopes"),
        ("PUT", grant, json!({ "state": "active", "scopes": ["messages", "mail"] }), "scopes[1]"),
        ("PUT", grant, json!({ "state": "active", "not_after": 1 }), "not_after"),
        ("PUT", grant, json!({ "state": "active", "not_after": u64::MAX }), "not_after"),
        ("PUT", grant, json!({ "state": "revoked", "scopes": ["messages"] }), "scopes"),
        ("PUT", grant, json!({ "state": "active", "reason": "x".repeat(301) }), "reason"),
        ("PUT", grant, json!({ "state": "active", "scope": "all" }), "scope"),
        ("POST", "/peers", json!({ "card": acme.card, "fingerprint": "AAAA" }), "fingerprint"),
        ("POST", "/peers", json!({ "card": acme.card, "fingerprint": globex.fingerprint }), "fingerprint"),
        ("POST", "/peers", json!({ "card": "no card", "fingerprint": globex.fingerprint }), "card"),
        ("POST", "/users", json!({ "local": "Alice", "name": "Alice" }), "local"),
        ("POST", "/users", json!({ "local": "alice", "name": "Alice", "password": "short" }), "password"),
        ("PUT", "/policy", json!({ "audience": "some", "newcomers": true }), "audience"),
    ];
    for (method, path, body, field) in table {
        let (status, problem) = acme.ask(method, path, Some(body.clone())).await;
        assert_eq!((status, problem["field"].as_str()), (400, Some(field)), "{method} {path} {body}: {problem}");
    }
    assert_eq!(acme.ask("GET", "/status", None).await.1, before);
    acme.daemon.drain(PATIENCE).await;
}

#[tokio::test]
async fn d7_a_store_without_its_anchor_holds_all_links_until_an_admin_confirms() {
    let (domain, dir) = (domain("acme.example"), tempfile::tempdir().expect("a temporary directory"));
    let (keys, identity) = make_keys(&domain, "127.0.0.1:1", dir.path());
    let kv = make_store(&domain, &identity);
    kv.remove_anchor();
    let ((federation, _), (client, _), (admin, _)) = (port().await, port().await, port().await);
    let daemon =
        Daemon::start(parts(keys, kv.clone(), federation, client, admin)).expect("starts, but holds the links");
    assert!(daemon.engine().state().unconfirmed);
    daemon.drain(PATIENCE).await;
    // The hold is durable: the anchor that the drain wrote does not lift it.
    let kv: Arc<dyn Kv> = kv;
    assert!(kv.load_anchor().expect("readable").is_some());
    assert!(load::load(&kv).expect("readable").expect("an org").state.unconfirmed);
}

#[tokio::test]
async fn keys_of_another_org_do_not_start() {
    let (domain, dir) = (domain("acme.example"), tempfile::tempdir().expect("a temporary directory"));
    let (keys, _) = make_keys(&domain, "127.0.0.1:1", dir.path());
    let kv = make_store(&domain, &SigningKey::generate(&mut SystemRandom));
    let ((federation, _), (client, _), (admin, _)) = (port().await, port().await, port().await);
    let refused = Daemon::start(parts(keys, kv, federation, client, admin));
    assert!(matches!(refused, Err(StartError::Keys(_))), "{refused:?}");
}

#[tokio::test]
async fn f8_a_failed_commit_is_reported_so_that_the_process_ends() {
    let mut acme = Org::start("acme.example").await;
    acme.kv.fail_next_commit(crate::store::mem_kv::Fault::Io);
    let create = json!({ "local": "alice", "name": "Alice" });
    let (status, _) = acme.ask("POST", "/users", Some(create)).await;
    assert_ne!(status, 201, "nothing is answered as done that is not durable");
    tokio::time::timeout(PATIENCE, acme.daemon.failed()).await.expect("the failure is reported");
}
