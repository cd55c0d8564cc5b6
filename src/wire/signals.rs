//! A batch of signals as JSON (P22, W15). Kinds of later versions are passed over, not refused.

use super::{
    WireError,
    strict::{self, Integer, ensure, present, refuse},
    words::words,
};
use crate::{
    crypto::object::Object,
    model::{
        Address, Domain, EpochId, LinkId, RoomId, limits,
        signal::{Presence, Sign, Signal, SignalBatch, Typing},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

const OBJECT: &str = "signals";

/// Writes a batch of our own.
#[must_use]
pub fn encode(batch: &SignalBatch) -> Vec<u8> {
    strict::write(&OutV1 {
        link: batch.link,
        origin: &batch.origin,
        destination: &batch.destination,
        sent_at: batch.sent_at.into(),
        session: batch.session,
        n: Integer(batch.n),
        signals: batch.signals.iter().map(SignalV1::from).collect(),
    })
}

/// Reads a batch.
///
/// # Errors
/// What is wrong with its form.
pub fn decode(bytes: &[u8]) -> Result<SignalBatch, WireError> {
    let parsed: InV1<'_> = strict::parse(OBJECT, bytes, limits::SIGNALS_BYTES_MAX)?;
    ensure(parsed.n.0 >= 1, OBJECT, "n", "starts at 1")?;
    ensure(parsed.origin != parsed.destination, OBJECT, "destination", "must be another org")?;
    ensure(parsed.signals.len() <= limits::SIGNALS_PER_BATCH_MAX, OBJECT, "signals", "must be at most 128")?;
    let known: Vec<Option<Signal>> = parsed.signals.iter().map(|raw| read(raw.get())).collect::<Result<_, _>>()?;
    Ok(SignalBatch {
        link: parsed.link,
        origin: parsed.origin,
        destination: parsed.destination,
        sent_at: parsed.sent_at.into(),
        session: parsed.session,
        n: parsed.n.0,
        unknown: known.iter().filter(|signal| signal.is_none()).count(),
        signals: known.into_iter().flatten().collect(),
    })
}

/// A signal; none when its kind is of a later version.
fn read(text: &str) -> Result<Option<Signal>, WireError> {
    match strict::read::<SignalV1<'_>>(OBJECT, text) {
        Ok(parsed) => parsed.into_signal(),
        Err(_) if is_unknown_kind(text) => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Serialize)]
struct OutV1<'a> {
    link: LinkId,
    origin: &'a Domain,
    destination: &'a Domain,
    sent_at: Integer,
    session: EpochId,
    n: Integer,
    signals: Vec<SignalV1<'static>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InV1<'a> {
    link: LinkId,
    origin: Domain,
    destination: Domain,
    sent_at: Integer,
    session: EpochId,
    n: Integer,
    #[serde(borrow)]
    signals: Vec<&'a RawValue>,
}

words!(
    /// Whether somebody is there.
    PresenceV1 for Presence { Offline = "offline", Away = "away", Online = "online", }
);
words!(
    /// Whether somebody types.
    TypingV1 for Typing { On = "on", Off = "off", }
);

/// Every field of every kind.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignalV1<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    room: RoomId,
    user: Address,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    presence: Option<PresenceV1>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    typing: Option<TypingV1>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    index: Option<Integer>,
}

impl From<&Signal> for SignalV1<'static> {
    fn from(signal: &Signal) -> Self {
        let (mut presence, mut typing, mut index) = (None, None, None);
        match signal.sign {
            Sign::Presence(state) => presence = Some(state.into()),
            Sign::Typing(state) => typing = Some(state.into()),
            Sign::Read(read) => index = Some(Integer(read)),
        }
        let kind = Cow::Borrowed(signal.sign.kind().as_str());
        Self { kind, room: signal.room, user: signal.user.clone(), presence, typing, index }
    }
}

impl SignalV1<'_> {
    fn into_signal(self) -> Result<Option<Signal>, WireError> {
        let Self { kind, room, user, presence, typing, index } = self;
        let sign = match (&*kind, presence, typing, index) {
            ("presence", Some(state), None, None) => Sign::Presence(state.into()),
            ("typing", None, Some(state), None) => Sign::Typing(state.into()),
            ("read", None, None, Some(index)) => Sign::Read(index.0),
            ("presence" | "typing" | "read", ..) => return refuse(OBJECT, "kind", "does not have these fields"),
            _ => return Ok(None),
        };
        Ok(Some(Signal { room, user, sign }))
    }
}

/// Whether what could not be read is a signal of a later version: well formed, with a kind that is not ours.
fn is_unknown_kind(text: &str) -> bool {
    #[derive(Deserialize)]
    struct LaterV1<'a> {
        #[serde(borrow)]
        kind: Cow<'a, str>,
    }
    let later = serde_json::from_str::<Object<LaterV1<'_>>>(text);
    later.is_ok_and(|Object(later)| !matches!(&*later.kind, "presence" | "typing" | "read"))
}

#[cfg(test)]
mod tests;
