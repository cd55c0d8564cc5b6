//! Bytes to model and back: strict checks, one versioned type per object of the protocol.

pub mod ack;
pub mod audit;
pub mod card;
pub mod envelope;
pub mod event;
mod file;
pub mod grant;
pub mod hello;
pub mod problem;
pub mod proof;
pub mod record;
mod strict;
mod words;

pub use strict::WireError;
