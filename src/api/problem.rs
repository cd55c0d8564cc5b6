//! Problem documents (RFC 9457): one exhaustive match turns every refusal into an HTTP answer.

use crate::{
    engine::Refusal,
    model::{Code, Reject},
    store::kv::StoreError,
};
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::ToSchema;

/// The media type of problem documents.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// What the `type` of a problem begins with.
const TYPE_BASE: &str = "https://handclasp.dev/problems/";
/// When to try again while the daemons of a link have yet to greet each other, milliseconds.
const OPENING_RETRY_MS: u64 = 1_000;

/// Why a request was not done. Nothing changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Identifies the kind of problem; ends in the code in lower case.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "https://handclasp.dev/problems/not-master")]
    pub kind: Box<str>,
    /// The kind of problem in a few words.
    #[schema(value_type = String)]
    pub title: Box<str>,
    /// The HTTP status.
    pub status: u16,
    /// One sentence: what is wrong and what to do next.
    #[schema(value_type = String)]
    pub detail: Box<str>,
    /// Stable code.
    #[schema(value_type = String, example = "NOT_MASTER")]
    pub code: Cow<'static, str>,
    /// The field at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub field: Option<Box<str>>,
    /// When to try again, milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Members that only some problems have, such as `rooms` of `EXISTS`.
    #[serde(flatten)]
    #[schema(ignore)]
    pub more: Box<serde_json::Map<String, serde_json::Value>>,
}

/// What goes wrong in HTTP itself, before any rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFault {
    /// The path exists, the method does not.
    Method,
    /// The body is of another media type.
    MediaType,
    /// The protocol version of an upload is not one that is spoken here.
    Version,
    /// The body did not arrive.
    Incomplete,
    /// The daemon failed; details are in its log.
    Internal,
}

impl HttpFault {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "Method not allowed"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "MEDIA_TYPE", "Wrong media type"),
            Self::Version => (StatusCode::PRECONDITION_FAILED, "VERSION", "Another protocol version"),
            Self::Incomplete => (StatusCode::BAD_REQUEST, "INCOMPLETE", "Incomplete request"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "The daemon failed"),
        }
    }
}

/// The HTTP status and the title of a code.
#[must_use]
pub fn status(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::Invalid => (StatusCode::BAD_REQUEST, "Invalid request"),
        Code::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "Not signed in"),
        Code::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
        Code::Exists => (StatusCode::CONFLICT, "Exists already"),
        Code::Conflict => (StatusCode::CONFLICT, "Changed meanwhile"),
        Code::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "Idempotency key used for another request"),
        Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Code::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
        Code::Unavailable => (StatusCode::UNPROCESSABLE_ENTITY, "Person unavailable"),
        Code::NotPermitted => (StatusCode::FORBIDDEN, "No permission for external messaging"),
        Code::Blocked => (StatusCode::FORBIDDEN, "Person is blocked"),
        Code::NotContact => (StatusCode::UNPROCESSABLE_ENTITY, "Not a contact"),
        Code::UnknownPeer => (StatusCode::UNPROCESSABLE_ENTITY, "Unknown partner"),
        Code::ClosedByUs => (StatusCode::FORBIDDEN, "Closed by your organization"),
        Code::ClosedByThem => (StatusCode::FORBIDDEN, "Closed by the partner"),
        Code::Opening => (StatusCode::CONFLICT, "Link is opening"),
        Code::Quarantined => (StatusCode::CONFLICT, "Link is quarantined"),
        Code::Scope => (StatusCode::FORBIDDEN, "Not in both grants"),
        Code::Recovering => (StatusCode::CONFLICT, "What was lost is being fetched back"),
        Code::Fenced => (StatusCode::CONFLICT, "Another daemon has taken over"),
        Code::Unconfirmed => (StatusCode::CONFLICT, "Grants await confirmation"),
        Code::NotMember => (StatusCode::FORBIDDEN, "Not a member"),
        Code::NotMaster => (StatusCode::FORBIDDEN, "Not a Group Master"),
        Code::NoLeaving => (StatusCode::FORBIDDEN, "Members cannot leave by themselves"),
        Code::LastMaster => (StatusCode::CONFLICT, "Last Group Master"),
        Code::ThirdOrg => (StatusCode::UNPROCESSABLE_ENTITY, "A third organization"),
        Code::Frozen => (StatusCode::CONFLICT, "Room is frozen"),
        Code::Archive => (StatusCode::CONFLICT, "Room is an archive"),
        Code::RoomClosed => (StatusCode::CONFLICT, "Room takes nothing now"),
        Code::NoSuchMessage => (StatusCode::UNPROCESSABLE_ENTITY, "No such message"),
        Code::NoSuchItem => (StatusCode::NOT_FOUND, "No such thing in this room"),
        Code::NotAuthor => (StatusCode::FORBIDDEN, "Not its author"),
        Code::TooLate => (StatusCode::CONFLICT, "Too late to change it"),
        Code::Recalled => (StatusCode::CONFLICT, "Recalled"),
        Code::NotEmpty => (StatusCode::CONFLICT, "Not empty"),
        Code::ToolOff => (StatusCode::FORBIDDEN, "Tool is off"),
        Code::NotOffered => (StatusCode::CONFLICT, "Not offered by the partner"),
        Code::NoSuchFile => (StatusCode::UNPROCESSABLE_ENTITY, "No such file"),
        Code::FileAwaited => (StatusCode::CONFLICT, "File is on its way"),
        Code::FileType => (StatusCode::UNPROCESSABLE_ENTITY, "File type not taken"),
        Code::FilesOff => (StatusCode::FORBIDDEN, "Files may not be sent"),
        Code::Authority => (StatusCode::FORBIDDEN, "Outside the sender's authority"),
        Code::UnknownType => (StatusCode::UNPROCESSABLE_ENTITY, "Unknown record type"),
        Code::Malformed => (StatusCode::UNPROCESSABLE_ENTITY, "Malformed record"),
        Code::OutboxFull => (StatusCode::INSUFFICIENT_STORAGE, "Outbox is full"),
        Code::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "Too much to do"),
        Code::SearchOff => (StatusCode::FORBIDDEN, "Search is switched off"),
        Code::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "Daemon is stopping"),
        Code::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "Disk is full"),
        Code::Proof => (StatusCode::FORBIDDEN, "Proof does not hold"),
        Code::Epoch => (StatusCode::CONFLICT, "Another stream epoch"),
        Code::Gap => (StatusCode::CONFLICT, "A record is missing"),
        Code::Chain => (StatusCode::CONFLICT, "Another chain head"),
        Code::Fork => (StatusCode::CONFLICT, "Two contents for one number"),
        Code::Credit => (StatusCode::TOO_MANY_REQUESTS, "Credit is used up"),
        Code::KeyTaken => (StatusCode::CONFLICT, "Key of another organization"),
        Code::OnHold => (StatusCode::CONFLICT, "On legal hold"),
        Code::Void => (StatusCode::UNPROCESSABLE_ENTITY, "Not readable for the partner"),
    }
}

impl Problem {
    /// A problem of a code, with its sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let (status, title) = status(code);
        let retry_after_ms = (code == Code::Opening).then_some(OPENING_RETRY_MS);
        Self { retry_after_ms, ..Self::build(code.as_str(), title, status, detail.into()) }
    }

    /// A problem of HTTP itself.
    pub fn http(fault: HttpFault, detail: impl Into<String>) -> Self {
        let (status, code, title) = fault.parts();
        Self::build(code, title, status, detail.into())
    }

    /// One field is not what it must be; `rule` continues a sentence that begins with the field.
    pub fn field(field: impl Into<String>, rule: impl std::fmt::Display) -> Self {
        let field = field.into();
        let detail = format!("{field} {rule}");
        Self { field: Some(field.into()), ..Self::new(Code::Invalid, detail) }
    }

    /// No valid sign-in or token.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "sign in and send the token as `Authorization: Bearer <token>`")
    }

    /// The same with when to try again.
    #[must_use]
    pub fn retry_after(self, retry_after_ms: u64) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..self }
    }

    /// The same with the name of the limit that refuses it, as `GET /api/v1/limits` lists it.
    #[must_use]
    pub fn limit(self, limit: &'static str) -> Self {
        self.with("limit", limit)
    }

    /// The same with one more member.
    ///
    /// # Panics
    /// When the member's type cannot be JSON, such as a map with keys that are not text.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("members of problems are plain structures of text and numbers");
        self.more.insert(member.to_owned(), value);
        self
    }

    fn build(code: &'static str, title: &'static str, status: StatusCode, detail: String) -> Self {
        Self {
            kind: format!("{TYPE_BASE}{}", code.to_ascii_lowercase().replace('_', "-")).into(),
            title: title.into(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.into(),
            field: None,
            retry_after_ms: None,
            more: Box::default(),
        }
    }
}

impl From<Reject> for Problem {
    fn from(reject: Reject) -> Self {
        let problem = Self { field: reject.field.map(Into::into), ..Self::new(reject.code, reject.detail) };
        if let Some(limit) = reject.limit { problem.limit(limit) } else { problem }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Reject(reject) => reject.into(),
            Refusal::Overloaded { retry_after_ms } => {
                Self::new(Code::Overloaded, detail).limit("waiting_requests").retry_after(retry_after_ms)
            }
            Refusal::StorageFull => Self::new(Code::StorageFull, detail),
            Refusal::Stopping => Self::new(Code::Stopping, detail).retry_after(OPENING_RETRY_MS),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "reading for a request failed");
        Self::http(HttpFault::Internal, "the daemon could not read its database; its log says why")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let body = serde_json::to_vec(&self).expect("a problem is a plain structure of text and numbers");
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(retry_after_ms) = self.retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after_ms.div_ceil(1_000)));
        }
        if self.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests;
