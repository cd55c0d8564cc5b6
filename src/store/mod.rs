//! What is durable: one tree of prefixed keys, one atomic batch per commit (D1 to D8).
//!
//! `kv` is the seam, `sled_kv` and `mem_kv` stand behind it. `stage` writes, `reader` reads, `load` rebuilds the state.

pub mod anchor;
pub mod check;
pub mod codec;
pub mod disk;
pub mod items;
pub mod keyspace;
pub mod kv;
pub mod load;
pub mod log;
pub mod mem_kv;
pub mod proof;
pub mod reader;
pub mod retention;

pub mod stage;
mod tail;
mod trim;

#[cfg(test)]
pub(crate) mod fixture;
