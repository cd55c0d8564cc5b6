//! The seams of time and network inside the simulation.

use futures_util::future::{BoxFuture, FutureExt as _};
use handclasp::{
    clock::Clock,
    model::Millis,
    net::{BoxStream, Dial, Listen},
};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use turmoil::net::{TcpListener, TcpStream};

/// When the simulation begins, milliseconds since 1970.
const BEGIN_MS: i64 = 1_800_000_000_000;

/// A clock that follows the simulation, and jumps when it is told to.
#[derive(Clone, Debug, Default)]
pub struct SimClock {
    skew_ms: Arc<AtomicI64>,
}

impl SimClock {
    /// Lets the clock jump.
    pub fn jump(&self, ms: i64) {
        self.skew_ms.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Millis {
        let elapsed = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        let elapsed = i64::try_from(elapsed).expect("a simulation is short");
        let now = BEGIN_MS + elapsed + self.skew_ms.load(Ordering::Relaxed);
        Millis(u64::try_from(now).expect("the skew is smaller than the years since 1970"))
    }
}

/// Dials inside the simulation.
#[derive(Clone, Copy, Debug)]
pub struct SimDial;

impl Dial for SimDial {
    fn dial<'a>(&'a self, endpoint: &'a str) -> BoxFuture<'a, io::Result<BoxStream>> {
        async move { Ok(Box::new(TcpStream::connect(endpoint).await?) as BoxStream) }.boxed()
    }
}

/// Listens inside the simulation.
pub struct SimListen(TcpListener);

impl SimListen {
    /// Binds a port of the present host.
    pub async fn bind(port: u16) -> io::Result<Self> {
        TcpListener::bind(("0.0.0.0", port)).await.map(Self)
    }
}

impl Listen for SimListen {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<(BoxStream, Option<IpAddr>)>> {
        async move {
            let (stream, from) = self.0.accept().await?;
            Ok((Box::new(stream) as BoxStream, Some(from.ip())))
        }
        .boxed()
    }

    fn local_address(&self) -> Option<SocketAddr> {
        self.0.local_addr().ok()
    }
}
