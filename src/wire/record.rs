//! Records as JSON.
#![allow(unused, missing_docs, clippy::unimplemented, reason = "stub")]
use crate::model::{record::*, *};
pub fn encode(seq: u64, made_at: Millis, body: &RecordBody) -> Vec<u8> {
    unimplemented!()
}
