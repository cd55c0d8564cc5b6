//! A partner with valid keys that misbehaves, one way at a time, against the real way in over real TLS.

#[path = "evil/acks.rs"]
mod acks;
#[path = "evil/acts.rs"]
mod acts;
#[path = "evil/fair.rs"]
mod fair;
#[path = "evil/files.rs"]
mod files;
#[path = "evil/grants.rs"]
mod grants;
#[path = "evil/http.rs"]
mod http;
#[path = "evil/keeping.rs"]
mod keeping;
#[path = "evil/rooms.rs"]
mod rooms;
#[path = "evil/signals.rs"]
mod signals;
#[path = "evil/stream.rs"]
mod stream;
#[path = "evil/tls.rs"]
mod tls;
