//! `handclasp chat` as a person sees it: in a pseudo-terminal, against real daemons. Signs in, reads, writes, is resized,
//! and gives the terminal back, also when it is ended from outside.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader, Read as _, Write},
    num::NonZeroU16,
    path::Path,
    process::{self, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_handclasp");
/// Long enough for a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);

/// The demo's two organizations, after their story.
struct Town {
    demo: process::Child,
    orgs: Vec<Value>,
}

impl Town {
    fn start(home: &Path) -> Self {
        let mut demo = Command::new(PROGRAM)
            .args(["demo", "--json"])
            .env("TMPDIR", home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let lines = BufReader::new(demo.stdout.take().expect("piped")).lines();
        let told = lines.map(|line| serde_json::from_str::<Value>(&line.expect("readable")).expect("JSON"));
        let ready = told.filter_map(|told| told["ready"].as_array().cloned()).next();
        Self { demo, orgs: ready.expect("the story ends well") }
    }

    fn told(&self, org: usize, what: &str) -> String {
        self.orgs[org][what].as_str().expect("told").to_owned()
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        signal(self.demo.id(), "TERM");
        let _ = self.demo.wait();
    }
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "the process is there");
}

/// Somebody at a terminal.
struct Person {
    screen: Arc<Mutex<vt100::Parser>>,
    keyboard: Box<dyn Write + Send>,
    terminal: Box<dyn MasterPty + Send>,
    chat: Box<dyn Child + Send + Sync>,
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("some")
}

impl Person {
    fn sit_down(home: &Path, args: &[&str]) -> Self {
        let size = PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(PROGRAM);
        command.arg("chat");
        command.args(args);
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env_remove("HANDCLASP_TOKEN");
        let chat = pair.slave.spawn_command(command).expect("the binary runs");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(cells(30), cells(100), 0)));
        let (mut written, seen) = (pair.master.try_clone_reader().expect("readable"), screen.clone());
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(n @ 1..) = written.read(&mut bytes) {
                seen.lock().expect("nobody panicked").process(&bytes[..n]);
            }
        });
        let keyboard = pair.master.take_writer().expect("writable");
        Self { screen, keyboard, terminal: pair.master, chat }
    }

    fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).and_then(|()| self.keyboard.flush()).expect("the terminal takes it");
    }

    fn screen(&self) -> String {
        self.screen.lock().expect("nobody panicked").screen().contents()
    }

    #[track_caller]
    fn sees(&self, text: &str) {
        self.waits_for(text, |screen| screen.contents().contains(text));
    }

    #[track_caller]
    fn waits_for(&self, what: &str, condition: impl Fn(&vt100::Screen) -> bool) {
        let began = Instant::now();
        while !condition(self.screen.lock().expect("nobody panicked").screen()) {
            assert!(began.elapsed() < PATIENCE, "waited in vain for {what}; the screen shows\n{}", self.screen());
            thread::sleep(Duration::from_millis(10)); // between polls
        }
    }

    /// The client has ended, and the terminal is as it was before.
    #[track_caller]
    fn has_left(mut self) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.chat.try_wait().expect("our child") {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "the client does not end; the screen shows\n{}", self.screen());
            thread::sleep(Duration::from_millis(10)); // between polls
        };
        assert!(status.success(), "{status:?}");
        let is_back =
            |screen: &vt100::Screen| !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste();
        self.waits_for("the terminal as it was", is_back);
        let modes = self.terminal.get_termios().expect("a terminal");
        let cooked = format!("{:?}", modes.local_flags);
        assert!(cooked.contains("ICANON") && cooked.contains("ECHO"), "{cooked}");
    }

    fn is_resized(&self, rows: u16, cols: u16) {
        self.screen.lock().expect("nobody panicked").set_size(cells(rows), cells(cols));
        self.terminal.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).expect("resized");
    }
}

#[test]
fn two_people_talk_in_terminals_which_they_get_back() {
    let home = tempfile::tempdir().expect("a directory");
    let town = Town::start(home.path());
    let (acme, globex) = (town.told(0, "client"), town.told(1, "client"));
    let password = town.told(0, "password");

    let mut alice = Person::sit_down(home.path(), &["--as", "alice", "--server", &acme]);
    alice.sees("Password of alice:");
    alice.types(&format!("{password}\r"));
    alice.sees("Launch");
    alice.sees("ext Globex");
    let mut bob = Person::sit_down(home.path(), &["--as", "bob", "--server", &globex, "alice@acme.example"]);
    bob.sees("Password of bob:");
    bob.types(&format!("{password}\r"));
    bob.sees("external: Acme");

    // Found by its name, opened, read.
    alice.types("\x0bbob\r");
    alice.sees("external: Globex");
    alice.types("from the terminal 안녕\r");
    bob.sees("from the terminal 안녕");
    alice.sees("안녕 ✓");
    bob.types("half a ");
    alice.sees("Bob is typing");
    bob.types("thought\rtwo lines\x0anow\r");
    alice.sees("half a thought");
    alice.sees("now");

    // The same in another size, and help over it.
    alice.is_resized(20, 60);
    alice.waits_for("another layout", |screen| screen.rows(0, 60).next().is_some_and(|row| row.starts_with("Bob")));
    alice.types("\x1bOP");
    alice.sees("Ctrl+Q");
    alice.types("q");
    alice.sees("half a thought");
    // Notes are read over the messages.
    alice.types("/notes\r");
    alice.sees("There are no notes yet");
    alice.types("q");

    alice.types("\x11");
    alice.has_left();
    // From outside, as when an SSH connection ends.
    signal(bob.chat.process_id().expect("it runs"), "TERM");
    bob.has_left();
}

#[test]
fn without_a_terminal_and_with_plain_there_are_only_lines() {
    let home = tempfile::tempdir().expect("a directory");
    let town = Town::start(home.path());
    let (acme, password) = (town.told(0, "client"), town.told(0, "password"));
    let mut alice =
        Person::sit_down(home.path(), &["--plain", "--as", "alice", "--server", &acme, "bob@globex.example"]);
    alice.sees("Password of alice:");
    alice.types(&format!("{password}\r"));
    alice.sees("/help lists the commands");
    assert!(!alice.screen.lock().expect("nobody panicked").screen().alternate_screen());
    alice.sees("alice@acme.example>");
    // As a person types: the line first, Enter when it stands there.
    alice.types("/quit");
    alice.sees("> /quit");
    alice.types("\r");
    alice.has_left();
}
