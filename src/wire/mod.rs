//! Bytes to model and back: strict checks, one versioned type per object of the protocol.

pub mod audit;
pub mod event;
pub mod record;
