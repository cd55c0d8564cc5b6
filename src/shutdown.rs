//! What the system asks of the daemon by signals, and the statuses that it ends with.

use std::{io, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Time for everything to finish after it was asked to stop.
pub const DRAIN: Duration = Duration::from_secs(10);

/// The exit status after the store failed: a restart reads what is durable (D5).
pub const EXIT_STORE: u8 = 70;
/// The exit status when the configuration or the keys cannot be used: a restart does not help.
pub const EXIT_CONFIG: u8 = 78;

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
