//! The newest records of each outbox, in memory, so that a record goes out without being read back.

use crate::{core::draft::Queued, model::Domain};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

pub use crate::store::reader::OutboxRow as OutboxItem;

/// Bytes of recent records kept per peer. What is older is read from the store.
const RECENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Recent records per peer.
#[derive(Default)]
pub struct Recent {
    peers: Mutex<HashMap<Domain, Tail>>,
}

#[derive(Default)]
struct Tail {
    epoch_n: u64,
    bytes: usize,
    items: VecDeque<OutboxItem>,
}

impl Recent {
    /// Adds records that have become durable.
    pub fn publish(&self, queued: Vec<Queued>) {
        if queued.is_empty() {
            return;
        }
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        for Queued { peer, epoch_n, seq, head, made_at, reference, bytes } in queued {
            let tail = peers.entry(peer).or_default();
            if tail.epoch_n != epoch_n {
                *tail = Tail { epoch_n, ..Tail::default() };
            }
            tail.bytes += bytes.len();
            tail.items.push_back(OutboxItem { seq, head, made_at, reference, bytes });
            while tail.bytes > RECENT_BYTES_MAX {
                match tail.items.pop_front() {
                    Some(old) => tail.bytes -= old.bytes.len(),
                    None => break,
                }
            }
        }
    }

    /// Records from `from_seq` on, or none when the first of them is not in memory.
    pub fn read(
        &self,
        peer: &Domain,
        epoch_n: u64,
        from_seq: u64,
        records_max: usize,
        bytes_max: usize,
    ) -> Option<Vec<OutboxItem>> {
        let peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = peers.get(peer).filter(|tail| tail.epoch_n == epoch_n)?;
        let first = tail.items.front()?.seq;
        let skip = usize::try_from(from_seq.checked_sub(first)?).ok()?;
        let mut bytes = 0;
        let within = |item: &&OutboxItem| {
            bytes += item.bytes.len() + 1;
            bytes <= bytes_max
        };
        Some(tail.items.iter().skip(skip).take(records_max).take_while(within).cloned().collect())
    }
}
