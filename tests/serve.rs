//! `handclasp serve` as a process: what it says when it is ready, how it reloads and stops, and how it refuses to start.

use handclasp::app::Ready;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// Long enough for a machine that does much else; what is waited for takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(90);

struct Serving {
    dir: tempfile::TempDir,
    child: Child,
    ready: Ready,
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_handclasp"));
    command.env_remove("NOTIFY_SOCKET").env_remove("CREDENTIALS_DIRECTORY").env_remove("HANDCLASP_DIR");
    command
}

fn init() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut init = program();
    init.args(["init", "--domain", "acme.example", "--listen", "127.0.0.1:0", "--client", "127.0.0.1:0"])
        .args(["--advertise", "127.0.0.1:7443", "--admin", "unix:admin.sock"])
        .arg("--dir")
        .arg(dir.path());
    let made = finish(init);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    dir
}

/// Runs a command that ends by itself. What it says is short enough for a pipe.
fn finish(mut command: Command) -> Output {
    let said = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = said.spawn().expect("the program runs");
    wait_until("the end of a command", || child.try_wait().expect("our child"));
    child.wait_with_output().expect("it has ended")
}

fn serve(dir: &Path) -> Command {
    let mut command = program();
    command.arg("serve").arg("--dir").arg(dir).arg("--ready-file").arg(ready_file(dir));
    command
}

fn ready_file(dir: &Path) -> PathBuf {
    dir.join("ready.json")
}

fn log_file(dir: &Path) -> PathBuf {
    dir.join("log")
}

fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(began.elapsed() < PATIENCE, "{what} does not come about");
        std::thread::sleep(Duration::from_millis(10)); // between polls
    }
}

impl Serving {
    fn start() -> Self {
        let dir = init();
        let log = fs::File::create(log_file(dir.path())).expect("a log file");
        let mut child = serve(dir.path()).stdout(Stdio::null()).stderr(log).spawn().expect("the program runs");
        let ready = wait_until("readiness", || {
            assert_eq!(child.try_wait().expect("our child"), None, "{}", read_log(dir.path()));
            serde_json::from_slice(&fs::read(ready_file(dir.path())).ok()?).ok()
        });
        Self { dir, child, ready }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }

    fn wait_for_log(&self, text: &str) {
        wait_until(text, || read_log(self.dir.path()).contains(text).then_some(()));
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already in every test that passes.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_log(dir: &Path) -> String {
    fs::read_to_string(log_file(dir)).unwrap_or_default()
}

fn change_config(dir: &Path, from: &str, to: &str) {
    let path = dir.join("handclasp.toml");
    let text = fs::read_to_string(&path).expect("made by init");
    assert!(text.contains(from), "`{from}` is not in {text}");
    fs::write(&path, text.replace(from, to)).expect("written");
}

fn refused(dir: &Path) -> Output {
    let output = finish(serve(dir));
    assert!(!ready_file(dir).exists(), "who refuses to start is never ready");
    output
}

#[test]
fn a_daemon_says_where_it_answers_and_ends_with_zero_on_sigterm() {
    let mut serving = Serving::start();
    assert_eq!(serving.ready.org.as_str(), "acme.example");
    assert_eq!(serving.ready.pid, serving.child.id());
    for address in [&serving.ready.federation, &serving.ready.client] {
        let address: std::net::SocketAddr = address.parse().expect("ip:port");
        assert!(std::net::TcpStream::connect(address).is_ok(), "{address} answers");
    }
    let socket = serving.ready.admin.strip_prefix("unix:").expect("as configured");
    assert!(std::os::unix::net::UnixStream::connect(socket).is_ok(), "{socket} answers");
    serving.signal("TERM");
    let status = wait_until("the end", || serving.child.try_wait().expect("our child"));
    assert_eq!(status.code(), Some(0), "{}", read_log(serving.dir.path()));
    assert!(!ready_file(serving.dir.path()).exists(), "nobody reads of ports that are closed");
}

#[test]
fn sighup_takes_what_can_be_reloaded_names_what_cannot_and_keeps_running_with_a_wrong_file() {
    let mut serving = Serving::start();
    change_config(serving.dir.path(), "[log]", "[store]\ncache_mib = 32\n\n[log]");
    serving.signal("HUP");
    serving.wait_for_log("store.cache_mib");
    serving.wait_for_log("reloaded");
    change_config(serving.dir.path(), "cache_mib = 32", "cache_mib = 0");
    serving.signal("HUP");
    serving.wait_for_log("not reloaded");
    assert_eq!(serving.child.try_wait().expect("our child"), None, "a wrong file stops nobody");
}

#[test]
fn a_wrong_configuration_ends_with_78_and_names_the_key() {
    let dir = init();
    change_config(dir.path(), "unix:admin.sock", "0.0.0.0:9000");
    let output = refused(dir.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("admin.listen"), "{said}");
}

#[test]
fn a_missing_key_ends_with_78_and_names_the_file() {
    let dir = init();
    fs::remove_file(dir.path().join("keys/signing.key")).expect("made by init");
    let output = refused(dir.path());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("signing.key"), "{said}");
}

#[test]
fn a_second_daemon_on_the_same_database_ends_with_70() {
    let serving = Serving::start();
    fs::remove_file(ready_file(serving.dir.path())).expect("the first was ready");
    let output = refused(serving.dir.path());
    assert_eq!(output.status.code(), Some(70), "{}", String::from_utf8_lossy(&output.stderr));
}
