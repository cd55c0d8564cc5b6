//! Verdicts of the peer on our records (W11, W13, P21).

use super::{
    command::{Answer, Ref},
    contacts,
    draft::Draft,
    groups, hello, links, rooms,
};
use crate::model::{
    Code, Domain, LocalPart, Reject, RoomId,
    audit::AuditNote,
    journal::Entry,
    limits,
    link::{OutStream, Streams},
    notice::NoticeKind,
    record::{Ack, Epoch},
};
use std::collections::{BTreeMap, BTreeSet};

/// Takes a proven ack. `refs` tells what the records between the last settled one and the ack's cursor were about.
///
/// # Errors
/// `PROOF` when the ack is not for this link, `EPOCH` for an epoch that we never had. A claim that cannot be true is
/// answered with [`Answer::Refused`], because its quarantine is kept (A29).
pub fn settle(draft: &mut Draft<'_>, peer: &Domain, ack: &Ack, refs: &[(u64, Ref)]) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    let addressed = ack.link == link.peer.link && ack.origin == *peer && ack.destination == draft.state.org.domain;
    if !addressed {
        return Err(Reject::new(Code::Proof, "the ack is not for this link"));
    }
    let Some(out) = link.streams.out.filter(|out| out.epoch == ack.epoch) else {
        return settle_ended(draft, peer, ack, &link.streams);
    };
    if let Err(found) = check_claim(&out, ack) {
        return links::quarantine(draft, peer, found.code, found.detail, Vec::new());
    }
    if ack.cursor <= out.acked {
        // An older ack, or a receiver that lost its tail: the hello finds out, and the sender sends again.
        if !link.streams.following.is_empty() {
            draft.put_streams(peer, Streams { held: ack.cursor, ..link.streams.clone() });
        }
        return Ok(Answer::done());
    }
    let through = settled_through(ack);
    // The verdict on a voided record was given when it was voided.
    let voided: BTreeSet<u64> = draft.state.voided(peer, out.epoch.n, out.acked + 1..=through).collect();
    let mut rejects: BTreeMap<u64, Code> = fresh_rejects(&out, ack, through);
    rejects.retain(|seq, _| !voided.contains(seq));
    put_acked(draft, peer, &link.streams, (OutStream { acked: through.max(out.acked), ..out }, ack.cursor));
    let fresh = |seq: &u64| out.acked < *seq && *seq <= through && !voided.contains(seq);
    let settled: Vec<&(u64, Ref)> = refs.iter().filter(|(seq, _)| fresh(seq)).collect();
    note_delivered(draft, &settled, &rejects);
    for (seq, code) in &rejects {
        draft.put_refused(peer, out.epoch.n, *seq, *code);
        if let Some((_, reference)) = settled.iter().find(|(of, _)| of == seq) {
            settle_reject(draft, reference, *code);
        }
    }
    tell_authors(draft, &settled, &rejects);
    Ok(Answer::done())
}

/// The peer cannot take one of our records in form: from now on a void goes out in its place, with its number and its
/// digest, so that the stream goes on and no number ever has two contents. Who wrote it is told (W13).
///
/// # Errors
/// `UNKNOWN_PEER`, `EPOCH` for another than the present epoch, `MALFORMED` for a record that is not under way. A peer
/// that refuses the void too, or too many records in an hour, is answered with [`Answer::Refused`], because its
/// quarantine is kept.
pub fn unacceptable(
    draft: &mut Draft<'_>,
    peer: &Domain,
    (epoch, seq): (Epoch, u64),
    reference: &Ref,
    code: Code,
) -> Result<Answer, Reject> {
    let link = links::find(&draft.state, peer)?;
    let Some(out) = link.streams.out.filter(|out| out.epoch == epoch) else {
        return Err(Reject::new(Code::Epoch, "the record is of an epoch that has ended"));
    };
    if seq <= out.acked || seq >= out.next_seq {
        return Err(Reject::new(Code::Malformed, "the record is not under way"));
    }
    draft.audit(AuditNote {
        actor: format!("peer:{peer}"),
        action: "record.unacceptable",
        subject: peer.to_string(),
        code: Some(code),
        detail: format!("record {seq} of our stream"),
    });
    if draft.state.voided(peer, epoch.n, seq..=seq).next().is_some() {
        let detail =
            format!("{peer} cannot take the void in place of our record {seq}; to go on, revoke and grant again");
        return links::quarantine(draft, peer, code, detail, Vec::new());
    }
    let voids = put_void(draft, peer, &link.streams, (epoch.n, seq));
    settle_reject(draft, reference, Code::Void);
    tell_authors(draft, &[&(seq, reference.clone())], &BTreeMap::from([(seq, Code::Void)]));
    if voids < limits::VOIDS_PER_HOUR_MAX as usize {
        return Ok(Answer::done());
    }
    let detail = format!("{peer} could not take {voids} of our records in form within an hour");
    links::quarantine(draft, peer, code, detail, Vec::new())
}

/// Voids a record, and says how many were within the hour.
fn put_void(draft: &mut Draft<'_>, peer: &Domain, streams: &Streams, (epoch_n, seq): (u64, u64)) -> usize {
    let mut voided = streams.voided.clone();
    voided.retain(|at| draft.now.since(*at) < limits::VOID_WINDOW_MS);
    voided.push(draft.now);
    let voids = voided.len();
    draft.put_streams(peer, Streams { voided, ..streams.clone() });
    draft.put_refused(peer, epoch_n, seq, Code::Void);
    voids
}

/// An ack that was under way when the epoch ended tells what had arrived by then (F22).
fn settle_ended(draft: &mut Draft<'_>, peer: &Domain, ack: &Ack, streams: &Streams) -> Result<Answer, Reject> {
    if !streams.ended.iter().any(|ended| ended.epoch == ack.epoch) {
        return Err(Reject::new(Code::Epoch, "the ack is for an epoch that we do not know"));
    }
    let mut raised = streams.clone();
    hello::raise(&mut raised, ack.epoch, ack.cursor);
    if raised != *streams {
        draft.put_streams(peer, raised);
    }
    Ok(Answer::done())
}

fn check_claim(out: &OutStream, ack: &Ack) -> Result<(), Reject> {
    let sent = out.next_seq - 1;
    if ack.cursor > sent {
        let detail = format!("the peer acknowledges record {}, and we sent {sent}", ack.cursor);
        return Err(Reject::new(Code::Chain, detail));
    }
    if ack.cursor == sent && ack.head != out.head {
        let detail = format!("the peer acknowledges other records up to {sent} than we sent");
        return Err(Reject::new(Code::Fork, detail));
    }
    Ok(())
}

/// An ack names only so many rejects: behind the last one of a full list nothing is settled yet.
fn settled_through(ack: &Ack) -> u64 {
    match ack.rejects.last() {
        Some((seq, _)) if ack.rejects.len() >= limits::REJECTS_PER_ACK_MAX => ack.cursor.min(*seq),
        _ => ack.cursor,
    }
}

/// A verdict that was given stands: rejects of records that were settled before change nothing.
fn fresh_rejects(out: &OutStream, ack: &Ack, through: u64) -> BTreeMap<u64, Code> {
    let fresh = |(seq, _): &(u64, Code)| out.acked < *seq && *seq <= through;
    ack.rejects.iter().take(limits::REJECTS_PER_ACK_MAX).copied().filter(fresh).collect()
}

fn put_acked(draft: &mut Draft<'_>, peer: &Domain, streams: &Streams, (out, held): (OutStream, u64)) {
    let last_contact = Some(draft.now);
    draft.put_streams(peer, Streams { out: Some(out), held, last_contact, ..streams.clone() });
}

fn note_delivered(draft: &mut Draft<'_>, settled: &[&(u64, Ref)], rejects: &BTreeMap<u64, Code>) {
    let mut through: BTreeMap<RoomId, u64> = BTreeMap::new();
    for (seq, reference) in settled {
        if let Ref::Event(room, index) = reference
            && !rejects.contains_key(seq)
        {
            through.entry(*room).and_modify(|last| *last = (*last).max(*index)).or_insert(*index);
        }
    }
    for (room, through) in through {
        draft.journal(Entry::Delivered { room, through });
    }
}

/// Who was removed from the room meanwhile does not see the submission there any more (P21). However many were refused,
/// an author is told once of each reason.
fn tell_authors(draft: &mut Draft<'_>, settled: &[&(u64, Ref)], rejects: &BTreeMap<u64, Code>) {
    let verdict = |(seq, reference): &&(u64, Ref)| match (rejects.get(seq), reference) {
        (Some(code), Ref::Pending(room, _, author)) => Some((author.clone(), *room, *code)),
        _ => None,
    };
    let verdicts: BTreeSet<(LocalPart, RoomId, Code)> = settled.iter().copied().filter_map(|of| verdict(&of)).collect();
    for (author, room, code) in verdicts {
        draft.notify(&author, NoticeKind::Refused { room, code });
    }
}

fn settle_reject(draft: &mut Draft<'_>, reference: &Ref, code: Code) {
    match reference {
        Ref::None => {}
        // The partner's copy goes further than ours, or otherwise: neither goes on (F16).
        Ref::State(room) | Ref::Event(room, _) if code == Code::Frozen => rooms::freeze(draft, *room, Code::Fork),
        Ref::State(_) => {}
        Ref::Event(room, index) => {
            draft.journal(Entry::Refused { room: *room, index: *index, code });
            if matches!(code, Code::Malformed | Code::UnknownType | Code::Void) {
                // It may never have come to the room: the whole state before the next event mends the hole (W18).
                draft.change_room(*room, |info| info.synced_epoch = None);
            }
        }
        Ref::Pending(room, p, _) => rooms::unplace(draft, *room, *p, code),
        Ref::Contact(user, address) => contacts::settle_refused(draft, user, address, code),
        Ref::Ask(room, user) => draft.notify(user, NoticeKind::Refused { room: *room, code }),
        Ref::Invite(room, by) => groups::settle_invite_refused(draft, *room, by),
    }
}
