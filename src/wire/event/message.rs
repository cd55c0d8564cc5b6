//! Messages, and what can be done to them.

use super::{
    super::{
        WireError, file,
        file::FileV1,
        strict::{Integer, ensure, present},
    },
    OBJECT, people,
};
use crate::{
    crypto::object::Object,
    model::{
        Address,
        event::{Edit, Message, React, Recall},
        limits,
        text::{Emoji, MessageText},
    },
};
use serde::{Deserialize, Serialize};

/// Somebody said something.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageV1 {
    /// Absent only beside files.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    text: Option<MessageText>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    reply_to: Option<Integer>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    mentions: Option<Vec<Address>>,
    /// Only ever true: feature `mention-all`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    all: Option<bool>,
    /// Feature `files`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    files: Option<Vec<Object<FileV1>>>,
}

impl From<&Message> for MessageV1 {
    fn from(message: &Message) -> Self {
        Self {
            text: Some(message.text.clone()).filter(|text| !text.is_none()),
            reply_to: message.reply_to.map(Integer),
            mentions: listed(&message.mentions),
            all: message.all.then_some(true),
            files: file::write_list(&message.files),
        }
    }
}

impl MessageV1 {
    pub(super) fn into_message(self) -> Result<Message, WireError> {
        ensure(self.all != Some(false), OBJECT, "all", "must be absent or true")?;
        ensure(self.text.is_some() || self.files.is_some(), OBJECT, "text", "is missing")?;
        Ok(Message {
            text: self.text.unwrap_or_else(MessageText::none),
            reply_to: self.reply_to.map(|index| index.0),
            mentions: mentions(self.mentions)?,
            all: self.all.is_some(),
            files: file::read_list(OBJECT, self.files)?,
        })
    }
}

/// A message has another text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditV1 {
    target: Integer,
    text: MessageText,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    mentions: Option<Vec<Address>>,
}

impl From<&Edit> for EditV1 {
    fn from(edit: &Edit) -> Self {
        Self { target: Integer(edit.target), text: edit.text.clone(), mentions: listed(&edit.mentions) }
    }
}

impl EditV1 {
    pub(super) fn into_edit(self) -> Result<Edit, WireError> {
        Ok(Edit { target: self.target.0, text: self.text, mentions: mentions(self.mentions)? })
    }
}

/// A message was taken back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecallV1 {
    target: Integer,
}

impl From<&Recall> for RecallV1 {
    fn from(recall: &Recall) -> Self {
        Self { target: Integer(recall.target) }
    }
}

impl From<RecallV1> for Recall {
    fn from(recall: RecallV1) -> Self {
        Self { target: recall.target.0 }
    }
}

/// A reaction begins or ends.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReactV1 {
    target: Integer,
    emoji: Emoji,
    on: bool,
}

impl From<&React> for ReactV1 {
    fn from(react: &React) -> Self {
        Self { target: Integer(react.target), emoji: react.emoji.clone(), on: react.on }
    }
}

impl From<ReactV1> for React {
    fn from(react: ReactV1) -> Self {
        Self { target: react.target.0, emoji: react.emoji, on: react.on }
    }
}

fn listed(users: &[Address]) -> Option<Vec<Address>> {
    if users.is_empty() { None } else { Some(users.to_vec()) }
}

fn mentions(users: Option<Vec<Address>>) -> Result<Vec<Address>, WireError> {
    people("mentions", users, limits::MENTIONS_MAX, "must be absent or name 1 to 50")
}
