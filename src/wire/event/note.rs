//! Notes and comments.

use super::{
    super::{
        WireError,
        file::{self, FileV1},
        strict::{Integer, present},
    },
    Fields, OBJECT, headed,
};
use crate::{
    crypto::object::Object,
    model::{
        event::{Event, Note, NoteBody},
        text::{MessageText, Title},
    },
};
use serde::{Deserialize, Serialize};

/// What a note says; with the note's index when it is said anew.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteV1 {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    target: Option<Integer>,
    title: Title,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    text: Option<MessageText>,
    /// Feature `note-files`.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    files: Option<Vec<Object<FileV1>>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeletedV1 {
    target: Integer,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinnedV1 {
    target: Integer,
    on: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CommentV1 {
    target: Integer,
    text: MessageText,
}

impl NoteV1 {
    fn new(target: Option<u64>, body: &NoteBody) -> Self {
        Self {
            target: target.map(Integer),
            title: body.title.clone(),
            text: body.text.clone(),
            files: file::write_list(&body.files),
        }
    }

    fn into_parts(self) -> Result<(Option<Integer>, NoteBody), WireError> {
        let Self { target, title, text, files } = self;
        Ok((target, NoteBody { title, text, files: file::read_list(OBJECT, files)? }))
    }
}

pub(super) fn write(event: &Event, note: &Note) -> Vec<u8> {
    match note {
        Note::Posted(body) => headed(event, "note", NoteV1::new(None, body)),
        Note::Edited { target, body } => headed(event, "note_edit", NoteV1::new(Some(*target), body)),
        Note::Deleted { target } => headed(event, "note_delete", DeletedV1 { target: Integer(*target) }),
        Note::Pinned { target, on } => headed(event, "note_pin", PinnedV1 { target: Integer(*target), on: *on }),
        Note::Commented { target, text } => {
            headed(event, "note_comment", CommentV1 { target: Integer(*target), text: text.clone() })
        }
    }
}

pub(super) fn read(kind: &str, fields: Fields<'_>) -> Result<Note, WireError> {
    Ok(match kind {
        "note" => {
            let (target, body) = fields.read::<NoteV1>()?.into_parts()?;
            super::absent("target", target.as_ref())?;
            Note::Posted(body)
        }
        "note_edit" => {
            let (target, body) = fields.read::<NoteV1>()?.into_parts()?;
            Note::Edited { target: super::needed("target", target)?.0, body }
        }
        "note_delete" => Note::Deleted { target: fields.read::<DeletedV1>()?.target.0 },
        "note_pin" => {
            let PinnedV1 { target, on } = fields.read()?;
            Note::Pinned { target: target.0, on }
        }
        "note_comment" => {
            let CommentV1 { target, text } = fields.read()?;
            Note::Commented { target: target.0, text }
        }
        _ => return Err(super::UNKNOWN),
    })
}
