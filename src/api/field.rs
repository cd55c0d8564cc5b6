//! Single values of a request: a text becomes a model type, or a problem that names the field.

use super::problem::Problem;
use crate::{api::problem::HttpFault, model::Code};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use std::{fmt::Display, str::FromStr};

/// The value of a field of the request.
///
/// # Errors
/// `INVALID` with the field and what is allowed.
pub fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| Problem::field(field, error))
}

/// The value of a field that may be absent.
///
/// # Errors
/// `INVALID` with the field and what is allowed.
pub fn parse_opt<T: FromStr<Err: Display>>(field: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| parse(field, text)).transpose()
}

/// All values of a list; the field names the place, as in `members[2]`.
///
/// # Errors
/// `INVALID` with the place and what is allowed.
pub fn parse_all<T, S>(field: &str, texts: &[S]) -> Result<Vec<T>, Problem>
where
    T: FromStr<Err: Display>,
    S: AsRef<str>,
{
    texts
        .iter()
        .enumerate()
        .map(|(at, text)| text.as_ref().parse().map_err(|error| Problem::field(format!("{field}[{at}]"), error)))
        .collect()
}

/// The value of a field that must be one of a few words.
///
/// # Errors
/// `INVALID` with the field and the words.
pub fn parse_word<T: Copy>(field: &str, text: &str, words: &[(&str, T)]) -> Result<T, Problem> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let allowed: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        Problem::field(field, format!("must be one of {}", allowed.join(", ")))
    })
}

/// A number of a query or header.
///
/// # Errors
/// `INVALID` with the field.
pub fn parse_number(field: &str, text: &str) -> Result<u64, Problem> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits_only);
    number.ok_or_else(|| Problem::field(field, "must be a whole number from 0"))
}

/// The segments of the path that have names.
#[derive(Debug)]
pub struct Segments(RawPathParams);

impl Segments {
    /// The value of a segment.
    ///
    /// # Errors
    /// `INVALID` with the segment's name and what is allowed.
    ///
    /// # Panics
    /// When the route has no such segment.
    pub fn parse<T: FromStr<Err: Display>>(&self, name: &'static str) -> Result<T, Problem> {
        let found = self.0.iter().find(|(key, _)| *key == name);
        let (_, text) = found.expect("handlers ask only for the segments of their own route");
        parse(name, text)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Segments {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        params.map(Self).map_err(|_| Problem::new(Code::NotFound, "the path is not valid UTF-8"))
    }
}

/// The query of a request, strictly: unknown parameters are refused. Fields of `T` are texts or options of texts.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(query_problem(&rejection.body_text())),
        }
    }
}

/// Finds the parameter in the text of a rejection, which says ``…: unknown field `x`, expected …``.
fn query_problem(text: &str) -> Problem {
    let reason = text.split_once(": ").map_or(text, |(_, reason)| reason);
    let reason = reason.find("unknown field").or(reason.find("missing field")).map_or(reason, |at| &reason[at..]);
    super::body::field_problem("", reason)
}

/// The answer to a path that is no endpoint.
pub async fn unknown_path() -> Problem {
    Problem::new(Code::NotFound, "there is no such endpoint; `openapi.json` lists them all")
}

/// The answer to a method that an endpoint does not have.
pub async fn unknown_method() -> Problem {
    Problem::http(HttpFault::Method, "this endpoint has no such method; the `Allow` header lists what it has")
}
