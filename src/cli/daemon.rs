//! A real `handclasp serve` as a child process: started, waited for, stopped, killed; its processor time and memory.

use super::failure::{Done, Failure};
use crate::app::Ready;
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};
use tokio::process::{Child, Command};

const START: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_millis(5);
/// The kernel's clock ticks per second, fixed for user space on Linux.
const TICKS_PER_S: f64 = 100.0;

/// A running daemon. Killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    dir: PathBuf,
    child: Child,
    ready: Ready,
}

impl Daemon {
    /// Starts the daemon of the organization in `dir`; returns when it is ready.
    pub async fn start(dir: &Path) -> Done<Self> {
        let ready = dir.join("ready.json");
        let _ = std::fs::remove_file(&ready);
        let mut child = spawn(dir, &ready)?;
        let ready = wait_ready(&mut child, &ready, dir).await?;
        Ok(Self { dir: dir.to_owned(), child, ready })
    }

    /// Where it listens.
    #[must_use]
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Kills it without warning and waits until it is gone (`kill -9`).
    pub async fn kill(&mut self) -> Done {
        match tokio::time::timeout(STOP, self.child.kill()).await {
            Ok(killed) => Ok(killed?),
            Err(_) => Err(Failure::fault("the daemon does not end, although it was killed")),
        }
    }

    /// Asks it to drain and end, and waits for it.
    pub async fn stop(&mut self) -> Done {
        let Some(pid) = self.pid() else { return Ok(()) };
        // The shell has `kill` built in; not every system has it as a program.
        Command::new("sh").arg("-c").arg(format!("kill -TERM {pid}")).status().await?;
        match tokio::time::timeout(STOP, self.child.wait()).await {
            Ok(status) => match status?.success() {
                true => Ok(()),
                false => {
                    Err(Failure::fault(format!("the daemon did not end cleanly; see {}", log(&self.dir).display())))
                }
            },
            Err(_) => {
                self.kill().await?;
                Err(Failure::fault("the daemon did not end within 15 s of being asked to"))
            }
        }
    }

    /// Starts it again in the same directory.
    pub async fn restart(&mut self) -> Done {
        *self = Self::start(&self.dir.clone()).await?;
        Ok(())
    }

    /// Processor time so far, seconds.
    #[must_use]
    pub fn cpu_s(&self) -> f64 {
        self.usage().cpu_s
    }

    /// Memory held now, and most that was.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.usage().memory
    }

    fn usage(&self) -> Usage {
        self.pid().map_or_else(Usage::default, |pid| Usage::of(&pid.to_string()))
    }
}

/// What a process has used so far; zero when it is gone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Processor time, seconds.
    pub cpu_s: f64,
    /// Memory.
    pub memory: Memory,
}

/// Resident memory of a process, MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Memory {
    /// Now.
    pub rss_mb: f64,
    /// The most so far.
    pub rss_peak_mb: f64,
}

impl Memory {
    /// The larger ones of two processes.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { rss_mb: self.rss_mb.max(other.rss_mb), rss_peak_mb: self.rss_peak_mb.max(other.rss_peak_mb) }
    }
}

impl Usage {
    /// Of this process.
    #[must_use]
    pub fn of_self() -> Self {
        Self::of("self")
    }

    fn of(process: &str) -> Self {
        let file = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
        Self { cpu_s: cpu_of(&file("stat")), memory: memory_of(&file("status")) }
    }
}

fn log(dir: &Path) -> PathBuf {
    dir.join("serve.log")
}

fn spawn(dir: &Path, ready: &Path) -> Done<Child> {
    let program = std::env::current_exe()?;
    let log = File::options().create(true).append(true).open(log(dir))?;
    let mut command = Command::new(program);
    command.arg("serve").arg("--dir").arg(dir).arg("--ready-file").arg(ready);
    // Its own process group: Ctrl-C at the terminal reaches this process alone, which then stops the daemons in order.
    command.process_group(0).kill_on_drop(true).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().map_err(|error| Failure::fault(format!("cannot start a daemon: {error}")))
}

async fn wait_ready(child: &mut Child, ready: &Path, dir: &Path) -> Done<Ready> {
    let deadline = Instant::now() + START;
    loop {
        if let Some(ready) = std::fs::read(ready).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
            return Ok(ready);
        }
        let log = log(dir);
        if let Some(status) = child.try_wait()? {
            let message = format!("the daemon in {} ended while it started ({status}):\n{}", dir.display(), tail(&log));
            return Err(Failure::fault(message).next(format!("read {}", log.display())));
        }
        if Instant::now() > deadline {
            let message = format!("the daemon in {} was not ready within 20 s:\n{}", dir.display(), tail(&log));
            return Err(Failure::fault(message));
        }
        tokio::time::sleep(STEP).await;
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(10).collect();
    lines.into_iter().rev().map(|line| format!("  {line}\n")).collect()
}

/// User and system time from `/proc/PID/stat`: the 14th and 15th field, counted after the name in parentheses.
fn cpu_of(stat: &str) -> f64 {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = |field: usize| after_name.split_whitespace().nth(field).and_then(|text| text.parse::<f64>().ok());
    (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / TICKS_PER_S
}

/// Resident memory from `/proc/PID/status`.
fn memory_of(status: &str) -> Memory {
    let mib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|text| text.parse::<f64>().ok());
        kib.unwrap_or(0.0) / 1024.0
    };
    Memory { rss_mb: mib("VmRSS:"), rss_peak_mb: mib("VmHWM:") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_past_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 900 0 0 0 150 50 0 0 20 0 5 0 100 1000 200";
        assert!((cpu_of(stat) - 2.0).abs() < 1e-9);
        assert!(cpu_of("").abs() < 1e-9);
    }

    #[test]
    fn memory_is_read_in_mebibytes() {
        let memory = memory_of("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t 1024 kB\n");
        assert_eq!(memory, Memory { rss_mb: 1.0, rss_peak_mb: 2.0 });
        assert_eq!(memory_of(""), Memory::default());
    }
}
