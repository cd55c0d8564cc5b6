//! Notes, dates, and whose rule keeps a tool off (P13, P19).

use super::*;
use crate::{
    core::{
        command::AdminOp,
        tools::{Whose, off_by},
    },
    model::{
        calendar::{Attendance, When},
        event::{Calendar, DateBody, ItemKind, Note, NoteBody, React, SettingsChange},
        item::Item,
        notice::NoticeKind,
        tool::{Callers, RulesChange, Tool, Tools},
        user::Policy,
    },
};

const PEOPLE: [(Org, &str); 4] = [(ACME, "alice"), (ACME, "carol"), (GLOBEX, "bob"), (GLOBEX, "dave")];

fn note(title: &str) -> NoteBody {
    NoteBody { title: parsed(title), text: Some(parsed("more")), files: Vec::new() }
}

fn date(title: &str) -> DateBody {
    let when = When::Days { first: parsed("2026-03-01"), last: parsed("2026-03-02") };
    DateBody { title: parsed(title), text: None, place: None, when, repeats: None, reminder_minutes: None }
}

/// Does it, lets it cross, and returns the index that it has.
fn done(pair: &mut Pair, org: Org, user: &str, id: RoomId, what: impl Into<Act>) -> u64 {
    act(pair, org, user, id, what.into()).expect("a member does it");
    pair.sync();
    assert_in_step(pair, id);
    room(pair, ACME, id).next_index - 1
}

fn refused(pair: &mut Pair, org: Org, user: &str, id: RoomId, what: impl Into<Act>) -> Option<Code> {
    act(pair, org, user, id, what.into()).err().map(|reject| reject.code)
}

fn same_item(pair: &Pair, id: RoomId, index: u64) -> Item {
    let [one, other] = [ACME, GLOBEX].map(|org| pair.side(org).item(id, index));
    assert_eq!(one, other, "both sides derive the same");
    one
}

#[test]
fn p19_notes_are_for_all_members_and_each_is_told() {
    for (org, author) in PEOPLE {
        let (mut pair, id) = group(ACME);
        let index = done(&mut pair, org, author, id, Note::Posted(note("Stand")));
        for (side, user) in PEOPLE {
            let told = pair.side(side).notices_of(user);
            let count = told.iter().filter(|kind| ***kind == NoticeKind::Note { room: id, index }).count();
            assert_eq!(count, usize::from(user != author), "{user}");
            let edited = Note::Edited { target: index, body: note("Stand 12") };
            assert_eq!(refused(&mut pair, side, user, id, edited), (user != author).then_some(Code::NotAuthor));
        }
        pair.sync();
        let comment = done(&mut pair, GLOBEX, "dave", id, Note::Commented { target: index, text: parsed("nice") });
        done(&mut pair, ACME, "carol", id, Note::Pinned { target: index, on: true });
        done(&mut pair, ACME, "carol", id, Act::React(React { target: comment, emoji: parsed("👍"), on: true }));
        let item = same_item(&pair, id, index);
        assert_eq!((item.edits.len(), item.comments.len(), item.pinned.is_some()), (1, 1, true));
        assert_eq!(same_item(&pair, id, comment).reactions.len(), 1);
    }
}

#[test]
fn p10_in_a_group_what_a_blocked_person_does_is_shown_and_not_told() {
    for (blocker, user, blocked, person) in [(ACME, "carol", GLOBEX, "bob"), (GLOBEX, "bob", ACME, "alice")] {
        let (mut pair, id) = group(ACME);
        let address = pair.address(blocked, person);
        let block = UserOp::Block(address, crate::core::command::BlockSwitch::On);
        pair.user(blocker, user, block).expect("own affair");
        let before = pair.side(blocker).notices_of(user).len();
        let posted = done(&mut pair, blocked, person, id, Note::Posted(note("Stand")));
        done(&mut pair, blocked, person, id, Note::Commented { target: posted, text: parsed("see there") });
        let dated = done(&mut pair, blocked, person, id, Calendar::Posted(date("Visit")));
        let state = &pair.side(blocker).state;
        assert!(crate::core::rooms::visible(state, &parsed(user), &state.rooms[&id], dated), "shown as to all others");
        assert_eq!(pair.side(blocker).notices_of(user).len(), before, "and not told");
        post(&mut pair, blocker, user, id, "who blocks writes in groups").expect("the room is everybody's");
    }
}

#[test]
fn p19_authors_and_masters_delete_notes_and_comments() {
    let (mut pair, id) = group(ACME);
    let index = done(&mut pair, GLOBEX, "bob", id, Note::Posted(note("Stand")));
    let comment = done(&mut pair, ACME, "carol", id, Note::Commented { target: index, text: parsed("no") });
    for target in [index, comment] {
        assert_eq!(refused(&mut pair, GLOBEX, "dave", id, Note::Deleted { target }), Some(Code::NotAuthor));
    }
    assert_eq!(refused(&mut pair, GLOBEX, "bob", id, Note::Deleted { target: comment }), Some(Code::NotAuthor));
    done(&mut pair, ACME, "carol", id, Note::Deleted { target: comment });
    done(&mut pair, ACME, "alice", id, Note::Deleted { target: index });
    assert!(same_item(&pair, id, index).recalled.is_some() && same_item(&pair, id, comment).recalled.is_some());
    let late = Note::Commented { target: index, text: parsed("late") };
    assert_eq!(refused(&mut pair, GLOBEX, "bob", id, late), Some(Code::Recalled));
    let message = post(&mut pair, ACME, "alice", id, "a message is no note").expect("open");
    let Place::Index(message) = message else { panic!("acme hosts") };
    assert_eq!(refused(&mut pair, ACME, "alice", id, Note::Deleted { target: message }), Some(Code::NoSuchItem));
    assert_eq!(
        refused(&mut pair, ACME, "alice", id, Note::Pinned { target: comment, on: true }),
        Some(Code::NoSuchItem)
    );
}

#[test]
fn p19_dates_are_answered_across_the_border_and_the_last_answer_counts() {
    for (org, author) in PEOPLE {
        let (mut pair, id) = group(ACME);
        let target = done(&mut pair, org, author, id, Calendar::Posted(date("Fair")));
        for (side, user) in PEOPLE {
            done(&mut pair, side, user, id, Calendar::Answered { target, answer: Attendance::Maybe });
            done(&mut pair, side, user, id, Calendar::Answered { target, answer: Attendance::Yes });
            let again = act(&mut pair, side, user, id, Calendar::Answered { target, answer: Attendance::Yes }.into());
            assert!(matches!(again, Ok(Answer::Outcome(Outcome::Done))), "said already");
            let changed = Calendar::Changed { target, body: date("Fair, day two") };
            let may = user == author || user == "alice";
            assert_eq!(refused(&mut pair, side, user, id, changed), (!may).then_some(Code::NotAuthor), "{user}");
            pair.sync();
        }
        let item = same_item(&pair, id, target);
        assert!(item.answers.len() == 4 && item.answers.iter().all(|(_, answer)| *answer == Attendance::Yes));
        done(&mut pair, org, author, id, Calendar::Cancelled { target });
        assert!(same_item(&pair, id, target).cancelled.is_some());
        let late = Calendar::Answered { target, answer: Attendance::No };
        assert_eq!(refused(&mut pair, GLOBEX, "dave", id, late), Some(Code::Recalled));
        for (side, user) in PEOPLE.into_iter().filter(|(_, user)| *user != author) {
            let told = pair.side(side).notices_of(user);
            assert!(told.contains(&&NoticeKind::Date { room: id, index: target }), "{user} knows of it");
        }
    }
}

#[test]
fn what_a_tool_makes_is_listed_on_both_sides() {
    let (mut pair, id) = group(ACME);
    let index = done(&mut pair, GLOBEX, "bob", id, Note::Posted(note("One")));
    let date = done(&mut pair, ACME, "alice", id, Calendar::Posted(date("Fair")));
    done(&mut pair, ACME, "alice", id, Note::Pinned { target: index, on: true });
    for org in [ACME, GLOBEX] {
        let listed = [(id, ItemKind::Note, index), (id, ItemKind::Date, date)];
        assert_eq!(pair.side(org).listed.iter().copied().collect::<Vec<_>>(), listed);
    }
}

fn switch(pair: &mut Pair, org: Org, user: &str, id: RoomId, rules: RulesChange) -> Result<Answer, Reject> {
    let change = SettingsChange { rules, ..SettingsChange::default() };
    let done = pair.user(org, user, UserOp::ChangeRoom(id, change));
    pair.sync();
    done
}

#[test]
fn p19_a_master_of_either_org_switches_a_tool_and_nobody_else() {
    let (mut pair, id) = group(ACME);
    pair.user(ACME, "alice", UserOp::SetRole(id, pair.address(GLOBEX, "bob"), Role::Master)).expect("a master names");
    pair.sync();
    let off = RulesChange { note: Some(false), ..RulesChange::default() };
    for (org, user) in [(ACME, "carol"), (GLOBEX, "dave")] {
        assert_eq!(code(switch(&mut pair, org, user, id, off)), Code::NotMaster);
    }
    for (org, user) in [(ACME, "alice"), (GLOBEX, "bob")] {
        let index = done(&mut pair, GLOBEX, "dave", id, Note::Posted(note("while it is on")));
        switch(&mut pair, org, user, id, off).expect("a master switches");
        for (side, name) in PEOPLE {
            assert_eq!(refused(&mut pair, side, name, id, Note::Posted(note("off"))), Some(Code::ToolOff), "{name}");
            assert_eq!(
                refused(&mut pair, side, name, id, Note::Pinned { target: index, on: true }),
                Some(Code::ToolOff)
            );
            assert_eq!(off_by(&pair.side(side).state, room(&pair, side, id), Tool::Note), Some(Whose::Masters));
        }
        done(&mut pair, GLOBEX, "dave", id, Calendar::Posted(date("the others stay on")));
        switch(&mut pair, org, user, id, RulesChange { note: Some(true), ..off }).expect("a master switches");
    }
}

#[test]
fn p19_the_stricter_admin_decides_and_both_sides_know_whose_rule_it_is() {
    for strict in [ACME, GLOBEX] {
        let (mut pair, id) = group(ACME);
        let tools = Tools { calendar: false, ..Tools::default() };
        pair.admin(strict, AdminOp::SetPolicy(Policy { tools, ..Policy::default() })).expect("an admin's right");
        let before = act(
            &mut pair,
            strict.other(),
            if strict == ACME { "bob" } else { "alice" },
            id,
            Calendar::Posted(date("race")).into(),
        );
        assert!(before.is_ok(), "the partner does not know yet");
        pair.sync();
        while pair.greet(strict).expect("a hello is heard") {}
        for org in [ACME, GLOBEX] {
            let rule = off_by(&pair.side(org).state, room(&pair, org, id), Tool::Calendar);
            assert_eq!(rule, Some(Whose::Org(strict.domain())), "as {org:?} sees it");
        }
        assert!(pair.side(strict).listed.is_empty(), "what came in between was refused");
        for (side, user) in PEOPLE {
            assert_eq!(
                refused(&mut pair, side, user, id, Calendar::Posted(date("off"))),
                Some(Code::ToolOff),
                "{user}"
            );
            assert_eq!(refused(&mut pair, side, user, id, Note::Posted(note("on"))), None, "{user}");
        }
    }
}

#[test]
fn p19_masters_say_who_may_call_all() {
    let (mut pair, id) = group(ACME);
    let masters = RulesChange { callers: Some(Callers::Masters), ..RulesChange::default() };
    switch(&mut pair, ACME, "alice", id, masters).expect("a master");
    for (org, user) in PEOPLE {
        let called = post_message(&mut pair, org, user, id, Message { all: true, ..text("all!") });
        assert_eq!(called.err().map(|reject| reject.code), (user != "alice").then_some(Code::NotMaster), "{user}");
    }
}

#[test]
fn w18_rules_come_with_the_rooms_state() {
    let (mut pair, id) = group(ACME);
    let rules = RulesChange { folder: Some(false), callers: Some(Callers::Masters), ..RulesChange::default() };
    pair.user(ACME, "alice", UserOp::RemoveMember(id, pair.address(GLOBEX, "bob"))).expect("a master");
    pair.user(ACME, "alice", UserOp::RemoveMember(id, pair.address(GLOBEX, "dave"))).expect("a master");
    pair.sync();
    switch(&mut pair, ACME, "alice", id, rules).expect("a master, while the partner is away");
    pair.user(ACME, "alice", UserOp::AddMembers(id, vec![pair.address(GLOBEX, "bob")])).expect("a former member");
    pair.sync();
    assert_eq!(room(&pair, GLOBEX, id).info.rules, room(&pair, ACME, id).info.rules);
    assert!(!room(&pair, GLOBEX, id).info.rules.tools.folder);
}
