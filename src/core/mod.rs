//! The decisions: a state and a command in, changes or a refusal out. No clock, no disk, no network.
//!
//! `decide` is the one way in. A subject has one file; only `draft` changes the state.

pub mod acts;
pub mod archives;
pub mod calls;
pub mod command;
pub mod contacts;
pub mod decide;
pub mod draft;
pub mod facts;
pub mod features;
pub mod feeds;
pub mod files;
pub mod grants;
pub mod groups;
pub mod hello;
pub mod ingest;
pub mod keeping;
pub mod links;
pub mod permit;
pub mod photos;
pub mod recovery;
pub mod rooms;
#[cfg(test)]
mod scenarios;
pub mod settle;
pub mod signals;
pub mod state;
#[cfg(test)]
mod tests;
pub mod tools;
pub mod users;
pub mod why;

pub use command::Command;
pub use decide::decide;
pub use draft::{Change, Draft};
pub use facts::Facts;
pub use state::State;
