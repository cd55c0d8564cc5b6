//! The folder: what is put there, renamed, moved, deleted and brought back.

use super::{
    super::{
        WireError,
        file::{self, FileV1},
        strict::{Integer, ensure, present, refuse},
    },
    Fields, OBJECT, headed,
};
use crate::{
    crypto::object::Object,
    model::{
        event::{Event, Folder},
        file::{FileName, FileRef},
        limits,
    },
};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MadeV1 {
    name: FileName,
    #[serde(rename = "in", default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    inside: Option<Integer>,
}

/// Exactly one file, under the name that all lists of files have.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedV1 {
    files: Vec<Object<FileV1>>,
    #[serde(rename = "in", default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    inside: Option<Integer>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionV1 {
    target: Integer,
    files: Vec<Object<FileV1>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RenamedV1 {
    target: Integer,
    name: FileName,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MovedV1 {
    target: Integer,
    #[serde(rename = "in", default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    inside: Option<Integer>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeletedV1 {
    target: Integer,
    kept_days: Integer,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RestoredV1 {
    target: Integer,
}

fn one(file: &FileRef) -> Vec<Object<FileV1>> {
    vec![Object(file.into())]
}

fn only(files: Vec<Object<FileV1>>) -> Result<FileRef, WireError> {
    match <[FileRef; 1]>::try_from(file::read_list(OBJECT, Some(files))?) {
        Ok([file]) => Ok(file),
        Err(_) => refuse(OBJECT, "files", "must name exactly one"),
    }
}

pub(super) fn write(event: &Event, folder: &Folder) -> Vec<u8> {
    let place = |inside: &Option<u64>| inside.map(Integer);
    match folder {
        Folder::Made { name, inside } => {
            headed(event, "folder_make", MadeV1 { name: name.clone(), inside: place(inside) })
        }
        Folder::Added { file, inside } => {
            headed(event, "folder_add", AddedV1 { files: one(file), inside: place(inside) })
        }
        Folder::Version { target, file } => {
            headed(event, "folder_version", VersionV1 { target: Integer(*target), files: one(file) })
        }
        Folder::Renamed { target, name } => {
            headed(event, "folder_rename", RenamedV1 { target: Integer(*target), name: name.clone() })
        }
        Folder::Moved { target, inside } => {
            headed(event, "folder_move", MovedV1 { target: Integer(*target), inside: place(inside) })
        }
        Folder::Deleted { target, kept_days } => {
            headed(event, "folder_delete", DeletedV1 { target: Integer(*target), kept_days: Integer(*kept_days) })
        }
        Folder::Restored { target } => headed(event, "folder_restore", RestoredV1 { target: Integer(*target) }),
    }
}

pub(super) fn read(kind: &str, fields: Fields<'_>) -> Result<Folder, WireError> {
    let place = |inside: Option<Integer>| inside.map(|index| index.0);
    Ok(match kind {
        "folder_make" => {
            let MadeV1 { name, inside } = fields.read()?;
            Folder::Made { name, inside: place(inside) }
        }
        "folder_add" => {
            let AddedV1 { files, inside } = fields.read()?;
            Folder::Added { file: only(files)?, inside: place(inside) }
        }
        "folder_version" => {
            let VersionV1 { target, files } = fields.read()?;
            Folder::Version { target: target.0, file: only(files)? }
        }
        "folder_rename" => {
            let RenamedV1 { target, name } = fields.read()?;
            Folder::Renamed { target: target.0, name }
        }
        "folder_move" => {
            let MovedV1 { target, inside } = fields.read()?;
            Folder::Moved { target: target.0, inside: place(inside) }
        }
        "folder_delete" => {
            let DeletedV1 { target, kept_days } = fields.read()?;
            ensure(kept_days.0 <= limits::FOLDER_KEPT_DAYS_MAX, OBJECT, "kept_days", "must be at most 366")?;
            Folder::Deleted { target: target.0, kept_days: kept_days.0 }
        }
        "folder_restore" => Folder::Restored { target: fields.read::<RestoredV1>()?.target.0 },
        _ => return Err(super::UNKNOWN),
    })
}
