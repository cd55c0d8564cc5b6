//! The client API over a real writer on a store in memory.

mod account;
mod acts;
mod bad_input;
mod contacts;
mod document;
mod events;
mod files;
mod folder;
mod messages;
mod rooms;
mod search;
mod signals;
mod tools;

use super::{ClientContext, router};
use crate::{
    api::{
        auth,
        cookie::{Channel, Cookies},
        entropy::Entropy,
        password::Passwords,
        throttle::Throttle,
    },
    clock::Clock,
    core::State,
    engine::{Engine, Parts, Running, Runs},
    files::{Files, Memory, Work},
    model::{Domain, LocalPart, Millis, user::Session},
    search::{Follower, Place, Search},
    signals::Signals,
    store::{kv::Kv, load, mem_kv::MemKv},
    testing::fixtures::{Seeded, domain, local, org_with_users},
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tower::ServiceExt as _;

/// When the tests play.
const NOW: Millis = Millis(1_000_000);

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Millis {
        NOW
    }
}

/// A daemon's client side, with everybody signed in.
struct Daemon {
    router: Router,
    engine: Engine,
    tokens: BTreeMap<String, String>,
    search: Search,
    /// Runs once a test has asked for it.
    follower: Mutex<Option<Follower>>,
    _running: Running,
}

/// What was answered.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Reply {
    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }

    /// A refusal with this code.
    #[track_caller]
    fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), &self.body["code"]), (status, &Value::from(code)), "{}", self.body);
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json");
        self.body
    }
}

impl Daemon {
    /// Alone in the world, with these users.
    fn alone(users: &[&str]) -> Self {
        Self::on(org_with_users(&domain("acme.example"), users))
    }

    /// On a state, which the store need not hold: the writer goes on from it.
    fn on(mut state: State) -> Self {
        let entropy = Entropy::new(Seeded::new(7));
        let mut tokens = BTreeMap::new();
        for user in state.users.clone().keys() {
            let (token, digest) = auth::issue(&entropy);
            let session =
                Session { user: user.clone(), label: String::new(), created_at: NOW, ends_at: NOW.plus(1_000) };
            state.sessions.insert(digest, Arc::new(session));
            tokens.insert(user.to_string(), token);
        }
        let disk = Arc::new(Memory::new());
        let kv: Arc<dyn Kv> = Arc::new(MemKv::new());
        load::create(&*kv, &state.org).expect("an empty store");
        let mut loaded = load::load(&kv).expect("readable").expect("created");
        loaded.state = state;
        let (engine, running) = Engine::start(Parts {
            kv,
            loaded,
            clock: Arc::new(Stopped),
            random: Box::new(Seeded::new(8)),
            runs: Runs::Task,
            fatal: Box::new(|error| panic!("the store in memory failed: {error}")),
        });
        let (search, follower) = Search::new(engine.clone(), Place::Memory, 0);
        let context = Arc::new(ClientContext {
            signals: Signals::new(engine.clone()),
            engine: engine.clone(),
            files: Files::open(disk.clone(), Work::Inline, Arc::new(Stopped)).expect("memory"),
            passwords: Passwords::new(entropy.clone()),
            cookies: Cookies::new("handclasp-acme.example".to_owned(), Channel::Plain),
            throttle: Throttle::default(),
            entropy,
            search: Some(search.clone()),
            ice: crate::crypto::turn::IceServers::default(),
        });
        let follower = Mutex::new(Some(follower));
        Self { router: router(context), engine, tokens, search, follower, _running: running }
    }

    fn request(&self, user: &str, method: &str, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(Method::from_bytes(method.as_bytes()).expect("a method"));
        let request = request.uri(format!("/api/v1/{path}"));
        match self.tokens.get(user) {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body in memory");
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).expect("JSON") };
        Reply { status: parts.status, headers: parts.headers, body }
    }

    async fn read(&self, user: &str, path: &str) -> Reply {
        self.send(self.request(user, "GET", path).body(Body::empty()).expect("a request")).await
    }

    async fn write(&self, user: &str, method: &str, path: &str, body: &Value) -> Reply {
        self.write_once(user, method, path, body, None).await
    }

    async fn write_once(&self, user: &str, method: &str, path: &str, body: &Value, key: Option<&str>) -> Reply {
        let mut request = self.request(user, method, path).header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        self.send(request.body(body).expect("a request")).await
    }

    /// Makes an internal room and returns its id.
    async fn room(&self, user: &str, members: &[&str]) -> String {
        let members: Vec<String> = members.iter().map(|local| format!("{local}@acme.example")).collect();
        let body = serde_json::json!({ "name": "Lunch", "members": members, "new": true });
        let room = self.write(user, "POST", "rooms", &body).await.expect(201);
        room["id"].as_str().expect("an id").to_owned()
    }

    async fn post(&self, user: &str, room: &str, text: &str) -> Value {
        let body = serde_json::json!({ "text": text });
        self.write(user, "POST", &format!("rooms/{room}/messages"), &body).await.expect(201)
    }
}

fn user(name: &str) -> LocalPart {
    local(name)
}

fn acme() -> Domain {
    domain("acme.example")
}
