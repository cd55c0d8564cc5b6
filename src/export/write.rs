//! Writes an export from a snapshot of the state and the logs behind it, line by line.

use super::lines::{
    CardLine, ContactLine, EndLine, EnvelopeLine, EventLine, FORMAT, FileLine, GrantLine, Header, Line, NoticeLine,
    PendingLine, RecordLine, RoomLine, Seal, UserLine, VERSION, What,
};
use crate::{
    core::{
        State,
        files::{PENDING_FROM, is_awaited},
        keeping::{keeps_file, rooms_of},
        photos::PHOTO_AT,
        state::Room,
    },
    crypto::{
        SigningKey,
        digest::{person_id, sha256},
        dsse::{self, Kind},
    },
    model::{
        Address, Digest, Domain, LocalPart, Millis, RoomId,
        contact::ContactState,
        file::Photo,
        keeping::PaperKind,
        link::{Peer, Streams},
        org::SignedCard,
        record::RecordBody,
        room::RoomKind,
    },
    store::{
        kv::StoreError,
        proof,
        reader::{Reader, TimelineRow, files_named},
    },
    wire,
};
use serde::Serialize;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, sync::Arc};

/// Entries of a log that are read at once, and bytes of them.
const CHUNK_ENTRIES: usize = 512;
const CHUNK_BYTES: usize = 1024 * 1024;

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody takes the lines any more.
    #[error("the reader of the export has gone away")]
    Gone,
}

/// What an export is made from.
pub struct Source {
    /// The logs.
    pub reader: Reader,
    /// The durable state.
    pub state: Arc<State>,
    /// Our card.
    pub card: SignedCard,
    /// Signs the end.
    pub signer: SigningKey,
    /// What is wanted.
    pub what: What,
    /// Whether signed envelopes and our own records are wanted: an envelope is whole or nothing, also where it holds
    /// records of other rooms.
    pub evidence: bool,
    /// Now.
    pub now: Millis,
}

/// Takes lines with their line ends; an error ends the export.
pub type Out<'a> = dyn FnMut(Vec<u8>) -> Result<(), WriteError> + 'a;

/// Writes the export. Without its last line it is not whole.
///
/// # Errors
/// When the store cannot be read, or nobody takes the lines.
pub fn write(source: &Source, out: &mut Out<'_>) -> Result<(), WriteError> {
    let mut writer = Writer { source, out, n: 0, head: Digest::ZERO, files: BTreeMap::new() };
    writer.header()?;
    writer.papers()?;
    writer.people()?;
    let rooms = writer.rooms();
    for id in &rooms {
        writer.room(*id)?;
    }
    writer.files()?;
    if source.evidence {
        writer.streams()?;
    }
    writer.end()
}

struct Writer<'a> {
    source: &'a Source,
    out: &'a mut Out<'a>,
    /// The number of the last line.
    n: u64,
    /// Its hash.
    head: Digest,
    /// The files that were named so far: their lengths in bytes, and whether they are here.
    files: BTreeMap<Digest, (u64, bool)>,
}

impl Writer<'_> {
    fn line(&mut self, kind: &str, body: &impl Serialize) -> Result<(), WriteError> {
        let body = serde_json::value::to_raw_value(body).expect("lines are plain structures");
        self.n += 1;
        let line = Line { n: self.n, prev: self.head, kind, body: &body };
        let mut line = serde_json::to_vec(&line).expect("lines are plain structures");
        self.head = sha256(&line);
        line.push(b'\n');
        (self.out)(line)
    }

    fn header(&mut self) -> Result<(), WriteError> {
        let Source { state, what, evidence, now, .. } = self.source;
        let (org, identity) = (state.org.domain.clone(), state.org.identity);
        let format = FORMAT.to_owned();
        let (what, evidence, exported_at) = (what.clone(), *evidence, now.0);
        self.line("header", &Header { format, version: VERSION, org, identity, what, evidence, exported_at })
    }

    /// Our card, and the cards and grants of every link that the export can name.
    fn papers(&mut self) -> Result<(), WriteError> {
        let source = self.source;
        let own = source.state.org.domain.clone();
        self.line("card", &CardLine { org: own.clone(), document: raw(source.card.document.as_bytes())? })?;
        let present = source.state.links.values().map(|link| link.peer.clone());
        let parted = source.state.parted.values().map(|parted| Arc::new(parted.peer.clone()));
        let peers: Vec<Arc<Peer>> = present.chain(parted).filter(|peer| self.names(&peer.domain)).collect();
        for peer in peers {
            let (own, theirs) = (own.clone(), peer.domain.clone());
            for (kind, n, document) in papers_of(&source.reader, &peer)? {
                let document = raw(document.as_bytes())?;
                let (issuer, subject) = match kind {
                    PaperKind::Card => {
                        self.line("card", &CardLine { org: theirs.clone(), document })?;
                        continue;
                    }
                    PaperKind::Ours => (own.clone(), theirs.clone()),
                    PaperKind::Theirs => (theirs.clone(), own.clone()),
                };
                self.line("grant", &GrantLine { issuer, subject, serial: n, document })?;
            }
        }
        Ok(())
    }

    /// Whether anything in the export can be of this peer.
    fn names(&self, peer: &Domain) -> bool {
        let state = &self.source.state;
        let of_room = |id: &RoomId| state.rooms.get(id).and_then(|room| room.other(&state.org.domain)) == Some(peer);
        self.source.what == What::All || self.rooms().iter().any(of_room)
    }

    fn rooms(&self) -> Vec<RoomId> {
        let state = &self.source.state;
        match &self.source.what {
            What::All => state.rooms.keys().copied().collect(),
            What::Room(room) => vec![*room],
            What::Person(user) => rooms_of(state, user),
        }
    }

    fn people(&mut self) -> Result<(), WriteError> {
        let state = self.source.state.clone();
        let users: Vec<LocalPart> = match &self.source.what {
            What::All => state.users.keys().cloned().collect(),
            What::Room(_) => Vec::new(),
            What::Person(user) => vec![user.clone()],
        };
        for local in users {
            let Some(user) = state.users.get(&local) else { continue };
            let address = state.address(&local);
            let erased = state.keeping.erasures.contains_key(&local);
            let (name, active, created_at) = (user.name.to_string(), user.active, user.created_at.0);
            let photo = user.photo.map(|photo| photo.digest);
            self.line("user", &UserLine { user: address.clone(), name, active, erased, created_at, photo })?;
            self.name_photo(&state, person_id(&address), user.photo)?;
            self.contacts(&state, &local, &address)?;
            self.notices(&local, &address)?;
        }
        Ok(())
    }

    fn contacts(&mut self, state: &State, local: &LocalPart, owner: &Address) -> Result<(), WriteError> {
        for ((_, address), contact) in state.contacts.iter().filter(|((of, _), _)| of == local) {
            let overlay = &contact.overlay;
            let text = |text: &Option<crate::model::text::OverlayText>| text.as_ref().map(ToString::to_string);
            self.line(
                "contact",
                &ContactLine {
                    owner: owner.clone(),
                    contact: address.clone(),
                    added: contact.state == ContactState::Added,
                    blocked: contact.blocked,
                    name: text(&overlay.name),
                    phone: text(&overlay.phone),
                    email: text(&overlay.email),
                    note: text(&overlay.note),
                },
            )?;
        }
        Ok(())
    }

    fn notices(&mut self, local: &LocalPart, user: &Address) -> Result<(), WriteError> {
        let mut before = self.source.state.notices.get(local).map_or(0, |(next, _)| *next);
        loop {
            let notices = self.source.reader.notices(local, before, CHUNK_ENTRIES)?;
            let Some((last, _)) = notices.last() else { return Ok(()) };
            before = *last;
            for (n, notice) in notices {
                let said = serde_json::to_value(&notice.kind).expect("notices are plain structures");
                self.line("notice", &NoticeLine { user: user.clone(), n, at: notice.at.0, notice: said })?;
            }
        }
    }

    fn room(&mut self, id: RoomId) -> Result<(), WriteError> {
        let state = self.source.state.clone();
        let Some(room) = state.rooms.get(&id) else { return Ok(()) };
        self.line("room", &room_line(room))?;
        self.name_photo(&state, id, room.info.photo)?;
        let reader = self.source.reader.clone();
        let mut from = room.begins;
        while from < room.next_index {
            let rows = reader.timeline(id, from, room.next_index, CHUNK_ENTRIES, CHUNK_BYTES)?;
            let Some(last) = rows.last() else { break };
            from = last.index + 1;
            for row in &rows {
                let shown = shows(&self.source.what, &state, room, row);
                self.event(id, row, shown)?;
                if matches!(shown, Shown::Whole) && row.erased.is_none() {
                    self.name(&state, room, row.index, &row.bytes)?;
                }
            }
        }
        self.pending(&state, room)
    }

    fn event(&mut self, room: RoomId, row: &TimelineRow, shown: Shown) -> Result<(), WriteError> {
        let bytes = raw(&row.bytes)?;
        let (event, digest, erased) = match (shown, row.erased) {
            (Shown::Withheld, _) => (None, Some(row.digest()), None),
            (Shown::Whole, Some(digest)) => (None, Some(digest), Some(bytes)),
            (Shown::Whole, None) => (Some(bytes), None, None),
        };
        let sent = row.sent.map(|sent| (sent.epoch_n, sent.seq));
        let (index, at, head) = (row.index, row.at.0, row.head);
        self.line("event", &EventLine { room, index, at, sent, head, event, digest, erased })
    }

    /// Submissions that have no place: they wait, or will never have one.
    fn pending(&mut self, state: &State, room: &Room) -> Result<(), WriteError> {
        let info = &room.info;
        let waiting = std::iter::once(info.pending).chain(info.unplaced.iter().map(|unplaced| unplaced.range));
        let person = match &self.source.what {
            What::Person(user) => Some(user.clone()),
            _ => None,
        };
        for range in waiting {
            for row in self.source.reader.pending(info.id, range.from, range.to)? {
                if person.as_ref().is_none_or(|person| *person == row.author) {
                    let (author, sent) = (state.address(&row.author), (row.sent.epoch_n, row.sent.seq));
                    let event = raw(&row.bytes)?;
                    self.line("pending", &PendingLine { room: info.id, author, sent, event })?;
                    self.name(state, room, PENDING_FROM | row.p, &row.bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Remembers the files of an event. One that was recalled names none any more.
    fn name(&mut self, state: &State, room: &Room, index: u64, event: &[u8]) -> Result<(), WriteError> {
        for file in files_named(event)? {
            let is_named = self.source.reader.file_uses(file.digest, room.info.id)?.contains(&index);
            let is_kept = keeps_file(state, file.digest, Some((room.info.id, index)));
            let here = is_kept || is_named && !is_awaited(state, room, file.digest, index);
            self.files.entry(file.digest).or_insert((file.bytes, false)).1 |= here;
        }
        Ok(())
    }

    /// The same for a photo, which has no event.
    fn name_photo(&mut self, state: &State, owner: RoomId, photo: Option<Photo>) -> Result<(), WriteError> {
        let Some(Photo { digest, bytes }) = photo else { return Ok(()) };
        let is_named = self.source.reader.file_uses(digest, owner)?.contains(&PHOTO_AT);
        let is_awaited = state.awaited.keys().any(|(_, file, of, _)| (*file, *of) == (digest, owner));
        self.files.entry(digest).or_insert((bytes, false)).1 |= is_named && !is_awaited;
        Ok(())
    }

    fn files(&mut self) -> Result<(), WriteError> {
        for (digest, (bytes, here)) in std::mem::take(&mut self.files) {
            self.line("file", &FileLine { digest, bytes, here })?;
        }
        Ok(())
    }

    /// Our own records and the peers' envelopes, of every epoch that is still kept.
    fn streams(&mut self) -> Result<(), WriteError> {
        let state = self.source.state.clone();
        let present = state.links.iter().map(|(peer, link)| (peer, &link.streams));
        let parted = state.parted.iter().map(|(peer, parted)| (peer, &parted.streams));
        for (peer, streams) in present.chain(parted) {
            if self.names(peer) {
                self.records(peer, streams)?;
                self.envelopes(peer, streams)?;
            }
        }
        Ok(())
    }

    fn records(&mut self, peer: &Domain, streams: &Streams) -> Result<(), WriteError> {
        let ended = streams.ended.iter().map(|ended| (ended.epoch.n, ended.next_seq));
        let outgoing = streams.outgoing().map(|out| (out.epoch.n, out.next_seq));
        for (epoch, next_seq) in ended.chain(outgoing) {
            let mut from = 1;
            loop {
                let mut rows = self.source.reader.outbox(peer, epoch, from, CHUNK_ENTRIES, CHUNK_BYTES)?;
                rows.retain(|row| row.seq < next_seq);
                let Some(last) = rows.last() else { break };
                from = last.seq + 1;
                let what = &self.source.what;
                for row in rows.iter().filter(|row| wants_record(what, &row.bytes)) {
                    let (seq, head, record) = (row.seq, row.head, raw(&row.bytes)?);
                    self.line("record", &RecordLine { peer: peer.clone(), epoch, seq, head, record })?;
                }
            }
        }
        Ok(())
    }

    fn envelopes(&mut self, peer: &Domain, streams: &Streams) -> Result<(), WriteError> {
        for epoch in 1..=streams.last_in() {
            let mut from = 0;
            loop {
                let rows = self.source.reader.inbox(peer, epoch, from, CHUNK_ENTRIES / 8, usize::MAX)?;
                let Some(last) = rows.last() else { break };
                from = last.from_seq + 1;
                let what = &self.source.what;
                for row in rows.iter().filter(|row| wants_envelope(what, &row.evidence.payload)) {
                    let document = proof::document(row);
                    let (from_seq, to_seq, at, document) =
                        (row.from_seq, row.to_seq, row.at.0, raw(document.as_bytes())?);
                    self.line("envelope", &EnvelopeLine { peer: peer.clone(), epoch, from_seq, to_seq, at, document })?;
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), WriteError> {
        let org = self.source.state.org.domain.clone();
        let seal = Seal { org, lines: self.n, head: self.head, exported_at: self.source.now.0 };
        let payload = serde_json::to_vec(&seal).expect("a plain structure");
        let document = dsse::sign(Kind::Export, &payload, &self.source.signer);
        self.line("end", &EndLine { document: raw(document.as_bytes())? })
    }
}

/// Every card and grant that was kept, and the present ones in any case.
fn papers_of(reader: &Reader, peer: &Peer) -> Result<Vec<(PaperKind, u64, String)>, StoreError> {
    let mut papers = reader.papers(&peer.domain)?;
    let grant = |kind, grant: &Option<crate::model::grant::SignedGrant>| {
        grant.as_ref().map(|signed| (kind, signed.grant.serial, signed.document.clone()))
    };
    let card = Some((PaperKind::Card, peer.card.card.version, peer.card.document.clone()));
    let present = [card, grant(PaperKind::Ours, &peer.ours), grant(PaperKind::Theirs, &peer.theirs)];
    for (kind, n, document) in present.into_iter().flatten() {
        if !papers.iter().any(|(known, number, _)| (*known, *number) == (kind, n)) {
            papers.push((kind, n, document.to_string()));
        }
    }
    papers.sort();
    Ok(papers)
}

/// How much of an event is told.
#[derive(Clone, Copy)]
enum Shown {
    Whole,
    /// Only its digest, so that the chain can be followed.
    Withheld,
}

/// A person's export shows what they could see as members now, and always what they wrote.
fn shows(what: &What, state: &State, room: &Room, row: &TimelineRow) -> Shown {
    let What::Person(user) = what else { return Shown::Whole };
    let address = state.address(user);
    let is_visible = room.members.get(&address).is_some_and(|member| row.index >= member.visible_from);
    let wrote = || wire::event::open(&row.bytes).is_ok_and(|it| it.event.author.as_ref() == Some(&address));
    if is_visible || wrote() { Shown::Whole } else { Shown::Withheld }
}

fn room_line(room: &Room) -> RoomLine {
    let info = &room.info;
    let kind = match info.kind {
        RoomKind::Internal => "internal",
        RoomKind::Direct => "direct",
        RoomKind::Group => "group",
    };
    RoomLine {
        room: info.id,
        kind: kind.to_owned(),
        host: info.host.clone(),
        partner: info.partner.clone(),
        name: info.name.as_ref().map(ToString::to_string),
        description: info.description.to_string(),
        created_by: info.created_by.clone(),
        created_at: info.created_at.0,
        photo: info.photo.map(|photo| photo.digest),
        members: room.members.keys().cloned().collect(),
        former: room.former.keys().cloned().collect(),
        begins: room.begins,
        next_index: room.next_index,
        head: room.head,
    }
}

/// A room's export has the records about it, everything else has all.
fn wants_record(what: &What, bytes: &[u8]) -> bool {
    let What::Room(wanted) = what else { return true };
    let body = wire::record::decode(bytes).ok().and_then(|record| record.body.ok());
    body.is_some_and(|body| room_of(&body) == Some(*wanted))
}

/// The same for whole envelopes.
fn wants_envelope(what: &What, payload: &[u8]) -> bool {
    let What::Room(wanted) = what else { return true };
    let names = |body: &RecordBody| room_of(body) == Some(*wanted);
    wire::envelope::decode(payload).is_ok_and(|it| it.records.iter().any(|it| it.body.as_ref().is_ok_and(names)))
}

/// The room that a record is about.
fn room_of(body: &RecordBody) -> Option<RoomId> {
    match body {
        RecordBody::RoomState(image) => Some(image.id),
        RecordBody::RoomInvite { room, .. }
        | RecordBody::RoomAnswer { room, .. }
        | RecordBody::RoomEvent { room, .. }
        | RecordBody::RoomSubmit { room, .. }
        | RecordBody::RoomPlaced { room, .. }
        | RecordBody::RoomAsk { room, .. }
        | RecordBody::FilesErased { room, .. } => Some(*room),
        RecordBody::ContactAdd { .. }
        | RecordBody::ContactAccepted { .. }
        | RecordBody::Profile { .. }
        | RecordBody::Void { .. } => None,
    }
}

fn raw(json: &[u8]) -> Result<&RawValue, WriteError> {
    let broken = || StoreError::Corrupt("a document in the store is no JSON".to_owned());
    Ok(serde_json::from_slice(json).map_err(|_| broken())?)
}
