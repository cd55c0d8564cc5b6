//! Envelopes: 1 to 512 consecutive records under one signature (W6).

use super::{
    WireError, record,
    strict::{self, Integer, ensure, refuse},
    words::EpochV1,
};
use crate::{
    crypto::object::Object,
    model::{
        Digest, Domain, LinkId, Millis, limits,
        record::{Envelope, Epoch, Record},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const OBJECT: &str = "envelope";

/// Most bytes of records in one envelope: what the payload may hold without its head and the commas in between.
pub const RECORDS_BYTES_MAX: usize = limits::ENVELOPE_BYTES_MAX - HEAD_BYTES_MAX;
/// Bytes to allow for the head of an envelope and the commas between its records.
pub const HEAD_BYTES_MAX: usize = 2 * 1024;

/// An envelope without its records.
#[derive(Clone, Debug)]
pub struct EnvelopeHead {
    /// The link.
    pub link: LinkId,
    /// Whose records.
    pub origin: Domain,
    /// For whom.
    pub destination: Domain,
    /// The epoch of the origin's stream.
    pub epoch: Epoch,
    /// The number of the first record.
    pub from_seq: u64,
    /// The chain head before the first record.
    pub prev: Digest,
    /// The serials of the grants it travels under: the origin's and the destination's.
    pub grants: (u64, u64),
    /// The origin has durably settled all acks up to this number.
    pub settled: u64,
    /// When it is sealed.
    pub sent_at: Millis,
}

/// Writes the payload of an envelope. The records stand in it as they are; the caller keeps to the limits.
pub fn encode<'a>(head: &EnvelopeHead, records: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES_MAX);
    strict::append(&HeadV1::from(head), &mut bytes);
    bytes.pop();
    bytes.extend_from_slice(b",\"records\":[");
    for (place, record) in records.enumerate() {
        if place > 0 {
            bytes.push(b',');
        }
        bytes.extend_from_slice(record);
    }
    bytes.extend_from_slice(b"]}");
    bytes
}

/// Reads the payload of an envelope, once its proof holds.
///
/// # Errors
/// What is wrong with its form; [`WireError::Record`] when it is one of its records.
pub fn decode(bytes: &[u8]) -> Result<Envelope, WireError> {
    let parsed: EnvelopeV1<'_> = strict::parse(OBJECT, bytes, limits::ENVELOPE_BYTES_MAX)?;
    let from_seq = parsed.from_seq.0;
    let count = parsed.records.len();
    ensure((1..=limits::ENVELOPE_RECORDS_MAX).contains(&count), OBJECT, "records", "must be 1 to 512")?;
    ensure(from_seq >= 1, OBJECT, "from_seq", "starts at 1")?;
    ensure(from_seq + count as u64 - 1 <= limits::INTEGER_MAX, OBJECT, "from_seq", "is too large")?;
    ensure(parsed.settled.0 < from_seq, OBJECT, "settled", "must be below from_seq")?;
    ensure(parsed.origin != parsed.destination, OBJECT, "destination", "must not be the origin")?;
    let records = parsed.records.iter().zip(from_seq..).map(|(raw, seq)| read_record(raw, seq));
    Ok(Envelope {
        link: parsed.link,
        origin: parsed.origin,
        destination: parsed.destination,
        epoch: parsed.epoch.0.into_epoch(OBJECT)?,
        from_seq,
        prev: parsed.prev,
        grants: (parsed.grants.0.0, parsed.grants.1.0),
        settled: parsed.settled.0,
        sent_at: parsed.sent_at.into(),
        records: records.collect::<Result<_, _>>()?,
    })
}

/// The exact bytes of the records in the payload of an envelope.
///
/// # Errors
/// What is wrong with its form.
pub fn raw_records(bytes: &[u8]) -> Result<Vec<&str>, WireError> {
    let parsed: EnvelopeV1<'_> = strict::parse(OBJECT, bytes, limits::ENVELOPE_BYTES_MAX)?;
    Ok(parsed.records.into_iter().map(RawValue::get).collect())
}

fn read_record(raw: &RawValue, seq: u64) -> Result<Record, WireError> {
    let record = record::decode_scanned(raw.get()).and_then(|record| match record.seq == seq {
        true => Ok(record),
        false => refuse("record", "seq", "must follow the one before"),
    });
    record.map_err(|source| WireError::Record { seq, source: Box::new(source) })
}

#[derive(Serialize)]
struct HeadV1 {
    link: LinkId,
    origin: Domain,
    destination: Domain,
    epoch: Object<EpochV1>,
    from_seq: Integer,
    prev: Digest,
    grants: (Integer, Integer),
    settled: Integer,
    sent_at: Integer,
}

impl From<&EnvelopeHead> for HeadV1 {
    fn from(head: &EnvelopeHead) -> Self {
        Self {
            link: head.link,
            origin: head.origin.clone(),
            destination: head.destination.clone(),
            epoch: Object(head.epoch.into()),
            from_seq: Integer(head.from_seq),
            prev: head.prev,
            grants: (Integer(head.grants.0), Integer(head.grants.1)),
            settled: Integer(head.settled),
            sent_at: head.sent_at.into(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeV1<'a> {
    link: LinkId,
    origin: Domain,
    destination: Domain,
    epoch: Object<EpochV1>,
    from_seq: Integer,
    prev: Digest,
    grants: (Integer, Integer),
    settled: Integer,
    sent_at: Integer,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}
