//! Calls: who rings, who is in, what browsers tell each other to connect, and what a call leaves behind (P25).
//!
//! All but the last is true for a moment only: it crosses as signals (W15), and nothing of it is ever stored.

use super::{Address, CallId, DeviceId, Millis, RoomId, limits};
use std::{fmt, str::FromStr, sync::Arc};

/// Something about one person in one call, told by that person's own org.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSignal {
    /// In which room.
    pub room: RoomId,
    /// About whom, or from whom.
    pub user: Address,
    /// In which call.
    pub call: CallId,
    /// What.
    pub word: CallWord,
}

/// What a call signal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallWord {
    /// The person has started the call.
    Ring(Ring),
    /// Where the person stands in the call.
    Leg(Leg),
    /// Something for one other person's browser.
    Media(Media),
}

/// A call as whoever started it tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// By voice or by video.
    pub medium: Medium,
    /// How long ago it was started, milliseconds: no clock is compared.
    pub age_ms: u64,
    /// Whom of the destination's org it rings.
    pub invited: Vec<Address>,
}

/// How a call was started. Everybody may still show themselves later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// Voice only.
    Voice,
    /// Voice and video.
    Video,
}

/// Where a person stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// Their devices ring.
    Ringing,
    /// They are in, by one device.
    Joined(Seat),
    /// They are not in, or not any more.
    Out(Why),
}

/// How somebody is in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// By which of their devices.
    pub device: DeviceId,
    /// What of them the others get.
    pub shows: Shows,
}

/// What the others get of somebody. Told so that it can be shown; media itself says it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shows {
    /// Their microphone is off.
    pub muted: bool,
    /// Their camera is on.
    pub camera: bool,
    /// They share their screen.
    pub screen: bool,
}

/// Why somebody is not in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// They hung up.
    HungUp,
    /// They do not want to.
    Declined,
    /// They are in another call.
    Busy,
    /// They did not answer in time, or whoever called gave up.
    Missed,
    /// Nothing was heard of their device any more.
    Lost,
    /// A rule put them out: permission, membership, block, link or scope. Partners are told that they hung up (P10).
    Cut,
}

/// Something for one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// From which device.
    pub device: DeviceId,
    /// For whom.
    pub to: Address,
    /// For which of their devices.
    pub to_device: DeviceId,
    /// What.
    pub content: MediaContent,
}

/// What browsers tell each other to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaContent {
    /// An offer, also to renegotiate or to restart ICE.
    Offer(Sdp),
    /// The answer to the last offer.
    Answer(Sdp),
    /// Ways to reach the sender.
    Candidates(Vec<Candidate>),
}

/// A way to reach a browser, as it names it. An empty text ends the candidates of a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The `candidate` attribute.
    pub text: CandidateText,
    /// Of which media line, by number.
    pub line: u16,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// People talked.
    Answered,
    /// Nobody answered in time.
    Missed,
    /// Nobody answered, and somebody declined.
    Declined,
    /// Everybody was in another call.
    Busy,
    /// Whoever started it gave up before.
    Cancelled,
}

/// What a call leaves behind in the room's timeline. Its author is who started it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEntry {
    /// Which call.
    pub call: CallId,
    /// By voice or by video.
    pub medium: Medium,
    /// When it was started, by the clock of its author's daemon.
    pub started_at: Millis,
    /// How it ended.
    pub outcome: Outcome,
    /// How long people talked, milliseconds; 0 unless it was answered.
    pub length_ms: u64,
    /// Who was in beside its author, in the order of addresses.
    pub joined: Vec<Address>,
}

/// A text of a browser's that is passed on and never printed: it names addresses.
macro_rules! opaque {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }

        impl FromStr for $name {
            type Err = MediaError;

            fn from_str(text: &str) -> Result<Self, MediaError> {
                let check: fn(&str) -> Result<(), MediaError> = $check;
                check(text).map(|()| Self(text.into()))
            }
        }
    };
}

opaque!(
    /// A session description (SDP).
    Sdp, check_sdp
);
opaque!(
    /// An ICE candidate line.
    CandidateText, check_candidate
);

/// Why a text is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Too long.
    #[error("must be at most {bytes_max} bytes")]
    Long {
        /// The limit.
        bytes_max: usize,
    },
    /// Not what its name says.
    #[error("must be plain text as a browser makes it: an SDP with a fingerprint, or a candidate line")]
    Form,
}

fn check_sdp(text: &str) -> Result<(), MediaError> {
    if text.len() > limits::SDP_BYTES_MAX {
        return Err(MediaError::Long { bytes_max: limits::SDP_BYTES_MAX });
    }
    // Without a fingerprint nothing would bind the media to what the daemons sign.
    let is_sdp = text.starts_with("v=0") && text.lines().any(|line| line.starts_with("a=fingerprint:"));
    let plain = text.chars().all(|c| matches!(c, '\r' | '\n' | '\t') || !c.is_control());
    if is_sdp && plain { Ok(()) } else { Err(MediaError::Form) }
}

fn check_candidate(text: &str) -> Result<(), MediaError> {
    if text.len() > limits::CANDIDATE_BYTES_MAX {
        return Err(MediaError::Long { bytes_max: limits::CANDIDATE_BYTES_MAX });
    }
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let is_candidate = text.is_empty() || text.starts_with("candidate:");
    if is_candidate && plain { Ok(()) } else { Err(MediaError::Form) }
}

/// Whether a candidate leads to a relay, and to nothing of the one who names it.
fn is_relay(candidate: &str) -> bool {
    let words: Vec<&str> = candidate.split_whitespace().collect();
    let after = |word: &str| words.iter().position(|it| *it == word).and_then(|at| words.get(at + 1)).copied();
    let hidden = after("raddr").is_none_or(|address| matches!(address, "0.0.0.0" | "::"));
    candidate.is_empty() || (after("typ") == Some("relay") && hidden)
}

impl MediaContent {
    /// Whether it names an address of the sender's own, and not only a relay's.
    #[must_use]
    pub fn shows_address(&self) -> bool {
        match self {
            Self::Offer(sdp) | Self::Answer(sdp) => {
                let mut candidates = sdp.as_str().lines().filter_map(|line| line.strip_prefix("a=candidate:"));
                candidates.any(|candidate| !is_relay(candidate))
            }
            Self::Candidates(candidates) => candidates.iter().any(|candidate| !is_relay(candidate.text.as_str())),
        }
    }
}

impl Leg {
    /// The seat of somebody who is in.
    #[must_use]
    pub fn seat(self) -> Option<Seat> {
        match self {
            Self::Joined(seat) => Some(seat),
            Self::Ringing | Self::Out(_) => None,
        }
    }

    /// Its word, on the wire and for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Joined(_) => "joined",
            Self::Out(why) => why.as_str(),
        }
    }
}

impl Why {
    /// Its word, for people and in audit entries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::Declined => "declined",
            Self::Busy => "busy",
            Self::Missed => "missed",
            Self::Lost => "lost",
            Self::Cut => "cut",
        }
    }
}

impl Medium {
    /// Its word, on the wire and for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Video => "video",
        }
    }
}

impl Outcome {
    /// Its word, on the wire and for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Missed => "missed",
            Self::Declined => "declined",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=fingerprint:sha-256 AB:CD\r\n";

    fn candidates(text: &str) -> MediaContent {
        MediaContent::Candidates(vec![Candidate { text: text.parse().expect("a candidate"), line: 0 }])
    }

    #[test]
    fn p25_a_description_without_a_fingerprint_is_not_passed_on() {
        assert!(SDP.parse::<Sdp>().is_ok());
        for text in ["", "v=0\r\n", "x\r\na=fingerprint:sha-256 AB", &format!("{SDP}\0"), &SDP.repeat(4_000)] {
            assert!(text.parse::<Sdp>().is_err(), "{:.40}", text);
        }
        for text in ["", "candidate:1 1 udp 1 192.0.2.7 9 typ host"] {
            assert!(text.parse::<CandidateText>().is_ok(), "{text}");
        }
        for text in ["x", "candidate:\n", "candidate:ü", &format!("candidate:{}", "1".repeat(2_000))] {
            assert!(text.parse::<CandidateText>().is_err(), "{:.40}", text);
        }
    }

    #[test]
    fn p25_only_relays_show_nothing_of_the_sender() {
        assert!(!candidates("").shows_address());
        assert!(!candidates("candidate:1 1 udp 1 198.51.100.1 9 typ relay raddr 0.0.0.0 rport 0").shows_address());
        for text in [
            "candidate:1 1 udp 1 192.0.2.7 9 typ host",
            "candidate:1 1 udp 1 0b6c.local 9 typ host",
            "candidate:1 1 udp 1 192.0.2.7 9 typ srflx raddr 0.0.0.0 rport 0",
            "candidate:1 1 udp 1 198.51.100.1 9 typ relay raddr 192.0.2.7 rport 9",
            "candidate:1",
        ] {
            assert!(candidates(text).shows_address(), "{text}");
        }
        let offer = |line: &str| MediaContent::Offer(format!("{SDP}{line}\r\n").parse().expect("an SDP"));
        assert!(!offer("a=sendrecv").shows_address());
        assert!(offer("a=candidate:1 1 udp 1 192.0.2.7 9 typ host").shows_address());
    }

    #[test]
    fn what_browsers_tell_is_never_printed() {
        let text = format!("{:?}", MediaContent::Offer(SDP.parse().expect("an SDP")));
        assert!(!text.contains("fingerprint"), "{text}");
    }
}
