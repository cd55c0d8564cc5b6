//! What only tests need: seeded randomness, fixtures, and two cores that talk without a network.

pub mod fixtures;
pub mod pair;

pub use fixtures::Seeded;
pub use pair::{Org, Pair, Side};
