//! Keeps one sending task per pinned peer, and cuts the connections of those that are unpinned or closed (P26, A4).

use super::{Federation, egress::Egress, fetch::Fetcher, signal_lane::SignalLane};
use crate::{
    core::{State, permit, state::Link},
    model::{Domain, link::Peer},
    net::Stop,
};
use std::{collections::HashMap, sync::Arc};
use tokio::task::{AbortHandle, JoinSet};

/// What was last seen of a peer, and its task.
struct Watched {
    task: AbortHandle,
    lane: AbortHandle,
    fetcher: AbortHandle,
    peer: Arc<Peer>,
    open: bool,
}

impl Federation {
    /// Sends to all peers until the stop is requested.
    pub async fn run(self: Arc<Self>, mut stop: Stop) {
        let mut tasks = JoinSet::new();
        let mut watched = HashMap::new();
        let mut bell = self.engine.bell();
        loop {
            bell.borrow_and_update();
            self.review(&mut watched, &mut tasks);
            tokio::select! {
                () = stop.requested() => break,
                Some(_) = tasks.join_next() => {}
                changed = bell.changed() => if changed.is_err() { break },
            }
        }
        tasks.shutdown().await;
    }

    /// Compares the durable state with what was seen last. Cheap when nothing about pins and grants changed.
    fn review(self: &Arc<Self>, watched: &mut HashMap<Domain, Watched>, tasks: &mut JoinSet<()>) {
        let state = self.engine.state();
        let mut pins_changed = false;
        for (domain, link) in &state.links {
            let open = is_open(self, &state, link);
            match watched.get_mut(domain) {
                Some(seen) if !seen.task.is_finished() => {
                    if seen.open && !open {
                        self.dialer.connections.cut(domain);
                        self.signals.forget(domain);
                    }
                    seen.open = open;
                    if !Arc::ptr_eq(&seen.peer, &link.peer) {
                        pins_changed |= seen.peer.card != link.peer.card;
                        seen.peer = link.peer.clone();
                    }
                }
                _ => {
                    let task = tasks.spawn(Egress::new(self.clone(), domain.clone()).run());
                    let lane = tasks.spawn(SignalLane::new(self.clone(), domain.clone()).run());
                    let fetcher = tasks.spawn(Fetcher::new(self.clone(), domain.clone()).run());
                    let seen = Watched { task, lane, fetcher, peer: link.peer.clone(), open };
                    if let Some(before) = watched.insert(domain.clone(), seen) {
                        before.lane.abort();
                        before.fetcher.abort();
                    }
                }
            }
        }
        let unpinned = watched.len() > state.links.len();
        if unpinned {
            watched.retain(|domain, seen| {
                let pinned = state.links.contains_key(domain);
                if !pinned {
                    seen.task.abort();
                    seen.lane.abort();
                    self.signals.forget(domain);
                    seen.fetcher.abort();
                    self.lines.forget(domain);
                }
                pinned
            });
        }
        if pins_changed || unpinned {
            self.dialer.connections.retain(|identity| {
                let link = state.links.get(&identity.domain);
                link.is_some_and(|link| link.peer.card.card.tls_pins.contains(&identity.pin))
            });
        }
    }
}

fn is_open(federation: &Federation, state: &State, link: &Link) -> bool {
    !state.unconfirmed && link.peer.quarantine.is_none() && permit::term(link, federation.engine.now()).is_some()
}
