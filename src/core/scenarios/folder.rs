//! The folder: who may do what in it, its tree, its trash, and that both sides derive the same (P17, P19).

use super::*;
use crate::{
    core::{
        Command,
        command::{AdminOp, KeepFact, KeepOp, PeerOp},
        files::{is_awaited, may_fetch},
    },
    crypto::digest::sha256,
    model::{
        Millis,
        event::{Folder, ItemKind, SettingsChange},
        file::{FileName, FilePolicy, FileRef, FileSource, MediaType},
        grant::{Scope, Scopes},
        item::{Entry, Item},
        limits,
        tool::{RulesChange, Tools},
        user::Policy,
    },
};

const PEOPLE: [(Org, &str); 4] = [(ACME, "alice"), (ACME, "carol"), (GLOBEX, "bob"), (GLOBEX, "dave")];
const DAY_MS: u64 = 24 * 3_600_000;

fn name(text: &str) -> FileName {
    parsed(text)
}

fn file(n: u8) -> FileRef {
    let (name, media_type) = (FileName::clean("plan.pdf"), parsed::<MediaType>("application/pdf"));
    FileRef { digest: sha256(&[n]), bytes: 1_000, name, media_type, image: None }
}

fn made(text: &str, inside: Option<u64>) -> Folder {
    Folder::Made { name: name(text), inside }
}

fn added(n: u8, inside: Option<u64>) -> Folder {
    Folder::Added { file: file(n), inside }
}

fn deleted(target: u64) -> Folder {
    Folder::Deleted { target, kept_days: 0 }
}

/// Asks for it; what it names was uploaded.
fn ask(pair: &mut Pair, org: Org, user: &str, id: RoomId, what: Folder) -> Result<Answer, Reject> {
    match what.file() {
        None => act(pair, org, user, id, what.into()),
        Some(_) => {
            let sources = vec![FileSource::Upload];
            pair.user(org, user, UserOp::Share { room: id, id: EventId([7; 16]), act: what.into(), sources })
        }
    }
}

/// Does it, lets it cross, and returns the index that it has.
fn done(pair: &mut Pair, org: Org, user: &str, id: RoomId, what: Folder) -> u64 {
    ask(pair, org, user, id, what).expect("a member does it");
    pair.sync();
    assert_in_step(pair, id);
    room(pair, ACME, id).next_index - 1
}

fn refused(pair: &mut Pair, org: Org, user: &str, id: RoomId, what: Folder) -> Option<Code> {
    ask(pair, org, user, id, what).err().map(|reject| reject.code)
}

/// The entry as both sides have it, but for the clocks by which they keep what was deleted.
fn same(pair: &Pair, id: RoomId, index: u64) -> Item {
    let timeless = |org| {
        let mut item = pair.side(org).item(id, index);
        if let Some(deleted) = &mut item.entry.deleted {
            deleted.until = Millis(0);
        }
        item
    };
    let [one, other] = [ACME, GLOBEX].map(timeless);
    assert_eq!(one, other, "both sides derive the same");
    one
}

#[test]
fn p19_all_members_put_rename_move_and_bring_versions() {
    for (org, author) in PEOPLE {
        let (mut pair, id) = group(ACME);
        let sub = done(&mut pair, org, author, id, made("Plans", None));
        let entry = done(&mut pair, org, author, id, added(1, Some(sub)));
        assert_eq!(same(&pair, id, sub).entry.holds, 1);
        for (n, (side, user)) in (2..).zip(PEOPLE) {
            done(&mut pair, side, user, id, Folder::Renamed { target: entry, name: name(&format!("plan {n}")) });
            done(&mut pair, side, user, id, Folder::Version { target: entry, file: file(n) });
            done(&mut pair, side, user, id, Folder::Moved { target: entry, inside: None });
            let again = ask(&mut pair, side, user, id, Folder::Moved { target: entry, inside: None });
            assert!(matches!(again, Ok(Answer::Outcome(Outcome::Done))), "it is there already");
            done(&mut pair, side, user, id, Folder::Moved { target: entry, inside: Some(sub) });
        }
        let item = same(&pair, id, entry);
        assert_eq!((item.edits.len(), item.entry.versions.len()), (4, 4));
        assert_eq!(item.entry.moved.map(|(_, inside)| inside), Some(Some(sub)));
        assert_eq!(same(&pair, id, sub).entry.holds, 1);
        for org in [ACME, GLOBEX] {
            let listed: Vec<_> = pair.side(org).listed.iter().copied().collect();
            assert_eq!(listed, [(id, ItemKind::Entry, sub), (id, ItemKind::Entry, entry)]);
        }
    }
}

#[test]
fn p19_who_made_it_or_a_master_deletes_and_the_deleter_may_undo() {
    for (org, author) in PEOPLE {
        let (mut pair, id) = group(ACME);
        let entry = done(&mut pair, org, author, id, added(1, None));
        for (side, user) in PEOPLE {
            let may = user == author || user == "alice";
            assert_eq!(refused(&mut pair, side, user, id, deleted(entry)), (!may).then_some(Code::NotAuthor), "{user}");
            pair.sync();
            if !may {
                continue;
            }
            assert!(same(&pair, id, entry).entry.deleted.is_some(), "deleted on both sides");
            let kept = pair.now.plus(limits::FOLDER_KEPT_DAYS_DEFAULT * DAY_MS);
            for org in [ACME, GLOBEX] {
                let until = pair.side(org).item(id, entry).entry.deleted.expect("deleted").until;
                assert!(until <= kept && kept.since(until) < 1_000, "{until:?}");
            }
            for late in [Folder::Renamed { target: entry, name: name("late") }, deleted(entry)] {
                assert_eq!(refused(&mut pair, org, author, id, late), Some(Code::Recalled));
            }
            for (other_side, other) in PEOPLE {
                let may = [author, "alice", user].contains(&other);
                let undo = refused(&mut pair, other_side, other, id, Folder::Restored { target: entry });
                assert_eq!(undo, (!may).then_some(Code::NotAuthor), "{other} brings back");
                pair.sync();
                if may {
                    assert_eq!(same(&pair, id, entry).entry.deleted, None);
                    ask(&mut pair, side, user, id, deleted(entry)).expect("once more");
                    pair.sync();
                }
            }
            done(&mut pair, side, user, id, Folder::Restored { target: entry });
        }
        for org in [ACME, GLOBEX] {
            assert!(pair.side(org).state.trash.is_empty(), "nothing is left in the trash");
        }
    }
}

#[test]
fn the_tree_has_no_rings_no_depths_and_nothing_in_files() {
    let (mut pair, id) = group(ACME);
    let top = done(&mut pair, ACME, "alice", id, made("0", None));
    let mut deepest = top;
    for n in 1..limits::FOLDER_DEPTH_MAX {
        deepest = done(&mut pair, GLOBEX, "bob", id, made(&n.to_string(), Some(deepest)));
    }
    let entry = done(&mut pair, GLOBEX, "bob", id, added(1, Some(deepest)));
    for (org, user) in [(ACME, "carol"), (GLOBEX, "dave")] {
        for (what, code) in [
            (made("too deep", Some(entry)), Code::NoSuchItem),
            (Folder::Moved { target: top, inside: Some(top) }, Code::Invalid),
            (Folder::Moved { target: top, inside: Some(deepest) }, Code::Invalid),
            (Folder::Version { target: top, file: file(2) }, Code::NoSuchItem),
            (made("nowhere", Some(9_999)), Code::NoSuchItem),
            (Folder::Renamed { target: 0, name: name("no entry") }, Code::NoSuchItem),
        ] {
            assert_eq!(refused(&mut pair, org, user, id, what.clone()), Some(code), "{what:?}");
        }
    }
    let one_more = done(&mut pair, ACME, "alice", id, made("one more", None));
    done(&mut pair, ACME, "alice", id, Folder::Moved { target: top, inside: Some(one_more) });
    assert_eq!(refused(&mut pair, GLOBEX, "bob", id, made("x", Some(deepest))), Some(Code::TooLarge));
}

#[test]
fn only_empty_subfolders_are_deleted_and_what_comes_back_without_one_comes_to_the_top() {
    let (mut pair, id) = group(ACME);
    let sub = done(&mut pair, GLOBEX, "bob", id, made("Plans", None));
    let entry = done(&mut pair, GLOBEX, "bob", id, added(1, Some(sub)));
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        assert_eq!(refused(&mut pair, org, user, id, deleted(sub)), Some(Code::NotEmpty));
    }
    done(&mut pair, GLOBEX, "bob", id, deleted(entry));
    done(&mut pair, GLOBEX, "bob", id, deleted(sub));
    assert_eq!(refused(&mut pair, ACME, "alice", id, added(2, Some(sub))), Some(Code::Recalled));
    done(&mut pair, GLOBEX, "bob", id, Folder::Restored { target: entry });
    assert_eq!(same(&pair, id, entry).entry.moved.map(|(_, inside)| inside), Some(None));
    done(&mut pair, ACME, "alice", id, Folder::Restored { target: sub });
    assert_eq!(same(&pair, id, sub).entry, Entry { holds: 0, ..Entry::default() });
}

#[test]
fn p19_what_cannot_be_brought_back_any_more_is_given_up_by_each_side() {
    let (mut pair, id) = group(ACME);
    let policy = FilePolicy { folder_kept_days: 2, ..FilePolicy::default() };
    pair.admin(GLOBEX, AdminOp::SetFilePolicy(Box::new(policy))).expect("an admin's right");
    let entry = done(&mut pair, GLOBEX, "bob", id, added(1, None));
    let version = done(&mut pair, ACME, "carol", id, Folder::Version { target: entry, file: file(2) });
    done(&mut pair, GLOBEX, "bob", id, deleted(entry));
    let give_up = |pair: &mut Pair, org| pair.command(org, Command::GiveUp(id, entry)).expect("noted");
    give_up(&mut pair, ACME);
    assert_eq!(pair.side(ACME).uses(file(1).digest, id), [entry], "its time is not over");
    pair.now = pair.now.plus(2 * DAY_MS);
    pair.sync();
    for org in [ACME, GLOBEX] {
        assert_eq!(pair.side(org).state.trash.len(), 1);
        give_up(&mut pair, org);
        give_up(&mut pair, org);
        let side = pair.side(org);
        assert!(side.state.trash.is_empty());
        for (index, n) in [(entry, 1), (version, 2)] {
            assert!(side.uses(file(n).digest, id).is_empty(), "nobody names it at {org:?}");
            assert!(!is_awaited(&side.state, room(&pair, org, id), file(n).digest, index));
            let erasure = &side.erasures[&(id, index)];
            assert_eq!((erasure.done, erasure.acknowledged, &erasure.tell), (false, None, &None));
        }
    }
    assert!(same(&pair, id, entry).recalled.is_some());
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        assert_eq!(refused(&mut pair, org, user, id, Folder::Restored { target: entry }), Some(Code::TooLate));
    }
}

#[test]
fn what_the_host_brings_back_in_time_is_fetched_again_where_it_was_given_up_already() {
    let (mut pair, id) = group(ACME);
    let entry = done(&mut pair, GLOBEX, "bob", id, added(1, None));
    pair.peer(ACME, PeerOp::FileArrived(file(1).digest)).expect("noted");
    done(&mut pair, ACME, "alice", id, deleted(entry));
    // Alice undoes it in the last moment; the record comes when globex has given it up by its own clock.
    ask(&mut pair, ACME, "alice", id, Folder::Restored { target: entry }).expect("in time");
    pair.now = pair.now.plus(limits::FOLDER_KEPT_DAYS_DEFAULT * DAY_MS);
    pair.command(GLOBEX, Command::GiveUp(id, entry)).expect("noted");
    assert!(pair.side(GLOBEX).uses(file(1).digest, id).is_empty());
    pair.sync();
    assert_eq!(pair.side(GLOBEX).uses(file(1).digest, id), [entry]);
    assert!(is_awaited(&pair.side(GLOBEX).state, room(&pair, GLOBEX, id), file(1).digest, entry));
    let item = pair.side(GLOBEX).item(id, entry);
    assert!(item.recalled.is_none() && item.entry.deleted.is_none());
}

#[test]
fn p17_newcomers_see_and_change_only_what_was_put_there_after_their_arrival() {
    let (mut pair, id) = group(ACME);
    let sub = done(&mut pair, ACME, "alice", id, made("Old", None));
    let old = done(&mut pair, ACME, "alice", id, added(1, Some(sub)));
    let erin = pair.address(ACME, "erin");
    pair.user(ACME, "alice", UserOp::AddMembers(id, vec![erin])).expect("a master");
    pair.sync();
    for what in [
        Folder::Renamed { target: old, name: name("mine") },
        Folder::Version { target: old, file: file(2) },
        added(3, Some(sub)),
    ] {
        assert_eq!(refused(&mut pair, ACME, "erin", id, what), Some(Code::NoSuchItem));
    }
    let new = done(&mut pair, ACME, "erin", id, added(4, None));
    done(&mut pair, ACME, "carol", id, Folder::Moved { target: new, inside: Some(sub) });
    done(&mut pair, ACME, "erin", id, Folder::Renamed { target: new, name: name("still mine") });
}

#[test]
fn p2_p3_files_in_folders_need_what_files_need() {
    let fewer: Scopes = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Files).collect();
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        let (mut pair, id) = group(ACME);
        let entry = done(&mut pair, org, user, id, added(1, None));
        assert!(is_awaited(&pair.side(org.other()).state, room(&pair, org.other(), id), file(1).digest, entry));
        let side = pair.side(org);
        let asked = (id, file(1).digest);
        assert!(may_fetch(&side.state, &org.other().domain(), asked, &side.uses(asked.1, id), pair.now));
        pair.grant(org.other(), fewer);
        pair.sync();
        assert_eq!(refused(&mut pair, org, user, id, added(2, None)), Some(Code::Scope));
        assert_eq!(
            refused(&mut pair, org, user, id, Folder::Version { target: entry, file: file(2) }),
            Some(Code::Scope)
        );
        // Names are words: they need no file to cross.
        done(&mut pair, org, user, id, Folder::Renamed { target: entry, name: name("other") });
        let off = FilePolicy { sending: false, ..FilePolicy::default() };
        pair.admin(org, AdminOp::SetFilePolicy(Box::new(off))).expect("an admin's right");
        assert_eq!(refused(&mut pair, org, user, id, added(2, None)), Some(Code::FilesOff));
        let unsourced = act(&mut pair, org, user, id, added(3, None).into());
        assert_eq!(code(unsourced), Code::NoSuchFile);
    }
}

#[test]
fn p30_what_retention_deletes_leaves_the_trash() {
    let (mut pair, id) = group(ACME);
    let entry = done(&mut pair, ACME, "alice", id, added(1, None));
    done(&mut pair, ACME, "alice", id, deleted(entry));
    assert_eq!(pair.side(ACME).state.trash.len(), 1);
    let retention = crate::model::keeping::Retention { group_days: Some(30), ..Default::default() };
    pair.admin(ACME, AdminOp::Keep(KeepOp::SetRetention(retention))).expect("a possible retention");
    let (room, before) = (id, entry + 1);
    let files = vec![(entry, file(1).digest)];
    let facts = vec![KeepFact::Old { room, before, events: before, files, subfolders: Vec::new() }];
    pair.command(ACME, Command::Keep(facts)).expect("facts are never refused");
    assert!(pair.side(ACME).state.trash.is_empty(), "nothing is left to be given up");
    assert!(pair.side(ACME).uses(file(1).digest, id).is_empty());
    assert_eq!(pair.side(GLOBEX).state.trash.len(), 1, "the partner keeps by its own rule");
}

#[test]
fn p19_the_folder_is_off_when_a_master_or_either_admin_says_so() {
    let (mut pair, id) = group(ACME);
    let rules = RulesChange { folder: Some(false), ..RulesChange::default() };
    let change = SettingsChange { rules, ..SettingsChange::default() };
    pair.user(ACME, "alice", UserOp::ChangeRoom(id, change)).expect("a master switches");
    pair.sync();
    for (org, user) in PEOPLE {
        assert_eq!(refused(&mut pair, org, user, id, made("x", None)), Some(Code::ToolOff), "{user}");
    }
    for strict in [ACME, GLOBEX] {
        let (mut pair, id) = group(ACME);
        let tools = Tools { folder: false, ..Tools::default() };
        pair.admin(strict, AdminOp::SetPolicy(Policy { tools, ..Policy::default() })).expect("an admin's right");
        let (org, user) = if strict == ACME { (GLOBEX, "bob") } else { (ACME, "alice") };
        ask(&mut pair, org, user, id, made("race", None)).expect("the partner does not know yet");
        pair.sync();
        assert!(pair.side(strict).listed.is_empty(), "what came in between was refused");
        while pair.greet(strict).expect("a hello is heard") {}
        for (org, user) in PEOPLE {
            assert_eq!(refused(&mut pair, org, user, id, made("x", None)), Some(Code::ToolOff), "{user}");
        }
    }
}

#[test]
fn p26_a_closed_link_ends_the_folder_for_the_partner_and_what_was_delivered_stays() {
    let (mut pair, id) = group(ACME);
    let entry = done(&mut pair, GLOBEX, "bob", id, added(1, None));
    pair.revoke(ACME);
    pair.sync();
    assert_eq!(refused(&mut pair, GLOBEX, "bob", id, made("late", None)), Some(Code::NotFound));
    ask(&mut pair, ACME, "alice", id, Folder::Renamed { target: entry, name: name("ours now") }).expect("hosts go on");
    ask(&mut pair, ACME, "alice", id, added(2, None)).expect("hosts go on");
    assert_eq!(pair.side(ACME).uses(file(1).digest, id), [entry]);
    // Everything is in order when they are back: what never crossed is not missed.
    pair.grant(ACME, Scopes::all());
    pair.sync();
    let bob = pair.address(GLOBEX, "bob");
    pair.user(ACME, "alice", UserOp::AddMembers(id, vec![bob])).expect("a former member");
    pair.sync();
    let late = room(&pair, ACME, id).next_index;
    ask(&mut pair, ACME, "alice", id, made("Sub", None)).expect("open");
    ask(&mut pair, ACME, "carol", id, Folder::Moved { target: entry, inside: Some(late) }).expect("open");
    pair.sync();
    assert_in_step(&pair, id);
    ask(&mut pair, GLOBEX, "bob", id, added(3, Some(late))).expect("open");
    pair.sync();
    assert_in_step(&pair, id);
}
