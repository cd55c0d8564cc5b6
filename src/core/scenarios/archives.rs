//! Archives: taken part by part, read by those who are here, and never written to (P30, ADR 15).

use super::*;
use crate::{
    core::{
        archives::{Archived, ArchivedEvent},
        command::AdminOp,
    },
    crypto::digest::{archive_id, chain, sha256},
    model::{
        Digest, Millis,
        event::{Event, Recall, SettingsChange},
        file::{FileName, FileRef, MediaType},
    },
    wire,
};

fn plan() -> FileRef {
    let (name, media_type) = (FileName::clean("plan.pdf"), parsed::<MediaType>("application/pdf"));
    FileRef { digest: sha256(b"plan"), bytes: 4, name, media_type, image: None }
}

/// What bob said and took back, at these indices.
fn past(acts: Vec<(u64, Act)>) -> Vec<ArchivedEvent> {
    let mut head = Digest::ZERO;
    let told = |(index, act): (u64, Act)| {
        let author = Some(address("bob@globex.example"));
        let event = wire::event::seal(Event { id: EventId([9; 16]), author, made_at: Millis(5), content: act.into() });
        head = chain(head, sha256(&event.bytes));
        ArchivedEvent { index, at: Millis(7), head, event }
    };
    acts.into_iter().map(told).collect()
}

fn part(members: &[&str], events: Vec<ArchivedEvent>) -> Archived {
    let of = room_id(9);
    Archived {
        id: archive_id(&ACME.domain(), &of),
        of,
        name: parsed("Launch"),
        description: parsed(""),
        created_by: address("alice@acme.example"),
        created_at: Millis(1),
        members: members.iter().map(|member| (address(member), 1)).collect(),
        events,
        files: std::iter::once(plan().digest).collect(),
    }
}

fn import(pair: &mut Pair, part: Archived) -> Result<Answer, Reject> {
    pair.admin(ACME, AdminOp::Archive(Box::new(part)))
}

const PEOPLE: &[&str] = &["alice@acme.example", "gone@acme.example", "bob@globex.example"];

#[test]
fn p30_an_archive_is_made_once_and_read_by_those_who_are_here() {
    let (mut pair, _) = acquainted();
    let (sent, notices) = (pair.acme.outbox.len(), pair.acme.notices.len());
    let acts = || {
        let shown = Message { files: vec![plan()], mentions: vec![address("alice@acme.example")], ..text("look") };
        let said: [Act; 3] = [text("hello").into(), shown.into(), text("oops").into()];
        (0..).zip(said.into_iter().chain([Act::Recall(Recall { target: 2 })])).collect()
    };
    for _ in 0..2 {
        import(&mut pair, part(PEOPLE, past(acts()))).expect("it holds");
        let id = archive_id(&ACME.domain(), &room_id(9));
        let archive = room(&pair, ACME, id);
        assert_eq!((archive.next_index, archive.info.frozen), (4, Some(Code::Archive)));
        assert_eq!(members(&pair, ACME, id), ["alice"], "who is gone or elsewhere reads nothing");
        assert_eq!(texts(&pair, ACME, id).len(), 3);
        assert!(pair.acme.item(id, 2).recalled.is_some(), "what was taken back stays so");
        assert_eq!(pair.acme.uses(plan().digest, id), [1]);
        assert_eq!((pair.acme.outbox.len(), pair.acme.notices.len()), (sent, notices), "nobody is told");
        assert!(pair.acme.state.awaited.is_empty(), "nothing is fetched");
    }
    assert_eq!(pair.acme.audited("archive.made").len(), 1);
}

#[test]
fn p30_nothing_is_written_to_an_archive() {
    let (mut pair, _) = acquainted();
    import(&mut pair, part(PEOPLE, past(vec![(0, text("hello").into())]))).expect("it holds");
    let id = archive_id(&ACME.domain(), &room_id(9));
    assert_eq!(code(post(&mut pair, ACME, "alice", id, "more")), Code::Archive);
    let change = UserOp::ChangeRoom(id, SettingsChange { name: Some(parsed("Mine")), ..SettingsChange::default() });
    for op in [change, UserOp::AddMembers(id, vec![address("carol@acme.example")])] {
        assert_eq!(code(pair.user(ACME, "alice", op)), Code::Archive);
    }
    assert_eq!(code(post(&mut pair, ACME, "carol", id, "more")), Code::NotFound);
}

#[test]
fn p30_an_archive_goes_on_where_it_ends_and_only_there() {
    let (mut pair, _) = acquainted();
    let whole = || past(vec![(0, text("one").into()), (1, text("two").into()), (5, text("after a gap").into())]);
    import(&mut pair, part(PEOPLE, whole().into_iter().take(1).collect())).expect("it holds");
    let forged = past(vec![(1, text("another two").into())]);
    assert_eq!(code(import(&mut pair, part(PEOPLE, forged))), Code::Conflict);
    import(&mut pair, part(PEOPLE, whole())).expect("what is here already is left as it is");
    let id = archive_id(&ACME.domain(), &room_id(9));
    assert_eq!(texts(&pair, ACME, id).iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 5]);
    let nobody = Archived { id: room_id(8), ..part(&["bob@globex.example"], Vec::new()) };
    assert_eq!(code(import(&mut pair, nobody)), Code::NotFound);
    let (mut pair, taken) = group(ACME);
    let other = Archived { id: taken, ..part(PEOPLE, Vec::new()) };
    assert_eq!(code(import(&mut pair, other)), Code::Conflict, "a living room is no archive");
}
