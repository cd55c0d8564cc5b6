//! Requests that change something: the body within its limit, strictly parsed, and the idempotency key.

use super::{
    idempotency,
    problem::{HttpFault, Problem},
};
use crate::{
    engine::IdempotencyKey,
    model::{Code, limits},
};
use axum::{
    body::Body,
    extract::{FromRequest, OriginalUri, Request},
    http::{HeaderMap, HeaderValue, Method, Uri, header},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Deserialize;

/// A field's name is shown back up to this length, characters.
const SHOWN_NAME_CHARS_MAX: usize = 64;

/// A request that changes something, with its whole body.
#[derive(Debug)]
pub struct Write {
    method: Method,
    uri: Uri,
    media_type: Option<HeaderValue>,
    key: Option<HeaderValue>,
    bytes: Bytes,
}

impl Write {
    /// The body as JSON of this form. Unknown and missing fields are refused by name.
    ///
    /// # Errors
    /// 415 when the body is declared as something else, else `INVALID` with the field.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        check_media_type(self.media_type.as_ref())?;
        parse_json(&self.bytes)
    }

    /// The engine's key of this request, when the caller gave one. `caller` names who asks, so that keys of
    /// different callers never meet.
    ///
    /// # Errors
    /// `INVALID` when the header is empty, too long or holds other than visible ASCII.
    pub fn key(&self, caller: &str) -> Result<Option<IdempotencyKey>, Problem> {
        let Some(header) = &self.key else { return Ok(None) };
        let text = idempotency::parse(header)?;
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Some(idempotency::digest(caller, text, &self.method, path, &self.bytes)))
    }
}

impl<S: Send + Sync> FromRequest<S> for Write {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let uri = parts.extensions.remove::<OriginalUri>().map_or(parts.uri, |OriginalUri(uri)| uri);
        let bytes = read(&parts.headers, body).await?;
        Ok(Self {
            method: parts.method,
            uri,
            media_type: parts.headers.remove(header::CONTENT_TYPE),
            key: parts.headers.remove(idempotency::HEADER),
            bytes,
        })
    }
}

async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > limits::API_BODY_BYTES_MAX) {
        return Err(too_large());
    }
    match Limited::new(body, limits::API_BODY_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(Problem::http(HttpFault::Incomplete, "the body did not arrive in full")),
    }
}

fn too_large() -> Problem {
    Problem::new(Code::TooLarge, format!("the body must be at most {} bytes", limits::API_BODY_BYTES_MAX))
        .limit("request_body")
}

fn check_media_type(value: Option<&HeaderValue>) -> Result<(), Problem> {
    let essence = value.and_then(|value| value.to_str().ok()).and_then(|text| text.split(';').next());
    if essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(Problem::http(HttpFault::MediaType, "send the body as JSON, with `Content-Type: application/json`"))
}

/// Parses strictly. The slow way, which knows where the fault is, is taken only when the fast one failed.
///
/// # Errors
/// `INVALID` with the field and what is allowed. No value of the request is repeated.
pub fn parse_json<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Problem> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(error) => Err(explain::<T>(bytes, &error)),
    }
}

fn explain<'a, T: Deserialize<'a>>(bytes: &'a [u8], error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        let place = format!("line {} column {}", error.line(), error.column());
        return Problem::new(Code::Invalid, format!("the body must be one JSON object; it ends being JSON at {place}"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => Problem::new(Code::Invalid, "the body must be one JSON object and nothing after it"),
        Err(error) => field_problem(&error.path().to_string(), &error.inner().to_string()),
    }
}

/// What serde says of a field, as a problem that names it. `path` is where it happened, empty or `.` for the whole.
pub(super) fn field_problem(path: &str, reason: &str) -> Problem {
    let reason = reason.rsplit_once(" at line ").map_or(reason, |(reason, _)| reason);
    let inner = |name: &str| if matches!(path, "" | ".") { name.to_owned() } else { format!("{path}.{name}") };
    if let Some(name) = quoted_after(reason, "missing field ") {
        return Problem::field(inner(&name), "is missing");
    }
    if let Some(name) = quoted_after(reason, "unknown field ") {
        let allowed = reason.split_once(", expected ").map_or("no fields", |(_, allowed)| allowed);
        // serde names the field itself at the end of the path; a sibling is meant.
        let place = path.rsplit_once('.').map_or(String::new(), |(parent, _)| format!("{parent}."));
        return Problem::field(format!("{place}{name}"), format!("is not known here; allowed: {allowed}"));
    }
    if let Some(name) = quoted_after(reason, "duplicate field ") {
        return Problem::field(name, "is there twice");
    }
    let expected = reason.rsplit_once("expected ").map_or("what the API document says", |(_, expected)| expected);
    let expected = in_words(expected);
    if matches!(path, "" | ".") {
        return Problem::new(Code::Invalid, format!("the body must be {expected}"));
    }
    Problem::field(path, format!("must be {expected}"))
}

fn quoted_after(text: &str, words: &str) -> Option<String> {
    let name = text.strip_prefix(words)?.strip_prefix('`')?.split('`').next()?;
    Some(name.chars().take(SHOWN_NAME_CHARS_MAX).collect())
}

fn in_words(expected: &str) -> &str {
    match expected {
        "u64" | "u32" | "u16" | "usize" => "a whole number from 0",
        "i64" | "i32" => "a whole number",
        "a sequence" => "an array",
        "a boolean" => "true or false",
        _ if expected.starts_with("struct ") => "an object",
        "a borrowed string" | "a string" | "str" => "a string",
        other => other,
    }
}

#[cfg(test)]
mod tests;
