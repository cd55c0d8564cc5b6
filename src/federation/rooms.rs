//! What a peer may read again: rooms that we host and it is in, and the records that we sent it (A20).

use super::{Federation, refused::Refused};
use crate::{
    core::{
        State, permit,
        state::{Link, Room},
    },
    crypto::dsse::{self, Kind},
    engine::OutboxItem,
    model::{
        Code, Digest, Domain, RoomId,
        grant::Scope,
        limits,
        link::{EndedEpoch, OutStream, Term},
        record::Evidence,
        room::RoomKind,
    },
    store::reader::InboxRow,
    wire::{self, WireError, pull::Pull, room_heads::RoomHead, room_log::RoomLog},
};
use bytes::Bytes;

/// Payloads of kept envelopes that are read for one answer: in base64 they are a third longer.
const KEPT_BYTES_MAX: usize = wire::kept::DOCUMENTS_BYTES_MAX / 4 * 3;

impl Federation {
    /// Our records for the peer from a number on, sealed as they were sent the first time; of an epoch that has ended too,
    /// as long as they are kept.
    pub(super) fn take_pull(&self, state: &State, link: &Link, body: &[u8]) -> Result<Bytes, Refused> {
        let Pull { epoch_n, from_seq } = wire::pull::decode(body).map_err(refused)?;
        let out = stream_of(link, epoch_n).ok_or_else(not_found)?;
        if from_seq >= out.next_seq {
            return Err(not_found());
        }
        let items = self.read_outbox(&link.peer.domain, epoch_n, from_seq, limits::ENVELOPE_RECORDS_MAX)?;
        let prev = self.head_before(&link.peer.domain, &out, from_seq)?;
        Ok(self.seal_envelope(state, link, &out, &items, prev).ok_or_else(not_found)?.into())
    }

    /// The envelopes in which records of the peer came, as the peer signed them, from the one with a certain record on:
    /// for a peer that has lost them (W10).
    pub(super) fn take_kept(&self, link: &Link, body: &[u8]) -> Result<Bytes, Refused> {
        let Pull { epoch_n, from_seq } = wire::pull::decode(body).map_err(refused)?;
        let (reader, peer) = (self.engine.reader(), &link.peer.domain);
        let first = reader.inbox_holding(peer, epoch_n, from_seq).map_err(|error| store_failed(&error))?;
        let first = first.ok_or_else(not_found)?;
        let next = reader.inbox(peer, epoch_n, first.to_seq + 1, limits::ENVELOPE_RECORDS_MAX, KEPT_BYTES_MAX);
        let (mut documents, mut bytes) = (vec![document(&first)], 0);
        for row in next.map_err(|error| store_failed(&error))? {
            let document = document(&row);
            bytes += document.len();
            if bytes + documents[0].len() > wire::kept::DOCUMENTS_BYTES_MAX {
                break;
            }
            documents.push(document);
        }
        Ok(wire::kept::encode(&documents).into())
    }

    /// Where rooms stand.
    pub(super) fn take_room_heads(&self, state: &State, link: &Link, body: &[u8]) -> Result<Bytes, Refused> {
        let heads = wire::room_heads::decode(body)
            .map_err(refused)?
            .iter()
            .map(|id| {
                let (room, _) = self.readable(state, link, *id)?;
                Ok(RoomHead { room: *id, next_index: room.next_index, head: room.head })
            })
            .collect::<Result<Vec<_>, Refused>>()?;
        Ok(wire::room_heads::encode(&heads).into())
    }

    /// A part of a room's timeline: `{"room", "from", "events": […]}`, as much of it as fits an answer.
    pub(super) fn take_room_log(&self, state: &State, link: &Link, body: &[u8]) -> Result<Bytes, Refused> {
        let RoomLog { room: id, from, to } = wire::room_log::decode(body).map_err(refused)?;
        let (room, visible_from) = self.readable(state, link, id)?;
        let to = to.min(room.next_index);
        if from < visible_from.max(room.begins) || from >= to {
            return Err(not_found());
        }
        let rows = self
            .engine
            .reader()
            .timeline(id, from, to, limits::ENVELOPE_RECORDS_MAX, limits::ENVELOPE_BYTES_MAX)
            .map_err(|error| store_failed(&error))?;
        // What was erased here cannot be given again as it was.
        let given = rows.iter().take_while(|row| row.erased.is_none()).map(|row| &*row.bytes);
        if rows.first().is_none_or(|row| row.erased.is_some()) {
            return Err(not_found());
        }
        Ok(wire::room_log::encode(id, from, given).into())
    }

    /// A room that we host and where the peer has members now, with the first index that any of them may see.
    fn readable<'a>(&self, state: &'a State, link: &Link, id: RoomId) -> Result<(&'a Room, u64), Refused> {
        let peer = &link.peer.domain;
        let room = state.rooms.get(&id).ok_or_else(not_found)?;
        let scope = if room.info.kind == RoomKind::Direct { Scope::Messages } else { Scope::Rooms };
        let shared = room.is_hosted_by(&state.org.domain) && room.info.partner.as_ref() == Some(peer);
        if !shared || permit::authorize(state, peer, scope, self.engine.now()).is_err() {
            return Err(not_found());
        }
        let visible_from = room.members_of(peer).map(|(_, member)| member.visible_from).min().ok_or_else(not_found)?;
        Ok((room, visible_from))
    }

    /// The chain head before a record of our stream, if we still know it.
    pub(super) fn head_before(&self, peer: &Domain, out: &OutStream, seq: u64) -> Result<Digest, Refused> {
        match seq {
            0 | 1 => Ok(Digest::ZERO),
            next if next == out.next_seq => Ok(out.head),
            _ => {
                let before = self.read_outbox(peer, out.epoch.n, seq - 1, 1)?;
                before.first().filter(|item| item.seq == seq - 1).map(|item| item.head).ok_or_else(not_found)
            }
        }
    }

    /// Our records for a peer from a number on, as many as one envelope takes.
    pub(super) fn read_outbox(
        &self,
        peer: &Domain,
        epoch_n: u64,
        from_seq: u64,
        records_max: usize,
    ) -> Result<Vec<OutboxItem>, Refused> {
        self.engine
            .outbox(peer, epoch_n, from_seq, records_max, wire::envelope::RECORDS_BYTES_MAX)
            .map_err(|error| store_failed(&error))
    }
}

/// Our stream in an epoch, as far as reading it needs: one that is to be sent, or has ended.
fn stream_of(link: &Link, epoch_n: u64) -> Option<OutStream> {
    link.streams.outgoing_in(epoch_n).or_else(|| {
        let EndedEpoch { epoch, acked, next_seq, .. } =
            *link.streams.ended.iter().find(|ended| ended.epoch.n == epoch_n)?;
        let term = Term { ours: 0, theirs: 0 };
        Some(OutStream { epoch, term, next_seq, head: Digest::ZERO, acked, confirmed: true })
    })
}

/// A kept envelope as it was signed.
fn document(row: &InboxRow) -> String {
    let Evidence { payload, key, signature } = &row.evidence;
    dsse::document(Kind::Envelope, payload, key, signature)
}

/// The answer to a question that cannot be read.
pub(super) fn refused(error: WireError) -> Refused {
    tracing::debug!(%error, "question refused");
    Refused::new(error.code())
}

fn not_found() -> Refused {
    Refused::new(Code::NotFound)
}

pub(super) fn store_failed(error: &crate::store::kv::StoreError) -> Refused {
    tracing::error!(%error, "the store cannot be read");
    Refused::new(Code::Overloaded)
}
