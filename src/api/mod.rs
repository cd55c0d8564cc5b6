//! The HTTP APIs: parse a request, submit it or read, convert the answer. No rules stand here.

pub mod admin;
pub mod auth;
pub mod body;
pub mod client;
pub mod cookie;
pub mod entropy;
pub mod field;
pub mod file_body;
pub mod idempotency;
pub mod layers;
pub mod openapi;
pub mod paging;
pub mod password;
pub mod problem;
pub mod throttle;
