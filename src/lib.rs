//! Handclasp: a federation bridge daemon. Two organizations talk while both administrators' grants are active.
//!
//! `ARCHITECTURE.md` has the picture; `docs/protocol.md` has the wire.

pub mod clock;
pub mod core;
pub mod crypto;
pub mod engine;
pub mod feed;
pub mod federation;
pub mod model;
pub mod net;
pub mod store;
pub mod wire;
