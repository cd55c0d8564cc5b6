//! The network seam: dialing, listening, mutual TLS by pins, the accept loops, and one client connection to a peer.

pub mod accept;
mod admission;
pub mod cert;
pub mod client;
pub mod connections;
mod paced;
pub mod serve;
pub mod stop;
pub mod stream;
pub mod tls;

#[cfg(test)]
mod tests;

pub use connections::Connections;
pub use stop::{Stop, StopSwitch};
pub use stream::{BoxStream, Dial, Listen};
pub use tls::{PeerIdentity, PeerTls};
