//! What a partner may learn from the time of an answer, and how sharp a revocation is under full load (A14, A20, A21, P26).
//!
//! `HANDCLASP_REVOKE_ROUNDS=50 cargo test --release --test hostile -- --nocapture` prints figures.

#[path = "pair/harness/mod.rs"]
#[expect(dead_code, reason = "tests/pair.rs uses the rest")]
mod harness;

#[path = "hostile/classes.rs"]
mod classes;
#[path = "hostile/cutoff.rs"]
mod cutoff;
#[path = "hostile/line.rs"]
mod line;

use tokio::sync::Mutex;

/// One after the other: what is measured is one daemon.
static ALONE: Mutex<()> = Mutex::const_new(());
