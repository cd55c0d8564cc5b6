//! What only tests need: seeded randomness, fixtures, two cores that talk without a network, and a peer that misbehaves.

pub mod clock;
pub mod evil;
pub mod fixtures;
pub mod fuzz;
pub mod model;
pub mod node;
pub mod pair;

pub use clock::ManualClock;
pub use fixtures::Seeded;
pub use node::Node;
pub use pair::{Org, Pair, Side};
