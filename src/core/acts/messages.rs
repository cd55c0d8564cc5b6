//! Messages, edits, recalls and reactions: what is asked of each, and what it changes (P20).

use super::{
    super::draft::Draft,
    folder,
    items::{Actor, change, check_author, check_author_or_master, check_room_for_more, everybody, item_of, tell},
    sees,
};
use crate::{
    core::{facts::ItemFact, state::Room},
    model::{
        Address, Code, Reject, RoomId,
        event::{Act, Content, Edit, ItemKind, Message, React, Role},
        item::{Item, Trace},
        limits,
        notice::NoticeKind,
        room::{Member, RoomKind},
        tool::Callers,
    },
};

/// What only the author's own side asks: that mentions name members, each once, and that it is not too late.
///
/// # Errors
/// `INVALID` with the field, `TOO_LATE`.
pub(super) fn prepare(draft: &Draft<'_>, room: &Room, author: &Address, act: &mut Act) -> Result<(), Reject> {
    match act {
        Act::Message(message) => check_mentions(room, &mut message.mentions),
        Act::Edit(edit) => {
            check_mentions(room, &mut edit.mentions)?;
            check_window(draft, room, edit.target)
        }
        Act::Recall(_) if is_master(room, author) => Ok(()),
        Act::Recall(recall) => check_window(draft, room, recall.target),
        Act::Folder(folder) => {
            folder::prepare(draft, folder);
            Ok(())
        }
        Act::React(_) | Act::Note(_) | Act::Calendar(_) | Act::Call(_) => Ok(()),
    }
}

fn is_master(room: &Room, user: &Address) -> bool {
    room.members.get(user).is_some_and(|member| member.role == Role::Master)
}

/// Whom a text calls by name: members, each once.
fn check_mentions(room: &Room, mentions: &mut Vec<Address>) -> Result<(), Reject> {
    if let Some(stranger) = mentions.iter().find(|user| !room.members.contains_key(*user)) {
        return Err(Reject::field("mentions", format!("names {stranger}, who is not a member of this room")));
    }
    if mentions.len() > 1 {
        mentions.sort();
        mentions.dedup();
    }
    Ok(())
}

/// The window of the author's org, by the author's own clock: no other side can know it.
fn check_window(draft: &Draft<'_>, room: &Room, index: u64) -> Result<(), Reject> {
    let window_ms = draft.state.policy.edit_window_ms;
    match draft.item(room.info.id, index) {
        Some(fact) if draft.now.since(fact.event.made_at) > window_ms => {
            let detail = format!("your organization lets messages be changed for {} minutes", window_ms / 60_000);
            Err(Reject::new(Code::TooLate, detail))
        }
        _ => Ok(()),
    }
}

/// What both sides ask.
///
/// # Errors
/// The code of the refusal.
pub(super) fn validate(draft: &Draft<'_>, room: &Room, actor: Actor<'_>, act: &Act) -> Result<(), Code> {
    let member = actor.1;
    match act {
        Act::Message(message) => {
            check_reply_seen(room, member, message)?;
            check_caller(room, member, message)?;
            check_known(room, &message.mentions)
        }
        Act::Edit(edit) => {
            let fact = item_of(draft, room, actor, edit.target, &[ItemKind::Message])?;
            check_author(fact, actor)?;
            check_room_for_more(fact.item.edits.len(), limits::EDITS_PER_ITEM_MAX)?;
            check_known(room, &edit.mentions)
        }
        Act::Recall(recall) => {
            let fact = item_of(draft, room, actor, recall.target, &[ItemKind::Message])?;
            check_author_or_master(fact, actor)
        }
        Act::React(react) => {
            let fact = item_of(draft, room, actor, react.target, ITEMS)?;
            check_reaction(&fact.item, react)
        }
        Act::Call(entry) => check_known(room, &entry.joined),
        Act::Note(_) | Act::Calendar(_) | Act::Folder(_) => Ok(()),
    }
}

fn check_reply_seen(room: &Room, member: &Member, message: &Message) -> Result<(), Code> {
    match message.reply_to {
        Some(index) if !sees(room, member, index) => Err(Code::NoSuchMessage),
        _ => Ok(()),
    }
}

/// Who may call all is for the masters to say, where there are any (P19).
fn check_caller(room: &Room, member: &Member, message: &Message) -> Result<(), Code> {
    let restricted = room.info.rules.callers == Callers::Masters && room.info.kind != RoomKind::Direct;
    if message.all && restricted && member.role != Role::Master { Err(Code::NotMaster) } else { Ok(()) }
}

/// What the follower asks of a message that the host has ordered: that the answered one is past.
///
/// # Errors
/// `NO_SUCH_MESSAGE`.
pub(super) fn check_reply(room: &Room, message: &Message) -> Result<(), Code> {
    if message.reply_to.is_some_and(|index| index >= room.next_index) { Err(Code::NoSuchMessage) } else { Ok(()) }
}

/// What passed once passes later: who was removed meanwhile may still be mentioned.
fn check_known(room: &Room, mentions: &[Address]) -> Result<(), Code> {
    check_room_for_more(mentions.len(), limits::MENTIONS_MAX + 1)?;
    let known = |user: &Address| room.members.contains_key(user) || room.former.contains_key(user);
    if mentions.iter().all(known) { Ok(()) } else { Err(Code::NotMember) }
}

/// Everything that can be reacted to.
const ITEMS: &[ItemKind] = &[ItemKind::Message, ItemKind::Note, ItemKind::Comment, ItemKind::Date];

fn message_of(fact: &ItemFact) -> Option<&Message> {
    match &fact.event.content {
        Content::Act(Act::Message(message)) => Some(message),
        _ => None,
    }
}

fn check_reaction(item: &Item, react: &React) -> Result<(), Code> {
    if !react.on {
        return Ok(());
    }
    let known = item.reactions.iter().any(|reaction| reaction.emoji == react.emoji);
    let all: usize = item.reactions.iter().map(|reaction| reaction.people.len()).sum();
    check_room_for_more(all, limits::REACTIONS_PER_ITEM_MAX)?;
    if known { Ok(()) } else { check_room_for_more(item.reactions.len(), limits::EMOJI_PER_ITEM_MAX) }
}

/// Whether the act would change nothing, so that no event is due.
pub(super) fn is_done(draft: &Draft<'_>, room: &Room, author: &Address, act: &Act) -> bool {
    match act {
        Act::React(React { target, emoji, on }) => {
            draft.item(room.info.id, *target).is_some_and(|fact| fact.item.has_reaction(emoji, author) == *on)
        }
        _ => false,
    }
}

/// What the act changes, and who is told.
pub(super) fn apply(draft: &mut Draft<'_>, id: RoomId, act: &Act, trace: &Trace) {
    match act {
        Act::Message(message) => {
            let called = if message.all { everybody(draft, id) } else { message.mentions.clone() };
            tell(draft, trace, &called, &NoticeKind::Mentioned { room: id, index: trace.index });
        }
        Act::Edit(Edit { target, mentions, .. }) => {
            let called = newly_called(draft, id, *target, mentions);
            change(draft, id, *target, |item| item.edits.push(trace.index));
            tell(draft, trace, &called, &NoticeKind::Mentioned { room: id, index: *target });
        }
        Act::Recall(recall) => {
            change(draft, id, recall.target, |item| {
                item.recalled = Some(trace.clone());
                item.reactions.clear();
            });
        }
        Act::React(React { target, emoji, on: true }) => {
            change(draft, id, *target, |item| item.add_reaction(emoji, trace.clone()));
        }
        Act::React(React { target, emoji, on: false }) => {
            change(draft, id, *target, |item| item.remove_reaction(emoji, &trace.by));
        }
        Act::Note(_) | Act::Calendar(_) | Act::Folder(_) | Act::Call(_) => {}
    }
}

/// Those whom the message did not call from the start.
fn newly_called(draft: &Draft<'_>, id: RoomId, index: u64, mentions: &[Address]) -> Vec<Address> {
    let message = draft.item(id, index).and_then(message_of);
    let known = |user: &&Address| message.is_some_and(|message| message.all || message.mentions.contains(user));
    mentions.iter().filter(|user| !known(user)).cloned().collect()
}
