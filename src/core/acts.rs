//! What members do in a room: checked the same way on both sides, ordered by the host, and its effect derived by both
//! from the same events (P20, P21, P23, W13, W17).
//!
//! A user's act is checked and then ordered, or submitted to the host, which checks it again. `messages` says what is
//! asked of each kind and what it changes; `places` carries submissions to their places.

mod calendar;
mod folder;
mod items;
mod messages;
mod notes;
mod places;

pub use folder::give_up;
pub use places::{OwnSubmits, PlacedRun, flush_placed, receive_placed, receive_submit};

use super::{
    command::{Answer, Ref},
    draft::Draft,
    features::{self, Feature},
    files,
    permit::scopes,
    rooms,
    state::Room,
    tools,
};
use crate::{
    model::{
        Address, Code, Domain, EventId, LocalPart, Reject, RoomId,
        event::{Act, Content, Event, Folder, Note, Recall, Sealed},
        file::{FileRef, FileSource},
        grant::Scope,
        item::Trace,
        journal::Place,
        limits,
        record::RecordBody,
        room::Member,
    },
    wire,
};

/// One of our users does something. In a room that the partner hosts it is queued until the host has placed it.
///
/// # Errors
/// The first condition that fails.
pub fn act(
    draft: &mut Draft<'_>,
    user: &LocalPart,
    (id, event): (RoomId, EventId),
    mut act: Act,
    sources: &[FileSource],
) -> Result<Answer, Reject> {
    let room = rooms::member_of(&draft.state, user, id)?.clone();
    rooms::writable(&draft.state, &room, user, draft.now)?;
    let author = draft.state.address(user);
    if let Some(tool) = act.tool() {
        tools::check(&draft.state, &room, tool)?;
    }
    messages::prepare(draft, &room, &author, &mut act)?;
    check_files(draft, user, &room, files::named(&act), sources)?;
    if let Some(feature) = feature_of(&act) {
        features::check(&draft.state, &room, feature)?;
    }
    validate(draft, &room, &author, &act).map_err(|code| refusal(code, &act))?;
    if is_done(draft, &room, &author, &act) {
        return Ok(Answer::done());
    }
    let content = Content::Act(act);
    let sealed = wire::event::seal(Event { id: event, author: Some(author.clone()), made_at: draft.now, content });
    if sealed.bytes.len() > limits::EVENT_BYTES_MAX {
        return Err(Reject::new(Code::TooLarge, format!("this takes more than {} bytes", limits::EVENT_BYTES_MAX)));
    }
    if !room.is_hosted_by(&draft.state.org.domain) {
        return submit(draft, user, &room, sealed);
    }
    let index = rooms::order(draft, id, sealed.clone());
    apply(draft, id, index, &sealed);
    Ok(Answer::posted(id, event, Place::Index(index)))
}

fn check_files(
    draft: &Draft<'_>,
    user: &LocalPart,
    room: &Room,
    named: &[FileRef],
    sources: &[FileSource],
) -> Result<(), Reject> {
    if named.is_empty() {
        return Ok(());
    }
    if named.len() > limits::FILES_PER_MESSAGE_MAX {
        let detail = format!("at most {} files go together", limits::FILES_PER_MESSAGE_MAX);
        return Err(Reject { field: Some("files"), ..Reject::limit(Code::TooLarge, "message_files", detail) });
    }
    files::check_sources(draft, user, named, sources)?;
    files::check_sending(&draft.state, user, room, named, draft.now)
}

fn submit(draft: &mut Draft<'_>, user: &LocalPart, room: &Room, sealed: Sealed) -> Result<Answer, Reject> {
    let (id, p) = (room.info.id, room.info.pending.to);
    let (event, bytes, named) = (sealed.event.id, sealed.bytes.clone(), files::named_by(&sealed.event).to_vec());
    let body = RecordBody::RoomSubmit { room: id, event: sealed };
    let sent = draft.send(&room.info.host, &body, Ref::Pending(id, p, user.clone()));
    let sent = sent.ok_or_else(|| Reject::new(Code::Opening, "the daemons have yet to greet each other; try again"))?;
    draft.pend(id, user, bytes, sent);
    files::note_pending(draft, id, p, &named);
    Ok(Answer::posted(id, event, Place::Pending(p)))
}

/// What both sides ask of an act before it gets a place (W13): a local user's before it is queued, and the partner's
/// before it is ordered.
///
/// # Errors
/// `NOT_MEMBER`, and what the kind asks for.
pub fn validate(draft: &Draft<'_>, room: &Room, author: &Address, act: &Act) -> Result<(), Code> {
    let member = room.members.get(author).ok_or(Code::NotMember)?;
    check_tool(draft, room, act)?;
    let actor = (author, member);
    match act {
        Act::Note(note) => notes::validate(draft, room, actor, note),
        Act::Calendar(calendar) => calendar::validate(draft, room, actor, calendar),
        Act::Folder(folder) => {
            folder::check(draft, room, actor, folder)?;
            folder::check_standing(draft, room, folder)
        }
        _ => messages::validate(draft, room, actor, act),
    }
}

fn check_tool(draft: &Draft<'_>, room: &Room, act: &Act) -> Result<(), Code> {
    act.tool().map_or(Ok(()), |tool| tools::takes(&draft.state, room, tool))
}

/// Whether the act would change nothing, so that no event is due.
fn is_done(draft: &Draft<'_>, room: &Room, author: &Address, act: &Act) -> bool {
    match act {
        Act::Note(note) => notes::is_done(draft, room.info.id, note),
        Act::Calendar(calendar) => calendar::is_done(draft, room.info.id, author, calendar),
        Act::Folder(folder) => folder::is_done(draft, room.info.id, folder),
        _ => messages::is_done(draft, room, author, act),
    }
}

/// Takes an act that the host has ordered. What it is about can be missing here, because it never crossed: then there is
/// nothing to change, and the event keeps its place.
///
/// # Errors
/// `SCOPE`, `NOT_MEMBER`, and what the kind asks for; they consume the index.
pub fn take(draft: &mut Draft<'_>, peer: &Domain, id: RoomId, author: &Address, sealed: &Sealed) -> Result<(), Code> {
    let (Some(room), Some(link)) = (draft.state.rooms.get(&id).cloned(), draft.state.links.get(peer)) else {
        return Err(Code::Authority);
    };
    let Some(act) = sealed.event.content.act() else { return Err(Code::Authority) };
    if !scopes(link, draft.now).holds(Scope::Messages) {
        return Err(Code::Scope);
    }
    files::check_taking(&draft.state, link, &room, files::named(act), draft.now)?;
    let member = room.members.get(author).ok_or(Code::NotMember)?;
    check_tool(draft, &room, act)?;
    if act.concerns().any(|index| index >= room.next_index) {
        return Err(Code::NoSuchItem);
    }
    let is_missing = act.concerns().any(|index| draft.item(id, index).is_none());
    match act {
        _ if is_missing => {}
        // Whom the host's people may mention, and what they see, is the host's to check.
        Act::Message(message) => messages::check_reply(&room, message)?,
        // What stands in its tree is the host's to know.
        Act::Folder(folder) => folder::check(draft, &room, (author, member), folder)?,
        _ => validate(draft, &room, author, act)?,
    }
    let index = draft.append(id, sealed.clone(), None);
    apply(draft, id, index, sealed);
    Ok(())
}

/// What an act changes, once it has its place: the same on both sides.
fn apply(draft: &mut Draft<'_>, id: RoomId, index: u64, sealed: &Sealed) {
    let Event { author: Some(author), content: Content::Act(act), .. } = &sealed.event else { return };
    let trace = Trace { by: author.clone(), index };
    match act {
        Act::Note(note) => notes::apply(draft, id, note, &trace),
        Act::Calendar(calendar) => calendar::apply(draft, id, calendar, &trace),
        Act::Folder(folder) => folder::apply(draft, id, folder, &trace),
        _ => messages::apply(draft, id, act, &trace),
    }
    files::note_named(draft, id, index, author, files::named(act));
    if let Act::Recall(Recall { target }) | Act::Note(Note::Deleted { target }) = act {
        files::erase_item(draft, id, *target);
    }
}

/// What an act of the past has changed: in an archive, or before a restore.
pub(super) fn replay(draft: &mut Draft<'_>, id: RoomId, index: u64, sealed: &Sealed) {
    apply(draft, id, index, sealed);
}

/// Whether somebody sees an item: it is in the timeline, and not from before their time (P17).
fn sees(room: &Room, member: &Member, index: u64) -> bool {
    (member.visible_from..room.next_index).contains(&index)
}

/// What the partner's daemon has to know for this act.
fn feature_of(act: &Act) -> Option<Feature> {
    match act {
        Act::Message(message) if message.all => Some(Feature::MentionAll),
        Act::Message(_) => None,
        Act::Edit(_) | Act::Recall(_) => Some(Feature::Edits),
        Act::React(_) => Some(Feature::Reactions),
        // Whether the partner offers a tool is asked before.
        Act::Note(_) if !files::named(act).is_empty() => Some(Feature::NoteFiles),
        Act::Note(_) | Act::Calendar(_) | Act::Folder(_) => None,
        Act::Call(_) => Some(Feature::Calls),
    }
}

fn refusal(code: Code, act: &Act) -> Reject {
    let (field, detail) = match (code, act) {
        (Code::NoSuchMessage, _) => (Some("reply_to"), "the message that you answer is not visible to you"),
        (Code::NoSuchItem, _) => (None, "there is nothing of this kind at that index, or it is not visible to you"),
        (Code::NotAuthor, Act::Recall(_) | Act::Note(_) | Act::Calendar(_) | Act::Folder(_)) => {
            (None, "only its author or a Group Master can do this")
        }
        (Code::NotAuthor, _) => (None, "only its author can change it"),
        (Code::Invalid, Act::Folder(_)) => (Some("in"), "a subfolder cannot be inside itself"),
        (Code::NotEmpty, _) => (None, "only an empty subfolder can be deleted; move or delete first what is in it"),
        (Code::TooLate, Act::Folder(_)) => (None, "the time in which it can be brought back is over"),
        (Code::TooLarge, Act::Folder(Folder::Version { .. })) => (None, "it has as many versions as a file can have"),
        (Code::TooLarge, Act::Folder(Folder::Renamed { .. })) => (None, "it was renamed as often as an entry can be"),
        (Code::TooLarge, Act::Folder(_)) => (Some("in"), "subfolders are at most 16 deep"),
        (Code::Recalled, _) => (None, "it was recalled, deleted or called off; nothing changes it any more"),
        (Code::TooLarge, Act::Note(_) | Act::Calendar(_)) => (None, "it has as many edits or comments as it can have"),
        (Code::NotMaster, _) => (Some("all"), "only a Group Master may mention everybody in this room"),
        (Code::TooLarge, Act::React(_)) => (None, "it has as many reactions as an item can have"),
        (Code::TooLarge, Act::Edit(_)) => (None, "it was edited as often as a message can be"),
        (Code::TooLarge, _) => (Some("mentions"), "a message mentions at most 50 people"),
        _ => (None, "only members do this in this room"),
    };
    let limit = (code == Code::TooLarge).then(|| limit_of(act));
    Reject { field, limit, ..Reject::new(code, detail) }
}

/// The limit that an act can meet, as `GET /api/v1/limits` names it.
fn limit_of(act: &Act) -> &'static str {
    match act {
        Act::React(_) => "reactions",
        Act::Edit(_) => "message_edits",
        Act::Note(_) => "note_comments",
        Act::Folder(Folder::Version { .. }) => "folder_versions",
        Act::Folder(Folder::Renamed { .. }) => "message_edits",
        Act::Folder(_) => "folder_depth",
        Act::Calendar(_) | Act::Message(_) | Act::Recall(_) | Act::Call(_) => "message_mentions",
    }
}
