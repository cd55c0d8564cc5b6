//! Hellos: a bundle of up to three signed documents, and the payload of the hello itself (W8).
//!
//! The card and the grant lie beside the signed hello, not inside it, so that each document is verified before anything
//! in it is read: first the card by the pinned identity key, then hello and grant by the card's keys. The signed hello
//! names both by their SHA-256.

use super::{
    WireError,
    file::RulesV1,
    strict::{self, Integer, ensure, present},
    words::{EpochV1, SizeV1, check_features},
};
use crate::{
    crypto::{digest::sha256, object::Object},
    model::{
        Digest, Domain, InstanceId, LinkId, Millis, RunId,
        file::FilePolicy,
        limits,
        link::RecordPlace,
        record::{Hello, InPosition, OutPosition},
    },
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

const OBJECT: &str = "hello";

/// Largest payload of a hello, bytes.
pub const HELLO_BYTES_MAX: usize = 16 * 1024;
/// Largest bundle: three documents in base64 and JSON strings, bytes.
pub const BUNDLE_BYTES_MAX: usize = 64 * 1024;

/// The body of a hello request and of its answer: signed documents, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleV1<'a> {
    /// The speaker's card.
    #[serde(borrow)]
    pub card: Cow<'a, str>,
    /// The speaker's grant for the listener, if it ever gave one.
    #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub grant: Option<Cow<'a, str>>,
    /// The signed hello.
    #[serde(borrow)]
    pub hello: Cow<'a, str>,
}

/// Writes a bundle.
#[must_use]
pub fn encode_bundle(bundle: &BundleV1<'_>) -> String {
    String::from_utf8(strict::write(bundle)).expect("JSON is UTF-8")
}

/// Reads a bundle. Nothing in it is proven yet.
///
/// # Errors
/// What is wrong with its form.
pub fn decode_bundle(bytes: &[u8]) -> Result<BundleV1<'_>, WireError> {
    strict::parse("hello bundle", bytes, BUNDLE_BYTES_MAX)
}

/// What the signed hello itself says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelloParts {
    /// The link.
    pub link: LinkId,
    /// Who speaks.
    pub origin: Domain,
    /// To whom.
    pub destination: Domain,
    /// When.
    pub sent_at: Millis,
    /// The speaker's database.
    pub instance: InstanceId,
    /// The run of the speaker's daemon.
    pub run: Option<RunId>,
    /// SHA-256 of the card document beside it.
    pub card: Digest,
    /// SHA-256 of the grant document beside it.
    pub grant: Option<Digest>,
    /// The version of the listener's card that the speaker holds.
    pub seen_card: u64,
    /// The highest serial of the listener's grant that the speaker holds.
    pub seen_serial: u64,
    /// The stream from speaker to listener.
    pub outgoing: Option<OutPosition>,
    /// The stream from listener to speaker.
    pub incoming: Option<InPosition>,
    /// The epochs before that one that the speaker can send again, oldest first: the last record of each.
    pub follows: Vec<RecordPlace>,
    /// The speaker's last record, when it is in an epoch that follows that one.
    pub through: Option<RecordPlace>,
    /// The end of the stream from listener to speaker in the epoch before.
    pub ended: Option<InPosition>,
    /// Features that the speaker's daemon knows.
    pub features: Vec<String>,
    /// The largest envelope that the speaker takes: records, bytes.
    pub envelope_max: (u64, u64),
    /// What files the speaker's org takes.
    pub files: Option<FilePolicy>,
}

/// Writes the payload of a hello, which names its card and grant by their digests.
#[must_use]
pub fn encode(hello: &Hello) -> Vec<u8> {
    let digest = |document: &str| sha256(document.as_bytes());
    strict::write(&HelloV1 {
        link: hello.link,
        origin: hello.origin.clone(),
        destination: hello.destination.clone(),
        sent_at: hello.sent_at.into(),
        instance: hello.instance,
        run: hello.run,
        card: digest(&hello.card.document),
        grant: hello.grant.as_ref().map(|signed| digest(&signed.document)),
        seen_card: Integer(hello.seen_card),
        seen_serial: Integer(hello.seen_serial),
        outgoing: hello.outgoing.map(|position| Object(position.into())),
        incoming: hello.incoming.map(|position| Object(position.into())),
        follows: hello.follows.iter().map(|place| Object((*place).into())).collect(),
        through: hello.through.map(|place| Object(place.into())),
        ended: hello.ended.map(|position| Object(position.into())),
        features: hello.features.clone(),
        envelope_max: Object(SizeV1 { records: Integer(hello.envelope_max.0), bytes: Integer(hello.envelope_max.1) }),
        files: hello.files.as_ref().map(|policy| Object(policy.into())),
    })
}

/// Reads the payload of a hello, once its proof holds.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<HelloParts, WireError> {
    let parsed: HelloV1 = strict::parse(OBJECT, bytes, HELLO_BYTES_MAX)?;
    ensure(parsed.origin != parsed.destination, OBJECT, "destination", "must not be the origin")?;
    check_features(OBJECT, &parsed.features)?;
    ensure(parsed.follows.len() <= limits::ENDED_EPOCHS_MAX, OBJECT, "follows", "must name at most 64 epochs")?;
    let Object(SizeV1 { records, bytes }) = parsed.envelope_max;
    ensure(records.0 >= 1, OBJECT, "envelope_max", "must allow a record")?;
    ensure(bytes.0 >= limits::ENVELOPE_BYTES_MIN as u64, OBJECT, "envelope_max", "must allow at least 524,288 bytes")?;
    Ok(HelloParts {
        link: parsed.link,
        origin: parsed.origin,
        destination: parsed.destination,
        sent_at: parsed.sent_at.into(),
        instance: parsed.instance,
        run: parsed.run,
        card: parsed.card,
        grant: parsed.grant,
        seen_card: parsed.seen_card.0,
        seen_serial: parsed.seen_serial.0,
        outgoing: parsed.outgoing.map(|Object(position)| position.into_position()).transpose()?,
        incoming: parsed.incoming.map(|Object(position)| position.into_position()).transpose()?,
        follows: parsed.follows.into_iter().map(|Object(place)| place.into_place()).collect(),
        through: parsed.through.map(|Object(place)| place.into_place()),
        ended: parsed.ended.map(|Object(position)| position.into_position()).transpose()?,
        features: parsed.features,
        envelope_max: (records.0, bytes.0),
        files: parsed.files.map(|Object(rules)| rules.into_policy()).transpose()?,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HelloV1 {
    link: LinkId,
    origin: Domain,
    destination: Domain,
    sent_at: Integer,
    instance: InstanceId,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
    card: Digest,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    grant: Option<Digest>,
    seen_card: Integer,
    seen_serial: Integer,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    outgoing: Option<Object<OutV1>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    incoming: Option<Object<InV1>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    follows: Vec<Object<PlaceV1>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    through: Option<Object<PlaceV1>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    ended: Option<Object<InV1>>,
    features: Vec<String>,
    envelope_max: Object<SizeV1>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    files: Option<Object<RulesV1>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutV1 {
    epoch: Object<EpochV1>,
    term: (Integer, Integer),
    next_seq: Integer,
    head: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceV1 {
    epoch_n: Integer,
    seq: Integer,
}

impl From<RecordPlace> for PlaceV1 {
    fn from((epoch_n, seq): RecordPlace) -> Self {
        Self { epoch_n: Integer(epoch_n), seq: Integer(seq) }
    }
}

impl PlaceV1 {
    fn into_place(self) -> RecordPlace {
        (self.epoch_n.0, self.seq.0)
    }
}

impl From<OutPosition> for OutV1 {
    fn from(position: OutPosition) -> Self {
        Self {
            epoch: Object(position.epoch.into()),
            term: (Integer(position.term.0), Integer(position.term.1)),
            next_seq: Integer(position.next_seq),
            head: position.head,
        }
    }
}

impl OutV1 {
    fn into_position(self) -> Result<OutPosition, WireError> {
        ensure(self.next_seq.0 >= 1, OBJECT, "next_seq", "starts at 1")?;
        Ok(OutPosition {
            epoch: self.epoch.0.into_epoch(OBJECT)?,
            term: (self.term.0.0, self.term.1.0),
            next_seq: self.next_seq.0,
            head: self.head,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InV1 {
    epoch: Object<EpochV1>,
    cursor: Integer,
    head: Digest,
    backed_up: Integer,
}

impl From<InPosition> for InV1 {
    fn from(position: InPosition) -> Self {
        Self {
            epoch: Object(position.epoch.into()),
            cursor: Integer(position.cursor),
            head: position.head,
            backed_up: Integer(position.backed_up),
        }
    }
}

impl InV1 {
    fn into_position(self) -> Result<InPosition, WireError> {
        ensure(self.backed_up <= self.cursor, OBJECT, "backed_up", "must be at most the cursor")?;
        Ok(InPosition {
            epoch: self.epoch.0.into_epoch(OBJECT)?,
            cursor: self.cursor.0,
            head: self.head,
            backed_up: self.backed_up.0,
        })
    }
}
