//! Refusals of the federation listener: what is wrong, and when to try again (W16).

use super::{
    WireError,
    strict::{self, Integer, present},
    words::{VerdictV1, words},
};
use crate::model::Code;
use serde::{Deserialize, Serialize};

/// Largest problem, bytes: a signed grant fits.
pub const PROBLEM_BYTES_MAX: usize = 32 * 1024;

/// When the same request may succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never in this form.
    No,
    /// After the given time.
    After,
    /// After a hello.
    Hello,
    /// When an admin has done something.
    Admin,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong. A code of a later version reads as `Invalid`.
    pub code: Code,
    /// When to try again.
    pub retry: Retry,
    /// With [`Retry::After`]: how long to wait, milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The signed document that is the reason: on a closed link the grant that closed it.
    pub evidence: Option<String>,
    /// The record that cannot be taken in form (W13).
    pub seq: Option<u64>,
}

impl Problem {
    /// A refusal with nothing beside it.
    #[must_use]
    pub fn new(code: Code, retry: Retry) -> Self {
        Self { code, retry, retry_after_ms: None, evidence: None, seq: None }
    }
}

/// Writes a refusal.
#[must_use]
pub fn encode(problem: &Problem) -> Vec<u8> {
    strict::write(&ProblemV1 {
        code: VerdictV1(problem.code),
        retry: problem.retry.into(),
        retry_after_ms: problem.retry_after_ms.map(Integer),
        evidence: problem.evidence.clone(),
        seq: problem.seq.map(Integer),
    })
}

/// Reads a refusal. It is not signed: it may slow the reader down, and changes nothing else by itself.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<Problem, WireError> {
    let parsed: ProblemV1 = strict::parse("problem", bytes, PROBLEM_BYTES_MAX)?;
    Ok(Problem {
        code: parsed.code.0,
        retry: parsed.retry.into(),
        retry_after_ms: parsed.retry_after_ms.map(|ms| ms.0),
        evidence: parsed.evidence,
        seq: parsed.seq.map(|seq| seq.0),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProblemV1 {
    code: VerdictV1,
    retry: RetryV1,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<Integer>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    seq: Option<Integer>,
}

words!(
    /// When the same request may succeed.
    RetryV1 for Retry { No = "no", After = "after", Hello = "hello", Admin = "admin", }
);
