//! What of an event can be found: the one place that a new kind of event has to be added to.
//!
//! An entry of the index stands for an *item* of a room, named by the index of the event that made it. What changes the
//! words of an item puts it into the index anew, as the store holds it by then; doing that twice changes nothing.

use super::question::Kind;
use crate::model::{
    Address, Millis, RoomId,
    event::{Act, Calendar, Content, DateBody, Event, Folder, Note, NoteBody},
};

/// One item as it can be found. Does not print: it holds what people wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which room.
    pub room: RoomId,
    /// The event that made the item.
    pub index: u64,
    /// When the item became durable here.
    pub at: Millis,
    /// Who made it; none when a rule did.
    pub author: Option<Address>,
    /// What it is.
    pub kind: Kind,
    /// Its words.
    pub text: String,
}

/// What an event does to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it changes no words.
    Nothing,
    /// It makes an item.
    Add,
    /// It changes the words of this item, or takes it away.
    Refresh(u64),
}

/// What an event does to the index.
#[must_use]
pub fn effect(event: &Event) -> Effect {
    let Content::Act(act) = &event.content else { return Effect::Nothing };
    match act {
        Act::Message(_)
        | Act::Note(Note::Posted(_) | Note::Commented { .. })
        | Act::Calendar(Calendar::Posted(_))
        | Act::Folder(Folder::Made { .. } | Folder::Added { .. }) => Effect::Add,
        Act::Edit(_)
        | Act::Recall(_)
        | Act::Note(Note::Edited { .. } | Note::Deleted { .. })
        | Act::Calendar(Calendar::Changed { .. })
        | Act::Folder(Folder::Renamed { .. } | Folder::Deleted { .. } | Folder::Restored { .. }) => {
            act.target().map_or(Effect::Nothing, Effect::Refresh)
        }
        Act::React(_)
        | Act::Call(_)
        | Act::Note(Note::Pinned { .. })
        | Act::Calendar(Calendar::Cancelled { .. } | Calendar::Answered { .. })
        | Act::Folder(Folder::Version { .. } | Folder::Moved { .. }) => Effect::Nothing,
    }
}

/// Kind and words of the item that `made` has made, by the event that says what it is now: the last edit, or `made`
/// itself. None when it says nothing that can be found.
#[must_use]
pub fn words_of(made: &Event, says: &Event) -> Option<(Kind, String)> {
    let Content::Act(act) = &says.content else { return None };
    Some(match act {
        Act::Message(message) => words_of_message(made, message.text.as_str()),
        Act::Edit(edit) => words_of_message(made, edit.text.as_str()),
        Act::Note(Note::Posted(body) | Note::Edited { body, .. }) => (Kind::Note, words_of_note(body)),
        Act::Note(Note::Commented { text, .. }) => (Kind::Comment, text.as_str().to_owned()),
        Act::Calendar(Calendar::Posted(body) | Calendar::Changed { body, .. }) => (Kind::Date, words_of_date(body)),
        Act::Folder(folder) => (Kind::File, folder.name()?.as_str().to_owned()),
        Act::Recall(_)
        | Act::React(_)
        | Act::Call(_)
        | Act::Note(Note::Deleted { .. } | Note::Pinned { .. })
        | Act::Calendar(Calendar::Cancelled { .. } | Calendar::Answered { .. }) => return None,
    })
}

/// An edit changes the text of a message, and its files stay.
fn words_of_message(made: &Event, text: &str) -> (Kind, String) {
    let files = match &made.content {
        Content::Act(Act::Message(message)) => &message.files[..],
        _ => &[],
    };
    let kind = if files.is_empty() { Kind::Message } else { Kind::File };
    let names = files.iter().map(|file| file.name.as_str());
    (kind, lines([text].into_iter().filter(|text| !text.is_empty()).chain(names)))
}

fn words_of_note(body: &NoteBody) -> String {
    let text = body.text.as_ref().map(|text| text.as_str());
    lines([body.title.as_str()].into_iter().chain(text).chain(body.files.iter().map(|file| file.name.as_str())))
}

fn words_of_date(body: &DateBody) -> String {
    let (place, text) = (body.place.as_ref(), body.text.as_ref());
    let more = place.map(|place| place.as_str()).into_iter().chain(text.map(|text| text.as_str()));
    lines([body.title.as_str()].into_iter().chain(more))
}

fn lines<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<Vec<_>>().join("\n")
}
