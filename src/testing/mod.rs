//! What only tests need.

pub mod evil;
