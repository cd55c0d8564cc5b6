//! The real binary as a process: `init`, `serve`, signals, death.

use super::{PATIENCE, limit::Limit, within};
use serde_json::Value;
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

/// Runs a command of the binary to its end; returns status, standard output and standard error.
pub async fn run(words: &[&str]) -> (ExitStatus, String, String) {
    finish(program().args(words)).await
}

/// The same for a command that the test has made.
pub async fn finish(command: &mut Command) -> (ExitStatus, String, String) {
    let doing = command.stdin(Stdio::null()).output();
    let done = within("for the end of a command of the binary", doing).await.expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the binary writes UTF-8");
    (done.status, text(done.stdout), text(done.stderr))
}

/// The binary, as `tester` would call it.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handclasp"));
    command
        .env("USER", "tester")
        .env_remove("SUDO_USER")
        .env_remove("HANDCLASP_DIR")
        .env_remove("CREDENTIALS_DIRECTORY")
        .env_remove("NOTIFY_SOCKET")
        .kill_on_drop(true);
    command
}

/// A running `handclasp serve`. Killed when dropped.
pub struct Daemon {
    dir: PathBuf,
    child: Child,
    _limit: Limit,
}

impl Daemon {
    /// Starts the daemon of an organization; returns when it answers.
    pub async fn start(dir: &Path) -> Self {
        let mut daemon = Self::launch(dir, &[]);
        daemon.wait_ready().await;
        daemon
    }

    /// Starts the daemon under another program, such as `strace`; returns at once.
    pub fn launch(dir: &Path, under: &[&str]) -> Self {
        let _ = std::fs::remove_file(dir.join("ready.json"));
        let log = File::options().create(true).append(true).open(dir.join("serve.log")).expect("a log file");
        let mut command = match under {
            [] => program(),
            [outer, words @ ..] => {
                let mut command = Command::new(outer);
                command.args(words).arg(env!("CARGO_BIN_EXE_handclasp")).kill_on_drop(true);
                command
            }
        };
        command.arg("serve").arg("--dir").arg(dir).arg("--ready-file").arg(dir.join("ready.json"));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        Self { dir: dir.to_owned(), child: command.spawn().expect("the daemon starts"), _limit: Limit::start() }
    }

    /// Waits until the daemon has written its ready file.
    pub async fn wait_ready(&mut self) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(ready) = self.ready() {
                return ready;
            }
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none(), "the daemon ended while it started: {ended:?}\n{}", self.log());
            assert!(Instant::now() < deadline, "the daemon is not ready:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await; // between polls
        }
    }

    fn ready(&self) -> Option<Value> {
        serde_json::from_slice(&std::fs::read(self.dir.join("ready.json")).ok()?).ok()
    }

    /// Everything that all daemons of this organization have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("serve.log")).unwrap_or_default()
    }

    /// The process id, while it runs.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("the daemon runs")
    }

    /// Sends a signal by its name, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().await.expect("`kill` runs");
        assert!(sent.success(), "SIG{name} was not sent");
    }

    /// `kill -9`: returns when the process is gone.
    pub async fn kill(&mut self) {
        within("for the end of a daemon that was killed", self.child.kill()).await.expect("the daemon can be killed");
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("the daemon does not end:\n{}", self.log())).expect("a child")
    }

    /// SIGTERM, and a clean end; returns how long it took.
    pub async fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.signal("TERM").await;
        let status = self.ended().await;
        assert!(status.success(), "ended with {status}:\n{}", self.log());
        began.elapsed()
    }
}
