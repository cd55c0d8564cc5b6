//! What tests of real processes need: organizations with daemons of their own, people, live events, a bad network.

pub mod daemon;
pub mod http;
pub mod org;
pub mod person;
pub mod proxy;
pub mod scalpel;
pub mod sse;

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Long enough for a slow machine with other work; what is waited for takes milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Asks again and again until the condition gives a value, and fails with what was waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(Instant::now() < deadline, "waited {} s in vain until {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await; // between polls
    }
}
