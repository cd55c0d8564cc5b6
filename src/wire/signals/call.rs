//! Signals of calls: `ring`, `leg` and `media` (P25).

use super::{
    super::{
        WireError,
        strict::{self, Integer, ensure, present, refuse},
        words::words,
    },
    OBJECT,
};
use crate::model::{
    Address, CallId, DeviceId, RoomId,
    call::{CallSignal, CallWord, Candidate, Leg, Media, MediaContent, Medium, Ring, Seat, Shows, Why},
    limits,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{borrow::Cow, str::FromStr};

/// The kinds of signals that are read here.
pub(super) const KINDS: [&str; 3] = ["ring", "leg", "media"];

words!(
    /// By voice or by video.
    MediumV1 for Medium { Voice = "voice", Video = "video", }
);

/// Where a person stands. That a rule put them out is not told: they hung up (P10).
#[derive(Clone, Copy)]
struct StandV1(Stand);

#[derive(Clone, Copy)]
enum Stand {
    Ringing,
    Joined,
    Out(Why),
}

const STANDS: [(&str, Stand); 7] = [
    ("ringing", Stand::Ringing),
    ("joined", Stand::Joined),
    ("hung_up", Stand::Out(Why::HungUp)),
    ("declined", Stand::Out(Why::Declined)),
    ("busy", Stand::Out(Why::Busy)),
    ("missed", Stand::Out(Why::Missed)),
    ("lost", Stand::Out(Why::Lost)),
];

impl Serialize for StandV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self.0 {
            Stand::Ringing => "ringing",
            Stand::Joined => "joined",
            Stand::Out(Why::Cut) => Why::HungUp.as_str(),
            Stand::Out(why) => why.as_str(),
        })
    }
}

impl<'de> Deserialize<'de> for StandV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let known = STANDS.iter().find(|(word, _)| *word == text);
        known.map(|(_, stand)| Self(*stand)).ok_or_else(|| D::Error::custom("unknown word"))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CandidateV1<'a> {
    #[serde(borrow)]
    candidate: Cow<'a, str>,
    line: Integer,
}

/// Every field of every kind.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallSignalV1<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    room: RoomId,
    user: Address,
    call: CallId,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    medium: Option<MediumV1>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    age_ms: Option<Integer>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    invited: Option<Vec<Address>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    leg: Option<StandV1>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    device: Option<DeviceId>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    muted: Option<bool>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    camera: Option<bool>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    screen: Option<bool>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    to: Option<Address>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    to_device: Option<DeviceId>,
    #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    offer: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    answer: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    candidates: Option<Vec<CandidateV1<'a>>>,
}

impl<'a> From<&'a CallSignal> for CallSignalV1<'a> {
    fn from(signal: &'a CallSignal) -> Self {
        let kind = match signal.word {
            CallWord::Ring(_) => "ring",
            CallWord::Leg(_) => "leg",
            CallWord::Media(_) => "media",
        };
        let mut out = Self::bare(kind, signal);
        match &signal.word {
            CallWord::Ring(ring) => {
                (out.medium, out.age_ms) = (Some(ring.medium.into()), Some(Integer(ring.age_ms)));
                out.invited = Some(ring.invited.clone());
            }
            CallWord::Leg(Leg::Joined(Seat { device, shows })) => {
                (out.leg, out.device) = (Some(StandV1(Stand::Joined)), Some(*device));
                (out.muted, out.camera, out.screen) = (Some(shows.muted), Some(shows.camera), Some(shows.screen));
            }
            CallWord::Leg(Leg::Ringing) => out.leg = Some(StandV1(Stand::Ringing)),
            CallWord::Leg(Leg::Out(why)) => out.leg = Some(StandV1(Stand::Out(*why))),
            CallWord::Media(media) => out.carry(media),
        }
        out
    }
}

impl<'a> CallSignalV1<'a> {
    fn bare(kind: &'static str, signal: &CallSignal) -> Self {
        Self {
            kind: Cow::Borrowed(kind),
            room: signal.room,
            user: signal.user.clone(),
            call: signal.call,
            medium: None,
            age_ms: None,
            invited: None,
            leg: None,
            device: None,
            muted: None,
            camera: None,
            screen: None,
            to: None,
            to_device: None,
            offer: None,
            answer: None,
            candidates: None,
        }
    }

    fn carry(&mut self, media: &'a Media) {
        self.device = Some(media.device);
        (self.to, self.to_device) = (Some(media.to.clone()), Some(media.to_device));
        match &media.content {
            MediaContent::Offer(sdp) => self.offer = Some(Cow::Borrowed(sdp.as_str())),
            MediaContent::Answer(sdp) => self.answer = Some(Cow::Borrowed(sdp.as_str())),
            MediaContent::Candidates(candidates) => {
                let write = |candidate: &'a Candidate| CandidateV1 {
                    candidate: Cow::Borrowed(candidate.text.as_str()),
                    line: Integer(candidate.line.into()),
                };
                self.candidates = Some(candidates.iter().map(write).collect());
            }
        }
    }

    fn into_signal(self) -> Result<CallSignal, WireError> {
        let (room, user, call) = (self.room, self.user.clone(), self.call);
        let word = match &*self.kind {
            "ring" => self.into_ring()?,
            "leg" => self.into_leg()?,
            _ => self.into_media()?,
        };
        Ok(CallSignal { room, user, call, word })
    }

    fn into_ring(self) -> Result<CallWord, WireError> {
        let rest = self.leg.is_some() || self.device.is_some() || self.has_shows() || self.has_media();
        let (Some(medium), Some(age_ms), Some(invited)) = (self.medium, self.age_ms, self.invited) else {
            return wrong_fields();
        };
        ensure(!rest && invited.len() <= limits::CALL_LEGS_MAX, OBJECT, "invited", "must be at most 64, in a ring")?;
        Ok(CallWord::Ring(Ring { medium: medium.into(), age_ms: age_ms.0, invited }))
    }

    fn into_leg(self) -> Result<CallWord, WireError> {
        let ring = self.medium.is_some() || self.age_ms.is_some() || self.invited.is_some();
        let Some(StandV1(stand)) = self.leg.filter(|_| !ring && !self.has_media()) else { return wrong_fields() };
        let leg = match (stand, self.device, self.muted, self.camera, self.screen) {
            (Stand::Joined, Some(device), Some(muted), Some(camera), Some(screen)) => {
                Leg::Joined(Seat { device, shows: Shows { muted, camera, screen } })
            }
            (Stand::Ringing, None, None, None, None) => Leg::Ringing,
            (Stand::Out(why), None, None, None, None) => Leg::Out(why),
            _ => return wrong_fields(),
        };
        Ok(CallWord::Leg(leg))
    }

    fn into_media(self) -> Result<CallWord, WireError> {
        let ring = self.medium.is_some() || self.age_ms.is_some() || self.invited.is_some();
        if ring || self.leg.is_some() || self.has_shows() {
            return wrong_fields();
        }
        let (Some(device), Some(to), Some(to_device)) = (self.device, self.to, self.to_device) else {
            return wrong_fields();
        };
        let content = match (self.offer, self.answer, self.candidates) {
            (Some(sdp), None, None) => MediaContent::Offer(text("offer", &sdp)?),
            (None, Some(sdp), None) => MediaContent::Answer(text("answer", &sdp)?),
            (None, None, Some(candidates)) => MediaContent::Candidates(read_candidates(candidates)?),
            _ => return wrong_fields(),
        };
        Ok(CallWord::Media(Media { device, to, to_device, content }))
    }

    fn has_shows(&self) -> bool {
        self.muted.is_some() || self.camera.is_some() || self.screen.is_some()
    }

    fn has_media(&self) -> bool {
        let content = self.offer.is_some() || self.answer.is_some() || self.candidates.is_some();
        content || self.to.is_some() || self.to_device.is_some()
    }
}

fn wrong_fields<T>() -> Result<T, WireError> {
    refuse(OBJECT, "kind", "does not have these fields")
}

fn text<T: FromStr>(field: &'static str, text: &str) -> Result<T, WireError> {
    text.parse().or_else(|_| refuse(OBJECT, field, "is not what a browser makes, or too long"))
}

fn read_candidates(candidates: Vec<CandidateV1<'_>>) -> Result<Vec<Candidate>, WireError> {
    let fits = (1..=limits::CANDIDATES_PER_SIGNAL_MAX).contains(&candidates.len());
    ensure(fits, OBJECT, "candidates", "must be 1 to 16")?;
    let read = |candidate: CandidateV1<'_>| {
        let line = u16::try_from(candidate.line.0).or_else(|_| refuse(OBJECT, "line", "must be at most 65535"))?;
        Ok(Candidate { text: text("candidate", &candidate.candidate)?, line })
    };
    candidates.into_iter().map(read).collect()
}

/// Reads a signal of a call.
pub(super) fn read(json: &str) -> Result<CallSignal, WireError> {
    strict::read::<CallSignalV1<'_>>(OBJECT, json)?.into_signal()
}
