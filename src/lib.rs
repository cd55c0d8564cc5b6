//! Handclasp: a federation bridge daemon. Two organizations talk while both administrators' grants are active.
//!
//! `ARCHITECTURE.md` has the picture; `docs/protocol.md` has the wire.

pub mod api;
pub mod app;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod core;
pub mod crypto;
pub mod engine;
pub mod export;
pub mod federation;
pub mod feed;
pub mod files;
pub mod model;
pub mod net;
pub mod search;
pub mod shutdown;
pub mod signals;
pub mod store;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod web;
pub mod wire;
