//! After a restore: our own signed records are asked back from the peer that has kept them (W10).

use super::{Egress, Trouble, refusal_of};
use crate::{
    core::{
        State,
        command::{Kept, KeptRecord, PeerOp, Submit},
        permit,
        state::Link,
    },
    crypto::KeySet,
    model::{
        Code, limits,
        link::Recovery,
        record::{Envelope, RecordBody},
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

    /// One envelope of ours, asked back and done again.
    pub(super) async fn take_back(&mut self) -> Result<(), Trouble> {
        let state = self.federation.engine.state();
        let link = state.links.get(&self.peer).ok_or(Trouble::End)?;
        let Some(recovery) = link.streams.recovery else { return Ok(()) };
        let Some(KeptEnvelope { envelope, records: bytes }) = self.ask_kept(link, recovery).await? else {
            self.tell(PeerOp::Unshown).await?;
            return Ok(());
        };
        self.check_ours(&state, link, &envelope)?;
        let before = link.streams.out.map(|out| (out.epoch.n, out.next_seq));
        let mut prev = envelope.prev;
        let records = envelope.records.into_iter().zip(bytes).map(|(record, bytes)| KeptRecord { record, bytes });
        for records in portions(records.collect()) {
            let next = records.iter().fold(prev, |head, kept| crate::crypto::digest::chain(head, kept.record.digest));
            let submits = self.ask_submits(recovery, &records).await?;
            let kept = Kept { epoch: envelope.epoch, prev, records, submits };
            self.tell(PeerOp::TakeBack(Box::new(kept))).await?;
            prev = next;
        }
        let state = self.federation.engine.state();
        let after = state.links.get(&self.peer).and_then(|link| link.streams.out);
        if after.is_some_and(|out| Some((out.epoch.n, out.next_seq)) == before) {
            self.pauses.away = Some(Instant::now() + Duration::from_millis(STUCK_MS));
        }
        Ok(())
    }

    /// The next envelope that the peer has kept, in the present epoch or, when that has no more, in a later one.
    async fn ask_kept(&mut self, link: &Link, recovery: Recovery) -> Result<Option<KeptEnvelope>, Trouble> {
        let Some(held) = recovery.held else { return Ok(None) };
        let present = link.streams.out.map(|out| Pull { epoch_n: out.epoch.n, from_seq: out.next_seq });
        let later = (link.streams.last_out() + 1..=held.epoch.n).map(|epoch_n| Pull { epoch_n, from_seq: 1 });
        let keys = KeySet::past(std::iter::once(&self.federation.keys.load().card.card));
        for wanted in present.into_iter().chain(later) {
            let Some(answer) = self.ask("/federation/v1/kept", wanted).await? else { continue };
            match wire::past::open_kept(&answer.body, &keys) {
                Ok(kept) => return Ok(Some(kept)),
                // Also what a key of ours signed that is revoked since proves nothing.
                Err(error) => {
                    tracing::warn!(peer = %self.peer, detail = error.detail(), "records were given back without our proof");
                    break;
                }
            }
        }
        Ok(None)
    }

    /// The peer's submissions that these records give a place: its own stream has them.
    async fn ask_submits(&mut self, recovery: Recovery, records: &[KeptRecord]) -> Result<Vec<Submit>, Trouble> {
        let mut wanted: Vec<(u64, u64)> = records.iter().flat_map(|kept| runs(kept).iter().copied()).collect();
        wanted.sort_unstable();
        let card = self.pinned()?.card.card.clone();
        let mut submits: Vec<Submit> = Vec::new();
        let mut known = 0;
        for (from, to) in wanted {
            while known < to {
                let from_seq = from.max(known + 1);
                let Some(answer) =
                    self.ask("/federation/v1/pull", Pull { epoch_n: recovery.theirs.0, from_seq }).await?
                else {
                    break;
                };
                let (envelope, _) = wire::proof::open_envelope(&answer.body, &card)?;
                let envelope = envelope.into_inner();
                let Some(last) = envelope.records.last().map(|record| record.seq).filter(|last| *last > known) else {
                    break;
                };
                known = last;
                submits.extend(envelope.records.into_iter().filter_map(|record| match record.body {
                    Ok(RecordBody::RoomSubmit { room, event }) => Some(Submit { seq: record.seq, room, event }),
                    _ => None,
                }));
            }
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

    fn check_ours(&self, state: &State, link: &Link, envelope: &Envelope) -> Result<(), Trouble> {
        let ours = envelope.link == link.peer.link
            && envelope.origin == state.org.domain
            && envelope.destination == link.peer.domain;
        let unproven = || Trouble::Unproven(format!("{}: an envelope of another link", Code::Proof));
        if ours { Ok(()) } else { Err(unproven()) }
    }
}

/// The peer's submissions that a record gives a place.
fn runs(kept: &KeptRecord) -> &[(u64, u64)] {
    match &kept.record.body {
        Ok(RecordBody::RoomPlaced { submits, .. }) => submits,
        _ => &[],
    }
}

/// Consecutive records in portions that place only so many submissions, because these are in memory together.
fn portions(records: Vec<KeptRecord>) -> Vec<Vec<KeptRecord>> {
    let mut portions: Vec<Vec<KeptRecord>> = Vec::new();
    let mut places = u64::MAX;
    for kept in records {
        let more: u64 = runs(&kept).iter().map(|(from, to)| to.saturating_sub(*from) + 1).sum();
        places = places.saturating_add(more);
        match portions.last_mut().filter(|_| places <= limits::ENVELOPE_RECORDS_MAX as u64) {
            Some(portion) => portion.push(kept),
            None => {
                places = more;
                portions.push(vec![kept]);
            }
        }
    }
    portions
}
