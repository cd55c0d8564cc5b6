//! Messages, edits, recalls and reactions: what is asked of each, and what it changes (P20).

use super::{super::draft::Draft, sees};
use crate::{
    core::{facts::ItemFact, rooms, state::Room},
    model::{
        Address, Code, Reject, RoomId,
        event::{Act, Content, Edit, Message, React, Role},
        item::{Item, Trace},
        limits,
        notice::NoticeKind,
        room::Member,
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
        Act::React(_) => Ok(()),
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
pub(super) fn validate(
    draft: &Draft<'_>,
    room: &Room,
    (author, member): (&Address, &Member),
    act: &Act,
) -> Result<(), Code> {
    match act {
        Act::Message(message) => {
            check_reply_seen(room, member, message)?;
            check_known(room, &message.mentions)
        }
        Act::Edit(edit) => {
            let fact = item_of(draft, room, member, edit.target)?;
            message_of(fact)?;
            check_author(fact, author)?;
            check_count(fact.item.edits.len(), limits::EDITS_PER_ITEM_MAX)?;
            check_known(room, &edit.mentions)
        }
        Act::Recall(recall) => {
            let fact = item_of(draft, room, member, recall.target)?;
            message_of(fact)?;
            if member.role == Role::Master { Ok(()) } else { check_author(fact, author) }
        }
        Act::React(react) => {
            let fact = item_of(draft, room, member, react.target)?;
            check_reaction(&fact.item, react)
        }
    }
}

fn check_reply_seen(room: &Room, member: &Member, message: &Message) -> Result<(), Code> {
    match message.reply_to {
        Some(index) if !sees(room, member, index) => Err(Code::NoSuchMessage),
        _ => Ok(()),
    }
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
    check_count(mentions.len(), limits::MENTIONS_MAX + 1)?;
    let known = |user: &Address| room.members.contains_key(user) || room.former.contains_key(user);
    if mentions.iter().all(known) { Ok(()) } else { Err(Code::NotMember) }
}

fn check_count(count: usize, end: usize) -> Result<(), Code> {
    if count < end { Ok(()) } else { Err(Code::TooLarge) }
}

/// The item, if the member sees it and it was not taken back.
fn item_of<'d>(draft: &'d Draft<'_>, room: &Room, member: &Member, index: u64) -> Result<&'d ItemFact, Code> {
    let fact = draft.item(room.info.id, index).filter(|_| sees(room, member, index)).ok_or(Code::NoSuchItem)?;
    let makes_item = fact.event.content.act().is_some_and(|act| act.target().is_none());
    match &fact.item.recalled {
        _ if !makes_item => Err(Code::NoSuchItem),
        Some(_) => Err(Code::Recalled),
        None => Ok(fact),
    }
}

fn message_of(fact: &ItemFact) -> Result<&Message, Code> {
    match &fact.event.content {
        Content::Act(Act::Message(message)) => Ok(message),
        _ => Err(Code::NoSuchItem),
    }
}

fn check_author(fact: &ItemFact, author: &Address) -> Result<(), Code> {
    if fact.event.author.as_ref() == Some(author) { Ok(()) } else { Err(Code::NotAuthor) }
}

fn check_reaction(item: &Item, react: &React) -> Result<(), Code> {
    if !react.on {
        return Ok(());
    }
    let known = item.reactions.iter().any(|reaction| reaction.emoji == react.emoji);
    let all: usize = item.reactions.iter().map(|reaction| reaction.people.len()).sum();
    check_count(all, limits::REACTIONS_PER_ITEM_MAX)?;
    if known { Ok(()) } else { check_count(item.reactions.len(), limits::EMOJI_PER_ITEM_MAX) }
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
            let called = if message.all { all_members(draft, id) } else { message.mentions.clone() };
            notify_mentions(draft, id, trace, &called, trace.index);
        }
        Act::Edit(Edit { target, mentions, .. }) => {
            let called = newly_called(draft, id, *target, mentions);
            change_item(draft, id, *target, |item| item.edits.push(trace.index));
            notify_mentions(draft, id, trace, &called, *target);
        }
        Act::Recall(recall) => {
            change_item(draft, id, recall.target, |item| {
                item.recalled = Some(trace.clone());
                item.reactions.clear();
            });
        }
        Act::React(React { target, emoji, on: true }) => {
            change_item(draft, id, *target, |item| item.add_reaction(emoji, trace.clone()));
        }
        Act::React(React { target, emoji, on: false }) => {
            change_item(draft, id, *target, |item| item.remove_reaction(emoji, &trace.by));
        }
    }
}

fn change_item(draft: &mut Draft<'_>, id: RoomId, index: u64, change: impl FnOnce(&mut Item)) {
    let Some(mut item) = draft.item(id, index).map(|fact| fact.item.clone()) else { return };
    change(&mut item);
    draft.put_item(id, index, item);
}

fn all_members(draft: &Draft<'_>, id: RoomId) -> Vec<Address> {
    draft.state.rooms.get(&id).map_or_else(Vec::new, |room| room.members.keys().cloned().collect())
}

/// Those whom the message did not call from the start.
fn newly_called(draft: &Draft<'_>, id: RoomId, index: u64, mentions: &[Address]) -> Vec<Address> {
    let message = draft.item(id, index).and_then(|fact| message_of(fact).ok());
    let known = |user: &&Address| message.is_some_and(|message| message.all || message.mentions.contains(user));
    mentions.iter().filter(|user| !known(user)).cloned().collect()
}

/// Tells those of our users who are called by name and may see it. A person of a direct room is told by the message.
fn notify_mentions(draft: &mut Draft<'_>, id: RoomId, trace: &Trace, called: &[Address], index: u64) {
    for user in called {
        let state = &draft.state;
        let sees = state.rooms.get(&id).and_then(|room| room.members.get(user).map(|member| sees(room, member, index)));
        if *user != trace.by
            && sees == Some(true)
            && state.is_ours(user)
            && !rooms::blocks(state, &user.local(), &trace.by)
        {
            draft.notify(&user.local(), NoticeKind::Mentioned { room: id, index });
        }
    }
}
