//! How a command fails: a sentence, what to do next, and a stable exit code.

use serde::{Deserialize, Serialize};
use std::{fmt, process::ExitCode};

/// The exit codes of `handclasp`. They are stable; scripts may rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The daemon or a rule refused it; nothing changed.
    Refused = 1,
    /// The command was not written as it must be.
    Usage = 2,
    /// No daemon answers.
    Unreachable = 69,
    /// Something is broken in the program, the disk or the network.
    Fault = 70,
    /// The configuration or a key file cannot be used.
    Config = 78,
}

/// Why a command ended without doing what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The class, which is the exit code.
    pub exit: Exit,
    /// The stable code of the daemon's refusal, if it was one.
    pub code: Option<String>,
    /// What went wrong, for a person.
    pub message: String,
    /// What to do next, if that is known.
    pub next: Option<String>,
}

/// What a command returns.
pub type Done<T = ()> = Result<T, Failure>;

impl Failure {
    fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, code: None, message: message.to_string(), next: None }
    }

    /// A refusal by a rule of the command line itself.
    pub fn refused(message: impl fmt::Display) -> Self {
        Self::new(Exit::Refused, message)
    }

    /// The command was not written as it must be.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// No daemon answers.
    pub fn unreachable(message: impl fmt::Display) -> Self {
        Self::new(Exit::Unreachable, message)
    }

    /// Something is broken.
    pub fn fault(message: impl fmt::Display) -> Self {
        Self::new(Exit::Fault, message)
    }

    /// The configuration or a key file cannot be used.
    pub fn config(message: impl fmt::Display) -> Self {
        Self::new(Exit::Config, message)
    }

    /// The same with what to do next.
    #[must_use]
    pub fn next(mut self, next: impl fmt::Display) -> Self {
        self.next = Some(next.to_string());
        self
    }

    /// Whether the daemon refused with this code.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// Writes it to stderr, as text or as one JSON document.
    pub fn report(&self, json: bool) -> ExitCode {
        if json {
            let document =
                ErrorDocument { code: self.code.as_deref(), detail: &self.message, next: self.next.as_deref() };
            eprintln!("{}", serde_json::json!({ "error": document }));
        } else {
            let code = self.code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
            eprintln!("handclasp: {}{code}", self.message);
            if let Some(next) = &self.next {
                eprintln!("  next: {next}");
            }
        }
        ExitCode::from(self.exit as u8)
    }
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
}

/// A refusal as the daemon's HTTP APIs state it (RFC 9457), as far as the command line reads it.
#[derive(Debug, Default, Deserialize)]
pub struct Problem {
    /// Short name of the kind of problem.
    #[serde(default)]
    pub title: String,
    /// One sentence for a person.
    #[serde(default)]
    pub detail: String,
    /// The stable code.
    #[serde(default)]
    pub code: String,
    /// When to try again, milliseconds.
    #[serde(default)]
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    /// Parses the body of a refusal; a body in another form becomes its own detail.
    #[must_use]
    pub fn parse(status: u16, body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_else(|_| Self {
            title: format!("HTTP status {status}"),
            detail: format!("the daemon answered with status {status}: {}", first_line(body)),
            ..Self::default()
        })
    }
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect()
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let message = if problem.detail.is_empty() { problem.title } else { problem.detail };
        let next = match problem.retry_after_ms {
            Some(ms) => Some(format!("try again in {} s", ms.div_ceil(1000))),
            None => advice(&problem.code).map(str::to_owned),
        };
        let code = Some(problem.code).filter(|code| !code.is_empty());
        Self { exit: Exit::Refused, code, message, next }
    }
}

/// What a person can do about a refusal, where the daemon's own sentence does not say it already.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "UNAUTHENTICATED" => "sign in again, or check the token",
        "UNKNOWN_PEER" => "pin the partner first: handclasp peer add CARD",
        "CLOSED_BY_US" => "your own admin can open the link: handclasp grant on PEER",
        "CLOSED_BY_THEM" => "only the partner's admin can change this; handclasp status shows what they granted",
        "NOT_PERMITTED" => "your admin can permit it: handclasp user permit NAME",
        "UNCONFIRMED" => "compare the grants with what you want, then: handclasp grant confirm",
        "QUARANTINED" => "see what was found and what you can decide: handclasp peer recover PEER",
        "RECOVERING" => "wait a moment; how far it is: handclasp peer recover PEER",
        "CONFLICT" => "look at the present state (handclasp grant show PEER) and repeat",
        "NOT_CONTACT" => "add the person to your contacts first",
        _ => return None,
    })
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::fault(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_becomes_a_refusal_with_its_code() {
        let body =
            br#"{"type":"x","title":"T","status":403,"detail":"Only a master may do this.","code":"NOT_MASTER"}"#;
        let failure = Failure::from(Problem::parse(403, body));
        assert_eq!(failure.exit, Exit::Refused);
        assert!(failure.has_code("NOT_MASTER"));
        assert_eq!(failure.message, "Only a master may do this.");
    }

    #[test]
    fn a_refusal_that_will_pass_says_when() {
        let body = br#"{"title":"T","detail":"d","code":"RATE_LIMITED","retry_after_ms":1500}"#;
        assert_eq!(Failure::from(Problem::parse(429, body)).next.as_deref(), Some("try again in 2 s"));
    }

    #[test]
    fn an_answer_that_is_no_problem_document_is_shown_without_control_characters() {
        let failure = Failure::from(Problem::parse(502, b"bad \x1b[31mgateway\nmore"));
        assert_eq!(failure.message, "the daemon answered with status 502: bad [31mgateway");
        assert_eq!(failure.code, None);
    }
}
