//! Calls: who may call whom, what a call goes through, and all calls of the daemon at once (P25, P10, P15, P26).
//!
//! Pure, and in memory only. Each org says where its own people stand and believes the partner about the partner's; both
//! ask the rules at every signal, and again whenever anything was committed.

mod book;
mod call;
mod going;
mod hear;
mod record;
mod rules;

#[cfg(test)]
mod tests;

pub use book::{Calls, Heard, Plan, Turn};
pub use call::{Call, Stale};
pub use hear::{rung, told};
pub use record::{CallNote, Noted, note, notes};
pub use rules::{admit, check_calls, may_be_in, may_tell, reach};
