//! An export between two real daemons holds; one changed byte anywhere does not (P29, P30).

use super::{
    What, attachments,
    verify::{Report, verify},
    write::{Source, write},
};
use crate::{
    core::command::{AdminOp, KeepOp, UserOp},
    crypto::{
        digest::{direct_room, sha256},
        fingerprint::Fingerprint,
    },
    model::{
        EventId, RoomId,
        event::{Act, Message},
        file::{FileName, FileRef, FileSource, MediaType},
        keeping::Texts,
    },
    testing::{
        fixtures::{local, parsed},
        node::Node,
    },
};

/// Two daemons whose people have talked: five messages each.
async fn talked() -> (Node, Node, RoomId) {
    let acme = Node::start("acme.example", &["alice", "carol"]).await;
    let globex = Node::start("globex.example", &["bob"]).await;
    Node::open_link(&acme, &globex).await;
    let (alice, bob) = (acme.user_address("alice"), globex.user_address("bob"));
    let room = direct_room(&alice, &bob);
    acme.user("alice", UserOp::AddContact(bob)).await.expect("an add is taken");
    for node in [&acme, &globex] {
        node.until("the room is there", |state| state.rooms.contains_key(&room)).await;
    }
    for n in 1..=5 {
        say(&acme, "alice", room, n).await;
        say(&globex, "bob", room, 100 + n).await;
    }
    for node in [&acme, &globex] {
        node.until("all is said", |state| state.rooms[&room].next_index == 10).await;
    }
    (acme, globex, room)
}

async fn say(node: &Node, user: &str, room: RoomId, n: u8) {
    let message = Message::plain(parsed(&format!("secret {n}")));
    node.user(user, UserOp::Act { room, id: EventId([n; 16]), act: Act::Message(message) })
        .await
        .expect("a message is taken");
}

fn export(node: &Node, what: What) -> Vec<u8> {
    let state = node.engine.state();
    let evidence = !matches!(what, What::Person(_));
    let source = Source {
        reader: node.engine.reader().clone(),
        state,
        card: node.card(),
        signer: node.keys.signing.clone(),
        what,
        evidence,
        now: node.engine.now(),
    };
    let mut bytes = Vec::new();
    write(&source, &mut |line| {
        bytes.extend(line);
        Ok(())
    })
    .expect("a readable store");
    bytes
}

fn checked(bytes: &[u8]) -> Report {
    verify(bytes, None, None).expect("memory can be read")
}

fn assert_holds(report: &Report) {
    assert_eq!(report.broken, None, "{report:?}");
    assert!(report.ok);
}

#[tokio::test]
async fn p29_an_export_holds_on_both_sides_and_proves_the_partners_words() {
    let (acme, globex, room) = talked().await;
    for node in [&acme, &globex] {
        for what in [What::All, What::Room(room)] {
            let report = checked(&export(node, what));
            assert_holds(&report);
            let counts = report.counts;
            assert_eq!((counts.rooms, counts.events, counts.proven, counts.unproven), (1, 10, 5, 0), "{report:?}");
            assert!(report.envelopes > 0 && report.grants == 2 && report.records > 0, "{report:?}");
        }
    }
}

#[tokio::test]
async fn p29_one_changed_byte_is_noticed_and_its_line_is_named() {
    let (acme, _globex, _) = talked().await;
    let bytes = export(&acme, What::All);
    assert_holds(&checked(&bytes));
    let mut line = 1;
    for at in 0..bytes.len() {
        // Every line's first and last bytes, and a sample of the others.
        let is_edge = bytes[at] == b'\n' || at == 0 || bytes[at - 1] == b'\n';
        if is_edge || at % 41 == 0 {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let broken = checked(&changed).broken.unwrap_or_else(|| panic!("byte {at} of line {line} went unnoticed"));
            let near = line.max(2) - 1..=line;
            assert!(near.contains(&broken.line), "byte {at} of line {line}: {broken:?}");
        }
        line += u64::from(bytes[at] == b'\n');
    }
}

#[tokio::test]
async fn p29_missing_doubled_swapped_and_appended_lines_are_noticed() {
    let (acme, _globex, room) = talked().await;
    let bytes = export(&acme, What::Room(room));
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for at in 0..lines.len() {
        let without = [&lines[..at], &lines[at + 1..]].concat().concat();
        assert!(checked(&without).broken.is_some(), "line {} is missing", at + 1);
        let twice = [&lines[..=at], &lines[at..]].concat().concat();
        assert!(checked(&twice).broken.is_some(), "line {} is there twice", at + 1);
    }
    for cut in [1, lines[0].len(), bytes.len() - 1] {
        assert!(checked(&bytes[..bytes.len() - cut]).broken.is_some());
    }
    assert!(checked(b"").broken.is_some());
}

/// The exporting org itself rewrites a partner's words, chains and seals everything anew: the partner's signature tells.
#[tokio::test]
async fn p29_the_exporting_org_cannot_rewrite_what_the_partner_signed() {
    let (acme, globex, room) = talked().await;
    let honest = export(&acme, What::Room(room));
    let text = String::from_utf8(honest).expect("JSON");
    let forged = forge::rewrite(&text, "secret 103", "secret 999", &acme);
    let report = checked(forged.as_bytes());
    let broken = report.broken.expect("the envelope carries other words");
    assert!(broken.what.contains("no envelope") || broken.what.contains("another event"), "{broken:?}");
    // The same forgery of the own person's words is the partner's to disprove: its own export shows the other text.
    assert_holds(&checked(&export(&globex, What::Room(room))));
}

#[tokio::test]
async fn p29_the_files_beside_an_export_are_the_ones_that_were_sent() {
    let (acme, globex, room) = talked().await;
    let file = FileRef {
        digest: sha256(b"plan"),
        bytes: 4,
        name: FileName::clean("plan.pdf"),
        media_type: MediaType::unknown(),
        image: None,
    };
    let act = Act::Message(Message { files: vec![file], ..Message::plain(parsed("the plan")) });
    let share = UserOp::Share { room, id: EventId([9; 16]), act, sources: vec![FileSource::Upload] };
    acme.user("alice", share).await.expect("a file is taken");
    globex.until("it is said", |state| state.rooms[&room].next_index == 11).await;
    let awaited = checked(&export(&globex, What::Room(room)));
    assert_holds(&awaited);
    assert_eq!((awaited.files.files, awaited.files.files_here), (1, 0), "its bytes never come");
    let bytes = export(&acme, What::Room(room));
    assert_eq!(attachments::wanted(&bytes[..]).expect("a transcript"), [(sha256(b"plan"), 4)]);
    let dir = tempfile::tempdir().expect("a temporary directory");
    let report = || verify(&bytes[..], None, Some(dir.path())).expect("memory can be read");
    let place = dir.path().join(attachments::DIR).join(sha256(b"plan").to_string());
    assert!(report().broken.expect("it is not there").what.contains("cannot be read"));
    std::fs::create_dir(dir.path().join(attachments::DIR)).expect("writable");
    for (content, holds) in [(&b"plan"[..], true), (b"plam", false), (b"plan!", false), (b"", false)] {
        std::fs::write(&place, content).expect("writable");
        let report = report();
        assert_eq!((report.ok, report.files.files_proven), (holds, u64::from(holds)), "{report:?}");
    }
    let alone = checked(&bytes);
    assert_eq!((alone.ok, alone.files.files_here, alone.files.files_proven), (true, 1, 0));
}

#[tokio::test]
async fn p29_the_known_fingerprint_has_to_be_the_exports() {
    let (acme, globex, room) = talked().await;
    let bytes = export(&acme, What::Room(room));
    let own = Fingerprint::of(&acme.keys.identity.public());
    let other = Fingerprint::of(&globex.keys.identity.public());
    assert_holds(&verify(&bytes[..], Some(own), None).expect("memory can be read"));
    let broken = verify(&bytes[..], Some(other), None).expect("memory can be read").broken.expect("another org");
    assert_eq!(broken.line, 1);
}

#[tokio::test]
async fn p30_a_person_gets_what_they_could_see_and_nothing_of_others() {
    let (acme, _globex, room) = talked().await;
    let report = checked(&export(&acme, What::Person(local("alice"))));
    assert_holds(&report);
    assert_eq!((report.counts.events, report.counts.withheld, report.envelopes), (10, 0, 0));
    let carol = String::from_utf8(export(&acme, What::Person(local("carol")))).expect("JSON");
    assert_holds(&checked(carol.as_bytes()));
    assert!(!carol.contains("secret") && !carol.contains(&room.to_string()));
}

#[tokio::test]
async fn p30_an_erased_persons_texts_are_not_in_later_exports_and_the_chain_holds() {
    let (acme, _globex, room) = talked().await;
    let erase = AdminOp::Keep(KeepOp::Erase(local("alice"), Texts::Remove));
    acme.admin(erase).await.expect("nothing holds her");
    acme.until("the texts are erased", |state| state.keeping.erasures[&local("alice")].next.is_none()).await;
    let bytes = export(&acme, What::Room(room));
    let report = checked(&bytes);
    assert_holds(&report);
    assert_eq!((report.counts.events, report.counts.withheld), (10, 5));
    let events: String =
        String::from_utf8(bytes).expect("JSON").lines().filter(|line| line.contains("\"kind\":\"event\"")).collect();
    for n in 1..=5 {
        assert!(!events.contains(&format!("\"secret {n}\"")), "alice's words are gone");
        assert!(events.contains(&format!("secret {}", 100 + n)), "bob's are not hers to erase");
    }
}

mod forge {
    //! What an org with its own signing key could do to its export.

    use crate::{
        crypto::{
            digest::{chain, sha256},
            dsse::{self, Kind},
        },
        export::lines::Seal,
        model::Digest,
        testing::node::Node,
    };
    use serde_json::{Value, value::RawValue};

    /// Replaces words in the events, and makes heads, hashes and seal fit again.
    pub fn rewrite(export: &str, words: &str, others: &str, node: &Node) -> String {
        // The room's line stands before its events and names the last head: found by the first pass.
        let (first, head) = pass(export, words, others, node);
        let room = export.lines().find(|line| line.contains("\"kind\":\"room\"")).expect("a room");
        let room: Value = serde_json::from_str(room).expect("JSON");
        let old = room["body"]["head"].as_str().expect("a head");
        pass(&first.replace(old, &head.to_string()), words, others, node).0
    }

    fn pass(export: &str, words: &str, others: &str, node: &Node) -> (String, Digest) {
        let (mut prev, mut head, mut out) = (Digest::ZERO, Digest::ZERO, String::new());
        let count = export.lines().count();
        for (at, line) in export.lines().enumerate() {
            let mut line = line.to_owned();
            let parsed: Value = serde_json::from_str(&line).expect("JSON");
            if parsed["kind"] == "event" {
                line = line.replace(words, others);
                let event = line.split("\"event\":").nth(1).expect("an event");
                let event: &RawValue = first_value(event);
                head = chain(head, sha256(event.get().as_bytes()));
                let old = parsed["body"]["head"].as_str().expect("a head");
                line = line.replace(old, &head.to_string());
            }
            line = line.replace(parsed["prev"].as_str().expect("a hash"), &prev.to_string());
            if at + 1 == count {
                let exported_at = node_time(export);
                let seal = Seal { org: node.domain().clone(), lines: at as u64, head: prev, exported_at };
                let payload = serde_json::to_vec(&seal).expect("plain");
                let document = dsse::sign(Kind::Export, &payload, &node.keys.signing);
                line = format!(r#"{{"n":{count},"prev":"{prev}","kind":"end","body":{{"document":{document}}}}}"#);
            }
            prev = sha256(line.as_bytes());
            out.push_str(&line);
            out.push('\n');
        }
        (out, head)
    }

    fn first_value(text: &str) -> &RawValue {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        values.next().expect("a value").expect("JSON")
    }

    fn node_time(export: &str) -> u64 {
        let header: Value = serde_json::from_str(export.lines().next().expect("a header")).expect("JSON");
        header["body"]["exported_at"].as_u64().expect("a time")
    }
}
