//! One verdict a record: authority, scope, effect. A refusal consumes the number (W13).
//!
//! The subjects check everything before they change anything. What they change with a refusal is meant to stay: a
//! counted attempt, an index that is passed over, a room that is frozen.

use super::{advance, authority, is_void, scope_of};
use crate::{
    core::{
        acts::{self, OwnSubmits, PlacedRun},
        command::PendingFact,
        contacts,
        draft::Draft,
        files, groups, permit,
        recovery::{self, Replayed},
        rooms,
    },
    model::{
        Code, Domain,
        audit::AuditNote,
        grant::Scopes,
        link::InStream,
        record::{Record, RecordBody},
        user::Profile,
    },
};

/// Applies records in their order, and moves the stream's position over them.
pub(super) fn apply_all(
    draft: &mut Draft<'_>,
    peer: &Domain,
    inn: &mut InStream,
    records: &[Record],
    pending: &[PendingFact],
) {
    let scopes = draft.state.links.get(peer).map(|link| permit::scopes(link, draft.now)).unwrap_or_default();
    let mut placed: Vec<PlacedRun> = Vec::new();
    let present = draft.state.links.get(peer).and_then(|link| link.out_epoch()).map_or(0, |epoch| epoch.n);
    let replay = draft.state.links.get(peer).and_then(|link| link.streams.replay.clone());
    for record in records {
        advance(inn, record);
        if recovery::replayed(replay.as_ref(), inn.epoch.n, record) == Replayed::Done {
            continue;
        }
        if is_void(record) {
            inn.voids.push(draft.now);
            note_void(draft, peer, record.seq);
        }
        if !matches!(record.body, Ok(RecordBody::RoomSubmit { .. })) && !placed.is_empty() {
            // Before anything that may add an event of its own: the follower takes a room's events in their order.
            acts::flush_placed(draft, peer, std::mem::take(&mut placed));
        }
        let before = replay.as_ref().filter(|replay| inn.place() <= replay.end).map(|replay| replay.epoch_n);
        let own = OwnSubmits { epoch_n: before.unwrap_or(present), facts: pending };
        match apply_one(draft, peer, record, (scopes, own)) {
            Ok(run) => placed.extend(run),
            Err(code) => inn.rejects.push((record.seq, code)),
        }
    }
    if !placed.is_empty() {
        acts::flush_placed(draft, peer, placed);
    }
}

fn apply_one(
    draft: &mut Draft<'_>,
    peer: &Domain,
    record: &Record,
    (scopes, own): (Scopes, OwnSubmits<'_>),
) -> Result<Option<PlacedRun>, Code> {
    let body = record.body.as_ref().map_err(|code| *code)?;
    authority(&draft.state, peer, body)?;
    if scope_of(body).is_some_and(|scope| !scopes.holds(scope)) {
        return Err(Code::Scope);
    }
    match body {
        RecordBody::RoomSubmit { room, event } => {
            return acts::receive_submit(draft, peer, *room, record.seq, event).map(Some);
        }
        RecordBody::RoomEvent { room, index, event } => rooms::receive_event(draft, peer, *room, *index, event)?,
        RecordBody::RoomPlaced { room, index, epoch_n, submits } => {
            let own = OwnSubmits { epoch_n: epoch_n.unwrap_or(own.epoch_n), ..own };
            acts::receive_placed(draft, peer, (*room, *index), submits, own)?;
        }
        RecordBody::RoomState(image) => rooms::receive_state(draft, peer, image)?,
        RecordBody::RoomInvite { room, by, users } => groups::receive_invite(draft, peer, *room, by, users)?,
        RecordBody::RoomAnswer { room, accepted, declined } => {
            groups::receive_answer(draft, peer, *room, accepted, declined)?;
        }
        RecordBody::RoomAsk { room, by, ask } => groups::receive_ask(draft, peer, *room, by, ask)?,
        RecordBody::ContactAdd { from, name, to } => contacts::receive_add(draft, peer, from, name, to)?,
        RecordBody::ContactAccepted { from, name, to } => contacts::receive_accepted(draft, peer, from, name, to)?,
        RecordBody::Profile { user, name, available, photo } => {
            let (user, name) = (user.clone(), name.clone());
            let profile = Profile { user, name, available: *available, photo: *photo };
            contacts::receive_profile(draft, peer, &profile)?;
        }
        RecordBody::FilesErased { room, index } => files::receive_erased(draft, peer, *room, *index)?,
        RecordBody::Void { .. } => {}
    }
    Ok(None)
}

fn note_void(draft: &mut Draft<'_>, peer: &Domain, seq: u64) {
    draft.audit(AuditNote {
        actor: format!("peer:{peer}"),
        action: "record.void",
        subject: peer.to_string(),
        code: None,
        detail: format!("record {seq} was not readable here; the peer has sent a void in its place"),
    });
}

/// Every refusal leaves a row in the audit log (P28): what and why, never the content.
pub(super) fn audit_rejects(draft: &mut Draft<'_>, peer: &Domain, records: &[Record], rejects: &[(u64, Code)]) {
    let Some(first) = records.first().map(|record| record.seq) else { return };
    for (seq, code) in rejects {
        let at = usize::try_from(seq - first).unwrap_or(usize::MAX);
        let body = records.get(at).and_then(|record| record.body.as_ref().ok());
        draft.audit(AuditNote {
            actor: format!("peer:{peer}"),
            action: "record.refused",
            subject: body.and_then(subject).unwrap_or_else(|| peer.to_string()),
            code: Some(*code),
            detail: format!("record {seq}, {}", body.map_or("not readable", kind)),
        });
    }
}

fn subject(body: &RecordBody) -> Option<String> {
    match body {
        RecordBody::ContactAdd { from, .. } | RecordBody::ContactAccepted { from, .. } => Some(from.to_string()),
        RecordBody::Profile { user, .. } => Some(user.to_string()),
        RecordBody::RoomState(image) => Some(image.id.to_string()),
        RecordBody::RoomInvite { room, .. }
        | RecordBody::RoomAnswer { room, .. }
        | RecordBody::RoomEvent { room, .. }
        | RecordBody::RoomSubmit { room, .. }
        | RecordBody::RoomPlaced { room, .. }
        | RecordBody::RoomAsk { room, .. }
        | RecordBody::FilesErased { room, .. } => Some(room.to_string()),
        RecordBody::Void { .. } => None,
    }
}

fn kind(body: &RecordBody) -> &'static str {
    match body {
        RecordBody::ContactAdd { .. } => "contact add",
        RecordBody::ContactAccepted { .. } => "contact accepted",
        RecordBody::Profile { .. } => "profile",
        RecordBody::RoomState(_) => "room state",
        RecordBody::RoomInvite { .. } => "invitation",
        RecordBody::RoomAnswer { .. } => "answer to an invitation",
        RecordBody::RoomEvent { .. } => "event",
        RecordBody::RoomSubmit { .. } => "submission",
        RecordBody::RoomPlaced { .. } => "placement",
        RecordBody::RoomAsk { .. } => "request of a master",
        RecordBody::FilesErased { .. } => "erasure of files",
        RecordBody::Void { .. } => "void",
    }
}
