//! What the fuzzers found interesting, once more: each input of `tests/fuzz/corpus` to the same code that they call.

use handclasp::testing::fuzz;
use std::{
    cell::Cell,
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
    sync::Once,
};

thread_local! {
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// Tasks of a runtime keep their panics to themselves, and all of an input happens on its thread: so they are counted.
fn count_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            usual(info);
        }));
    });
}

/// How many panics of image decoders a test may see: the daemon shields itself from them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shielded {
    Yes,
    No,
}

fn replay(target: &str, run: fn(&[u8]), shielded: Shielded) {
    count_panics();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut inputs: Vec<_> = fs::read_dir(&dir).expect("the corpus is committed").flatten().collect();
    inputs.sort_by_key(fs::DirEntry::file_name);
    assert!(inputs.len() > 10, "the corpus of {target} is there");
    for input in inputs {
        let bytes = fs::read(input.path()).expect("an input can be read");
        let done = panic::catch_unwind(AssertUnwindSafe(|| run(&bytes)));
        let name = input.path();
        assert!(done.is_ok(), "{}", name.display());
        assert!(shielded == Shielded::Yes || PANICS.get() == 0, "a task panicked: {}", name.display());
    }
}

#[test]
fn what_was_found_of_the_protocol_holds() {
    replay("wire", fuzz::wire, Shielded::No);
}

#[test]
fn what_was_found_of_rows_holds() {
    replay("rows", fuzz::rows, Shielded::No);
}

#[test]
fn what_was_found_of_texts_holds() {
    replay("text", fuzz::text, Shielded::No);
}

#[test]
fn what_was_found_of_pictures_holds() {
    replay("media", fuzz::media, Shielded::Yes);
}

#[test]
fn what_was_found_of_operations_holds() {
    replay("operations", fuzz::operations, Shielded::No);
}

#[test]
fn what_was_found_of_http_holds() {
    replay("http", |bytes| drop(fuzz::http(bytes)), Shielded::No);
}

#[test]
fn what_was_found_of_partners_holds() {
    replay("peer", |bytes| drop(fuzz::peer(bytes)), Shielded::No);
}

fn statuses(answers: &[Vec<u8>]) -> Vec<u16> {
    let status = |answer: &Vec<u8>| std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok();
    answers.iter().map(|answer| status(answer).unwrap_or_default()).collect()
}

#[test]
fn the_daemon_of_the_fuzzers_answers_on_all_its_faces() {
    let me = "GET /api/v1/me HTTP/1.1\r\n\r\n";
    let parts = [format!("C{me}"), format!("c{me}"), "AGET /admin/v1/peers/globex.example HTTP/1.1\r\n\r\n".to_owned()];
    let answers = fuzz::http(parts.join("\x1e").as_bytes());
    assert_eq!(statuses(&answers), [200, 401, 200]);
    let link = String::from_utf8_lossy(&answers[2]);
    assert!(link.contains("\"state\":\"open\""), "the link is open: {link}");
    let add = r#"e"type":"contact_add","made_at":1,"body":{"from":"dave@globex.example","name":"Dave","to":"carol@acme.example"}"#;
    let parts = [add, "l{\"epoch_n\":1,\"from_seq\":1}", "e\"type\":\"profile\""];
    let answers = fuzz::peer(parts.join("\x1e").as_bytes());
    let texts: Vec<_> = answers.iter().map(|answer| String::from_utf8_lossy(answer)).collect();
    assert_eq!(statuses(&answers), [200, 200, 400], "{texts:?}");
}
