//! Files to and from a daemon: uploads in pieces that go on after an interruption, and saving to disk.

use super::{
    failure::{Done, Exit, Failure},
    http::Http,
};
use crate::{
    api::client::dto::{NewFile, NewMessage, Posted, Upload},
    clock::{SystemRandom, random_16},
    model::id::hex,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use reqwest::Method;
use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

/// Sent in one request, bytes.
const PIECE_BYTES: usize = 16 * 1024 * 1024;
/// How often an interrupted piece is sent again.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

/// Uploads what a source holds, from its start.
pub async fn upload(http: &Http, name: &str, bytes: u64, source: &mut (impl Read + Seek + Send)) -> Done<Upload> {
    let media_type = guess(name).map(|known| format!(",filetype {}", STANDARD.encode(known))).unwrap_or_default();
    let metadata = format!("filename {}{media_type}", STANDARD.encode(name));
    let length = bytes.to_string();
    let key = hex(&random_16(&mut SystemRandom));
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-length", &length),
        ("upload-metadata", &metadata),
        ("idempotency-key", &key),
    ];
    let begun = http.raw(Method::POST, "/api/v1/uploads", &headers, Bytes::new()).await?;
    let location = begun.headers().get("location").and_then(|value| value.to_str().ok());
    let path = location.ok_or_else(|| Failure::fault("the daemon did not say where to upload to"))?.to_owned();
    let (mut offset, mut tries) = (0, 0);
    while offset < bytes {
        match push(http, &path, offset, source).await {
            Ok(next) => (offset, tries) = (next, 0),
            Err(failure) if failure.exit == Exit::Unreachable && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
                let upload: Done<Upload> = http.read(&path).await;
                offset = upload.map_or(offset, |upload| upload.offset);
            }
            Err(failure) => return Err(failure),
        }
    }
    http.read(&path).await
}

async fn push(http: &Http, path: &str, offset: u64, source: &mut (impl Read + Seek + Send)) -> Done<u64> {
    let mut piece = Vec::new();
    source.seek(SeekFrom::Start(offset))?;
    source.take(PIECE_BYTES as u64).read_to_end(&mut piece)?;
    if piece.is_empty() {
        return Err(Failure::refused("the file has become shorter while it was sent"));
    }
    let (next, from) = (offset + piece.len() as u64, offset.to_string());
    let headers = [
        ("tus-resumable", "1.0.0"),
        ("upload-offset", from.as_str()),
        ("content-type", "application/offset+octet-stream"),
    ];
    http.raw(Method::PATCH, path, &headers, piece.into()).await?;
    Ok(next)
}

/// Sends a file to a room, with words or without.
pub async fn send(http: &Http, room: &str, file: &Path, text: &str) -> Done<Posted> {
    let unreadable = |error| Failure::refused(format!("{} cannot be read: {error}", file.display()));
    let mut source = File::open(file).map_err(unreadable)?;
    let bytes = source.metadata().map_err(unreadable)?.len();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let upload = upload(http, &name, bytes, &mut source).await?;
    post(http, room, &[upload], text).await
}

/// Posts a message that names uploads.
pub async fn post(http: &Http, room: &str, uploads: &[Upload], text: &str) -> Done<Posted> {
    let files = uploads.iter().map(|upload| NewFile { upload: Some(upload.id.clone()), ..NewFile::default() });
    let message = NewMessage { text: text.into(), files: files.collect(), ..NewMessage::default() };
    http.post(&format!("/api/v1/rooms/{room}/messages"), &message).await
}

/// Where a file of a room is read.
#[must_use]
pub fn path_of(room: &str, digest: &str) -> String {
    format!("/api/v1/rooms/{room}/files/{digest}")
}

/// Saves a file of a room into a directory under its name, or under the next free one. Nothing is overwritten.
pub async fn save(http: &Http, room: &str, (digest, name): (&str, &str), dir: &Path) -> Done<PathBuf> {
    let mut response = http.raw(Method::GET, &path_of(room, digest), &[], Bytes::new()).await?;
    let (path, mut file) = create(dir, name)?;
    let broken = |error| Failure::unreachable(format!("the daemon broke off the file: {error}"));
    while let Some(piece) = response.chunk().await.map_err(broken)? {
        file.write_all(&piece)?;
    }
    Ok(path)
}

fn create(dir: &Path, name: &str) -> Done<(PathBuf, File)> {
    let name = crate::model::file::FileName::clean(name);
    for n in 0..100 {
        let path = if n == 0 { dir.join(name.as_str()) } else { dir.join(format!("{n}-{name}")) };
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::refused(format!("{} cannot be written: {error}", path.display()))),
        }
    }
    Err(Failure::refused(format!("{} has a hundred files of that name", dir.display())))
}

/// The type of a file by the end of its name; the daemon looks at the bytes too.
fn guess(name: &str) -> Option<&'static str> {
    let end = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match end.as_str() {
        "txt" | "md" | "log" => "text/plain",
        "csv" => "text/csv",
        "pdf" => "application/pdf",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "zip" => "application/zip",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => return None,
    })
}
