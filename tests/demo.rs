//! `handclasp demo --once --json` of the built binary: the story of the README, step by step, and nothing left behind.

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Long enough for a machine that does much else; the story takes four seconds.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the story is made of, in order.
const STEPS: [&str; 17] = [
    "make and start Acme",
    "make and start Globex",
    "pin the partner's card",
    "nothing crosses without grants",
    "globex grants",
    "alice adds bob",
    "a message crosses",
    "a photo crosses",
    "a file crosses",
    "the group talks",
    "a note with a comment",
    "a date with an answer",
    "a file in the folder",
    "acme revokes",
    "what waited is undelivered",
    "the audit logs hold",
    "alice adds the former members",
];

fn demo(under: &Path) -> Output {
    let (said, wrong) = (under.join("said"), under.join("wrong"));
    let file = |path: &PathBuf| fs::File::create(path).expect("a file");
    let home = under.join("tmp");
    fs::create_dir(&home).expect("a directory");
    let mut child = Command::new(env!("CARGO_BIN_EXE_handclasp"))
        .args(["demo", "--once", "--json"])
        .env("TMPDIR", &home)
        .stdin(Stdio::null())
        .stdout(file(&said))
        .stderr(file(&wrong))
        .spawn()
        .expect("the binary runs");
    let began = Instant::now();
    let read = |path: &PathBuf| fs::read(path).expect("readable");
    loop {
        if let Some(status) = child.try_wait().expect("our child") {
            return Output { status, stdout: read(&said), stderr: read(&wrong) };
        }
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("the demo does not end; it said\n{}", String::from_utf8_lossy(&read(&said)));
        }
        thread::sleep(Duration::from_millis(20)); // between polls
    }
}

#[test]
fn the_demo_tells_its_whole_story_and_leaves_nothing_behind() {
    let under = tempfile::tempdir().expect("a temporary directory");
    let output = demo(under.path());
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let steps: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("one JSON document a line")).collect();
    for (number, step) in (1u64..).zip(&steps) {
        assert_eq!((&step["step"], &step["ok"]), (&number.into(), &true.into()), "{step}");
        assert!(
            ["chapter", "what", "told"].iter().all(|part| step[part].as_str().is_some_and(|text| !text.is_empty()))
        );
    }
    let mut told = steps.iter().map(|step| step["what"].as_str().unwrap_or_default());
    for wanted in STEPS {
        assert!(told.any(|what| what == wanted), "\"{wanted}\" is missing or too early:\n{text}");
    }
    let left: Vec<_> = fs::read_dir(under.path().join("tmp")).expect("readable").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}
