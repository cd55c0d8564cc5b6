//! Transcripts that prove themselves: written as JSON Lines, and checked without a daemon (P29, P30, `docs/export.md`).

pub mod attachments;
mod evidence;
pub(crate) mod lines;
pub(crate) mod rooms;
mod timelines;
pub mod verify;
pub mod write;

#[cfg(test)]
mod tests;

pub use lines::What;
