//! Refusals to a peer (W16): which answer a code gets, and what the peer should do next.

use crate::{
    core::state::Link,
    engine::Refusal,
    model::{Code, Reject},
    net::accept::PeerResponse,
    wire::{
        self,
        problem::{Problem, Retry},
        proof::OpenError,
    },
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Response, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, HeaderValue},
};
use std::sync::Arc;

/// How long an overloaded daemon asks to be left alone, milliseconds.
const OVERLOADED_MS: u64 = 500;
/// The same while its disk is full, milliseconds.
const STORAGE_FULL_MS: u64 = 5_000;

/// A refusal on its way out.
#[derive(Debug)]
pub struct Refused {
    problem: Problem,
    /// What becomes of the connection.
    pub then: Then,
}

/// What becomes of the connection after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays.
    Keep,
    /// It is closed, so that the next try costs the peer a handshake.
    Close,
}

impl Refused {
    /// A refusal with the usual advice for its code.
    pub fn new(code: Code) -> Self {
        let (retry, retry_after_ms) = advice(code);
        Self { problem: Problem { retry_after_ms, ..Problem::new(code, retry) }, then: Then::Keep }
    }

    /// The same, after which the connection is closed.
    pub fn closing(code: Code) -> Self {
        Self { then: Then::Close, ..Self::new(code) }
    }

    /// The refusal of anything but greetings on a link that is not open, with the grant that closed it.
    pub fn closed(link: &Link, reject: &Reject) -> Self {
        if reject.code == Code::Recovering {
            return Self::new(reject.code);
        }
        let grant = match reject.code {
            Code::ClosedByUs => link.peer.ours.as_ref(),
            Code::ClosedByThem => link.peer.theirs.as_ref(),
            _ => None,
        };
        let mut refused = Self::closing(reject.code);
        refused.problem.evidence = grant.map(|signed| signed.document.to_string());
        refused
    }

    /// With a signed document that proves the refusal right.
    pub fn with_evidence(mut self, document: Option<Arc<str>>) -> Self {
        self.problem.evidence = document.map(|document| document.to_string());
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.problem.code
    }

    /// The HTTP answer.
    pub fn into_response(self) -> PeerResponse {
        metrics::counter!("handclasp_federation_refusals_total", "code" => self.problem.code.as_str()).increment(1);
        let mut response = answer(status(self.problem.code), wire::problem::encode(&self.problem));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.then == Then::Close {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// An answer with a JSON body.
pub fn answer(status: StatusCode, body: impl Into<Bytes>) -> PeerResponse {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Reject(reject) => reject.into(),
            Refusal::Overloaded { retry_after_ms } => {
                let mut refused = Self::new(Code::Overloaded);
                refused.problem.retry_after_ms = Some(retry_after_ms);
                refused
            }
            Refusal::StorageFull => Self::new(Code::StorageFull),
            Refusal::Stopping => Self::closing(Code::Stopping),
        }
    }
}

impl From<Reject> for Refused {
    fn from(reject: Reject) -> Self {
        Self::new(reject.code)
    }
}

impl From<OpenError> for Refused {
    fn from(error: OpenError) -> Self {
        tracing::warn!(detail = error.detail(), "object refused");
        let mut refused = Self::new(error.code());
        refused.problem.seq = error.seq();
        refused
    }
}

fn advice(code: Code) -> (Retry, Option<u64>) {
    match code {
        Code::Epoch | Code::Gap | Code::Chain | Code::Opening | Code::Recovering | Code::Conflict => {
            (Retry::Hello, None)
        }
        Code::Overloaded | Code::RateLimited | Code::Credit | Code::Stopping => (Retry::After, Some(OVERLOADED_MS)),
        Code::StorageFull => (Retry::After, Some(STORAGE_FULL_MS)),
        Code::ClosedByUs
        | Code::ClosedByThem
        | Code::Scope
        | Code::Quarantined
        | Code::Unconfirmed
        | Code::UnknownPeer
        | Code::Fork
        | Code::Fenced
        | Code::KeyTaken => (Retry::Admin, None),
        _ => (Retry::No, None),
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Invalid | Code::Malformed | Code::Proof => StatusCode::BAD_REQUEST,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::RateLimited | Code::Credit => StatusCode::TOO_MANY_REQUESTS,
        Code::Overloaded | Code::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        Code::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Code::Epoch | Code::Gap | Code::Chain | Code::Opening | Code::Recovering | Code::Fork | Code::Conflict => {
            StatusCode::CONFLICT
        }
        _ => StatusCode::FORBIDDEN,
    }
}
