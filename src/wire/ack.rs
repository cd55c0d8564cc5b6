//! Acks: the receiver's signed word on how far it durably is (W11).

use super::{
    WireError,
    strict::{self, Integer, ensure},
    words::{EpochV1, SizeV1, VerdictV1},
};
use crate::{
    crypto::object::Object,
    model::{
        Digest, Domain, LinkId, limits,
        record::{Ack, Credit},
    },
};
use serde::{Deserialize, Serialize};

const OBJECT: &str = "ack";

/// Largest payload of an ack, bytes.
pub const ACK_BYTES_MAX: usize = 64 * 1024;

/// Writes the payload of an ack.
#[must_use]
pub fn encode(ack: &Ack) -> Vec<u8> {
    strict::write(&AckV1 {
        link: ack.link,
        origin: ack.origin.clone(),
        destination: ack.destination.clone(),
        epoch: Object(ack.epoch.into()),
        cursor: Integer(ack.cursor),
        head: ack.head,
        rejects: ack.rejects.iter().map(|(seq, code)| (Integer(*seq), VerdictV1(*code))).collect(),
        credit: Object(SizeV1 { records: Integer(ack.credit.records), bytes: Integer(ack.credit.bytes) }),
        sent_at: ack.sent_at.into(),
    })
}

/// Reads the payload of an ack, once its proof holds. Credit beyond what this version ever uses is cut to that (A29).
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<Ack, WireError> {
    let parsed: AckV1 = strict::parse(OBJECT, bytes, ACK_BYTES_MAX)?;
    let rejects: Vec<_> = parsed.rejects.into_iter().map(|(seq, code)| (seq.0, code.0)).collect();
    let within = rejects.iter().all(|(seq, _)| (1..=parsed.cursor.0).contains(seq));
    ensure(rejects.len() <= limits::REJECTS_PER_ACK_MAX, OBJECT, "rejects", "must be at most 1,024")?;
    ensure(within, OBJECT, "rejects", "must be numbers up to the cursor")?;
    ensure(rejects.windows(2).all(|pair| pair[0].0 < pair[1].0), OBJECT, "rejects", "must ascend")?;
    Ok(Ack {
        link: parsed.link,
        origin: parsed.origin,
        destination: parsed.destination,
        epoch: parsed.epoch.0.into_epoch(OBJECT)?,
        cursor: parsed.cursor.0,
        head: parsed.head,
        rejects,
        credit: Credit { records: parsed.credit.0.records.0, bytes: parsed.credit.0.bytes.0 }.and(Credit::FULL),
        sent_at: parsed.sent_at.into(),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AckV1 {
    link: LinkId,
    origin: Domain,
    destination: Domain,
    epoch: Object<EpochV1>,
    cursor: Integer,
    head: Digest,
    rejects: Vec<(Integer, VerdictV1)>,
    credit: Object<SizeV1>,
    sent_at: Integer,
}
