//! An organization with its own daemon, and the pair of two of them.

use super::{
    daemon::{Daemon, run},
    http::{Answer, Http},
    person::Person,
    proxy::Proxy,
    until,
};
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// An organization.
pub struct Org {
    /// Its domain.
    pub domain: &'static str,
    /// Its daemon.
    pub daemon: Daemon,
    /// Its admin API.
    pub admin: Http,
    /// Where its client API listens.
    pub client: String,
    /// The network before its federation listener.
    pub network: Proxy,
    fingerprint: String,
    home: TempDir,
}

/// Every organization has a loopback address of its own, so that a daemon that is started again finds its ports free,
/// whatever else runs on the machine.
fn own_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let (pid, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    assert!(next < 60_000, "too many organizations for one process");
    let slot = pid.wrapping_mul(2_654_435_761) >> 24;
    format!("127.{}.{}.{}", 16 + slot % 200, next / 250, 1 + next % 250)
}

impl Org {
    /// Makes an organization and starts its daemon.
    pub async fn raise(domain: &'static str, name: &str) -> Self {
        let home = TempDir::new().expect("a temporary directory");
        Self::raise_in(home, domain, name).await
    }

    /// The same in a directory of the test's choice.
    pub async fn raise_in(home: TempDir, domain: &'static str, name: &str) -> Self {
        let ip = own_address();
        let (client, admin) = (format!("{ip}:7080"), format!("{ip}:7081"));
        let (listen, advertise) = (format!("{ip}:7443"), format!("{ip}:7444"));
        let dir = home.path().join("org");
        let words = ["init", "--domain", domain, "--name", name, "--listen", &listen, "--advertise", &advertise];
        let more = ["--client", &client, "--admin", &admin, "--dir", dir.to_str().expect("UTF-8"), "--json"];
        let (status, shown, errors) = run(&[&words[..], &more[..]].concat()).await;
        assert!(status.success(), "{errors}");
        let shown: Value = serde_json::from_str(&shown).expect("one JSON document");
        let fingerprint = shown["fingerprint"].as_str().expect("a fingerprint").to_owned();
        let network = Proxy::start(&advertise, &listen).await;
        let daemon = Daemon::start(&dir).await;
        let token = std::fs::read_to_string(dir.join("keys/admin.token")).expect("init made it");
        let admin = Http::new(&admin, token.trim());
        Self { domain, daemon, admin, client, network, fingerprint, home }
    }

    /// Its directory.
    pub fn dir(&self) -> PathBuf {
        self.home.path().join("org")
    }

    /// Its directory as an argument.
    pub fn dir_text(&self) -> String {
        self.dir().to_str().expect("UTF-8").to_owned()
    }

    /// What a partner's admin needs to pin it.
    pub async fn card(&self) -> Value {
        let card = self.admin.read("/admin/v1/card").await.done();
        json!({ "card": card, "fingerprint": self.fingerprint })
    }

    /// Starts the daemon again.
    pub async fn restart(&mut self) {
        self.daemon = Daemon::start(&self.dir()).await;
    }

    /// Pins another organization.
    pub async fn pin(&self, other: &Self) {
        let pinned = self.admin.post("/admin/v1/peers", &other.card().await).await;
        assert_eq!(pinned.status, 201, "{}", pinned.body);
    }

    /// Puts a grant for another organization.
    pub async fn put_grant(&self, other: &Self, grant: &Value) -> Answer {
        self.admin.put(&format!("/admin/v1/peers/{}/grant", other.domain), grant).await
    }

    /// Grants everything.
    pub async fn grant(&self, other: &Self) -> Value {
        self.put_grant(other, &json!({ "state": "active", "reason": "test" })).await.done()
    }

    /// Revokes.
    pub async fn revoke(&self, other: &Self) -> Value {
        self.put_grant(other, &json!({ "state": "revoked", "reason": "test" })).await.done()
    }

    /// The link with another organization.
    pub async fn link(&self, other: &Self) -> Value {
        self.admin.read(&format!("/admin/v1/peers/{}", other.domain)).await.done()
    }

    /// Waits until the link is in a state.
    pub async fn wait_link(&self, other: &Self, state: &str) -> Value {
        let what = format!("{} shows the link with {} as {state}", self.domain, other.domain);
        until(&what, || async { Some(self.link(other).await).filter(|link| link["state"] == state) }).await
    }

    /// Makes a user and signs them in.
    pub async fn person(&self, local: &str) -> Person {
        let name = format!("{}{}", local[..1].to_uppercase(), &local[1..]);
        self.admin.post("/admin/v1/users", &json!({ "local": local, "name": name })).await.done();
        let token =
            self.admin.post(&format!("/admin/v1/users/{local}/tokens"), &json!({ "label": "test" })).await.done();
        let token = token["token"].as_str().expect("a token");
        Person::new(format!("{local}@{}", self.domain), Http::new(&self.client, token))
    }

    /// Changes a user.
    pub async fn change_user(&self, local: &str, change: &Value) {
        self.admin.patch(&format!("/admin/v1/users/{local}"), change).await.done();
    }

    /// The audit log's entries of an action, the newest first.
    pub async fn audit(&self, action: &str) -> Vec<Value> {
        let page = self.admin.read(&format!("/admin/v1/audit?limit=200&action={action}")).await.done();
        page["items"].as_array().expect("items").clone()
    }

    /// Fails unless the audit log's chain holds.
    pub async fn check_audit(&self) {
        let verdict = self.admin.post("/admin/v1/audit/verify", &json!({})).await.done();
        assert_eq!(verdict["ok"], true, "{verdict}");
    }
}

/// Two organizations.
pub struct Pair {
    /// `acme.example`, which hosts all direct rooms: its domain sorts first.
    pub acme: Org,
    /// `globex.example`.
    pub globex: Org,
}

impl Pair {
    /// Two organizations that have pinned each other.
    pub async fn pinned() -> Self {
        let (acme, globex) = tokio::join!(Org::raise("acme.example", "Acme"), Org::raise("globex.example", "Globex"));
        tokio::join!(acme.pin(&globex), globex.pin(&acme));
        Self { acme, globex }
    }

    /// Two organizations with an open link.
    pub async fn open() -> Self {
        let pair = Self::pinned().await;
        tokio::join!(pair.acme.grant(&pair.globex), pair.globex.grant(&pair.acme));
        pair.wait("open", "open").await;
        pair
    }

    /// Waits until both sides show the link in these states.
    pub async fn wait(&self, acme: &str, globex: &str) {
        tokio::join!(self.acme.wait_link(&self.globex, acme), self.globex.wait_link(&self.acme, globex));
    }

    /// The two in both roles: who acts, and who is acted upon.
    pub fn both_ways(&self) -> [(&Org, &Org); 2] {
        [(&self.acme, &self.globex), (&self.globex, &self.acme)]
    }

    /// Fails unless both audit logs' chains hold.
    pub async fn check_audits(&self) {
        tokio::join!(self.acme.check_audit(), self.globex.check_audit());
    }
}
