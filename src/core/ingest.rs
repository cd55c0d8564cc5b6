//! Applying a proven envelope: one fixed order of checks, one verdict a record (W12 to W14).

mod authority;
mod records;

pub use authority::{authority, scope_of};

use super::{
    command::{Answer, PendingFact},
    draft::Draft,
    links, permit, recovery,
    state::Link,
};
use crate::{
    crypto::digest::chain,
    model::{
        Code, Digest, Domain, Reject,
        id::hex,
        limits,
        link::{InStream, Streams},
        record::{Ack, Credit, Envelope, Evidence, Record, RecordBody},
    },
};
use std::sync::Arc;

/// An envelope up to this size stands in full in the evidence of a fork; a larger one by its signature.
const FORK_EVIDENCE_BYTES_MAX: usize = 4 * 1024;

/// Applies an envelope whose origin, signature and form are proven. All its effects are one decision.
///
/// # Errors
/// What holds the stream: the state of the link, `PROOF`, `EPOCH`, `GAP`, `CREDIT`, `MALFORMED`. A contradiction is
/// answered with [`Answer::Refused`], because its quarantine is kept.
pub fn apply(
    draft: &mut Draft<'_>,
    peer: &Domain,
    envelope: Envelope,
    evidence: Evidence,
    pending: &[PendingFact],
) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    permit::check_link(&draft.state, &link, draft.now)?;
    check_addressed(draft, &link, &envelope)?;
    let mut inn = present_stream(draft, &link, &envelope)?;
    inn.rejects.retain(|(seq, _)| *seq > envelope.settled);
    let last = check_dense(&envelope)?;
    if envelope.from_seq > inn.cursor + 1 {
        let detail = format!("record {} comes next, the envelope begins with {}", inn.cursor + 1, envelope.from_seq);
        return Err(Reject::new(Code::Gap, detail));
    }
    let Ok(fresh) = fresh_records(&inn, &envelope) else {
        return quarantine_fork(draft, peer, &inn, &evidence);
    };
    if fresh.is_empty() {
        return Ok(repeated(draft, &link, inn));
    }
    if inn.rejects.len() >= limits::REJECTS_UNSETTLED_MAX {
        return Err(Reject::new(Code::Credit, "too many refused records are not settled yet"));
    }
    let known = inn.rejects.len();
    records::apply_all(draft, peer, &mut inn, fresh, pending);
    records::audit_rejects(draft, peer, fresh, &inn.rejects[known..]);
    draft.keep(peer, envelope.epoch, inn.cursor + 1 - fresh.len() as u64, last, evidence);
    let voids = inn.voids.len();
    let ack = acknowledge(draft, &link, &inn);
    put_incoming(draft, peer, inn.clone());
    recovery::advance(draft, peer, inn.place());
    if voids >= limits::VOIDS_PER_HOUR_MAX as usize {
        let detail = format!("{voids} records in an hour could not be taken in form");
        links::quarantine(draft, peer, Code::Malformed, detail, Vec::new())?;
    }
    Ok(Answer::Applied(ack))
}

fn check_addressed(draft: &Draft<'_>, link: &Link, envelope: &Envelope) -> Result<(), Reject> {
    let fits = envelope.link == link.peer.link
        && envelope.origin == link.peer.domain
        && envelope.destination == draft.state.org.domain;
    if fits { Ok(()) } else { Err(Reject::new(Code::Proof, "the envelope is not for this link")) }
}

/// The stream that the envelope goes on with. Grants that we have not seen are told by a hello first.
fn present_stream(draft: &Draft<'_>, link: &Link, envelope: &Envelope) -> Result<InStream, Reject> {
    // Without a stream of ours there is nothing to answer in: a hello begins one.
    let inn = link.streams.inn.as_ref().filter(|_| link.streams.out.is_some());
    let Some(inn) = inn.filter(|inn| inn.epoch == envelope.epoch && Some(inn.term) == permit::term(link, draft.now))
    else {
        return Err(Reject::new(Code::Epoch, "the epoch is not the one that was agreed on; greet first"));
    };
    let serial = |grant: &Option<crate::model::grant::SignedGrant>| grant.as_ref().map_or(0, |it| it.grant.serial);
    if envelope.grants.0 > serial(&link.peer.theirs) || envelope.grants.1 > serial(&link.peer.ours) {
        return Err(Reject::new(Code::Epoch, "the envelope travels under grants that are unknown here; greet first"));
    }
    let mut inn = inn.clone();
    inn.voids.retain(|at| draft.now.since(*at) < limits::VOID_WINDOW_MS);
    Ok(inn)
}

/// The number of the last record, if the records are as many as are allowed and numbered without holes.
fn check_dense(envelope: &Envelope) -> Result<u64, Reject> {
    let count = envelope.records.len();
    let numbers = envelope.from_seq..envelope.from_seq.saturating_add(count as u64);
    let dense = envelope.records.iter().map(|record| record.seq).eq(numbers.clone());
    if dense
        && envelope.from_seq >= 1
        && numbers.end <= limits::INTEGER_MAX
        && (1..=limits::ENVELOPE_RECORDS_MAX).contains(&count)
    {
        Ok(numbers.end - 1)
    } else {
        Err(Reject::new(Code::Malformed, "the records are not numbered one after the other"))
    }
}

/// The records that were not applied yet. Those that were must be the same ones: an error is a fork, as far as the
/// positions can be compared (A9, A12).
fn fresh_records<'e>(inn: &InStream, envelope: &'e Envelope) -> Result<&'e [Record], ()> {
    let overlap = usize::try_from(inn.cursor + 1 - envelope.from_seq).unwrap_or(usize::MAX);
    let records = &envelope.records;
    if overlap > records.len() {
        return Ok(&[]);
    }
    let (known, fresh) = records.split_at(overlap);
    let head = known.iter().fold(envelope.prev, |head, record| chain(head, record.digest));
    if head == inn.head { Ok(fresh) } else { Err(()) }
}

fn quarantine_fork(
    draft: &mut Draft<'_>,
    peer: &Domain,
    inn: &InStream,
    evidence: &Evidence,
) -> Result<Answer, Reject> {
    let detail = format!("{peer} has signed two contents for its records up to {}", inn.cursor);
    let mut documents: Vec<Arc<str>> =
        vec![format!("key {} signature {}", evidence.key, hex(&evidence.signature)).into()];
    if evidence.payload.len() <= FORK_EVIDENCE_BYTES_MAX
        && let Ok(payload) = std::str::from_utf8(&evidence.payload)
    {
        documents.push(payload.into());
    }
    links::quarantine(draft, peer, Code::Fork, detail, documents)
}

/// Nothing new: the present ack again. Rejects that the sender has settled meanwhile are dropped all the same.
fn repeated(draft: &mut Draft<'_>, link: &Link, inn: InStream) -> Answer {
    let ack = acknowledge(draft, link, &inn);
    if link.streams.inn.as_ref() != Some(&inn) {
        put_incoming(draft, &link.peer.domain, inn);
    }
    Answer::Applied(ack)
}

/// Writes our position. Records may have been sent meanwhile: the other stream is taken as it is now.
fn put_incoming(draft: &mut Draft<'_>, peer: &Domain, inn: InStream) {
    if let Some(link) = draft.state.links.get(peer) {
        let streams = link.streams.clone();
        let last_contact = Some(draft.now);
        draft.put_streams(peer, Streams { inn: Some(inn), last_contact, ..streams });
    }
}

fn acknowledge(draft: &Draft<'_>, link: &Link, inn: &InStream) -> Ack {
    let unsettled = inn.rejects.len();
    let credit = if unsettled >= limits::REJECTS_UNSETTLED_MAX {
        Credit::NONE
    } else {
        Credit { records: limits::CREDIT_RECORDS_MAX.saturating_sub(unsettled as u64), ..Credit::FULL }
    };
    Ack {
        link: link.peer.link,
        origin: draft.state.org.domain.clone(),
        destination: link.peer.domain.clone(),
        epoch: inn.epoch,
        cursor: inn.cursor,
        head: inn.head,
        rejects: inn.rejects.iter().take(limits::REJECTS_PER_ACK_MAX).copied().collect(),
        credit,
        sent_at: draft.now,
    }
}

/// The chain head after one more record.
fn advance(inn: &mut InStream, record: &Record) -> Digest {
    inn.cursor = record.seq;
    inn.head = chain(inn.head, record.digest);
    inn.head
}

fn is_void(record: &Record) -> bool {
    matches!(record.body, Ok(RecordBody::Void { .. }))
}
