//! A batch of signals as JSON (P22, W15). Kinds of later versions are passed over, not refused.

mod call;

use super::{
    WireError,
    strict::{self, Integer, ensure, present, refuse},
    words::words,
};
use crate::{
    crypto::object::Object,
    model::{
        Address, Domain, EpochId, LinkId, RoomId,
        call::CallSignal,
        limits,
        signal::{Presence, Sign, Signal, SignalBatch, Typing},
    },
};
use call::CallSignalV1;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeSeq as _};
use serde_json::value::RawValue;
use std::borrow::Cow;

const OBJECT: &str = "signals";
const KINDS: [&str; 3] = ["presence", "typing", "read"];

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
        signals: Chained(&batch.signals, &batch.calls),
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
    let (mut signals, mut calls, mut unknown) = (Vec::new(), Vec::new(), 0);
    for raw in &parsed.signals {
        match kind_of(raw.get()) {
            Some(kind) if call::KINDS.contains(&&*kind) => calls.push(call::read(raw.get())?),
            Some(kind) if !KINDS.contains(&&*kind) => unknown += 1,
            _ => signals.push(strict::read::<SignalV1<'_>>(OBJECT, raw.get())?.into_signal()?),
        }
    }
    Ok(SignalBatch {
        link: parsed.link,
        origin: parsed.origin,
        destination: parsed.destination,
        sent_at: parsed.sent_at.into(),
        session: parsed.session,
        n: parsed.n.0,
        signals,
        calls,
        unknown,
    })
}

#[derive(Serialize)]
struct OutV1<'a> {
    link: LinkId,
    origin: &'a Domain,
    destination: &'a Domain,
    sent_at: Integer,
    session: EpochId,
    n: Integer,
    signals: Chained<'a>,
}

/// Both kinds of signals as one list.
struct Chained<'a>(&'a [Signal], &'a [CallSignal]);

impl Serialize for Chained<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len() + self.1.len()))?;
        self.0.iter().try_for_each(|signal| list.serialize_element(&SignalV1::from(signal)))?;
        self.1.iter().try_for_each(|signal| list.serialize_element(&CallSignalV1::from(signal)))?;
        list.end()
    }
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
    fn into_signal(self) -> Result<Signal, WireError> {
        let Self { kind, room, user, presence, typing, index } = self;
        let sign = match (&*kind, presence, typing, index) {
            ("presence", Some(state), None, None) => Sign::Presence(state.into()),
            ("typing", None, Some(state), None) => Sign::Typing(state.into()),
            ("read", None, None, Some(index)) => Sign::Read(index.0),
            _ => return refuse(OBJECT, "kind", "does not have these fields"),
        };
        Ok(Signal { room, user, sign })
    }
}

/// The kind of a signal, whatever its other fields; none when it is not in form.
fn kind_of(text: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct AnyV1<'a> {
        #[serde(borrow)]
        kind: Cow<'a, str>,
    }
    serde_json::from_str::<Object<AnyV1<'_>>>(text).ok().map(|Object(any)| any.kind)
}

#[cfg(test)]
mod tests;
