//! What is durable: one tree of prefixed keys, one atomic batch per commit (D1 to D8).

pub mod kv;
