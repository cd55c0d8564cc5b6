//! The relation between us and one peer: what is pinned, granted, streamed (W7 to W11).

use super::{
    Code, Digest, Domain, InstanceId, LinkId, Millis, RoomId, RunId,
    file::FilePolicy,
    grant::SignedGrant,
    limits,
    org::SignedCard,
    record::{Epoch, InPosition},
};
use serde::{Deserialize, Serialize};

/// What is known of a peer: one row, written when a card, a grant or a verdict changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// The peer's domain.
    pub domain: Domain,
    /// The link's id.
    pub link: LinkId,
    /// The newest card.
    pub card: SignedCard,
    /// Our grant for the peer.
    pub ours: Option<SignedGrant>,
    /// The peer's grant for us.
    pub theirs: Option<SignedGrant>,
    /// Set after a contradiction (fork, false claim): nothing but hellos passes until an admin lifts it.
    pub quarantine: Option<Quarantine>,
    /// When it was pinned.
    pub pinned_at: Millis,
    /// The peer's database, as last heard.
    pub instance: Option<InstanceId>,
    /// The runs of its daemon that have spoken, the present one last: an earlier one that speaks again is a second daemon
    /// (F26).
    pub runs: Vec<RunId>,
    /// The version of our card that it holds, as its last hello said; 0 before the first.
    pub seen_card: u64,
    /// What its daemon offered in its last hello.
    pub features: Vec<String>,
    /// What files it takes, as its last hello said.
    pub files: Option<FilePolicy>,
    /// Rooms that still have to be cleaned up after the link closed; the filter works already (P26).
    pub cleanup: Option<Cleanup>,
}

/// Why a link is quarantined, with the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// What was found.
    pub code: Code,
    /// One sentence for the admin.
    pub detail: String,
    /// Since when.
    pub at: Millis,
    /// The documents that contradict each other, if any: kept for the admins of both sides.
    pub evidence: Vec<std::sync::Arc<str>>,
}

/// A clean-up under way: rooms up to and including `done` are finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleanup {
    /// Why the link closed.
    pub cause: Code,
    /// The last finished room, in the order of ids.
    pub done: Option<RoomId>,
}

/// An unbroken time in which both grants are active: the two `since` serials, ours first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The serial since which ours is active.
    pub ours: u64,
    /// The serial since which theirs is active.
    pub theirs: u64,
}

/// Our sending side of a link in one epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutStream {
    /// The epoch.
    pub epoch: Epoch,
    /// The term it was minted in.
    pub term: Term,
    /// The number of the next record.
    pub next_seq: u64,
    /// The chain head before it.
    pub head: Digest,
    /// The last record that the peer acknowledged and whose verdicts we have settled.
    pub acked: u64,
    /// Whether the peer has confirmed the epoch in a hello.
    pub confirmed: bool,
}

impl OutStream {
    /// A stream at its beginning.
    #[must_use]
    pub fn begun(epoch: Epoch, term: Term) -> Self {
        Self { epoch, term, next_seq: 1, head: Digest::ZERO, acked: 0, confirmed: false }
    }
}

/// Our receiving side of a link in its present epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InStream {
    /// The epoch.
    pub epoch: Epoch,
    /// The term in which it was agreed.
    pub term: Term,
    /// The last record that is applied or refused.
    pub cursor: u64,
    /// The chain head after it.
    pub head: Digest,
    /// Refused records that the sender has not settled yet.
    pub rejects: Vec<(u64, Code)>,
    /// The last record in a verified backup.
    pub backed_up: u64,
    /// When voids arrived in the last hour.
    pub voids: Vec<Millis>,
}

impl InStream {
    /// The last record that is applied or refused.
    #[must_use]
    pub fn place(&self) -> RecordPlace {
        (self.epoch.n, self.cursor)
    }
}

/// An ended epoch of our sending side: what was not acknowledged by then is undelivered (P21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedEpoch {
    /// The epoch.
    pub epoch: Epoch,
    /// The last record that is known to have arrived.
    pub acked: u64,
    /// The number after its last record.
    pub next_seq: u64,
    /// Set when all of it had arrived: its term, and the chain head at its end. If the peer loses the end within that
    /// term, it is sent again (W10).
    pub tail: Option<(Term, Digest)>,
}

/// A record of a stream: the number of its epoch, then its own. (0, 0) comes before all.
pub type RecordPlace = (u64, u64);

/// What a daemon still has to find out, or to take back, after its database was put back to an earlier state (W10).
/// While it stands, nothing of the link is queued, sent or taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// Since when.
    pub since: Millis,
    /// What the peer holds of our stream, by its last hello; none before one was heard.
    pub held: Option<InPosition>,
    /// The last record of the peer's own stream, by what it said.
    pub theirs: RecordPlace,
    /// The last submission of the peer that a record which was taken back gives its place.
    pub placed: RecordPlace,
}

/// The part of the peer's stream that it sends a second time, because a restore has lost it here (W10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The epoch of our stream in which the peer answered: places are told by the numbers of that epoch.
    pub epoch_n: u64,
    /// Up to here submissions, requests and answers have had their effect, or were refused.
    pub placed: RecordPlace,
    /// The last record that is of the time before.
    pub end: RecordPlace,
    /// Rooms that the peer hosts, with submissions of ours before this number that waited before.
    pub waiting: Vec<(RoomId, u64)>,
}

/// Both streams of a link: one row, written with every ack and every applied envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// Sending; none before the first opening.
    pub out: Option<OutStream>,
    /// Streams that follow when all of `out` has arrived: the peer is told of the first only then. What is queued goes
    /// to the last. After a restore none of the numbers is used again that may have been used since the backup (W10).
    pub following: Vec<OutStream>,
    /// How much of `out` the peer holds, by its last hello or ack. Kept up only while another stream follows.
    pub held: u64,
    /// Receiving; none before the first opening.
    pub inn: Option<InStream>,
    /// Ended epochs of the sending side, oldest first.
    pub ended: Vec<EndedEpoch>,
    /// The final position of the receiving side in the epoch before.
    pub ended_in: Option<(Epoch, u64, Digest)>,
    /// The last authenticated sign of life.
    pub last_contact: Option<Millis>,
    /// When records of ours were voided in the last hour.
    pub voided: Vec<Millis>,
    /// Set after a restore until the peer has given back what was lost of our stream.
    pub recovery: Option<Recovery>,
    /// Set from then on until the peer has sent again what was lost of its own.
    pub replay: Option<Replay>,
    /// When the peer has begun its stream anew within the last day.
    pub restarts: Vec<Millis>,
}

impl Streams {
    /// The number of the last epoch of ours; 0 before the first.
    #[must_use]
    pub fn last_out(&self) -> u64 {
        let ended = self.ended.iter().map(|ended| ended.epoch.n);
        ended.chain(self.outgoing().map(|out| out.epoch.n)).max().unwrap_or(0)
    }

    /// The streams that are to be sent, in this order.
    pub fn outgoing(&self) -> impl DoubleEndedIterator<Item = &OutStream> {
        self.out.iter().chain(&self.following)
    }

    /// One of them, by the number of its epoch.
    #[must_use]
    pub fn outgoing_in(&self, epoch_n: u64) -> Option<OutStream> {
        self.outgoing().find(|out| out.epoch.n == epoch_n).copied()
    }

    /// The stream to which records are added.
    #[must_use]
    pub fn written(&self) -> Option<OutStream> {
        self.outgoing().next_back().copied()
    }

    /// The same, to be changed.
    pub fn written_mut(&mut self) -> Option<&mut OutStream> {
        self.following.last_mut().or(self.out.as_mut())
    }

    /// The epochs before the one that a hello names which can be sent again, oldest first: the last record of each. Of more
    /// than a hello takes, the last ones.
    #[must_use]
    pub fn follows(&self) -> Vec<RecordPlace> {
        let Some(told) = self.told() else { return Vec::new() };
        let ended = self.ended[self.first_kept(told.term)..].iter().map(|ended| (ended.epoch.n, ended.next_seq));
        let before = self.outgoing().take_while(|out| out.epoch != told.epoch);
        let all = ended.chain(before.map(|out| (out.epoch.n, out.next_seq)));
        let mut follows: Vec<RecordPlace> = all.map(|(n, next_seq)| (n, next_seq - 1)).collect();
        follows.drain(..follows.len().saturating_sub(limits::ENDED_EPOCHS_MAX));
        follows
    }

    /// From where on all ended epochs are of this term and can be sent again.
    #[must_use]
    pub fn first_kept(&self, term: Term) -> usize {
        let is_kept = |ended: &&EndedEpoch| ended.tail.is_some_and(|(of, _)| of == term);
        self.ended.len() - self.ended.iter().rev().take_while(is_kept).count()
    }

    /// The last record of ours, when it is in a stream that follows the one a hello names.
    #[must_use]
    pub fn through(&self) -> Option<RecordPlace> {
        let told = self.told()?.epoch.n;
        self.written().filter(|out| out.epoch.n != told).map(|out| (out.epoch.n, out.next_seq - 1))
    }

    /// The outgoing stream that a hello names.
    #[must_use]
    pub fn told(&self) -> Option<OutStream> {
        let arrived = self.out.is_some_and(|out| self.held + 1 == out.next_seq && out.acked + 1 == out.next_seq);
        self.following.first().copied().filter(|_| arrived).or(self.out)
    }

    /// How many records the peer has not acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> u64 {
        self.outgoing().map(|out| out.next_seq.saturating_sub(1).saturating_sub(out.acked)).sum()
    }

    /// Notes that an epoch of ours has ended.
    pub fn end_epoch(&mut self, out: OutStream) {
        let OutStream { epoch, term, next_seq, head, acked, .. } = out;
        let tail = (acked + 1 == next_seq).then_some((term, head));
        self.ended.push(EndedEpoch { epoch, acked, next_seq, tail });
        let surplus = self.ended.len().saturating_sub(limits::ENDED_EPOCHS_MAX);
        self.ended.drain(..surplus);
    }

    /// The number of the last epoch in which something was received; 0 before the first opening.
    #[must_use]
    pub fn last_in(&self) -> u64 {
        let ended = self.ended_in.map(|(epoch, ..)| epoch);
        self.inn.as_ref().map(|inn| inn.epoch).or(ended).map_or(0, |epoch| epoch.n)
    }
}

/// What is remembered of an unpinned peer: one row. Serials and epoch numbers go on from here when it is pinned again,
/// so that none ever carries two contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parted {
    /// The link as it was.
    pub peer: Peer,
    /// Its streams; all of them ended.
    pub streams: Streams,
}

/// The state of a link as people see it (W7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// No grant was ever active on either side.
    Pinned,
    /// Both grants are active; the hello has not confirmed it yet.
    Opening,
    /// What both grants name may cross.
    Open,
    /// Open, but nothing heard for 15 minutes: shown as unreachable, nobody is removed.
    Stale,
    /// Our grant is not active.
    ClosedByUs,
    /// Our grant is active, theirs is not.
    ClosedByThem,
    /// Lost records are being fetched back from the peer.
    Recovering,
    /// A contradiction was found; an admin must decide.
    Quarantined,
}

impl LinkState {
    /// The state's name in the API and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Opening => "opening",
            Self::Open => "open",
            Self::Stale => "stale",
            Self::ClosedByUs => "closed_by_us",
            Self::ClosedByThem => "closed_by_them",
            Self::Recovering => "recovering",
            Self::Quarantined => "quarantined",
        }
    }
}
