//! Exchange with peers: one fixed way in, one task per peer for the way out.

mod backoff;
mod egress;
mod fetch;
mod files;
mod greeting;
mod ingress;
mod lines;
mod pauses;
mod refused;
mod rooms;
mod signal_lane;
mod stream_out;
mod supervisor;

#[cfg(test)]
mod tests;

use crate::{
    clock::Random,
    crypto::SigningKey,
    engine::Engine,
    files::Files,
    model::{Digest, Domain, RunId, org::SignedCard},
    net::{client::Dialer, tls::PinLookup},
    signals::Signals,
};
use arc_swap::ArcSwap;
use lines::Lines;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// What our org signs with and shows of itself.
#[derive(Debug)]
pub struct OwnKeys {
    /// The current signing key.
    pub signing: SigningKey,
    /// Our newest card.
    pub card: SignedCard,
}

/// Everything that exchanging with peers needs.
pub struct Federation {
    engine: Engine,
    files: Files,
    keys: ArcSwap<OwnKeys>,
    dialer: Dialer,
    signals: Signals,
    lines: Lines,
    jitter: Jitter,
    run: RunId,
}

impl fmt::Debug for Federation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Federation")
    }
}

impl Federation {
    /// Sets up; nothing runs until [`Federation::run`] and the listener's accept loop do.
    #[must_use]
    pub fn new(
        engine: Engine,
        (files, signals): (Files, Signals),
        keys: OwnKeys,
        dialer: Dialer,
        random: Box<dyn Random>,
    ) -> Arc<Self> {
        let (keys, jitter) = (ArcSwap::from_pointee(keys), Jitter(Mutex::new(random)));
        let run = RunId(jitter.random_16());
        Arc::new(Self { engine, files, keys, dialer, signals, lines: Lines::default(), jitter, run })
    }

    /// Signs and greets with other keys or another card from now on; every peer is greeted at once.
    pub fn rekey(&self, keys: OwnKeys) {
        self.keys.store(Arc::new(keys));
        self.lines.ring_all();
    }
}

/// Which peer a TLS pin belongs to, by the durable state. A pin that two peers claim belongs to nobody.
#[must_use]
pub fn pin_lookup(engine: &Engine) -> PinLookup {
    let engine = engine.clone();
    Arc::new(move |pin: &Digest| owner_of(&engine, pin))
}

fn owner_of(engine: &Engine, pin: &Digest) -> Option<Domain> {
    let state = engine.state();
    let mut owners = state.links.values().filter(|link| link.peer.card.card.tls_pins.contains(pin));
    let owner = owners.next()?;
    owners.next().is_none().then(|| owner.peer.domain.clone())
}

/// Random pauses, so that daemons do not move in step.
struct Jitter(Mutex<Box<dyn Random>>);

impl Jitter {
    /// A number of milliseconds with `from <= number <= to`.
    fn between(&self, from_ms: u64, to_ms: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes);
        let span = to_ms.saturating_sub(from_ms).saturating_add(1);
        from_ms + u64::from_le_bytes(bytes) % span
    }

    /// Sixteen random bytes.
    fn random_16(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes);
        bytes
    }
}
