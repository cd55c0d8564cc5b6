//! A partner with valid keys that misbehaves, one way at a time, against the real way in over real TLS.

#[path = "evil/tls.rs"]
mod tls;
