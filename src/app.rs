//! The composition root: what the daemon is made of, in which order it starts, and in which it ends.
//!
//! `serve` is the process: files, ports, signals, systemd. `Daemon` is everything inside, with every seam as an argument,
//! so that the simulation runs whole daemons of it.

mod daemon;
mod edge;
mod endings;
mod files;
mod keeper;
mod proving;
mod pulse;
mod serve;
#[cfg(test)]
mod tests;

pub use daemon::{Daemon, Faces, Keys, Parts, SearchPlace, StartError, TlsKey};
pub use serve::{Ready, ServeError, ServeOptions, serve};
