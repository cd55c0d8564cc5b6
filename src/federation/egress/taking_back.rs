//! After a restore: our own signed records are asked back from the peer that has kept them (W10).

use super::{Egress, Trouble, refusal_of};
use crate::{
    core::{
        State,
        command::{Kept, KeptRecord, PeerOp, Submit},
        permit,
        state::Link,
    },
    crypto::{KeySet, digest::chain},
    model::{
        Digest, limits,
        link::Recovery,
        record::{Envelope, Epoch, RecordBody},
    },
    net::client::PeerAnswer,
    wire::{
        self,
        past::KeptEnvelope,
        pull::{self, Pull},
    },
};
use hyper::StatusCode;
use std::time::Duration;
use tokio::time::Instant;

/// Pause after records that brought us no further, milliseconds.
const STUCK_MS: u64 = 1_000;

impl Egress {
    /// Whether the peer has said that it holds records of ours that are lost here.
    pub(super) fn has_to_take_back(&self, state: &State, link: &Link) -> bool {
        let lost = link.streams.recovery.is_some_and(|recovery| recovery.held.is_some());
        lost && permit::check_granted(state, link, self.federation.engine.now()).is_ok()
    }

    /// Some envelopes of ours, asked back and done again.
    pub(super) async fn take_back(&mut self) -> Result<(), Trouble> {
        let state = self.federation.engine.state();
        let link = state.links.get(&self.peer).ok_or(Trouble::End)?;
        let Some(recovery) = link.streams.recovery else { return Ok(()) };
        let Some(Chain { epoch, mut prev, records }) = self.ask_kept(&state, link, recovery).await? else {
            self.tell(PeerOp::Unshown).await?;
            return Ok(());
        };
        let before = link.streams.out.map(|out| (out.epoch.n, out.next_seq));
        for records in portions(records) {
            let next = records.iter().fold(prev, |head, kept| chain(head, kept.record.digest));
            let submits = self.ask_submits(recovery, &records).await?;
            self.tell(PeerOp::TakeBack(Box::new(Kept { epoch, prev, records, submits }))).await?;
            prev = next;
        }
        let state = self.federation.engine.state();
        let after = state.links.get(&self.peer).and_then(|link| link.streams.out);
        if after.is_some_and(|out| Some((out.epoch.n, out.next_seq)) == before) {
            self.pauses.away = Some(Instant::now() + Duration::from_millis(STUCK_MS));
        }
        Ok(())
    }

    /// The next records that the peer has kept, in the present epoch or, when that has no more, in a later one. None when
    /// it shows nothing that our keys have signed: also what a key signed that is revoked since proves nothing.
    async fn ask_kept(&mut self, state: &State, link: &Link, recovery: Recovery) -> Result<Option<Chain>, Trouble> {
        let Some(held) = recovery.held else { return Ok(None) };
        let present = link.streams.out.map(|out| Pull { epoch_n: out.epoch.n, from_seq: out.next_seq });
        let later = (link.streams.last_out() + 1..=held.epoch.n).map(|epoch_n| Pull { epoch_n, from_seq: 1 });
        let keys = KeySet::past(std::iter::once(&self.federation.keys.load().card.card));
        for wanted in present.into_iter().chain(later) {
            let Some(answer) = self.ask("/federation/v1/kept", wanted).await? else { continue };
            let documents = wire::kept::decode(&answer.body).unwrap_or_default();
            let chain = documents.iter().try_fold(None, |chain: Option<Chain>, document| {
                let kept = wire::past::open_kept(document.as_bytes(), &keys).ok()?;
                is_ours(state, link, &kept.envelope).then(|| Some(Chain::with(chain, kept)))
            });
            if chain.is_none() {
                tracing::warn!(peer = %self.peer, "records were given back without our proof");
            }
            return Ok(chain.flatten());
        }
        Ok(None)
    }

    /// The peer's submissions that these records give a place: its own stream has them.
    async fn ask_submits(&mut self, recovery: Recovery, records: &[KeptRecord]) -> Result<Vec<Submit>, Trouble> {
        let mut wanted: Vec<(u64, (u64, u64))> =
            records.iter().flat_map(|kept| runs(kept, recovery.theirs.0)).collect();
        wanted.sort_unstable();
        let card = self.pinned()?.card.card.clone();
        let mut submits = Vec::new();
        for of_epoch in wanted.chunk_by(|one, other| one.0 == other.0) {
            let (epoch_n, (first, _)) = of_epoch[0];
            self.pulled.begin(epoch_n, first);
            for (_, (from, to)) in of_epoch {
                while self.pulled.through < *to {
                    let from_seq = (*from).max(self.pulled.through + 1);
                    let Some(answer) = self.ask("/federation/v1/pull", Pull { epoch_n, from_seq }).await? else {
                        break;
                    };
                    let (envelope, _) = wire::proof::open_envelope(&answer.body, &card)?;
                    if !self.pulled.take(envelope.into_inner()) {
                        break;
                    }
                }
            }
            submits.extend(self.pulled.within(of_epoch));
        }
        Ok(submits)
    }

    /// A question about a stream; none when the peer does not keep that any more.
    async fn ask(&mut self, path: &'static str, pull: Pull) -> Result<Option<PeerAnswer>, Trouble> {
        let answer = self.connected().await?.post(path, pull::encode(pull)).await?;
        match answer.status {
            StatusCode::OK => Ok(Some(answer)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(refusal_of(&answer)),
        }
    }
}

fn is_ours(state: &State, link: &Link, envelope: &Envelope) -> bool {
    envelope.link == link.peer.link && envelope.origin == state.org.domain && envelope.destination == link.peer.domain
}

/// Consecutive records of one epoch.
struct Chain {
    epoch: Epoch,
    prev: Digest,
    records: Vec<KeptRecord>,
}

impl Chain {
    /// The chain with another envelope behind it, whose first records it may have already.
    fn with(chain: Option<Self>, KeptEnvelope { envelope, records: bytes }: KeptEnvelope) -> Self {
        let mut chain = chain.unwrap_or(Self { epoch: envelope.epoch, prev: envelope.prev, records: Vec::new() });
        let known = chain.records.last().map_or(0, |kept| kept.record.seq);
        let records = envelope.records.into_iter().zip(bytes).map(|(record, bytes)| KeptRecord { record, bytes });
        chain.records.extend(records.filter(|kept| kept.record.seq > known && envelope.epoch == chain.epoch));
        chain
    }
}

/// The peer's submissions that were asked for, in the order of their numbers: most are needed by one of the next records.
#[derive(Default)]
pub(super) struct Pulled {
    epoch_n: u64,
    through: u64,
    submits: Vec<Submit>,
}

impl Pulled {
    /// From now on submissions long before this number are needed no more.
    fn begin(&mut self, epoch_n: u64, from: u64) {
        if self.epoch_n != epoch_n {
            *self = Self { epoch_n, ..Self::default() };
        }
        // One applied envelope gives its places room by room: so far back they may be named.
        let oldest = from.saturating_sub(2 * limits::ENVELOPE_RECORDS_MAX as u64);
        self.submits.retain(|submit| submit.seq >= oldest);
    }

    /// Takes an envelope of the peer; false when it brings nothing new.
    fn take(&mut self, envelope: Envelope) -> bool {
        let last = envelope.records.last().map(|record| record.seq);
        let Some(last) = last.filter(|last| *last > self.through && envelope.epoch.n == self.epoch_n) else {
            return false;
        };
        self.submits.extend(envelope.records.into_iter().filter_map(|record| match record.body {
            Ok(RecordBody::RoomSubmit { room, event }) if record.seq > self.through => {
                Some(Submit { epoch_n: self.epoch_n, seq: record.seq, room, event })
            }
            _ => None,
        }));
        self.through = last;
        true
    }

    fn within(&self, runs: &[(u64, (u64, u64))]) -> Vec<Submit> {
        let wanted = |submit: &&Submit| runs.iter().any(|(_, (from, to))| (*from..=*to).contains(&submit.seq));
        self.submits.iter().filter(wanted).cloned().collect()
    }
}

/// The peer's submissions that a record gives a place, each run with the number of its epoch.
fn runs(kept: &KeptRecord, present: u64) -> impl Iterator<Item = (u64, (u64, u64))> {
    let (epoch_n, submits) = match &kept.record.body {
        Ok(RecordBody::RoomPlaced { epoch_n, submits, .. }) => (epoch_n.unwrap_or(present), submits.as_slice()),
        _ => (present, &[][..]),
    };
    submits.iter().map(move |run| (epoch_n, *run))
}

/// Consecutive records in portions of one step: only so many, and with only so many submissions.
fn portions(records: Vec<KeptRecord>) -> Vec<Vec<KeptRecord>> {
    let mut portions: Vec<Vec<KeptRecord>> = Vec::new();
    let mut places = u64::MAX;
    for kept in records {
        let more: u64 = runs(&kept, 0).map(|(_, (from, to))| to.saturating_sub(from) + 1).sum();
        places = places.saturating_add(more);
        match portions.last_mut().filter(|portion| {
            places <= limits::ENVELOPE_RECORDS_MAX as u64 && portion.len() < limits::ENVELOPE_RECORDS_MAX
        }) {
            Some(portion) => portion.push(kept),
            None => {
                places = more;
                portions.push(vec![kept]);
            }
        }
    }
    portions
}
