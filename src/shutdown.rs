//! Signals from outside, and the word to stop that everything in the daemon hears.

use std::io;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// The side that says stop. Dropping it says stop too.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

/// The side that hears it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// A new pair.
#[must_use]
pub fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Says stop, once and for all.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Another ear.
    #[must_use]
    pub fn subscribe(&self) -> Shutdown {
        Shutdown(self.0.subscribe())
    }
}

impl Shutdown {
    /// Waits until stop was said.
    pub async fn stopped(&mut self) {
        // An error means that the trigger is gone, which says the same.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether stop was said.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// The bare channel, true once stop was said.
    #[must_use]
    pub fn receiver(&self) -> watch::Receiver<bool> {
        self.0.clone()
    }
}

/// What the system wants of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// SIGTERM or SIGINT: finish and end.
    Stop,
    /// SIGHUP: read again what can be read again.
    Reload,
}

/// The signals that the daemon answers.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes the signals over from their default actions.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hangup.recv() => Wish::Reload,
        }
    }
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn stop_is_heard_by_those_who_listened_before_and_after() {
        let (trigger, mut early) = super::channel();
        assert!(!early.is_stopped());
        trigger.stop();
        early.stopped().await;
        trigger.subscribe().stopped().await;
        assert!(early.is_stopped());
    }

    #[tokio::test]
    async fn a_lost_trigger_means_stop() {
        let (trigger, mut shutdown) = super::channel();
        drop(trigger);
        shutdown.stopped().await;
        assert!(shutdown.is_stopped());
    }
}
