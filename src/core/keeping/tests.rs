//! Retention, holds, reports and erasures, each refusal by its rule (P10, P28, P30).

use super::{KeepFact, KeepOp, is_held, is_waiting, keeps_file};
use crate::{
    core::{
        Command,
        command::{AdminOp, Answer, UserOp},
        files::PENDING_FROM,
    },
    crypto::digest::{direct_room, sha256},
    model::{
        Code, Digest, EventId, Reject, RoomId,
        event::{Act, Folder, Message, Recall},
        file::{FileName, FilePolicy, FileRef, FileSource, MediaType, Photo},
        keeping::{About, Held, PaperKind, Proof, Retention, Texts},
        limits,
    },
    testing::{
        Org, Pair,
        fixtures::{local, parsed},
    },
};

const ACME: Org = Org::Acme;

/// alice@acme and bob@globex with a direct room that acme hosts, and one message in it.
fn talking() -> (Pair, RoomId) {
    let mut pair = Pair::open();
    let (alice, bob) = (pair.address(ACME, "alice"), pair.address(Org::Globex, "bob"));
    pair.user(ACME, "alice", UserOp::AddContact(bob.clone())).expect("an add is taken");
    pair.sync();
    let room = direct_room(&alice, &bob);
    say(&mut pair, room);
    pair.sync();
    (pair, room)
}

fn say(pair: &mut Pair, room: RoomId) {
    let message = Message::plain(parsed("hello"));
    pair.user(ACME, "alice", UserOp::Act { room, id: EventId([7; 16]), act: Act::Message(message) })
        .expect("a message is taken");
}

fn keep(pair: &mut Pair, op: KeepOp) -> Result<Answer, Reject> {
    pair.admin(ACME, AdminOp::Keep(op))
}

fn trim(pair: &mut Pair, room: RoomId, before: u64) {
    let facts = vec![KeepFact::Old { room, before, events: before, files: Vec::new(), subfolders: Vec::new() }];
    pair.command(ACME, Command::Keep(facts)).expect("facts are never refused");
}

fn days(days: u32) -> Retention {
    Retention { direct_days: Some(days), ..Retention::default() }
}

fn begins(pair: &Pair, room: RoomId) -> u64 {
    pair.acme.state.rooms[&room].begins
}

fn report(pair: &mut Pair, user: &str, about: About) -> Result<Answer, Reject> {
    pair.user(ACME, user, UserOp::Report { about, reason: parsed("rude"), proof: Proof::default() })
}

#[test]
fn p30_a_timeline_begins_later_and_its_chain_goes_on() {
    let (mut pair, room) = talking();
    keep(&mut pair, KeepOp::SetRetention(days(30))).expect("a possible retention");
    let before = pair.acme.state.rooms[&room].clone();
    trim(&mut pair, room, 1);
    let after = pair.acme.state.rooms[&room].clone();
    assert_eq!((after.begins, after.next_index, after.head), (1, before.next_index, before.head));
    assert_eq!(pair.acme.audited("retention.applied")[0].detail, "1 events of 1 rooms");
    say(&mut pair, room);
    pair.sync();
    let (ours, theirs) = (&pair.acme.state.rooms[&room], &pair.globex.state.rooms[&room]);
    assert_eq!((ours.next_index, ours.head), (theirs.next_index, theirs.head), "the partner notices nothing");
    assert_eq!(theirs.begins, 0, "the partner keeps by its own rule");
}

#[test]
fn p30_nothing_goes_without_a_retention_or_past_the_end() {
    let (mut pair, room) = talking();
    trim(&mut pair, room, 1);
    assert_eq!(begins(&pair, room), 0);
    keep(&mut pair, KeepOp::SetRetention(days(30))).expect("a possible retention");
    trim(&mut pair, room, 2);
    assert_eq!(begins(&pair, room), 0, "index 2 does not exist");
    for wrong in [0, limits::RETENTION_DAYS_MAX + 1] {
        let refused = keep(&mut pair, KeepOp::SetRetention(days(wrong))).expect_err("out of range");
        assert_eq!((refused.code, refused.field), (Code::Invalid, Some("direct_days")));
    }
}

#[test]
fn p30_a_hold_keeps_what_was_found_a_moment_before() {
    let (mut pair, room) = talking();
    keep(&mut pair, KeepOp::SetRetention(days(30))).expect("a possible retention");
    for held in [Held::Room(room), Held::User(local("alice"))] {
        keep(&mut pair, KeepOp::Hold(held.clone(), parsed("case"))).expect("known");
        assert!(is_held(&pair.acme.state, &pair.acme.state.rooms[&room]));
        trim(&mut pair, room, 1);
        assert_eq!(begins(&pair, room), 0, "{held}");
        keep(&mut pair, KeepOp::Release(held.clone())).expect("it is held");
        assert_eq!(keep(&mut pair, KeepOp::Release(held)).unwrap_err().code, Code::NotFound);
    }
    trim(&mut pair, room, 1);
    assert_eq!(begins(&pair, room), 1);
    assert_eq!((pair.acme.audited("hold.set").len(), pair.acme.audited("hold.released").len()), (2, 2));
    let nobody = keep(&mut pair, KeepOp::Hold(Held::User(local("nobody")), parsed("")));
    assert_eq!(nobody.unwrap_err().code, Code::NotFound);
}

#[test]
fn p30_what_waits_for_the_partner_is_known() {
    let (mut pair, room) = talking();
    say(&mut pair, room);
    let state = &pair.acme.state;
    let out = state.links.values().next().expect("the link").streams.out.expect("open");
    let sent = |seq| Some(crate::core::draft::Sent { epoch_n: out.epoch.n, seq });
    assert!(is_waiting(state, &state.rooms[&room], sent(out.next_seq - 1)), "it was just said");
    assert!(!is_waiting(state, &state.rooms[&room], sent(out.acked)), "it has arrived");
    assert!(!is_waiting(state, &state.rooms[&room], None), "it is the partner's own");
}

#[test]
fn p10_a_report_reaches_the_own_admins_and_nobody_else() {
    let (mut pair, room) = talking();
    let (sent, notices) = (pair.acme.outbox.len(), pair.acme.notices_of("carol").len());
    report(&mut pair, "alice", About::Message { room, index: 0 }).expect("she sees it");
    let bob = pair.address(Org::Globex, "bob");
    report(&mut pair, "alice", About::Person(bob)).expect("he is known");
    report(&mut pair, "alice", About::Room(room)).expect("it is hers");
    assert_eq!(pair.acme.state.keeping.cases.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((pair.acme.outbox.len(), pair.acme.notices_of("carol").len()), (sent, notices));
    keep(&mut pair, KeepOp::CloseCase(2, parsed("talked to them"))).expect("it is open");
    assert_eq!(keep(&mut pair, KeepOp::CloseCase(2, parsed(""))).unwrap_err().code, Code::Conflict);
    assert_eq!(keep(&mut pair, KeepOp::CloseCase(9, parsed(""))).unwrap_err().code, Code::NotFound);
    assert_eq!((pair.acme.audited("report.made").len(), pair.acme.audited("case.closed").len()), (3, 1));
}

#[test]
fn p10_what_one_does_not_see_cannot_be_reported() {
    let (mut pair, room) = talking();
    for about in [About::Message { room, index: 5 }, About::Person(parsed_address("eve@initech.example"))] {
        assert_eq!(report(&mut pair, "alice", about).unwrap_err().code, Code::NotFound);
    }
    for about in [About::Message { room, index: 0 }, About::Room(room)] {
        assert_eq!(report(&mut pair, "carol", about).unwrap_err().code, Code::NotFound);
    }
    let silent = UserOp::Report { about: About::Room(room), reason: parsed(""), proof: Proof::default() };
    assert_eq!(pair.user(ACME, "alice", silent).unwrap_err().field, Some("reason"));
    for _ in 0..limits::REPORTS_PER_USER_PER_HOUR_MAX {
        report(&mut pair, "alice", About::Room(room)).expect("within the limit");
    }
    assert_eq!(report(&mut pair, "alice", About::Room(room)).unwrap_err().code, Code::RateLimited);
}

fn parsed_address(text: &str) -> crate::model::Address {
    text.parse().expect("an address")
}

#[test]
fn p30_an_erased_person_has_nothing_of_their_own_left() {
    let (mut pair, room) = talking();
    keep(&mut pair, KeepOp::Hold(Held::User(local("alice")), parsed("case"))).expect("known");
    assert_eq!(keep(&mut pair, erase(Texts::Remove)).unwrap_err().code, Code::OnHold);
    keep(&mut pair, KeepOp::Release(Held::User(local("alice")))).expect("held");
    keep(&mut pair, erase(Texts::Remove)).expect("nothing holds her");
    pair.sync();
    let state = &pair.acme.state;
    let user = &state.users[&local("alice")];
    assert_eq!((user.active, user.external, user.password.clone()), (false, false, None));
    assert!(!state.contacts.keys().any(|(owner, _)| owner.as_str() == "alice"));
    assert!(!state.notices.contains_key(&local("alice")));
    assert!(state.sessions.values().all(|session| session.user != local("alice")));
    let alice = pair.address(ACME, "alice");
    assert_eq!(pair.globex.state.profiles[&alice].name.as_str(), "Erased person", "the partner hears the new name");
    assert_eq!(state.keeping.erasures[&local("alice")].next, Some((room, 0)));
    assert_eq!(keep(&mut pair, erase(Texts::Remove)).unwrap_err().code, Code::Conflict);
    let back = crate::core::command::UserChange { active: Some(true), ..Default::default() };
    let back = pair.admin(ACME, AdminOp::ChangeUser { local: local("alice"), change: back });
    assert_eq!(back.unwrap_err().code, Code::Conflict, "who is erased stays erased");
}

fn erase(texts: Texts) -> KeepOp {
    KeepOp::Erase(local("alice"), texts)
}

#[test]
fn p30_the_texts_of_an_erased_person_go_part_by_part() {
    let (mut pair, room) = talking();
    keep(&mut pair, erase(Texts::Keep)).expect("nothing holds her");
    assert_eq!(pair.acme.state.keeping.erasures[&local("alice")].next, None);
    keep(&mut pair, erase(Texts::Remove)).expect("the texts may follow later");
    let part = |next| vec![KeepFact::Written { user: local("alice"), room, indices: vec![0], files: Vec::new(), next }];
    pair.command(ACME, Command::Keep(part(Some((room, 1))))).expect("facts are never refused");
    assert!(pair.acme.audited("user.texts_erased").is_empty());
    pair.command(ACME, Command::Keep(part(None))).expect("facts are never refused");
    assert_eq!(pair.acme.audited("user.texts_erased")[0].detail, "the texts of 2 events");
}

fn plan() -> FileRef {
    let (name, media_type) = (FileName::clean("plan.pdf"), MediaType::unknown());
    FileRef { digest: sha256(b"plan"), bytes: 4, name, media_type, image: None }
}

/// alice sends a file, which bob's side awaits.
fn with_file(pair: &mut Pair, room: RoomId) -> (u64, Digest) {
    let index = pair.acme.state.rooms[&room].next_index;
    let act = Act::Message(Message { files: vec![plan()], ..Message::plain(parsed("the plan")) });
    let share = UserOp::Share { room, id: EventId([8; 16]), act, sources: vec![FileSource::Upload] };
    pair.user(ACME, "alice", share).expect("files are taken");
    pair.sync();
    (index, sha256(b"plan"))
}

#[test]
fn p30_what_is_deleted_names_and_awaits_no_file_any_more() {
    let (mut pair, room) = talking();
    let (index, digest) = with_file(&mut pair, room);
    let facts = || {
        vec![KeepFact::Old { room, before: index + 1, events: 2, files: vec![(index, digest)], subfolders: Vec::new() }]
    };
    for org in [ACME, Org::Globex] {
        assert_eq!(pair.side(org).uses(digest, room), [index]);
        pair.admin(org, AdminOp::Keep(KeepOp::SetRetention(days(30)))).expect("a possible retention");
        keep_hold(&mut pair, org, room);
        pair.command(org, Command::Keep(facts())).expect("facts are never refused");
        assert_eq!(pair.side(org).uses(digest, room), [index], "it is on hold");
        pair.admin(org, AdminOp::Keep(KeepOp::Release(Held::Room(room)))).expect("it is held");
        pair.command(org, Command::Keep(facts())).expect("facts are never refused");
        assert!(pair.side(org).uses(digest, room).is_empty());
        assert!(pair.side(org).state.awaited.is_empty());
    }
}

fn keep_hold(pair: &mut Pair, org: Org, room: RoomId) {
    pair.admin(org, AdminOp::Keep(KeepOp::Hold(Held::Room(room), parsed("case")))).expect("known");
}

#[test]
fn p30_the_files_of_an_erased_person_go_with_their_words() {
    let (mut pair, room) = talking();
    let (index, digest) = with_file(&mut pair, room);
    keep(&mut pair, erase(Texts::Remove)).expect("nothing holds her");
    let (indices, files) = (vec![0, index], vec![(index, digest)]);
    let part = vec![KeepFact::Written { user: local("alice"), room, indices, files, next: None }];
    pair.command(ACME, Command::Keep(part)).expect("facts are never refused");
    assert!(pair.acme.uses(digest, room).is_empty(), "the bytes go when nothing else names them");
    assert_eq!(pair.globex.uses(digest, room), [index], "the partner's copy is the partner's");
}

fn recall(pair: &mut Pair, room: RoomId, target: u64) {
    let act = Act::Recall(Recall { target });
    pair.user(ACME, "alice", UserOp::Act { room, id: EventId([9; 16]), act }).expect("it is hers");
    pair.sync();
}

fn hold_of(pair: &Pair, org: Org, digest: Digest) -> bool {
    keeps_file(&pair.side(org).state, digest, None)
}

#[test]
fn p30_a_hold_keeps_the_bytes_of_what_was_recalled_until_it_ends() {
    let (mut pair, room) = talking();
    let (index, digest) = with_file(&mut pair, room);
    for org in [ACME, Org::Globex] {
        keep_hold(&mut pair, org, room);
    }
    recall(&mut pair, room, index);
    for org in [ACME, Org::Globex] {
        assert!(pair.side(org).uses(digest, room).is_empty(), "nobody sees it any more");
        assert!(hold_of(&pair, org, digest) && keeps_file(&pair.side(org).state, digest, Some((room, index))));
        assert!(!keeps_file(&pair.side(org).state, digest, Some((room, 0))), "it was not in that event");
        pair.command(org, Command::FilesErased(room, index)).expect("never refused");
        pair.sync();
        assert!(!pair.side(org).state.erasures[&(room, index)].done, "neither removed nor called so");
    }
    assert_eq!(pair.acme.state.erasures[&(room, index)].acknowledged, Some(false), "the partner says nothing untrue");
    for org in [Org::Globex, ACME] {
        pair.admin(org, AdminOp::Keep(KeepOp::Release(Held::Room(room)))).expect("it is held");
        assert!(!hold_of(&pair, org, digest));
        pair.command(org, Command::FilesErased(room, index)).expect("never refused");
        pair.sync();
    }
    assert!(
        pair.acme.state.erasures.is_empty() && pair.globex.state.erasures.is_empty(),
        "done, told and acknowledged"
    );
}

#[test]
fn p30_a_hold_on_a_person_keeps_deleted_files_of_folders_and_replaced_photos() {
    let (mut pair, room) = talking();
    keep(&mut pair, KeepOp::Hold(Held::User(local("alice")), parsed("case"))).expect("known");
    let (index, digest) = (pair.acme.state.rooms[&room].next_index, sha256(b"plan"));
    let act = |act| UserOp::Share { room, id: EventId([8; 16]), act, sources: vec![FileSource::Upload] };
    let added = act(Folder::Added { file: plan(), inside: None }.into());
    pair.user(ACME, "alice", added).expect("files are taken");
    let gone = FilePolicy { folder_kept_days: 0, ..FilePolicy::default() };
    pair.admin(ACME, AdminOp::SetFilePolicy(Box::new(gone))).expect("a possible policy");
    let deleted = Folder::Deleted { target: index, kept_days: 0 }.into();
    pair.user(ACME, "alice", UserOp::Act { room, id: EventId([9; 16]), act: deleted }).expect("it is hers");
    pair.command(ACME, Command::GiveUp(room, index)).expect("never refused");
    assert!(pair.acme.uses(digest, room).is_empty() && hold_of(&pair, ACME, digest));
    let photos = [b"one", b"two"].map(|bytes| Photo { digest: sha256(bytes), bytes: 3 });
    for photo in photos.map(Some).into_iter().chain([None]) {
        pair.user(ACME, "alice", UserOp::SetPhoto(photo)).expect("one's own");
    }
    assert!(photos.iter().all(|photo| hold_of(&pair, ACME, photo.digest)));
    keep(&mut pair, KeepOp::Release(Held::User(local("alice")))).expect("held");
    assert!([digest, photos[0].digest, photos[1].digest].iter().all(|digest| !hold_of(&pair, ACME, *digest)));
    let open: Vec<(RoomId, u64)> = pair.acme.state.erasures.keys().copied().collect();
    for (id, index) in open {
        pair.command(ACME, Command::FilesErased(id, index)).expect("never refused");
    }
    assert!(pair.acme.state.erasures.is_empty());
}

#[test]
fn p21_files_of_a_submission_are_released_when_it_is_refused_and_not_before() {
    let (mut pair, room) = talking();
    let digest = sha256(b"plan");
    let act = Act::Message(Message { files: vec![plan()], ..Message::plain(parsed("the plan")) });
    let share = UserOp::Share { room, id: EventId([8; 16]), act, sources: vec![FileSource::Upload] };
    pair.user(Org::Globex, "bob", share).expect("it is queued");
    let release = |pair: &mut Pair| {
        pair.command(Org::Globex, Command::ReleaseFiles(room, 0, vec![digest])).expect("never refused");
        pair.globex.uses(digest, room)
    };
    assert_eq!(release(&mut pair), [PENDING_FROM], "it waits");
    let small = FilePolicy { bytes_max: 3, ..FilePolicy::default() };
    pair.admin(ACME, AdminOp::SetFilePolicy(Box::new(small))).expect("a possible policy");
    let times = pair.globex.state.unplaced_times;
    pair.sync();
    assert_eq!(pair.globex.state.rooms[&room].info.unplaced[0].code, Some(Code::TooLarge));
    assert_eq!(pair.globex.state.unplaced_times, times + 1, "the keeper is told");
    keep_hold(&mut pair, Org::Globex, room);
    assert_eq!(release(&mut pair), [PENDING_FROM], "it is on hold");
    pair.admin(Org::Globex, AdminOp::Keep(KeepOp::Release(Held::Room(room)))).expect("it is held");
    assert!(release(&mut pair).is_empty());
}

#[test]
fn p29_each_card_and_grant_is_kept_once() {
    let mut pair = Pair::open();
    let papers = |pair: &Pair| {
        let mut papers = pair.acme.papers.clone();
        papers.sort();
        papers
    };
    assert_eq!(papers(&pair), [(PaperKind::Card, 1), (PaperKind::Ours, 1), (PaperKind::Theirs, 1)]);
    pair.sync();
    assert_eq!(papers(&pair).len(), 3, "greetings bring nothing new");
}
