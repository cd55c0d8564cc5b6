//! The longest that a test may keep a daemon: beyond it the test binary ends and names the test, where the gate could
//! only say that time was up. Every wait of the harness ends long before; this is for a wait that nobody thought of.

use std::{
    io::{self, Write as _},
    process,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

const LONGEST: Duration = Duration::from_secs(300);

/// Held as long as the daemon runs.
pub struct Limit {
    _done: mpsc::Sender<()>,
}

impl Limit {
    /// Begins to count, for the test whose thread this is.
    pub fn start() -> Self {
        let test = thread::current().name().unwrap_or("a test without a name").to_owned();
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            if is_done.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                // Not `eprintln!`: the test runner keeps that to itself until the test ends.
                let _ = writeln!(io::stderr(), "{test} hangs: its daemon runs for {} s already", LONGEST.as_secs());
                process::exit(1);
            }
        });
        Self { _done: done }
    }
}
