//! Bytes to model and back: strict checks, one versioned type per object of the protocol.

pub mod ack;
pub mod audit;
pub mod card;
pub mod envelope;
pub mod event;
mod file;
pub mod grant;
pub mod hello;
pub mod kept;
pub mod past;
pub mod piece;
pub mod problem;
pub mod proof;
pub mod pull;
pub mod record;
pub mod room_heads;
pub mod room_log;
pub mod signals;
mod strict;
mod words;

pub use strict::WireError;
