//! What an export proves by signatures: cards, grants, and the records under them, in unbroken chains.

use super::{
    lines::{CardLine, EnvelopeLine, GrantLine, Header, RecordLine, What},
    timelines::Timelines,
};
use crate::{
    crypto::{KeySet, digest::chain},
    model::{
        Digest, Domain,
        grant::{Grant, GrantState},
        id::PublicKey,
        org::Card,
        record::{Envelope, Record, RecordBody},
    },
    wire::{self, past},
};
use std::collections::{BTreeMap, BTreeSet};

/// Why a line does not hold, in a sentence.
pub type Broken = String;

/// Cards and grants by their orgs, and where each stream stands.
#[derive(Default)]
pub struct Evidence {
    cards: BTreeMap<Domain, Vec<Card>>,
    grants: BTreeMap<(Domain, Domain, u64), Grant>,
    /// The last record of each stream that was read, and the chain head after it: ours, then theirs.
    ours: BTreeMap<(Domain, u64), (u64, Digest)>,
    theirs: BTreeMap<(Domain, u64), (u64, Digest)>,
    /// Identity keys, ours first, for a person to compare.
    pub identities: BTreeSet<(Domain, PublicKey)>,
    /// How many grants, records and envelopes hold.
    pub counts: (u64, u64, u64),
}

impl Evidence {
    /// A card: signed by the identity key that it names, for us the one of the header.
    pub fn card(&mut self, header: &Header, line: &CardLine<'_>) -> Result<(), Broken> {
        let identity = (line.org == header.org).then_some(&header.identity);
        let card = wire::proof::open_card(line.document.get().as_bytes(), identity);
        let card = card.map_err(|error| format!("the card of {}: {}", line.org, error.detail()))?.into_inner().card;
        ensure(card.domain == line.org, || format!("the card is of {}, not of {}", card.domain, line.org))?;
        self.identities.insert((card.domain.clone(), card.identity));
        self.cards.entry(card.domain.clone()).or_default().push(card);
        Ok(())
    }

    /// The keys that ever signed for an org and are not revoked.
    pub fn keys(&self, org: &Domain) -> KeySet {
        KeySet::past(self.cards.get(org).into_iter().flatten())
    }

    /// A grant, signed by its issuer.
    pub fn grant(&mut self, line: &GrantLine<'_>) -> Result<(), Broken> {
        let GrantLine { issuer, subject, serial, document } = line;
        let grant = past::open_grant(document.get().as_bytes(), &self.keys(issuer));
        let grant = grant.map_err(|error| format!("grant {serial} of {issuer}: {}", error.detail()))?;
        let fits = grant.issuer == *issuer && grant.subject == *subject && grant.serial == *serial;
        ensure(fits, || format!("the document is not grant {serial} of {issuer} for {subject}"))?;
        self.counts.0 += 1;
        self.grants.insert((issuer.clone(), subject.clone(), *serial), grant);
        Ok(())
    }

    /// A record of ours.
    pub fn record(&mut self, header: &Header, line: &RecordLine<'_>, timelines: &mut Timelines) -> Result<(), Broken> {
        let RecordLine { peer, epoch, seq, head, .. } = line;
        let record = wire::record::decode(line.record.get().as_bytes());
        let record = record.map_err(|error| format!("record {seq} to {peer}: {error}"))?;
        ensure(record.seq == *seq, || format!("record {} stands where {seq} is told", record.seq))?;
        let before = self.ours.insert((peer.clone(), *epoch), (*seq, *head));
        let before = if *seq == 1 { Some(Digest::ZERO) } else { followed(header, before, *seq, "to", peer)? };
        let holds = before.is_none_or(|before| chain(before, record.digest) == *head);
        ensure(holds, || format!("the chain of our records to {peer} breaks at {seq}"))?;
        self.counts.1 += 1;
        timelines.carried(&record, &header.org)
    }

    /// An envelope of a peer: signed, under a pair of active grants, in one chain with those before.
    pub fn envelope(
        &mut self,
        header: &Header,
        line: &EnvelopeLine<'_>,
        timelines: &mut Timelines,
    ) -> Result<(), Broken> {
        let EnvelopeLine { peer, epoch, from_seq, to_seq, .. } = line;
        let what = || format!("the envelope of {peer} with records {from_seq} to {to_seq}");
        let envelope = past::open_envelope(line.document.get().as_bytes(), &self.keys(peer));
        let envelope = envelope.map_err(|error| format!("{}: {}", what(), error.detail()))?;
        let last = envelope.from_seq + envelope.records.len() as u64 - 1;
        let fits = envelope.origin == *peer
            && envelope.destination == header.org
            && envelope.epoch.n == *epoch
            && last == *to_seq
            && (envelope.from_seq..=last).contains(from_seq);
        ensure(fits, || format!("{} is another one", what()))?;
        self.check_pair(header, &envelope).map_err(|why| format!("{}: {why}", what()))?;
        self.follow(header, line, &envelope)?;
        self.counts.2 += 1;
        envelope.records.iter().filter(|record| record.seq >= *from_seq).try_for_each(|it| timelines.carried(it, peer))
    }

    /// Both grants that the envelope names are here and were active when it was sealed.
    fn check_pair(&self, header: &Header, envelope: &Envelope) -> Result<(), Broken> {
        let (origin, us) = (&envelope.origin, &header.org);
        let pair = [(origin, us, envelope.grants.0), (us, origin, envelope.grants.1)];
        for (issuer, subject, serial) in pair {
            let grant = self.grants.get(&(issuer.clone(), subject.clone(), serial));
            let grant = grant.ok_or_else(|| format!("grant {serial} of {issuer}, under which it came, is missing"))?;
            ensure(grant.state == GrantState::Active, || format!("grant {serial} of {issuer} was revoked"))?;
        }
        Ok(())
    }

    fn follow(&mut self, header: &Header, line: &EnvelopeLine<'_>, envelope: &Envelope) -> Result<(), Broken> {
        let key = (line.peer.clone(), line.epoch);
        let before = self.theirs.get(&key).copied();
        let known = match before {
            _ if envelope.from_seq == 1 && before.is_none() => Some((0, Digest::ZERO)),
            // What was repeated in front has to be the same again.
            Some((seq, head)) if seq + 1 >= envelope.from_seq => Some((seq, head)),
            before => {
                followed(header, before, envelope.from_seq, "of", &line.peer)?;
                None
            }
        };
        let mut head = envelope.prev;
        let mut holds = known.is_none_or(|(seq, known)| seq + 1 != envelope.from_seq || known == head);
        for Record { seq, digest, .. } in &envelope.records {
            head = chain(head, *digest);
            holds &= known.is_none_or(|(last, known)| last != *seq || known == head);
        }
        self.theirs.insert(key, (line.to_seq, head));
        ensure(holds, || format!("the chain of the records of {} breaks at {}", line.peer, envelope.from_seq))
    }
}

/// The head before a record, when the one before it was read. In an export of everything none may be missing in between.
fn followed(
    header: &Header,
    before: Option<(u64, Digest)>,
    seq: u64,
    way: &str,
    peer: &Domain,
) -> Result<Option<Digest>, Broken> {
    match before {
        Some((last, head)) if last + 1 == seq => Ok(Some(head)),
        Some((last, _)) if header.what == What::All || last >= seq => {
            Err(format!("the records {way} {peer} go from {last} to {seq}"))
        }
        // The first that is still kept has nothing to be compared with.
        _ => Ok(None),
    }
}

/// The event of a record, with its index where the host told one.
pub fn event_of(record: &Record) -> Option<(crate::model::RoomId, Option<u64>, &crate::model::event::Sealed)> {
    match record.body.as_ref().ok()? {
        RecordBody::RoomEvent { room, index, event } => Some((*room, Some(*index), event)),
        RecordBody::RoomSubmit { room, event } => Some((*room, None, event)),
        _ => None,
    }
}

/// Breaks unless the rule holds.
pub fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(what()) }
}
