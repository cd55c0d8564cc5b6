//! The operations of the naive model, done with real cores.

use super::{
    Op, Org, PEOPLE, Pair, Place, Who, address_of,
    kept::{SMALL, photo},
    messages, org_of, room_of,
};
use crate::{
    core::{
        Command,
        calls::{CallNote, Noted},
        command::{AdminOp, BlockSwitch, KeepFact, KeepOp, UserChange, UserOp},
    },
    model::{
        CallId, Digest, EventId, Millis, Reject, RoomId,
        calendar::{Attendance, When},
        call::{CallEntry, Medium, Outcome},
        event::{
            Act, Calendar, DateBody, Edit, Folder, ItemKind, Message, Note, NoteBody, React, Recall, Role,
            SettingsChange,
        },
        file::{FileRef, FileSource},
        grant::Scopes,
        keeping::{About, Held, Proof, Retention, Texts},
        room::History,
        tool::RulesChange,
    },
    testing::fixtures::{parsed, room_id},
};

/// The last message that somebody's own side has of a place; an index without one when it has none.
fn last_message(pair: &Pair, who: Who, place: Place) -> (RoomId, u64) {
    let room = room_of(who, place);
    let last = messages(pair, org_of(who), room).last().map_or(9_999, |(index, _)| *index);
    (room, last)
}

/// Does the same thing with a real core.
///
/// # Errors
/// The refusal.
pub fn perform(pair: &mut Pair, op: &Op, words: &str) -> Result<(), Reject> {
    if op.asker().is_none() {
        return perform_as_admin(pair, op);
    }
    let (who, user_op) = wish(pair, op, words);
    pair.user(org_of(who), PEOPLE[who], user_op).map(drop)
}

fn perform_as_admin(pair: &mut Pair, op: &Op) -> Result<(), Reject> {
    match op {
        Op::Grant(org) => pair.grant(*org, Scopes::all()),
        Op::Revoke(org) => pair.revoke(*org),
        Op::Permit(who) | Op::Forbid(who) => {
            let external = Some(matches!(op, Op::Permit(_)));
            let local = address_of(*who).local();
            let change = UserChange { external, ..UserChange::default() };
            return pair.admin(org_of(*who), AdminOp::ChangeUser { local, change }).map(drop);
        }
        Op::Hold(who) => return keep(pair, *who, KeepOp::Hold(held(*who), parsed("case"))),
        Op::Release(who) => return keep(pair, *who, KeepOp::Release(held(*who))),
        Op::Erase(who) => return keep(pair, *who, KeepOp::Erase(address_of(*who).local(), Texts::Keep)),
        Op::Call(who, place) => return pair.command(org_of(*who), call(room_of(*who, *place), *who)).map(drop),
        Op::Trim(org, who, place) => return trim(pair, *org, room_of(*who, *place)),
        op => panic!("{op:?} is for a person"),
    }
    Ok(())
}

/// Who wants what.
fn wish(pair: &Pair, op: &Op, words: &str) -> (Who, UserOp) {
    match op {
        Op::Add(who, other) => (*who, UserOp::AddContact(address_of(*other))),
        Op::Block(who, other) => (*who, UserOp::Block(address_of(*other), BlockSwitch::On)),
        Op::Unblock(who, other) => (*who, UserOp::Block(address_of(*other), BlockSwitch::Off)),
        Op::Create(who, group, members) => (*who, create(*group, members)),
        Op::Invite(who, group, other) => (*who, UserOp::AddMembers(room_id(*group), vec![address_of(*other)])),
        Op::Remove(who, group, other) => (*who, UserOp::RemoveMember(room_id(*group), address_of(*other))),
        Op::Promote(who, group, other) => (*who, UserOp::SetRole(room_id(*group), address_of(*other), Role::Master)),
        Op::Demote(who, group, other) => (*who, UserOp::SetRole(room_id(*group), address_of(*other), Role::Member)),
        Op::Say(who, place) => {
            let text = parsed(words);
            let message = Message::plain(text);
            (*who, act(room_of(*who, *place), message.into()))
        }
        Op::Edit(who, place) => {
            let (room, target) = last_message(pair, *who, *place);
            let edit = Edit { target, text: parsed("edited"), mentions: Vec::new() };
            (*who, act(room, Act::Edit(edit)))
        }
        Op::Recall(who, place) => {
            let (room, target) = last_message(pair, *who, *place);
            (*who, act(room, Act::Recall(Recall { target })))
        }
        Op::Note(who, place) => {
            let body = NoteBody { title: parsed("note"), text: None, files: Vec::new() };
            (*who, act(room_of(*who, *place), Note::Posted(body).into()))
        }
        Op::Comment(who, place) => {
            let (room, target) = last_made(pair, *who, *place, ItemKind::Note);
            (*who, act(room, Note::Commented { target, text: parsed("comment") }.into()))
        }
        Op::Date(who, place) => (*who, act(room_of(*who, *place), Calendar::Posted(date()).into())),
        Op::Answer(who, place, comes) => {
            let (room, target) = last_made(pair, *who, *place, ItemKind::Date);
            let answer = if *comes { Attendance::Yes } else { Attendance::No };
            (*who, act(room, Calendar::Answered { target, answer }.into()))
        }
        Op::Put(who, place) => (*who, put(room_of(*who, *place))),
        Op::Trash(who, place) => {
            let (room, target) = last_made(pair, *who, *place, ItemKind::Entry);
            (*who, act(room, Folder::Deleted { target, kept_days: 0 }.into()))
        }
        Op::Undo(who, place) => {
            let (room, target) = last_made(pair, *who, *place, ItemKind::Entry);
            (*who, act(room, Folder::Restored { target }.into()))
        }
        Op::React(who, place, on) => {
            let (room, target) = last_message(pair, *who, *place);
            let react = React { target, emoji: parsed("👍"), on: *on };
            (*who, act(room, Act::React(react)))
        }
        Op::Bound(who, group, small) => {
            let bytes = if *small { SMALL } else { 0 };
            let rules = RulesChange { file_bytes_max: Some(bytes), ..RulesChange::default() };
            (*who, settings(*group, SettingsChange { rules, ..SettingsChange::default() }))
        }
        Op::Picture(who, group, number) => {
            let photo = Some(Some(photo(*number)));
            (*who, settings(*group, SettingsChange { photo, ..SettingsChange::default() }))
        }
        Op::Portray(who, number) => (*who, UserOp::SetPhoto(Some(photo(*number)))),
        Op::Report(who, place) => (*who, report(room_of(*who, *place))),
        op => panic!("{op:?} is for an admin"),
    }
}

fn report(room: RoomId) -> UserOp {
    UserOp::Report { about: About::Room(room), reason: parsed("rude"), proof: Proof::default() }
}

fn settings(group: u8, change: SettingsChange) -> UserOp {
    UserOp::ChangeRoom(room_id(group), change)
}

fn held(who: Who) -> Held {
    Held::User(address_of(who).local())
}

fn keep(pair: &mut Pair, who: Who, op: KeepOp) -> Result<(), Reject> {
    pair.admin(org_of(who), AdminOp::Keep(op)).map(drop)
}

/// Everything in the room is found to be too old.
fn trim(pair: &mut Pair, org: Org, room: RoomId) -> Result<(), Reject> {
    let retention = Retention { direct_days: Some(1), group_days: Some(1), ..Retention::default() };
    pair.admin(org, AdminOp::Keep(KeepOp::SetRetention(retention)))?;
    let Some((before, begins)) = pair.side(org).state.rooms.get(&room).map(|it| (it.next_index, it.begins)) else {
        return Ok(());
    };
    let uses = pair.side(org).file_uses.iter().filter(|(_, of, index)| *of == room && *index < before);
    let files = uses.map(|(digest, _, index)| (*index, *digest)).collect();
    let old = KeepFact::Old { room, before, events: before - begins, files, subfolders: Vec::new() };
    pair.command(org, Command::Keep(vec![old])).map(drop)
}

/// The same for notes, dates or entries of the folder.
fn last_made(pair: &Pair, who: Who, place: Place, kind: ItemKind) -> (RoomId, u64) {
    let room = room_of(who, place);
    let listed = pair.side(org_of(who)).listed.iter().filter(|(of, found, _)| *of == room && *found == kind);
    (room, listed.map(|(.., index)| *index).max().unwrap_or(9_999))
}

fn date() -> DateBody {
    let when = When::Days { first: parsed("2026-03-02"), last: parsed("2026-03-02") };
    DateBody { title: parsed("date"), text: None, place: None, when, repeats: None, reminder_minutes: None }
}

fn put(room: RoomId) -> UserOp {
    let (digest, name, media_type) = (Digest([1; 32]), parsed("plan.txt"), parsed("text/plain"));
    let file = FileRef { digest, bytes: 10, name, media_type, image: None };
    let act = Folder::Added { file, inside: None }.into();
    UserOp::Share { room, id: EventId([1; 16]), act, sources: vec![FileSource::Upload] }
}

fn act(room: RoomId, act: Act) -> UserOp {
    UserOp::Act { room, id: EventId([1; 16]), act }
}

/// What a call that somebody started and nobody answered leaves behind.
fn call(room: RoomId, who: Who) -> Command {
    let entry = CallEntry {
        call: CallId([9; 16]),
        medium: Medium::Voice,
        started_at: Millis(1),
        outcome: Outcome::Missed,
        length_ms: 0,
        joined: Vec::new(),
    };
    Command::Call(CallNote { room, starter: address_of(who), what: Noted::Ended(entry) })
}

fn create(group: u8, members: &[Who]) -> UserOp {
    UserOp::CreateRoom {
        id: room_id(group),
        name: parsed("Group"),
        description: parsed(""),
        history: History::Arrival,
        members: members.iter().map(|who| address_of(*who)).collect(),
    }
}
