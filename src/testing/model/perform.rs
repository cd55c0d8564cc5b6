//! The operations of the naive model, done with real cores.

use super::{Op, PEOPLE, Pair, Place, Who, address_of, messages, org_of, room_of};
use crate::{
    core::{
        calls::{CallNote, Noted},
        command::{AdminOp, BlockSwitch, Command, UserChange, UserOp},
    },
    model::{
        CallId, Digest, EventId, Millis, Reject, RoomId,
        calendar::{Attendance, When},
        call::{CallEntry, Medium, Outcome},
        event::{Act, Calendar, DateBody, Edit, Folder, ItemKind, Message, Note, NoteBody, React, Recall, Role},
        file::{FileRef, FileSource},
        grant::Scopes,
        room::History,
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
    let (who, user_op) = match op {
        Op::Grant(org) => {
            pair.grant(*org, Scopes::all());
            return Ok(());
        }
        Op::Revoke(org) => {
            pair.revoke(*org);
            return Ok(());
        }
        Op::Permit(who) | Op::Forbid(who) => {
            let external = Some(matches!(op, Op::Permit(_)));
            let local = address_of(*who).local();
            let change = UserChange { external, ..UserChange::default() };
            return pair.admin(org_of(*who), AdminOp::ChangeUser { local, change }).map(drop);
        }
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
        Op::Call(who, place) => return pair.command(org_of(*who), call(room_of(*who, *place), *who)).map(drop),
        Op::React(who, place, on) => {
            let (room, target) = last_message(pair, *who, *place);
            let react = React { target, emoji: parsed("👍"), on: *on };
            (*who, act(room, Act::React(react)))
        }
    };
    pair.user(org_of(who), PEOPLE[who], user_op).map(drop)
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
