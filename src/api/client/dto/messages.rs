//! Timelines, queued submissions, posts.

use super::{
    Days, Times,
    files::{Erasure, File, FilePlace, NewFile},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use utoipa::{IntoParams, ToSchema};

/// Part of a room's timeline.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct Messages {
    /// Events by ascending index. What one may not see is left out, so indexes can have gaps.
    pub items: Vec<TimelineItem>,
    /// One's own submissions that have no place yet, or will never have one, by ascending number.
    pub pending: Vec<PendingItem>,
    /// `before` of the page with older events; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_before: Option<u64>,
    /// `after` of the page with newer events; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_after: Option<u64>,
}

/// One event at its place.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct TimelineItem {
    /// Its place; dense per room.
    pub index: u64,
    /// When it became durable here.
    pub at: u64,
    /// Whether the partner has it; absent for what need not cross, or came from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// The index of the item that it changes: clients fold such events into the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<u64>,
    /// What has become of it since. Not in live frames, which bring the events that change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<Now>,
    /// The event, byte for byte as its author's organization sealed it. After a recall only its head: `id`, `author`,
    /// `made_at`, `kind`.
    #[schema(value_type = Event)]
    pub event: Box<RawValue>,
}

/// How an item stands now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Now {
    /// What a message says since its last edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edited>,
    /// Who took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled: Option<Trace>,
    /// Reactions to it, in the order in which their emoji came up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// The message that it answers, if one may see that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    /// Where its files are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FilePlace>,
    /// After a recall: who has removed its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
}

/// What a message says now.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Edited {
    /// The index of the last edit.
    pub index: u64,
    /// When, by the clock of the author's daemon.
    pub at: u64,
    /// How often it was edited.
    pub count: u64,
    /// The text now.
    pub text: String,
    /// Members who are called by name now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Whether the partner has the edit: until then its people see the text of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// Who did something, and by which event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Trace {
    /// Who.
    pub by: String,
    /// The index of the event.
    pub index: u64,
    /// Whether the partner has it: until then its people see what was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// Who has reacted by one emoji.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Reaction {
    /// The emoji.
    pub emoji: String,
    /// Who, in their order.
    pub people: Vec<String>,
}

/// The beginning of a message that is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct Quote {
    /// Its index.
    pub index: u64,
    /// Who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Up to 200 characters of what it says now; absent when it was recalled or is no message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether it was recalled.
    pub recalled: bool,
}

/// A submission to a room that the partner hosts.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PendingItem {
    /// Its number among the room's submissions.
    pub pending: u64,
    /// Where it stands.
    pub delivery: Delivery,
    /// The event, byte for byte.
    #[schema(value_type = Event)]
    pub event: Box<RawValue>,
}

/// Whether the partner has an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// `queued`, `delivered`, `refused` or `undelivered`.
    pub state: Cow<'static, str>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'static, str>>,
}

/// An event. Which of the optional members are there depends on the kind; readers pass over kinds they do not know.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Event {
    /// Chosen by the author's daemon.
    pub id: String,
    /// Who caused it; absent when a rule did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When, by the clock of the author's daemon. For display, never for order.
    pub made_at: u64,
    /// `message`, `edit`, `recall`, `react`, `note`, `note_edit`, `note_comment`, `note_pin`, `note_delete`, `date`,
    /// `date_change`, `date_cancel`, `date_answer`, `folder_make`, `folder_add`, `folder_version`, `folder_rename`,
    /// `folder_move`, `folder_delete`, `folder_restore`, `call`, `created`, `joined`, `removed`, `excluded`, `role` or
    /// `settings`.
    pub kind: String,
    /// What the message says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The index of the message that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// Members who are called by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Files that go with the message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// Whether all members are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
    /// The index of the item that an edit, a recall or a reaction is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<u64>,
    /// The emoji of a reaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// Whether the reaction or pin stands from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<bool>,
    /// The title of a note or date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where a date is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The days of a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<Days>,
    /// The times of a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// The rule of recurrence of a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<String>,
    /// When one wants to be reminded of a date, minutes before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder_minutes: Option<u64>,
    /// Whether somebody comes: `yes`, `no` or `maybe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Which call was had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// How it was started: `voice` or `video`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// When it was started, by the clock of the author's daemon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<u64>,
    /// How it ended: `answered`, `missed`, `declined`, `busy` or `cancelled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// How long people talked in it, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ms: Option<u64>,
    /// Who was in beside its author.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<String>,
    /// Who joined, was removed or was excluded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    /// The rule that excluded them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Whose role changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The new role: `member` or `master`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The new name of the room, or of an entry of the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The subfolder that something was put into; absent for the top.
    #[serde(rename = "in", default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<u64>,
    /// How long what was deleted from the folder can be brought back, days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_days: Option<u64>,
    /// The room's new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The room's new history rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<String>,
}

/// Says something in a room.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage<'a> {
    /// 1 byte to 16 KiB of UTF-8.
    #[serde(borrow)]
    #[schema(value_type = String)]
    pub text: Cow<'a, str>,
    /// The index of the message that is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<u64>,
    /// Files that go with it: up to 10. The text may be empty when there are some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<NewFile>,
    /// Members who are called by name: up to 50 addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// Whether all members are called; a room's masters may keep this to themselves.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

/// Another text for a message.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewText<'a> {
    /// 1 byte to 16 KiB of UTF-8.
    #[serde(borrow)]
    #[schema(value_type = String)]
    pub text: Cow<'a, str>,
    /// Members who are called by name now: up to 50 addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
}

/// A message that is durable here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Posted {
    /// Where.
    pub room: String,
    /// The event's id.
    pub id: String,
    /// Its place in the timeline, when this organization hosts the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// Its number among the room's submissions, when the partner hosts the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<u64>,
    /// Whether the partner has it; absent when it need not cross.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
}

/// Which part of a timeline is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Only events with a smaller index, the newest of them. Without `before` and `after`: the newest of all.
    #[param(value_type = Option<u64>)]
    pub before: Option<String>,
    /// Only events with a larger index, the oldest of them. Not together with `before`.
    #[param(value_type = Option<u64>)]
    pub after: Option<String>,
    /// Most events of the page, 1 to 200; 50 when absent.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
}
