//! Uploads by the tus protocol, version 1.0.0: core, creation, expiration, termination.
//!
//! The metadata `filename` and `filetype` say what the file is, and `sha256` (hex) what must have arrived.

use super::{ClientContext, Context, caller::Caller, dto, paths::UploadPath};
use crate::{
    api::{
        body::Write,
        field::{self, Segments},
        problem::{HttpFault, Problem},
    },
    files::{DiskError, NewUpload, Progress, UploadError, UploadId, UploadView, Writing},
    model::{Code, file::FileName, limits},
};
use axum::{
    Json,
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::BytesMut;
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::time::timeout;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,expiration,termination";
const PIECE_TYPE: &str = "application/offset+octet-stream";
const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// What the server offers
#[utoipa::path(
    options, path = "/api/v1/uploads", tag = "files",
    responses((status = 204, description = "`Tus-Version`, `Tus-Extension` and `Tus-Max-Size` say it."))
)]
pub async fn offer(axum::extract::State(context): Context, _: Caller) -> Response {
    let bytes_max = context.engine.state().file_policy.bytes_max;
    let headers = [
        ("tus-version", HeaderValue::from_static(VERSION)),
        ("tus-extension", HeaderValue::from_static(EXTENSIONS)),
        ("tus-max-size", HeaderValue::from(bytes_max)),
    ];
    tus((StatusCode::NO_CONTENT, headers).into_response())
}

/// Begin an upload
///
/// `Location` is where to send its bytes. It is for its maker alone, and expires when nothing happens to it for a day.
#[utoipa::path(
    post, path = "/api/v1/uploads", tag = "files",
    params(
        ("Upload-Length" = u64, Header, description = "The length of the whole file, bytes."),
        ("Upload-Metadata" = Option<String>, Header, description = "`filename`, `filetype`, `sha256`: names and base64 values."),
    ),
    responses((status = 201, description = "Begun.", body = dto::Upload))
)]
pub async fn begin(
    axum::extract::State(context): Context,
    caller: Caller,
    headers: HeaderMap,
    write: Write,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    let bytes = number(&headers, &LENGTH)?;
    let bytes_max = context.engine.state().file_policy.bytes_max;
    if bytes > bytes_max {
        return Err(Problem::new(Code::TooLarge, format!("a file has at most {bytes_max} bytes here")));
    }
    let upload = describe(bytes, headers.get(METADATA))?;
    // Under an idempotency key the id follows from it, so that a repeated request finds the upload that it began.
    let id = write.key(caller.user.as_str())?.map_or_else(|| context.entropy.bytes(), |key| key.key);
    let view = context.files.begin_upload(&caller.user, UploadId(id), upload).await?;
    let location = format!("/api/v1/uploads/{}", view.id);
    let answer = (StatusCode::CREATED, [(header::LOCATION, location)], Json(show(&view)));
    Ok(tus(with_expiry(answer.into_response(), &view)))
}

/// How far an upload is
#[utoipa::path(
    head, path = "/api/v1/uploads/{upload}", tag = "files",
    params(UploadPath),
    responses((status = 200, description = "`Upload-Offset` and `Upload-Length` say it."))
)]
pub async fn probe(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Response, Problem> {
    let view = context.files.upload(&caller.user, segments.parse("upload")?)?;
    let headers = [(OFFSET, HeaderValue::from(view.offset)), (LENGTH, HeaderValue::from(view.bytes))];
    Ok(tus(with_expiry((StatusCode::OK, headers).into_response(), &view)))
}

/// Read an upload
///
/// Once it is whole it has a `file`, and a message can name it.
#[utoipa::path(
    get, path = "/api/v1/uploads/{upload}", tag = "files",
    params(UploadPath),
    responses((status = 200, body = dto::Upload))
)]
pub async fn read(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Json<dto::Upload>, Problem> {
    Ok(Json(show(&context.files.upload(&caller.user, segments.parse("upload")?)?)))
}

/// Send bytes of an upload
///
/// From `Upload-Offset` on, which must be where the upload ends now. What arrived before an interruption stays.
#[utoipa::path(
    patch, path = "/api/v1/uploads/{upload}", tag = "files",
    params(UploadPath, ("Upload-Offset" = u64, Header, description = "Where the bytes begin.")),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses((status = 204, description = "Durable; `Upload-Offset` says how far it is."))
)]
pub async fn write(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    check_version(&headers)?;
    let id: UploadId = segments.parse("upload")?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|value| value != PIECE_TYPE) {
        return Err(Problem::http(HttpFault::MediaType, format!("send the bytes with `Content-Type: {PIECE_TYPE}`")));
    }
    let writing = context.files.write_upload(&caller.user, id, number(&headers, &OFFSET)?).await?;
    // On its own, so that what has arrived is kept when the client goes away.
    let pumped = tokio::spawn(pump(writing, body)).await;
    let progress = pumped.map_err(|_| Problem::http(HttpFault::Internal, "the daemon failed; its log says why"))??;
    let bytes = match progress {
        Progress::More(bytes) => bytes,
        Progress::Finished(file) => file.bytes,
    };
    let view = context.files.upload(&caller.user, id)?;
    let answer = (StatusCode::NO_CONTENT, [(OFFSET, HeaderValue::from(bytes))]);
    Ok(tus(with_expiry(answer.into_response(), &view)))
}

/// Remove an upload
///
/// What a message has named stays.
#[utoipa::path(
    delete, path = "/api/v1/uploads/{upload}", tag = "files",
    params(UploadPath),
    responses((status = 204, description = "Gone."))
)]
pub async fn end(
    axum::extract::State(context): Context,
    caller: Caller,
    segments: Segments,
) -> Result<Response, Problem> {
    context.files.end_upload(&caller.user, segments.parse("upload")?).await?;
    Ok(tus(StatusCode::NO_CONTENT.into_response()))
}

/// Moves the body to the disk in pieces, so that memory stays the same however long it is.
async fn pump(mut writing: Writing, body: Body) -> Result<Progress, UploadError> {
    let idle = Duration::from_millis(limits::UPLOAD_IDLE_MS_MAX);
    let mut frames = body.into_data_stream();
    let mut piece = BytesMut::with_capacity(limits::FILE_CHUNK_BYTES);
    // An interrupted body ends here like a complete one: what came is kept.
    while let Ok(Some(Ok(frame))) = timeout(idle, frames.next()).await {
        if (piece.len() + frame.len()) as u64 > writing.bytes_left() {
            return Err(UploadError::TooLong);
        }
        piece.extend_from_slice(&frame);
        if piece.len() >= limits::FILE_CHUNK_BYTES {
            writing.push(piece.split().freeze()).await?;
        }
    }
    if !piece.is_empty() {
        writing.push(piece.freeze()).await?;
    }
    writing.close().await
}

fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(RESUMABLE) {
        Some(version) if version == VERSION => Ok(()),
        _ => Err(Problem::http(HttpFault::Version, format!("send `Tus-Resumable: {VERSION}`"))),
    }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, Problem> {
    let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    field::parse_number(name.as_str(), value)
}

/// The metadata of the tus protocol: `name base64,name base64`. Names that are not known here are passed over.
fn describe(bytes: u64, metadata: Option<&HeaderValue>) -> Result<NewUpload, Problem> {
    let wrong = || Problem::field("Upload-Metadata", "must be names and base64 values as `filename cGxhbi5wZGY=`");
    let text = metadata.map_or(Ok(""), |value| value.to_str()).map_err(|_| wrong())?;
    let mut upload = NewUpload { bytes, name: FileName::clean(""), declared: None, digest: None };
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = STANDARD.decode(value).ok().and_then(|value| String::from_utf8(value).ok()).ok_or_else(wrong)?;
        match name {
            "filename" => upload.name = FileName::clean(&value),
            // Parameters such as a charset say nothing about who may have it.
            "filetype" if value.is_empty() => {}
            "filetype" => {
                let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                upload.declared = Some(field::parse("filetype", &essence)?);
            }
            "sha256" => upload.digest = Some(field::parse("sha256", &value)?),
            _ => {}
        }
    }
    Ok(upload)
}

fn tus(mut response: Response) -> Response {
    response.headers_mut().insert(RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

/// The end of the upload in the form of HTTP dates.
fn with_expiry(mut response: Response, view: &UploadView) -> Response {
    let at = jiff::Timestamp::from_millisecond(i64::try_from(view.expires_at.0).unwrap_or(i64::MAX)).ok();
    let date = at.map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    if let Some(value) = date.and_then(|date| HeaderValue::try_from(date).ok()) {
        response.headers_mut().insert(EXPIRES, value);
    }
    response
}

fn show(view: &UploadView) -> dto::Upload {
    dto::Upload {
        id: view.id.to_string(),
        bytes: view.bytes,
        offset: view.offset,
        expires_at: view.expires_at.0,
        file: view.file.as_ref().map(Into::into),
    }
}

impl From<DiskError> for Problem {
    fn from(error: DiskError) -> Self {
        match error {
            DiskError::Full => Self::new(Code::StorageFull, "the disk of the daemon is full; try again later"),
            DiskError::Missing | DiskError::Io(_) => {
                tracing::error!(%error, "a file could not be read or written");
                Self::http(HttpFault::Internal, "the daemon could not read or write a file; its log says why")
            }
        }
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let detail = error.to_string();
        match error {
            UploadError::Unknown => Self::new(Code::NotFound, detail),
            UploadError::TooMany(_) | UploadError::TooFast => Self::new(Code::RateLimited, detail),
            UploadError::Offset { .. } | UploadError::Busy => Self::new(Code::Conflict, detail),
            UploadError::TooLong => Self::new(Code::TooLarge, detail),
            UploadError::Digest => Self::new(Code::Invalid, detail),
            UploadError::Type { .. } => Self::new(Code::FileType, detail),
            UploadError::Disk(error) => error.into(),
        }
    }
}

/// What a message names, as the core takes it; and the uploads among it, whose bytes stay while `pins` live.
pub async fn resolve(context: &ClientContext, caller: &Caller, files: &[dto::NewFile]) -> Result<Named, Problem> {
    let mut named = Named::default();
    for (at, file) in files.iter().enumerate() {
        let field = |name: &str| format!("files[{at}].{name}");
        match (&file.upload, &file.room, file.index, &file.digest) {
            (Some(upload), None, None, None) => {
                named.add_upload(context, caller, field::parse(&field("upload"), upload)?).await?;
            }
            (None, Some(room), Some(index), Some(digest)) => {
                let room = field::parse(&field("room"), room)?;
                let digest = field::parse(&field("digest"), digest)?;
                named.add_known(context, caller, (room, index), digest)?;
            }
            _ => {
                let rule = "must have either `upload`, or `room`, `index` and `digest`";
                return Err(Problem::field(format!("files[{at}]"), rule));
            }
        }
    }
    Ok(named)
}

mod named;

pub use named::Named;
