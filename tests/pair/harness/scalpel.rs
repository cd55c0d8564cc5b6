//! `strace` on a running daemon: to let a system call fail, or to kill the process exactly there.

use super::{until, within};
use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use tempfile::NamedTempFile;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// How long `strace` may take to let go of a process.
const LETTING_GO: Duration = Duration::from_secs(5);

/// An `strace` that is attached to a process and all its threads.
pub struct Scalpel {
    child: Child,
    trace: NamedTempFile,
}

impl Scalpel {
    /// Attaches with an expression such as `inject=fdatasync:error=EIO`. None, with a word on standard error, when
    /// `strace` is not there or may not.
    pub async fn attach(pid: u32, expression: &str) -> Option<Self> {
        Self::attach_with(pid, &["-e", expression]).await
    }

    /// The same with options of the test's choice.
    pub async fn attach_with(pid: u32, options: &[&str]) -> Option<Self> {
        let trace = NamedTempFile::new().expect("a temporary file");
        let mut command = Command::new("strace");
        command.args(["-f", "-q", "-p", &pid.to_string(), "-o"]).arg(trace.path()).args(options);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let Ok(mut child) = command.spawn() else {
            eprintln!("SKIPPED: strace is not installed");
            return None;
        };
        let deadline = Instant::now() + super::PATIENCE;
        // What is to happen at a system call may happen before all threads are traced.
        while !all_traced(pid) && !is_over(pid) {
            if let Ok(Some(status)) = child.try_wait()
                && !is_over(pid)
            {
                eprintln!("SKIPPED: strace may not attach here ({status})");
                return None;
            }
            assert!(Instant::now() < deadline, "strace does not attach");
            tokio::time::sleep(Duration::from_millis(2)).await; // between polls
        }
        Some(Self { child, trace })
    }

    /// What was traced so far.
    pub fn trace(&self) -> String {
        std::fs::read_to_string(self.trace.path()).expect("readable")
    }

    /// Lets the process go on alone, or ends with it; returns what was traced.
    ///
    /// An `strace` that is interrupted just when its process was killed never ends: it waits for the first thread, whose
    /// end the kernel reports after that of the others, which wait for `strace` to take note. Only `kill -9` ends that,
    /// and frees the process. Whoever kills the process waits for its end before; then this race cannot come about.
    pub async fn detach(mut self) -> String {
        if let Some(pid) = self.child.id() {
            // It may have ended together with its process.
            let _ = Command::new("kill").args(["-INT", &pid.to_string()]).stderr(Stdio::null()).status().await;
        }
        if timeout(LETTING_GO, self.child.wait()).await.is_err() {
            within("for the end of strace", self.child.kill()).await.expect("strace can be killed");
        }
        self.trace()
    }
}

/// Whether the process has ended, whoever has yet to take note of it.
fn is_over(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().find_map(|line| line.strip_prefix("State:")).is_none_or(|state| state.contains('Z'))
}

/// Whether every thread of the process has a tracer.
fn all_traced(pid: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.flatten().all(|thread| is_traced(&thread.path()))
}

fn is_traced(thread: &Path) -> bool {
    let status = std::fs::read_to_string(thread.join("status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|pid| pid.trim() != "0"))
}

/// Waits until the trace has a line that holds all of these.
#[allow(dead_code, reason = "the harness is shared by test binaries that use different parts of it")]
pub async fn wait_trace(scalpel: &Scalpel, words: &[&str]) {
    until(&format!("{words:?} is traced"), || async {
        scalpel.trace().lines().any(|line| words.iter().all(|word| line.contains(word))).then_some(())
    })
    .await;
}
