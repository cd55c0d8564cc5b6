//! The nouns of Handclasp: identifiers, bounded texts, limits, grants, links, rooms, events, records.
//!
//! Everything here is plain data. Serde derives exist for the store's row encoding only
//! (`docs/adr/0003-model-types-are-rows.md`); the wire and the HTTP APIs have their own versioned types.

pub mod address;
pub mod audit;
pub mod calendar;
pub mod call;
pub mod code;
pub mod contact;
pub mod event;
pub mod file;
pub mod grant;
pub mod id;
pub mod item;
pub mod journal;
pub mod keeping;
pub mod limits;
pub mod link;
pub mod notice;
pub mod org;
pub mod record;
pub mod room;
pub mod signal;
pub mod text;
pub mod time;
pub mod tool;
pub mod user;

pub use address::{Address, Domain, LocalPart};
pub use code::{Code, Reject};
pub use id::{CallId, DeviceId, Digest, EpochId, EventId, InstanceId, LinkId, RoomId, RunId};
pub use time::Millis;
