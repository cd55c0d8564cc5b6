//! Two organizations on this machine with a real daemon each: what `demo` and `bench` play with.

use super::{
    card,
    daemon::Daemon,
    failure::{Done, Failure},
    grant,
    http::{Endpoint, Http, token_of},
    init::{self, Plan},
    peer, user,
};
use crate::{
    api::{
        admin::{
            dto::{GrantAnswer, GrantPut, PeerStatus, TokenCreate, UserCreate},
            token,
        },
        client::dto::Contact,
        password::Password,
    },
    model::{Domain, org::SignedCard},
};
use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    time::{Duration, Instant},
};

/// How long a condition may take to come true before it counts as failed.
pub const PATIENCE: Duration = Duration::from_secs(20);
const STEP: Duration = Duration::from_millis(10);

/// One organization and its daemon.
#[derive(Debug)]
pub struct Org {
    /// Its domain.
    pub domain: Domain,
    /// Its directory.
    pub dir: std::path::PathBuf,
    /// Its card.
    pub card: SignedCard,
    /// Its daemon.
    pub daemon: Daemon,
    /// Its admin API.
    pub admin: Http,
}

/// What an organization is called.
#[derive(Clone, Copy, Debug)]
pub struct Called {
    /// Domain.
    pub domain: &'static str,
    /// Name.
    pub name: &'static str,
}

/// The two organizations of `demo` and `bench`.
pub const ACME: Called = Called { domain: "acme.example", name: "Acme" };
/// The other one.
pub const GLOBEX: Called = Called { domain: "globex.example", name: "Globex" };

/// Three loopback ports for each of two organizations, held together for a moment so that they differ. They are fixed in the
/// configurations, so that a daemon that is started again is found where it was.
pub fn ports() -> Done<[[SocketAddr; 3]; 2]> {
    let bind = || TcpListener::bind("127.0.0.1:0");
    let held = [[bind()?, bind()?, bind()?], [bind()?, bind()?, bind()?]];
    let mut ports = [[SocketAddr::from(([127, 0, 0, 1], 0)); 3]; 2];
    for (row, listeners) in ports.iter_mut().zip(&held) {
        for (port, listener) in row.iter_mut().zip(listeners) {
            *port = listener.local_addr()?;
        }
    }
    Ok(ports)
}

impl Org {
    /// Makes an organization under `root` and starts its daemon.
    pub async fn raise(root: &Path, called: Called, [listen, client, admin]: [SocketAddr; 3]) -> Done<Self> {
        let domain: Domain = called.domain.parse().map_err(Failure::fault)?;
        let name = called.name.parse().map_err(Failure::fault)?;
        let dir = root.join(called.domain);
        let plan = Plan {
            dir: dir.clone(),
            listen,
            advertise: vec![listen.to_string()],
            client,
            admin: admin.to_string(),
            log_level: "warn",
            ..Plan::defaults(&domain, &name)
        };
        let card = init::lay_out(&plan)?;
        let daemon = Daemon::start(&dir).await?;
        let token = token_of(&dir.join("keys").join(token::FILE))?;
        let admin = Http::new(Endpoint::parse(&daemon.ready().admin))?.with_token(token);
        Ok(Self { domain, dir, card, daemon, admin })
    }

    /// Where the client API listens.
    pub fn client_address(&self) -> Done<SocketAddr> {
        let url = self.daemon.ready().client.as_str();
        url.trim_start_matches("http://").parse().map_err(|_| Failure::fault(format!("{url} is no loopback address")))
    }

    /// The client API, without a sign-in.
    pub fn client(&self) -> Done<Http> {
        Http::new(Endpoint::parse(&self.daemon.ready().client))
    }

    /// Pins another organization.
    pub async fn pin(&self, other: &Self) -> Done {
        let signed = card::verify(&other.card.document)?;
        peer::pin(&self.admin, &other.card.document, &signed).await
    }

    /// Grants everything to another organization.
    pub async fn grant(&self, other: &Self, reason: &str) -> Done<GrantAnswer> {
        let grant = GrantPut { state: "active".into(), reason: Some(reason.into()), ..GrantPut::default() };
        grant::put(&self.admin, &other.domain, &grant).await
    }

    /// Revokes what was granted.
    pub async fn revoke(&self, other: &Self, reason: &str) -> Done<GrantAnswer> {
        let grant = GrantPut { state: "revoked".into(), reason: Some(reason.into()), ..GrantPut::default() };
        grant::put(&self.admin, &other.domain, &grant).await
    }

    /// The link with another organization, as this one's admin sees it.
    pub async fn link(&self, other: &Self) -> Done<PeerStatus> {
        self.admin.read(&format!("/admin/v1/peers/{}", other.domain)).await
    }

    /// Waits until the link with another organization is in this state.
    pub async fn wait_link(&self, other: &Self, state: &str) -> Done<PeerStatus> {
        let what = format!("{} shows the link with {} as {state}", self.domain, other.domain);
        wait_for(&what, async || {
            let link = self.link(other).await?;
            Ok((link.state == state).then_some(link))
        })
        .await
    }

    /// Makes a user with a password.
    pub async fn add_user(&self, local: &str, name: &str, password: &str) -> Done {
        let password = Some(Password::new(password.to_owned()));
        let user = UserCreate { local: local.to_owned(), name: name.to_owned(), password };
        user::create(&self.admin, &user).await.map(drop)
    }

    /// Makes a user without a password; returns the client API signed in as them.
    pub async fn add_robot(&self, local: &str) -> Done<Http> {
        let user = UserCreate { local: local.to_owned(), name: local.to_owned(), password: None };
        user::create(&self.admin, &user).await?;
        let wanted = TokenCreate { label: "bench".to_owned(), ends_in_ms: None };
        let local = local.parse().map_err(Failure::fault)?;
        let token = user::issue_token(&self.admin, &local, &wanted).await?;
        Ok(self.client()?.with_token(token.token))
    }
}

/// Pins both organizations with each other, grants on both sides, and waits until both see the link open.
pub async fn join(one: &Org, other: &Org) -> Done {
    one.pin(other).await?;
    other.pin(one).await?;
    one.grant(other, "").await?;
    other.grant(one, "").await?;
    one.wait_link(other, "open").await?;
    other.wait_link(one, "open").await.map(drop)
}

/// Adds somebody to one's contacts and waits for the direct room.
pub async fn befriend(person: &Http, address: &str) -> Done<Contact> {
    let _: Contact = person.post("/api/v1/contacts", &serde_json::json!({ "address": address })).await?;
    wait_for(&format!("{address} is a contact with a room"), async || {
        let contact: Contact = person.read(&format!("/api/v1/contacts/{address}")).await?;
        match contact.state.as_str() {
            "added" => Ok(Some(contact).filter(|contact| contact.room.is_some())),
            "pending" => Ok(None),
            state => Err(Failure::refused(format!("{address} could not be added: {state}"))),
        }
    })
    .await
}

/// Asks again and again until the condition gives a value; fails after [`PATIENCE`] with what was waited for.
pub async fn wait_for<T>(what: &str, condition: impl AsyncFnMut() -> Done<Option<T>>) -> Done<T> {
    wait_until(what, PATIENCE, condition).await
}

/// The same with its own deadline.
pub async fn wait_until<T>(
    what: &str,
    patience: Duration,
    mut condition: impl AsyncFnMut() -> Done<Option<T>>,
) -> Done<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition().await? {
            return Ok(value);
        }
        if Instant::now() > deadline {
            return Err(Failure::fault(format!("waited {} s in vain until {what}", patience.as_secs())));
        }
        tokio::time::sleep(STEP).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_of_two_organizations_differ() {
        let ports: std::collections::HashSet<_> = ports().expect("loopback").into_iter().flatten().collect();
        assert_eq!(ports.len(), 6);
    }

    #[tokio::test]
    async fn a_condition_that_never_comes_true_names_itself() {
        let failure = wait_until::<()>("pigs fly", Duration::ZERO, async || Ok(None)).await.expect_err("never");
        assert!(failure.message.contains("pigs fly"), "{}", failure.message);
    }
}
