//! What tests of real processes need: organizations with daemons of their own, people, live events, a bad network.

pub mod daemon;
pub mod http;
pub mod limit;
pub mod org;
pub mod person;
pub mod proxy;
pub mod scalpel;
pub mod sse;

use std::{future::Future, time::Duration};

/// Long enough for a slow machine with other work; what is waited for takes milliseconds.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// Asks again and again until the condition gives a value, and fails with what was waited for.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let asking = async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await; // between polls
        }
    };
    within(&format!("until {what}"), asking).await
}

/// Waits for what ends by itself, and fails with what was waited for. No wait of a test is without an end.
pub async fn within<T>(what: &str, doing: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(PATIENCE, doing).await;
    done.unwrap_or_else(|_| panic!("waited {} s in vain {what}", PATIENCE.as_secs()))
}
