//! Asking everything to come to an end: one switch, many who watch it.

use tokio::sync::watch;

/// Watches for the request to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// Requests the stop; dropping it does the same.
#[derive(Debug)]
pub struct StopSwitch(watch::Sender<bool>);

impl StopSwitch {
    /// A switch and its first watcher.
    #[must_use]
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }

    /// Asks everybody to come to an end.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns once the stop is requested.
    pub async fn requested(&mut self) {
        // An error means that the switch is gone, and nobody is left to keep us running.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether the stop is requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}
