//! Retention, holds, erasures and cases as the admin API takes and gives them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// How long timelines are kept, days. What is absent is kept for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionView {
    /// Internal rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_days: Option<u32>,
    /// Direct rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direct_days: Option<u32>,
    /// External groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_days: Option<u32>,
}

/// Sets a legal hold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldPut {
    /// Why: at most 300 characters.
    pub reason: String,
}

/// A legal hold: on a user or on a room.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HoldView {
    /// The user, by local part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Which admin set it.
    pub by: String,
    /// When.
    pub at: u64,
    /// Why.
    pub reason: String,
}

/// Erases a person.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureAsk {
    /// The user's name once more, since this cannot be taken back.
    pub confirm: String,
    /// `keep` or `remove`: what happens to what they wrote.
    pub texts: String,
}

/// How far an erasure is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErasureView {
    /// Who, by local part.
    pub user: String,
    /// Which admin asked.
    pub by: String,
    /// When.
    pub at: u64,
    /// `keep` or `remove`.
    pub texts: String,
    /// Events whose texts are gone.
    pub events: u64,
    /// Whether all rooms were looked through.
    pub done: bool,
}

/// Which cases are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CasesQuery {
    /// `open`, `closed` or `all`; `open` when absent.
    pub state: Option<String>,
    /// Most items of the page, 1 to 200; 50 when absent.
    #[param(value_type = Option<u64>, minimum = 1, maximum = 200)]
    pub limit: Option<String>,
    /// Where the page starts: `next` of the page before; from the beginning when absent.
    pub cursor: Option<String>,
}

/// A report.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CaseView {
    /// Dense number from 1.
    pub n: u64,
    /// When it was made.
    pub at: u64,
    /// By whom.
    pub by: String,
    /// `message`, `room` or `person`.
    pub kind: String,
    /// The room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// The index of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Why, in the reporter's words.
    pub reason: String,
    /// Which admin closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<u64>,
    /// What was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A report with what proves it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CaseFull {
    /// The case.
    pub case: CaseView,
    /// The reported event, byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub event: Option<Box<RawValue>>,
    /// The partner's signed envelope that carried it: a DSSE document. Absent for people of the own org, and for what
    /// came longer ago than envelopes are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub envelope: Option<Box<RawValue>>,
}

/// Closes a case.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseClose {
    /// What was done: at most 300 characters.
    pub note: String,
}

/// What is to be exported: exactly one of person, room and all.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// One of our users, by local part.
    pub person: Option<String>,
    /// A room.
    pub room: Option<String>,
    /// `true`: everything.
    pub all: Option<String>,
    /// `yes` or `no`: whether the partners' signed envelopes and our own records are in it. An envelope is whole, also
    /// where it holds records of other rooms. Absent: no for a person, yes otherwise.
    pub evidence: Option<String>,
}
