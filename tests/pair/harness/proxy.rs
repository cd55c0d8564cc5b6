//! The network before a federation listener: a TCP proxy that can cut, stall, break off requests and lose answers.
//!
//! It governs one direction of the link: what the partner's daemon asks of this one. The card names the proxy's address.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Fair,
    /// Nothing connects, and what was connected is cut.
    Cut,
    /// Connections are taken and nothing passes.
    Stalled,
    /// Of every second request only the first half passes, then the connection is cut.
    CutsRequests,
    /// Every second request passes, and its answer is lost with the connection.
    LosesAnswers,
}

/// A proxy.
pub struct Proxy {
    weather: watch::Sender<Weather>,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

/// What the proxy has done so far.
#[derive(Default)]
pub struct Counts {
    /// Connections taken.
    pub connections: AtomicUsize,
    /// Requests broken off in the middle.
    pub requests_cut: AtomicUsize,
    /// Answers lost.
    pub answers_lost: AtomicUsize,
    turns: AtomicUsize,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Takes connections at an address, for a listener at another one.
    pub async fn start(at: &str, listener: &str) -> Self {
        let own = TcpListener::bind(at).await.expect("an address of our own");
        let (weather, seen) = watch::channel(Weather::Fair);
        let counts = Arc::new(Counts::default());
        let task = tokio::spawn(run(own, listener.to_owned(), seen, counts.clone()));
        Self { weather, counts, task }
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Connections, requests cut and answers lost so far.
    pub fn counts(&self) -> (usize, usize, usize) {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (read(&self.counts.connections), read(&self.counts.requests_cut), read(&self.counts.answers_lost))
    }
}

async fn run(own: TcpListener, listener: String, weather: watch::Receiver<Weather>, counts: Arc<Counts>) {
    let mut lines = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            taken = own.accept() => {
                let Ok((near, _)) = taken else { continue };
                counts.connections.fetch_add(1, Ordering::Relaxed);
                if *weather.borrow() != Weather::Cut {
                    lines.spawn(line(near, listener.clone(), weather.clone(), counts.clone()));
                }
            }
            Some(_) = lines.join_next() => {}
        }
    }
}

async fn line(near: TcpStream, listener: String, mut weather: watch::Receiver<Weather>, counts: Arc<Counts>) {
    let Ok(far) = TcpStream::connect(&listener).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let line = Line { near: near.into_split(), far: far.into_split(), weather: weather.clone(), counts, turn: 0 };
    tokio::select! {
        () = line.pass() => {}
        _ = weather.wait_for(|weather| *weather == Weather::Cut) => {}
    }
}

/// A connection. The bytes are TLS; whose turn it is tells requests from answers: the caller's first two turns and
/// the listener's first are the handshake, in whose last flight the first request may come along.
struct Line {
    near: (OwnedReadHalf, OwnedWriteHalf),
    far: (OwnedReadHalf, OwnedWriteHalf),
    weather: watch::Receiver<Weather>,
    counts: Arc<Counts>,
    turn: usize,
}

impl Line {
    async fn pass(mut self) {
        let (mut request, mut answer) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
        loop {
            // Nothing is read while stalled, so the sender's own window fills up.
            if self.weather.wait_for(|weather| *weather != Weather::Stalled).await.is_err() {
                return;
            }
            let done = tokio::select! {
                read = self.near.0.read(&mut request) => match read {
                    Ok(bytes) if bytes > 0 => self.forward(&request[..bytes]).await,
                    _ => None,
                },
                read = self.far.0.read(&mut answer) => match read {
                    Ok(bytes) if bytes > 0 => self.back(&answer[..bytes]).await,
                    _ => None,
                },
                changed = self.weather.changed() => changed.ok(),
            };
            if done.is_none() {
                return;
            }
        }
    }

    async fn forward(&mut self, bytes: &[u8]) -> Option<()> {
        self.turn += usize::from(self.turn.is_multiple_of(2));
        if self.turn >= 5 && self.is_hit(Weather::CutsRequests) {
            self.counts.requests_cut.fetch_add(1, Ordering::Relaxed);
            let _ = self.far.1.write_all(&bytes[..bytes.len() / 2]).await;
            return None;
        }
        self.far.1.write_all(bytes).await.ok()
    }

    async fn back(&mut self, bytes: &[u8]) -> Option<()> {
        self.turn += self.turn % 2;
        if self.turn >= 6 && self.is_hit(Weather::LosesAnswers) {
            self.counts.answers_lost.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        self.near.1.write_all(bytes).await.ok()
    }

    /// Whether it is this request's turn to be hit.
    fn is_hit(&self, weather: Weather) -> bool {
        *self.weather.borrow() == weather && self.counts.turns.fetch_add(1, Ordering::Relaxed).is_multiple_of(2)
    }
}
