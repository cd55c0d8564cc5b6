//! Files: sending, fetching, passing on, recalling, and each refusal by its rule, from both sides (W19, P3, A20, A26).

use super::*;
use crate::{
    core::{
        Command,
        command::{AdminOp, PeerOp, UserChange},
        files::{PENDING_FROM, is_awaited, may_fetch, may_send, size_limit},
        tools::Whose,
    },
    crypto::digest::sha256,
    model::{
        Digest,
        event::{Note, NoteBody, Recall, SettingsChange},
        file::{FileName, FilePolicy, FileRef, FileSource, MediaType},
        grant::{Scope, Scopes},
        limits,
        notice::NoticeKind,
        text::MessageText,
        tool::RulesChange,
    },
};

fn file(n: u8) -> FileRef {
    let (name, media_type) = (FileName::clean("plan.pdf"), parsed::<MediaType>("application/pdf"));
    FileRef { digest: sha256(&[n]), bytes: 1_000, name, media_type, image: None }
}

fn with(files: Vec<FileRef>) -> Message {
    Message { text: MessageText::none(), files, ..text("x") }
}

/// Sends files that were uploaded.
fn send(pair: &mut Pair, org: Org, user: &str, room: RoomId, files: Vec<FileRef>) -> Result<Answer, Reject> {
    let sources = vec![FileSource::Upload; files.len()];
    share(pair, org, user, room, (files, sources))
}

fn share(
    pair: &mut Pair,
    org: Org,
    user: &str,
    room: RoomId,
    (files, sources): (Vec<FileRef>, Vec<FileSource>),
) -> Result<Answer, Reject> {
    let act = with(files).into();
    pair.user(org, user, UserOp::Share { room, id: EventId([7; 16]), act, sources })
}

fn awaits(pair: &Pair, org: Org, id: RoomId, digest: Digest, index: u64) -> bool {
    is_awaited(&pair.side(org).state, room(pair, org, id), digest, index)
}

/// Whether the partner of `org` may read the file there now.
fn serves(pair: &Pair, org: Org, id: RoomId, digest: Digest) -> bool {
    let side = pair.side(org);
    may_fetch(&side.state, &org.other().domain(), (id, digest), &side.uses(digest, id), pair.now)
}

fn last(pair: &Pair, org: Org, id: RoomId) -> u64 {
    room(pair, org, id).next_index - 1
}

const SIDES: [(Org, &str); 2] = [(ACME, "alice"), (GLOBEX, "bob")];

#[test]
fn w19_a_file_is_named_on_both_sides_and_awaited_where_it_is_not() {
    let (mut pair, id) = acquainted();
    for (n, (org, user)) in (1..).zip(SIDES) {
        send(&mut pair, org, user, id, vec![file(n)]).expect("open");
        pair.sync();
        assert_in_step(&pair, id);
        let (index, digest) = (last(&pair, ACME, id), file(n).digest);
        for side in [ACME, GLOBEX] {
            assert_eq!(pair.side(side).uses(digest, id), [index]);
        }
        assert!(awaits(&pair, org.other(), id, digest, index) && !awaits(&pair, org, id, digest, index));
        assert!(serves(&pair, org, id, digest), "the author's side gives the bytes");
        assert!(!serves(&pair, org.other(), id, digest), "who waits for them gives none");
        pair.peer(org.other(), PeerOp::FileArrived(digest)).expect("noted");
        assert!(!awaits(&pair, org.other(), id, digest, index));
        assert!(serves(&pair, org.other(), id, digest), "from now on it has proven to have them");
    }
}

#[test]
fn w19_the_host_may_fetch_a_submission_before_it_has_its_place() {
    let (mut pair, id) = acquainted();
    let digest = file(1).digest;
    send(&mut pair, GLOBEX, "bob", id, vec![file(1)]).expect("open");
    assert_eq!(pair.side(GLOBEX).uses(digest, id), [PENDING_FROM]);
    assert!(serves(&pair, GLOBEX, id, digest));
    pair.sync();
    assert_eq!(pair.side(GLOBEX).uses(digest, id), [0]);
}

#[test]
fn a20_who_is_not_in_the_room_or_came_later_reads_no_file() {
    let (mut pair, id) = group(ACME);
    send(&mut pair, ACME, "alice", id, vec![file(1)]).expect("open");
    pair.sync();
    let digest = file(1).digest;
    assert!(serves(&pair, ACME, id, digest));
    assert!(!serves(&pair, ACME, id, file(2).digest), "no event names it");
    let (_, other) = acquainted();
    assert!(!serves(&pair, ACME, other, digest), "another room does not name it");
    // All of the partner leave; one who comes back later sees only what comes later (P17).
    for guest in ["bob", "dave"] {
        let guest = pair.address(GLOBEX, guest);
        pair.user(ACME, "alice", UserOp::RemoveMember(id, guest)).expect("a master may");
    }
    pair.sync();
    assert!(!serves(&pair, ACME, id, digest), "its people are gone");
    let bob = pair.address(GLOBEX, "bob");
    pair.user(ACME, "alice", UserOp::AddMembers(id, vec![bob])).expect("a master may");
    pair.sync();
    assert!(!serves(&pair, ACME, id, digest), "it is from before their arrival");
    send(&mut pair, ACME, "alice", id, vec![file(1)]).expect("open");
    assert!(serves(&pair, ACME, id, digest), "it was sent again");
}

#[test]
fn a20_what_was_not_fetched_before_a_revocation_is_refused_after_it() {
    for (org, user) in SIDES {
        let (mut pair, id) = acquainted();
        send(&mut pair, org, user, id, vec![file(1)]).expect("open");
        pair.sync();
        assert!(serves(&pair, org, id, file(1).digest));
        pair.revoke(ACME);
        assert!(!serves(&pair, ACME, id, file(1).digest));
        pair.sync();
        assert!(!serves(&pair, GLOBEX, id, file(1).digest));
        assert_eq!(pair.side(org).uses(file(1).digest, id).len(), 1, "what was sent stays for those who have it");
    }
}

#[test]
fn p2_files_need_their_scope_on_both_sides() {
    let fewer: Scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Files).collect();
    for (org, user) in SIDES {
        for granting in [ACME, GLOBEX] {
            let (mut pair, id) = acquainted();
            // Sent while the scope stood there, and taken by who has withdrawn it: refused, and its place is kept.
            send(&mut pair, org, user, id, vec![file(1)]).expect("open");
            pair.grant(granting, fewer);
            assert!(!serves(&pair, granting, id, file(1).digest));
            pair.sync();
            let there = pair.side(org.other()).uses(file(1).digest, id);
            assert!(there.is_empty(), "{org:?} sends, {granting:?} withdraws");
            assert_eq!(code(send(&mut pair, org, user, id, vec![file(2)])), Code::Scope);
            post(&mut pair, org, user, id, "words go on").expect("open");
            pair.sync();
            assert_in_step(&pair, id);
        }
    }
}

#[test]
fn p3_an_admin_forbids_sending_sizes_and_types_and_both_sides_hold_it() {
    let policies = [
        (FilePolicy { sending: false, ..FilePolicy::default() }, Code::FilesOff),
        (FilePolicy { bytes_max: 999, ..FilePolicy::default() }, Code::TooLarge),
        (FilePolicy { allowed: vec![parsed("image/*")], ..FilePolicy::default() }, Code::FileType),
        (FilePolicy { forbidden: vec![parsed("application/pdf")], ..FilePolicy::default() }, Code::FileType),
    ];
    for (org, user) in SIDES {
        for (policy, refusal) in &policies {
            let (mut pair, id) = acquainted();
            let op = || AdminOp::SetFilePolicy(Box::new(policy.clone()));
            pair.admin(org, op()).expect("a policy can be set");
            assert_eq!(code(send(&mut pair, org, user, id, vec![file(1)])), *refusal);
            // The partner's rule is known from its hello (A34), and held by it as well.
            pair.admin(org, AdminOp::SetFilePolicy(Box::default())).expect("a policy can be set");
            pair.admin(org.other(), op()).expect("a policy can be set");
            send(&mut pair, org, user, id, vec![file(1)]).expect("not known yet");
            pair.sync();
            let taken = !pair.side(org.other()).uses(file(1).digest, id).is_empty();
            assert_eq!(taken, policy.takes(&file(1).media_type) && policy.bytes_max >= 1_000);
            let again = send(&mut pair, org, user, id, vec![file(2)]);
            assert_eq!(again.is_ok(), *refusal == Code::FilesOff, "{again:?}");
        }
    }
}

#[test]
fn files_are_ones_own_uploads_or_of_messages_that_one_sees() {
    let (mut pair, id) = group(ACME);
    let elsewhere = acquaint(&mut pair, ACME, "alice", "bob");
    send(&mut pair, ACME, "alice", id, vec![file(1)]).expect("open");
    pair.sync();
    let index = last(&pair, ACME, id);
    let passed = |index| (vec![file(1)], vec![FileSource::Room { room: id, index }]);
    assert_eq!(code(share(&mut pair, GLOBEX, "bob", elsewhere, passed(index))), Code::NoSuchFile, "it is not here yet");
    pair.peer(GLOBEX, PeerOp::FileArrived(file(1).digest)).expect("noted");
    share(&mut pair, GLOBEX, "bob", elsewhere, passed(index)).expect("bob sees it");
    share(&mut pair, ACME, "alice", elsewhere, passed(index)).expect("alice sees it");
    pair.sync();
    assert_eq!(pair.side(ACME).uses(file(1).digest, elsewhere).len(), 2);
    for wrong in [index - 1, index + 1] {
        assert_eq!(code(share(&mut pair, ACME, "alice", elsewhere, passed(wrong))), Code::NoSuchFile);
    }
    let frank = acquaint(&mut pair, GLOBEX, "frank", "alice");
    assert_eq!(code(share(&mut pair, GLOBEX, "frank", frank, passed(index))), Code::NoSuchFile, "frank is not there");
    for sources in [vec![FileSource::Gone], vec![], vec![FileSource::Upload; 2]] {
        assert_eq!(code(share(&mut pair, ACME, "alice", id, (vec![file(3)], sources))), Code::NoSuchFile);
    }
    let act = with(vec![file(3)]).into();
    let unsourced = pair.user(ACME, "alice", UserOp::Act { room: id, id: EventId([7; 16]), act });
    assert_eq!(code(unsourced), Code::NoSuchFile);
    let many = (0..=u8::try_from(limits::FILES_PER_MESSAGE_MAX).expect("few")).map(file).collect();
    assert_eq!(code(send(&mut pair, ACME, "alice", id, many)), Code::TooLarge);
}

#[test]
fn p20_a_recall_takes_the_files_away_on_both_sides_and_says_so() {
    for (org, user) in SIDES {
        let (mut pair, id) = acquainted();
        send(&mut pair, org, user, id, vec![file(1), file(2)]).expect("open");
        pair.sync();
        let index = last(&pair, ACME, id);
        act(&mut pair, org, user, id, Act::Recall(Recall { target: index })).expect("one's own");
        pair.sync();
        for side in [ACME, GLOBEX] {
            assert!(pair.side(side).uses(file(1).digest, id).is_empty() && !serves(&pair, side, id, file(1).digest));
            assert!(!awaits(&pair, side, id, file(1).digest, index), "nobody fetches it any more");
            assert!(!pair.side(side).erasures[&(id, index)].done);
        }
        assert_eq!(pair.side(org).erasures[&(id, index)].acknowledged, Some(false));
        pair.command(org, Command::FilesErased(id, index)).expect("noted");
        pair.sync();
        assert_eq!(pair.side(org).erasures[&(id, index)].acknowledged, Some(false), "the partner has not said it");
        pair.command(org.other(), Command::FilesErased(id, index)).expect("noted");
        pair.sync();
        let erasure = &pair.side(org).erasures[&(id, index)];
        assert_eq!((erasure.done, erasure.acknowledged), (true, Some(true)));
        for side in [ACME, GLOBEX] {
            assert!(pair.side(side).state.erasures.is_empty(), "nothing is left to do");
        }
    }
}

#[test]
fn p20_an_acknowledgement_waits_until_the_link_is_open_again() {
    let (mut pair, id) = acquainted();
    send(&mut pair, ACME, "alice", id, vec![file(1)]).expect("open");
    pair.sync();
    let index = last(&pair, ACME, id);
    act(&mut pair, ACME, "alice", id, Act::Recall(Recall { target: index })).expect("one's own");
    pair.sync();
    pair.revoke(GLOBEX);
    pair.sync();
    pair.command(GLOBEX, Command::FilesErased(id, index)).expect("noted");
    assert!(pair.side(GLOBEX).erasures[&(id, index)].tell.is_some());
    pair.grant(GLOBEX, Scopes::all());
    pair.sync();
    pair.command(GLOBEX, Command::FilesErased(id, index)).expect("noted");
    pair.sync();
    assert_eq!(pair.side(ACME).erasures[&(id, index)].acknowledged, Some(true));
}

#[test]
fn a26_a_peer_cannot_announce_more_than_is_awaited_or_allowed_in_a_day() {
    let (mut pair, id) = acquainted();
    let huge = |n: u8| FileRef { bytes: limits::FILE_BYTES_MAX, ..file(n) };
    for org in [ACME, GLOBEX] {
        let policy = FilePolicy { bytes_max: limits::FILE_BYTES_MAX, ..FilePolicy::default() };
        pair.admin(org, AdminOp::SetFilePolicy(Box::new(policy))).expect("a policy can be set");
    }
    pair.sync();
    let fit = u8::try_from(limits::FILE_BYTES_PER_LINK_PER_DAY_MAX / limits::FILE_BYTES_MAX).expect("few");
    for n in 0..=fit {
        send(&mut pair, ACME, "alice", id, vec![huge(n)]).expect("alice's org does not count");
    }
    pair.sync();
    assert_eq!(pair.side(GLOBEX).state.awaited.len(), usize::from(fit));
    pair.now = pair.now.plus(24 * 3_600_000);
    pair.sync();
    send(&mut pair, ACME, "alice", id, vec![huge(200)]).expect("open");
    pair.sync();
    assert_eq!(pair.side(GLOBEX).state.awaited.len(), usize::from(fit) + 1, "another day");
}

fn set_limit(pair: &mut Pair, org: Org, user: &str, id: RoomId, bytes: u64) -> Result<Answer, Reject> {
    let rules = RulesChange { file_bytes_max: Some(bytes), ..RulesChange::default() };
    let done = pair.user(org, user, UserOp::ChangeRoom(id, SettingsChange { rules, ..SettingsChange::default() }));
    pair.sync();
    done
}

#[test]
fn p19_masters_of_either_org_bound_the_files_of_a_room_and_the_strictest_rule_decides() {
    let (mut pair, id) = group(ACME);
    pair.user(ACME, "alice", UserOp::SetRole(id, pair.address(GLOBEX, "bob"), Role::Master)).expect("a master names");
    pair.sync();
    for (org, user) in [(ACME, "carol"), (GLOBEX, "dave")] {
        assert_eq!(code(set_limit(&mut pair, org, user, id, 999)), Code::NotMaster);
    }
    assert_eq!(code(set_limit(&mut pair, ACME, "alice", id, limits::FILE_BYTES_MAX + 1)), Code::Invalid);
    for (org, user) in SIDES {
        // Sent before the rule is known there, and refused by the host, or ordered before it.
        set_limit(&mut pair, org, user, id, 999).expect("a master");
        for side in [ACME, GLOBEX] {
            let state = &pair.side(side).state;
            assert_eq!(size_limit(state, room(&pair, side, id)), (999, Whose::Masters));
        }
        for (side, sender) in SIDES {
            let refused = send(&mut pair, side, sender, id, vec![file(1)]).expect_err("above the rule");
            assert_eq!(refused.code, Code::TooLarge);
            assert!(refused.detail.contains("masters"), "{}", refused.detail);
        }
        set_limit(&mut pair, org, user, id, 0).expect("a master");
        send(&mut pair, GLOBEX, "dave", id, vec![file(1)]).expect("no rule any more");
        pair.sync();
    }
    set_limit(&mut pair, ACME, "alice", id, 5_000).expect("a master");
    let policy = FilePolicy { bytes_max: 999, ..FilePolicy::default() };
    pair.admin(GLOBEX, AdminOp::SetFilePolicy(Box::new(policy))).expect("an admin's right");
    pair.sync();
    while pair.greet(GLOBEX).expect("a hello is heard") {}
    for side in [ACME, GLOBEX] {
        let state = &pair.side(side).state;
        assert_eq!(size_limit(state, room(&pair, side, id)), (999, Whose::Org(GLOBEX.domain())), "as {side:?} sees it");
    }
}

#[test]
fn p19_a_rule_of_the_room_holds_for_what_was_sent_while_it_came() {
    let (mut pair, id) = group(ACME);
    let rules = RulesChange { file_bytes_max: Some(999), ..RulesChange::default() };
    let change = SettingsChange { rules, ..SettingsChange::default() };
    pair.user(ACME, "alice", UserOp::ChangeRoom(id, change)).expect("a master");
    send(&mut pair, GLOBEX, "bob", id, vec![file(1)]).expect("not known there yet");
    pair.sync();
    assert_in_step(&pair, id);
    assert!(pair.side(ACME).uses(file(1).digest, id).is_empty());
    let told = pair.side(GLOBEX).notices_of("bob");
    assert!(told.contains(&&NoticeKind::Refused { room: id, code: Code::TooLarge }), "{told:?}");
}

#[test]
fn p3_an_admin_takes_sending_files_from_one_user_and_leaves_it_to_others() {
    for (org, user, colleague) in [(ACME, "alice", "carol"), (GLOBEX, "bob", "dave")] {
        let (mut pair, id) = group(ACME);
        let change = |files| AdminOp::ChangeUser {
            local: parsed(user),
            change: UserChange { files: Some(files), ..UserChange::default() },
        };
        pair.admin(org, change(false)).expect("an admin's right");
        assert_eq!(code(send(&mut pair, org, user, id, vec![file(1)])), Code::FilesOff);
        assert_eq!(
            may_send(&pair.side(org).state, &parsed(user), room(&pair, org, id), pair.now).map_err(|it| it.code),
            Err(Code::FilesOff)
        );
        post(&mut pair, org, user, id, "words go on").expect("open");
        send(&mut pair, org, colleague, id, vec![file(1)]).expect("the others may");
        pair.admin(org, change(true)).expect("an admin's right");
        send(&mut pair, org, user, id, vec![file(2)]).expect("again");
    }
}

fn note_with(files: Vec<FileRef>) -> NoteBody {
    NoteBody { title: parsed("Photos"), text: None, files }
}

fn share_act(pair: &mut Pair, org: Org, user: &str, room: RoomId, act: Act) -> Result<Answer, Reject> {
    let sources = vec![FileSource::Upload; crate::core::files::named(&act).len()];
    pair.user(org, user, UserOp::Share { room, id: EventId([7; 16]), act, sources })
}

#[test]
fn p19_notes_have_files_which_go_when_the_note_is_deleted() {
    for (org, user) in SIDES {
        let (mut pair, id) = group(ACME);
        share_act(&mut pair, org, user, id, Note::Posted(note_with(vec![file(1)])).into()).expect("open");
        pair.sync();
        let index = last(&pair, ACME, id);
        let edited = Note::Edited { target: index, body: note_with(vec![file(2)]) };
        share_act(&mut pair, org, user, id, edited.into()).expect("one's own");
        pair.sync();
        assert_in_step(&pair, id);
        assert!(awaits(&pair, org.other(), id, file(2).digest, index + 1) && serves(&pair, org, id, file(2).digest));
        act(&mut pair, org, user, id, Note::Deleted { target: index }.into()).expect("one's own");
        pair.sync();
        for side in [ACME, GLOBEX] {
            for n in [1, 2] {
                assert!(pair.side(side).uses(file(n).digest, id).is_empty(), "{n} at {side:?}");
                assert!(!awaits(&pair, side, id, file(n).digest, index - 1 + u64::from(n)));
            }
            pair.command(side, Command::FilesErased(id, index)).expect("noted");
            pair.command(side, Command::FilesErased(id, index + 1)).expect("noted");
        }
        pair.sync();
        for at in [index, index + 1] {
            assert_eq!(pair.side(org).erasures[&(id, at)].acknowledged, Some(true));
        }
        assert_eq!(
            code(share(
                &mut pair,
                org,
                user,
                id,
                (vec![file(2)], vec![FileSource::Room { room: id, index: index + 1 }])
            )),
            Code::NoSuchFile
        );
    }
}
