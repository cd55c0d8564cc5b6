//! The live connections with peers, so that those of one peer can be cut at once (P26, A4).

use super::tls::PeerIdentity;
use crate::model::Domain;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Who opened a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The peer.
    Inbound,
    /// We.
    Outbound,
}

#[derive(Debug)]
struct Entry {
    identity: PeerIdentity,
    direction: Direction,
    /// Dropping it cuts the connection.
    _alive: oneshot::Sender<()>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    live: BTreeMap<u64, Entry>,
}

/// All live connections with peers.
#[derive(Debug, Default)]
pub struct Connections(Mutex<Table>);

/// One connection's place among the live ones; dropping it gives the place up.
#[derive(Debug)]
pub struct Registration {
    connections: Arc<Connections>,
    id: u64,
    alive: oneshot::Receiver<()>,
}

impl Connections {
    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is whole between any two statements, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection. Beyond `inbound_max` the peer's oldest inbound one is cut: after a broken network the new
    /// one is the one that works.
    pub fn register(
        self: &Arc<Self>,
        identity: &PeerIdentity,
        direction: Direction,
        inbound_max: usize,
    ) -> Registration {
        let (sender, alive) = oneshot::channel();
        let mut table = self.table();
        let id = table.next;
        table.next += 1;
        table.live.insert(id, Entry { identity: identity.clone(), direction, _alive: sender });
        let mut inbound = table
            .live
            .iter()
            .filter(|(_, entry)| entry.direction == Direction::Inbound && entry.identity.domain == identity.domain);
        let oldest = inbound.next().map(|(id, _)| *id);
        if inbound.count() >= inbound_max
            && let Some(oldest) = oldest
        {
            table.live.remove(&oldest);
        }
        Registration { connections: self.clone(), id, alive }
    }

    /// Cuts all connections with a peer, both directions.
    pub fn cut(&self, peer: &Domain) {
        self.retain(|identity| identity.domain != *peer);
    }

    /// Cuts the connections that do not satisfy the condition any more.
    pub fn retain(&self, condition: impl Fn(&PeerIdentity) -> bool) {
        self.table().live.retain(|_, entry| condition(&entry.identity));
    }

    /// How many connections are live with a peer.
    #[must_use]
    pub fn count(&self, peer: &Domain) -> usize {
        self.table().live.values().filter(|entry| entry.identity.domain == *peer).count()
    }
}

impl Registration {
    /// Returns once the connection has to be cut.
    pub async fn cut(&mut self) {
        // Nothing is ever sent: the error says that the entry is gone.
        let _ = (&mut self.alive).await;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.connections.table().live.remove(&self.id);
    }
}
