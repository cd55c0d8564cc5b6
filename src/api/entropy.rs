//! The randomness seam as the handlers of both APIs share it.

use crate::clock::Random;
use std::sync::{Arc, Mutex, PoisonError};

/// A shared source of random bytes. Cheap to clone.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<dyn Random>>);

impl Entropy {
    /// Shares a source.
    #[must_use]
    pub fn new(random: impl Random) -> Self {
        Self(Arc::new(Mutex::new(random)))
    }

    /// So many random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        // A source that panicked while filling has no state that could be half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes);
        bytes
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy")
    }
}
